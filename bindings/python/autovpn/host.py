# SPDX-License-Identifier: ISC
"""What an engine may ask of the program that hosts it.

Every seam is optional, and everything has a default: datagrams and packets are collected (`datagrams_to_send()`,
`packets_received()`), events wait in their queue, randomness is the library's, expiry is not judged, nothing is stored or logged, and
only literal addresses of registries work.

Callables are called from inside of the engine's own methods only, on the caller's thread. They must not use the engine that
calls them (BusyError) - but `resolve` may answer at once with Node.resolved(). What they are given is theirs to keep. What they
raise does not pass through the library: it is told that the callback failed, and the method that was called raises it, with
its traceback, when the library has returned. The engine stays usable.

    host = autovpn.Host(store=autovpn.FolderStore("/var/lib/site"), wall_clock=lambda: int(time.time()))
"""
import os
import pathlib
import re
from dataclasses import dataclass
from typing import Any, Callable, Iterator, MutableMapping, Optional, Sequence, Union

from .enums import LogLevel
from .events import Event
from .handover import SaChange
from .packets import Datagram

__all__ = ["Allocator", "FolderStore", "Host"]


@dataclass(frozen=True)
class Allocator:
    """The engine's memory. Addresses are ints; 0 or None: there is none."""

    #: Bytes wanted -> address.
    allocate: Callable[[int], Optional[int]]
    #: Address (None at first), bytes wanted -> address; as C's realloc.
    resize: Callable[[Optional[int], int], Optional[int]]
    #: Address, or None, which is to be ignored.
    release: Callable[[Optional[int]], object]


@dataclass(frozen=True)
class Host:
    """The seams of an engine; see this module's text."""

    #: Count -> so many strong random bytes. A failure ends the call with RandomError, or what it raised.
    random: Optional[Callable[[int], bytes]] = None
    #: Seconds since 1970 UTC, 0 where unknown: to judge expiry.
    wall_clock: Optional[Callable[[], int]] = None
    #: What survives restarts, by short ASCII names: a dict forgets, a FolderStore does not.
    store: Optional[MutableMapping[str, bytes]] = None
    #: Request, name: answer with Node.resolved(request, addresses, now), now or later.
    resolve: Optional[Callable[[int, str], object]] = None
    #: One line for a person.
    log: Optional[Callable[[LogLevel, str], object]] = None
    #: Gets each datagram at once, in the place of datagrams_to_send().
    transmit: Optional[Callable[[Datagram], object]] = None
    #: Gets each inner packet for this site at once, in the place of packets_received().
    deliver: Optional[Callable[[bytes], object]] = None
    #: Gets inner packets that are to leave by the site's own internet connection. Without it they are dropped and counted.
    breakout: Optional[Callable[[bytes], object]] = None
    #: Gets each event the moment it happens; they are queued for next_event() all the same.
    event: Optional[Callable[[Event], object]] = None
    #: Gets security associations, of a Node made with hands_over=True, which needs it.
    sa: Optional[Callable[[SaChange], object]] = None
    #: Default: the C library's.
    allocator: Optional[Allocator] = None
    #: Providers of packet encryption, tried before the library's.
    aeads: Sequence[Any] = ()


class FolderStore(MutableMapping[str, bytes]):
    """A store of one file per name in a folder, which is made; written so that a crash leaves the old content or the new."""

    _NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

    def __init__(self, folder: Union[str, "os.PathLike[str]"]) -> None:
        self._folder = pathlib.Path(folder)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _path(self, name: str) -> pathlib.Path:
        if not self._NAME.fullmatch(name):
            raise KeyError(name)
        return self._folder / name

    def __getitem__(self, name: str) -> bytes:
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            raise KeyError(name) from None

    def __setitem__(self, name: str, value: bytes) -> None:
        path = self._path(name)
        beside = path.with_name(f".{name}.new")
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(value)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)

    def __delitem__(self, name: str) -> None:
        try:
            self._path(name).unlink()
        except FileNotFoundError:
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        return (entry.name for entry in self._folder.iterdir() if self._NAME.fullmatch(entry.name))

    def __len__(self) -> int:
        return sum(1 for _ in self)
