# SPDX-License-Identifier: ISC
"""Random cases that come again, and packets to test with."""
import functools
import os
import random
import struct


def seeded(method):
    """Gives a test a random.Random. A failure names its seed; AUTOVPN_SEED=n repeats it."""
    @functools.wraps(method)
    def run(self):
        seed = int(os.environ.get("AUTOVPN_SEED") or random.SystemRandom().randrange(2**32))
        with self.subTest(AUTOVPN_SEED=seed):
            method(self, random.Random(seed))
    return run


def ipv4(payload=b"", source=b"\n\1\0\1", destination=b"\n\2\0\1", protocol=17):
    """An inner packet with a right header."""
    words = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0, 64, protocol, 0, source, destination)
    total = sum(struct.unpack("!10H", words))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return words[:10] + struct.pack("!H", total ^ 0xFFFF) + words[12:] + payload
