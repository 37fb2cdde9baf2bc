# SPDX-License-Identifier: ISC
"""Cutting and joining: pieces are what TCP and UDP would have sent, and joining them gives the first packet again."""
import struct
import unittest

from autovpn import (
    ArgumentError, ClosedError, Coalesce, Coalescer, FormatError, Offload, OffloadKind, constants, read_offload, segment,
    segment_room)
from seeded import ipv4, seeded

NEEDS_CHECKSUM, GSO_NONE, GSO_TCP4, GSO_UDP, GSO_TCP6, GSO_UDP_L4 = 1, 0, 1, 3, 4, 5
SOURCE, DESTINATION = b"\n\1\0\1", b"\n\2\0\1"


def total(data):
    words = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + bytes(len(data) % 2)))
    while words >> 16:
        words = (words & 0xFFFF) + (words >> 16)
    return words


def pseudo(protocol, count):
    return SOURCE + DESTINATION + struct.pack("!HH", protocol, count)


def tcp(payload, sequence=1000, is_complete=True, flags=0x10):
    head = struct.pack("!HHIIBBHHH", 1, 2, sequence, 7, 5 << 4, flags, 500, 0, 0)
    return with_checksum(6, head, payload, 16, is_complete)


def udp(payload, is_complete=True):
    return with_checksum(17, struct.pack("!HHHH", 1, 2, 8 + len(payload), 0), payload, 6, is_complete)


def with_checksum(protocol, head, payload, offset, is_complete):
    start = pseudo(protocol, len(head) + len(payload))
    value = total(start + head + payload) ^ 0xFFFF if is_complete else total(start)
    return ipv4(head[:offset] + struct.pack("!H", value) + head[offset + 2:] + payload, SOURCE, DESTINATION, protocol)


def vnet(kind, size, offset, flags=NEEDS_CHECKSUM, header=40):
    return struct.pack("=BBHHHH", flags, kind, header, size, 20, offset)


class Cut(unittest.TestCase):
    @seeded
    def test_tcp(self, chance):
        for _ in range(20):
            size, payload = chance.randint(8, 1460), chance.randbytes(chance.randint(1, 8000))
            packet = tcp(payload, is_complete=False)
            offload = read_offload(vnet(GSO_TCP4, size, 16), len(packet))
            self.assertEqual(offload, Offload(OffloadKind.TCP4, True, size, 20, 16))
            pieces = segment(offload, packet)
            self.assertEqual(len(pieces), -(-len(payload) // size))
            for place, piece in enumerate(pieces):
                part = payload[place * size:(place + 1) * size]
                self.assertEqual(piece[20:], tcp(part, 1000 + place * size)[20:])
                self.assertEqual((total(piece[:20]), len(piece)), (0xFFFF, 40 + len(part)))

    def test_udp(self):
        packet = udp(bytes(range(100)), is_complete=False)
        pieces = segment(read_offload(vnet(GSO_UDP_L4, 30, 6, header=28), len(packet)), packet)
        self.assertEqual([piece[20:] for piece in pieces], [udp(bytes(range(at, min(at + 30, 100))))[20:] for at in range(0, 100, 30)])

    def test_what_is_not_to_be_cut_gets_its_checksum(self):
        packet = tcp(b"payload", is_complete=False)
        self.assertEqual(segment(read_offload(vnet(GSO_NONE, 0, 16), len(packet)), packet), [tcp(b"payload")])
        whole = read_offload(bytes(constants.VNET_BYTES), 20)
        self.assertEqual(whole, Offload(OffloadKind.NONE, False, 0, 0, 0))
        self.assertEqual(segment(whole, tcp(b"payload")), [tcp(b"payload")])

    def test_headers_that_lie(self):
        packet = tcp(bytes(100), is_complete=False)
        for header in (vnet(GSO_UDP, 30, 6), vnet(9, 30, 16), vnet(GSO_TCP4, 0, 16), vnet(GSO_TCP4, 30, 16, flags=0)):
            with self.subTest(header.hex()), self.assertRaises(FormatError):
                segment(read_offload(header, len(packet)), packet)
        with self.assertRaises(ArgumentError):
            read_offload(bytes(9), 100)
        for offload in (Offload(OffloadKind.TCP4, True, 0, 20, 16), Offload(OffloadKind.TCP6, True, 30, 20, 16)):
            self.assertEqual(segment_room(offload, packet), 0)
            with self.assertRaises(FormatError):
                segment(offload, packet)
        with self.assertRaises(ArgumentError):
            segment_room(Offload(OffloadKind.TCP4, True, 2**16, 20, 16), packet)

    def test_room_is_what_sealing_takes(self):
        packet = tcp(bytes(3000), is_complete=False)
        offload = Offload(OffloadKind.TCP4, True, 1000, 20, 16)
        room = segment_room(offload, packet)
        self.assertGreaterEqual(room, 3 * (40 + 1000 + constants.HEADROOM))
        self.assertLessEqual(room, constants.SEGMENT_ROOM)


class Joined(unittest.TestCase):
    @seeded
    def test_what_is_cut_is_joined_again(self, chance):
        with Coalescer() as coalescer:
            for _ in range(20):
                size, payload = chance.randint(500, 1460), chance.randbytes(chance.randint(2000, 8000))
                packet = tcp(payload, is_complete=False)
                pieces = segment(read_offload(vnet(GSO_TCP4, size, 16), len(packet)), packet)
                joined = coalescer.coalesce(pieces)
                self.assertEqual(len(joined), 1)
                self.assertEqual(joined[0].packet[40:], payload)
                again = read_offload(joined[0].vnet, len(joined[0].packet))
                self.assertEqual((again.kind, again.segment_bytes), (OffloadKind.TCP4, size))
                self.assertEqual(segment(again, joined[0].packet), pieces)

    def test_what_does_not_belong_together_stays_apart(self):
        damaged = bytearray(tcp(bytes(100), 1100))
        damaged[-1] ^= 1
        packets = [tcp(bytes(100), 1000), bytes(damaged), ipv4(b"other", protocol=1), tcp(bytes(100), 5000)]
        with Coalescer() as coalescer:
            self.assertEqual(sorted(large.packet for large in coalescer.coalesce(packets)), sorted(packets))
            self.assertEqual(coalescer.coalesce([]), [])

    def test_only_kinds_that_the_device_takes(self):
        packet = tcp(bytes(3000), is_complete=False)
        pieces = segment(Offload(OffloadKind.TCP4, True, 1000, 20, 16), packet)
        with Coalescer(Coalesce.UDP) as coalescer:
            self.assertEqual([large.packet for large in coalescer.coalesce(pieces)], pieces)
        with Coalescer(Coalesce.TCP4) as coalescer:
            self.assertEqual(len(coalescer.coalesce(pieces)), 1)
        with self.assertRaises(ArgumentError):
            Coalescer(1)

    def test_misuse(self):
        coalescer = Coalescer()
        for packets, error in (([b""], ArgumentError), ([bytes(65536)], ArgumentError), (["text"], TypeError)):
            with self.assertRaises(error):
                coalescer.coalesce(packets)
        coalescer.close()
        with self.assertRaises(ClosedError):
            coalescer.coalesce([])


if __name__ == "__main__":
    unittest.main()
