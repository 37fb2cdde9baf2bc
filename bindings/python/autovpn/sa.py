# SPDX-License-Identifier: ISC
"""One direction of an ESP security association: Sender seals, Receiver opens.

    >>> keys = dict(spi=0x1001, suite=Suite.CHACHA20_POLY1305, key=bytes(32), salt=bytes(4))
    >>> packet = bytes.fromhex("4500001400000000401100000a0100010a020001")
    >>> with Sender(**keys) as sender, Receiver(**keys) as receiver:
    ...     receiver.open(sender.seal(packet)) == packet
    True

RFC 4303 tunnel mode with 64-bit extended sequence numbers; AES-256-GCM (RFC 4106) or ChaCha20-Poly1305 (RFC 7634). A sender numbers
packets from 1 and uses the number as IV: no two senders may ever have the same key and salt. One thread at a time per SA.
"""
import ctypes
from typing import Any, List, Optional, Sequence, Union

from . import _declarations as d
from ._handle import Handle
from ._native import lib
from ._seams import seams_for
from ._values import octets, sized, u8, u32, u64
from .aead import Aead, surfacing
from .constants import HEADROOM, PACKET_LIMIT, TAILROOM
from .enums import Suite
from .errors import ArgumentError, Error, error_of
from .host import Host
from .keys import KeyLike, SecretKey

__all__ = ["Receiver", "Sender", "inner_bytes", "sealed_bytes"]


def sealed_bytes(count: int) -> int:
    """The size of the ESP datagram that carries an inner packet of `count` bytes; 0 beyond PACKET_LIMIT."""
    return int(lib.avpn_sealed_bytes(u32(count, "count")))


def inner_bytes(count: int) -> int:
    """The largest inner packet that fits an ESP datagram of `count` bytes; 0 if none does."""
    return int(lib.avpn_inner_bytes(u32(count, "count")))


class _Sa(Handle):
    """What both directions have."""

    def _make(self, function: Any, spi: int, suite: Suite, key: KeyLike, salt: bytes, aead: Optional[Aead],
              host: Optional[Host], sequence: int, **others: int) -> None:
        super().__init__()
        seams = seams_for(self._failures, host)
        secret = bytes(SecretKey.of(key))
        parameters: Any = sized(d.avpn_sa_parameters)
        parameters.spi, parameters.suite = u32(spi, "spi"), u8(suite, "suite")
        parameters.salt[:] = octets(salt, "salt", 4)
        parameters.sequence = u64(sequence, "sequence")
        for name, value in others.items():
            setattr(parameters, name, value)
        if aead is not None:
            parameters.aead = aead._pointer
        pointer = ctypes.c_void_p()
        parameters.key[:] = secret
        with surfacing(self._failures):
            code = function(ctypes.byref(parameters), seams.allocator(), ctypes.byref(pointer))
        ctypes.memset(ctypes.byref(parameters), 0, ctypes.sizeof(parameters))
        self._raise(code, function.__name__, f"spi {spi:#x}, suite {suite!r}")
        self._aead = aead
        self._own(pointer.value, seams.freeing(lib.avpn_sa_del), seams, aead)

    def _call(self, function: Any, *arguments: Any) -> Any:
        with surfacing(self._failures):
            return super()._call(function, *arguments)

    @property
    def spi(self) -> int:
        """The number by which a receiver finds the SA."""
        return int(self._call(lib.avpn_sa_spi))

    @property
    def sequence(self) -> int:
        """The last number sealed, or the highest number opened."""
        return int(self._call(lib.avpn_sa_sequence))

    @property
    def aead(self) -> Aead:
        """Who seals and opens."""
        found = Aead(self._call(lib.avpn_sa_aead))
        return self._aead if self._aead is not None and self._aead == found else found

    @property
    def footprint(self) -> int:
        """Bytes this SA holds on the library's heap."""
        return int(self._call(lib.avpn_sa_footprint))


class Sender(_Sa):
    """Seals. close() or the end of a `with` block wipes the keys."""

    def __init__(self, spi: int, suite: Suite, key: KeyLike, salt: bytes, *, sequence: int = 0,
                 limit: Optional[int] = None, aead: Optional[Aead] = None, host: Optional[Host] = None) -> None:
        """`spi`: 256 or more; `key`: 32 bytes; `salt`: 4 bytes; `sequence`: the last number used under this key; `limit`: the
        last one allowed, 2^34 unless told; `aead`: who seals, the best of the build unless told; `host`: of it the allocator.

        ArgumentError: one of them is out of range, or a provider of another suite; StateError: the suite is not
        available here; AuthError: `aead` fails its self-test; OutOfMemoryError.
        """
        if limit == 0:
            raise ArgumentError("limit is 0: no packet could be sealed")
        self._make(lib.avpn_sa_new_sender, spi, suite, key, salt, aead, host, sequence, limit=u64(limit or 0, "limit"))

    def seal(self, packet: bytes) -> bytes:
        """An inner IPv4 or IPv6 packet to an ESP packet; b"" to a dummy packet, which the receiver opens to b"".

        FormatError: it is no IP packet by its first nibble; ExhaustedError: the limit is reached; ArgumentError: too long.
        """
        data = octets(packet, "packet")
        room = ctypes.create_string_buffer(HEADROOM + len(data) + TAILROOM)
        start = ctypes.addressof(room) + HEADROOM
        ctypes.memmove(start, data, len(data))
        size = self._check(lib.avpn_sa_seal, start, len(data), about=f"{len(data)} bytes")
        return ctypes.string_at(room, size)

    def seal_run(self, packets: Sequence[bytes]) -> List[bytes]:
        """Many at less cost: each as seal() does it, in their order. Ends at the first that cannot be sealed: then there are
        fewer results than packets. Raises what that one would raise where it is the very first. None may be empty.
        """
        sealed: List[bytes] = []
        for run in _equal_runs(packets):
            try:
                done = self._seal_equal(run)
            except Error:
                if not sealed:
                    raise
                break
            sealed += done
            if len(done) < len(run):
                break
        return sealed

    def _seal_equal(self, run: List[bytes]) -> List[bytes]:
        stride = HEADROOM + len(run[0]) + TAILROOM
        room = ctypes.create_string_buffer(stride * len(run))
        for place, packet in enumerate(run):
            ctypes.memmove(ctypes.addressof(room) + place * stride + HEADROOM, packet, len(packet))
        sizes = (ctypes.c_uint32 * len(run))()
        packets = _run_of(ctypes.addressof(room) + HEADROOM, run, stride)
        count = self._check(lib.avpn_sa_seal_run, packets, sizes, about=f"{len(run)} packets")
        return [ctypes.string_at(ctypes.addressof(room) + place * stride, sizes[place]) for place in range(count)]


class Receiver(_Sa):
    """Opens. close() or the end of a `with` block wipes the keys."""

    def __init__(self, spi: int, suite: Suite, key: KeyLike, salt: bytes, *, sequence: int = 0,
                 window: Optional[int] = None, aead: Optional[Aead] = None, host: Optional[Host] = None) -> None:
        """As Sender; `sequence`: the highest number seen; `window`: for replays, in packets, a power of two from 64 to 8192,
        2048 unless told.
        """
        if window == 0:
            raise ArgumentError("window is 0: 64 to 8192 are right")
        self._make(lib.avpn_sa_new_receiver, spi, suite, key, salt, aead, host, sequence, window=u32(window or 0, "window"))

    def open(self, esp: bytes) -> bytes:
        """An ESP packet to the inner packet; b"" for a dummy one, genuine, with nothing inside.

        AuthError: not genuine, or of another SPI; VersionError: replayed, or left of the window; FormatError: too
        short, or genuine with wrong padding, next header or inner length. The window is unchanged then.
        """
        data = octets(esp, "esp")
        room = ctypes.create_string_buffer(data, max(len(data), 1))
        size = self._check(lib.avpn_sa_open, ctypes.addressof(room), len(data), about=f"{len(data)} bytes")
        return ctypes.string_at(ctypes.addressof(room) + HEADROOM, size)

    def open_run(self, packets: Sequence[bytes]) -> List[Union[bytes, Error]]:
        """Many at less cost: for each the inner packet, or the error that open() would raise."""
        results: List[Union[bytes, Error]] = []
        for run in _equal_runs(packets):
            results += self._open_equal(run)
        return results

    def _open_equal(self, run: List[bytes]) -> List[Union[bytes, Error]]:
        stride = len(run[0])
        room = ctypes.create_string_buffer(b"".join(run), stride * len(run))
        codes = (ctypes.c_int32 * len(run))()
        base = ctypes.addressof(room)
        self._check(lib.avpn_sa_open_run, _run_of(base, run, stride), codes, about=f"{len(run)} packets")
        return [error_of(code, "avpn_sa_open_run", f"packet {place}") if code < 0
                else ctypes.string_at(base + place * stride + HEADROOM, code) for place, code in enumerate(codes)]


def _equal_runs(packets: Sequence[bytes]) -> List[List[bytes]]:
    """Runs of packets of equal size, of which the last may be shorter."""
    runs: List[List[bytes]] = []
    may_grow = False
    for item in packets:
        packet = octets(item, "packet")
        if not 0 < len(packet) <= PACKET_LIMIT:
            raise ArgumentError(f"a packet of {len(packet)} bytes in a run: 1 to {PACKET_LIMIT} are right")
        if may_grow and len(packet) <= len(runs[-1][0]):
            runs[-1].append(packet)
        else:
            runs.append([packet])
        may_grow = len(packet) == len(runs[-1][0])
    return runs


def _run_of(first: int, run: List[bytes], stride: int) -> Any:
    return d.avpn_packets(data=first, count=len(run), bytes=len(run[0]), last_bytes=len(run[-1]), stride=stride)
