# SPDX-License-Identifier: ISC
"""A route table for IPv4 and IPv6: prefix -> next hops in order of preference.

    >>> routes = Routes()
    >>> routes.put("10.0.0.0/8", [7, 9])
    >>> routes.set_state(9, HopState.ALIVE)
    >>> routes.lookup("10.1.2.3")
    9

A hop is a number that the caller chooses; which of them are alive is the caller's to say. The longest prefix that matches
decides, also where all its hops are dead. Threads wait for each other. Spec: [RTE-3], [RTE-5], [RTE-7].
"""
import ctypes
from dataclasses import dataclass
from typing import Any, Iterator, Optional, Sequence, Tuple

from . import _declarations as d
from ._handle import Handle
from ._native import lib
from ._seams import seams_for
from ._values import put_list, sized, u32
from .address import Address, AddressLike, Prefix, PrefixLike
from .enums import HopState
from .host import Host

__all__ = ["HOP_ATTACHED", "HOP_LOCAL", "HOP_NOBODY", "Route", "Routes"]

#: The prefix is this site's own: deliver here. Always alive.
HOP_LOCAL = d.AVPN_HOP_LOCAL
#: This site is attached to the prefix and does not export it. Never alive.
HOP_ATTACHED = d.AVPN_HOP_ATTACHED
#: The prefix' owners do not offer it now. Never alive.
HOP_NOBODY = d.AVPN_HOP_NOBODY


@dataclass(frozen=True)
class Route:
    """A prefix and its hops, the preferred first. Also made from what Prefix takes: Route("10.0.0.0/8", [7])."""
    #: The subnet.
    prefix: Prefix
    #: 1 to 16 numbers of the caller's choice, no duplicates.
    hops: Tuple[int, ...]

    def __init__(self, prefix: PrefixLike, hops: Sequence[int]) -> None:
        object.__setattr__(self, "prefix", Prefix.of(prefix))
        object.__setattr__(self, "hops", tuple(u32(hop, "hop") for hop in hops))

    def _write(self) -> Any:
        struct: Any = sized(d.avpn_route)
        struct.prefix = self.prefix._value
        put_list(struct, "hops", "hop_count", list(self.hops))
        return struct

    @classmethod
    def _read(cls, struct: Any) -> "Route":
        prefix = Prefix._read(struct.prefix)
        assert prefix is not None, "a table has no route without a prefix"
        return cls(prefix, struct.hops[:struct.hop_count])


class Routes(Handle):
    """A table; close() or the end of a `with` block frees it. Iterating gives routes in order of prefix."""

    _waits = True

    def __init__(self, *, host: Optional[Host] = None) -> None:
        """Empty. `host`: of it the allocator. OutOfMemoryError."""
        super().__init__()
        self._changes = 0
        seams, pointer = seams_for(self._failures, host), ctypes.c_void_p()
        self._raise(lib.avpn_routes_new(seams.allocator(), ctypes.byref(pointer)), "avpn_routes_new")
        self._own(pointer.value, seams.freeing(lib.avpn_routes_del), seams)

    def put(self, prefix: PrefixLike, hops: Sequence[int]) -> None:
        """Add a route, or replace the hops of the one with the same prefix: 1 to 16, without a duplicate.

        ArgumentError: other hops; OutOfMemoryError. Nothing changed then.
        """
        route = Route(prefix, hops)
        self._check(lib.avpn_routes_put, route._write(), about=f"{route.prefix} -> {list(route.hops)}")
        self._changes += 1

    def remove(self, prefix: PrefixLike) -> None:
        """NotFoundError: no route with this very prefix."""
        self._check(lib.avpn_routes_remove, Prefix.of(prefix)._value, about=str(prefix))
        self._changes += 1

    def clear(self) -> None:
        """Remove all routes; states of hops stay."""
        self._call(lib.avpn_routes_clear)
        self._changes += 1

    def set_state(self, hop: int, state: HopState) -> None:
        """New hops are dead. ArgumentError: one of HOP_*, whose states are fixed, or no such state; OutOfMemoryError."""
        self._check(lib.avpn_routes_set_state, u32(hop, "hop"), u32(state, "state"), about=f"hop {hop}")

    def state(self, hop: int) -> HopState:
        """Of any number, also one that no route has."""
        return HopState(self._call(lib.avpn_routes_state, u32(hop, "hop")))

    def lookup(self, address: AddressLike) -> int:
        """The first live hop of the longest prefix that matches, or else the first held one.

        NotFoundError: no prefix matches. EmptyError: one does, but all its hops are dead. Both are LookupErrors.
        """
        hop = ctypes.c_uint32()
        self._check(lib.avpn_routes_lookup, Address.of(address)._value, hop, about=str(address))
        return hop.value

    def allows(self, address: AddressLike, hop: int) -> bool:
        """Whether `hop` is a hop, alive or not, of the longest prefix that matches: may it send from there?"""
        return bool(self._call(lib.avpn_routes_allows, Address.of(address)._value, u32(hop, "hop")))

    def match(self, address: AddressLike) -> Route:
        """The route that decides for an address. NotFoundError."""
        struct: Any = sized(d.avpn_route)
        self._check(lib.avpn_routes_match, Address.of(address)._value, struct, about=str(address))
        return Route._read(struct)

    def get(self, prefix: PrefixLike) -> Route:
        """The route with this very prefix. NotFoundError."""
        struct: Any = sized(d.avpn_route)
        self._check(lib.avpn_routes_get, Prefix.of(prefix)._value, struct, about=str(prefix))
        return Route._read(struct)

    def active(self, route: Route) -> Optional[int]:
        """The place in `route.hops` of the hop that a lookup gives; None: all are dead."""
        place = self._call(lib.avpn_routes_active, route._write())
        return None if place == d.AVPN_ROUTE_NONE else int(place)

    @property
    def footprint(self) -> int:
        """Bytes on the heap."""
        return int(self._call(lib.avpn_routes_footprint))

    def __len__(self) -> int:
        return int(self._call(lib.avpn_routes_count))

    def __bool__(self) -> bool:
        return True  # a table is one, also while it is empty

    def __iter__(self) -> Iterator[Route]:
        changes = self._changes
        for place in range(len(self)):
            if self._changes != changes:
                raise RuntimeError("the route table changed while its routes were gone through")
            struct: Any = sized(d.avpn_route)
            self._check(lib.avpn_routes_at, place, struct)
            yield Route._read(struct)

    def __contains__(self, prefix: PrefixLike) -> bool:
        struct: Any = sized(d.avpn_route)
        return bool(self._call(lib.avpn_routes_get, Prefix.of(prefix)._value, struct) == d.AVPN_OK)
