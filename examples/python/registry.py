#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""A registry on asyncio. It serves gateways of any kind, and takes what `autovpn org publish` sends.

    registry.py --state DIR --show-key                    # for "registries" in org.yaml
    registry.py --state DIR --organization ID [--listen 0.0.0.0:9350] [--json]

DIR keeps the registry's key (`key`) and what was published and claimed (`store/`), so that a restart forgets nothing; there is no secret of
anybody else in it. Each event is a line: who connects, where it is seen, who is gone, what is published, who claims a place.
Exit status: 0: ended by a signal, 1: something failed, 2: bad usage.
"""
import argparse
import asyncio
import pathlib
import sys
import time
from typing import Any, Dict, List, Tuple

import autovpn
from autovpn import aio

from hosting import address_of, fail, key_pair, on_signal, printer


async def serve(identity: autovpn.KeyPair, state: pathlib.Path, listen: List[Tuple[str, int]],
                organizations: List[autovpn.Key], is_json: bool) -> None:
    """Until a signal comes."""
    host = autovpn.Host(store=autovpn.FolderStore(state / "store"), wall_clock=lambda: int(time.time()))
    registry = autovpn.Registry(identity, aio.time_ns(), host=host)
    for organization in organizations:
        registry.admit(organization, aio.time_ns())

    def version(event: autovpn.Event) -> Dict[str, Any]:
        """An event names an organization by its place: say its name, and which version it has now."""
        if not isinstance(event, (autovpn.PublishedEvent, autovpn.ClaimEvent, autovpn.MemberEvent)):
            return {}
        status = registry.organization(registry.organization_at(event.organization))
        return {"organization": status.name, **({"version": status.version} if isinstance(event, autovpn.PublishedEvent) else {})}

    show = printer(is_json, version)
    async with aio.RegistryProtocol(registry) as server:
        on_signal(server.close)
        for place, address in enumerate(listen):
            try:
                await server.open_socket(place, address)
            except OSError as error:
                fail(f"--listen {address[0]}:{address[1]}: {error.strerror or error}", 1)
        print(f"serving at {', '.join(f'{host}:{port}' for host, port in listen)}, key {identity.public}", file=sys.stderr)
        async for event in server.events():
            show(event)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--state", type=pathlib.Path, required=True, metavar="DIR", help="made if it is not there")
    parser.add_argument("--organization", type=autovpn.Key.parse, action="append", default=[], metavar="ID",
                        help="whom to serve, as `autovpn org init` printed it; may be repeated")
    parser.add_argument("--listen", type=address_of, action="append", metavar="ADDRESS:PORT", help="UDP (0.0.0.0:9350); up to 4")
    parser.add_argument("--json", action="store_true", help="an object for each event")
    parser.add_argument("--show-key", action="store_true", help="print the public key, made first if there is none, and end")
    options = parser.parse_args()
    identity = key_pair(options.state / "key")
    if options.show_key:
        print(identity.public)
        return 0
    if not options.organization:
        fail("--organization: name at least one, or nobody is served")
    try:
        asyncio.run(serve(identity, options.state, options.listen or [("0.0.0.0", 9350)], options.organization, options.json))
    except (autovpn.Error, OSError) as error:
        fail(str(error), 1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
