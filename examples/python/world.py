# SPDX-License-Identifier: ISC
"""A network in memory and in virtual time, for engines: machines behind NATs, and the wire between them.

    world = World(seed=1)
    node = autovpn.Node(identity, pair, world.now, bundle=bundle, host=world.host())
    world.add(node, Nat("friendly", "203.0.113.7", inside))
    world.run(60 * SECOND)

The same seed gives the same run again, datagram by datagram.
"""
import heapq
import random
from typing import Any, Dict, List, Optional, Set, Tuple

import autovpn
from autovpn import Contact

SECOND = 1_000_000_000


class Nat:
    """A router before one machine. Friendly: one port outside whoever is meant; unfriendly: one for each. Both let in only those written to."""

    def __init__(self, kind: str, address: str, inside: Contact) -> None:
        self.kind, self.address, self.inside = kind, address, inside
        self.ports: Dict[Optional[Contact], int] = {}
        self.asked: Set[Tuple[int, Contact]] = set()

    def leave(self, remote: Contact) -> Contact:
        """From where the world sees a datagram to `remote` come."""
        if self.kind == "none":
            return self.inside
        port = self.ports.setdefault(remote if self.kind == "unfriendly" else None, 50000 + 7 * len(self.ports))
        self.asked.add((port, remote))
        return Contact.parse(f"{self.address}:{port}")

    def lets_in(self, to: Contact, remote: Contact) -> bool:
        return self.kind == "none" or (to.port, remote) in self.asked


class World:
    """Machines, the wire between them, and the time."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.now = SECOND
        self.machines: List[Tuple[Any, Nat]] = []
        self.outside: Dict[str, int] = {}  # address -> place of its machine
        self.wire: List[Tuple[int, int, int, bytes, Contact]] = []
        self.sent = 0

    def host(self) -> autovpn.Host:
        return autovpn.Host(random=lambda count: self.random.getrandbits(8 * count).to_bytes(count, "big"))

    def add(self, engine: Any, nat: Nat) -> None:
        self.outside[nat.address] = len(self.machines)
        self.machines.append((engine, nat))

    def send(self) -> None:
        """Put on the wire what engines want to send; each way takes its 5 to 25 ms."""
        for engine, nat in self.machines:
            for datagram in engine.datagrams_to_send():
                to = self.outside.get(str(datagram.remote.host))
                seen = nat.leave(datagram.remote)
                if to is not None and self.machines[to][1].lets_in(datagram.remote, seen):
                    self.sent += 1
                    delay = self.random.randrange(5_000_000, 25_000_000)
                    heapq.heappush(self.wire, (self.now + delay, self.sent, to, datagram.data, seen))

    def run(self, span: int) -> None:
        end = self.now + span
        while self.now < end:
            self.send()
            deadlines = [engine.deadline for engine, _ in self.machines if engine.deadline is not None]
            self.now = max(self.now, min([end, *deadlines, *(item[0] for item in self.wire[:1])]))
            while self.wire and self.wire[0][0] <= self.now:
                _, _, to, data, seen = heapq.heappop(self.wire)
                self.machines[to][0].receive_datagram(data, seen, self.now)
            for engine, _ in self.machines:
                engine.handle_timer(self.now)
        self.send()
