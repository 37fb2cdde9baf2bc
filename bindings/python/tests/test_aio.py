# SPDX-License-Identifier: ISC
"""Engines on asyncio, in a loop with virtual time and a network of its own."""
import asyncio
import gc
import socket
import sys
import unittest

import autovpn
import virtual_loop
from autovpn import Host, Node, Registry, aio
from organization import HUB, NORTH, REGISTRY, Administrator, packet, site_contact


class Mine(Exception):
    """Raised on purpose."""


class Sites:
    """A registry, and sites as they are asked for, each in its protocol object."""

    def __init__(self, loop, name=REGISTRY.host):
        self.loop = loop
        self.administrator = Administrator()
        config = autovpn.Config("example")
        config.add_registry(autovpn.RegistryEntry(self.administrator.registry_keys.public, name, REGISTRY.port))
        for member in (HUB, NORTH):
            config.add_member(self.administrator.member(member))
        self.bundle = self.administrator.sign(config)
        self.registry = Registry(self.administrator.registry_keys, aio.time_ns())
        self.registry.set_organization(self.administrator.organization, self.bundle, aio.time_ns())
        self.served = aio.RegistryProtocol(self.registry)

    async def open(self):
        await self.served.open_socket(0, (REGISTRY.host, REGISTRY.port))

    async def site(self, member, host=None, contact=None, **options):
        node = Node(self.administrator.organization, self.administrator.keys[member], aio.time_ns(), bundle=self.bundle, host=host)
        site = aio.NodeProtocol(node, **options)
        contact = contact or site_contact(member)
        await site.open_uplink(0, (contact.host, contact.port))
        return site

    async def close(self, *sites):
        for each in (*sites, self.served):
            each.close()
            await each.wait_closed()


async def until_tunnel(site):
    async for event in site.events():
        if isinstance(event, autovpn.TunnelEvent):
            return event


class Sited(unittest.TestCase):
    def run_in_loop(self, test):
        """`test(sites)` with an open registry."""
        async def main(loop):
            sites = Sites(loop)
            await sites.open()
            await test(sites)
        virtual_loop.run(main)

    def test_sites_find_each_other_and_packets_pass_both_ways(self):
        async def test(sites):
            got = []
            async with await sites.site(HUB) as hub, await sites.site(NORTH, on_packet=got.append) as north:
                self.assertTrue((await until_tunnel(north)).is_up)
                north.send_packet(packet(NORTH, HUB))
                async for data in hub.packets():
                    self.assertEqual(data[20:], b"hello")
                    break
                hub.send_packet(packet(HUB, NORTH, b"back"))
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                self.assertEqual([data[20:] for data in got], [b"back"])
                await asyncio.sleep(3600)  # an hour of timers
                self.assertEqual(north.engine.peer(HUB).tunnel, autovpn.TunnelState.UP)
                self.assertGreater(north.engine.peer(HUB).session_since, int(1000.5e9))
                self.assertEqual(north.datagrams_lost, 0)
            self.assertTrue(north.engine.closed)
            await sites.close()
        self.run_in_loop(test)

    def test_the_end_is_told_to_the_registry_and_to_those_who_wait(self):
        async def test(sites):
            hub = await sites.site(HUB)
            told = []

            async def listen():
                async for event in hub.events():
                    told.append(event)
            listener = asyncio.ensure_future(listen())
            await asyncio.sleep(1)
            self.assertTrue(told)
            hub.close()
            hub.close()
            await hub.wait_closed()
            await listener
            await asyncio.sleep(0)
            self.assertFalse(sites.registry.registration(sites.administrator.organization, HUB).is_connected)
            self.assertEqual([t.protocol for t in sites.loop.network.values()], [t.protocol for t in [
                sites.loop.network[REGISTRY.host, REGISTRY.port]]])
            for use in (lambda: hub.send_packet(packet(HUB, NORTH)), lambda: hub.call(hub.engine.leave)):
                with self.assertRaises(autovpn.ClosedError):
                    use()
            await sites.close()
            self.assertEqual([handle for handle in sites.loop._scheduled
                              if not handle._cancelled and "EngineProtocol" in repr(handle)], [])
        self.run_in_loop(test)

    def test_what_a_callback_raises_in_the_loop_ends_it_and_surfaces(self):
        def fail(event):
            if isinstance(event, autovpn.TunnelEvent):
                raise Mine("from Host.event")

        async def test(sites):
            hub = await sites.site(HUB, host=Host(event=fail))
            async with await sites.site(NORTH):
                with self.assertRaisesRegex(Mine, "from Host.event"):
                    async for _event in hub.events():
                        pass
                with self.assertRaisesRegex(Mine, "from Host.event"):
                    async for _data in hub.packets():
                        pass
                with self.assertRaisesRegex(Mine, "from Host.event"):
                    await hub.wait_closed()
                self.assertTrue(hub.is_closing and hub.engine.closed)
                with self.assertRaises(autovpn.ClosedError) as caught:
                    hub.send_packet(packet(HUB, NORTH))
                self.assertIsInstance(caught.exception.__cause__, Mine)
            await sites.close()
        self.run_in_loop(test)

    def test_what_on_packet_raises_surfaces_and_a_with_block_raises_it_once(self):
        def fail(data):
            raise Mine("from on_packet")

        async def test(sites):
            async with await sites.site(NORTH) as north:
                with self.assertRaisesRegex(Mine, "from on_packet"):
                    async with await sites.site(HUB, on_packet=fail) as hub:
                        await until_tunnel(north)
                        north.send_packet(packet(NORTH, HUB))
                        async for _event in hub.events():
                            pass
            await sites.close()
        self.run_in_loop(test)

    def test_a_failure_that_nobody_waits_for_is_told_to_the_loop(self):
        async def test(sites):
            told = []
            sites.loop.set_exception_handler(lambda loop, context: told.append(context.get("exception")))
            hub = await sites.site(HUB, on_packet=lambda data: 1 // 0)
            async with await sites.site(NORTH) as north:
                await until_tunnel(north)
                north.send_packet(packet(NORTH, HUB))
                await asyncio.sleep(1)
            self.assertTrue(hub.is_closing)
            del hub
            gc.collect()
            self.assertEqual([type(error) for error in told], [ZeroDivisionError])
            await sites.close()
        self.run_in_loop(test)

    def test_an_error_of_a_call_is_the_callers_and_ends_nothing(self):
        async def test(sites):
            async with await sites.site(HUB) as hub:
                with self.assertRaises(autovpn.ArgumentError):
                    hub.send_packet(b"")
                with self.assertRaises(autovpn.NotFoundError):
                    hub.call(hub.engine.rekey, 99)
                with self.assertRaises(OSError):
                    await hub.open_uplink(1, (REGISTRY.host, REGISTRY.port))
                self.assertFalse(hub.is_closing)
            await sites.close()
        self.run_in_loop(test)

    def test_each_uplink_has_its_transport(self):
        async def test(sites):
            async with await sites.site(HUB) as hub, await sites.site(NORTH) as north:
                await north.open_uplink(1, ("203.0.113.77", 7777), mtu_bytes=1400)
                await until_tunnel(north)
                await asyncio.sleep(30)
                second = sites.loop.network["203.0.113.77", 7777]
                self.assertGreater(second.sent, 0)
                paths = {path.uplink: path for path in north.engine.paths(HUB)}
                self.assertEqual({0, 1}, set(paths))
                self.assertEqual(paths[1].state, autovpn.PathState.ALIVE)
                north.call(north.engine.set_uplink, 0, is_up=False)
                hub.send_packet(packet(HUB, NORTH))
                await asyncio.sleep(60)
                self.assertEqual(north.engine.peer(HUB).path_uplink, 1)
                if sys.platform.startswith("linux"):
                    self.assertEqual(second.get_extra_info("socket").options[0], (socket.IPPROTO_IP, 10, 3))
            await sites.close()
        self.run_in_loop(test)

    def test_datagrams_that_may_be_fragmented_leave_without_df(self):
        async def test(sites):
            async with await sites.site(HUB) as hub:
                transport = sites.loop.network[site_contact(HUB).host, site_contact(HUB).port]
                options = transport.get_extra_info("socket").options
                del options[:]
                hub.engine._seams.outgoing.append(autovpn.Datagram(b"large", REGISTRY, 0, True))
                hub.call(hub.engine.handle_timer)
                self.assertEqual([mode for _, _, mode in options], [0, 3] if sys.platform.startswith("linux") else [])
            await sites.close()
        self.run_in_loop(test)

    def test_a_full_socket_loses_datagrams_as_a_network_does(self):
        async def test(sites):
            async with await sites.site(HUB) as hub, await sites.site(NORTH) as north:
                await until_tunnel(north)
                transport = sites.loop.network[site_contact(NORTH).host, site_contact(NORTH).port]
                transport.protocol.pause_writing()
                north.send_packet(packet(NORTH, HUB))
                self.assertEqual(north.datagrams_lost, 1)
                transport.protocol.resume_writing()
                north.send_packet(packet(NORTH, HUB, b"second"))
                async for data in hub.packets():
                    self.assertEqual(data[20:], b"second")
                    break
            await sites.close()
        self.run_in_loop(test)

    def test_what_on_packet_sends_keeps_the_order(self):
        async def test(sites):
            heard, hub = [], None

            def answer(data):
                heard.append(data[20:])
                hub.send_packet(packet(HUB, NORTH, b"re: " + data[20:]))
            hub = await sites.site(HUB, on_packet=answer)
            async with hub, await sites.site(NORTH) as north:
                await until_tunnel(north)
                for word in (b"a", b"b", b"c"):
                    north.send_packet(packet(NORTH, HUB, word))
                answers = []
                async for data in north.packets():
                    answers.append(data[20:])
                    if len(answers) == 3:
                        break
            self.assertEqual((heard, answers), ([b"a", b"b", b"c"], [b"re: a", b"re: b", b"re: c"]))
            await sites.close()
        self.run_in_loop(test)

    def test_closing_from_on_packet(self):
        async def test(sites):
            hub = None
            hub = await sites.site(HUB, on_packet=lambda data: hub.close())
            async with await sites.site(NORTH) as north:
                await until_tunnel(north)
                north.send_packet(packet(NORTH, HUB))
                await hub.wait_closed()
            await sites.close()
        self.run_in_loop(test)

    def test_a_publisher_brings_an_update(self):
        async def test(sites):
            administrator = sites.administrator
            async with await sites.site(HUB) as hub:
                publisher = autovpn.Publisher(administrator.organization, administrator.registry_keys.public, REGISTRY,
                                              aio.time_ns(), signer=administrator.signer)
                async with aio.PublisherProtocol(publisher) as publishing:
                    await publishing.open_socket(0, ("192.0.2.77", 5000))
                    publishing.call(publisher.offer, administrator.sign(administrator.config(), version=2))
                    self.assertEqual((await publishing.done()).state, autovpn.PublisherState.DONE)
                async for event in hub.events():
                    if isinstance(event, autovpn.ConfigEvent) and event.version == 2:
                        break
                published = []
                async for event in sites.served.events():
                    published.append(event)
                    if isinstance(event, autovpn.PublishedEvent) and event.version == 2:
                        break
            await sites.close()
        self.run_in_loop(test)


class Resolving(unittest.TestCase):
    def test_names_of_registries_are_resolved_by_the_loop(self):
        async def main(loop):
            sites = Sites(loop, "registry.example")
            await sites.open()
            resolver = aio.Resolver()
            hub = await sites.site(HUB, host=Host(resolve=resolver), resolver=resolver)
            await asyncio.sleep(5)
            self.assertEqual(hub.engine.registration(0, 0).state, autovpn.RegistrationState.RESOLVING)
            loop.names["registry.example"] = REGISTRY.host
            async for event in hub.events():
                if isinstance(event, autovpn.RegistryEvent):
                    self.assertTrue(event.is_registered)
                    break
            await sites.close(hub)
        virtual_loop.run(main)


class Dropped(unittest.TestCase):
    def test_one_that_is_dropped_open_is_warned_of(self):
        async def main(loop):
            sites = Sites(loop)
            site = await sites.site(HUB)
            loop.network.clear()
            site._timer.cancel()
            site._timer = None
            for transport in site._transports.values():
                transport.protocol = None
            with self.assertWarnsRegex(ResourceWarning, "was not closed"):
                del site, transport
                loop._scheduled.clear()
                gc.collect()
            sites.served.close()
        virtual_loop.run(main)


if __name__ == "__main__":
    unittest.main()
