# SPDX-License-Identifier: ISC
"""Keys, against base64 and X25519 in plain Python."""
import base64
import pickle
import unittest

from autovpn import ArgumentError, FormatError, Key, KeyPair, SecretKey
from independent import public_key
from seeded import seeded


class Keys(unittest.TestCase):
    @seeded
    def test_text_is_base64(self, chance):
        for _ in range(300):
            data = chance.randbytes(32)
            text = base64.b64encode(data).decode()
            key = Key(data)
            self.assertEqual((str(key), bytes(Key(text)), key, hash(key)), (text, data, Key.parse(text), hash(Key(text))))
            self.assertIs(Key.of(key), key)

    def test_other_text_and_other_lengths_are_refused(self):
        good = str(Key(bytes(32)))
        for text in ("", good[:-1], good + "=", good[:-2] + "B=", "-" * 43 + "=", good[:10] + "\0" + good[11:], " " + good):
            with self.subTest(text), self.assertRaises(FormatError):
                Key(text)
        for count in (0, 31, 33):
            with self.assertRaises(ArgumentError):
                Key(bytes(count))
        with self.assertRaises(TypeError):
            Key(32)

    def test_they_do_not_change_and_are_pickled(self):
        key = Key(bytes(range(32)))
        with self.assertRaises(AttributeError):
            key.other = 1
        self.assertEqual(pickle.loads(pickle.dumps(key)), key)


class Secrets(unittest.TestCase):
    def test_a_secret_does_not_show(self):
        secret = SecretKey.generate()
        pair = KeyPair(secret)
        for words in (str(secret), repr(secret), f"{secret}", repr(pair), repr([secret]), str({"key": secret})):
            self.assertNotIn(secret.text(), words)
            self.assertNotIn(bytes(secret).hex(), words)
        with self.assertRaises(TypeError):
            pickle.dumps(secret)
        self.assertEqual(SecretKey(secret.text()), secret)

    @seeded
    def test_public_keys_are_those_of_rfc7748(self, chance):
        for _ in range(20):
            secret = chance.randbytes(32)
            self.assertEqual(bytes(KeyPair(secret).public), public_key(secret))

    def test_pairs(self):
        pair = KeyPair.generate()
        self.assertEqual(bytes(pair.public), public_key(bytes(pair.secret)))
        self.assertEqual(KeyPair(pair.secret), pair)
        self.assertNotEqual(KeyPair.generate(), pair)
        with self.assertRaises(ArgumentError):
            KeyPair(bytes(32))
        with self.assertRaises(AttributeError):
            pair.public = pair.secret


if __name__ == "__main__":
    unittest.main()
