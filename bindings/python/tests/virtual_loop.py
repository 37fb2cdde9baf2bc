# SPDX-License-Identifier: ISC
"""An asyncio loop in virtual time with a network of its own: what waits for a timer takes no time, what waits for nothing fails."""
import asyncio
import socket


class Stuck(Exception):
    """Everybody waits, and no timer runs."""


class FakeSocket:
    family = socket.AF_INET

    def __init__(self):
        self.options = []

    def setsockopt(self, *option):
        self.options.append(option)


class FakeTransport(asyncio.DatagramTransport):
    def __init__(self, loop, address, protocol):
        super().__init__({"sockname": address, "socket": FakeSocket()})
        self.loop, self.address, self.protocol = loop, address, protocol
        self.sent, self.closed = 0, False
        loop.network[address] = self

    def sendto(self, data, addr=None):
        assert not self.closed, "sent after it was closed"
        self.sent += 1
        self.loop.call_soon(self.loop.arrive, data, self.address, addr)

    def close(self):
        if not self.closed:
            self.closed = True
            del self.loop.network[self.address]
            self.loop.call_soon(self.protocol.connection_lost, None)

    abort = close

    def is_closing(self):
        return self.closed


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self):
        super().__init__()
        self.network, self.names, self.virtual = {}, {}, 1000.0
        self.carried = []  # (data, from, to)
        select = self._selector.select

        def skip(timeout=None):
            if timeout is None:
                raise Stuck
            self.virtual += max(timeout, 0)
            return select(0)
        self._selector.select = skip

    def time(self):
        return self.virtual

    def arrive(self, data, source, destination):
        self.carried.append((data, source, destination))
        if destination in self.network:
            self.network[destination].protocol.datagram_received(data, source)

    async def create_datagram_endpoint(self, protocol_factory, local_addr=None, **_options):
        if local_addr in self.network:
            raise OSError(98, "Address already in use")
        protocol = protocol_factory()
        transport = FakeTransport(self, local_addr, protocol)
        protocol.connection_made(transport)
        return transport, protocol

    async def getaddrinfo(self, host, port, **_options):
        if host not in self.names:
            raise socket.gaierror(-2, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_DGRAM, 17, "", (self.names[host], 0))]


def run(main):
    """Run a coroutine function in a loop of its own, for a test; it fails after a virtual day."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(asyncio.wait_for(main(loop), 86400))
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop._selector.select = lambda timeout=None: []
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
