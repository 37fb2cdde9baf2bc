# SPDX-License-Identifier: ISC
"""Security associations for a data plane of the host's own: a kernel, a NIC, DPDK.

A Node made with hands_over=True neither seals nor opens. It gives every SA to Host.sa and is told with Node.report_sa() what the
data plane counts. Changes are to be done as told and in their order: then nothing is lost. Numbers are used once: number on
from `sequence`; where that is not known any more, make a new node. The whole contract: autovpn/sa.h, "handing over".
"""
from dataclasses import dataclass, field
from typing import Any, Optional

from ._values import read, sized, u32, u64
from . import _declarations as d
from .address import Contact
from .enums import SaAction, Suite
from .keys import SecretKey

__all__ = ["SaChange", "SaReport"]


@dataclass(frozen=True)
class SaChange:
    """A security association comes, is to be used, moves or goes."""

    #: What is to be done.
    action: SaAction
    #: True: seals; False: opens.
    is_sender: bool
    #: The cipher.
    suite: Suite
    #: A receiver's names it in this node; a sender's is the peer's choice, and names it only with `member`.
    spi: int
    #: The peer's member id.
    member: int
    #: Own uplink, 0 to 3.
    uplink: int
    #: The peer's uplink, 0 to 3.
    remote_uplink: int
    #: Outer contact on this side; None: not known, the host's choice.
    local: Optional[Contact]
    #: Outer contact of the peer; None: not known (of a receiver: any).
    remote: Optional[Contact]
    #: 32 bytes, of INSTALL; zero in the others.
    key: SecretKey = field(repr=False)
    #: 4 bytes, of INSTALL; zero in the others.
    salt: bytes = field(repr=False)
    #: Replay window of a receiver, in packets.
    window: int
    #: A sender's last number, a receiver's highest: 64 bits, extended sequence numbers.
    sequence: int
    #: A sender's last number allowed.
    limit: int
    #: Of SELECT: the largest inner packet that the path carries whole, in bytes.
    inner_bytes: int

    @classmethod
    def _read(cls, struct: Any) -> "SaChange":
        return read(cls, struct, key=SecretKey(bytes(struct.key)))


@dataclass(frozen=True)
class SaReport:
    """What the data plane knows of one SA: counts from INSTALL on, which never become less."""

    #: As in the SaChange.
    spi: int
    #: The peer's member id.
    member: int
    #: True: seals; False: opens.
    is_sender: bool
    #: A sender's last number, a receiver's highest.
    sequence: int
    #: Inner packets, genuine.
    packets: int
    #: Inner bytes, genuine.
    bytes: int
    #: A receiver's: from where the newest genuine packet came; None: not told.
    source: Optional[Contact] = None

    @property
    def _value(self) -> Any:
        struct = sized(d.avpn_sa_report)
        struct.spi, struct.member = u32(self.spi, "spi"), u32(self.member, "member")
        struct.is_sender = int(self.is_sender)
        struct.sequence, struct.packets = u64(self.sequence, "sequence"), u64(self.packets, "packets")
        struct.bytes = u64(self.bytes, "bytes")
        if self.source is not None:
            struct.source = self.source._value
        return struct
