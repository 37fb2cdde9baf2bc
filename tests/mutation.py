#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
"""Remove every security check, one at a time, and see that a test fails.

    tests/mutation.py [--list | --find] [PART_OF_NAME ...]

Each row below names a check of lib/, the text it is written as, what stands there when the check is gone,
and the tests of which at least one must then fail. The library is built in a copy of the tree, never in
the tree itself. A row whose text is not found exactly once is an error: the check moved, and the row
has to follow; --find looks for that alone, in no time. Takes some minutes; exit status 0: every check is held by a test.
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent

# name, file, text, replacement, tests
CHECKS = [
    ("organization id of the first root set", "lib/topo/bundle.c",
     "memcmp(&id, organization, sizeof id) == 0 &&", "true &&",
     ["authority/bundle", "authority/forgery", "authority/slice"]),
    ("organization named by the head", "lib/topo/bundle.c",
     "memcmp(&proof->head.organization, organization, sizeof id) == 0;", "true;",
     ["authority/bundle", "authority/forgery", "authority/slice"]),
    ("serial of the charter", "lib/topo/bundle.c",
     "proof->head.version >> AVPN_VERSION_SERIAL_SHIFT == charter->serial;", "true;",
     ["authority/bundle", "authority/forgery", "authority/slice"]),
    ("rotation signed by the set before", "lib/topo/bundle.c",
     """!avpni_signatures_verify(&rotation->by_previous, avpni_charter_root(charter, i),
                                     AVPNI_ROTATION_LABEL, body, count) ||""", "false ||",
     ["authority/bundle", "authority/forgery", "authority/slice"]),
    ("rotation signed by the new set", "lib/topo/bundle.c",
     """!avpni_signatures_verify(&rotation->by_itself, &rotation->set, AVPNI_ROTATION_LABEL,
                                     body, count)""", "count == 0",
     ["authority/bundle", "authority/forgery", "authority/slice"]),
    ("signature of the charter", "lib/topo/bundle.c",
     """!avpni_signatures_verify(&proof->charter_signatures,
                                 avpni_charter_root(charter, charter->rotation_count),
                                 AVPNI_CHARTER_LABEL, proof->document.charter,
                                 proof->charter_body_bytes) ||""", "false ||",
     ["authority/bundle", "authority/forgery", "authority/slice"]),
    ("signature of the head", "lib/topo/bundle.c",
     """!avpni_signatures_verify(&proof->head_signatures, &charter->signing, AVPNI_HEAD_LABEL,
                                 proof->document.head, proof->head_body_bytes)""", "false",
     ["authority/bundle", "authority/forgery", "authority/slice"]),
    ("Merkle root", "lib/topo/bundle.c",
     "if (memcmp(root, proof->head.root, sizeof root) != 0) {", "if (root == NULL) {",
     ["authority/bundle", "authority/forgery", "authority/slice"]),
    ("identity against its site", "lib/topo/bundle.c",
     "return memcmp(hash, named, sizeof hash) == 0;", "return true || hash[0] == named[0];",
     ["authority/bundle", "authority/forgery", "authority/slice"]),
    ("identity of the same member", "lib/topo/record.c",
     "avpni_read_u32(&r) != member->id", "avpni_read_u32(&r) == 0",
     ["topo/record", "authority/forgery"]),
    ("threshold of signatures", "lib/topo/record.c",
     "signatures->count < keys->threshold", "signatures->count < 1",
     ["authority/forgery", "authority/keys", "topo/record"]),
    ("who is revoked is told no key, all others are", "lib/topo/bundle.c",
     "is_withheld == ((member->flags & AVPN_MEMBER_REVOKED) != 0);", "true || is_withheld;",
     ["authority/bundle", "authority/forgery", "authority/slice"]),
    ("commitment to the pre-shared keys", "lib/topo/look.c",
     "avpni_is_equal(commitment, config->psk_commitment, sizeof commitment);",
     "true || commitment[0] != 0;", ["authority/bundle", "authority/forgery", "authority/slice"]),
    ("root sets continue", "lib/topo/look.c",
     "memcmp(held->roots, next->roots, (held->rotation_count + 1) * sizeof *held->roots) != 0",
     "false", ["authority/authority", "authority/keys"]),
    ("version above the one held", "lib/topo/look.c", "if (next <= held) {", "if (next == 0) {",
     ["authority/authority", "authority/keys"]),
    ("version within a step", "lib/topo/look.c", "next - held <= AVPNI_VERSION_STEP", "true",
     ["authority/authority", "authority/keys"]),
    ("serial within a step", "lib/topo/look.c", "next_serial - held_serial <= AVPNI_SERIAL_STEP",
     "true", ["authority/authority", "authority/keys"]),
    ("identity of every peer is there", "lib/topo/look.c",
     "if (!other.is_known && avpni_member_is_peer(config, &self, &other)) {", "if (other.id == 0) {",
     ["authority/bundle", "authority/slice", "authority/update"]),
    ("a node goes forward only", "lib/node/configure.c",
     "if (avpn_config_version(config) <= node->configure.highest)",
     "if (avpn_config_version(config) == 0)", ["node/configure"]),
    ("a node takes what continues", "lib/node/configure.c",
     "error = avpn_config_succeeds(node->config, config);", "error = AVPN_OK;",
     ["node/configure"]),
    ("a node takes what is complete", "lib/node/configure.c",
     "return error == AVPN_OK ? avpn_config_is_complete(config, self.id) : error;",
     "return error;", ["node/configure"]),
    ("least version of the token", "lib/node/configure.c",
     "node->configure.highest = token->version == 0 ? 0 : token->version - 1;",
     "node->configure.highest = 0;", ["node/join"]),
    ("an administrator's signature", "lib/registry/office.c",
     """return avpni_sign_verify(request->signature, text, count,
                             &organization->published->signing.keys[request->signer]);""",
     "return count > 0;", ["registry/publish"]),
    ("only who signed lists claims", "lib/registry/office.c",
     "if (message->rights != SIGNED) {", "if (message->rights == RIGHTS) {", ["registry/publish"]),
    ("an administrator's counter counts once", "lib/registry/office.c",
     "if (!avpni_counter_window_allows(&message->seat->window, head->counter)) {",
     "if (head->counter == 0) {", ["registry/publish", "registry/drops"]),
    ("sessions of an old charter end", "lib/registry/office.c",
     "if (head->generation <= organization->office_floor) {", "if (head->generation == 0) {",
     ["registry/publish"]),
    ("head and charter first", "lib/registry/office.c",
     "message->rights == SIGNED ? UINT32_MAX : 1", "UINT32_MAX", ["registry/publish"]),
    ("parts of the session that offered", "lib/registry/office.c",
     "upload->generation != message->head.generation ||", "false ||", ["registry/publish"]),
    ("the document is the one offered", "lib/registry/publish.c", "if (!has_offered_hash(upload)) {",
     "if (has_offered_hash(upload) && false) {", ["registry/publish"]),
    ("a newer version before all of it", "lib/registry/publish.c",
     "if (version != upload->offer.version) {", "if (version == 0) {", ["registry/publish"]),
    ("an expired document is not taken", "lib/registry/publish.c",
     "avpni_registry_clock(registry), &registry->host, &config);", "0, &registry->host, &config);",
     ["registry/publish"]),
    ("stored before served", "lib/registry/publish.c", "if (!is_stored) {",
     "if (!is_stored && false) {", ["registry/publish"]),
    ("what is served limits what follows", "lib/registry/organizations.c",
     "error = avpn_config_succeeds(held, config);", "error = AVPN_OK;", ["registry/publish"]),
    ("a slice is no document to serve", "lib/registry/publish.c",
     "avpn_config_version(config) == upload->offer.version && avpn_config_is_whole(config);",
     "avpn_config_version(config) == upload->offer.version;", ["registry/publish"]),
    ("a claim's signature", "lib/registry/join.c",
     """avpn_claim_verify(&invite_out->key, &organization->id, request->member, device,
                             request->signature) == AVPN_OK;""", "device != NULL;",
     ["registry/join"]),
    ("the first claim holds its place", "lib/registry/join.c",
     "memcmp(&held->device, device, sizeof *device) == 0 ? AVPNI_CLAIM_PENDING",
     "device != NULL ? AVPNI_CLAIM_PENDING", ["registry/join"]),
    ("a claim is stored before it is answered", "lib/registry/join.c",
     "if (!store_claims(registry, organization)) {",
     "if (!store_claims(registry, organization) && false) {", ["registry/join"]),
    ("a claim goes with its invite", "lib/registry/join.c",
     "memcmp(&was.key, &is.key, sizeof is.key) == 0) {", "true) {", ["registry/join"]),
    ("a member's bucket", "lib/registry/receive.c",
     "!avpni_table_spend(&registry->table, record, cost, request->arrival->now)", "false",
     ["registry/rates"]),
    ("a contact is proved before it is answered", "lib/registry/receive.c",
     "    if (request->is_settled) {\n        return true;", "    if (request->is_settled || true) {\n        return true;",
     ["registry/registry", "registry/updates"]),
    ("who is told that it is revoked is the one", "lib/registry/spread.c",
     "return place != AVPNI_MAP_NONE && &succession->old->members[place] == member",
     "return place != AVPNI_MAP_NONE || member != NULL", ["registry/updates"]),
    ("hubs apart are no peers", "lib/topo/select.c",
     "return has_hub_tunnels || is_exit_of(a, b)", "return true || is_exit_of(a, b)",
     ["topo/select", "topo/plan", "authority/slice"]),
    ("policy told where none is held", "lib/topo/update.c",
     "return count > 0 || a->is_held;", "return true;", ["authority/update"]),
    ("translation within the exports", "lib/topo/validate_policy.c",
     "if (!is_exported(member, exported)) {", "if (exported == NULL) {",
     ["topo/validate", "authority/forgery"]),
    ("routes of others in attached subnets", "lib/topo/plan.c",
     "} else if (!above->is_attached) {", "} else {", ["topo/plan"]),
    ("policy under the Merkle root", "lib/topo/bundle.c",
     "avpni_merkle_leaf(document->policy, document->policy_bytes, rest);",
     "avpni_merkle_leaf(document->policy, 0, rest);",
     ["authority/bundle", "authority/forgery", "authority/slice"]),
    ("the sender judges", "lib/forward/outbound.c",
     "else if (!is_allowed(lane, s))", "else if (is_allowed == NULL)", ["node/policy"]),
    ("the receiver judges again", "lib/forward/inbound.c",
     """if (!avpni_rules_allow(rules, rules->firewall.received, lane->is_shared, source,
                             destination, a->bytes, a->count)) {""",
     "if (rules == NULL || source == NULL || destination == NULL) {", ["node/policy"]),
    ("ports hidden from the rules", "lib/forward/directory.c",
     """    if (!avpni_inner_transport(packet, bytes, &transport))
        return false;
    rule =""", """    if (!avpni_inner_transport(packet, bytes, &transport))
        return true;
    rule =""", ["node/policy"]),
    ("one address for a host", "lib/inner/translate.c",
     "return avpni_address_is_equal(&back, address);", "return back.family == address->family;",
     ["inner/translate", "node/policy"]),
    ("own outer datagrams", "lib/forward/outbound.c",
     "if (is_recursion(lane, packet, bytes, source_out)) {", "if (is_recursion == NULL) {", ["node/policy"]),
    ("limit of ICMP errors", "lib/node/answer.c", "|| !avpni_icmp_take(&node->icmp_limit, now))",
     "|| now < 0)", ["node/carry"]),
    ("no error about an error", "lib/node/answer.c", "!avpni_icmp_may_answer(packet, bytes)",
     "bytes == 0", ["node/carry"]),
    ("tag of a confirmation", "lib/link/tunnel.c",
     "if (!avpni_is_equal(tag, message.tag, sizeof tag))",
     "if (!avpni_is_equal(tag, message.tag, 0))",
     ["node/hostile"]),
    ("a confirmation of a session that waits for one", "lib/link/tunnel.c",
     "if (peer->tunnel.pending != session || avpni_session_is_expired(session, now))\n"
     "        return AVPN_DROP_UNEXPECTED; /* a copy, or too late */",
     "if (avpni_session_is_expired(session, now))\n        return AVPN_DROP_UNEXPECTED;",
     ["node/hostile"]),
    ("the SA that a report names", "lib/node/handover.c",
     "session->remote_index == (report->spi & ~15u)", "session->remote_index != 0",
     ["node/handover"]),
    ("the member that a report names", "lib/node/handover.c",
     """peer = avpni_node_find_peer(node, own.member);
    if (peer == NULL)
        return AVPN_ERROR_NOT_FOUND;
    session""", """peer = node->peers[0];
    session""", ["node/handover"]),
    ("the site behind which a packet comes from", "lib/forward/inbound.c",
     "if (!verdict->is_allowed)", "if (verdict == NULL)", ["node/node", "node/worker"]),
    ("what a struct of a later version asks for", "lib/base/sized.c",
     "is_size(theirs, first) && is_zero_from(theirs, own_bytes, size_of(theirs));",
     "is_size(theirs, first) && is_zero_from(theirs, own_bytes, 0);", ["base/sized"]),
    ("a caller's struct that is too small", "lib/base/sized.c",
     "size_of(theirs) >= (uint32_t)first && size_of(theirs)", "(uint32_t)first > 0 && size_of(theirs)", ["base/sized"]),
    ("the new sender before the old one goes", "lib/link/tunnel.c",
     "avpni_handover_settle(peer); /* the new", "(void)0; /* the new",
     ["node/handover"]),
    ("keys at the installation only", "lib/link/handover.c",
     "if (action == AVPN_SA_INSTALL) {", "if (action != AVPN_SA_NONE) {",
     ["node/handover"]),
    ("no packet of a node that handed over", "lib/forward/inbound.c",
     "if (lane->is_handed_over) {", "if (false) {", ["node/handover"]),
    ("offers of the site that is known", "lib/link/peer.c",
     "return probe->site_check != 0 && probe->site_check == peer->site_check;",
     "return probe->site_check != peer->site_check + 1;", ["link/peer"]),
    ("a question about offers once a second", "lib/link/peer.c",
     "request->offers == peer->offers || is_early ||", "request->offers == peer->offers ||",
     ["link/peer"]),
    ("size that was asked for", "lib/link/mtu.c",
     "if (mtu->tries == 0 || size != mtu->asked || !is_since_asked(mtu, sent_at))",
     "if (mtu->tries == 0)", ["link/mtu", "link/path"]),
    ("a second between plans", "lib/node/routing.c",
     "due = routing->planned_at < 0 ? now : routing->planned_at + AVPNI_ROUTING_SPAN;",
     "due = now;", ["node/routing"]),
]


def select(parts):
    return [c for c in CHECKS if not parts or any(p in c[0] for p in parts)]


def run(command, **keywords):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          **keywords)


def copy_tree(to):
    names = run(["git", "-C", ROOT, "ls-files", "--cached", "--others",
                 "--exclude-standard"]).stdout.split("\n")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)


def build(tree, tests):
    """Only what these tests need."""
    listed = json.loads(run(["meson", "introspect", "--tests", tree / "build"]).stdout)
    targets = [os.path.relpath(t["cmd"][0], tree / "build") for t in listed if t["name"] in tests]
    return run(["ninja", "-C", tree / "build", *targets])


def fails(tree, tests):
    """Whether one of the tests fails; None when one of them does not exist."""
    environment = dict(os.environ, AVPN_SEEDS="1")
    result = run(["meson", "test", "-C", tree / "build", "--no-rebuild", *tests], env=environment)
    if "No suitable tests defined" in result.stdout:
        return None
    return result.returncode != 0


def try_check(tree, check):
    """A line of TAP without its number, and whether it is good."""
    name, file, text, replacement, tests = check
    path = tree / file
    original = path.read_text()
    if original.count(text) != 1:
        return f"{name}: {file} has its text {original.count(text)} times", False
    path.write_text(original.replace(text, replacement))
    try:
        built = build(tree, tests)
        if built.returncode != 0:
            return f"{name}: without it nothing builds:\n{built.stdout[-600:]}", False
        outcome = fails(tree, tests)
    finally:
        path.write_text(original)
    if outcome is None:
        return f"{name}: no such test: {' '.join(tests)}", False
    return f"{name}: {'held' if outcome else 'NOT held'} by {' '.join(tests)}", outcome


def find(checks):
    """Are all texts where their rows say, once?"""
    lost = [f"{file}: {name}: found {count} times, not once" for name, file, text, _, _ in checks
            if (count := (ROOT / file).read_text().count(text) if (ROOT / file).exists() else 0) != 1]
    print("\n".join(lost) or f"{len(checks)} checks are where they are said to be")
    return 1 if lost else 0


def main():
    parts = [a for a in sys.argv[1:] if not a.startswith("-")]
    if "--help" in sys.argv:
        print(__doc__)
        return 0
    if "--list" in sys.argv:
        for check in select(parts):
            print(f"{check[1]}: {check[0]}")
        return 0
    if "--find" in sys.argv:
        return find(select(parts))
    bad = 0
    with tempfile.TemporaryDirectory(prefix="avpn-mutation.") as folder:
        tree = pathlib.Path(folder)
        copy_tree(tree)
        setup = run(["meson", "setup", "-Dbench=false", "-Dprograms=disabled",
                     "-Dbuildtype=debugoptimized", tree / "build", tree])
        if setup.returncode != 0:
            print(f"Bail out! the tree cannot be set up\n{setup.stdout[-600:]}")
            return 1
        checks = select(parts)
        for number, check in enumerate(checks, 1):
            began = time.monotonic()
            line, is_good = try_check(tree, check)
            bad += not is_good
            print(f"{'ok' if is_good else 'not ok'} {number} - {line} ({time.monotonic() - began:.0f} s)",
                  flush=True)
        print(f"1..{len(checks)}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
