# SPDX-License-Identifier: ISC
"""Signs an organization's configuration. Usually lives offline, in an administrator's program, for as long as one publish takes.

    with autovpn.Authority() as authority:
        authority.add_root(root_seed)
        authority.add_signer(signer_seed)
        bundle = authority.sign(config, autovpn.Publication(version=1, psk=psk))

Root keys are needed only when the charter changes: an authority that adopted the last bundle signs the next one with signing
keys alone.
"""
import ctypes
from dataclasses import dataclass
from typing import Any, Optional, Sequence, Tuple

from . import _declarations as d
from ._handle import Handle
from ._native import check, lib
from ._seams import seams_for
from ._values import octets, seconds, sized, u32, u64
from .config import Config, Invite
from .host import Host
from .keys import Key, KeyLike, SecretKey

__all__ = ["Authority", "Publication"]


@dataclass(frozen=True)
class Publication:
    """What a signature says besides the configuration."""

    #: Higher than any published before; the upper 16 bits are the charter's serial.
    version: int
    #: The pre-shared key, sealed to every member.
    psk: SecretKey
    #: Its number, 1 or more.
    psk_epoch: int = 1
    #: The key of the epoch before; None in epoch 1, and only then.
    previous_psk: Optional[SecretKey] = None
    #: Seconds since 1970 UTC.
    created: int = 0
    #: Seconds since 1970 UTC; 0: never.
    expires: int = 0
    #: Places that wait for a device, in any order.
    invites: Sequence[Invite] = ()

    def _struct(self) -> Tuple[Any, Any]:
        """The struct, and what it refers to."""
        struct = sized(d.avpn_publication)
        struct.version, struct.psk_epoch = u64(self.version, "version"), u32(self.psk_epoch, "psk_epoch")
        struct.created, struct.expires = seconds(self.created, "created"), seconds(self.expires, "expires")
        struct.psk = SecretKey.of(self.psk)._value
        if self.previous_psk is not None:
            struct.previous_psk = SecretKey.of(self.previous_psk)._value
        invites = (d.avpn_invite * max(len(self.invites), 1))(*(invite._value for invite in self.invites))
        struct.invites, struct.invite_count = invites, len(self.invites)
        return struct, invites


def _keys(keys: Sequence[KeyLike]) -> Any:
    return (d.avpn_key * max(len(keys), 1))(*(Key.of(key)._value for key in keys))


class Authority(Handle):
    """Holds root and signing keys, until close() wipes them."""

    def __init__(self, *, host: Optional[Host] = None) -> None:
        """Without keys. `host`: of it the allocator."""
        super().__init__()
        seams = seams_for(self._failures, host)
        pointer = ctypes.c_void_p()
        self._raise(lib.avpn_authority_new(seams.allocator(), ctypes.byref(pointer)), "avpn_authority_new")
        self._own(pointer.value, seams.freeing(lib.avpn_authority_del), seams)

    @staticmethod
    def public_key(seed: KeyLike) -> Key:
        """The public half of an Ed25519 seed."""
        key = d.avpn_key()
        check(lib.avpn_authority_public_key(ctypes.byref(SecretKey.of(seed)._value), ctypes.byref(key)),
              "avpn_authority_public_key")
        return Key._read(key)

    def add_root(self, seed: KeyLike) -> None:
        """An Ed25519 seed of a root key. ArgumentError: zero, there twice, or in no declared set. LimitError: there are 8."""
        self._check(lib.avpn_authority_add_root, ctypes.byref(SecretKey.of(seed)._value))

    def add_signer(self, seed: KeyLike) -> None:
        """An Ed25519 seed of a signing key. Errors as add_root()."""
        self._check(lib.avpn_authority_add_signer, ctypes.byref(SecretKey.of(seed)._value))

    def set_root_keys(self, threshold: int, keys: Sequence[KeyLike]) -> None:
        """Declare the first root set, of which `threshold` must sign and of which the organization's id is made.

        Before any seed. ArgumentError: counts, or a key twice. StateError: seeds are there.
        """
        self._check(lib.avpn_authority_set_root_keys, u32(threshold, "threshold"), _keys(keys), len(keys))

    def set_signing_keys(self, threshold: int, keys: Sequence[KeyLike]) -> None:
        """Declare the signing set; as set_root_keys()."""
        self._check(lib.avpn_authority_set_signing_keys, u32(threshold, "threshold"), _keys(keys), len(keys))

    def adopt(self, organization: KeyLike, bundle: bytes) -> None:
        """Go on from the last published bundle, which is verified. Before any seed, in the place of set_root_keys().

        Errors as Config.read(), but expiry is not judged. StateError: seeds or sets are there.
        """
        data = octets(bundle, "bundle")
        self._check(lib.avpn_authority_adopt, ctypes.byref(Key.of(organization)._value), data, len(data))

    def rotate_root(self, threshold: int, keys: Sequence[KeyLike]) -> None:
        """From the next sign() on there is a new root set; the organization's id stays.

        Seeds of both sets are then needed. LimitError: 16 rotations. StateError: nothing was adopted, or rotated already.
        """
        self._check(lib.avpn_authority_rotate_root, u32(threshold, "threshold"), _keys(keys), len(keys))

    @property
    def organization(self) -> Key:
        """The organization's id. StateError: there is no root key yet."""
        key = d.avpn_key()
        self._check(lib.avpn_authority_organization, ctypes.byref(key))
        return Key._read(key)

    def needs_root(self, config: Config, version: int) -> bool:
        """Would signing this under that version change the charter, so that root keys are needed?"""
        with config._borrowed("needs_root") as pointer:
            return bool(self._check(lib.avpn_authority_needs_root, pointer, u64(version, "version")))

    def sign(self, config: Config, publication: Publication) -> bytes:
        """The signed bundle. The same input gives the same bytes.

        ArgumentError: check() finds problems, or version, times, keys or invites are out of range. StateError: fewer keys than a
        threshold. LimitError: larger than 32 MiB.
        """
        struct, invites = publication._struct()
        needed = ctypes.c_size_t()
        with config._borrowed("sign") as pointer:
            code = self._call(lib.avpn_authority_sign, pointer, ctypes.byref(struct), None, 0, ctypes.byref(needed))
            if code != d.AVPN_ERROR_SPACE:
                check(code, "avpn_authority_sign")
            room = ctypes.create_string_buffer(needed.value or 1)
            self._check(lib.avpn_authority_sign, pointer, ctypes.byref(struct), room, needed.value, ctypes.byref(needed))
        del invites
        return room.raw[:needed.value]
