# SPDX-License-Identifier: ISC
"""What the library is compared with: ChaCha20-Poly1305 after RFC 8439 and X25519 after RFC 7748, in plain Python, slow and
short enough to be seen to be right. test_independent.py has the RFCs' own values.
"""
import struct


def _quarter(words, a, b, c, d):
    for first, second, third, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        words[first] = (words[first] + words[second]) & 0xFFFFFFFF
        mixed = words[third] ^ words[first]
        words[third] = (mixed << bits | mixed >> (32 - bits)) & 0xFFFFFFFF


def chacha20_block(key, counter, nonce):
    """RFC 8439 2.3."""
    start = struct.unpack("<16I", b"expand 32-byte k" + key + struct.pack("<I", counter) + nonce)
    words = list(start)
    for _ in range(10):
        for column in range(4):
            _quarter(words, column, column + 4, column + 8, column + 12)
        for i in range(4):
            _quarter(words, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return struct.pack("<16I", *((a + b) & 0xFFFFFFFF for a, b in zip(words, start)))


def chacha20(key, nonce, data):
    """RFC 8439 2.4, from counter 1."""
    stream = b"".join(chacha20_block(key, 1 + i, nonce) for i in range((len(data) + 63) // 64))
    return bytes(a ^ b for a, b in zip(data, stream))


def poly1305(key, data):
    """RFC 8439 2.5."""
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for at in range(0, len(data), 16):
        total = (total + int.from_bytes(data[at:at + 16] + b"\1", "little")) * r % (2**130 - 5)
    return ((total + int.from_bytes(key[16:], "little")) % 2**128).to_bytes(16, "little")


class NotGenuine(Exception):
    """The tag is another."""


class ChaCha20Poly1305:
    """RFC 8439 2.8; the methods are those of the package `cryptography`."""

    def __init__(self, key):
        self.key = key

    def _tag(self, nonce, sealed, ad):
        padded = b"".join(part + bytes(-len(part) % 16) for part in (ad, sealed))
        return poly1305(chacha20_block(self.key, 0, nonce)[:32], padded + struct.pack("<QQ", len(ad), len(sealed)))

    def encrypt(self, nonce, data, ad):
        sealed = chacha20(self.key, nonce, data)
        return sealed + self._tag(nonce, sealed, ad)

    def decrypt(self, nonce, data, ad):
        if self._tag(nonce, data[:-16], ad) != data[-16:]:
            raise NotGenuine
        return chacha20(self.key, nonce, data[:-16])


def x25519(scalar, point=9):
    """RFC 7748 5; the result as a number."""
    prime = 2**255 - 19
    bits = int.from_bytes(scalar, "little") & ~7 & ~(1 << 255) | 1 << 254
    x2, z2, x3, z3 = 1, 0, point, 1
    for place in reversed(range(255)):
        is_set = bits >> place & 1
        if is_set:
            x2, z2, x3, z3 = x3, z3, x2, z2
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        x3, z3 = (d * a + c * b) ** 2 % prime, point * (d * a - c * b) ** 2 % prime
        x2, z2 = a * a * b * b % prime, (a * a - b * b) * (a * a + 121665 * (a * a - b * b)) % prime
        if is_set:
            x2, z2, x3, z3 = x3, z3, x2, z2
    return x2 * pow(z2, prime - 2, prime) % prime


def public_key(scalar):
    """As 32 bytes."""
    return x25519(scalar).to_bytes(32, "little")
