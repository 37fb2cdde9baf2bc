# SPDX-License-Identifier: ISC
"""Datagrams and inner packets on their way into the library and out of it.

The library takes and gives runs: packets of equal size in one buffer (autovpn/batch.h). Python sees each packet by itself, as bytes of
its own; what goes in is copied into one buffer per call, with the room that sealing in place needs.
"""
import ctypes
import functools
from typing import Any, Iterable, Iterator, List, NamedTuple, Tuple

from . import _declarations as d
from ._values import octets, u32
from .address import Contact, ContactLike
from .errors import ArgumentError

__all__ = ["Datagram"]


class Datagram(NamedTuple):
    """A UDP datagram of one uplink, from or to one contact. Equal by value, and may be unpacked."""

    #: What UDP carries.
    data: bytes
    #: To whom it is to go, or from whom it came.
    remote: Contact
    #: Which socket, 0 to 3; a registry's and a publisher's are always what was received, or 0.
    uplink: int = 0
    #: The outer IP layer may fragment it. Every other one is to be sent with DF, and lost where it is too big.
    may_fragment: bool = False


def pieces_of(run: Any) -> Iterator[bytes]:
    """Copies of the packets of a struct avpn_packets."""
    for place in range(run.count):
        size = run.bytes if place + 1 < run.count else run.last_bytes
        yield ctypes.string_at(run.data + place * run.stride, size)


def packets_of(batch: Any, count: int) -> Iterator[bytes]:
    """Copies of all inner packets of a batch."""
    for place in range(count):
        yield from pieces_of(batch[place])


def datagrams_of(batch: Any, count: int) -> Iterator[Datagram]:
    """Copies of all datagrams of a batch."""
    for place in range(count):
        run = batch[place]
        remote = Contact._read(run.remote)
        assert remote is not None, "the library sends to contacts only"
        may_fragment = bool(run.flags & d.AVPN_DATAGRAMS_MAY_FRAGMENT)
        for data in pieces_of(run.packets):
            yield Datagram(data, remote, run.uplink, may_fragment)


def _run(address: int, size: int) -> Any:
    return d.avpn_packets(data=address, count=1, bytes=size, last_bytes=size, stride=size)


@functools.lru_cache(maxsize=None)
def _array_type(kind: Any, most: int) -> Any:
    return kind * most


def _array(kind: Any, count: int) -> Any:
    """An array of at least `count`. Array types cost more than what they carry: powers of two are enough of them."""
    return _array_type(kind, 1 << max(count - 1, 0).bit_length())()


def _buffer(parts: Iterable[bytes]) -> Tuple[Any, int]:
    """(what keeps it, address) of a buffer that may be written to."""
    data = bytearray().join(parts) or bytearray(1)
    first = ctypes.c_char.from_buffer(data)
    return first, ctypes.addressof(first)


def datagram_batch(datagrams: Iterable[Tuple[bytes, ContactLike, int]]) -> Tuple[Any, int, Any]:
    """(batch, count, its buffer) for avpn_*_receive. Empty datagrams say nothing, and are left out."""
    items = [(octets(data, "data"), Contact.of(remote), u32(uplink, "uplink")) for data, remote, uplink in datagrams]
    items = [item for item in items if item[0]]
    buffer, at = _buffer(data for data, _, _ in items)
    batch = _array(d.avpn_datagrams, len(items))
    for entry, (data, remote, uplink) in zip(batch, items):
        entry.uplink, entry.remote, entry.packets = uplink, remote._value, _run(at, len(data))
        at += len(data)
    return batch, len(items), buffer


def packet_batch(packets: Iterable[bytes]) -> Tuple[Any, int, Any]:
    """(batch, count, its buffer) for avpn_*_send, with room around each packet."""
    items: List[bytes] = [octets(packet, "packet") for packet in packets]
    for item in items:
        if not 0 < len(item) <= d.AVPN_PACKET_LIMIT:
            raise ArgumentError(f"a packet of {len(item)} bytes: 1 to {d.AVPN_PACKET_LIMIT} are right")
    head, tail = bytes(d.AVPN_HEADROOM), bytes(d.AVPN_TAILROOM)
    buffer, at = _buffer(part for item in items for part in (head, item, tail))
    at += len(head)
    batch = _array(d.avpn_packets, len(items))
    for place, item in enumerate(items):
        batch[place] = _run(at, len(item))
        at += len(item) + len(head) + len(tail)
    return batch, len(items), buffer
