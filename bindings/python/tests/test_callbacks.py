# SPDX-License-Identifier: ISC
"""The border at which C calls Python: every seam is called, and what one raises comes out of the call that led to it, never lost."""
import ctypes
import gc
import os
import traceback
import unittest
import weakref

import autovpn
from autovpn import Allocator, Host
from organization import HUB, NORTH, Administrator, World, packet, site_contact


class Mine(Exception):
    """Raised on purpose."""


def fail(*_arguments):
    raise Mine("on purpose")


class Seams(unittest.TestCase):
    def setUp(self):
        self.administrator = Administrator()
        self.bundle = self.administrator.sign(self.administrator.config(), expires=1_800_000_000)

    def world(self, **seams):
        world = World(self.administrator, (HUB, NORTH), hosts={NORTH: Host(**seams)}, bundle=self.bundle)
        self.addCleanup(world.__exit__)
        return world

    def test_each_is_called_with_values_of_its_own(self):
        sent, delivered, events, lines, store = [], [], [], [], {}
        drawn, asked = [], []

        def random(count):
            drawn.append(count)
            return os.urandom(count)

        world = self.world(transmit=sent.append, deliver=delivered.append, event=events.append, store=store, random=random,
                           wall_clock=lambda: asked.append(1) or 1_700_000_000, log=lambda *line: lines.append(line))
        north = world.nodes[NORTH]

        def carry():
            while sent:
                datagram = sent.pop(0)
                if datagram.remote in world.engines:
                    world.engines[datagram.remote].receive_datagram(datagram.data, site_contact(NORTH), world.now)
        for _ in range(50):
            carry()
            world.run(0.25)
        self.assertEqual(north.datagrams_to_send(), [])
        self.assertEqual(north.status().tunnels_up, 1)
        self.assertEqual(events, world.events[NORTH])
        world.nodes[HUB].send_packet(packet(HUB, NORTH), world.now)
        world.carry()
        self.assertEqual([p[20:] for p in delivered], [b"hello"])
        self.assertEqual(north.packets_received(), [])
        self.assertTrue(store and all(isinstance(value, bytes) for value in store.values()), store.keys())
        self.assertTrue(drawn)
        self.assertTrue(asked)
        for level, text in lines:
            self.assertIsInstance(level, autovpn.LogLevel)
            self.assertIsInstance(text, str)

    def test_what_one_raises_comes_out_of_the_call_with_its_traceback(self):
        world = self.world(event=lambda event: fail() if isinstance(event, autovpn.TunnelEvent) else None)
        try:
            world.run(5)
        except Mine as error:
            frames = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
        else:
            self.fail("nothing was raised")
        self.assertIn("fail", frames)
        self.assertIn("receive_datagram", frames)
        world.run(5)  # the engine is as good as before
        self.assertEqual(world.nodes[NORTH].status().tunnels_up, 1)

    def test_each_seam_that_fails_is_heard(self):
        for seam in ("transmit", "event", "log", "wall_clock", "random"):
            with self.subTest(seam=seam):
                with self.assertRaises(Mine):
                    world = self.world(**{seam: fail})
                    world.run(12)  # housekeeping is every 10 s
                    if seam == "log":  # it says nothing in quiet times
                        raise Mine

    def test_a_packet_that_fails_does_not_keep_the_next_from_coming(self):
        got = []

        def deliver(data):
            got.append(data[20:])
            if len(got) == 1:
                fail()
        world = self.world(deliver=deliver)
        world.run(5)
        world.nodes[HUB].send_packets([packet(HUB, NORTH, b"one"), packet(HUB, NORTH, b"two")], world.now)
        datagrams = [d._replace(remote=site_contact(HUB)) for d in world.nodes[HUB].datagrams_to_send()]
        with self.assertRaises(Mine):
            world.nodes[NORTH].receive_datagrams(datagrams, world.now)
        self.assertEqual(got, [b"one", b"two"])

    def test_of_several_the_first_is_raised_and_the_others_are_its_context(self):
        failures = iter([Mine("first"), KeyError("second"), ValueError("third")])

        def deliver(_data):
            raise next(failures)
        world = self.world(deliver=deliver)
        world.run(5)
        world.nodes[HUB].send_packets([packet(HUB, NORTH, p) for p in (b"1", b"2", b"3")], world.now)
        datagrams = [d._replace(remote=site_contact(HUB)) for d in world.nodes[HUB].datagrams_to_send()]
        with self.assertRaises(Mine) as caught:
            world.nodes[NORTH].receive_datagrams(datagrams, world.now)
        chain, error = [], caught.exception
        while error is not None:
            chain.append(str(error))
            error = error.__context__
        self.assertEqual(chain, ["first", "'second'", "third"])

    def test_the_interpreters_own_exceptions_pass_too(self):
        def interrupted(_data):
            raise KeyboardInterrupt
        world = self.world(deliver=interrupted)
        world.run(5)
        with self.assertRaises(KeyboardInterrupt):
            world.send(HUB, NORTH)

    def test_a_constructor_raises_what_a_callback_raised_and_leaves_nothing(self):
        class Store(dict):
            def get(self, name, default=None):
                fail()
        host = Host(store=Store())
        with self.assertRaises(Mine):
            autovpn.Node(self.administrator.organization, self.administrator.keys[NORTH], 0, host=host)
        with self.assertRaises(Mine):
            autovpn.Registry(self.administrator.registry_keys, 0, host=Host(random=fail))
        with self.assertRaisesRegex(autovpn.ArgumentError, "has 3 bytes"):
            autovpn.Registry(self.administrator.registry_keys, 0, host=Host(random=lambda count: b"abc"))
        gone = weakref.ref(host)
        del host
        gc.collect()
        self.assertIsNone(gone())

    def test_a_store_that_does_not_take_it_fails_the_call_only(self):
        class Full(dict):
            def __setitem__(self, name, value):
                raise OSError(28, "No space left on device")
        world = World(self.administrator, (HUB, NORTH))
        self.addCleanup(world.__exit__)
        node = autovpn.Node(self.administrator.organization, self.administrator.keys[NORTH], 0, host=Host(store=Full()))
        with self.assertRaises(OSError):
            node.set_configuration(world.bundle, 0)
        node.handle_timer(1)

    def test_resolve_may_answer_at_once_or_later(self):
        administrator = self.administrator
        config = autovpn.Config("example")
        config.add_registry(autovpn.RegistryEntry(administrator.registry_keys.public, "registry.example", 9350))
        config.add_member(administrator.member(HUB))
        bundle = administrator.sign(config)
        for at_once in (True, False):
            asked = []

            def resolve(request, name):
                asked.append((request, name))
                if at_once and world.nodes:
                    world.nodes[HUB].resolved(request, ["198.51.100.1"], world.now)
            world = World(administrator, (), hosts={HUB: Host(resolve=resolve)}, bundle=bundle)
            self.addCleanup(world.__exit__)
            node = autovpn.Node(administrator.organization, administrator.keys[HUB], 0, bundle=bundle, host=world.hosts[HUB])
            world.nodes[HUB], world.events[HUB] = node, []
            world.engines[site_contact(HUB)] = node
            node.set_uplink(0, 0, local=site_contact(HUB))
            world.run(1)
            self.assertEqual({name for _, name in asked}, {"registry.example"})
            if not at_once:
                node.resolved(asked[-1][0], ["198.51.100.1"], world.now)
                world.run(1)
            self.assertEqual(node.registration(0, 0).state, autovpn.RegistrationState.REGISTERED, at_once)
            with self.assertRaises(autovpn.NotFoundError):
                node.resolved(4711, [], world.now)

    def test_the_breakout_seam_gets_what_leaves_by_the_site_itself(self):
        administrator, out = self.administrator, []
        north = administrator.member(NORTH, hubs=(autovpn.MemberHub(HUB, True),))
        config = administrator.config([administrator.member(HUB), north])
        config.add_breakout(autovpn.Breakout(NORTH, "192.0.2.0/24"))
        world = World(administrator, (HUB, NORTH), hosts={NORTH: Host(breakout=out.append)}, bundle=administrator.sign(config))
        self.addCleanup(world.__exit__)
        world.run(5)
        away = packet(NORTH, HUB)[:16] + bytes((192, 0, 2, 1))
        away = away[:10] + bytes(2) + away[12:] + b"hello"
        world.nodes[NORTH].send_packet(away, world.now)
        self.assertEqual(len(out), 1)
        self.assertEqual(world.nodes[NORTH].counters()["breakout"], 1)

    def test_an_allocator_of_pythons_carries_a_node(self):
        libc, blocks = ctypes.CDLL(None), {}
        libc.malloc.restype, libc.realloc.restype = ctypes.c_void_p, ctypes.c_void_p
        libc.malloc.argtypes, libc.free.argtypes = [ctypes.c_size_t], [ctypes.c_void_p]
        libc.realloc.argtypes = [ctypes.c_void_p, ctypes.c_size_t]

        def allocate(count):
            block = libc.malloc(count)
            blocks[block] = count
            return block

        def resize(block, count):
            blocks.pop(block, None)
            block = libc.realloc(block, count)
            blocks[block] = count
            return block

        def release(block):
            if block is not None:
                del blocks[block]
                libc.free(block)
        world = self.world(allocator=Allocator(allocate, resize, release))
        world.run(5)
        self.assertEqual(len(world.send(NORTH, HUB)), 1)
        self.assertTrue(blocks)
        world.close()
        self.assertEqual(blocks, {})
        with self.assertRaises(autovpn.OutOfMemoryError):
            autovpn.Node(self.administrator.organization, self.administrator.keys[NORTH], 0,
                         host=Host(allocator=Allocator(lambda count: None, lambda block, count: None, lambda block: None)))
        with self.assertRaises(Mine):
            autovpn.Config("x", host=Host(allocator=Allocator(fail, fail, lambda block: None)))

    def test_a_cipher_of_pythons_that_fails_is_heard_by_the_call_that_used_it(self):
        class Cipher:
            broken = False

            def __init__(self, key):
                self.inner = None

            def encrypt(self, nonce, data, associated_data):
                fail()

            def decrypt(self, nonce, data, associated_data):
                fail()
        with self.assertRaises(Mine):  # the library tests it before it is used
            world = self.world(aeads=[autovpn.HostAead(autovpn.Suite.AES_256_GCM, "mine", Cipher)])
            world.run(5)


class Lifetime(unittest.TestCase):
    def test_callbacks_live_as_long_as_the_engine_and_no_longer(self):
        class Listener:
            def __call__(self, event):
                pass
        listener = Listener()
        gone = weakref.ref(listener)
        world = World(members=(HUB, NORTH), hosts={NORTH: Host(event=listener)})
        del listener
        gc.collect()
        world.run(5)
        self.assertIsNotNone(gone())
        world.close()
        world.hosts.clear()
        del world
        gc.collect()
        self.assertIsNone(gone())

    def test_a_closed_engine_lets_its_callbacks_go(self):
        def callback(event):
            pass
        gone = weakref.ref(callback)
        node = autovpn.Node(autovpn.Key(bytes([7]) * 32), autovpn.KeyPair.generate(), 0, host=Host(event=callback))
        del callback
        self.assertIsNotNone(gone())
        node.close()
        self.assertIsNone(gone())


if __name__ == "__main__":
    unittest.main()
