# SPDX-License-Identifier: ISC
"""Providers: those of the library, and ones that are written in Python."""
import gc
import unittest
import weakref

from autovpn import (
    Aead, ArgumentError, AuthError, HostAead, OutOfMemoryError, Receiver, Sender, StateError, Suite, aead_for, aeads,
    sealed_bytes, suite_is_available)
from independent import ChaCha20Poly1305, NotGenuine
from seeded import ipv4

PARAMETERS = dict(spi=0x1001, suite=Suite.CHACHA20_POLY1305, key=bytes(range(32)), salt=b"salt")


def plain(new_cipher=ChaCha20Poly1305, **others):
    return HostAead(Suite.CHACHA20_POLY1305, "plain", new_cipher, refusal=NotGenuine, **others)


class Library(unittest.TestCase):
    def test_all_that_are_available_pass_their_test(self):
        for aead in aeads():
            with self.subTest(aead=aead):
                self.assertTrue(aead.name)
                self.assertLessEqual(0 < aead.state_bytes, 8192)
                if aead.is_available:
                    aead.test()
                else:
                    self.assertRaises(StateError, aead.test)

    def test_the_best_of_a_suite_is_the_first_that_is_available(self):
        for suite in (Suite.AES_256_GCM, Suite.CHACHA20_POLY1305):
            first = next((a for a in aeads() if a.suite == suite and a.is_available), None)
            self.assertEqual(aead_for(suite), first)
            self.assertEqual(suite_is_available(suite), first is not None)
        self.assertIsNone(aead_for(77))
        self.assertFalse(suite_is_available(77))

    def test_every_one_of_them_seals_the_same(self):
        for suite in (Suite.AES_256_GCM, Suite.CHACHA20_POLY1305):
            sealed = set()
            for aead in (a for a in aeads() if a.suite == suite and a.is_available):
                with Sender(aead=aead, **{**PARAMETERS, "suite": suite}) as sender:
                    self.assertEqual(sender.aead, aead)
                    sealed.add(sender.seal(ipv4(b"text" * 100)))
            self.assertLessEqual(len(sealed), 1)


class Host(unittest.TestCase):
    def test_a_cipher_in_python_seals_and_opens(self):
        aead = plain()
        aead.test()
        self.assertEqual((aead.name, aead.suite, aead.is_exclusive), ("plain", Suite.CHACHA20_POLY1305, True))
        self.assertFalse(plain(is_exclusive=False).is_exclusive)
        with Sender(aead=aead, **PARAMETERS) as sender, Sender(**PARAMETERS) as other, Receiver(**PARAMETERS) as receiver:
            self.assertIs(sender.aead, aead)
            sealed = sender.seal_run([ipv4(b"one"), ipv4(b"two")])
            self.assertEqual(sealed, other.seal_run([ipv4(b"one"), ipv4(b"two")]))
            self.assertEqual(receiver.open_run(sealed), [ipv4(b"one"), ipv4(b"two")])
        with Sender(**PARAMETERS) as sender, Receiver(aead=aead, **PARAMETERS) as receiver:
            sealed = sender.seal(ipv4(b"one"))
            with self.assertRaises(AuthError):
                receiver.open(sealed[:-1] + bytes([sealed[-1] ^ 1]))
            self.assertEqual(receiver.open(sealed), ipv4(b"one"))

    def test_one_that_computes_something_else_is_refused(self):
        class Wrong(ChaCha20Poly1305):
            def encrypt(self, nonce, data, ad):
                sealed = super().encrypt(nonce, data, ad)
                return sealed[:-1] + bytes([sealed[-1] ^ 1])

        class Credulous(ChaCha20Poly1305):
            def decrypt(self, nonce, data, ad):
                return ChaCha20Poly1305(self.key).encrypt(nonce, data[:-16], ad)[:-16]

        for kind in (Wrong, Credulous):
            with self.assertRaises(AuthError):
                plain(kind).test()
            with self.assertRaises(AuthError):
                Sender(aead=plain(kind), **PARAMETERS)

    def test_one_of_another_suite_or_machine_is_refused(self):
        with self.assertRaises(ArgumentError):
            Sender(aead=plain(), **{**PARAMETERS, "suite": Suite.AES_256_GCM})
        elsewhere = plain(is_available=lambda: False)
        self.assertFalse(elsewhere.is_available)
        self.assertTrue(plain(is_available=lambda: True).is_available)
        self.assertRaises(StateError, elsewhere.test)
        with self.assertRaises(ArgumentError):
            HostAead(Suite.CHACHA20_POLY1305, "", ChaCha20Poly1305)

    def test_keys_are_let_go(self):
        made = []

        def new_cipher(key):
            cipher = ChaCha20Poly1305(key)
            made.append(weakref.ref(cipher))
            return cipher

        sender = Sender(aead=plain(new_cipher), **PARAMETERS)
        gc.collect()
        self.assertEqual(sum(ref() is not None for ref in made), 1, "the SA's own")
        sender.seal(ipv4())  # the provider lives by the SA alone
        sender.close()
        gc.collect()
        self.assertEqual(sum(ref() is not None for ref in made), 0)


class Failures(unittest.TestCase):
    """What a cipher raises reaches the caller, and nothing leaves unsealed."""

    def failing(self, **methods):
        """A provider that is right until `fails` is set."""
        class Failing(ChaCha20Poly1305):
            def encrypt(self, nonce, data, ad):
                return methods["encrypt"]() if fails and "encrypt" in methods else super().encrypt(nonce, data, ad)

            def decrypt(self, nonce, data, ad):
                return methods["decrypt"]() if fails and "decrypt" in methods else super().decrypt(nonce, data, ad)

        fails = []
        return plain(Failing), fails

    def test_sealing(self):
        aead, fails = self.failing(encrypt=lambda: 1 // 0)
        with Sender(aead=aead, **PARAMETERS) as sender:
            fails.append(True)
            for call in (lambda: sender.seal(ipv4()), lambda: sender.seal_run([ipv4()] * 3)):
                with self.assertRaises(ZeroDivisionError):
                    call()
            fails.clear()
            self.assertEqual(len(sender.seal(ipv4())), sealed_bytes(20))

    def test_a_seal_of_a_wrong_size(self):
        aead, fails = self.failing(encrypt=lambda: b"short")
        with Sender(aead=aead, **PARAMETERS) as sender:
            fails.append(True)
            with self.assertRaises(ArgumentError):
                sender.seal(ipv4())

    def test_opening(self):
        aead, fails = self.failing(decrypt=lambda: {}["nothing"])
        with Sender(**PARAMETERS) as sender, Receiver(aead=aead, **PARAMETERS) as receiver:
            sealed = sender.seal(ipv4())
            fails.append(True)
            with self.assertRaises(KeyError):
                receiver.open(sealed)
            with self.assertRaises(KeyError):
                receiver.open_run([sealed])
            fails.clear()
            self.assertEqual(receiver.open(sealed), ipv4())

    def test_making_a_cipher(self):
        def new_cipher(key):
            raise OSError("no card in the slot")

        for call in (plain(new_cipher).test, lambda: Sender(aead=plain(new_cipher), **PARAMETERS)):
            with self.assertRaises(OSError) as caught:
                call()
            self.assertNotIsInstance(caught.exception, OutOfMemoryError)

    def test_asking_whether_it_is_there(self):
        with self.assertRaises(ZeroDivisionError):
            self.assertIsNone(plain(is_available=lambda: 1 // 0).is_available)


if __name__ == "__main__":
    unittest.main()
