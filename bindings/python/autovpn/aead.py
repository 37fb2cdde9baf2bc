# SPDX-License-Identifier: ISC
"""What encrypts packets: the library's providers, and ones of the host's own.

    >>> [aead.name for aead in aeads()][-1]
    'libsodium'

Of each suite the library takes the first that this machine runs and that passes its self-test. A host with something better - a card,
a key that never leaves a module - makes a HostAead and names it in Host(aeads=[...]) or in Sender and Receiver. With the package
`cryptography` that is:

    HostAead(Suite.AES_256_GCM, "cryptography", AESGCM, refusal=InvalidTag)

What its cipher raises does not pass through C: it is raised by the call that sealed or opened.
"""
import contextlib
import ctypes
import sys
import threading
import types
from typing import Any, Callable, Dict, Iterator, List, Optional, Protocol, Tuple, Type

from . import _declarations as d
from ._handle import Failures
from ._native import check, lib, text
from ._values import octets, sized, u8
from .enums import Suite
from .errors import ArgumentError, AuthError

__all__ = ["Aead", "Cipher", "HostAead", "aead_for", "aeads", "suite_is_available", "suite_name"]

_KEY_BYTES, _NONCE_BYTES, _TAG_BYTES = 32, 12, 16


class Aead:
    """A provider: one of the library's, which live as long as the process."""

    def __init__(self, pointer: Any) -> None:
        self._pointer = pointer

    @property
    def name(self) -> str:
        """For people: "ipsec-mb"."""
        return text(self._pointer.contents.name)

    @property
    def suite(self) -> Suite:
        """What it computes."""
        return Suite(self._pointer.contents.suite)

    @property
    def is_exclusive(self) -> bool:
        """Its state serves one call at a time; else seal and open only read it."""
        return bool(self._pointer.contents.flags & d.AVPN_AEAD_EXCLUSIVE)

    @property
    def state_bytes(self) -> int:
        """Bytes of an expanded key."""
        return int(self._pointer.contents.state_bytes)

    @property
    def is_available(self) -> bool:
        """This machine can run it."""
        table = self._pointer.contents
        with _surfaced():
            return not table.is_available or table.is_available(table.user) == 1

    def test(self) -> None:
        """Published vectors, a random packet there and back, a flipped bit refused.

        ArgumentError: the table contradicts itself; StateError: not available here; AuthError: it computes something
        else; OutOfMemoryError; of a HostAead also what its cipher raised.
        """
        with _surfaced():
            code = lib.avpn_aead_test(self._pointer)
        check(code, "avpn_aead_test", self.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Aead) and _address(self._pointer) == _address(other._pointer)

    def __hash__(self) -> int:
        return hash(_address(self._pointer))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}: {self.suite.name}>"


def aeads() -> Tuple[Aead, ...]:
    """The providers of this build, best first within a suite."""
    found: List[Aead] = []
    while True:
        pointer = lib.avpn_aead_at(len(found))
        if not pointer:
            return tuple(found)
        found.append(Aead(pointer))


def aead_for(suite: Suite) -> Optional[Aead]:
    """The one a suite gets without a host's own; None: the suite is not available here. The first call tests it."""
    pointer = lib.avpn_aead_find(u8(suite, "suite"))
    return Aead(pointer) if pointer else None


def suite_is_available(suite: Suite) -> bool:
    """Whether this machine and build can run it."""
    return bool(lib.avpn_suite_is_available(u8(suite, "suite")))


def suite_name(suite: Suite) -> str:
    """For people: "AES-256-GCM"."""
    return text(lib.avpn_suite_name(u8(suite, "suite")))


def _address(pointer: Any) -> int:
    return ctypes.cast(pointer, ctypes.c_void_p).value or 0


# ---- ciphers written in Python -----------------------------------------------


class Cipher(Protocol):
    """One key's cipher. Both are given positional arguments and bytes of their own."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        """The text and a tag of 16 bytes behind it. Nonces are 12 bytes, and never come twice."""

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        """The opposite; raises the provider's `refusal` where the tag is not genuine."""


class HostAead(Aead):
    """A provider of the host's own. Keep no other reference: what uses it keeps it.

    `new_cipher`: a key of 32 bytes -> Cipher, which is let go when the key is not needed any more. `refusal`: the exception by which
    `decrypt` says that something is not genuine; all others are failures and surface. `is_exclusive`: keep threads
    apart that use one key.
    """

    def __init__(self, suite: Suite, name: str, new_cipher: Callable[[bytes], Cipher], *,
                 refusal: Type[BaseException] = AuthError, is_exclusive: bool = True,
                 is_available: Optional[Callable[[], bool]] = None) -> None:
        if not name or "\0" in name:
            raise ArgumentError(f"name {name!r}: should be a word for people")
        self._new_cipher, self._refusal, self._available = new_cipher, refusal, is_available
        self._ciphers: Dict[int, Cipher] = {}
        self._next = 0
        self._lock = threading.Lock()
        table: Any = sized(d.avpn_aead)
        table.suite, table.name = u8(suite, "suite"), name.encode()
        table.flags = d.AVPN_AEAD_EXCLUSIVE if is_exclusive else 0
        # A state is the number under which the cipher is found.
        table.state_bytes, table.state_align = ctypes.sizeof(ctypes.c_uint64), ctypes.alignment(ctypes.c_uint64)
        if is_available is not None:
            table.is_available = d.avpn_aead_is_available(self._c_is_available)
        table.set_key = d.avpn_aead_set_key(self._c_set_key)
        table.clear_key = d.avpn_aead_clear_key(self._c_clear_key)
        table.seal = d.avpn_aead_seal(self._c_seal)
        table.open = d.avpn_aead_open(self._c_open)
        self._table = table  # keeps the callbacks
        super().__init__(ctypes.pointer(table))

    def _c_is_available(self, _user: Any) -> int:
        try:
            return int(bool(self._available is None or self._available()))
        except BaseException as error:
            return _failed(error, 0)

    def _c_set_key(self, _user: Any, state: int, key: int) -> int:
        try:
            cipher = self._new_cipher(ctypes.string_at(key, _KEY_BYTES))
        except BaseException as error:
            return _failed(error, -1)
        with self._lock:
            self._next += 1
            self._ciphers[self._next] = cipher
            ctypes.c_uint64.from_address(state).value = self._next
        return 0

    def _c_clear_key(self, _user: Any, state: int) -> None:
        with self._lock:
            self._ciphers.pop(ctypes.c_uint64.from_address(state).value, None)

    def _cipher(self, state: int) -> Cipher:
        return self._ciphers[ctypes.c_uint64.from_address(state).value]

    def _c_seal(self, _user: Any, state: int, text_at: int, count: int, tag: int,
                ad: int, ad_bytes: int, nonce: int) -> None:
        try:
            data = ctypes.string_at(text_at, count) if count else b""
            sealed = octets(self._cipher(state).encrypt(ctypes.string_at(nonce, _NONCE_BYTES), data, _lent(ad, ad_bytes)),
                            "what encrypt returned", count + _TAG_BYTES)
        except BaseException as error:
            # A seal cannot fail in C: what leaves now is to be nothing, and least of all the text.
            sealed = bytes(count + _TAG_BYTES)
            _failed(error, 0)
        ctypes.memmove(text_at, sealed, count)
        ctypes.memmove(tag, sealed[count:], _TAG_BYTES)

    def _c_open(self, _user: Any, state: int, text_at: int, count: int, tag: int,
                ad: int, ad_bytes: int, nonce: int) -> int:
        try:
            data = _lent(text_at, count) + ctypes.string_at(tag, _TAG_BYTES)
            opened = octets(self._cipher(state).decrypt(ctypes.string_at(nonce, _NONCE_BYTES), data, _lent(ad, ad_bytes)),
                            "what decrypt returned", count)
        except self._refusal:
            return 0
        except BaseException as error:
            return _failed(error, 0)
        ctypes.memmove(text_at, opened, count)
        return 1


def _lent(address: Optional[int], count: int) -> bytes:
    return ctypes.string_at(address, count) if address and count else b""


# ---- what ciphers raise ------------------------------------------------------

_inside = threading.local()


@contextlib.contextmanager
def surfacing(failures: Failures) -> Iterator[None]:
    """While a call is in the library on this thread, what a cipher raises goes to `failures`."""
    before, _inside.failures = getattr(_inside, "failures", None), failures
    try:
        yield
    finally:
        _inside.failures = before


@contextlib.contextmanager
def _surfaced() -> Iterator[None]:
    """And is raised when the call has returned."""
    failures = Failures()
    with surfacing(failures):
        yield
    failures.raise_first()


def _failed(error: BaseException, answer: int) -> int:
    failures: Optional[Failures] = getattr(_inside, "failures", None)
    if failures is not None:
        failures.add(error)
    else:
        # A call that nobody made from Python: told, as Python tells what nobody can catch.
        sys.unraisablehook(types.SimpleNamespace(  # type: ignore[arg-type]  # its own type cannot be made
            exc_type=type(error), exc_value=error, exc_traceback=error.__traceback__, err_msg="in a cipher", object=None))
    return answer
