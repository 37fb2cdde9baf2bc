# SPDX-License-Identifier: ISC
"""What can go wrong: one class for each error of the library, all of them `Error`
(but LibraryError, which ends the import).

Errors are about the caller. Bad packets never raise: they are counted, and state that changes is told by events. Where Python has
a class for the same idea, the exception is of that class too: `ArgumentError` and `FormatError` are ValueErrors,
`NotFoundError` is a LookupError, `OutOfMemoryError` a MemoryError.
"""
from typing import Dict, Optional, Type

from . import _declarations as d

__all__ = [
    "ArgumentError", "AuthError", "BusyError", "ClosedError", "EmptyError", "Error", "ExhaustedError",
    "ExpiredError", "FormatError", "LibraryError", "LimitError", "NotFoundError", "OutOfMemoryError", "RandomError",
    "SpaceError", "StateError", "UnsupportedError", "VersionError",
]


class Error(Exception):
    """A call was refused; nothing changed unless the method says otherwise."""

    #: The library's number, negative; 0 where it was not asked.
    code: int = 0
    #: The library's name, "AVPN_ERROR_LIMIT"; of a code that this file does not know, "unknown".
    name: str = ""


class ArgumentError(Error, ValueError):
    """A parameter is outside its contract: fix the call."""

    code, name = d.AVPN_ERROR_ARGUMENT, "AVPN_ERROR_ARGUMENT"


class OutOfMemoryError(Error, MemoryError):
    """The allocator had nothing: nothing changed, try later."""

    code, name = d.AVPN_ERROR_MEMORY, "AVPN_ERROR_MEMORY"


class StateError(Error, RuntimeError):
    """Not now: the call does not fit the object's state."""

    code, name = d.AVPN_ERROR_STATE, "AVPN_ERROR_STATE"


class LimitError(Error):
    """A documented limit would be passed: nothing changed."""

    code, name = d.AVPN_ERROR_LIMIT, "AVPN_ERROR_LIMIT"


class FormatError(Error, ValueError):
    """Bytes or text are not in canonical form."""

    code, name = d.AVPN_ERROR_FORMAT, "AVPN_ERROR_FORMAT"


class AuthError(Error):
    """A signature, tag or key does not verify."""

    code, name = d.AVPN_ERROR_AUTH, "AVPN_ERROR_AUTH"


class VersionError(Error):
    """Older than what is held, or seen before: refused."""

    code, name = d.AVPN_ERROR_VERSION, "AVPN_ERROR_VERSION"


class ExpiredError(Error):
    """Validity has ended by the wall clock."""

    code, name = d.AVPN_ERROR_EXPIRED, "AVPN_ERROR_EXPIRED"


class NotFoundError(Error, LookupError):
    """No such member, peer, route ..."""

    code, name = d.AVPN_ERROR_NOT_FOUND, "AVPN_ERROR_NOT_FOUND"


class EmptyError(Error, LookupError):
    """Nothing more to return."""

    code, name = d.AVPN_ERROR_EMPTY, "AVPN_ERROR_EMPTY"


class SpaceError(Error):
    """An output buffer is too small. The bindings size buffers themselves: tell us when you see this one."""

    code, name = d.AVPN_ERROR_SPACE, "AVPN_ERROR_SPACE"


class RandomError(Error):
    """The randomness seam failed: nothing changed."""

    code, name = d.AVPN_ERROR_RANDOM, "AVPN_ERROR_RANDOM"


class ExhaustedError(Error):
    """A key's packet limit is reached: rekey first."""

    code, name = d.AVPN_ERROR_EXHAUSTED, "AVPN_ERROR_EXHAUSTED"


class ClosedError(StateError):
    """The object was closed, and is used, or closed, once more."""


class BusyError(StateError):
    """The object is in use by another thread, or by the call that is calling back: one at a time."""


class UnsupportedError(Error, NotImplementedError):
    """The library that is loaded was built without this part, or is older than the function."""


class LibraryError(ImportError):
    """`import autovpn` failed: the shared library is not found or cannot be loaded, or is not one these bindings can use."""


_BY_CODE: Dict[int, Type[Error]] = {
    kind.code: kind for kind in (
        ArgumentError, OutOfMemoryError, StateError, LimitError, FormatError, AuthError, VersionError, ExpiredError,
        NotFoundError, EmptyError, SpaceError, RandomError, ExhaustedError)
}


def error_of(code: int, function: str, about: Optional[str] = None) -> Error:
    """The exception for what `function` returned. `about`: what it was called with, for the message."""
    kind = _BY_CODE.get(code, Error)
    said = d.ERRORS.get(function, {}).get(code) or d.ERROR_TEXTS.get(code, "an error this version does not know")
    called = f"{function}({about})" if about else function
    error = kind(f"{called}: {said} [{d.ERROR_NAMES.get(code, str(code))}]")
    if kind is Error:
        error.code, error.name = code, "unknown"
    return error
