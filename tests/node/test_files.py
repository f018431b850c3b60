"""Files between whole nodes with real sockets, threads and disks, all on the loopback interface."""

# ruff: noqa: ASYNC240 (small files, and nobody else waits)

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from msgspec.structs import replace

from p2pim.daemon.assembly import Peer, assemble
from p2pim.errors import BadInput, NotNow
from p2pim.node.files.landing import Landing
from p2pim.protocol import filetalk
from p2pim.protocol.offer import CHUNK
from tests.node.filing import Office, content, has, meet, offered, shown
from tests.unit.daemon.test_assembly import ALONE, came_true, paths, running

pytestmark = pytest.mark.xdist_group("loopback")


@pytest.fixture
async def office(short_tmp: Path) -> AsyncIterator[Office]:
    async with AsyncExitStack() as stack:
        yield Office(short_tmp, stack)


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


async def test_an_offer_waits_through_restarts_of_both(short_tmp: Path, tmp_path: Path) -> None:
    def again(name: str) -> Peer:
        return assemble(paths(short_tmp, name), ALONE)

    source = tmp_path / "later.bin"
    source.write_bytes(content(2 * CHUNK))
    ann, bob = again("ann"), again("bob")
    async with running(ann), running(bob):
        await meet(ann, bob)
        offer = await offered(ann, bob, source)
    bob = again("bob")
    async with running(bob):
        bob.node.transfers.accept(offer)
        assert shown(bob, offer).state == "wanted"
    ann, bob = again("ann"), again("bob")
    async with running(ann), running(bob):
        assert bob.node.port
        ann.node.add_address("127.0.0.1", bob.node.port)
        await came_true(bob, lambda: has(bob, offer, "done"))
        assert Path(shown(bob, offer).path).read_bytes() == source.read_bytes()
        await came_true(ann, lambda: [r.state for r in shown(ann, offer).reports] == ["done"])


async def test_when_nobody_is_left_it_waits_and_goes_on(short_tmp: Path, tmp_path: Path) -> None:
    def again(name: str, rate: int = 0) -> Peer:
        return assemble(paths(short_tmp, name), replace(ALONE, upload_rate=rate))

    source = tmp_path / "slow.bin"
    source.write_bytes(content(24 * CHUNK))
    ann, bob = again("ann", 8 * CHUNK), again("bob")
    async with running(bob):
        async with running(ann):
            await meet(ann, bob)
            offer = await offered(ann, bob, source)
            bob.node.transfers.accept(offer)
            await came_true(bob, lambda: shown(bob, offer).done >= 2 * CHUNK)
        await came_true(bob, lambda: has(bob, offer, "wanted"))
        assert shown(bob, offer).done >= 2 * CHUNK
        ann = again("ann")
        async with running(ann):
            assert bob.node.port
            ann.node.add_address("127.0.0.1", bob.node.port)
            await came_true(bob, lambda: has(bob, offer, "done"))
        assert Path(shown(bob, offer).path).read_bytes() == source.read_bytes()


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


def test_every_state_has_its_word() -> None:
    from p2pim.node.offers import _STATES  # noqa: PLC0415
    from p2pim.node.transfers import _SAID  # noqa: PLC0415

    assert set(_SAID.values()) <= set(_STATES)
    assert filetalk.DISK_FULL in _STATES
