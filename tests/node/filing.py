"""Peers that send each other files, for tests: whole nodes with real sockets, threads and disks on loopback."""

from __future__ import annotations

import os
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from p2pim.config.policy import NO_POLICY, MachinePolicy
from p2pim.daemon.assembly import Peer, assemble
from p2pim.errors import UnknownTarget
from p2pim.node import events
from p2pim.protocol.identity import encode_peer_id
from p2pim.protocol.room import dm
from tests.unit.daemon.test_assembly import ALONE, came_true, paths, running


class Office:
    """Peers that know and have accepted each other."""

    def __init__(self, folder: Path, stack: AsyncExitStack) -> None:
        self._folder, self._stack = folder, stack
        self.peers: list[Peer] = []

    async def join(self, name: str, machine: MachinePolicy = NO_POLICY, **settings: Any) -> Peer:
        peer = assemble(paths(self._folder, name), replace(ALONE, **settings), machine)
        await self._stack.enter_async_context(running(peer))
        for other in self.peers:
            await meet(peer, other)
        self.peers.append(peer)
        return peer


async def meet(one: Peer, other: Peer) -> None:
    """The first dials the second, and they accept each other."""
    assert other.node.port
    one.node.add_address("127.0.0.1", other.node.port)
    await came_true(one, lambda: one.node.is_linked(other.node.peer_id))
    await came_true(other, lambda: other.node.is_linked(one.node.peer_id))
    room = dm(one.node.peer_id, other.node.peer_id).id
    one.node.send_text(dm_with(one, other), "hello")
    await came_true(other, lambda: other.node.store.messages.room(room) is not None)
    other.node.accept(one.node.peer_id)
    other.node.send_text(dm_with(other, one), "hello yourself")
    await came_true(one, lambda: len(one.node.history(room)) > 1)


def dm_with(me: Peer, other: Peer) -> bytes:
    return me.node.resolve(encode_peer_id(other.node.peer_id))


def shown(peer: Peer, message_id: bytes) -> events.FileView:
    file = peer.node.transfers.shown(message_id).file
    assert file is not None
    return file


def has(peer: Peer, message_id: bytes, state: str) -> bool:
    try:
        return shown(peer, message_id).state == state
    except UnknownTarget:
        return False


async def offered(one: Peer, other: Peer, path: Path) -> bytes:
    """Offer something, and wait until the other has the offer."""
    view = await one.node.transfers.send(dm_with(one, other), path)
    await came_true(other, lambda: bool(other.node.store.messages.get([view.id])))
    return view.id


def content(size: int, seed: int = 1) -> bytes:
    return (bytes([seed]) + os.urandom(4096)) * (size // 4097) + bytes(size % 4097)
