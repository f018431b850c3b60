"""Files between whole nodes with real sockets, threads and disks, all on the loopback interface."""

# ruff: noqa: ASYNC240 (small files, and nobody else waits)

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from p2pim.config.policy import NO_POLICY, MachinePolicy
from p2pim.daemon.assembly import Peer, assemble
from p2pim.errors import BadInput, Forbidden, NotNow, UnknownTarget
from p2pim.node import events
from p2pim.node.files.landing import Landing
from p2pim.protocol import filetalk
from p2pim.protocol.filetalk import Fhold, Fseek
from p2pim.protocol.identity import encode_peer_id
from p2pim.protocol.offer import CHUNK
from p2pim.protocol.room import LOBBY, dm
from tests.unit.daemon.test_assembly import ALONE, came_true, paths, running

pytestmark = pytest.mark.xdist_group("loopback")


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


@pytest.fixture
async def office(short_tmp: Path) -> AsyncIterator[Office]:
    async with AsyncExitStack() as stack:
        yield Office(short_tmp, stack)


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


@pytest.mark.parametrize("who", [0, 1])
async def test_a_file_is_offered_fetched_and_both_are_told(office: Office, tmp_path: Path, who: int) -> None:
    """Whichever end has dialled, and so is the one that can dial."""
    peers = [await office.join("ann"), await office.join("bob")]
    ann, bob = peers[who], peers[1 - who]
    source = tmp_path / "report.bin"
    source.write_bytes(content(5 * CHUNK + 17))
    offer = await offered(ann, bob, source)
    assert (shown(bob, offer).state, shown(bob, offer).size) == ("offered", 5 * CHUNK + 17)
    assert shown(ann, offer).state == "sent"
    bob.node.transfers.accept(offer)
    await came_true(bob, lambda: has(bob, offer, "done"))
    path = Path(shown(bob, offer).path)
    assert path.name == "report.bin"
    assert path.read_bytes() == source.read_bytes()
    await came_true(ann, lambda: [r.state for r in shown(ann, offer).reports] == ["done"])
    assert not (path.parent / ".p2pim-partial").exists(), "nothing is left of what was incomplete"
    bob.node.transfers.accept(offer)  # again: nothing happens
    with pytest.raises(NotNow, match="here already"):
        bob.node.transfers.cancel(offer)
    with pytest.raises(BadInput, match="your own"):
        ann.node.transfers.accept(offer)


async def test_a_folder_comes_as_it_was(office: Office, tmp_path: Path) -> None:
    ann, bob = await office.join("ann"), await office.join("bob")
    top = tmp_path / "project"
    (top / "src" / "deep").mkdir(parents=True)
    (top / "empty").mkdir()
    (top / "nothing.txt").write_bytes(b"")
    for number in range(300):
        (top / "src" / f"{number:03}.txt").write_bytes(content(7_000, number % 250))
    (top / "src" / "deep" / "big.bin").write_bytes(content(2 * CHUNK))
    (top / "link").symlink_to("/etc/passwd")
    offer = await offered(ann, bob, top)
    assert (shown(bob, offer).folder, shown(bob, offer).entries) == (True, 302)
    bob.node.transfers.accept(offer)
    await came_true(bob, lambda: has(bob, offer, "done"))
    came = Path(shown(bob, offer).path)
    found = {p.relative_to(came): p.read_bytes() for p in came.rglob("*") if p.is_file()}
    assert found == {
        p.relative_to(top): p.read_bytes() for p in top.rglob("*") if p.is_file() and not p.is_symlink()
    }
    assert (came / "empty").is_dir()
    assert not (came / "link").is_symlink()


async def test_empty_files_and_folders(office: Office, tmp_path: Path) -> None:
    ann, bob = await office.join("ann"), await office.join("bob")
    (tmp_path / "nothing").write_bytes(b"")
    (tmp_path / "hollow").mkdir()
    for name in ("nothing", "hollow"):
        offer = await offered(ann, bob, tmp_path / name)
        bob.node.transfers.accept(offer)
        await came_true(bob, lambda offer=offer: has(bob, offer, "done"))  # type: ignore[misc]
        assert Path(shown(bob, offer).path).exists()


async def test_a_pause_keeps_what_has_come_and_nothing_of_it_comes_twice(
    office: Office, tmp_path: Path
) -> None:
    ann, bob = await office.join("ann", upload_rate=20 * CHUNK), await office.join("bob")
    source = tmp_path / "slow.bin"
    source.write_bytes(content(24 * CHUNK))
    offer = await offered(ann, bob, source)
    with pytest.raises(NotNow, match="not on its way"):
        bob.node.transfers.pause(offer)
    bob.node.transfers.accept(offer)
    await came_true(bob, lambda: shown(bob, offer).done >= 8 * CHUNK)
    bob.node.transfers.pause(offer)
    await came_true(ann, lambda: [r.state for r in shown(ann, offer).reports] == ["paused"])
    mover = bob.node.transfers.mover
    assert mover is not None
    await came_true(bob, lambda: mover.job(shown(bob, offer).root) is None)
    assert shown(bob, offer).state == "paused"
    bob.node.transfers.accept(offer)
    await came_true(bob, lambda: shown(bob, offer).state == "done" or shown(bob, offer).done >= 8 * CHUNK)
    await came_true(bob, lambda: has(bob, offer, "done"))
    assert Path(shown(bob, offer).path).read_bytes() == source.read_bytes()


async def test_what_is_cancelled_leaves_nothing_and_what_is_declined_is_told(
    office: Office, tmp_path: Path
) -> None:
    ann, bob = await office.join("ann", upload_rate=4 * CHUNK), await office.join("bob")
    source = tmp_path / "slow.bin"
    source.write_bytes(content(24 * CHUNK))
    offer = await offered(ann, bob, source)
    bob.node.transfers.accept(offer)
    await came_true(bob, lambda: shown(bob, offer).done >= CHUNK)
    bob.node.transfers.cancel(offer)
    await came_true(ann, lambda: [r.state for r in shown(ann, offer).reports] == ["cancelled"])
    mover = bob.node.transfers.mover
    assert mover is not None
    await came_true(bob, lambda: mover.job(shown(bob, offer).root) is None)
    assert not any(bob.node.transfers.folder.iterdir())
    other = tmp_path / "other"
    other.write_bytes(b"x")
    second = await offered(ann, bob, other)
    bob.node.transfers.decline(second)
    await came_true(ann, lambda: [r.state for r in shown(ann, second).reports] == ["declined"])


async def test_an_offer_to_somebody_absent_is_fetched_when_they_meet(office: Office, tmp_path: Path) -> None:
    ann, bob = await office.join("ann"), await office.join("bob")
    source = tmp_path / "later.txt"
    source.write_bytes(b"see you")
    offer = await offered(ann, bob, source)
    bob.node.transfers.mover, mover = None, bob.node.transfers.mover  # as if nobody were there
    bob.node.transfers.accept(offer)
    assert shown(bob, offer).state == "wanted"
    bob.node.transfers.mover = mover
    await came_true(bob, lambda: has(bob, offer, "done"))


async def test_a_changed_source_is_said_clearly(office: Office, tmp_path: Path) -> None:
    ann, bob = await office.join("ann"), await office.join("bob")
    source = tmp_path / "draft.txt"
    source.write_bytes(b"first")
    offer = await offered(ann, bob, source)
    source.write_bytes(b"second thoughts")
    bob.node.transfers.accept(offer)
    await came_true(bob, lambda: has(bob, offer, "failed"))
    assert "has changed or moved it: ask them to send it again." in shown(bob, offer).detail
    await came_true(ann, lambda: has(ann, offer, "withdrawn"))
    again = await offered(ann, bob, source)
    bob.node.transfers.accept(again)
    await came_true(bob, lambda: has(bob, again, "done"))


async def test_a_full_disk_is_told_to_both(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob = await office.join("ann"), await office.join("bob")
    source = tmp_path / "large"
    source.write_bytes(content(CHUNK))
    offer = await offered(ann, bob, source)

    def full(_self: Landing, _size: int) -> None:
        raise NotNow("The disk is full: free 5 MB, then try again.")

    monkeypatch.setattr(Landing, "check_space", full)
    bob.node.transfers.accept(offer)
    await came_true(bob, lambda: has(bob, offer, "failed"))
    assert shown(bob, offer).detail == "The disk is full: free 5 MB, then try again."
    await came_true(ann, lambda: [r.state for r in shown(ann, offer).reports] == ["disk full"])
    monkeypatch.undo()
    bob.node.transfers.accept(offer)
    await came_true(bob, lambda: has(bob, offer, "done"))
    await came_true(ann, lambda: [r.state for r in shown(ann, offer).reports] == ["done"])


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


async def test_five_who_fetch_at_once_share(office: Office, tmp_path: Path) -> None:
    """A room is not needed: what one has fetched, it serves to all who may see an offer of it."""
    ann, bob, cid = await office.join("ann"), await office.join("bob"), await office.join("cid")
    source = tmp_path / "shared"
    source.write_bytes(content(3 * CHUNK))
    to_bob = await offered(ann, bob, source)
    bob.node.transfers.accept(to_bob)
    await came_true(bob, lambda: has(bob, to_bob, "done"))
    to_cid = await offered(bob, cid, Path(shown(bob, to_bob).path))
    cid.node.transfers.accept(to_cid)
    await came_true(cid, lambda: has(cid, to_cid, "done"))
    assert shown(cid, to_cid).root == shown(bob, to_bob).root


async def test_an_offer_that_is_taken_back_is_fetched_no_more(office: Office, tmp_path: Path) -> None:
    ann, bob = await office.join("ann", upload_rate=4 * CHUNK), await office.join("bob")
    source = tmp_path / "slow.bin"
    source.write_bytes(content(24 * CHUNK))
    offer = await offered(ann, bob, source)
    bob.node.transfers.accept(offer)
    await came_true(bob, lambda: shown(bob, offer).done >= CHUNK)
    ann.node.delete(offer)
    await came_true(bob, lambda: bob.node.store.files.transfers("cancelled") != [])
    assert bob.node.transfers.look() is False or bob.node.store.files.transfers("wanted") == []


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


def test_every_state_has_its_word() -> None:
    from p2pim.node.offers import _STATES  # noqa: PLC0415
    from p2pim.node.transfers import _SAID  # noqa: PLC0415

    assert set(_SAID.values()) <= set(_STATES)
    assert filetalk.DISK_FULL in _STATES
