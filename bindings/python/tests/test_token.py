# SPDX-License-Identifier: ISC
"""Tokens and claims: there and back, mistyped, and claims that are not genuine."""
import dataclasses
import unittest

from autovpn import (
    ArgumentError, AuthError, FormatError, Key, KeyPair, RegistryEntry, Token, constants, new_token_secret, verify_claim)
from seeded import seeded

DEVICE = KeyPair(bytes(range(1, 33))).public


def random_token(chance):
    def key():
        return Key(chance.randbytes(32))

    registries = tuple(RegistryEntry(key=key(), host=f"registry{i}.example", port=chance.randint(1, 65535))
                       for i in range(chance.randint(1, constants.REGISTRIES)))
    return Token(member=chance.randint(1, constants.MEMBER_LAST), organization=key(), secret=chance.randbytes(16),
                 version=chance.randint(1, 2**63), expires=chance.randint(1, 2**40), registries=registries)


class Tokens(unittest.TestCase):
    @seeded
    def test_text_comes_back(self, chance):
        for _ in range(100):
            token = random_token(chance)
            text = token.text()
            self.assertRegex(text, r"\A[A-Z0-9]+\Z")
            self.assertLess(len(text), constants.TOKEN_TEXT)
            self.assertEqual(Token.parse(text), token)
            self.assertEqual(Token.parse(text[:10].lower() + " \n" + text[10:]), token)

    @seeded
    def test_what_is_mistyped_is_refused(self, chance):
        text = random_token(chance).text()
        for _ in range(200):
            place = chance.randrange(len(text))
            letter = chance.choice([c for c in "ABCDEFGHJKMNPQRSTVWXYZ234567" if c != text[place]])
            with self.subTest(place=place, letter=letter), self.assertRaises(FormatError):
                Token.parse(text[:place] + letter + text[place + 1:])
        for wrong in ("", text[:-1], text + "A", text + "\0", "no token"):
            with self.assertRaises(FormatError):
                Token.parse(wrong)

    @seeded
    def test_the_secret_does_not_show(self, chance):
        token = random_token(chance)
        self.assertNotIn(repr(token.secret), repr(token))
        self.assertNotEqual(new_token_secret(), new_token_secret())
        with self.assertRaises(dataclasses.FrozenInstanceError):
            token.member = 1

    @seeded
    def test_fields_out_of_range(self, chance):
        token = random_token(chance)
        for wrong in [dict(member=0), dict(member=2**32), dict(secret=bytes(15)), dict(registries=()), dict(expires=-1),
                      dict(registries=token.registries[:1] * 9), dict(version=-1)]:
            with self.subTest(wrong), self.assertRaises(ArgumentError):
                dataclasses.replace(token, **wrong).text()


class Claims(unittest.TestCase):
    @seeded
    def test_only_who_has_the_token_can_claim(self, chance):
        token, other = random_token(chance), random_token(chance)
        claim = token.claim(DEVICE)
        self.assertEqual(len(claim), constants.CLAIM_BYTES)
        verify_claim(token.claim_key, token.organization, token.member, DEVICE, claim)
        good = (token.claim_key, token.organization, token.member, DEVICE, claim)
        for place, wrong in enumerate((other.claim_key, other.organization, token.member ^ 1, other.organization,
                                       other.claim(DEVICE))):
            with self.subTest(place=place), self.assertRaises(AuthError):
                verify_claim(*good[:place], wrong, *good[place + 1:])
        with self.assertRaises(ArgumentError):
            verify_claim(*good[:4], claim[:-1])


if __name__ == "__main__":
    unittest.main()
