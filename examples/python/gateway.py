#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A gateway on asyncio and a TUN device. Linux, as root.

    gateway.py --state DIR --token TOKEN            # a new site: it makes its key, claims its place, and waits to be signed in
    gateway.py --state DIR --bundle FILE            # a site that got its configuration as a file
    gateway.py --state DIR                          # ever after

DIR keeps the key (`key`) and the configuration. The device gets the site's first address of its first subnet, unless --address says
another; routes come and go with the events of the node, which are printed, one a line. A default route through the VPN is left alone: use
autovpn-gateway for that. Exit status: 0: ended by a signal, 1: something failed, 2: bad usage.
"""
import argparse
import asyncio
import fcntl
import ipaddress
import json
import os
import pathlib
import socket
import struct
import subprocess
import sys
import time
from typing import Dict, List, Optional, Tuple

import autovpn
from autovpn import aio

from hosting import address_of, fail, key_pair, on_signal, printer, read_file

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
AT_ONCE = 64  # packets of the device before the network's turn


class Ip:
    """The machine's side: the device, its address, its routes; all by ip(8)."""

    def __init__(self, name: str, mtu: int) -> None:
        self.name = name
        self.routes: Dict[autovpn.Prefix, bool] = {}
        self.address: Optional[str] = None
        try:
            self.tun = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
            fcntl.ioctl(self.tun, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
        except OSError as error:
            fail(f"--tun {name}: {error.strerror}: root is needed, and /dev/net/tun", 1)
        self.run("link", "set", name, "mtu", str(mtu), "up")

    def run(self, *words: str) -> str:
        done = subprocess.run(["ip", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            print(f"ip {' '.join(words)}: {done.stderr.strip()}", file=sys.stderr)
        return done.stdout

    def attached(self) -> List[autovpn.Prefix]:
        """All subnets this machine is attached to, but by the device itself."""
        found = set()
        for link in json.loads(self.run("-j", "address", "show") or "[]"):
            for entry in link.get("addr_info", []):
                network = ipaddress.ip_interface(f"{entry.get('local')}/{entry['prefixlen']}").network
                if link.get("ifname") not in ("lo", self.name) and not network.is_link_local:
                    found.add(autovpn.Prefix.parse(str(network)))
        return sorted(found)

    def set_address(self, address: str) -> None:
        if address != self.address:
            self.address = address
            self.run("address", "replace", address, "dev", self.name)

    def set_route(self, prefix: autovpn.Prefix, is_active: Optional[bool]) -> None:
        """Through the device; unreachable while no hop is alive; None: no route any more."""
        network = ipaddress.ip_network(str(prefix))
        if network.prefixlen == 0:
            print(f"{prefix}: a default route is not set by this example", file=sys.stderr)
        elif is_active is None:
            if self.routes.pop(prefix, None) is not None:
                self.run(f"-{network.version}", "route", "del", str(prefix), "metric", "1024")
        elif self.routes.get(prefix) is not is_active:
            self.routes[prefix] = is_active
            where = [str(prefix), "dev", self.name] if is_active else ["unreachable", str(prefix)]
            source = ["src", self.address] if is_active and self.address and (":" in self.address) == (network.version == 6) else []
            self.run(f"-{network.version}", "route", "replace", *where, "metric", "1024", *source)

    def close(self) -> None:
        """Routes of the device go with it; those that are unreachable do not."""
        for prefix, is_active in list(self.routes.items()):
            if not is_active:
                self.set_route(prefix, None)
        os.close(self.tun)


class Gateway:
    """A node, its socket, and the machine's side."""

    def __init__(self, site: aio.NodeProtocol, ip: Ip, address: Optional[str]) -> None:
        self.site, self.ip, self.address = site, ip, address
        asyncio.get_running_loop().add_reader(ip.tun, self.read_tun)

    def read_tun(self) -> None:
        for _ in range(AT_ONCE):
            try:
                packet = os.read(self.ip.tun, 65535)
            except BlockingIOError:
                return
            if not self.site.is_closing:
                self.site.send_packet(packet)

    def take(self, event: autovpn.Event) -> None:
        """What an event means for the machine."""
        if event.lost:
            self.take_all_routes()
        if isinstance(event, autovpn.RouteDeleteEvent) and event.prefix is not None:
            self.ip.set_route(event.prefix, None)
        elif isinstance(event, autovpn.RouteEvent) and event.prefix is not None:
            self.ip.set_route(event.prefix, event.is_active)
        elif isinstance(event, autovpn.ConfigEvent):
            self.configure()

    def configure(self) -> None:
        """A configuration came into force: the address that this site has in it."""
        status = self.site.engine.status()
        exports = self.site.engine.configuration.member(status.member).exports
        if self.address is None and exports:
            network = ipaddress.ip_network(str(exports[0]))
            own = str(network[min(1, network.num_addresses - 1)])
        elif self.address is not None:
            own = self.address
        else:
            return
        self.ip.set_address(own)
        self.site.engine.set_addresses([own])

    def take_all_routes(self) -> None:
        """Events were lost: the whole picture."""
        routes = {route.prefix: route.active is not None for route in self.site.engine.routes()
                  if route.hops[0] not in (autovpn.HOP_LOCAL, autovpn.HOP_ATTACHED)}
        for prefix in set(self.ip.routes) - set(routes):
            self.ip.set_route(prefix, None)
        for prefix, is_active in routes.items():
            self.ip.set_route(prefix, is_active)


def own_address(bound: str) -> Optional[str]:
    """Where the machine is seen on the link that leads out, if the socket is bound to no address. No packet is sent."""
    if not ipaddress.ip_address(bound).is_unspecified:
        return bound
    is_ipv6 = ":" in bound
    with socket.socket(socket.AF_INET6 if is_ipv6 else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("2001:db8::1" if is_ipv6 else "192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return None


async def carry(options: argparse.Namespace, identity: autovpn.KeyPair, organization: autovpn.Key, bundle: Optional[bytes],
                token: Optional[autovpn.Token]) -> None:
    """Until a signal comes."""
    resolver = aio.Resolver()
    host = autovpn.Host(store=autovpn.FolderStore(options.state / "store"), wall_clock=lambda: int(time.time()), resolve=resolver)
    node = autovpn.Node(organization, identity, aio.time_ns(), bundle=bundle, token=token, host=host)
    ip = Ip(options.tun, options.mtu)
    show = printer(options.json)
    try:
        async with aio.NodeProtocol(node, on_packet=lambda packet: write_tun(ip.tun, packet), resolver=resolver) as site:
            on_signal(site.close)
            gateway = Gateway(site, ip, options.address)
            site.call(node.set_attached, ip.attached())
            bound = await open_uplink(site, options.listen)
            print(f"{options.tun}: uplink at {bound}, key {identity.public}", file=sys.stderr)
            async for event in site.events():
                gateway.take(event)
                show(event)
    finally:
        asyncio.get_running_loop().remove_reader(ip.tun)
        ip.close()


async def open_uplink(site: aio.NodeProtocol, listen: Tuple[str, int]) -> autovpn.Contact:
    bound = await site.open_socket(0, listen)
    address = own_address(listen[0])
    local = f"[{address}]:{bound.port}" if address and ":" in address else f"{address}:{bound.port}" if address else None
    site.call(site.engine.set_uplink, 0, local=local)
    return bound


def write_tun(tun: int, packet: bytes) -> None:
    """A device that takes no more, or is down, loses packets, as networks do."""
    try:
        os.write(tun, packet)
    except OSError:
        pass


def find_organization(options: argparse.Namespace, bundle: Optional[bytes], token: Optional[autovpn.Token]) -> autovpn.Key:
    """Of token or bundle at first; kept, and then nobody else's configuration is believed."""
    path = options.state / "organization"
    if path.exists():
        return autovpn.Key.parse(read_file(path, "organization").decode("ascii", "replace").strip())
    if token is None and bundle is None:
        fail(f"--state {options.state}: is new; give a --token or a --bundle")
    found = token.organization if token is not None else autovpn.bundle_organization(bundle or b"")
    path.write_text(f"{found}\n", encoding="ascii")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--state", type=pathlib.Path, required=True, metavar="DIR", help="made if it is not there")
    parser.add_argument("--token", help="of `autovpn invite`; @FILE reads it from a file")
    parser.add_argument("--bundle", type=pathlib.Path, metavar="FILE", help="the organization's bundle, or this site's slice of it")
    parser.add_argument("--listen", type=address_of, default=("0.0.0.0", 0), metavar="ADDRESS:PORT", help="UDP (0.0.0.0:0: any port)")
    parser.add_argument("--tun", default="avpn0", metavar="NAME", help="the device (avpn0)")
    parser.add_argument("--address", help="the device's address (the first of the site's first subnet)")
    parser.add_argument("--mtu", type=int, default=1400, help="of the device, bytes (1400)")
    parser.add_argument("--json", action="store_true", help="an object for each event")
    parser.add_argument("--show-key", action="store_true", help="print the public key, made first if there is none, and end")
    options = parser.parse_args()
    identity = key_pair(options.state / "key")
    if options.show_key:
        print(identity.public)
        return 0
    try:
        text = options.token
        if text is not None and text.startswith("@"):
            text = read_file(pathlib.Path(text[1:]), "--token").decode("ascii", "replace")
        token = autovpn.Token.parse(text) if text is not None else None
        bundle = read_file(options.bundle, "--bundle") if options.bundle is not None else None
        organization = find_organization(options, bundle, token)
    except autovpn.Error as error:
        fail(f"{'--token' if options.token else '--bundle'}: {error}")
    try:
        asyncio.run(carry(options, identity, organization, bundle, token))
    except (autovpn.Error, OSError) as error:
        fail(str(error), 1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
