# SPDX-License-Identifier: ISC
"""The border at which C calls Python.

A `Seams` is what the library's callbacks refer to: it lives in what the handle keeps, exactly as long as the engine, and has no way
back to it. Each callback is a ctypes object made here once. Whatever is raised inside of one stays here, in `failures`, and
the library is given the documented answer of a failure; Handle._call raises it when the library has returned. Bytes and
structs that the library lends are copied before anybody sees them.
"""
import ctypes
import threading
from typing import Any, Callable, Deque, List, Optional

from . import _declarations as d
from ._handle import Failures
from ._values import octets, sized
from .enums import LogLevel
from .errors import ArgumentError
from .events import Event
from .handover import SaChange
from .host import Allocator, Host
from .packets import Datagram, datagrams_of, packets_of

#: What may wait to be fetched; beyond it the oldest is lost, as in a network.
QUEUE_LIMIT = 65536


class Queue(Deque[Any]):
    """Waits for the caller. Threads may add and take at the same time."""

    def __init__(self) -> None:
        super().__init__(maxlen=QUEUE_LIMIT)

    def take(self) -> List[Any]:
        """All there is."""
        taken = []
        while self:
            taken.append(self.popleft())
        return taken


class Seams:
    """Callbacks of one engine or worker, and what they collected."""

    def __init__(self, failures: Failures, host: Optional[Host] = None) -> None:
        self.host = host if host is not None else Host()
        self.outgoing, self.inward, self.punts = Queue(), Queue(), Queue()
        #: The thread inside of host.resolve, which may answer from there.
        self.resolving: Optional[int] = None
        self._failures = failures
        self._keeps: List[Any] = []

    def guarded(self, kind: Any, function: Callable[..., Any], failed: Any = None) -> Any:
        """`function` as a callback of a ctypes type; it is called without the `user` that comes first."""
        failures = self._failures

        def called(_user: Any, *arguments: Any) -> Any:
            try:
                return function(*arguments)
            except BaseException as error:  # also KeyboardInterrupt: nothing passes through C
                failures.add(error)
                return failed

        callback = kind(called)
        self._keeps.append(callback)
        return callback

    def freeing(self, free: Callable[[int], None]) -> Callable[[int], None]:
        """`free`, and then let go of the host: callbacks are needed until the last, and no longer."""
        def run(pointer: int) -> None:
            free(pointer)
            self._keeps.clear()
            self.host = Host()
        return run

    # ---- struct avpn_host --------------------------------------------------

    def memory(self) -> Any:
        """A struct avpn_host with the allocator alone, or None: for what is no engine."""
        if self.host.allocator is None:
            return None
        struct = sized(d.avpn_host)
        self._add_allocator(struct, self.host.allocator)
        return struct

    def allocator(self) -> Any:
        """The same as an argument: a pointer, or None."""
        struct = self.memory()
        return None if struct is None else ctypes.byref(struct)

    def engine(self, delivers: bool = True) -> Any:
        """The whole struct avpn_host. `delivers`: inner packets come out."""
        struct, host = sized(d.avpn_host), self.host
        if host.allocator is not None:
            self._add_allocator(struct, host.allocator)
        struct.transmit = self.guarded(d.avpn_host_transmit, self._transmit)
        if delivers:
            struct.deliver = self.guarded(d.avpn_host_deliver, self._deliver)
        if host.breakout is not None:
            struct.breakout = self.guarded(d.avpn_host_breakout, self._breakout)
        if host.random is not None:
            struct.random = self.guarded(d.avpn_host_random, self._random, -1)
        if host.wall_clock is not None:
            struct.wall_clock = self.guarded(d.avpn_host_wall_clock, host.wall_clock, 0)
        if host.store is not None:
            struct.store_read = self.guarded(d.avpn_host_store_read, self._store_read, -1)
            struct.store_write = self.guarded(d.avpn_host_store_write, self._store_write, -1)
        if host.resolve is not None:
            struct.resolve = self.guarded(d.avpn_host_resolve, self._resolve)
        if host.log is not None:
            struct.log = self.guarded(d.avpn_host_log, self._log)
        if host.event is not None:
            struct.event = self.guarded(d.avpn_host_event, self._event)
        if host.sa is not None:
            struct.sa = self.guarded(d.avpn_host_sa, self._sa)
        if host.aeads:
            struct.aeads = self._providers()
        return struct

    def worker(self) -> Any:
        """A struct avpn_worker_host."""
        struct = sized(d.avpn_worker_host)
        struct.transmit = self.guarded(d.avpn_worker_host_transmit, self._transmit)
        struct.deliver = self.guarded(d.avpn_worker_host_deliver, self._deliver)
        struct.punt = self.guarded(d.avpn_worker_host_punt, self._punt)
        if self.host.breakout is not None:
            struct.breakout = self.guarded(d.avpn_worker_host_breakout, self._breakout)
        return struct

    def _add_allocator(self, struct: Any, allocator: Allocator) -> None:
        struct.allocate = self.guarded(d.avpn_host_allocate, allocator.allocate)
        struct.resize = self.guarded(d.avpn_host_resize, allocator.resize)
        struct.release = self.guarded(d.avpn_host_release, allocator.release)

    def _providers(self) -> Any:
        pointers = [aead._pointer for aead in self.host.aeads]
        array = (ctypes.POINTER(d.avpn_aead) * (len(pointers) + 1))(*pointers)
        self._keeps.append(array)
        return array

    # ---- what they do ------------------------------------------------------

    def _transmit(self, batch: Any, count: int) -> None:
        self._each(datagrams_of(batch, count), self.host.transmit, self.outgoing)

    def _deliver(self, batch: Any, count: int) -> None:
        self._each(packets_of(batch, count), self.host.deliver, self.inward)

    def _breakout(self, batch: Any, count: int) -> None:
        self._each(packets_of(batch, count), self.host.breakout, self.inward)

    def _each(self, items: Any, function: Optional[Callable[[Any], object]], queue: Queue) -> None:
        """One that fails does not keep the next from coming."""
        if function is None:
            queue.extend(items)
            return
        for item in items:
            try:
                function(item)
            except BaseException as error:
                self._failures.add(error)

    def _random(self, place: int, count: int) -> int:
        assert self.host.random is not None
        data = octets(self.host.random(count), "what Host.random returned", count)
        ctypes.memmove(place, data, count)
        return 0

    def _store_read(self, name: bytes, place: Optional[int], capacity: int) -> int:
        assert self.host.store is not None
        stored = self.host.store.get(name.decode())
        if stored is None:
            return -1
        data = octets(stored, f"what the store has as {name.decode()}")
        if capacity:
            ctypes.memmove(place or 0, data, min(len(data), capacity))
        return len(data)

    def _store_write(self, name: bytes, place: Optional[int], count: int) -> int:
        assert self.host.store is not None
        self.host.store[name.decode()] = ctypes.string_at(place or 0, count) if count else b""
        return 0

    def _resolve(self, request: int, name: bytes) -> None:
        assert self.host.resolve is not None
        before, self.resolving = self.resolving, threading.get_ident()
        try:
            self.host.resolve(request, name.decode())
        finally:
            self.resolving = before

    def _log(self, level: int, text: bytes) -> None:
        assert self.host.log is not None
        self.host.log(LogLevel(level), text.decode("utf-8", "replace"))

    def _event(self, event: Any) -> None:
        assert self.host.event is not None
        self.host.event(Event._read(event.contents))

    def _sa(self, change: Any) -> None:
        assert self.host.sa is not None
        self.host.sa(SaChange._read(change.contents))

    def _punt(self, place: int, count: int) -> None:
        self.punts.append(ctypes.string_at(place, count))


def seams_for(failures: Failures, host: Optional[Host]) -> Seams:
    """Seams of what the caller gave, which must be a Host."""
    if host is not None and not isinstance(host, Host):
        raise ArgumentError(f"host is to be an autovpn.Host, and is a {type(host).__name__}")
    return Seams(failures, host)


__all__ = ["Datagram", "Queue", "Seams", "seams_for"]
