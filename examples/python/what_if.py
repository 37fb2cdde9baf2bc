#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""What happens if a planned org.yaml is published: which tunnels and routes appear and go, for each site.

    what_if.py org.yaml planned.yaml              # --json for programs
    git show HEAD:org.yaml > old.yaml && what_if.py old.yaml org.yaml

Nothing is decided here. `autovpn org show` reads the files; each organization is then signed with keys made for the moment, and each of its
sites is brought up as a real node from its own slice. What these nodes have for peers and routes is compared. Sites that wait for a
device count as if they had one. Subnets to which a site is attached beside its own are not in the files, so not here either.
Exit status: 0: nothing changes, 1: something does, 2: a file is not valid.
"""
import argparse
import json
import sys
from typing import Any, Dict, List, NamedTuple, Tuple

import autovpn
from autovpn import KeyPair, Role, SecretKey

from organization import default_tool, read_organization

NOW = autovpn.SECOND


class Plan(NamedTuple):
    """What one site has: names of its peers, and for each subnet of others the next hops in their order."""

    peers: Dict[str, str]
    routes: Dict[str, Tuple[str, ...]]
    conflicts: List[str]


def ports(text: Any) -> Any:
    """ "443" or "8000-8010"; None: any."""
    if text is None:
        return None
    first, _, last = str(text).partition("-")
    return int(first), int(last or first)


def member(site: Dict[str, Any], ids: Dict[str, int], pair: KeyPair) -> autovpn.Member:
    return autovpn.Member(
        id=site["id"], name=site["name"], key=pair.public, role=Role.HUB if site["role"] == "hub" else Role.SPOKE,
        hubs=tuple(autovpn.MemberHub(ids[hub["site"]], hub["default_route"]) for hub in site["hubs"]),
        exports=tuple(site["exports"]), manual=tuple(site["uplinks"]), is_revoked=site["revoked"],
        translations=tuple(autovpn.Translation(each["local"], each["exported"]) for each in site["translate"]))


def configuration(answer: Dict[str, Any], pairs: Dict[str, KeyPair]) -> autovpn.Config:
    """What the file says, as the library has it; the sites' keys are not theirs."""
    config = autovpn.Config(answer["name"])
    ids = {site["name"]: site["id"] for site in answer["sites"]}
    config.set_flags(0 if answer["hub_tunnels"] else autovpn.constants.ORGANIZATION_NO_HUB_TUNNELS)
    for entry in answer["registries"]:
        config.add_registry(autovpn.RegistryEntry(key=entry["key"], host=entry["host"], port=entry["port"]))
    for site in answer["sites"]:
        config.add_member(member(site, ids, pairs[site["name"]]))
    for rule in answer["firewall"]:
        config.add_rule(autovpn.Rule(
            autovpn.RuleAction.DENY if rule["action"] == "deny" else autovpn.RuleAction.ALLOW, rule["source"],
            rule["destination"], rule["protocol"] or 0, ports(rule["source_ports"]), ports(rule["destination_ports"]), rule["name"]))
    for breakout in answer["breakout"]:
        config.add_breakout(autovpn.Breakout(ids.get(breakout["site"], 0), breakout["destination"], breakout["protocol"] or 0,
                                             ports(breakout["destination_ports"])))
    return config


def plan(answer: Dict[str, Any]) -> Dict[str, Plan]:
    """Every site's peers and routes, asked of its node."""
    pairs = {site["name"]: KeyPair.generate() for site in answer["sites"]}
    config = configuration(answer, pairs)
    for problem in config.check():
        raise autovpn.ArgumentError(str(problem))
    with autovpn.Authority() as authority:
        authority.add_root(SecretKey.generate())
        authority.add_signer(SecretKey.generate())
        bundle = authority.sign(config, autovpn.Publication(version=1, psk=SecretKey.generate()))
        organization = authority.organization
    keys = {site["name"]: site["key"] for site in answer["sites"]}
    names = {site["id"]: site["name"] for site in answer["sites"]}
    found = {}
    with autovpn.Config.read(bundle, organization) as whole:
        for site in answer["sites"]:
            if site["revoked"]:
                found[site["name"]] = Plan({}, {}, [])
                continue
            document = whole.slice(bundle, site["id"])
            with autovpn.Node(organization, pairs[site["name"]], NOW, bundle=document) as node:
                found[site["name"]] = plan_of(node, names, keys)
    return found


def plan_of(node: autovpn.Node, names: Dict[int, str], keys: Dict[str, Any]) -> Plan:
    own = node.status().member
    routes = {str(route.prefix): tuple(names.get(hop, "?") for hop in route.hops)
              for route in node.routes() if route.hops[0] not in (autovpn.HOP_LOCAL, autovpn.HOP_ATTACHED, autovpn.HOP_NOBODY)}
    peers = {names[peer.member]: f"{keys[names[peer.member]]} {keys[names[own]]}" for peer in node.peers()}
    conflicts = [f"{conflict.prefix}: {conflict.kind.name.lower().replace('_', ' ')}: {names.get(conflict.winner, '-')} wins, not "
                 f"{names.get(conflict.loser, '-')}" for conflict in node.conflicts()]
    return Plan(peers, routes, sorted(conflicts))


def compare(before: Plan, after: Plan) -> Dict[str, Any]:
    """The differences of one site; only what there is."""
    both = set(before.peers) & set(after.peers)
    same = set(before.routes) & set(after.routes)
    changes: Dict[str, Any] = {
        "tunnels_begin": sorted(set(after.peers) - set(before.peers)),
        "tunnels_end": sorted(set(before.peers) - set(after.peers)),
        "tunnels_new_key": sorted(name for name in both if before.peers[name] != after.peers[name]),
        "routes_begin": {prefix: list(after.routes[prefix]) for prefix in sorted(set(after.routes) - same)},
        "routes_end": {prefix: list(before.routes[prefix]) for prefix in sorted(set(before.routes) - same)},
        "routes_change": {prefix: {"before": list(before.routes[prefix]), "after": list(after.routes[prefix])}
                          for prefix in sorted(same) if before.routes[prefix] != after.routes[prefix]},
        "conflicts_begin": sorted(set(after.conflicts) - set(before.conflicts)),
        "conflicts_end": sorted(set(before.conflicts) - set(after.conflicts)),
    }
    return {word: value for word, value in changes.items() if value}


def hops(names: List[str]) -> str:
    return f"by {names[0]}" + (f", then {', '.join(names[1:])}" if names[1:] else "")


def print_site(name: str, state: str, changes: Dict[str, Any]) -> None:
    print(f"{name}{state}")
    for peer in changes.get("tunnels_begin", []):
        print(f"  + tunnel with {peer}")
    for peer in changes.get("tunnels_end", []):
        print(f"  - tunnel with {peer}")
    for peer in changes.get("tunnels_new_key", []):
        print(f"  ~ tunnel with {peer}: begins anew, for a key is another")
    for prefix, names in changes.get("routes_begin", {}).items():
        print(f"  + route {prefix} {hops(names)}")
    for prefix, names in changes.get("routes_end", {}).items():
        print(f"  - route {prefix} {hops(names)}")
    for prefix, both in changes.get("routes_change", {}).items():
        print(f"  ~ route {prefix} {hops(both['after'])}; before: {hops(both['before'])}")
    for word, mark in (("conflicts_begin", "+"), ("conflicts_end", "-")):
        for conflict in changes.get(word, []):
            print(f"  {mark} conflict {conflict}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("present", metavar="ORG.YAML", help="as it is published")
    parser.add_argument("planned", metavar="PLANNED.YAML", help="as it is to be")
    parser.add_argument("--autovpn", default=default_tool(), metavar="PATH", help="the program (AUTOVPN_TOOL, or autovpn)")
    parser.add_argument("--json", action="store_true", help="one object: sites, and what changes for each")
    options = parser.parse_args()
    plans = []
    for path in (options.present, options.planned):
        answer = read_organization(path, options.autovpn)
        try:
            plans.append(plan(answer))
        except autovpn.Error as error:
            print(f"what_if.py: {path}: {error}", file=sys.stderr)
            return 2
    before, after = plans
    nothing = Plan({}, {}, [])
    sites = {}
    for name in {**before, **after}:
        changes = compare(before.get(name, nothing), after.get(name, nothing))
        state = " (new)" if name not in before else " (gone)" if name not in after else ""
        if changes or state:
            sites[name] = (state, changes)
    if options.json:
        print(json.dumps({"changes": bool(sites), "sites": {
            name: {"state": state.strip(" ()") or "stays", **changes} for name, (state, changes) in sites.items()}}, indent=2))
    else:
        for name, (state, changes) in sites.items():
            print_site(name, state, changes)
        begins = sum(len(changes.get("tunnels_begin", [])) for _, changes in sites.values()) // 2
        ends = sum(len(changes.get("tunnels_end", [])) for _, changes in sites.values()) // 2
        print(f"tunnels: {begins} begin, {ends} end; {len(sites)} of {len({**before, **after})} sites see a change"
              if sites else "no tunnel and no route changes")
    return 1 if sites else 0


if __name__ == "__main__":
    sys.exit(main())
