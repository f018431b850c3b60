"""A profile's parts put together: two peers on the loopback interface, with real sockets and files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from p2pim.config import Paths, Settings
from p2pim.config.policy import machine_policy
from p2pim.daemon.assembly import Peer, assemble
from p2pim.errors import BadInput, ProfileError, StoreCorrupt
from p2pim.node import events
from p2pim.protocol.room import LOBBY

pytestmark = pytest.mark.xdist_group("loopback")  # daemons there find each other, whichever test started them

ALONE = Settings(port=0, interfaces=("127.0.0.1",), visible="nobody")


def paths(folder: Path, name: str) -> Paths:
    made = Paths(str(folder / name))
    made.prepare()
    return made


@asynccontextmanager
async def running(peer: Peer) -> AsyncIterator[None]:
    await peer.start()
    try:
        yield
    finally:
        await peer.stop()


async def came_true(peer: Peer, holds: Callable[[], bool]) -> None:
    """Wait for an event after which something holds."""
    changed = asyncio.Event()
    stop = peer.node.subscribe(lambda _: changed.set())
    async with asyncio.timeout(20):
        while not holds():
            await changed.wait()
            changed.clear()
    stop()


async def test_two_peers_talk_and_remember_where_they_met(short_tmp: Path) -> None:
    ann, bob = (assemble(paths(short_tmp, name), ALONE) for name in ("ann", "bob"))
    async with running(ann), running(bob):
        await talk(ann, bob)


async def talk(ann: Peer, bob: Peer) -> None:
    told: list[events.Event] = []
    ann.node.subscribe(told.append)
    assert ann.node.state_line.startswith("LAN ok")
    assert bob.node.port
    assert ann.node.addresses() == [("127.0.0.1", ann.node.port)]
    ann.node.add_address("127.0.0.1", bob.node.port)
    await came_true(ann, lambda: ann.node.is_linked(bob.node.peer_id))
    ann.node.send_text(LOBBY, "hello")
    await came_true(bob, lambda: [m.text for m in bob.node.history(LOBBY)] == ["hello"])
    checks = {check.name: check.level for check in await ann.node.diagnose()}
    assert (checks["peers"], checks["store"], checks["clock"]) == ("ok", "ok", "ok")
    await came_true(ann, lambda: ann.node.state_line.endswith("connected"))
    assert any(isinstance(event, events.NetworkChanged) for event in told)
    assert ("127.0.0.1", bob.node.port, bob.node.peer_id) in ann.node.store.peers.addresses()


async def test_rules_reach_the_network(short_tmp: Path) -> None:
    ann = assemble(paths(short_tmp, "ann"), ALONE)
    bob = assemble(paths(short_tmp, "bob"), ALONE, machine_policy({"files": False}, "/p.toml"))
    assert bob.node.policy.refuse("files") == "files is switched off by the machine policy (/p.toml)."
    async with running(ann), running(bob):
        assert bob.node.port
        ann.node.add_address("127.0.0.1", bob.node.port)
        for rules in ({"subnets": ["10.0.0.0/8"]}, {"open_network": False}):
            await came_true(bob, lambda: bob.node.is_linked(ann.node.peer_id))
            bob.node.set_team_policies({"dev": rules})
            await came_true(ann, lambda: not ann.node.is_linked(bob.node.peer_id))
            bob.node.set_team_policies({})
    bob.node.set_team_policies({"dev": {"receipts": False}})  # in force, and wakes no network that is stopped
    assert bob.node.policy.value("receipts") is False
    assert bob._network is not None
    assert bob._network.trouble == "closed"


async def test_a_profile_keeps_its_identity_and_finds_its_friends_again(short_tmp: Path) -> None:
    profile = paths(short_tmp, "ann")
    first = assemble(profile, ALONE)
    await first.start()
    await first.stop()
    second = assemble(profile, ALONE)
    assert second.node.peer_id == first.node.peer_id
    await second.stop()  # never started
    profile.identity_key.unlink()
    with pytest.raises(ProfileError, match="missing"):
        assemble(profile, ALONE)


async def test_an_address_that_was_typed_is_tried_again_after_a_restart(short_tmp: Path) -> None:
    profile = paths(short_tmp, "ann")
    bob = assemble(paths(short_tmp, "bob"), ALONE)
    first = assemble(profile, ALONE)
    async with running(first):
        with pytest.raises(BadInput, match="cannot be dialled"):
            first.node.add_address("224.0.0.1", 2000)
        async with running(bob):
            assert bob.node.port
            port = bob.node.port
        first.node.add_address("127.0.0.1", port)  # nobody is there now
    bob = assemble(paths(short_tmp, "bob"), replace(ALONE, port=port))
    second = assemble(profile, ALONE)
    async with running(bob):
        assert bob.node.port == port
        async with running(second):
            await came_true(second, lambda: second.node.is_linked(bob.node.peer_id))


def test_a_database_that_cannot_be_used_makes_no_peer(short_tmp: Path) -> None:
    profile = paths(short_tmp, "ann")
    profile.database.write_bytes(b"no database " * 500)
    with pytest.raises(StoreCorrupt):
        assemble(profile, ALONE)
    assert not profile.identity_key.exists()
