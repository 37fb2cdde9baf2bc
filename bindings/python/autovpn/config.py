# SPDX-License-Identifier: ISC
"""An organization's configuration: who its members are, their roles, hubs and subnets, and who is a peer of whom.

An administrator's program makes a Config, adds to it, checks it and has an Authority sign it. Nodes and registries read one from what
was signed; Config.read() does it for everybody else. Everything it says can be asked of both, and of Node.configuration.

    config = autovpn.Config("example")
    config.add_registry(autovpn.RegistryEntry(key=registry_key, host="198.51.100.1", port=9350))
    config.add_member(autovpn.Member(id=1, name="hub", key=hub_key, role=Role.HUB, exports=("10.1.0.0/16",)))
    config.add_member(autovpn.Member(id=2, name="spoke", key=spoke_key, role=Role.SPOKE, hubs=(1,),
                                     exports=("10.2.0.0/16",)))
    for problem in config.check(): print(problem)
"""
import ctypes
from dataclasses import dataclass
from typing import Any, Callable, List, Optional, Sequence, Tuple, Union

from . import _declarations as d
from ._handle import Handle
from ._native import check, lib, text
from ._seams import Seams, seams_for
from ._values import octets, put_list, put_text, read, seconds, sized, u8, u16, u32
from .address import Contact, ContactLike, Prefix, PrefixLike
from .enums import Role, RuleAction, Suite
from .errors import ArgumentError, FormatError
from .host import Host
from .keys import Key, KeyLike, KeyPair, SecretKey

__all__ = [
    "Breakout", "Config", "ConfigReader", "Invite", "Member", "MemberHub", "Problem", "RegistryEntry", "Rule",
    "Translation",
]

Ports = Tuple[int, int]


def _ports(first: int, last: int) -> Optional[Ports]:
    return None if first == 0 and last == 0 else (first, last)


def _put_ports(struct: Any, word: str, ports: Optional[Ports]) -> None:
    first, last = (0, 0) if ports is None else ports
    setattr(struct, f"{word}_first", u16(first, f"{word} port"))
    setattr(struct, f"{word}_last", u16(last, f"{word} port"))


def _key(key: Any, name: str) -> Any:
    if key is None:
        raise ArgumentError(f"{name} is not known: it cannot be added so")
    return Key.of(key)._value


@dataclass(frozen=True)
class MemberHub:
    """A hub of a member."""

    #: The hub's member id.
    member: int
    #: This hub takes the member's default route.
    takes_default_route: bool = False

    @classmethod
    def _read(cls, struct: Any) -> Optional["MemberHub"]:
        return cls(struct.member, bool(struct.flags & d.AVPN_HUB_DEFAULT_ROUTE)) if struct.member else None

    @property
    def _value(self) -> Any:
        return d.avpn_member_hub(member=u32(self.member, "hub"),
                                 flags=d.AVPN_HUB_DEFAULT_ROUTE if self.takes_default_route else 0)


@dataclass(frozen=True)
class Translation:
    """Subnet translation, 1:1: hosts of `local` are known to the others by the address with the same host bits in `exported`."""

    #: As the site's hosts are numbered.
    local: PrefixLike
    #: As the organization sees them; of the same length, inside of an export.
    exported: PrefixLike

    @classmethod
    def _read(cls, struct: Any) -> Optional["Translation"]:
        local, exported = Prefix._read(struct.local), Prefix._read(struct.exported)
        return None if local is None or exported is None else cls(local, exported)

    @property
    def _value(self) -> Any:
        return d.avpn_translation(local=Prefix.of(self.local)._value, exported=Prefix.of(self.exported)._value)


@dataclass(frozen=True)
class Member:
    """One node of the organization. Texts may stand for keys and subnets when it is made; values are what is read."""

    #: 1 to constants.MEMBER_LAST, unique, never reused.
    id: int
    #: 1 to 63 characters of a-z A-Z 0-9 . _ -; empty where `is_known` is False.
    name: str
    #: Its static key; None where `is_known` is False.
    key: Optional[KeyLike]
    #: Hub or spoke.
    role: Role
    #: Its hubs in order of preference, at most 16; a number stands for MemberHub(number).
    hubs: Sequence[Union[MemberHub, int]] = ()
    #: Its subnets, at most 64.
    exports: Sequence[PrefixLike] = ()
    #: Port forwarding, by uplink, at most 4: wins over what was observed; None: none.
    manual: Sequence[Optional[ContactLike]] = ()
    #: Subnet translations, at most 64.
    translations: Sequence[Translation] = ()
    #: Revoked: nobody talks to it any more.
    is_revoked: bool = False
    #: Read from a slice that does not tell its key, name, manual contacts and translations: False. Ignored when added.
    is_known: bool = True

    @classmethod
    def _read(cls, struct: Any) -> "Member":
        return cls(
            id=struct.id, name=struct.name.decode(), key=Key._read(struct.key) if struct.is_known else None,
            role=Role(struct.role), hubs=tuple(_filled(MemberHub, struct.hubs, struct.hub_count)),
            exports=tuple(_filled(Prefix, struct.exports, struct.export_count)),
            manual=tuple(Contact._read(c) for c in struct.manual[:struct.uplink_count]),
            translations=tuple(_filled(Translation, struct.translations, struct.translation_count)),
            is_revoked=bool(struct.flags & d.AVPN_MEMBER_REVOKED), is_known=bool(struct.is_known))

    @property
    def _value(self) -> Any:
        struct = sized(d.avpn_member)
        struct.id, struct.key, struct.role = u32(self.id, "id"), _key(self.key, "key"), u8(self.role, "role")
        put_text(struct, "name", self.name)
        struct.flags = d.AVPN_MEMBER_REVOKED if self.is_revoked else 0
        hubs = [hub if isinstance(hub, MemberHub) else MemberHub(hub) for hub in self.hubs]
        put_list(struct, "hubs", "hub_count", [hub._value for hub in hubs])
        put_list(struct, "exports", "export_count", [Prefix.of(prefix)._value for prefix in self.exports])
        put_list(struct, "translations", "translation_count", [t._value for t in self.translations])
        put_list(struct, "manual", "uplink_count",
                 [d.avpn_contact() if c is None else Contact.of(c)._value for c in self.manual])
        return struct


def _filled(kind: Any, array: Any, count: int) -> List[Any]:
    return [kind._read(array[place]) for place in range(count)]


@dataclass(frozen=True)
class Rule:
    """One rule of the site-to-site firewall. The first that matches decides; none: allowed."""

    #: Allow or deny.
    action: RuleAction
    #: Where it comes from; None: anywhere.
    source: Optional[PrefixLike] = None
    #: Where it goes to; None: anywhere.
    destination: Optional[PrefixLike] = None
    #: IANA number; 0: any.
    protocol: int = 0
    #: (first, last), inclusive; None: any. Only with protocols 6, 17, 33, 132 and 136.
    source_ports: Optional[Ports] = None
    #: Likewise.
    destination_ports: Optional[Ports] = None
    #: Shown where it decides.
    name: str = ""

    @classmethod
    def _read(cls, struct: Any) -> "Rule":
        return cls(RuleAction(struct.action), Prefix._read(struct.source), Prefix._read(struct.destination),
                   struct.protocol, _ports(struct.source_first, struct.source_last),
                   _ports(struct.destination_first, struct.destination_last), struct.name.decode())

    @property
    def _value(self) -> Any:
        struct = sized(d.avpn_rule)
        struct.action, struct.protocol = u8(self.action, "action"), u8(self.protocol, "protocol")
        if self.source is not None:
            struct.source = Prefix.of(self.source)._value
        if self.destination is not None:
            struct.destination = Prefix.of(self.destination)._value
        _put_ports(struct, "source", self.source_ports)
        _put_ports(struct, "destination", self.destination_ports)
        put_text(struct, "name", self.name)
        return struct


@dataclass(frozen=True)
class Breakout:
    """What a member with a full tunnel sends out by its own internet connection all the same."""

    #: Whose, a member id; 0: every member's.
    member: int = 0
    #: Where to; None: anywhere.
    destination: Optional[PrefixLike] = None
    #: As in a rule.
    protocol: int = 0
    #: As in a rule.
    destination_ports: Optional[Ports] = None

    @classmethod
    def _read(cls, struct: Any) -> "Breakout":
        return cls(struct.member, Prefix._read(struct.destination), struct.protocol,
                   _ports(struct.destination_first, struct.destination_last))

    @property
    def _value(self) -> Any:
        struct = sized(d.avpn_breakout)
        struct.member, struct.protocol = u32(self.member, "member"), u8(self.protocol, "protocol")
        if self.destination is not None:
            struct.destination = Prefix.of(self.destination)._value
        _put_ports(struct, "destination", self.destination_ports)
        return struct


@dataclass(frozen=True)
class RegistryEntry:
    """A registry of the organization."""

    #: Its static key.
    key: KeyLike
    #: A name, or a literal address.
    host: str
    #: UDP port.
    port: int

    @classmethod
    def _read(cls, struct: Any) -> "RegistryEntry":
        return cls(Key._read(struct.key), struct.host.decode(), struct.port)

    @property
    def _value(self) -> Any:
        struct = sized(d.avpn_registry_entry)
        struct.key, struct.port = _key(self.key, "key"), u16(self.port, "port")
        put_text(struct, "host", self.host)
        return struct


@dataclass(frozen=True)
class Invite:
    """A place in the organization that waits for the device that has its token."""

    #: The place: a member id.
    member: int
    #: The token's claim key.
    key: KeyLike
    #: Seconds since 1970 UTC.
    expires: int

    @classmethod
    def _read(cls, struct: Any) -> "Invite":
        return cls(struct.member, Key._read(struct.key), struct.expires)

    @property
    def _value(self) -> Any:
        struct = sized(d.avpn_invite)
        struct.member, struct.key = u32(self.member, "member"), _key(self.key, "key")
        struct.expires = seconds(self.expires, "expires")
        return struct


@dataclass(frozen=True)
class Problem:
    """A finding of Config.check() about one field."""

    #: Member id, or 0: the organization's own fields.
    member: int
    #: "hubs", "exports", "role" ...
    field: str
    #: Place in the list, where the field is one, else 0.
    index: int
    #: The value as text.
    value: str
    #: What is wrong and what would be right.
    message: str

    def __str__(self) -> str:
        whose = f"member {self.member}" if self.member else "organization"
        return f"{whose}: {self.field} {self.value!r}: {self.message}"

    @classmethod
    def _read(cls, struct: Any) -> "Problem":
        return read(cls, struct, **{name: (getattr(struct, name) or b"").decode("utf-8", "replace")
                                    for name in ("field", "value", "message")})


class ConfigReader:
    """What can be asked of a configuration. A Config is one, and so is Node.configuration."""

    _call: Callable[..., Any]
    _check: Callable[..., int]

    def _items(self, kind: Any, struct: Any, count: Any, at: Any) -> List[Any]:
        found = []
        for place in range(self._call(count)):
            entry = sized(struct)
            self._check(at, place, ctypes.byref(entry))
            found.append(kind._read(entry))
        return found

    @property
    def name(self) -> str:
        """The organization's name; empty: not set."""
        value = self._call(lib.avpn_config_name)
        return text(value)

    @property
    def version(self) -> int:
        """0: not signed yet. The upper 16 bits are the serial of the charter."""
        return int(self._call(lib.avpn_config_version))

    @property
    def created(self) -> int:
        """Seconds since 1970 UTC."""
        return int(self._call(lib.avpn_config_created))

    @property
    def expires(self) -> int:
        """Seconds since 1970 UTC; 0: never."""
        return int(self._call(lib.avpn_config_expires))

    @property
    def psk_epoch(self) -> int:
        """Number of the pre-shared key in force, from 1; 0: not signed yet."""
        return int(self._call(lib.avpn_config_psk_epoch))

    @property
    def is_whole(self) -> bool:
        """True: read from a bundle, which tells everything; False: from a slice, or made here."""
        return bool(self._call(lib.avpn_config_is_whole))

    @property
    def rotations(self) -> int:
        """Root key rotations so far."""
        return int(self._call(lib.avpn_config_rotations))

    @property
    def flags(self) -> int:
        """constants.ORGANIZATION_*."""
        return int(self._call(lib.avpn_config_flags))

    @property
    def suites(self) -> Tuple[Suite, ...]:
        """Ciphers allowed, in order of preference."""
        room = (ctypes.c_uint8 * d.AVPN_SUITES)()
        count = self._call(lib.avpn_config_suites, room, len(room))
        return tuple(Suite(value) for value in room[:count])

    @property
    def organization(self) -> Key:
        """The organization's id. NotFoundError: it was not read from what was signed."""
        key = d.avpn_key()
        self._check(lib.avpn_config_organization, ctypes.byref(key))
        return Key._read(key)

    def registries(self) -> List[RegistryEntry]:
        """The organization's registries, by place."""
        return self._items(RegistryEntry, d.avpn_registry_entry, lib.avpn_config_registry_count,
                           lib.avpn_config_registry)

    def members(self) -> List[Member]:
        """All members, by ascending id."""
        return self._items(Member, d.avpn_member, lib.avpn_config_member_count, lib.avpn_config_member_at)

    def member_count(self) -> int:
        """How many members there are."""
        return int(self._call(lib.avpn_config_member_count))

    def member(self, who: Union[int, str, Key]) -> Member:
        """One member, by id, name or key. NotFoundError."""
        struct = sized(d.avpn_member)
        if isinstance(who, Key):
            self._check(lib.avpn_config_member_by_key, ctypes.byref(who._value), ctypes.byref(struct), about=str(who))
        elif isinstance(who, str):
            self._check(lib.avpn_config_member_by_name, _word(who), ctypes.byref(struct), about=repr(who))
        else:
            self._check(lib.avpn_config_member, u32(who, "member"), ctypes.byref(struct), about=str(who))
        return Member._read(struct)

    def rules(self) -> List[Rule]:
        """The firewall's rules, in the order in which they are tried."""
        return self._items(Rule, d.avpn_rule, lib.avpn_config_rule_count, lib.avpn_config_rule)

    def breakouts(self) -> List[Breakout]:
        """Local breakouts, in their order."""
        return self._items(Breakout, d.avpn_breakout, lib.avpn_config_breakout_count, lib.avpn_config_breakout)

    def invites(self) -> List[Invite]:
        """Invites of a bundle, by member id."""
        return self._items(Invite, d.avpn_invite, lib.avpn_config_invite_count, lib.avpn_config_invite)

    def is_complete(self, member: int) -> bool:
        """True if everything is there that `member` needs."""
        code = self._call(lib.avpn_config_is_complete, u32(member, "member"))
        if code != d.AVPN_ERROR_NOT_FOUND:
            check(code, "avpn_config_is_complete")
        return bool(code == d.AVPN_OK)

    def psk(self, member: int, pair: KeyPair) -> Tuple[SecretKey, Optional[SecretKey]]:
        """The pre-shared keys sealed to a member: of this epoch, and of the one before (None in epoch 1).

        AuthError: not to this key, or they do not fit what was signed. NotFoundError: no such member, or it is revoked.
        """
        now, before = d.avpn_key(), d.avpn_key()
        self._check(lib.avpn_config_psk, u32(member, "member"), ctypes.byref(pair._value), ctypes.byref(now),
                    ctypes.byref(before), about=str(member))
        previous = SecretKey(bytes(before.bytes))
        return SecretKey(bytes(now.bytes)), previous if any(bytes(previous)) else None

    def is_peer(self, a: int, b: int) -> bool:
        """True if the two are to have a tunnel; False also when one is unknown."""
        return bool(self._call(lib.avpn_config_is_peer, u32(a, "a"), u32(b, "b")))

    def peers(self, member: int) -> List[int]:
        """The peers of a member by ascending id; none for an unknown or revoked member."""
        count = self._call(lib.avpn_config_peers, u32(member, "member"), None, 0)
        room = (ctypes.c_uint32 * max(count, 1))()
        return list(room[:self._call(lib.avpn_config_peers, member, room, count)])


def _word(name: str) -> bytes:
    if not isinstance(name, str):
        raise TypeError(f"a name is to be text, and is a {type(name).__name__}")
    if "\0" in name:
        raise FormatError(f"name {name!r}: 1 to 63 characters of a-z A-Z 0-9 . _ -")
    return name.encode()


class Config(ConfigReader, Handle):
    """A configuration of one's own. Threads wait for each other. One that was read is not to be changed (StateError)."""

    _waits = True

    def __init__(self, name: str = "", *, host: Optional[Host] = None) -> None:
        """Empty but for its name. `host`: of it the allocator."""
        Handle.__init__(self)
        seams = seams_for(self._failures, host)
        pointer = ctypes.c_void_p()
        self._raise(lib.avpn_config_new(seams.allocator(), ctypes.byref(pointer)), "avpn_config_new")
        self._own(pointer.value, seams.freeing(lib.avpn_config_del), seams)
        if name:
            self.set_name(name)

    @classmethod
    def read(cls, document: bytes, organization: KeyLike, wall_clock: int = 0, *,
             host: Optional[Host] = None) -> "Config":
        """Read a signed bundle or slice, and verify all of it.

        `organization`: the id that the reader was born knowing. `wall_clock`: seconds since 1970 UTC; 0: expiry is not judged.
        FormatError: not canonical. AuthError: another organization's, or a signature does not verify. ExpiredError.
        ArgumentError: well signed, but invalid.
        """
        made = cls.__new__(cls)
        Handle.__init__(made)
        seams = seams_for(made._failures, host)
        data, pointer = octets(document, "document"), ctypes.c_void_p()
        code = lib.avpn_config_read(data, len(data), ctypes.byref(Key.of(organization)._value),
                                    seconds(wall_clock, "wall_clock"), seams.allocator(), ctypes.byref(pointer))
        made._raise(code, "avpn_config_read")
        made._own(pointer.value, seams.freeing(lib.avpn_config_del), seams)
        return made

    def set_name(self, name: str) -> None:
        """FormatError: 1 to 63 characters of a-z A-Z 0-9 . _ - are right."""
        self._check(lib.avpn_config_set_name, _word(name), about=repr(name))

    def set_suites(self, suites: Sequence[Suite]) -> None:
        """Ciphers allowed, in order of preference; otherwise AES-256-GCM, then ChaCha20-Poly1305."""
        room = (ctypes.c_uint8 * max(len(suites), 1))(*(u8(suite, "suite") for suite in suites))
        self._check(lib.avpn_config_set_suites, room, len(suites))

    def set_flags(self, flags: int) -> None:
        """constants.ORGANIZATION_*."""
        self._check(lib.avpn_config_set_flags, u32(flags, "flags"))

    def add_registry(self, registry: RegistryEntry) -> None:
        """LimitError: there are 8."""
        self._check(lib.avpn_config_add_registry, ctypes.byref(registry._value), about=registry.host)

    def add_member(self, member: Member) -> None:
        """Takes what check() then judges. FormatError: the name. LimitError: there are 65535."""
        self._check(lib.avpn_config_add_member, ctypes.byref(member._value), about=member.name)

    def add_rule(self, rule: Rule) -> None:
        """Behind those that are there: order decides. LimitError: there are 1024."""
        self._check(lib.avpn_config_add_rule, ctypes.byref(rule._value), about=rule.name)

    def add_breakout(self, breakout: Breakout) -> None:
        """LimitError: there are 256."""
        self._check(lib.avpn_config_add_breakout, ctypes.byref(breakout._value))

    def check(self) -> List[Problem]:
        """Everything that keeps it from being signed; nothing: it is valid. Overlaps of exports between members are legal."""
        found: List[Problem] = []
        seams = Seams(self._failures)
        report = seams.guarded(d.avpn_config_check_report, lambda problem: found.append(Problem._read(problem.contents)))
        self._call(lib.avpn_config_check, report, None)
        return found

    def require_successor(self, following: "Config") -> None:
        """May a holder of this take `following` after it?

        VersionError: not higher, or higher than one step may be. AuthError: its root keys do not continue these.
        """
        if following is self:
            raise ArgumentError("a configuration does not follow itself")
        with following._borrowed("require_successor") as other:
            self._check(lib.avpn_config_succeeds, other)

    def slice(self, bundle: bytes, member: int) -> bytes:
        """What one member gets of the bundle this was read from: to hand a site its configuration as a file.

        NotFoundError: no such member. StateError: this was not read from a bundle. FormatError: it is another bundle.
        """
        data, needed = octets(bundle, "bundle"), ctypes.c_size_t()
        with self._borrowed("slice") as config:
            arguments = (data, len(data), config, u32(member, "member"))
            code = lib.avpn_bundle_slice(*arguments, None, 0, ctypes.byref(needed))
            if code != d.AVPN_ERROR_SPACE:
                check(code, "avpn_bundle_slice", str(member))
            room = ctypes.create_string_buffer(needed.value or 1)
            check(lib.avpn_bundle_slice(*arguments, room, needed.value, ctypes.byref(needed)), "avpn_bundle_slice",
                  str(member))
        return room.raw[:needed.value]


