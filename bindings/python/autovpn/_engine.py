# SPDX-License-Identifier: ISC
"""The cycle that node, registry and publisher share: receive, send, deadline, timer."""
import ctypes
from typing import Any, Callable, ClassVar, Dict, Iterable, Iterator, List, Optional

from . import _declarations as d
from ._handle import Handle
from ._native import check, lib, text
from ._seams import Seams, seams_for
from ._values import TIME_NEVER, moment
from .address import ContactLike
from .aead import surfacing
from .events import Event
from .host import Host
from .packets import Datagram, datagram_batch


class Carrier(Handle):
    """Carries packets, perhaps with ciphers of the host's own: what those raise belongs to the call that used them."""

    def __init__(self, host: Optional[Host], has_ciphers: bool = False) -> None:
        super().__init__()
        self._seams: Seams = seams_for(self._failures, host)
        self._has_ciphers = has_ciphers or bool(self._seams.host.aeads)

    def _call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        if not self._has_ciphers:
            return super()._call(function, *arguments)
        with surfacing(self._failures):
            return super()._call(function, *arguments)


class Engine(Carrier):
    """A state machine without sockets, threads or clock.

    The host gives it datagrams and the time; it says what to send and when it wants to be called again. `now` is an int of nanoseconds of
    one monotonic clock (time.monotonic_ns(), or virtual time) and must not go backwards. One thread at a time.

        engine.receive_datagram(data, addr, now)       # for each datagram that comes
        engine.handle_timer(now)                       # when now >= engine.deadline
        for datagram in engine.datagrams_to_send():    # after each of these
            sockets[datagram.uplink].sendto(datagram.data, (datagram.remote.host, datagram.remote.port))

    All methods raise ClosedError after close(), BusyError where another thread is inside or a callback calls back, and what a
    callback of Host raised meanwhile.
    """

    _prefix: ClassVar[str]

    @classmethod
    def _function(cls, name: str) -> Any:
        return getattr(lib, f"{cls._prefix}_{name}")

    def _make(self, options: Any, host: Any, now: int, *keeps: object) -> None:
        """Let the library make it; what fails half way leaves nothing behind."""
        pointer = ctypes.c_void_p()
        new = self._function("new")
        with surfacing(self._failures):
            code = new(ctypes.byref(options), ctypes.byref(host), moment(now), ctypes.byref(pointer))
        if pointer.value is not None:
            self._own(pointer.value, self._seams.freeing(self._function("del")), self._seams, *keeps)
        try:
            self._raise(code, new.__name__)
        except BaseException:
            self._discard()
            raise

    def receive_datagram(self, data: bytes, addr: ContactLike, now: int, uplink: int = 0) -> None:
        """One datagram from the network, as it came from `addr` to the socket of `uplink`.

        `addr`: a Contact, "192.0.2.1:40000", or what recvfrom() gives. Bad datagrams are dropped and counted, they never raise.
        ArgumentError: no contact, or more than 65535 bytes.
        """
        self.receive_datagrams([(data, addr, uplink)], now)

    def receive_datagrams(self, datagrams: Iterable[Any], now: int) -> None:
        """Several in one call, which is faster: Datagrams, or tuples (data, addr, uplink)."""
        batch, count, buffer = datagram_batch((item[0], item[1], item[2]) for item in datagrams)
        self._check(self._function("receive"), batch, count, moment(now))
        del buffer  # that is how long it had to live

    def datagrams_to_send(self) -> List[Datagram]:
        """What is to be sent now; each is given once. Nothing, where Host.transmit takes them.

        At most 65536 wait, the oldest are lost first: the network does that too.
        """
        self._require_open()
        return self._seams.outgoing.take()

    @property
    def deadline(self) -> Optional[int]:
        """When handle_timer() is to be called, in nanoseconds; it may have passed. None: no timer runs."""
        at = int(self._call(self._function("deadline")))
        return None if at == TIME_NEVER else at

    def handle_timer(self, now: int) -> None:
        """Do what is due. Harmless when called early, and needed soon after `deadline`."""
        self._call(self._function("tick"), moment(now))


class EventEngine(Engine):
    """An engine that tells events."""

    def next_event(self) -> Optional[Event]:
        """The oldest event that was not fetched; None: nothing new."""
        struct = d.avpn_event()
        function = self._function("next_event")
        code = self._call(function, ctypes.byref(struct))
        if code == d.AVPN_ERROR_EMPTY:
            return None
        check(code, function.__name__)
        return Event._read(struct)

    def events(self) -> Iterator[Event]:
        """All events until there is none."""
        return iter(self.next_event, None)


def counters_of(engine: Handle, function: Any, name_of: Any) -> Dict[str, int]:
    """Counters by name."""
    count = engine._call(function, None, 0)
    values = (ctypes.c_uint64 * count)()
    engine._call(function, values, count)
    return {text(name_of(place)): int(value) for place, value in enumerate(values)}
