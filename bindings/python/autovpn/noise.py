# SPDX-License-Identifier: ISC
"""The handshake Noise_IKpsk2_25519_ChaChaPoly_BLAKE2b (Noise revision 34), by itself.

    >>> alice, bob, psk = KeyPair.generate(), KeyPair.generate(), SecretKey.generate()
    >>> with NoiseInitiator(alice, bob.public) as a, NoiseResponder(bob) as b:
    ...     b.read(a.write(b"hello"))
    ...     a.read(b.write(b"welcome", psk=psk), psk=psk)
    ...     a.split().send == b.split().receive
    b'hello'
    b'welcome'
    True

An object serves one handshake: two messages, then split(). It is wiped when it is closed. A read that fails leaves it as it was, so
a forged message costs nothing but time. One thread at a time.
"""
import ctypes
import functools
from typing import Any, Callable, NamedTuple, Optional, Tuple

from . import _declarations as d
from ._handle import Handle
from ._native import check, lib
from ._values import octets
from .errors import FormatError
from .keys import Key, KeyLike, KeyPair, SecretKey

__all__ = ["NoiseInitiator", "NoiseKeys", "NoiseResponder"]

_NO_PSK = bytes(d.AVPN_KEY_BYTES)


class NoiseKeys(NamedTuple):
    """The two transport keys."""
    send: SecretKey
    receive: SecretKey


class _Noise(Handle):
    """What both sides have. The state is memory of ours, which the library wipes at the end."""

    def _begin(self, function: Callable[..., int], *arguments: Any) -> None:
        super().__init__()
        noise = d.avpn_noise()
        check(function(noise, *arguments), function.__name__)

        def wipe(_address: int) -> None:
            lib.avpn_noise_wipe(noise)

        self._own(ctypes.addressof(noise), wipe, noise)

    def _noise(self, function: Callable[..., int], *arguments: Any) -> None:
        self._check(_at_address(function), *arguments)

    def split(self) -> NoiseKeys:
        """The transport keys, after message 2. StateError before."""
        send, receive = d.avpn_key(), d.avpn_key()
        self._noise(lib.avpn_noise_split, send, receive)
        return NoiseKeys(SecretKey._read(send), SecretKey._read(receive))

    @property
    def handshake_hash(self) -> bytes:
        """64 bytes that only the two ends of this handshake share (channel binding), after message 2. StateError before."""
        room = ctypes.create_string_buffer(d.AVPN_NOISE_HASH_BYTES)
        self._noise(lib.avpn_noise_hash, room)
        return room.raw


class NoiseInitiator(_Noise):
    """Knows the responder's static key. write(), then read(), then split()."""

    def __init__(self, own: KeyPair, responder: KeyLike, prologue: bytes = b"") -> None:
        """`prologue`: what both ends know and want to be sure of. ArgumentError: `responder` is a low-order point."""
        data = octets(prologue, "prologue")
        self._begin(lib.avpn_noise_init_initiator, own._value, Key.of(responder)._value, data, len(data))

    def write(self, payload: bytes = b"", *, ephemeral: Optional[KeyLike] = None) -> bytes:
        """Message 1. Its payload has no forward secrecy and can be replayed: nothing secret in it, and nothing that changes a
        state without a guard. `ephemeral`: a secret key that is never used twice; a fresh one unless told.

        StateError: not the moment; LimitError: beyond 65535 bytes.
        """
        data = octets(payload, "payload")
        room = ctypes.create_string_buffer(len(data) + d.AVPN_NOISE_1_OVERHEAD)
        self._noise(lib.avpn_noise_write_1, _ephemeral(ephemeral), data, len(data), room)
        return room.raw

    def read(self, message: bytes, *, psk: Optional[KeyLike] = None) -> bytes:
        """Message 2: its payload. `psk`: the pre-shared key, none unless told.

        FormatError: too short; AuthError: forged, or another pre-shared key; StateError: not the moment.
        """
        data, room = _message(message, d.AVPN_NOISE_2_OVERHEAD)
        self._noise(lib.avpn_noise_read_2, _psk(psk), data, len(data), room)
        return room.raw[:len(data) - d.AVPN_NOISE_2_OVERHEAD]


class NoiseResponder(_Noise):
    """Learns who the initiator is from message 1. read(), then write(), then split()."""

    def __init__(self, own: KeyPair, prologue: bytes = b"") -> None:
        """`prologue`: as the initiator's."""
        data = octets(prologue, "prologue")
        self._begin(lib.avpn_noise_init_responder, own._value, data, len(data))
        self._initiator: Optional[Key] = None

    @property
    def initiator(self) -> Optional[Key]:
        """The initiator's static key, once message 1 was read: whom to look up, and which pre-shared key to take."""
        return self._initiator

    def read(self, message: bytes) -> bytes:
        """Message 1: its payload.

        FormatError: too short; AuthError: forged, for someone else, or with another prologue; StateError: not the moment.
        """
        data, room = _message(message, d.AVPN_NOISE_1_OVERHEAD)
        key = d.avpn_key()
        self._noise(lib.avpn_noise_read_1, data, len(data), key, room)
        self._initiator = Key._read(key)
        return room.raw[:len(data) - d.AVPN_NOISE_1_OVERHEAD]

    def write(self, payload: bytes = b"", *, psk: Optional[KeyLike] = None,
              ephemeral: Optional[KeyLike] = None) -> bytes:
        """Message 2; parameters and errors as the initiator's."""
        data = octets(payload, "payload")
        room = ctypes.create_string_buffer(len(data) + d.AVPN_NOISE_2_OVERHEAD)
        self._noise(lib.avpn_noise_write_2, _ephemeral(ephemeral), _psk(psk), data, len(data), room)
        return room.raw


def _at_address(function: Callable[..., int]) -> Callable[..., int]:
    @functools.wraps(function)
    def call(address: int, *arguments: Any) -> int:
        return function(d.avpn_noise.from_address(address), *arguments)
    return call


def _message(message: bytes, overhead: int) -> "Tuple[bytes, ctypes.Array[ctypes.c_char]]":
    data = octets(message, "message")
    if len(data) < overhead:
        raise FormatError(f"a message of {len(data)} bytes: {overhead} at least")
    return data, ctypes.create_string_buffer(len(data) - overhead + 1)


def _ephemeral(key: Optional[KeyLike]) -> Any:
    return (SecretKey.generate() if key is None else SecretKey.of(key))._value


def _psk(key: Optional[KeyLike]) -> Any:
    return SecretKey.of(_NO_PSK if key is None else key)._value
