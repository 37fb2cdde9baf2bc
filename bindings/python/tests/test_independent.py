# SPDX-License-Identifier: ISC
"""The comparison itself, against single published values: RFC 8439 2.8.2 and RFC 7748 6.1."""
import unittest

from independent import ChaCha20Poly1305, NotGenuine, public_key


class Published(unittest.TestCase):
    def test_rfc8439(self):
        text = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."
        nonce, ad = bytes.fromhex("070000004041424344454647"), bytes.fromhex("50515253c0c1c2c3c4c5c6c7")
        cipher = ChaCha20Poly1305(bytes(range(0x80, 0xA0)))
        sealed = cipher.encrypt(nonce, text, ad)
        self.assertEqual(sealed[:16].hex(), "d31a8d34648e60db7b86afbc53ef7ec2")
        self.assertEqual(sealed[-16:].hex(), "1ae10b594f09e26a7e902ecbd0600691")
        self.assertEqual(cipher.decrypt(nonce, sealed, ad), text)
        with self.assertRaises(NotGenuine):
            cipher.decrypt(nonce, sealed[:-1] + b"\0", ad)

    def test_rfc7748(self):
        alice = bytes.fromhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
        self.assertEqual(public_key(alice).hex(), "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")


if __name__ == "__main__":
    unittest.main()
