# SPDX-License-Identifier: ISC
"""Misuse raises, and never crashes: closed twice, used after, from two threads, from a callback, in the collector's order."""
import copy
import gc
import os
import pathlib
import pickle
import subprocess
import sys
import threading
import tracemalloc
import types
import unittest

import autovpn
from autovpn import BusyError, ClosedError, Host, KeyPair, Node, Registry
from autovpn import _declarations as d
from autovpn._native import Library, lib
from organization import HUB, NORTH, Administrator, World, packet, site_contact

ORGANIZATION = autovpn.Key(bytes([7]) * 32)
PACKAGE = pathlib.Path(autovpn.__file__).resolve().parent


def make_node(host=None):
    return Node(ORGANIZATION, PAIR, 0, host=host)


PAIR = KeyPair.generate()
MAKERS = {
    "node": make_node,
    "registry": lambda: Registry(PAIR, 0),
    "publisher": lambda: autovpn.Publisher(ORGANIZATION, PAIR.public, "192.0.2.1:9350", 0),
    "authority": autovpn.Authority,
    "config": lambda: autovpn.Config("x"),
    "worker": lambda: autovpn.Worker(make_node()),
    "routes": autovpn.Routes,
}
USES = {
    "node": [lambda n: n.handle_timer(1), lambda n: n.deadline, lambda n: n.receive_datagram(b"x" * 40, "192.0.2.1:5", 1),
             lambda n: n.send_packet(b"x" * 40, 1), lambda n: n.datagrams_to_send(), lambda n: n.packets_received(),
             lambda n: n.next_event(), lambda n: list(n.events()), lambda n: n.status(), lambda n: n.counters(),
             lambda n: n.peers(), lambda n: n.configuration.members(), lambda n: n.set_uplink(0, 1), lambda n: n.leave(1),
             lambda n: n.resolved(1, [], 1), lambda n: autovpn.Worker(n), lambda n: n.__enter__()],
    "registry": [lambda r: r.handle_timer(1), lambda r: r.admit(ORGANIZATION, 1), lambda r: r.status(), lambda r: r.next_event()],
    "publisher": [lambda p: p.offer(b"x", 1), lambda p: p.status(), lambda p: p.claims(), lambda p: p.datagrams_to_send()],
    "authority": [lambda a: a.add_root(PAIR.secret), lambda a: a.organization,
                  lambda a: a.sign(autovpn.Config("x"), autovpn.Publication(1, PAIR.secret))],
    "config": [lambda c: c.check(), lambda c: c.name, lambda c: c.members(), lambda c: c.set_name("y"),
               lambda c: autovpn.Config("x").require_successor(c),
               lambda c: autovpn.Authority().sign(c, autovpn.Publication(1, PAIR.secret))],
    "worker": [lambda w: w.send_packet(b"x" * 40, 1), lambda w: w.packets_received(), lambda w: w.datagrams_to_send()],
    "routes": [len],
}


class Closing(unittest.TestCase):
    def test_closing_twice_raises(self):
        for name, make in MAKERS.items():
            with self.subTest(name):
                handle = make()
                self.assertFalse(handle.closed)
                handle.close()
                self.assertTrue(handle.closed)
                for _ in range(2):
                    with self.assertRaises(ClosedError):
                        handle.close()

    def test_every_use_after_closing_raises(self):
        for name, uses in USES.items():
            for place, use in enumerate(uses):
                with self.subTest(name, use=place):
                    handle = MAKERS[name]()
                    handle.close()
                    with self.assertRaises(ClosedError):
                        use(handle)

    def test_the_end_of_a_with_block_finds_it_closed_and_is_content(self):
        for name, make in MAKERS.items():
            with self.subTest(name):
                with make() as handle:
                    handle.close()
                with make() as handle:
                    pass
                self.assertTrue(handle.closed)

    def test_a_copy_is_refused(self):
        for make in MAKERS.values():
            with make() as handle:
                for copying in (copy.copy, copy.deepcopy, pickle.dumps):
                    with self.assertRaisesRegex(TypeError, "cannot be copied"):
                        copying(handle)

    def test_a_parent_closes_its_children(self):
        node = make_node()
        worker = autovpn.Worker(node)
        node.close()
        self.assertTrue(worker.closed)
        with self.assertRaises(ClosedError):
            worker.send_packet(b"x" * 40, 1)

    def test_a_child_keeps_its_parent(self):
        worker = autovpn.Worker(make_node())
        gc.collect()
        worker.receive_datagram(b"x" * 40, "192.0.2.1:5", 1)
        self.assertEqual(worker.punts_to_take(), [])
        worker.close()

    def test_the_collector_may_find_parent_and_child_in_any_order(self):
        for first_is_child in (True, False):
            for _ in range(20):
                node = make_node()
                ring = types.SimpleNamespace()
                if first_is_child:
                    ring.worker, ring.node = autovpn.Worker(node), node
                else:
                    ring.node, ring.worker = node, autovpn.Worker(node)
                ring.self = ring.node.ring = ring.worker.ring = ring
                del ring, node
            gc.collect()

    def test_a_constructor_that_fails_leaves_an_object_that_can_be_collected(self):
        for refused in (lambda: Node(b"short", PAIR, 0), lambda: Node(ORGANIZATION, PAIR, -1), lambda: Node(ORGANIZATION, None, 0),
                        lambda: Node(ORGANIZATION, PAIR, 0, bundle=b"junk"), lambda: Node(ORGANIZATION, PAIR, 0, hands_over=True),
                        lambda: Node(ORGANIZATION, PAIR, 0, host="no host"),
                        lambda: autovpn.Config.read(b"junk", ORGANIZATION), lambda: autovpn.Worker(None)):
            with self.assertRaises((autovpn.Error, TypeError, AttributeError)):
                refused()
        unraisable = []
        before, sys.unraisablehook = sys.unraisablehook, unraisable.append
        try:
            gc.collect()
        finally:
            sys.unraisablehook = before
        self.assertEqual(unraisable, [])

    def test_what_a_callback_raises_in_a_finalizer_is_told(self):
        world = World(Administrator(), (HUB,))
        self.addCleanup(world.__exit__)

        def sa(change):
            if change.action == autovpn.SaAction.REMOVE:
                raise OSError("the kernel's table is gone")
        node = Node(world.administrator.organization, world.administrator.keys[NORTH], 0, bundle=world.bundle,
                    hands_over=True, host=Host(sa=sa))
        node.set_uplink(0, 0, local=site_contact(NORTH))
        world.engines[site_contact(NORTH)] = node
        world.run(5)
        del world.engines[site_contact(NORTH)]
        unraisable = []
        before, sys.unraisablehook = sys.unraisablehook, lambda told: unraisable.append(str(told.exc_value))
        try:
            del node
            gc.collect()
        finally:
            sys.unraisablehook = before
        self.assertEqual(unraisable, ["the kernel's table is gone"])

    def test_engines_left_open_at_the_interpreters_end_do_no_harm(self):
        program = ("import autovpn, sys\n"
                   "key = autovpn.Key(bytes([7]) * 32)\n"
                   "log = []\n"
                   "node = autovpn.Node(key, autovpn.KeyPair.generate(), 0, host=autovpn.Host(event=log.append, store={}))\n"
                   "worker = autovpn.Worker(node)\n"
                   "sys.modules['keep'] = node.me = node\n"
                   "registry = autovpn.Registry(autovpn.KeyPair.generate(), 0)\n"
                   "print('done')\n")
        environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
        result = subprocess.run([sys.executable, "-X", "dev", "-c", program], env=environment, capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "done\n", ""))


class Threads(unittest.TestCase):
    def test_a_second_thread_inside_is_refused_at_once(self):
        inside, leave, seen = threading.Event(), threading.Event(), []

        def log_and_wait(_request, _name):
            inside.set()
            leave.wait(30)
        administrator = Administrator()
        config = autovpn.Config("example")
        config.add_registry(autovpn.RegistryEntry(administrator.registry_keys.public, "registry.example", 9350))
        config.add_member(administrator.member(HUB))
        node = Node(administrator.organization, administrator.keys[HUB], 0, bundle=administrator.sign(config),
                    host=Host(resolve=log_and_wait))

        def drive():
            node.set_uplink(0, 0, local=site_contact(HUB))
            while not inside.is_set():
                node.handle_timer(node.deadline)
        thread = threading.Thread(target=drive)
        thread.start()
        self.assertTrue(inside.wait(30))
        try:
            for use in (lambda: node.handle_timer(1), node.status, node.next_event, node.close,
                        lambda: node.configuration.name, lambda: autovpn.Worker(node),
                        lambda: node.resolved(1, [], 1)):
                try:
                    use()
                except BusyError as error:
                    seen.append(str(error))
        finally:
            leave.set()
            thread.join()
        self.assertEqual(len(seen), 7)
        self.assertIn("another thread is inside", seen[0])
        self.assertEqual(node.status().member, HUB)
        node.close()

    def test_many_threads_at_one_engine_raise_or_are_served(self):
        node, counts, stop = make_node(), {"served": 0, "refused": 0}, threading.Event()
        lock, failures = threading.Lock(), []

        def use():
            while not stop.is_set():
                try:
                    node.receive_datagrams([(b"x" * 100, "192.0.2.1:5", 0)] * 50, 1)
                    word = "served"
                except BusyError:
                    word = "refused"
                except BaseException as error:  # anything else is what this test is about
                    failures.append(error)
                    return
                with lock:
                    counts[word] += 1
                    if counts["served"] > 300:
                        stop.set()
        threads = [threading.Thread(target=use) for _ in range(4)]
        before = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            sys.setswitchinterval(before)
        self.assertEqual(failures, [])
        self.assertGreater(counts["served"], 300)
        self.assertEqual(node.counters()["drop-uplink"], 50 * counts["served"])

    def test_a_callback_cannot_use_the_engine_that_calls_it(self):
        for use in (lambda node: node.status(), lambda node: node.close(), lambda node: node.handle_timer(1)):
            caught = []
            administrator = Administrator()
            bundle = administrator.sign(administrator.config())

            def log(event):
                use(node)
            node = Node(administrator.organization, administrator.keys[HUB], 0, host=Host(event=log))
            try:
                node.set_configuration(bundle, 1)
            except BusyError as error:
                caught.append(error)
            self.assertEqual(len(caught), 1)
            self.assertFalse(node.closed)
            node.close()

    def test_threads_may_share_a_configuration(self):
        administrator = Administrator()
        config, failures = administrator.config(), []

        def ask():
            try:
                for _ in range(200):
                    assert [member.name for member in config.members()] == ["hub", "north", "south"]
            except BaseException as error:
                failures.append(error)
        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])

    def test_workers_carry_on_threads_of_their_own(self):
        with World(members=(HUB, NORTH)) as world:
            world.run(5)
            workers, failures = [autovpn.Worker(world.nodes[NORTH]) for _ in range(3)], []

            def carry(worker):
                try:
                    for _ in range(50):
                        worker.send_packets([packet(NORTH, HUB)] * 20, world.now)
                except BaseException as error:
                    failures.append(error)
            threads = [threading.Thread(target=carry, args=[worker]) for worker in workers]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(failures, [])
            sealed = [dgram for worker in workers for dgram in worker.datagrams_to_send()]
            self.assertEqual(len(sealed), 3000)
            world.nodes[HUB].receive_datagrams([d_._replace(remote=site_contact(NORTH)) for d_ in sealed[:1000]], world.now)
            self.assertEqual(len(world.nodes[HUB].packets_received()), 1000)


def resident_bytes():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Memory(unittest.TestCase):
    def make_and_drop(self, count, close):
        for _ in range(count):
            node = make_node(Host(event=lambda event: None, store={}))
            worker = autovpn.Worker(node)
            node.receive_datagram(b"x" * 100, "192.0.2.1:5", 1)
            if close:
                worker.close()
                node.close()
        del node, worker

    def test_a_thousand_engines_leave_nothing(self):
        for close in (True, False):
            with self.subTest(close=close):
                self.make_and_drop(50, close)  # what is made once
                gc.collect()
                gc.disable()  # reference counts alone are to do it
                self.addCleanup(gc.enable)
                tracemalloc.start()
                before, resident = tracemalloc.get_traced_memory()[0], resident_bytes()
                self.make_and_drop(1000, close)
                grown = tracemalloc.get_traced_memory()[0] - before
                tracemalloc.stop()
                gc.enable()
                self.assertLess(grown, 64 * 1024)
                self.assertLess(resident_bytes() - resident, 8 * 2**20)


class LeftOut(unittest.TestCase):
    def test_a_part_that_was_not_built_is_named_when_it_is_called(self):
        class Without:
            """A library that was built with -Dregistry=false, and is older than one function."""

            def __getattr__(self, name):
                if name.startswith("avpn_registry_") or name == "avpn_node_explain":
                    raise AttributeError(name)
                return getattr(lib._handle, name)
        library = Library(Without(), "libsmall.so")
        with self.assertRaisesRegex(autovpn.UnsupportedError, "libsmall.so was built without it .-Dregistry=false"):
            library.avpn_registry_new(None, None, 0, None)
        with self.assertRaisesRegex(autovpn.UnsupportedError, "avpn_node_explain is not in libsmall.so"):
            library.avpn_node_explain()
        self.assertEqual(library.avpn_version(), lib.avpn_version())
        self.assertTrue(issubclass(autovpn.UnsupportedError, NotImplementedError))

    def import_with(self, path):
        return subprocess.run([sys.executable, "-c", "import autovpn"], capture_output=True, text=True,
                              env={**os.environ, "PYTHONPATH": str(PACKAGE.parent), "AUTOVPN_LIBRARY": path})

    def test_a_library_that_is_not_there_is_an_import_error_that_helps(self):
        result = self.import_with("/nowhere/libautovpn.so.0")
        self.assertRegex(result.stderr, "LibraryError: libautovpn cannot be loaded .*/nowhere.*AUTOVPN_LIBRARY")

    def test_another_library_is_refused(self):
        import ctypes.util
        result = self.import_with(ctypes.util.find_library("c") or "libc.so.6")
        self.assertRegex(result.stderr, "LibraryError: libc.* is no libautovpn")


class Errors(unittest.TestCase):
    def test_there_is_a_class_for_each_error(self):
        codes = {kind.code: kind for kind in vars(autovpn).values()
                 if isinstance(kind, type) and issubclass(kind, autovpn.Error)
                 and kind.__mro__[1] is autovpn.Error and kind.code}
        self.assertEqual(set(codes), set(d.ERROR_NAMES) - {0})
        for code, kind in codes.items():
            self.assertEqual(kind.name, d.ERROR_NAMES[code])
            self.assertEqual(kind.name, lib.avpn_error_name(code).decode())

    def test_a_message_says_what_was_called_and_what_is_right(self):
        with make_node() as node:
            with self.assertRaises(autovpn.ArgumentError) as caught:
                node.set_uplink(7, 1, local="192.0.2.1:5")
        self.assertEqual(str(caught.exception), "avpn_node_set_uplink(uplink 7, 192.0.2.1:5, 0 bytes): number 4 or more, "
                                                "size, or an MTU that no IP link has [AVPN_ERROR_ARGUMENT]")
        self.assertEqual((caught.exception.code, caught.exception.name), (-1, "AVPN_ERROR_ARGUMENT"))

    def test_an_unknown_error_of_a_newer_library_is_an_error_all_the_same(self):
        from autovpn.errors import error_of
        error = error_of(-99, "avpn_node_new")
        self.assertEqual((type(error), error.code, error.name), (autovpn.Error, -99, "unknown"))

    def test_unknown_values_of_enums_and_events_survive(self):
        self.assertEqual(autovpn.NatKind(200).name, "UNKNOWN_200")
        self.assertEqual(autovpn.NatKind(200), 200)
        event = autovpn.Event._read(d.avpn_event(kind=250, at=5))
        self.assertEqual((type(event), event.kind, event.at), (autovpn.Event, 250, 5))


if __name__ == "__main__":
    unittest.main()
