# SPDX-License-Identifier: ISC
"""A whole organization: everything that engines do with each other, through the bindings."""
import unittest

import autovpn
from autovpn import (
    AuthError, Config, ExplainVerdict, HopReason, HopState, Invite, JoinState, NotFoundError, PathState, Publisher,
    PublisherState, RegistrationState, Role, Rule, RuleAction, SecretKey, StateError, Suite, Token, TunnelState,
    VersionError)
from organization import HUB, NORTH, REGISTRY, SOUTH, Administrator, World, of_kind, packet, site_contact

SECOND = autovpn.SECOND
ADMINISTRATOR_DESK = autovpn.Contact("192.0.2.77:5000")


class WholeOrganization(unittest.TestCase):
    def setUp(self):
        self.world = World()
        self.addCleanup(self.world.__exit__)
        self.world.run(5)

    def test_tunnels_come_up_and_packets_pass_both_ways_and_through_the_hub(self):
        world = self.world
        self.assertEqual(world.nodes[HUB].status().tunnels_up, 2)
        for source, destination in ((NORTH, HUB), (HUB, NORTH), (SOUTH, NORTH), (NORTH, SOUTH)):
            got = world.send(source, destination)
            self.assertEqual([p[20:] for p in got], [b"hello"], (source, destination))
        self.assertEqual(world.nodes[HUB].counters()["forwarded"], 2)

    def test_many_packets_and_datagrams_in_one_call(self):
        world, payloads = self.world, [bytes([i]) * (i + 1) for i in range(200)]
        world.nodes[NORTH].send_packets([packet(NORTH, HUB, p) for p in payloads], world.now)
        datagrams = [d._replace(remote=site_contact(NORTH)) for d in world.nodes[NORTH].datagrams_to_send()]
        world.nodes[HUB].receive_datagrams(datagrams, world.now)
        self.assertEqual([p[20:] for p in world.nodes[HUB].packets_received()], payloads)
        self.assertEqual(world.nodes[HUB].packets_received(), [])

    def test_status_says_what_there_is(self):
        hub, north = self.world.nodes[HUB], self.world.nodes[NORTH]
        status = hub.status()
        self.assertEqual((status.member, status.name, status.role, status.organization_name, status.config_version),
                         (HUB, "hub", Role.HUB, "example", 1))
        self.assertEqual([(p.member, p.name, p.tunnel) for p in hub.peers()],
                         [(NORTH, "north", TunnelState.UP), (SOUTH, "south", TunnelState.UP)])
        peer = north.peer(HUB)
        self.assertEqual(peer.suite, Suite.AES_256_GCM if autovpn.suite_is_available(Suite.AES_256_GCM)
                         else Suite.CHACHA20_POLY1305)
        self.assertIsNotNone(peer.up_since)
        self.assertIsNone(peer.held_until)
        path, = north.paths(HUB)
        self.assertEqual((path.state, path.contact, path.is_selected), (PathState.ALIVE, site_contact(HUB), True))
        self.assertEqual(north.uplink(0).local, site_contact(NORTH))
        self.assertFalse(north.uplink(3).is_up)
        registration = north.registration(0, 0)
        self.assertEqual((registration.state, registration.registry, registration.observed),
                         (RegistrationState.REGISTERED, REGISTRY, site_contact(NORTH)))
        self.assertEqual({c.contact for c in north.outer_contacts()}, {REGISTRY, site_contact(HUB)})
        self.assertEqual(north.hop_state(HUB), HopState.ALIVE)
        self.assertIn(north.aead_name(Suite.CHACHA20_POLY1305), {a.name for a in autovpn.aeads()})

    def test_routes_and_explanations_agree(self):
        north = self.world.nodes[NORTH]
        routes = {str(route.prefix): route for route in north.routes()}
        self.assertEqual(routes["10.2.0.0/16"].hop, autovpn.constants.HOP_LOCAL)
        self.assertEqual(routes["10.3.0.0/16"].hop, HUB)
        why = north.explain("10.2.0.1", "10.3.0.1", protocol=6, source_port=40000, destination_port=443)
        self.assertEqual((why.verdict, why.next_hop, why.route, why.contact),
                         (ExplainVerdict.TUNNEL, HUB, routes["10.3.0.0/16"], site_contact(HUB)))
        self.assertEqual(why.hop_reasons, (HopReason.USED,))
        self.assertIsNone(why.rule)
        self.assertEqual(self.world.nodes[HUB].explain("10.3.0.1", "10.1.0.1").source_member, SOUTH)
        with self.assertRaisesRegex(autovpn.ArgumentError, "10.2.0.1 to 2001:db8::1"):
            north.explain("10.2.0.1", "2001:db8::1")

    def test_the_registry_knows_everybody(self):
        registry, organization = self.world.registry, self.world.administrator.organization
        self.assertEqual(registry.status().connected_count, 3)
        self.assertEqual(registry.organization_at(0), organization)
        self.assertEqual(registry.organization(organization).name, "example")
        self.assertEqual(registry.registration(organization, SOUTH).observed, site_contact(SOUTH))
        self.assertEqual({e.peer for e in of_kind(registry.events(), autovpn.MemberEvent)}, {HUB, NORTH, SOUTH})
        self.assertEqual(registry.counters()["handshakes"], 3)
        with self.assertRaises(NotFoundError):
            registry.registration(organization, 99)
        registry.remove_organization(organization, self.world.now)
        with self.assertRaises(NotFoundError):
            registry.organization(organization)

    def test_a_rekey_brings_new_keys_and_loses_nothing(self):
        world = self.world
        since = world.nodes[NORTH].peer(HUB).session_since
        world.run(1)
        world.nodes[NORTH].rekey(HUB, world.now)
        for _ in range(16):
            self.assertEqual(len(world.send(NORTH, HUB)), 1)
            self.assertEqual(len(world.send(HUB, NORTH)), 1)
            world.run(0.25)
        self.assertGreater(world.nodes[NORTH].peer(HUB).session_since, since)
        with self.assertRaises(NotFoundError):
            world.nodes[NORTH].rekey(99, world.now)

    def test_events_are_told_once_and_in_order(self):
        events = self.world.events[NORTH]
        self.assertEqual([e.at for e in events], sorted(e.at for e in events))
        tunnel, = of_kind(events, autovpn.TunnelEvent)
        self.assertEqual((tunnel.peer, tunnel.is_up, tunnel.name, tunnel.kind), (HUB, True, "tunnel", autovpn.EventKind.TUNNEL))
        self.assertIsNone(self.world.nodes[NORTH].next_event())
        added = {str(e.prefix) for e in of_kind(events, autovpn.RouteAddEvent)}
        self.assertEqual(added, {"10.1.0.0/16", "10.3.0.0/16"})

    def test_an_update_is_published_and_reaches_everybody(self):
        world, administrator = self.world, self.world.administrator
        rules = [Rule(RuleAction.DENY, destination="10.1.0.0/16", protocol=17, name="no-udp")]
        bundle = administrator.sign(administrator.config(rules=rules), version=2)
        with Publisher(administrator.organization, administrator.registry_keys.public, REGISTRY, world.now,
                       signer=administrator.signer) as publisher:
            publisher.offer(bundle, world.now)
            world.engines[ADMINISTRATOR_DESK] = publisher
            world.until(lambda: publisher.status().is_done)
            del world.engines[ADMINISTRATOR_DESK]
            status = publisher.status()
            self.assertEqual((status.state, status.reason, status.reason_text),
                             (PublisherState.DONE, autovpn.PublishResult.IN_FORCE, status.reason_text))
            self.assertTrue(status.reason_text)
        world.until(lambda: all(n.status().config_version == 2 for n in world.nodes.values()))
        self.assertEqual([e.version for e in of_kind(world.events[SOUTH], autovpn.ConfigEvent)], [1, 2])
        self.assertEqual(world.send(NORTH, HUB), [])
        rule, = world.nodes[NORTH].rules()
        self.assertEqual((rule.rule, rule.sent_packets), (Rule(RuleAction.DENY, None, autovpn.Prefix("10.1.0.0/16"), 17,
                                                               name="no-udp"), 1))
        self.assertEqual(world.nodes[NORTH].explain("10.2.0.1", "10.1.0.1", protocol=17).rule, 0)
        self.assertEqual(world.nodes[NORTH].configuration.rules(), [rule.rule])

    def test_a_configuration_given_by_hand_is_taken_once(self):
        world, administrator = self.world, self.world.administrator
        config = administrator.config([administrator.member(HUB), administrator.member(NORTH, exports=("10.9.0.0/16",))])
        bundle = administrator.sign(config, version=2)
        with Config.read(bundle, administrator.organization) as whole:
            piece = whole.slice(bundle, NORTH)
            with self.assertRaises(NotFoundError):
                whole.slice(bundle, SOUTH)
        world.nodes[NORTH].set_configuration(piece, world.now)
        self.assertEqual(str(world.nodes[NORTH].configuration.member(NORTH).exports[0]), "10.9.0.0/16")
        self.assertFalse(world.nodes[NORTH].configuration.is_whole)
        with self.assertRaises(VersionError):
            world.nodes[NORTH].set_configuration(piece, world.now)
        with self.assertRaises(NotFoundError):
            world.nodes[SOUTH].set_configuration(bundle, world.now)
        with self.assertRaises((AuthError, autovpn.FormatError)):
            world.nodes[HUB].set_configuration(bundle[:-1] + bytes([bundle[-1] ^ 1]), world.now)

    def test_what_the_host_tells_is_heeded(self):
        world, north = self.world, self.world.nodes[NORTH]
        north.set_attached(["10.3.1.0/24"], world.now)
        world.run(2)
        conflict, = north.conflicts()
        self.assertEqual((conflict.kind, conflict.winner, conflict.loser), (autovpn.Conflict.ATTACHED, NORTH, SOUTH))
        north.set_offer("10.2.0.0/16", False, world.now)
        world.until(lambda: of_kind(world.events[HUB], autovpn.OfferEvent))
        offer = of_kind(world.events[HUB], autovpn.OfferEvent)[0]
        self.assertEqual((offer.peer, str(offer.prefix), offer.is_offered), (NORTH, "10.2.0.0/16", False))
        north.set_addresses(["10.2.0.254"])
        with self.assertRaises(autovpn.ArgumentError):
            north.set_addresses(["10.2.0.254", "10.2.0.253"])
        with self.assertRaisesRegex(NotFoundError, "10.99.0.0/16"):
            north.set_offer("10.99.0.0/16", False, world.now)
        north.set_uplink(0, world.now, is_up=False)
        world.until(lambda: north.status().tunnels_up == 0)
        with self.assertRaises(autovpn.ArgumentError):
            north.set_uplink(0, world.now, mtu_bytes=5)

    def test_leaving_is_told_at_once(self):
        world = self.world
        world.nodes[SOUTH].leave(world.now)
        world.carry()
        registration = world.registry.registration(world.administrator.organization, SOUTH)
        self.assertFalse(registration.is_connected)


class Joining(unittest.TestCase):
    def test_a_device_joins_with_its_token(self):
        administrator, secret = Administrator(), autovpn.new_token_secret()
        members = [administrator.member(HUB), administrator.member(NORTH)]
        entry = administrator.config().registries()[0]
        token = Token(member=SOUTH, organization=administrator.organization, secret=secret, version=1, expires=10**9,
                      registries=(entry,))
        token = Token.parse(token.text())
        invite = Invite(SOUTH, token.claim_key, 10**9)
        bundle = administrator.sign(administrator.config(members), invites=[invite])
        world = World(administrator, (HUB, NORTH), bundle=bundle)
        self.addCleanup(world.__exit__)
        device = world.add(SOUTH, token=token)
        world.until(lambda: device.status().join == JoinState.PENDING)
        self.assertEqual(of_kind(world.registry.events(), autovpn.ClaimEvent)[0].peer, SOUTH)
        with self.assertRaises(StateError):
            device.configuration.members()

        with Publisher(administrator.organization, administrator.registry_keys.public, REGISTRY, world.now,
                       signer=administrator.signer) as publisher:
            world.engines[ADMINISTRATOR_DESK] = publisher
            publisher.list_claims(world.now)
            world.until(lambda: publisher.status().has_claims)
            claim, = publisher.claims()
            self.assertEqual((claim.member, claim.device), (SOUTH, administrator.keys[SOUTH].public))
            claim.verify(token.claim_key, administrator.organization)
            with self.assertRaises(AuthError):
                claim.verify(administrator.keys[HUB].public, administrator.organization)
            publisher.offer(administrator.sign(administrator.config(), version=2), world.now)
            world.until(lambda: publisher.status().is_done)
            del world.engines[ADMINISTRATOR_DESK]
        world.until(lambda: device.status().tunnels_up == 1)
        self.assertEqual([e.join for e in of_kind(world.events[SOUTH], autovpn.JoinEvent)][0], JoinState.PENDING)
        self.assertEqual(len(world.send(SOUTH, NORTH)), 1)

    def test_a_publisher_whom_nobody_answers_gives_up(self):
        administrator = Administrator()
        with Publisher(administrator.organization, administrator.registry_keys.public, REGISTRY, 0,
                       give_up_after=2 * SECOND) as publisher:
            while not publisher.status().is_done:
                publisher.handle_timer(publisher.deadline)
            self.assertEqual(publisher.status().state, PublisherState.SILENT)
            with self.assertRaises(StateError):
                publisher.list_claims(10 * SECOND)


class Restarts(unittest.TestCase):
    def test_a_store_brings_nodes_and_registries_back(self):
        administrator, stores = Administrator(), {HUB: {}, NORTH: {}, SOUTH: {}, "registry": {}}
        hosts = {who: autovpn.Host(store=store) for who, store in stores.items()}
        with World(administrator, hosts=hosts) as world:
            world.run(2)
            with Publisher(administrator.organization, administrator.registry_keys.public, REGISTRY, world.now,
                           signer=administrator.signer) as publisher:
                publisher.offer(administrator.sign(administrator.config(), version=2), world.now)
                world.engines[ADMINISTRATOR_DESK] = publisher
                world.until(lambda: publisher.status().is_done)
                del world.engines[ADMINISTRATOR_DESK]
            world.until(lambda: all(n.status().config_version == 2 for n in world.nodes.values()))
        node = autovpn.Node(administrator.organization, administrator.keys[NORTH], 0, host=hosts[NORTH])
        self.assertEqual(node.status().config_version, 2)
        with autovpn.Registry(administrator.registry_keys, 0, host=hosts["registry"]) as registry:
            registry.admit(administrator.organization, 0)
            self.assertEqual(registry.organization(administrator.organization).version, 2)


class Workers(unittest.TestCase):
    def test_a_worker_carries_what_it_can_and_punts_the_rest(self):
        with World() as world:
            world.run(5)
            north = world.nodes[NORTH]
            worker = autovpn.Worker(north)
            worker.send_packet(packet(NORTH, HUB), world.now)
            datagram, = worker.datagrams_to_send()
            world.nodes[HUB].receive_datagram(datagram.data, site_contact(NORTH), world.now)
            self.assertEqual(len(world.nodes[HUB].packets_received()), 1)
            world.nodes[HUB].send_packet(packet(HUB, NORTH), world.now)
            answer, = world.nodes[HUB].datagrams_to_send()
            worker.receive_datagram(answer.data, site_contact(HUB), world.now)
            self.assertEqual([p[20:] for p in worker.packets_received()], [b"hello"])
            self.assertEqual(worker.punts_to_take(), [])
            since = north.peer(HUB).session_since
            world.run(1)
            north.rekey(HUB, world.now)
            for _ in range(20):  # the node's datagrams now come through the worker
                world.now += SECOND // 4
                for sender, contact in ((north, site_contact(NORTH)), (world.nodes[HUB], site_contact(HUB))):
                    sender.handle_timer(world.now)
                    for datagram in sender.datagrams_to_send():
                        receiver = {site_contact(NORTH): worker, site_contact(HUB): world.nodes[HUB]}.get(datagram.remote)
                        if receiver is not None:
                            receiver.receive_datagram(datagram.data, contact, world.now)
                    for punt in worker.punts_to_take():
                        north.take_punt(punt, world.now)
            self.assertGreater(north.peer(HUB).session_since, since)
            self.assertGreater(north.counters()["punted"], 0)
            with self.assertRaises(autovpn.FormatError):
                north.take_punt(b"nonsense", world.now)


class HandedOver(unittest.TestCase):
    def test_security_associations_come_with_keys_and_reports_go_back(self):
        administrator, changes = Administrator(), []
        world = World(administrator, (HUB,))
        self.addCleanup(world.__exit__)
        node = autovpn.Node(administrator.organization, administrator.keys[NORTH], 0, bundle=world.bundle,
                            hands_over=True, host=autovpn.Host(sa=changes.append))
        node.set_uplink(0, 0, local=site_contact(NORTH))
        world.engines[site_contact(NORTH)] = node
        world.run(5)
        installed = [c for c in changes if c.action == autovpn.SaAction.INSTALL]
        self.assertEqual({c.is_sender for c in installed}, {True, False})
        sender = next(c for c in installed if c.is_sender)
        self.assertNotEqual(bytes(sender.key), bytes(32))
        self.assertNotIn(sender.key.text(), repr(sender))
        seal = autovpn.Sender(sender.spi, sender.suite, sender.key, sender.salt)
        world.nodes[HUB].receive_datagram(seal.seal(packet(NORTH, HUB)), site_contact(NORTH), world.now)
        self.assertEqual(len(world.nodes[HUB].packets_received()), 1)
        node.report_sa(autovpn.SaReport(sender.spi, sender.member, True, 1, 1, 25), world.now)
        self.assertEqual(node.peer(HUB).sent_packets, 1)
        with self.assertRaisesRegex(NotFoundError, "0x7"):
            node.report_sa(autovpn.SaReport(7, HUB, True, 1, 1, 25), world.now)
        del changes[:]
        node.close()
        self.assertEqual({c.action for c in changes}, {autovpn.SaAction.REMOVE, autovpn.SaAction.DESELECT})


class Configurations(unittest.TestCase):
    def setUp(self):
        self.administrator = Administrator()

    def test_problems_name_member_field_and_value(self):
        config = self.administrator.config([self.administrator.member(NORTH)])
        problem = config.check()[0]
        self.assertEqual((problem.member, problem.field), (NORTH, "hubs"))
        self.assertRegex(str(problem), "member 2: hubs '1': ")
        with self.assertRaises(autovpn.ArgumentError):
            self.administrator.sign(config)

    def test_all_that_is_written_is_read(self):
        administrator = self.administrator
        north = administrator.member(
            NORTH, hubs=(autovpn.MemberHub(HUB, takes_default_route=True),), manual=(None, "192.0.2.1:5"),
            exports=("10.2.0.0/16", "2001:db8:2::/48"), translations=(autovpn.Translation("192.168.0.0/24", "10.2.7.0/24"),))
        config = administrator.config([administrator.member(HUB), north, administrator.member(SOUTH, is_revoked=True)])
        breakout = autovpn.Breakout(NORTH, autovpn.Prefix("192.0.2.0/24"), 6, (443, 443))
        rule = Rule(RuleAction.ALLOW, autovpn.Prefix("10.1.0.0/16"), None, 6, None, (1, 1024), "low")
        config.add_breakout(breakout)
        config.add_rule(rule)
        config.set_suites([Suite.CHACHA20_POLY1305])
        config.set_flags(autovpn.constants.ORGANIZATION_NO_HUB_TUNNELS)
        self.assertEqual(config.check(), [])
        bundle = administrator.sign(config, created=5, expires=10**9)
        read = Config.read(bundle, administrator.organization, wall_clock=10)
        got = read.member("north")
        self.assertEqual(got.hubs, north.hubs)
        self.assertEqual([str(p) for p in got.exports], ["10.2.0.0/16", "2001:db8:2::/48"])
        self.assertEqual(got.manual, (None, autovpn.Contact("192.0.2.1:5")))
        self.assertEqual(str(got.translations[0].exported), "10.2.7.0/24")
        self.assertEqual(read.member(administrator.keys[NORTH].public), got)
        self.assertTrue(read.member(SOUTH).is_revoked)
        self.assertEqual((read.breakouts(), read.rules(), read.suites), ([breakout], [rule], (Suite.CHACHA20_POLY1305,)))
        self.assertEqual((read.name, read.version, read.created, read.expires, read.psk_epoch, read.is_whole,
                          read.flags, read.rotations, read.organization, read.member_count(), read.invites()),
                         ("example", 1, 5, 10**9, 1, True, 1, 0, administrator.organization, 3, []))
        self.assertEqual(read.psk(NORTH, administrator.keys[NORTH]), (administrator.psk, None))
        with self.assertRaises(AuthError):
            read.psk(NORTH, administrator.keys[HUB])
        self.assertEqual((read.peers(HUB), read.is_peer(HUB, NORTH), read.is_peer(HUB, SOUTH)), ([NORTH], True, False))
        self.assertTrue(read.is_complete(NORTH))
        self.assertFalse(read.is_complete(99))
        with self.assertRaises(autovpn.ExpiredError):
            Config.read(bundle, administrator.organization, wall_clock=10**9 + 1)
        with self.assertRaises(AuthError):
            Config.read(bundle, administrator.keys[HUB].public)

    def test_successors_and_root_rotation(self):
        administrator = self.administrator
        first = administrator.sign(administrator.config())
        new_root = SecretKey.generate()
        with autovpn.Authority() as authority:
            authority.adopt(administrator.organization, first)
            self.assertFalse(authority.needs_root(administrator.config(), 2))
            authority.add_signer(administrator.signer)
            second = authority.sign(administrator.config(), autovpn.Publication(2, administrator.psk))
        with autovpn.Authority() as authority:
            authority.adopt(administrator.organization, second)
            authority.rotate_root(1, [autovpn.Authority.public_key(new_root)])
            for seed in (administrator.root, new_root):
                authority.add_root(seed)
            authority.add_signer(administrator.signer)
            version = 3 + (1 << autovpn.constants.VERSION_SERIAL_SHIFT)
            self.assertTrue(authority.needs_root(administrator.config(), version))
            third = authority.sign(administrator.config(), autovpn.Publication(version, administrator.psk))
        one, two, three = (Config.read(b, administrator.organization) for b in (first, second, third))
        one.require_successor(two)
        two.require_successor(three)
        self.assertEqual(three.rotations, 1)
        with self.assertRaises(VersionError):
            two.require_successor(one)
        with self.assertRaises(autovpn.ArgumentError):
            one.require_successor(one)

    def test_sets_of_keys_and_their_thresholds(self):
        seeds = [SecretKey.generate() for _ in range(3)]
        public = [autovpn.Authority.public_key(seed) for seed in seeds]
        with autovpn.Authority() as authority:
            with self.assertRaises(StateError):
                authority.organization
            authority.set_root_keys(2, public)
            authority.set_signing_keys(1, public)
            authority.add_root(seeds[0])
            authority.add_signer(seeds[0])
            with self.assertRaises(StateError):
                authority.sign(self.administrator.config(), autovpn.Publication(1, self.administrator.psk))
            authority.add_root(seeds[2])
            bundle = authority.sign(self.administrator.config(), autovpn.Publication(1, self.administrator.psk))
            with self.assertRaises(autovpn.ArgumentError):
                authority.add_root(SecretKey.generate())
            self.assertEqual(Config.read(bundle, authority.organization).name, "example")

    def test_what_cannot_be_represented_is_refused_with_what_would_be_right(self):
        config = Config()
        for refused, words in (
                (lambda: config.add_member(self.administrator.member(HUB, exports=["10.1.0.0/16"] * 65)), "65 exports"),
                (lambda: config.add_member(self.administrator.member(HUB, name="x" * 64)), "at most 63 bytes"),
                (lambda: config.add_member(self.administrator.member(HUB, id=2**40)), "id is 1099511627776"),
                (lambda: config.add_member(self.administrator.member(HUB, key=None)), "key is not known"),
                (lambda: config.add_rule(Rule(RuleAction.DENY, source_ports=(0, 70000))), "source port is 70000")):
            with self.assertRaisesRegex(autovpn.ArgumentError, words):
                refused()
        with self.assertRaisesRegex(autovpn.FormatError, "'two words'"):
            config.set_name("two words")
        with self.assertRaises(TypeError):
            config.add_member(self.administrator.member(HUB, id="1"))
        with self.assertRaises(NotFoundError):
            config.organization
        with self.assertRaises(LookupError):
            config.member("nobody")


class Times(unittest.TestCase):
    def test_now_is_an_int_of_nanoseconds(self):
        with World(members=(HUB,)) as world:
            with self.assertRaisesRegex(TypeError, "monotonic_ns"):
                world.nodes[HUB].handle_timer(1.5)
            with self.assertRaisesRegex(autovpn.ArgumentError, "now is -1"):
                world.nodes[HUB].handle_timer(-1)

    def test_no_timer_is_none(self):
        with autovpn.Registry(autovpn.KeyPair.generate(), 0) as registry:
            self.assertIsNone(registry.deadline)


if __name__ == "__main__":
    unittest.main()
