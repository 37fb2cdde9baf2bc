# SPDX-License-Identifier: ISC
"""The handshake: a published one byte by byte, two ends with each other, and what is forged or out of turn."""
import unittest

from autovpn import (
    ArgumentError, AuthError, ClosedError, FormatError, KeyPair, LimitError, NoiseInitiator, NoiseResponder, SecretKey, StateError,
    constants)
from independent import ChaCha20Poly1305
from seeded import seeded

# Noise_IKpsk2_25519_ChaChaPoly_BLAKE2b, from the vectors of github.com/flynn/noise; the last two are transport messages.
INITIATOR, RESPONDER = bytes(range(0x20)), bytes(range(0x01, 0x21))
EPHEMERALS = bytes(range(0x20, 0x40)), bytes(range(0x41, 0x61))
PSK = bytes.fromhex("2176657279736563726574766572797365637265747665727973656372657421")
MESSAGE_1 = bytes.fromhex(
    "358072d6365880d1aeea329adf9121383851ed21a28e3b75e965d0d2cd166254b62f8e1b309574de35d98d9a4088e691"
    "9c1849b2c5254dcbca5494537cb4a72988a30055e89f105e4a2ec94ffe1e01b210d70746671e7bffca493129849aeff4")
MESSAGE_2 = bytes.fromhex(
    "64b101b1d0be5a8704bd078f9895001fc03e8e9f9522f188dd128d9846d48466aa41d4650249b9c0c26cbc1ce87e8c1f")
TRANSPORT = [(b"yellowsubmarine", "f4c177d26066f6951689eeb7dba6199b0a71514482d9fd58cab9c9da5ebe95"),
             (b"submarineyellow", "15e2992826a7c63bdc9c36c422f0625aa3cddb283aaf9aea44444d8ffdbe82")]


class Published(unittest.TestCase):
    def test_every_byte(self):
        initiator, responder = KeyPair(INITIATOR), KeyPair(RESPONDER)
        with NoiseInitiator(initiator, responder.public) as a, NoiseResponder(responder) as b:
            self.assertEqual(a.write(ephemeral=EPHEMERALS[0]), MESSAGE_1)
            self.assertEqual(b.read(MESSAGE_1), b"")
            self.assertEqual(b.initiator, initiator.public)
            self.assertEqual(b.write(psk=PSK, ephemeral=EPHEMERALS[1]), MESSAGE_2)
            self.assertEqual(a.read(MESSAGE_2, psk=PSK), b"")
            for keys, (text, sealed) in zip((a.split(), b.split()), TRANSPORT):
                cipher = ChaCha20Poly1305(bytes(keys.send))
                self.assertEqual(cipher.encrypt(bytes(12), text, b"").hex(), sealed)


class Ends(unittest.TestCase):
    @seeded
    def test_two_ends_agree(self, chance):
        for _ in range(20):
            alice, bob, psk = KeyPair(chance.randbytes(32)), KeyPair(chance.randbytes(32)), SecretKey(chance.randbytes(32))
            prologue, first, second = (chance.randbytes(chance.randrange(200)) for _ in range(3))
            with NoiseInitiator(alice, bob.public, prologue) as a, NoiseResponder(bob, prologue) as b:
                self.assertIsNone(b.initiator)
                message = a.write(first)
                self.assertEqual(len(message), len(first) + constants.NOISE_1_OVERHEAD)
                self.assertEqual((b.read(message), b.initiator), (first, alice.public))
                message = b.write(second, psk=psk)
                self.assertEqual(len(message), len(second) + constants.NOISE_2_OVERHEAD)
                self.assertEqual(a.read(message, psk=psk), second)
                self.assertEqual(a.split(), tuple(reversed(b.split())))
                self.assertNotEqual(a.split().send, a.split().receive)
                self.assertEqual((a.handshake_hash, len(a.handshake_hash)), (b.handshake_hash, 64))

    def setUp(self):
        self.alice, self.bob = KeyPair.generate(), KeyPair.generate()
        self.a, self.b = NoiseInitiator(self.alice, self.bob.public, b"same"), NoiseResponder(self.bob, b"same")

    def test_no_two_handshakes_are_alike(self):
        other = NoiseInitiator(self.alice, self.bob.public, b"same")
        self.assertNotEqual(self.a.write(), other.write())

    def test_what_is_forged_leaves_the_object_as_it_was(self):
        message = self.a.write(b"payload")
        for place in (0, 40, len(message) - 1):
            forged = message[:place] + bytes([message[place] ^ 1]) + message[place + 1:]
            with self.assertRaises(AuthError):
                self.b.read(forged)
            self.assertIsNone(self.b.initiator)
        with self.assertRaises(FormatError):
            self.b.read(message[:95])
        self.assertEqual(self.b.read(message), b"payload")
        answer = self.b.write(b"answer", psk=bytes(range(32)))
        for psk in (None, bytes(32), bytes(range(1, 33))):
            with self.assertRaises(AuthError):
                self.a.read(answer, psk=psk)
        self.assertEqual(self.a.read(answer, psk=bytes(range(32))), b"answer")

    def test_someone_else_or_another_prologue(self):
        message = self.a.write()
        for responder in (NoiseResponder(KeyPair.generate(), b"same"), NoiseResponder(self.bob, b"other")):
            with self.assertRaises(AuthError):
                responder.read(message)

    def test_what_is_out_of_turn(self):
        for call in (lambda: self.a.read(bytes(48)), self.b.write, self.a.split, self.b.split,
                     lambda: self.a.handshake_hash):
            self.assertRaises(StateError, call)
        message = self.a.write()
        self.assertRaises(StateError, self.a.write)
        self.b.read(message)
        self.assertRaises(StateError, lambda: self.b.read(message))
        self.b.write()
        self.assertRaises(StateError, self.b.write)

    def test_wrong_arguments(self):
        for key in (bytes(31), "no key"):
            self.assertRaises(ValueError, NoiseInitiator, self.alice, key)
        self.assertRaises(ArgumentError, NoiseInitiator, self.alice, bytes(32))
        self.assertRaises(ArgumentError, lambda: self.a.write(ephemeral=bytes(32)))
        self.assertRaises(LimitError, lambda: self.a.write(bytes(65536)))
        self.assertRaises(TypeError, lambda: self.a.write("text"))
        self.assertEqual(len(self.a.write()), constants.NOISE_1_OVERHEAD)

    def test_closing_wipes(self):
        self.a.write()
        struct = self.a._owned.keeps[0]
        self.assertNotEqual(bytes(struct), bytes(len(bytes(struct))))
        self.a.close()
        self.assertEqual(bytes(struct), bytes(len(bytes(struct))))
        for call in (self.a.write, self.a.split, self.a.close):
            self.assertRaises(ClosedError, call)


if __name__ == "__main__":
    unittest.main()
