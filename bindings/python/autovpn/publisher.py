# SPDX-License-Identifier: ISC
"""Brings a signed configuration to one registry, and the registry's claims back.

An engine like the others; one for each registry, all can run at once. Safe to repeat: a registry that has the version says so.

    publisher = autovpn.Publisher(organization, registry_key, "198.51.100.1:9350", now, signer=seed, signer_number=0)
    publisher.offer(bundle, now)
    while not publisher.status().is_done: ...the cycle of autovpn.Engine...
"""
import ctypes
from dataclasses import dataclass, field
from typing import List, Optional

from . import _declarations as d
from ._engine import Engine
from ._native import check, lib, text
from ._values import moment, octets, read, sized, span, u32
from .address import Contact, ContactLike
from .enums import PublishResult, PublisherState
from .host import Host
from .keys import Key, KeyLike, SecretKey

__all__ = ["Claim", "Publisher", "PublisherStatus"]


@dataclass(frozen=True)
class PublisherStatus:
    """How far a publisher is."""

    #: What it does.
    state: PublisherState
    #: Why the registry took the bundle, or did not.
    reason: PublishResult
    #: The list of claims is complete.
    has_claims: bool
    #: Claims so far.
    claim_count: int
    #: Bytes of the bundle that are confirmed.
    sent_bytes: int
    #: Bytes of the bundle.
    total_bytes: int
    #: What the registry serves, as far as it said; 0: nothing.
    served_version: int

    @property
    def is_done(self) -> bool:
        """Nothing more comes: done, refused, or the registry is silent."""
        return self.state >= PublisherState.DONE

    @property
    def reason_text(self) -> str:
        """`reason` as a sentence for a person."""
        return text(lib.avpn_publish_result_text(self.reason))


@dataclass(frozen=True)
class Claim:
    """A device claims a place. Verify it before you sign the device's key in."""

    #: The place: a member id.
    member: int
    #: The device's static key.
    device: Key
    #: Seconds since the registry got it.
    age: int
    #: 64 bytes, by the token's claim key.
    signature: bytes = field(repr=False)

    def verify(self, claim_key: KeyLike, organization: KeyLike) -> None:
        """AuthError: whoever made it has no token whose claim key is this one."""
        signature = octets(self.signature, "signature", d.AVPN_CLAIM_BYTES)
        check(lib.avpn_claim_verify(ctypes.byref(Key.of(claim_key)._value), ctypes.byref(Key.of(organization)._value),
                                    u32(self.member, "member"), ctypes.byref(self.device._value), signature),
              "avpn_claim_verify", f"member {self.member}")


class Publisher(Engine):
    """The engine that publishes to one registry."""

    _prefix = "avpn_publisher"

    def __init__(self, organization: KeyLike, registry: KeyLike, contact: ContactLike, now: int, *,
                 signer: Optional[SecretKey] = None, signer_number: int = 0, give_up_after: int = 0,
                 host: Optional[Host] = None) -> None:
        """For the registry of this key at this contact; the first datagram is then there to be sent.

        `signer`: the Ed25519 seed at place `signer_number` of the charter's signing set; None: no key, the registry is told the
        bundle but tells nothing. `give_up_after`: nanoseconds without any answer; 0: 10 s.
        """
        super().__init__(host)
        options = sized(d.avpn_publisher_options)
        options.organization, options.registry = Key.of(organization)._value, Key.of(registry)._value
        options.signer_number = 255 if signer is None else u32(signer_number, "signer_number")
        if signer is not None:
            options.signer = SecretKey.of(signer)._value
        options.contact = Contact.of(contact)._value
        options.give_up_after = span(give_up_after, "give_up_after")
        self._make(options, self._seams.engine(delivers=False), now)

    def offer(self, bundle: bytes, now: int) -> None:
        """Bring this bundle there. ArgumentError: empty, or too large. FormatError: no bundle."""
        data = octets(bundle, "bundle")
        self._require_open()
        self._owned.keeps += (data,)  # the library borrows it until the next offer that succeeds, or the end
        self._check(lib.avpn_publisher_offer, data, len(data), moment(now))
        self._owned.keeps = (self._seams, data)

    def list_claims(self, now: int) -> None:
        """Ask for claims. StateError: without a signing key nobody is told."""
        self._check(lib.avpn_publisher_list_claims, moment(now))

    def status(self) -> PublisherStatus:
        """How far it is."""
        struct = sized(d.avpn_publisher_status)
        self._check(lib.avpn_publisher_status, ctypes.byref(struct))
        return read(PublisherStatus, struct)

    def claims(self) -> List[Claim]:
        """Claims that came, by place."""
        found: List[Claim] = []
        for place in range(self.status().claim_count):
            struct = sized(d.avpn_claim)
            self._check(lib.avpn_publisher_claim, place, ctypes.byref(struct))
            found.append(read(Claim, struct))
        return found
