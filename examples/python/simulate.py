#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A whole organization in one process and in virtual time: a registry, hubs, and spokes behind NATs.

    simulate.py                                   # 3 hubs, 8 spokes, tunnels.svg
    simulate.py --hubs 2 --spokes 4 --seed 7 --output small.svg

Nothing leaves the process and no clock is read: a minute of the organization takes about a second, and the same seed gives the same
minute again. At its end every site sends one packet to every other; the table says who was reached, and over how many sites between.
The picture shows the tunnels that are up. Exit status: 0: every site reached every other, 1: one did not, 2: bad usage.
"""
import argparse
import json
import pathlib
import struct
import sys
from typing import List, Optional, Tuple

import autovpn
from autovpn import Contact, KeyPair, Role

import picture
from world import SECOND, Nat, World

TTL = 64


def hubs_of(number: int, hubs: int) -> Tuple[int, ...]:
    """Sites are numbered from 1, the first are hubs; each spoke has two of them."""
    first = (number - hubs - 1) % hubs + 1
    return () if number <= hubs else tuple(dict.fromkeys((first, first % hubs + 1)))


def member(number: int, hubs: int, key: autovpn.Key) -> autovpn.Member:
    is_hub = number <= hubs
    return autovpn.Member(
        id=number, name=f"hub-{number}" if is_hub else f"spoke-{number - hubs}", key=key,
        role=Role.HUB if is_hub else Role.SPOKE, hubs=hubs_of(number, hubs),
        exports=(f"10.{number}.0.0/16",))


def organization(world: World, hubs: int, spokes: int) -> List[autovpn.Node]:
    """Sign an organization, and bring its registry and its sites to life."""
    keys = [KeyPair(world.random.getrandbits(256).to_bytes(32, "big")) for _ in range(hubs + spokes + 1)]
    config = autovpn.Config("simulated")
    config.add_registry(autovpn.RegistryEntry(key=keys[0].public, host="198.51.100.1", port=9350))
    for number in range(1, hubs + spokes + 1):
        config.add_member(member(number, hubs, keys[number].public))
    with autovpn.Authority() as authority:
        authority.add_root(world.random.getrandbits(256).to_bytes(32, "big"))
        authority.add_signer(world.random.getrandbits(256).to_bytes(32, "big"))
        psk = autovpn.SecretKey(world.random.getrandbits(256).to_bytes(32, "big"))
        bundle = authority.sign(config, autovpn.Publication(version=1, psk=psk))
        identity = authority.organization
    registry = autovpn.Registry(keys[0], world.now, host=world.host())
    registry.set_organization(identity, bundle, world.now)
    world.add(registry, Nat("none", "198.51.100.1", Contact.parse("198.51.100.1:9350")))
    nodes = []
    for number in range(1, hubs + spokes + 1):
        kind = "none" if number <= hubs else ("friendly", "unfriendly", "friendly")[number % 3]
        inside = Contact.parse(f"203.0.113.{number}:40000" if kind == "none" else f"192.168.{number}.2:40000")
        node = autovpn.Node(identity, keys[number], world.now, bundle=bundle, host=world.host())
        node.set_uplink(0, world.now, local=inside)
        world.add(node, Nat(kind, f"203.0.113.{number}", inside))
        nodes.append(node)
    return nodes


def reach(world: World, nodes: List[autovpn.Node]) -> List[List[Optional[int]]]:
    """One packet from everybody to everybody: how many sites forwarded it; None: it did not arrive."""
    found: List[List[Optional[int]]] = [[None] * len(nodes) for _ in nodes]
    for source, node in enumerate(nodes, 1):
        for target in range(1, len(nodes) + 1):
            if source != target:
                node.send_packet(struct.pack("!BBHHHBBH4B4B", 0x45, 0, 20, 0, 0, TTL, 253, 0, 10, source, 0, 1,
                                             10, target, 0, 1), world.now)
    world.run(SECOND)
    for target, node in enumerate(nodes, 1):
        for packet in node.packets_received():
            if packet[9] == 253:
                found[packet[13] - 1][target - 1] = TTL - packet[8]
    return found


def print_table(names: List[str], reached: List[List[Optional[int]]]) -> None:
    """● a tunnel of their own, a number: so many sites between, ✗ nothing arrived."""
    width = max(map(len, names))
    print(" " * width, *(f"{number:>2}" for number in range(1, len(names) + 1)))
    for row, (name, line) in enumerate(zip(names, reached)):
        marks = ["·" if row == column else "✗" if hops is None else "●" if hops == 0 else str(hops)
                 for column, hops in enumerate(line)]
        print(name.ljust(width), *(f"{mark:>2}" for mark in marks), f" {row + 1}")
    print("\n● by a tunnel of their own   1, 2 so many sites between   ✗ not reached")


def count(text: str) -> int:
    """How many, for argparse."""
    if not text.isdigit() or not 1 <= int(text) <= 60:
        raise argparse.ArgumentTypeError(f"{text!r}: 1 to 60 is right")
    return int(text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hubs", type=count, default=3, help="how many hubs, 1 to 60 (3)")
    parser.add_argument("--spokes", type=count, default=8, help="how many spokes, 1 to 60 (8)")
    parser.add_argument("--seed", type=int, default=1, help="of everything that is random (1)")
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path("tunnels.svg"), help="the picture (tunnels.svg)")
    parser.add_argument("--json", action="store_true", help="print one object in the place of the table")
    options = parser.parse_args()

    world = World(options.seed)
    nodes = organization(world, options.hubs, options.spokes)
    world.run(60 * SECOND)
    reached = reach(world, nodes)

    names = [node.status().name for node in nodes]
    sites = [picture.Site(name, f"10.{number}.0.0/16", number <= options.hubs, nat.kind, hubs_of(number, options.hubs))
             for number, (name, (_, nat)) in enumerate(zip(names, world.machines[1:]), 1)]
    tunnels = [picture.Tunnel(place, peer.member - 1, peer.rtt_us / 1000, peer.tunnel == autovpn.TunnelState.UP)
               for place, node in enumerate(nodes) for peer in node.peers() if peer.member - 1 > place]
    try:
        options.output.write_text(picture.draw(sites, tunnels), encoding="utf-8")
    except OSError as error:
        print(f"simulate.py: --output {options.output}: {error.strerror}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps({"sites": names, "hops": reached, "picture": str(options.output), "seed": options.seed, "tunnels": [
            {"sites": [names[t.a], names[t.b]], "up": t.is_up, "rtt_ms": t.rtt_ms} for t in tunnels]}))
    else:
        print_table(names, reached)
        print(f"{sum(t.is_up for t in tunnels)} of {len(tunnels)} tunnels are up: {options.output}")
    is_whole = all(hops is not None for row, line in enumerate(reached) for column, hops in enumerate(line) if row != column)
    return 0 if is_whole else 1


if __name__ == "__main__":
    sys.exit(main())
