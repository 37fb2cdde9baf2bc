# SPDX-License-Identifier: ISC
"""Large TCP and UDP packets, as a TUN device with a virtio-net header gives and takes them, and packets that fit a tunnel.

segment() cuts what the kernel left uncut, with all headers and checksums right; a Coalescer joins packets to large ones again, as far as a
receiver could not tell. What comes out is what came in, byte by byte.
"""
import ctypes
import enum
from dataclasses import dataclass
from typing import Any, Iterable, List, NamedTuple, Optional

from . import _declarations as d
from ._handle import Handle
from ._native import check, lib
from ._seams import seams_for
from ._values import octets, read, u8, u16, u32
from .constants import VNET_BYTES
from .enums import OffloadKind
from .errors import ArgumentError, FormatError
from .host import Host
from .packets import pieces_of

__all__ = ["Coalesce", "Coalescer", "LargePacket", "Offload", "read_offload", "segment", "segment_room"]


@dataclass(frozen=True)
class Offload:
    """Into what a packet is to be cut."""
    #: Which protocol, by which it is cut.
    kind: OffloadKind
    #: The transport checksum holds the pseudo header's sum alone.
    needs_checksum: bool
    #: Payload of each piece but the last.
    segment_bytes: int
    #: Of the transport header in the packet.
    checksum_start: int
    #: Of the checksum in the transport header.
    checksum_offset: int

    def _write(self) -> Any:
        return d.avpn_offload(
            kind=u8(self.kind, "kind"), needs_checksum=int(self.needs_checksum),
            segment_bytes=u16(self.segment_bytes, "segment_bytes"),
            checksum_start=u16(self.checksum_start, "checksum_start"),
            checksum_offset=u16(self.checksum_offset, "checksum_offset"))


def read_offload(vnet: bytes, packet_bytes: int) -> Offload:
    """The virtio-net header in front of a packet of so many bytes.

    FormatError: it contradicts itself or the packet's size, or asks for what is not known here: fragmentation (UFO), tunnels,
    accurate ECN.
    """
    struct = d.avpn_offload()
    check(lib.avpn_offload_read(octets(vnet, "vnet", VNET_BYTES), u32(packet_bytes, "packet_bytes"), ctypes.byref(struct)),
          "avpn_offload_read")
    return read(Offload, struct)


def segment_room(offload: Offload, packet: bytes) -> int:
    """Bytes that the pieces of a packet take with the room for sealing around them; 0: it would be refused."""
    data = octets(packet, "packet")
    return int(lib.avpn_segment_room(offload._write(), data, len(data)))


def segment(offload: Offload, packet: bytes) -> List[bytes]:
    """A packet as pieces that fit a tunnel, at most 1024. One that is not to be cut gets its checksum completed.

    FormatError: headers that lie; a fragment; a segment size of 0; a piece beyond 65535 bytes; headers that cannot stand in each piece.
    """
    data, struct = octets(packet, "packet"), offload._write()
    count = lib.avpn_segment_room(struct, data, len(data))
    if count == 0:
        raise FormatError(f"a packet of {len(data)} bytes that cannot be cut as {offload.kind.name}")
    room, run = ctypes.create_string_buffer(count), d.avpn_packets()
    check(lib.avpn_segment(struct, data, len(data), room, count, ctypes.byref(run)), "avpn_segment", f"{len(data)} bytes")
    return list(pieces_of(run))


class Coalesce(enum.IntFlag):
    """What a Coalescer may make, by what the TUN device takes."""
    TCP4 = d.AVPN_COALESCE_TCP4
    TCP6 = d.AVPN_COALESCE_TCP6
    UDP = d.AVPN_COALESCE_UDP
    ALL = TCP4 | TCP6 | UDP


class LargePacket(NamedTuple):
    """A packet and the virtio-net header that goes before it."""
    vnet: bytes
    packet: bytes


class Coalescer(Handle):
    """Joins packets. One thread at a time."""

    def __init__(self, kinds: Coalesce = Coalesce.ALL, *, host: Optional[Host] = None) -> None:
        """`host`: of it the allocator; nothing is allocated later. ArgumentError: unknown kinds; OutOfMemoryError."""
        super().__init__()
        seams, pointer = seams_for(self._failures, host), ctypes.c_void_p()
        code = lib.avpn_coalescer_new(seams.allocator(), u32(kinds, "kinds"), ctypes.byref(pointer))
        self._raise(code, "avpn_coalescer_new")
        self._own(pointer.value, seams.freeing(lib.avpn_coalescer_del), seams)

    def coalesce(self, packets: Iterable[bytes]) -> List[LargePacket]:
        """All that came in, one by one or joined: what segment() makes packets of again. Those of a flow keep their order; what
        is damaged is passed on as it is. 1 to 65535 bytes each.
        """
        items = [octets(packet, "packet") for packet in packets]
        for item in items:
            if not 0 < len(item) <= d.AVPN_PACKET_LIMIT:
                raise ArgumentError(f"a packet of {len(item)} bytes: 1 to {d.AVPN_PACKET_LIMIT} are right")
        buffers = [ctypes.create_string_buffer(item, len(item)) for item in items]
        batch = (d.avpn_packets * max(len(items), 1))()
        for place, buffer in zip(batch, buffers):
            place.data, place.count = ctypes.addressof(buffer), 1
            place.bytes = place.last_bytes = place.stride = len(buffer)
        written: List[LargePacket] = []

        def write(_user: Any, slices: Any, count: int) -> None:
            try:
                first, *rest = [ctypes.string_at(slices[i].bytes, slices[i].count) for i in range(count)]
                written.append(LargePacket(first, b"".join(rest)))
            except BaseException as error:
                self._failures.add(error)

        self._call(lib.avpn_coalesce, batch, len(items), d.avpn_coalesce_write(write), None)
        return written
