# SPDX-License-Identifier: ISC
"""Sealing and opening, against ESP written down in Python, with a cipher in plain Python and one of the package `cryptography`."""
import struct
import threading
import unittest

from autovpn import (
    Aead, ArgumentError, AuthError, BusyError, ClosedError, Error, ExhaustedError, FormatError, HostAead, Receiver, Sender,
    Suite, VersionError, aead_for, constants, inner_bytes, sealed_bytes, suite_is_available, suite_name)
from independent import ChaCha20Poly1305, NotGenuine
from seeded import ipv4, seeded

try:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
except ImportError:
    AESGCM = None

KEY, SALT, SPI = bytes(range(32)), b"salt", 0x1001
CHACHA = dict(spi=SPI, suite=Suite.CHACHA20_POLY1305, key=KEY, salt=SALT)


def esp(cipher, packet, sequence):
    """RFC 4303 with extended sequence numbers; the IV is the sequence number."""
    iv = struct.pack("!Q", sequence)
    padding = bytes(range(1, 1 + -(len(packet) + 2) % 4))
    next_header = 59 if not packet else {4: 4, 6: 41}[packet[0] >> 4]
    plain = packet + padding + bytes([len(padding), next_header])
    ad = struct.pack("!IQ", SPI, sequence)
    return struct.pack("!II", SPI, sequence & 0xFFFFFFFF) + iv + cipher.encrypt(SALT + iv, plain, ad)


class Format(unittest.TestCase):
    def compare(self, suite, cipher, chance):
        parameters = dict(spi=SPI, suite=suite, key=KEY, salt=SALT, sequence=chance.choice((0, 2**32 - 3)))
        with Sender(limit=2**40, **parameters) as sender, Receiver(**parameters) as receiver:
            for count in [0, 1, 2, 3, 44, 45, 46, 47, 1480, *(chance.randrange(3000) for _ in range(5))]:
                packet = ipv4(chance.randbytes(count))
                expected = esp(cipher, packet, sender.sequence + 1)
                sealed = sender.seal(packet)
                self.assertEqual(sealed, expected)
                self.assertEqual(len(sealed), sealed_bytes(len(packet)))
                self.assertEqual(receiver.open(expected), packet)
                self.assertEqual(receiver.sequence, sender.sequence)

    @seeded
    def test_chacha20_poly1305_is_what_plain_python_computes(self, chance):
        self.compare(Suite.CHACHA20_POLY1305, ChaCha20Poly1305(KEY), chance)

    @unittest.skipIf(AESGCM is None, "the package cryptography is missing")
    @unittest.skipUnless(suite_is_available(Suite.AES_256_GCM), "AES-256-GCM is not available here")
    @seeded
    def test_aes_256_gcm_is_what_cryptography_computes(self, chance):
        self.compare(Suite.AES_256_GCM, AESGCM(KEY), chance)

    def test_ipv6_and_dummies(self):
        packet = struct.pack("!IHBB16s16s", 6 << 28, 0, 59, 64, bytes(16), bytes(16))
        cipher = ChaCha20Poly1305(KEY)
        with Sender(**CHACHA) as sender, Receiver(**CHACHA) as receiver:
            for number, text in enumerate((packet, b""), 1):
                sealed = sender.seal(text)
                self.assertEqual(sealed, esp(cipher, text, number))
                self.assertEqual(receiver.open(sealed), text)

    def test_sizes_are_each_others_inverse(self):
        for count in range(20, 3000):
            self.assertGreaterEqual(inner_bytes(sealed_bytes(count)), count)
            self.assertLess(inner_bytes(sealed_bytes(count) - 1), count)
        self.assertEqual((sealed_bytes(2**16), inner_bytes(10)), (0, 0))
        with self.assertRaises(ArgumentError):
            sealed_bytes(-1)


class Refusals(unittest.TestCase):
    @seeded
    def test_a_changed_bit_is_refused_and_costs_nothing(self, chance):
        with Sender(**CHACHA) as sender, Receiver(**CHACHA) as receiver:
            sealed = sender.seal(ipv4(b"text"))
            for place in range(len(sealed) * 8):
                forged = bytearray(sealed)
                forged[place // 8] ^= 1 << place % 8
                with self.assertRaises((AuthError, FormatError, VersionError)):
                    receiver.open(bytes(forged))
                self.assertEqual(receiver.sequence, 0)
            self.assertEqual(receiver.open(sealed), ipv4(b"text"))
            with self.assertRaises(VersionError):
                receiver.open(sealed)

    def test_a_window(self):
        with Sender(**CHACHA) as sender, Receiver(window=64, **CHACHA) as receiver:
            sealed = [sender.seal(ipv4()) for _ in range(100)]
            receiver.open(sealed[99])
            self.assertEqual(receiver.open(sealed[60]), ipv4())
            with self.assertRaises(VersionError):
                receiver.open(sealed[60])
            # Left of the window is taken for a packet of 2^32 numbers later (RFC 4303 A2.1), which it is not.
            with self.assertRaises(AuthError):
                receiver.open(sealed[0])
            self.assertEqual(receiver.sequence, 100)

    def test_a_limit(self):
        with Sender(limit=2, **CHACHA) as sender:
            self.assertEqual(len(sender.seal_run([ipv4()] * 3)), 2)
            with self.assertRaises(ExhaustedError):
                sender.seal(ipv4())
            with self.assertRaises(ExhaustedError):
                sender.seal_run([ipv4()])
            self.assertEqual(sender.sequence, 2)

    def test_wrong_parameters(self):
        for wrong in [dict(key=bytes(31)), dict(salt=b"sal"), dict(spi=255), dict(spi=2**32), dict(suite=0), dict(suite=77),
                      dict(suite=300), dict(sequence=-1), dict(limit=0)]:
            with self.subTest(wrong), self.assertRaises(ArgumentError):
                Sender(**{**CHACHA, **wrong})
        for window in (0, 63, 65, 16384):
            with self.subTest(window=window), self.assertRaises(ArgumentError):
                Receiver(window=window, **CHACHA)
        with self.assertRaises(TypeError):
            Sender(**{**CHACHA, "key": 32})

    def test_wrong_packets(self):
        with Sender(**CHACHA) as sender, Receiver(**CHACHA) as receiver:
            for packet, error in [(b"\0" * 20, FormatError), (b"\x45" + bytes(65535), ArgumentError), ("text", TypeError)]:
                with self.assertRaises(error):
                    sender.seal(packet)
            for packet, error in [(b"", FormatError), (b"\0" * 7, FormatError), (bytes(60), AuthError), (None, TypeError)]:
                with self.assertRaises(error):
                    receiver.open(packet)
            self.assertEqual((sender.sequence, receiver.sequence), (0, 0))


class Runs(unittest.TestCase):
    @seeded
    def test_runs_do_what_single_calls_do(self, chance):
        for _ in range(20):
            packets = [ipv4(bytes(chance.choice((100, 100, 100, 30, 200)))) for _ in range(chance.randint(0, 40))]
            with Sender(**CHACHA) as one, Sender(**CHACHA) as other, Receiver(**CHACHA) as receiver:
                sealed = other.seal_run(packets)
                self.assertEqual(sealed, [one.seal(packet) for packet in packets])
                self.assertEqual(receiver.open_run(sealed), packets)

    def test_each_packet_has_its_own_result(self):
        with Sender(**CHACHA) as sender, Receiver(**CHACHA) as receiver:
            good = sender.seal_run([ipv4(b"a"), ipv4(b"b")])
            results = receiver.open_run([good[0], bytes(len(good[0])), good[0], good[1], b"x"])
            self.assertEqual([results[0], results[3]], [ipv4(b"a"), ipv4(b"b")])
            self.assertEqual([type(results[i]) for i in (1, 2, 4)], [AuthError, VersionError, FormatError])
            self.assertEqual(results[1].name, "AVPN_ERROR_AUTH")

    def test_a_run_ends_where_a_packet_cannot_be_sealed(self):
        with Sender(**CHACHA) as sender:
            self.assertEqual(len(sender.seal_run([ipv4(), ipv4(), bytes(20), ipv4()])), 2)
            with self.assertRaises(FormatError):
                sender.seal_run([bytes(20), ipv4()])
            with self.assertRaises(ArgumentError):
                sender.seal_run([ipv4(), b""])
            self.assertEqual((sender.sequence, sender.seal_run([])), (2, []))


class Life(unittest.TestCase):
    def test_what_it_says_of_itself(self):
        with Sender(sequence=7, **CHACHA) as sender:
            self.assertEqual((sender.spi, sender.sequence), (SPI, 7))
            self.assertGreater(sender.footprint, 100)
            self.assertIsInstance(sender.aead, Aead)
            self.assertEqual(sender.aead, aead_for(Suite.CHACHA20_POLY1305))
            self.assertNotIn(KEY.hex(), repr(vars(sender)))
        self.assertEqual(suite_name(Suite.AES_256_GCM), "AES-256-GCM")
        self.assertEqual(constants.PACKET_LIMIT, 65535)

    def test_what_is_closed_is_refused(self):
        for make, use in ((Sender, lambda sa: sa.seal(ipv4())), (Receiver, lambda sa: sa.open(bytes(60)))):
            sa = make(**CHACHA)
            with sa:
                pass
            self.assertTrue(sa.closed)
            for call in (use, lambda sa: sa.sequence, lambda sa: sa.close()):
                with self.assertRaises(ClosedError):
                    call(sa)

    def test_two_threads_at_once_are_refused(self):
        """The cipher is held up inside of the library, so that the other thread is sure to come meanwhile."""
        inside, go_on = threading.Event(), threading.Event()
        is_held = False

        class Held(ChaCha20Poly1305):
            def encrypt(self, nonce, data, ad):
                if is_held:
                    inside.set()
                    go_on.wait(10)
                return super().encrypt(nonce, data, ad)

        held = HostAead(Suite.CHACHA20_POLY1305, "held", Held, refusal=NotGenuine)
        sender, results = Sender(aead=held, **CHACHA), []
        is_held = True
        thread = threading.Thread(target=lambda: results.append(sender.seal(ipv4())))
        thread.start()
        self.assertTrue(inside.wait(10))
        for call in (lambda: sender.seal(ipv4()), sender.close, lambda: sender.sequence):
            with self.assertRaises(BusyError):
                call()
        go_on.set()
        thread.join()
        self.assertEqual(len(results), 1)
        sender.close()

    def test_errors_name_what_was_asked(self):
        with Receiver(**CHACHA) as receiver, self.assertRaises(Error) as caught:
            receiver.open(bytes(60))
        self.assertIn("avpn_sa_open", str(caught.exception))
        self.assertIn("AVPN_ERROR_AUTH", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
