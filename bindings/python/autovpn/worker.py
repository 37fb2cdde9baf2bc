# SPDX-License-Identifier: ISC
"""More threads for the packets of one node.

A worker seals and opens, checks and delivers as the node itself does, on a thread of its own; calls into the library
let other Python threads run. What it cannot do itself it punts: blocks of bytes for the node's thread.

    worker = autovpn.Worker(node)                  # on the node's thread
    worker.receive_datagram(data, addr, now)       # on the worker's thread, as with a node
    queue.extend(worker.punts_to_take())           # carry them over
    node.take_punt(queue.popleft(), now)           # on the node's thread
"""
import ctypes
from typing import Any, Iterable, List, Optional, TYPE_CHECKING

from ._engine import Carrier
from ._native import lib
from ._values import moment
from .address import ContactLike
from .host import Host
from .packets import Datagram, datagram_batch, packet_batch

if TYPE_CHECKING:
    from .node import Node

__all__ = ["Worker"]


class Worker(Carrier):
    """One of at most 64 of a node, which it keeps alive; Node.close() closes it. Making and closing belong to the node's thread."""

    def __init__(self, node: "Node", *, host: Optional[Host] = None) -> None:
        """`host`: of it transmit, deliver and breakout, called on the worker's thread.

        StateError: the node hands over. LimitError: there are 64. OutOfMemoryError.
        """
        super().__init__(host, node._has_ciphers)
        struct, pointer = self._seams.worker(), ctypes.c_void_p()
        node._check(lib.avpn_worker_new, ctypes.byref(struct), ctypes.byref(pointer))
        self._own(pointer.value, self._seams.freeing(lib.avpn_worker_del), self._seams, parent=node)

    def receive_datagram(self, data: bytes, addr: ContactLike, now: int, uplink: int = 0) -> None:
        """As Engine.receive_datagram()."""
        self.receive_datagrams([(data, addr, uplink)], now)

    def receive_datagrams(self, datagrams: Iterable[Any], now: int) -> None:
        """As Engine.receive_datagrams()."""
        batch, count, buffer = datagram_batch((item[0], item[1], item[2]) for item in datagrams)
        self._check(lib.avpn_worker_receive, batch, count, moment(now))
        del buffer  # that is how long it had to live

    def send_packet(self, packet: bytes, now: int) -> None:
        """As Node.send_packet()."""
        self.send_packets([packet], now)

    def send_packets(self, packets: Iterable[bytes], now: int) -> None:
        """As Node.send_packets()."""
        batch, count, buffer = packet_batch(packets)
        self._check(lib.avpn_worker_send, batch, count, moment(now))
        del buffer

    def datagrams_to_send(self) -> List[Datagram]:
        """As Engine.datagrams_to_send()."""
        self._require_open()
        return self._seams.outgoing.take()

    def packets_received(self) -> List[bytes]:
        """As Node.packets_received()."""
        self._require_open()
        return self._seams.inward.take()

    def punts_to_take(self) -> List[bytes]:
        """What Node.take_punt() is to get, on the node's thread; each is given once. Any thread may ask."""
        return self._seams.punts.take()
