# SPDX-License-Identifier: ISC
"""An organization in one process and virtual time: a registry, a hub and two spokes, joined by function calls."""
import autovpn
from autovpn import (
    SECOND, Authority, Config, Contact, Host, KeyPair, Member, Node, Publication, Registry, RegistryEntry, Role, SecretKey)
from seeded import ipv4

REGISTRY = Contact("198.51.100.1:9350")
HUB, NORTH, SOUTH = 1, 2, 3
NAMES = {HUB: "hub", NORTH: "north", SOUTH: "south"}


def site_contact(member):
    return Contact(f"203.0.113.{member}:4000{member}")


def packet(source, destination, payload=b"hello"):
    """From host 1 of one member's subnet to host 1 of another's."""
    return ipv4(payload, bytes((10, source, 0, 1)), bytes((10, destination, 0, 1)))


class Administrator:
    """Keys, and what signs with them."""

    def __init__(self):
        self.root, self.signer, self.psk = (SecretKey.generate() for _ in range(3))
        self.keys = {member: KeyPair.generate() for member in NAMES}
        self.registry_keys = KeyPair.generate()
        with Authority() as authority:
            authority.add_root(self.root)
            self.organization = authority.organization

    def member(self, member, **changes):
        values = {"id": member, "name": NAMES[member], "key": self.keys[member].public,
                  "role": Role.HUB if member == HUB else Role.SPOKE, "hubs": () if member == HUB else (HUB,),
                  "exports": (f"10.{member}.0.0/16",), **changes}
        return Member(**values)

    def config(self, members=None, **more):
        config = Config("example")
        config.add_registry(RegistryEntry(self.registry_keys.public, REGISTRY.host, REGISTRY.port))
        for member in members if members is not None else map(self.member, NAMES):
            config.add_member(member)
        for rule in more.get("rules", ()):
            config.add_rule(rule)
        return config

    def sign(self, config, version=1, **more):
        with Authority() as authority:
            authority.add_root(self.root)
            authority.add_signer(self.signer)
            return authority.sign(config, Publication(version=version, psk=self.psk, **more))


class World:
    """All engines, and the wire between them. `hosts`: the Host of a member's node, or of the registry ("registry")."""

    def __init__(self, administrator=None, members=(HUB, NORTH, SOUTH), hosts=None, bundle=None):
        self.administrator = administrator or Administrator()
        self.now = 0
        self.hosts = hosts or {}
        self.bundle = bundle or self.administrator.sign(self.administrator.config())
        self.events = {}
        self.registry = Registry(self.administrator.registry_keys, self.now, host=self.hosts.get("registry"))
        self.registry.set_organization(self.administrator.organization, self.bundle, self.now)
        self.engines = {REGISTRY: self.registry}
        self.nodes = {}
        for member in members:
            self.add(member)

    def add(self, member, **options):
        node = Node(self.administrator.organization, self.administrator.keys[member], self.now,
                    host=self.hosts.get(member), **(options or {"bundle": self.bundle}))
        node.set_uplink(0, self.now, local=site_contact(member))
        self.nodes[member] = self.engines[site_contact(member)] = node
        self.events[member] = []
        return node

    def carry(self):
        """Bring datagrams where they go, until there are none."""
        moved = True
        while moved:
            moved = False
            for contact, engine in list(self.engines.items()):
                for datagram in engine.datagrams_to_send():
                    moved = True
                    if datagram.remote in self.engines:
                        self.engines[datagram.remote].receive_datagram(datagram.data, contact, self.now)

    def run(self, seconds):
        end = self.now + int(seconds * SECOND)
        while True:
            self.carry()
            due = [e.deadline for e in self.engines.values() if e.deadline is not None]
            self.now = max(self.now, min([end, *due]))
            for engine in self.engines.values():
                engine.handle_timer(self.now)
            self.carry()
            for member, node in self.nodes.items():
                self.events[member] += node.events()
            if self.now >= end:
                return

    def until(self, question, seconds=120):
        end = self.now + seconds * SECOND
        while not question():
            if self.now >= end:
                raise AssertionError(f"not within {seconds} s of virtual time")
            self.run(0.25)

    def send(self, source, destination, payload=b"hello"):
        """One packet; what its receiver was given."""
        self.nodes[source].send_packet(packet(source, destination, payload), self.now)
        self.carry()
        return self.nodes[destination].packets_received()

    def close(self):
        for engine in self.engines.values():
            engine.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for engine in self.engines.values():
            if not engine.closed:
                engine.close()


def of_kind(events, kind):
    return [event for event in events if isinstance(event, kind)]


__all__ = ["Administrator", "HUB", "Host", "NAMES", "NORTH", "REGISTRY", "SOUTH", "World", "autovpn", "of_kind", "packet",
           "site_contact"]
