# SPDX-License-Identifier: ISC
"""What all objects have in common that own something of the library: an engine, a configuration, a route table.

One owner, one thread, one end. Every call goes through `_call`, which holds the object meanwhile, so that misuse raises and never
reaches the library:

- used after close(), or closed a second time: ClosedError. A second close() means that two parts of a program think
  they own the object; the end of a `with` block and the garbage collector find it closed and are content.
- used while another thread is inside, or from inside of one of its own callbacks: BusyError, at once. Objects that only
  answer questions (configurations) let threads wait for each other instead.

An object keeps what it depends on alive (a worker its node), and a parent that is closed first closes its children. What was
not closed is freed when the last reference goes; at the interpreter's end nothing is, the process' memory goes as a whole. There
is no ResourceWarning, since an engine holds memory alone, no socket and no file.

Exceptions of callbacks: see _seams.py. They are raised from `_call`, after the library has returned.
"""
import contextlib
import sys
import threading
from typing import Any, Callable, Iterator, List, Optional, Set, Tuple, Type, TypeVar

from ._native import check
from .errors import BusyError, ClosedError

H = TypeVar("H", bound="Handle")

__all__ = ["Handle"]


class Failures:
    """What callbacks raised during a call, in their order."""

    def __init__(self) -> None:
        self._all: List[BaseException] = []

    def add(self, error: BaseException) -> None:
        """From inside a callback."""
        self._all.append(error)

    def __bool__(self) -> bool:
        return bool(self._all)

    def forget(self) -> None:
        """Drop them."""
        self._all = []

    def raise_first(self) -> None:
        """Raise the first, which the others may follow from; they are its context, so a traceback shows all of them."""
        failed, self._all = self._all, []
        if not failed:
            return
        for earlier, later in zip(failed, failed[1:]):
            end = earlier
            while end.__context__ is not None and end.__context__ is not later:
                end = end.__context__
            if end is not later:
                end.__context__ = later
        raise failed[0]


class Owned:
    """What a Handle owns. Apart from it, and with no way back to it, so that a parent can free its children in the right order
    also when the collector finds all of them at once, in an order of its own."""

    def __init__(self) -> None:
        self.pointer: Optional[int] = None
        self.free: Callable[[int], None] = _nothing_to_free
        self.lock = threading.Lock()
        self.keeps: Tuple[object, ...] = ()
        self.parent: Optional[Owned] = None
        self.children: Set[Owned] = set()

    def hold(self, what: str, waits: bool = False) -> None:
        """Enter, for one call."""
        if not self.lock.acquire(blocking=waits):
            raise BusyError(f"{what}: another thread is inside, or this is a callback of the object itself; one call at a "
                            "time - queue it, or use a lock of your own")

    def release(self) -> None:
        """Free it, children first. The lock is held, or nobody else can have it."""
        for child in list(self.children):
            child.hold("close")
            try:
                child.release()
            finally:
                child.lock.release()
        pointer, self.pointer = self.pointer, None
        if pointer is not None:
            self.free(pointer)
        self.keeps = ()
        if self.parent is not None:
            self.parent.children.discard(self)
            self.parent = None


class Handle:
    """Owns one object of the library. Subclasses make it, and call `_own` once they have it."""

    #: Threads wait for each other, in the place of BusyError: for objects that never call back.
    _waits = False

    def __init__(self) -> None:
        self._owned = Owned()
        self._failures = Failures()
        self._parent: Optional[Handle] = None

    # ---- for subclasses ----------------------------------------------------

    def _own(self, pointer: Optional[int], free: Callable[[int], None], *keeps: object,
             parent: "Optional[Handle]" = None) -> None:
        """Take over what the library made. `keeps`: what it refers to, kept until it is freed."""
        owned = self._owned
        owned.pointer, owned.free, owned.keeps = pointer, free, keeps
        if parent is not None:
            self._parent, owned.parent = parent, parent._owned
            parent._owned.children.add(owned)

    def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call the library with this object; what a callback raised is raised now."""
        owned = self._owned
        owned.hold(f"{type(self).__name__}: {function.__name__}", self._waits)
        try:
            if owned.pointer is None:
                raise ClosedError(f"{type(self).__name__}: {function.__name__}: it is closed")
            result = function(owned.pointer, *arguments)
        finally:
            owned.lock.release()
        if self._failures:
            self._failures.raise_first()
        return result

    @contextlib.contextmanager
    def _borrowed(self, doing: str) -> Iterator[int]:
        """The pointer, for a call in which this object is not the first argument."""
        owned = self._owned
        owned.hold(f"{type(self).__name__}: {doing}", self._waits)
        try:
            if owned.pointer is None:
                raise ClosedError(f"{type(self).__name__}: {doing}: it is closed")
            yield owned.pointer
        finally:
            owned.lock.release()

    def _check(self, function: Callable[..., Any], *arguments: Any, about: Optional[str] = None) -> int:
        """The same for functions that return an error: it is raised."""
        return check(self._call(function, *arguments), function.__name__, about)

    def _raise(self, code: int, function: str, about: Optional[str] = None) -> None:
        """What a callback raised, or else the library's error: that one follows from it."""
        if self._failures:
            self._failures.raise_first()
        check(code, function, about)

    def _discard(self) -> None:
        """Free what a constructor had before it failed; what is raised meanwhile would hide why."""
        self._owned.release()
        self._failures.forget()

    def _require_open(self) -> None:
        if self._owned.pointer is None:
            raise ClosedError(f"{type(self).__name__}: it is closed")

    # ---- the end -----------------------------------------------------------

    @property
    def closed(self) -> bool:
        """True once close() was called, also of what it depends on."""
        return self._owned.pointer is None

    def close(self) -> None:
        """Free it, and what depends on it; secrets are wiped.

        ClosedError: it was closed before. BusyError: a call is under way.
        """
        owned = self._owned
        owned.hold(f"{type(self).__name__}.close", self._waits)
        try:
            if owned.pointer is None:
                raise ClosedError(f"{type(self).__name__}.close: it was closed before: has it two owners?")
            owned.release()
        finally:
            owned.lock.release()
        self._parent = None
        if self._failures:
            self._failures.raise_first()

    def __enter__(self: H) -> H:
        if self.closed:
            raise ClosedError(f"{type(self).__name__}: it is closed")
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Any) -> None:
        if not self.closed:
            self.close()

    def __del__(self) -> None:
        # Half made, where a constructor raised; or at the interpreter's end, when callbacks cannot run any more.
        owned = getattr(self, "_owned", None)
        if owned is None or owned.pointer is None or sys.is_finalizing():
            return
        owned.release()
        self._failures.raise_first()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}{' closed' if self.closed else ''} at {id(self):#x}>"

    def __reduce__(self) -> Any:
        raise TypeError(f"a {type(self).__name__} cannot be copied or pickled: it owns an object of the library")


def _nothing_to_free(_pointer: int) -> None:
    pass
