# SPDX-License-Identifier: ISC
"""NAT classification from what registries saw. Spec: [NAT-1] to [NAT-6]."""
import ctypes as c
import enum
from typing import NamedTuple, Tuple

from . import _declarations as d
from ._native import check, lib
from .address import Contact

_NEVER = 2**63 - 1


class NatKind(enum.IntEnum):
    UNKNOWN = 0
    FRIENDLY = 1
    UNFRIENDLY_PORT = 2
    UNFRIENDLY_ADDRESS = 3
    BLOCKED = 4


class NatVerdict(NamedTuple):
    kind: NatKind
    evidence: Tuple[Contact, ...]  # the two contacts that decided, or none


def classify_nat(reports, now, asking_since=None):
    """`reports`: (Contact, time in ns) per registry. `asking_since`: since when nobody answers."""
    array = (d.avpn_nat_report * max(len(reports), 1))()
    for place, (contact, at) in zip(array, reports):
        place.seen, place.at = contact._value, at
    verdict = d.avpn_nat_verdict()
    since = _NEVER if asking_since is None else asking_since
    check(lib.avpn_nat_classify(array, len(reports), since, now, c.byref(verdict)), "avpn_nat_classify")
    evidence = tuple(Contact._read(e) for e in verdict.evidence if e.family)
    return NatVerdict(NatKind(verdict.kind), evidence)
