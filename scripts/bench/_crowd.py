"""Many colleagues in one process: real nodes and real Links to one daemon, from a loopback address each.

    python _crowd.py PORT COUNT

Prints "ready" once all are linked, then on each line it reads how many bytes have passed so far, as a network
would count them. Ends when its input ends.
"""

from __future__ import annotations

import asyncio
import os
import sys

from p2pim.config import Settings
from p2pim.node.clock import SystemClock
from p2pim.node.link import Link
from p2pim.node.net.tcp import SocketTransport
from p2pim.node.node import Node
from p2pim.protocol.identity import Identity
from p2pim.protocol.network import OPEN
from p2pim.store.database import Database
from p2pim.store.store import Store

#: A segment and what acknowledges it: headers of IPv4 and TCP with timestamps, twice.
_HEADERS = 2 * 52


class _Counted(SocketTransport):
    passed = 0

    def write(self, data: bytes) -> None:
        _Counted.passed += len(data) + _HEADERS
        super().write(data)

    def buffer_updated(self, nbytes: int) -> None:
        _Counted.passed += nbytes + _HEADERS
        super().buffer_updated(nbytes)


async def _join(port: int, number: int) -> Link:
    node = Node(
        Identity.generate(os.urandom), Store(Database()), SystemClock(), os.urandom, Settings(peers=())
    )
    ready: asyncio.Future[Link] = asyncio.get_running_loop().create_future()

    def opened(transport: SocketTransport) -> Link:
        transport.widen()
        return Link(node.connection(True, OPEN), transport, node, on_ready=ready.set_result)

    source = (f"127.0.1.{number + 1}", 0)  # or the limits for one address would hold them up
    await asyncio.get_running_loop().create_connection(
        lambda: _Counted(opened, lambda _: None), "127.0.0.1", port, local_addr=source
    )
    return await ready


async def _run(port: int, count: int) -> None:
    loop = asyncio.get_running_loop()
    links = [await _join(port, number) for number in range(count)]

    def tick() -> None:
        loop.call_later(1.0, tick)
        for link in links:
            link.tick(loop.time())

    tick()
    print("ready", flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(_Counted.passed, flush=True)


if __name__ == "__main__":
    asyncio.run(_run(int(sys.argv[1]), int(sys.argv[2])))
