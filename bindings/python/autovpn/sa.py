# SPDX-License-Identifier: ISC
"""One direction of an ESP security association."""
import ctypes as c
import enum

from . import _declarations as d
from ._native import check, lib

_HEADROOM, _TAILROOM = 16, 24


class Suite(enum.IntEnum):
    AES_256_GCM = 1
    CHACHA20_POLY1305 = 2


def suite_is_available(suite):
    return bool(lib.avpn_suite_is_available(suite))


class _Sa:
    _new = None

    def __init__(self, spi, suite, key, salt):
        """`key`: 32 bytes, `salt`: 4 bytes, `spi`: 256 or more."""
        if len(key) != 32 or len(salt) != 4:
            raise ValueError(f"key of {len(key)} and salt of {len(salt)} bytes: 32 and 4 are right")
        p = d.avpn_sa_parameters(size=c.sizeof(d.avpn_sa_parameters), spi=spi, suite=suite)
        p.key[:], p.salt[:] = key, salt
        self._handle = c.c_void_p()
        check(type(self)._new(c.byref(p), None, c.byref(self._handle)), "avpn_sa_new")

    def close(self):
        """Wipes the keys. Idempotent."""
        handle, self._handle = getattr(self, "_handle", None), None
        if handle:
            lib.avpn_sa_del(handle)

    __del__ = close

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def _open_handle(self):
        if not self._handle:
            raise ValueError("the SA is closed")
        return self._handle

    @property
    def sequence(self):
        return lib.avpn_sa_sequence(self._open_handle())


class Sender(_Sa):
    _new = lib.avpn_sa_new_sender

    def seal(self, packet):
        """An inner IP packet to an ESP packet."""
        room = c.create_string_buffer(bytes(_HEADROOM) + packet + bytes(_TAILROOM))
        start = c.addressof(room) + _HEADROOM
        size = check(lib.avpn_sa_seal(self._open_handle(), start, len(packet)), "avpn_sa_seal")
        return room.raw[:size]


class Receiver(_Sa):
    _new = lib.avpn_sa_new_receiver

    def open(self, esp):
        """An ESP packet to the inner packet; b"" for a dummy. Raises Error AUTH, VERSION, FORMAT."""
        room = c.create_string_buffer(esp, max(len(esp), 1))
        size = check(lib.avpn_sa_open(self._open_handle(), c.addressof(room), len(esp)), "avpn_sa_open")
        return room.raw[_HEADROOM:_HEADROOM + size]
