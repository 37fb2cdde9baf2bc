# SPDX-License-Identifier: ISC
"""Keys. A secret never shows in a repr, a traceback or a log by accident."""
import ctypes
import hmac
import os
from typing import Any, Type, TypeVar, Union

from . import _declarations as d
from ._native import check, lib
from ._values import octets
from .errors import FormatError

__all__ = ["Key", "KeyLike", "KeyPair", "SecretKey"]

K = TypeVar("K", bound="Key")


class Key:
    """A public key of 32 bytes, or an organization's id. Text form: standard base64 of 44 characters."""

    __slots__ = ("_value",)
    _value: Any

    def __init__(self, key: "KeyLike") -> None:
        struct = d.avpn_key()
        if isinstance(key, Key):
            struct.bytes[:] = key._value.bytes[:]
        elif isinstance(key, str):
            code = lib.avpn_key_parse(key.encode() if "\0" not in key else b"", ctypes.byref(struct))
            if code == d.AVPN_ERROR_FORMAT:
                raise FormatError("no key: standard base64 of 32 bytes, 44 characters with the padding, is right")
            check(code, "avpn_key_parse")
        else:
            struct = d.avpn_key.from_buffer_copy(octets(key, "key", d.AVPN_KEY_BYTES))
        object.__setattr__(self, "_value", struct)

    @classmethod
    def _read(cls: Type[K], struct: Any) -> K:
        return cls(bytes(struct.bytes))

    @classmethod
    def parse(cls: Type[K], text: str) -> K:
        """From base64. FormatError: it is none."""
        return cls(text)

    @classmethod
    def of(cls: Type[K], key: "KeyLike") -> K:
        """`key` itself, or what its text or bytes say."""
        return key if isinstance(key, cls) else cls(key)

    def __bytes__(self) -> bytes:
        return bytes(self._value.bytes)

    def __str__(self) -> str:
        text = ctypes.create_string_buffer(d.AVPN_KEY_TEXT)
        check(lib.avpn_key_format(ctypes.byref(self._value), text, len(text)), "avpn_key_format")
        return text.value.decode()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a {type(self).__name__} does not change")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and hmac.compare_digest(bytes(self), bytes(other))

    def __hash__(self) -> int:
        return hash(bytes(self))

    def __reduce__(self) -> Any:
        return (type(self), (bytes(self),))


class SecretKey(Key):
    """A secret of 32 bytes: a static key's secret half, an Ed25519 seed, a pre-shared key.

    Its repr and str say that it is one and nothing more; `text()` and `bytes()` give it away on purpose.
    """

    __slots__ = ()

    @classmethod
    def generate(cls) -> "SecretKey":
        """32 random bytes of the system."""
        return cls(os.urandom(d.AVPN_KEY_BYTES))

    def text(self) -> str:
        """The secret as base64, to be stored where nobody else reads it."""
        return super().__str__()

    def __str__(self) -> str:
        return "(secret)"

    def __repr__(self) -> str:
        return "SecretKey(...)"

    def __reduce__(self) -> Any:
        raise TypeError("a SecretKey is not pickled: store its text() where nobody else reads it")


class KeyPair:
    """A static X25519 key pair; the secret half does not show."""

    __slots__ = ("secret", "public", "_value")
    secret: SecretKey
    public: Key
    _value: Any

    def __init__(self, secret: "KeyLike") -> None:
        """From its secret half. ArgumentError: all zero."""
        pair = d.avpn_key_pair()
        self_secret = SecretKey.of(secret)
        check(lib.avpn_key_pair_from_secret(ctypes.byref(self_secret._value), ctypes.byref(pair)),
              "avpn_key_pair_from_secret")
        self._fill(pair)

    def _fill(self, pair: Any) -> None:
        object.__setattr__(self, "_value", pair)
        object.__setattr__(self, "secret", SecretKey._read(pair.secret_key))
        object.__setattr__(self, "public", Key._read(pair.public_key))

    @classmethod
    def generate(cls) -> "KeyPair":
        """A fresh pair from the library's randomness."""
        pair = d.avpn_key_pair()
        check(lib.avpn_key_pair_generate(ctypes.byref(pair)), "avpn_key_pair_generate")
        made = object.__new__(cls)
        made._fill(pair)
        return made

    def __repr__(self) -> str:
        return f"KeyPair(public={str(self.public)!r})"

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("a KeyPair does not change")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KeyPair) and self.secret == other.secret

    def __hash__(self) -> int:
        return hash(self.public)


#: What is taken for a key: one, its base64, its 32 bytes.
KeyLike = Union[Key, str, bytes]
