"""The real daemon of a member that floods: ``python -m tests.flooding_daemon WHAT --home DIR …``.

From its first Link on it sends a thousand things a second for ten seconds: "expired", "moving", "forged" or "oversized"
route records, or "probes", which ask others to connect to addresses that are not its own.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from p2pim.config import Paths, Settings
from p2pim.config.policy import MachinePolicy
from p2pim.daemon.assembly import Peer, assemble
from p2pim.daemon.main import main
from p2pim.node.node import Node
from p2pim.protocol.callback import Callback
from p2pim.protocol.identity import Identity
from p2pim.protocol.records import Record
from p2pim.protocol.route import LIFE_MS, Routes, SignedRoute, write_route

EACH: Final = 0.02
AT_ONCE: Final = 20
SECONDS: Final = 10.0


def _route(node: Node, age_ms: int, host: str, port: int = 26747) -> SignedRoute:
    seq = node.clock.wall_ms() - age_ms
    return write_route(node.identity, os.urandom(8), seq, seq + LIFE_MS, [(host, port)])


def expired(node: Node, number: int) -> Record:
    return Routes([_route(node, 8 * 24 * 3_600_000 + number, "10.77.1.200")])


def moving(node: Node, number: int) -> Record:
    hosts = ("203.0.113.9", "127.0.0.1", "10.77.1.255", "224.0.0.5", f"10.77.1.{100 + number % 100}")
    return Routes([_route(node, 0, hosts[number % len(hosts)], 22_000 + number % 1000)])


def forged(node: Node, number: int) -> Record:
    return Routes([SignedRoute(_route(node, 0, f"10.77.1.{100 + number % 100}").record, bytes(64))])


def oversized(node: Node, number: int) -> Record:
    return Routes([SignedRoute(bytes(1_024), bytes(64))] * 32)


def probes(node: Node, number: int) -> Record:
    return Callback(number, [(bytes((10, 77, 1, 100 + n)), 26747) for n in range(4)])


async def flood(node: Node, make: Callable[[Node, int], Record], begins: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    end, number = float("inf"), 0
    while loop.time() < end:
        if node.sync.sessions and end == float("inf"):
            begins()
            end = loop.time() + SECONDS
        for session in list(node.sync.sessions.values()):
            for _ in range(AT_ONCE):
                session.link.send(make(node, number))
                number += 1
            session.link.flush()
        await asyncio.sleep(EACH)


class Flooder(Peer):
    """As assembled, and then it floods, and makes a file when it begins."""

    began: Path

    async def start(self) -> None:
        await super().start()
        make: Callable[[Node, int], Record] = globals()[sys.argv[1]]
        self._flooding = asyncio.get_running_loop().create_task(flood(self.node, make, self.began.touch))

    async def stop(self) -> None:
        self._flooding.cancel()
        await super().stop()


def flooding(paths: Paths, settings: Settings, machine: MachinePolicy, identity: Identity | None) -> Peer:
    peer = assemble(paths, settings, machine, identity)
    peer.__class__ = Flooder
    assert isinstance(peer, Flooder)
    peer.began = paths.database.parent / "floods"
    return peer


if __name__ == "__main__":
    sys.exit(main(sys.argv[2:], assembler=flooding))
