# SPDX-License-Identifier: ISC
"""The shared library: found, checked, and its functions with their types.

It is taken from the first of these places that has one:

1. where the environment's AUTOVPN_LIBRARY says (a path), which is somebody's deliberate choice;
2. _lib/ beside this file: a wheel carries its own, of the same version;
3. the system's libautovpn.so.0.

`lib.path` tells which it was.

`lib.avpn_x(...)` calls it. A function that it lacks - a part that was left out of the build, or one that is younger than the library -
does not hinder the import: calling it raises UnsupportedError.
"""
import ctypes
import os
import pathlib
from typing import Any, Callable, NoReturn, Optional, Tuple

from . import _declarations as d
from .errors import LibraryError, UnsupportedError, error_of

_SONAME = "libautovpn.so." + d.VERSION.split(".", maxsplit=1)[0]
_OWN = pathlib.Path(__file__).parent / "_lib" / _SONAME


class Library:
    """The functions of one loaded library, as attributes under their C names."""

    def __init__(self, handle: ctypes.CDLL, path: str) -> None:
        self.path = path
        self._handle = handle
        for name, (result, parameters, feature) in d.FUNCTIONS.items():
            setattr(self, name, self._bind(name, result, parameters, feature))

    def _bind(self, name: str, result: Any, parameters: Tuple[Any, ...], feature: str) -> Callable[..., Any]:
        try:
            function = getattr(self._handle, name)
        except AttributeError:
            return self._missing(name, feature)
        function.restype, function.argtypes = result, parameters
        return function  # type: ignore[no-any-return]  # ctypes makes them at run time

    def _missing(self, name: str, feature: str) -> Callable[..., Any]:
        if feature:
            why = f"{self.path} was built without it (-D{feature}=false): {name} needs the {feature} part"
        else:
            why = f"{name} is not in {self.path}: it is older than these bindings ({d.VERSION})"

        def refuse(*_arguments: object) -> NoReturn:
            raise UnsupportedError(why)

        refuse.__name__ = name
        return refuse

    def __getattr__(self, name: str) -> Callable[..., Any]:  # for the type checker: __init__ set those there are
        raise AttributeError(f"the API has no function {name}")


def check(code: int, function: str, about: Optional[str] = None) -> int:
    """What a function returned, or its error raised. `about`: its arguments, for the message."""
    if code < 0:
        raise error_of(code, function, about)
    return code


def text(value: Optional[bytes]) -> str:
    """Static text of the library."""
    return value.decode("utf-8", "replace") if value is not None else ""


def _load() -> Library:
    path = os.environ.get("AUTOVPN_LIBRARY") or (str(_OWN) if _OWN.exists() else _SONAME)
    try:
        handle = ctypes.CDLL(path)
    except OSError as error:
        raise LibraryError(
            f"libautovpn cannot be loaded ({error}). Install the library, or a wheel that carries it, or let the "
            f"environment variable AUTOVPN_LIBRARY name the file, for example build/lib/{_SONAME}") from error
    library = Library(handle, path)
    _require_compatible(library)
    return library


def _require_compatible(library: Library) -> None:
    try:
        found = text(library.avpn_version())
    except UnsupportedError as error:
        raise LibraryError(f"{library.path} is no libautovpn") from error
    if found.split(".")[0] != d.VERSION.split(".")[0]:
        raise LibraryError(f"{library.path} is libautovpn {found}, and these bindings are for "
                           f"{d.VERSION.split('.')[0]}.x: install those of its version")


lib = _load()
