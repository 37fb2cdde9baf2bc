# SPDX-License-Identifier: ISC
"""Engines driven by asyncio: one protocol object for an engine, one transport for each of its sockets.

    node = autovpn.Node(organization, pair, aio.time_ns(), bundle=bundle)
    async with aio.NodeProtocol(node, on_packet=tun.write) as site:
        await site.open_uplink(0, ("192.0.2.7", 40001))
        async for event in site.events():
            print(event)

The protocol owns the engine from then on: its timer (against the loop's clock), what it sends, its end. Call the engine's methods that look in
as you like; those that take `now` through `protocol.call(engine.method, ...)`, which also sends what comes of it.

What callbacks raise - those of Host, and `on_packet` - ends the protocol where it happened inside of the loop: sockets are closed, and
events(), packets() and wait_closed() raise it. Inside of send_packet() and call() it is raised there, and nothing ends.
"""
import asyncio
import socket
import sys
import warnings
from collections import deque
from typing import Any, AsyncIterator, Callable, Deque, Dict, Generic, List, Optional, Tuple, Type, TypeVar, cast

from ._engine import Engine, EventEngine
from .address import Contact, ContactLike
from .errors import ClosedError
from .events import Event
from .node import Node
from .packets import Datagram
from .publisher import Publisher, PublisherStatus
from .registry import Registry

__all__ = [
    "EngineProtocol", "EventProtocol", "NodeProtocol", "PublisherProtocol", "RegistryProtocol", "Resolver", "time_ns",
]

E = TypeVar("E", bound=Engine)
V = TypeVar("V", bound=EventEngine)
P = TypeVar("P", bound="EngineProtocol[Any]")
T = TypeVar("T")
SocketAddress = Tuple[str, int]


def time_ns() -> int:
    """The running loop's clock in nanoseconds: the `now` with which an engine for it is made."""
    return int(asyncio.get_running_loop().time() * 1e9)


class EngineProtocol(asyncio.DatagramProtocol, Generic[E]):
    """What all have in common. Made inside of a running loop; it is the protocol of uplink 0, `uplink(n)` that of another."""

    def __init__(self, engine: E) -> None:
        self.engine = engine
        self._loop = asyncio.get_running_loop()
        self._now = 0
        self._timer: Optional[asyncio.TimerHandle] = None
        self._transports: Dict[int, asyncio.DatagramTransport] = {}
        self._paused: Dict[int, bool] = {}
        self._changed = asyncio.Event()
        self._closed: "asyncio.Future[None]" = self._loop.create_future()
        self._is_closing = False
        self._failure: Optional[BaseException] = None
        #: Datagrams lost because a socket took no more, or there was none.
        self.datagrams_lost = 0
        self._serve_guarded()

    # ---- what to call -------------------------------------------------------

    def now(self) -> int:
        """The loop's clock in nanoseconds, as the engine is given it."""
        self._now = max(self._now, int(self._loop.time() * 1e9))
        return self._now

    def call(self, method: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """A method of the engine whose parameter `now` is to be filled in; sends what comes of it.

            site.call(node.set_offer, "10.2.0.0/16", False)
        """
        self._require_open()
        try:
            return method(*arguments, now=self.now(), **named)
        finally:
            self._serve_guarded()  # also after an error: what came before it is to be sent

    async def open_socket(self, uplink: int = 0, local: Optional[SocketAddress] = None, *,
                          sock: Optional[socket.socket] = None) -> Contact:
        """Open the socket of an uplink: bound to `local`, or a bound UDP socket of yours. Returns where it is bound.

        On Linux datagrams then leave with DF, but those that may be fragmented: so the path's MTU is found. OSError.
        """
        self._require_open()
        transport, _ = await self._loop.create_datagram_endpoint(
            lambda: self.uplink(uplink), local_addr=None if sock is not None else local, sock=sock)
        return Contact.of(transport.get_extra_info("sockname"))

    def uplink(self, number: int) -> asyncio.DatagramProtocol:
        """The protocol of one more socket, for loop.create_datagram_endpoint()."""
        return _Uplink(self, number)

    @property
    def is_closing(self) -> bool:
        """close() was called, or something failed."""
        return self._is_closing

    def close(self) -> None:
        """Send what waits, close sockets, timer and engine; wait_closed() tells when that is done. Safe to repeat.

        Not from inside of a callback of Host, which is inside of the engine.
        """
        self._end(None)

    async def wait_closed(self) -> None:
        """Until all is closed; raises what ended it."""
        await asyncio.shield(self._closed)

    async def __aenter__(self: P) -> P:
        return self

    async def __aexit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Any) -> None:
        self.close()
        try:
            await self.wait_closed()
        except BaseException as failure:
            if failure is not error:  # what left the block already is not raised again
                raise

    # ---- asyncio.DatagramProtocol, of uplink 0 ---------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's."""
        self._connected(0, cast(asyncio.DatagramTransport, transport))

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """asyncio's."""
        self._received(data, addr, 0)

    def connection_lost(self, exc: Optional[Exception]) -> None:
        """asyncio's."""
        self._lost(0, exc)

    def pause_writing(self) -> None:
        """asyncio's: datagrams are lost until resume_writing()."""
        self._paused[0] = True

    def resume_writing(self) -> None:
        """asyncio's."""
        self._paused[0] = False

    # ---- the work ----------------------------------------------------------------

    def _connected(self, uplink: int, transport: asyncio.DatagramTransport) -> None:
        if self._is_closing:
            transport.abort()
            return
        self._transports[uplink] = transport
        _set_fragmenting(transport, False)
        self._serve_guarded()

    def _received(self, data: bytes, addr: Any, uplink: int) -> None:
        if self._is_closing:
            return
        try:
            self.engine.receive_datagram(data, addr, self.now(), uplink)
        except BaseException as error:
            self._end(error)
        else:
            self._serve_guarded()

    def _lost(self, uplink: int, error: Optional[Exception]) -> None:
        self._transports.pop(uplink, None)
        if error is not None and not self._is_closing:
            self._end(error)
        self._settle()

    def _due(self) -> None:
        self._timer = None
        if self._is_closing:
            return
        try:
            at = self.engine.deadline
            if at is not None:  # the loop's clock is coarse, it may call a little early: count that as late enough
                self._now = max(self.now(), min(at, self.now() + 1_000_000))
            self.engine.handle_timer(self.now())
        except BaseException as error:
            self._end(error)
        else:
            self._serve_guarded()

    def _serve_guarded(self) -> None:
        if self._is_closing:
            return
        try:
            self._serve()
        except BaseException as error:
            self._end(error)

    def _serve(self) -> None:
        """After every call into the engine: send, hand on, set the timer."""
        self._flush()
        self._hand_on()
        if self._is_closing:  # by whom they were handed to
            return
        at = self.engine.deadline
        if self._timer is not None and (at is None or self._timer.when() != at / 1e9):
            self._timer.cancel()
            self._timer = None
        if at is not None and self._timer is None:
            self._timer = self._loop.call_at(at / 1e9, self._due)
        self._changed.set()

    def _hand_on(self) -> None:
        """For those that deliver packets."""

    def _flush(self) -> None:
        if not self._transports:  # they wait for the first one
            return
        for datagram in self.engine.datagrams_to_send():
            transport = self._transports.get(datagram.uplink)
            if transport is None or transport.is_closing() or self._paused.get(datagram.uplink):
                self.datagrams_lost += 1
            elif datagram.may_fragment:
                _set_fragmenting(transport, True)
                self._send(transport, datagram)
                _set_fragmenting(transport, False)
            else:
                self._send(transport, datagram)

    @staticmethod
    def _send(transport: asyncio.DatagramTransport, datagram: Datagram) -> None:
        transport.sendto(datagram.data, (datagram.remote.host, datagram.remote.port))

    # ---- the end -------------------------------------------------------------------

    def _require_open(self) -> None:
        if self._is_closing:
            raise ClosedError(f"{type(self).__name__}: it is closed") from self._failure

    def _farewell(self) -> None:
        """What the engine says at its end."""

    def _end(self, failure: Optional[BaseException]) -> None:
        if self._is_closing:
            return
        self._is_closing, self._failure = True, failure
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        try:
            if failure is None:
                self._farewell()
                self._flush()
            if not self.engine.closed:
                self.engine.close()
        except BaseException as error:
            self._failure = self._failure or error
        for transport in list(self._transports.values()):
            transport.close()
        self._changed.set()
        self._settle()
        if failure is not None and not isinstance(failure, Exception):
            raise failure  # KeyboardInterrupt, SystemExit: the loop's too

    def _settle(self) -> None:
        if self._is_closing and not self._transports and not self._closed.done():
            if self._failure is None:
                self._closed.set_result(None)
            else:
                self._closed.set_exception(_storable(self._failure))

    async def _wait_for_change(self) -> bool:
        """False: it has ended, in peace."""
        if self._is_closing:
            await self.wait_closed()
            return False
        self._changed.clear()
        await self._changed.wait()
        return True

    def __del__(self) -> None:
        if getattr(self, "_transports", None) and not self._is_closing:
            warnings.warn(f"{self!r} was not closed", ResourceWarning, source=self)


def _storable(error: BaseException) -> BaseException:
    """A future refuses StopIteration."""
    if isinstance(error, StopIteration):
        made = RuntimeError("a callback raised StopIteration")
        made.__cause__ = error
        return made
    return error


class _Uplink(asyncio.DatagramProtocol):
    """One socket of an engine."""

    def __init__(self, owner: "EngineProtocol[Any]", number: int) -> None:
        self._owner, self._number = owner, number

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._owner._connected(self._number, cast(asyncio.DatagramTransport, transport))

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._owner._received(data, addr, self._number)

    def connection_lost(self, exc: Optional[Exception]) -> None:
        self._owner._lost(self._number, exc)

    def pause_writing(self) -> None:
        self._owner._paused[self._number] = True

    def resume_writing(self) -> None:
        self._owner._paused[self._number] = False


def _set_fragmenting(transport: asyncio.DatagramTransport, may_fragment: bool) -> None:
    """DF, and no opinion of the kernel's about the path: IP_PMTUDISC_PROBE; or IP_PMTUDISC_DONT."""
    sock = transport.get_extra_info("socket")
    if sock is None or not sys.platform.startswith("linux"):
        return
    mode = 0 if may_fragment else 3
    if sock.family == socket.AF_INET:
        sock.setsockopt(socket.IPPROTO_IP, 10, mode)  # IP_MTU_DISCOVER
    elif sock.family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, 23, mode)  # IPV6_MTU_DISCOVER


class EventProtocol(EngineProtocol[V]):
    """Of engines that tell events."""

    async def events(self) -> AsyncIterator[Event]:
        """Events as they come, until close(); raises what ended it. Each is given once, whoever asks."""
        while True:
            event = None if self.engine.closed else self.engine.next_event()
            if event is not None:
                yield event
            elif not await self._wait_for_change():
                return


class RegistryProtocol(EventProtocol[Registry]):
    """A registry on asyncio: `await registry.open_socket(0, ("0.0.0.0", 9350))`."""


class PublisherProtocol(EngineProtocol[Publisher]):
    """A publisher on asyncio: open_socket(), offer through call(), and wait."""

    async def done(self) -> PublisherStatus:
        """Until all that was asked for is done, refused, or the registry is silent."""
        while True:
            status = self.engine.status()
            if status.is_done:
                return status
            if not await self._wait_for_change():
                raise ClosedError("PublisherProtocol: it was closed before it was done")


class Resolver:
    """Names of registries, by the loop's getaddrinfo: for Host(resolve=resolver) and NodeProtocol(node, resolver=resolver)."""

    def __init__(self) -> None:
        self._early: List[Tuple[int, str]] = []
        self._protocol: Optional["NodeProtocol"] = None
        self._tasks: "set[asyncio.Task[None]]" = set()

    def __call__(self, request: int, name: str) -> None:
        """Host.resolve."""
        if self._protocol is None:
            self._early.append((request, name))
        else:
            self._start(request, name)

    def _attach(self, protocol: "NodeProtocol") -> None:
        self._protocol, early, self._early = protocol, self._early, []
        for request, name in early:
            self._start(request, name)

    def _start(self, request: int, name: str) -> None:
        task = asyncio.get_running_loop().create_task(self._answer(request, name))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, request: int, name: str) -> None:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(name, None, type=socket.SOCK_DGRAM)
        except OSError:
            found = []
        protocol = self._protocol
        if protocol is not None and not protocol.is_closing:
            protocol._answered(request, list(dict.fromkeys(entry[4][0].split("%")[0] for entry in found)))

    def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._protocol = None


class NodeProtocol(EventProtocol[Node]):
    """A site on asyncio."""

    def __init__(self, node: Node, *, on_packet: Optional[Callable[[bytes], object]] = None,
                 resolver: Optional[Resolver] = None) -> None:
        """`on_packet` gets each inner packet for this site; without it they wait for packets(). `resolver`: that of the node's Host."""
        self._on_packet = on_packet
        self._packets: Deque[bytes] = deque(maxlen=65536)
        self._resolver = resolver
        super().__init__(node)
        if resolver is not None:
            resolver._attach(self)

    async def open_uplink(self, uplink: int, local: Optional[SocketAddress] = None, *,
                          sock: Optional[socket.socket] = None, contact: Optional[ContactLike] = None,
                          mtu_bytes: int = 0) -> Contact:
        """Open the socket of an uplink and bring it up. Returns where it is bound.

        `contact`: where the machine is seen on that link, if the socket is bound to no address; None: not known. `mtu_bytes`: of the
        link; 0: 1500. For a socket of each family take an uplink each. OSError.
        """
        bound = await self.open_socket(uplink, local, sock=sock)
        if contact is None and any(bytes(bound._value.bytes)):
            contact = bound
        self.call(self.engine.set_uplink, uplink, local=contact, mtu_bytes=mtu_bytes)
        return bound

    def send_packet(self, packet: bytes) -> None:
        """An inner IP packet from this site; as Node.send_packet(), of which it raises the errors."""
        self.call(self.engine.send_packet, packet)

    async def packets(self) -> AsyncIterator[bytes]:
        """Inner packets for this site as they come, until close(); raises what ended it. At most 65536 wait."""
        while True:
            if self._packets:
                yield self._packets.popleft()
            elif not await self._wait_for_change():
                return

    def _hand_on(self) -> None:
        self._packets.extend(self.engine.packets_received())
        while self._on_packet is not None and self._packets:  # in order also where on_packet() sends
            self._on_packet(self._packets.popleft())

    def _answered(self, request: int, addresses: List[str]) -> None:
        try:
            self.engine.resolved(request, addresses, self.now())
        except LookupError:  # the node asks for it no more
            return
        except BaseException as error:
            self._end(error)
            return
        self._serve_guarded()

    def _farewell(self) -> None:
        self.engine.leave(self.now())

    def _end(self, failure: Optional[BaseException]) -> None:
        if self._resolver is not None:
            self._resolver._stop()
        super()._end(failure)
