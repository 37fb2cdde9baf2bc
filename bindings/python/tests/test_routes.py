# SPDX-License-Identifier: ISC
"""The route table, against a dict that is gone through from end to end."""
import gc
import ipaddress
import threading
import unittest

from autovpn import (
    HOP_ATTACHED, HOP_LOCAL, HOP_NOBODY, ArgumentError, ClosedError, EmptyError, HopState, NotFoundError, Prefix, Route, Routes)
from seeded import seeded


class Naive:
    """The same by looking at everything."""

    def __init__(self):
        self.table, self.states = {}, {}

    def match(self, ip):
        found = [network for network in self.table if ip in network]
        return max(found, key=lambda network: network.prefixlen, default=None)

    def lookup(self, ip):
        network = self.match(ip)
        if network is None:
            return NotFoundError
        for wanted in (HopState.ALIVE, HopState.HELD):
            for hop in self.table[network]:
                if self.states.get(hop, HopState.DEAD) == wanted:
                    return hop
        return EmptyError


def outcome(function, *arguments):
    try:
        return function(*arguments)
    except LookupError as error:
        return type(error)


class Table(unittest.TestCase):
    @seeded
    def test_it_is_what_a_naive_table_is(self, chance):
        naive = Naive()
        with Routes() as routes:
            for _ in range(3000):
                # Few bits, so that prefixes nest.
                ip = ipaddress.ip_address(bytes([chance.choice((10, 32)), chance.getrandbits(3)] + [0] * chance.choice((2, 14))))
                network = ipaddress.ip_network((ip, chance.randint(8, 16)), strict=False)
                action = chance.random()
                if action < 0.3:
                    naive.table[network] = hops = chance.sample(range(1, 9), chance.randint(1, 4))
                    routes.put(network, hops)
                elif action < 0.4:
                    self.assertEqual(outcome(routes.remove, network), None if naive.table.pop(network, None) else NotFoundError)
                elif action < 0.6:
                    hop, state = chance.randint(1, 8), chance.choice(list(HopState))
                    naive.states[hop] = state
                    routes.set_state(hop, state)
                    self.assertEqual(routes.state(hop), state)
                else:
                    self.compare(routes, naive, ip, network, chance.randint(1, 8))
            self.assertEqual([(route.prefix.network, list(route.hops)) for route in routes],
                             sorted(((n, h) for n, h in naive.table.items()),
                                    key=lambda item: (item[0].version, int(item[0].network_address), item[0].prefixlen)))

    def compare(self, routes, naive, ip, network, hop):
        self.assertEqual(outcome(routes.lookup, ip), naive.lookup(ip), str(ip))
        matched = naive.match(ip)
        self.assertEqual(routes.allows(ip, hop), matched is not None and hop in naive.table[matched])
        self.assertEqual(network in routes, network in naive.table)
        self.assertEqual(len(routes), len(naive.table))
        if matched is None:
            self.assertIs(outcome(routes.match, ip), NotFoundError)
            return
        route = routes.match(ip)
        self.assertEqual(route, Route(matched, naive.table[matched]))
        self.assertEqual(routes.get(matched), route)
        active = routes.active(route)
        self.assertEqual(EmptyError if active is None else route.hops[active], naive.lookup(ip))

    def test_hops_with_a_meaning(self):
        with Routes() as routes:
            routes.put("10.0.0.0/8", [HOP_LOCAL])
            routes.put("11.0.0.0/8", [HOP_ATTACHED])
            self.assertEqual(routes.lookup("10.1.1.1"), HOP_LOCAL)
            self.assertIs(outcome(routes.lookup, "11.1.1.1"), EmptyError)
            for hop in (HOP_LOCAL, HOP_ATTACHED, HOP_NOBODY):
                with self.assertRaises(ArgumentError):
                    routes.set_state(hop, HopState.ALIVE)

    def test_wrong_routes_change_nothing(self):
        with Routes() as routes:
            for hops in ([], [1, 1], range(17), [-1], [2**32], [2**64]):
                with self.subTest(hops=hops), self.assertRaises(ArgumentError):
                    routes.put("10.0.0.0/8", hops)
            with self.assertRaises(ValueError):
                routes.put("10.0.0.1/8", [1])
            with self.assertRaises(TypeError):
                routes.put("10.0.0.0/8", ["7"])
            with self.assertRaises(ArgumentError):
                routes.set_state(7, 3)
            self.assertEqual(len(routes), 0)
            routes.put("10.0.0.0/8", range(1, 17))
            self.assertEqual(routes.get("10.0.0.0/8").hops, tuple(range(1, 17)))

    def test_clear_and_footprint(self):
        with Routes() as routes:
            before = routes.footprint
            for i in range(1000):
                routes.put(Prefix(f"10.{i // 256}.{i % 256}.0/24"), [7])
            self.assertGreater(routes.footprint, before)
            routes.clear()
            self.assertEqual((len(routes), list(routes), bool(routes)), (0, [], True))

    def test_it_may_not_change_while_it_is_gone_through(self):
        with Routes() as routes:
            routes.put("10.0.0.0/8", [7])
            routes.put("11.0.0.0/8", [7])
            with self.assertRaises(RuntimeError):
                for route in routes:
                    routes.remove(route.prefix)

    def test_what_is_closed_is_refused(self):
        routes = Routes()
        routes.close()
        for call in (routes.close, routes.clear, lambda: len(routes), lambda: list(routes), lambda: routes.lookup("::1"),
                     lambda: "::/0" in routes, lambda: routes.put("::/0", [1]), routes.__enter__):
            with self.assertRaises(ClosedError):
                call()
        del routes
        gc.collect()

    def test_threads_wait_for_each_other(self):
        with Routes() as routes:
            def work(number):
                try:
                    for i in range(300):
                        routes.put(f"10.{number}.{i % 256}.0/24", [number])
                        routes.set_state(number, HopState.ALIVE)
                        if routes.lookup(f"10.{number}.{i % 256}.1") != number:
                            wrong.append(number)
                except Exception as error:
                    wrong.append(error)

            wrong = []
            threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 5)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual((wrong, len(routes)), ([], 4 * 256))


if __name__ == "__main__":
    unittest.main()
