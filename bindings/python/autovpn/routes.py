# SPDX-License-Identifier: ISC
"""A route table: prefix -> next hops in order of preference."""
import ctypes as c

from . import _declarations as d
from ._native import check, lib

LOCAL = 0  # the hop that means: deliver here


class Routes:
    """Usable as a context manager; one thread at a time."""

    def __init__(self):
        self._handle = c.c_void_p()
        check(lib.avpn_routes_new(None, c.byref(self._handle)), "avpn_routes_new")

    def close(self):
        """Idempotent; every other call raises ValueError afterwards."""
        handle, self._handle = self._handle, None
        if handle:
            lib.avpn_routes_del(handle)

    def _open(self):
        if not self._handle:
            raise ValueError("the route table is closed")
        return self._handle

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    __del__ = close

    def __len__(self):
        return lib.avpn_routes_count(self._open())

    def put(self, prefix, hops):
        """Add, or replace the hops of the same prefix. At most 16 hops, no duplicates."""
        if len(hops) > 16:
            raise ValueError(f"{len(hops)} hops for {prefix}: at most 16")
        route = d.avpn_route(size=c.sizeof(d.avpn_route), prefix=prefix._value,
                              hop_count=len(hops))
        route.hops[:len(hops)] = hops
        check(lib.avpn_routes_put(self._open(), c.byref(route)), "avpn_routes_put")

    def remove(self, prefix):
        check(lib.avpn_routes_remove(self._open(), c.byref(prefix._value)), "avpn_routes_remove")

    def set_alive(self, hop, is_alive=True):
        check(lib.avpn_routes_set_state(self._open(), hop, int(is_alive)), "avpn_routes_set_state")

    def lookup(self, address):
        """The first live hop of the longest match; raises Error NOT_FOUND or EMPTY."""
        hop = c.c_uint32()
        check(lib.avpn_routes_lookup(self._open(), c.byref(address._value), c.byref(hop)), "avpn_routes_lookup")
        return hop.value
