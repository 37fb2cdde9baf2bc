# SPDX-License-Identifier: ISC
"""Open the packets of an esp_pcap capture with OpenSSL, after RFC 4303, 4106 and 7634.

usage: esp_verify.py FILE SUITE SECRET LAST_NUMBER COUNT

Ends with status 0 when all COUNT packets are genuine under consecutive 64-bit numbers, use their
number as IV, are padded 1, 2, 3 ... to a multiple of four, and carry a whole IP packet whose kind
matches the next header; else with the first complaint.
"""

import struct
import sys

from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

FILE_HEADER, RECORD_HEADER, OUTER = 24, 16, 28
SPI = 0x1001


def packets(name):
    with open(name, "rb") as file:
        data = file.read()
    at = FILE_HEADER
    while at < len(data):
        (size,) = struct.unpack_from("<I", data, at + 8)
        at += RECORD_HEADER
        yield data[at + OUTER:at + size]
        at += size


def check(condition, complaint, number):
    if not condition:
        sys.exit(f"packet {number:#x}: {complaint}")


def verify(esp, aead, salt, number):
    spi, low = struct.unpack_from(">II", esp)
    check((spi, low) == (SPI, number & 0xFFFFFFFF), "SPI or sequence number", number)
    iv = esp[8:16]
    check(iv == struct.pack(">Q", number), "IV is not the number", number)
    plain = aead.decrypt(salt + iv, esp[16:], struct.pack(">IQ", spi, number))
    pad, kind = plain[-2], plain[-1]
    inner, padding = plain[:-2 - pad], plain[len(plain) - 2 - pad:-2]
    check(len(plain) % 4 == 0 and pad < 4, "alignment", number)
    check(padding == bytes(range(1, pad + 1)), "padding", number)
    if kind == 4:
        size = struct.unpack_from(">H", inner, 2)[0]
    else:
        size = struct.unpack_from(">H", inner, 4)[0] + 40
    check((kind, inner[0] >> 4) in ((4, 4), (41, 6)), "next header", number)
    check(size == len(inner), "inner length", number)


def main(name, suite, secret, last, count):
    secret = bytes.fromhex(secret)
    aead = {"gcm": AESGCM, "chacha": ChaCha20Poly1305}[suite](secret[:32])
    number = int(last, 0)
    for esp in packets(name):
        number += 1
        verify(esp, aead, secret[32:], number)
    check(number == int(last, 0) + int(count), "is the last", number)


main(*sys.argv[1:])
