"""Who may send, fetch and see which files: the rules of machines, of people and of rooms."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from p2pim.config.policy import MachinePolicy
from p2pim.errors import BadInput, Forbidden, NotNow, UnknownTarget
from p2pim.protocol.filetalk import Fhold, Fseek
from p2pim.protocol.room import LOBBY
from tests.node.filing import Office, dm_with, has, offered, shown
from tests.unit.daemon.test_assembly import came_true

pytestmark = pytest.mark.xdist_group("loopback")


@pytest.fixture
async def office(short_tmp: Path) -> AsyncIterator[Office]:
    async with AsyncExitStack() as stack:
        yield Office(short_tmp, stack)


async def test_rules_hold_at_both_ends(office: Office, tmp_path: Path) -> None:
    machine = MachinePolicy("/policy.toml", {"file_max_bytes": 10, "file_types_forbidden": ("exe",)})
    ann, bob = await office.join("ann"), await office.join("bob", machine)
    for name, data in (("long.txt", bytes(11)), ("short.exe", b"MZ")):
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(Forbidden, match=r"by the machine policy \(/policy.toml\)"):
            await bob.node.transfers.send(dm_with(bob, ann), path)
        offer = await offered(ann, bob, path)
        with pytest.raises(Forbidden, match="machine policy"):
            bob.node.transfers.accept(offer)
    hidden = tmp_path / "folder"
    hidden.mkdir()
    (hidden / "a.exe").write_bytes(b"MZ")
    with pytest.raises(Forbidden, match="of a type that is forbidden"):
        await bob.node.transfers.send(dm_with(bob, ann), hidden)
    offer = await offered(ann, bob, hidden)
    bob.node.transfers.accept(offer)
    await came_true(bob, lambda: has(bob, offer, "failed"))
    assert shown(bob, offer).detail.startswith("a.exe in it: It is of a type that is forbidden")
    await came_true(ann, lambda: [r.state for r in shown(ann, offer).reports] == ["forbidden"])


async def test_what_cannot_be_offered(office: Office, tmp_path: Path) -> None:
    ann, bob = await office.join("ann"), await office.join("bob")
    path = tmp_path / "x"
    path.write_bytes(b"x")
    with pytest.raises(BadInput, match="lobby takes no files"):
        await ann.node.transfers.send(LOBBY, path)
    with pytest.raises(BadInput, match="cannot be read"):
        await ann.node.transfers.send(dm_with(ann, bob), tmp_path / "missing")
    with pytest.raises(UnknownTarget):
        ann.node.transfers.accept(bytes(32))


async def test_files_may_be_forbidden_altogether(office: Office, tmp_path: Path) -> None:
    ann = await office.join("ann", MachinePolicy("/policy.toml", {"files": False}))
    bob = await office.join("bob")
    source = tmp_path / "x"
    source.write_bytes(b"x")
    with pytest.raises(Forbidden, match="Files cannot be sent or received"):
        await ann.node.transfers.send(dm_with(ann, bob), source)
    offer = await offered(bob, ann, source)
    with pytest.raises(Forbidden, match="Files cannot be sent or received"):
        ann.node.transfers.accept(offer)
    assert ann.node.transfers.permitted(bob.node.peer_id, shown(ann, offer).root) is None


async def test_only_some_types_may_be_allowed(office: Office, tmp_path: Path) -> None:
    machine = MachinePolicy("/policy.toml", {"file_types_allowed": ("pdf",)})
    ann, bob = await office.join("ann", machine), await office.join("bob")
    for name in ("x.txt", "pdf"):
        (tmp_path / name).write_bytes(b"x")
        with pytest.raises(Forbidden, match="not of a type that is allowed"):
            await ann.node.transfers.send(dm_with(ann, bob), tmp_path / name)
    (tmp_path / "x.PDF").write_bytes(b"x")
    await offered(ann, bob, tmp_path / "x.PDF")


async def test_what_is_refused_while_nothing_can_be_written(office: Office, tmp_path: Path) -> None:
    ann, bob = await office.join("ann"), await office.join("bob")
    source = tmp_path / "x"
    source.write_bytes(b"x")
    offer = await offered(ann, bob, source)
    bob.node.disk.writable = False
    for act in (bob.node.transfers.accept, bob.node.transfers.decline, bob.node.transfers.cancel):
        with pytest.raises(NotNow, match="disk is full"):
            act(offer)
    bob.node.disk.writable = True
    ann.node.transfers.mover, mover = None, ann.node.transfers.mover
    with pytest.raises(NotNow, match="just starting"):
        await ann.node.transfers.send(dm_with(ann, bob), source)
    ann.node.transfers.mover = mover


async def test_who_may_not_see_an_offer_is_told_nothing(office: Office, tmp_path: Path) -> None:
    """Attack 24: what was offered elsewhere sounds like what was never offered."""
    ann, bob, eve = await office.join("ann"), await office.join("bob"), await office.join("eve")
    source = tmp_path / "secret"
    source.write_bytes(b"between us")
    offer = await offered(ann, bob, source)
    root = shown(ann, offer).root
    permitted = ann.node.transfers.permitted
    assert permitted(bob.node.peer_id, root) is not None
    assert permitted(eve.node.peer_id, root) is None
    assert permitted(eve.node.peer_id, bytes(32)) is None
    heard: list[object] = []
    taker = eve.node._takers
    taker[Fhold] = lambda session, record: heard.append(record)
    for session in eve.node.sync.sessions.values():
        session.link.send(Fseek(root))
        session.link.flush()
    bob.node.transfers.accept(offer)
    await came_true(bob, lambda: has(bob, offer, "done"))
    assert heard == []
    ann.node.delete(offer)
    assert permitted(bob.node.peer_id, root) is None, "what was deleted is served no more"


async def test_what_team_mates_send_comes_unasked_if_it_is_small(office: Office, tmp_path: Path) -> None:
    ann, bob = await office.join("ann"), await office.join("bob", accept_max_bytes=10)
    cid = await office.join("cid", accept_files="nobody")
    team = ann.node.teams.create("Blue")
    code = ann.node.teams.invite(team, uses=5)[0]
    for peer in (bob, cid):
        peer.node.joining.begin(code)
        await came_true(peer, lambda peer=peer: peer.node.rooms.is_mate(ann.node.peer_id))  # type: ignore[misc]
    small, large = tmp_path / "small.txt", tmp_path / "large.txt"
    small.write_bytes(b"0123456789")
    large.write_bytes(b"0123456789!")
    first = (await ann.node.transfers.send(team, small)).id
    second = (await ann.node.transfers.send(team, large)).id
    await came_true(bob, lambda: has(bob, first, "done") and has(bob, second, "offered"))
    await came_true(cid, lambda: has(cid, first, "offered"))


async def test_a_download_folder_that_cannot_be_used_is_told(office: Office, tmp_path: Path) -> None:
    ann, bob = await office.join("ann"), await office.join("bob")
    (tmp_path / "in").write_bytes(b"a file, not a folder")
    source = tmp_path / "x"
    source.write_bytes(b"x")
    offer = await offered(ann, bob, source)
    bob.node.transfers.accept(offer, tmp_path / "in")
    await came_true(bob, lambda: has(bob, offer, "failed"))
    assert "is not a folder: choose another download folder" in shown(bob, offer).detail
    assert (tmp_path / "in").read_bytes() == b"a file, not a folder"
