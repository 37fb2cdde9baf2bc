# SPDX-License-Identifier: ISC
"""Parts in the host's memory: all of it comes back, and what the allocator raises reaches the caller."""
import ctypes
import unittest

from autovpn import Allocator, Coalescer, Host, OutOfMemoryError, Receiver, Routes, Sender, Suite

PARAMETERS = dict(spi=0x1001, suite=Suite.CHACHA20_POLY1305, key=bytes(32), salt=bytes(4))
PARTS = [lambda host: Routes(host=host), lambda host: Coalescer(host=host),
         lambda host: Sender(host=host, **PARAMETERS), lambda host: Receiver(host=host, **PARAMETERS)]


class Counted:
    """Memory of ctypes, by address."""

    def __init__(self):
        self.blocks, self.made = {}, 0

    def allocate(self, count):
        block = ctypes.create_string_buffer(count + 16)
        address = ctypes.addressof(block) + 15 & ~15
        self.blocks[address] = block, count
        self.made += 1
        return address

    def resize(self, address, count):
        new = self.allocate(count)
        if address:
            old, had = self.blocks[address]
            ctypes.memmove(new, address, min(count, had))
            del self.blocks[address], old  # not before: its memory goes with it
        return new

    def release(self, address):
        if address:
            del self.blocks[address]

    def host(self):
        return Host(allocator=Allocator(self.allocate, self.resize, self.release))


class Memory(unittest.TestCase):
    def test_all_of_it_comes_back(self):
        for make in PARTS:
            counted = Counted()
            with make(counted.host()) as part:
                if isinstance(part, Routes):
                    for i in range(200):
                        part.put(f"10.0.{i}.0/24", [7])
                self.assertGreater(counted.made, 0)
                self.assertNotEqual(counted.blocks, {})
            self.assertEqual(counted.blocks, {})

    def test_there_is_none(self):
        nothing = Host(allocator=Allocator(lambda count: None, lambda address, count: None, lambda address: None))
        for make in PARTS:
            self.assertRaises(OutOfMemoryError, make, nothing)

    def test_what_it_raises_is_raised(self):
        failing = Host(allocator=Allocator(lambda count: 1 // 0, lambda address, count: 1 // 0, lambda address: None))
        for make in PARTS:
            self.assertRaises(ZeroDivisionError, make, failing)

    def test_it_has_to_be_a_host(self):
        for make in PARTS:
            self.assertRaises(ValueError, make, "host")


if __name__ == "__main__":
    unittest.main()
