# SPDX-License-Identifier: ISC
"""The one-time token with which a device claims its place in an organization.

The administrator makes a Token with a random secret, signs an invite with its claim key into the configuration and gives the text to
the device. The device's node gets it and makes claims; a registry holds the first genuine one; the administrator's program
verifies it and signs the device's key in. No secret of the device ever leaves it. Spec: [JOIN-1] to [JOIN-5].
"""
import ctypes
import os
from dataclasses import dataclass, field
from typing import Any, Tuple

from . import _declarations as d
from ._native import check, lib
from ._values import octets, put_list, read, seconds, sized, u32, u64
from .config import RegistryEntry
from .errors import FormatError
from .keys import Key, KeyLike

__all__ = ["Token", "new_token_secret", "verify_claim"]


def _place(entry: RegistryEntry) -> Any:
    """A registry as a token names it."""
    struct, value = d.avpn_token_registry(), entry._value
    struct.key, struct.port, struct.host = value.key, value.port, value.host
    return struct


def new_token_secret() -> bytes:
    """16 random bytes of the system."""
    return os.urandom(d.AVPN_TOKEN_SECRET_BYTES)


@dataclass(frozen=True)
class Token:
    """A token's fields. Its text() is a secret until the place is claimed, and so is `secret`, which no repr shows."""
    #: The place: a member id.
    member: int
    #: Its id.
    organization: Key
    #: 16 bytes; whoever has them can claim the place.
    secret: bytes = field(repr=False)
    #: The configuration that has the invite: nothing older is believed.
    version: int
    #: Seconds since 1970 UTC.
    expires: int
    #: Where to claim, 1 to 8.
    registries: Tuple[RegistryEntry, ...]

    @classmethod
    def parse(cls, text: str) -> "Token":
        """From text; case, spaces and line breaks do not matter. FormatError: no token, or mistyped: it carries a check."""
        struct: Any = sized(d.avpn_token)
        code = d.AVPN_ERROR_FORMAT if "\0" in text else lib.avpn_token_parse(text.encode(), ctypes.byref(struct))
        if code == d.AVPN_ERROR_FORMAT:
            raise FormatError("no token, or mistyped: copy it once more, as a whole")
        check(code, "avpn_token_parse")
        return read(cls, struct, secret=bytes(struct.secret), registries=tuple(
            RegistryEntry._read(entry) for entry in struct.registries[:struct.registry_count]))

    @property
    def _value(self) -> Any:
        struct: Any = sized(d.avpn_token)
        struct.member, struct.version = u32(self.member, "member"), u64(self.version, "version")
        struct.organization = Key.of(self.organization)._value
        struct.secret[:] = octets(self.secret, "secret", d.AVPN_TOKEN_SECRET_BYTES)
        struct.expires = seconds(self.expires, "expires")
        put_list(struct, "registries", "registry_count", [_place(entry) for entry in self.registries])
        return struct

    def text(self) -> str:
        """Capital letters and digits, without a space: fit for a command line and a QR code. ArgumentError: fields out of range."""
        room = ctypes.create_string_buffer(d.AVPN_TOKEN_TEXT)
        check(lib.avpn_token_format(self._value, room, len(room)), "avpn_token_format")
        return room.value.decode()

    @property
    def claim_key(self) -> Key:
        """The public key that goes into the invite."""
        key = d.avpn_key()
        check(lib.avpn_token_claim_key(self._value, key), "avpn_token_claim_key")
        found: Key = Key._read(key)
        return found

    def claim(self, device: KeyLike) -> bytes:
        """A device's claim, 64 bytes: that whoever has the token wants this public key to be the member's."""
        room = ctypes.create_string_buffer(d.AVPN_CLAIM_BYTES)
        check(lib.avpn_token_claim(self._value, Key.of(device)._value, room), "avpn_token_claim")
        return room.raw


def verify_claim(claim_key: KeyLike, organization: KeyLike, member: int, device: KeyLike, signature: bytes) -> None:
    """AuthError: the claim is not genuine."""
    check(lib.avpn_claim_verify(Key.of(claim_key)._value, Key.of(organization)._value, u32(member, "member"),
                                Key.of(device)._value, octets(signature, "signature", d.AVPN_CLAIM_BYTES)),
          "avpn_claim_verify", f"member {member}")
