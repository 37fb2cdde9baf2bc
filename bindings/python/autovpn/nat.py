# SPDX-License-Identifier: ISC
"""What kind of NAT stands in front of a socket, from what registries saw.

    >>> seen = [("203.0.113.7:40001", 0), ("203.0.113.7:40002", 0)]
    >>> classify_nat(seen, now=0).kind.name
    'UNFRIENDLY_PORT'

Values in, value out; any thread. Reports older than constants.NAT_REPORT_SPAN do not count. Spec: [NAT-1] to [NAT-6].
"""
import ctypes
from dataclasses import dataclass
from typing import Iterable, Optional, Tuple

from . import _declarations as d
from ._native import check, lib, text
from ._values import TIME_NEVER, moment, u8
from .address import Contact, ContactLike
from .enums import NatKind

__all__ = ["NatVerdict", "classify_nat", "nat_name"]


@dataclass(frozen=True)
class NatVerdict:
    """The kind, and the two contacts that decided where the kind is FRIENDLY or UNFRIENDLY_*."""
    #: What stands before the uplink.
    kind: NatKind
    #: The two contacts, or none.
    evidence: Tuple[Contact, ...]


def classify_nat(reports: Iterable[Tuple[Optional[ContactLike], int]], now: int,
                 asking_since: Optional[int] = None) -> NatVerdict:
    """The verdict of one (contact, time) for each registry.

    The contact is where that registry saw the socket, None where it has not answered; the time is when its answer came. All
    times are nanoseconds of the monotonic clock that gave `now`. `asking_since`: since when requests have gone out without
    any answer.
    """
    seen = [(None if contact is None else Contact.of(contact), moment(at, "at")) for contact, at in reports]
    array = (d.avpn_nat_report * max(len(seen), 1))()
    for place, (contact, at) in zip(array, seen):
        place.at = at
        if contact is not None:
            place.seen = contact._value
    since = TIME_NEVER if asking_since is None else moment(asking_since, "asking_since")
    verdict = d.avpn_nat_verdict()
    check(lib.avpn_nat_classify(array, len(seen), since, moment(now), ctypes.byref(verdict)), "avpn_nat_classify")
    evidence = (Contact._read(contact) for contact in verdict.evidence)
    return NatVerdict(NatKind(verdict.kind), tuple(contact for contact in evidence if contact is not None))


def nat_name(kind: int) -> str:
    """For people: "friendly", "unfriendly (port)" ..."""
    return text(lib.avpn_nat_name(u8(kind, "kind")))
