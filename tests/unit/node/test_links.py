"""Which of two Links to one process stays, and how many there may be."""

from __future__ import annotations

import pytest

from p2pim.node import links as module
from p2pim.node.link import Link
from p2pim.node.links import TOGETHER_SECONDS, Links
from tests.node.company import Colleague, Company
from tests.simulation.world import Wire

LOW, HIGH, BOOT = b"\x01" * 32, b"\x03" * 32, b"boot...1"
ME = b"\x02" * 32


@pytest.fixture
def machine() -> Colleague:
    return Company().hire("me")


def link(
    machine: Colleague,
    peer: bytes,
    *,
    dialled: bool,
    at: float = 0.0,
    boot: bytes = BOOT,
    via: bytes | None = None,
) -> Link:
    connection = machine.me.connection(dialled, machine.me.networks()[0] if dialled else None)
    connection.peer_id, connection.boot_id, connection.established_at = peer, boot, at
    return Link(connection, Wire(machine), machine.me, via=via)


@pytest.mark.parametrize(
    ("peer", "old_dialled", "new_dialled", "later", "stays"),
    [
        (HIGH, True, False, 1.0, "old"),  # I am lower: mine stays
        (HIGH, False, True, 1.0, "new"),
        (LOW, True, False, 1.0, "new"),
        (LOW, False, True, 1.0, "old"),
        (HIGH, True, True, 1.0, "new"),  # by one side: the newer
        (LOW, False, False, 1.0, "new"),
        (
            HIGH,
            True,
            False,
            TOGETHER_SECONDS,
            "new",
        ),  # not at once: the newer, it has just shown that it works
        (LOW, False, True, TOGETHER_SECONDS, "new"),
    ],
)
def test_which_of_two_stays(
    machine: Colleague, peer: bytes, old_dialled: bool, new_dialled: bool, later: float, stays: str
) -> None:
    links = Links(ME, bytes(8))
    old = link(machine, peer, dialled=old_dialled)
    new = link(machine, peer, dialled=new_dialled, at=later)
    assert links.add(old, True) is None
    loser = links.add(new, True)
    assert loser is (new if stays == "old" else old)
    links.remove(loser)
    winner = old if stays == "old" else new
    assert len(links) == 1
    assert links.is_open(winner)
    links.remove(winner)
    assert len(links) == 0
    assert not links.is_open(winner)


def test_both_ends_of_a_pair_agree(machine: Colleague) -> None:
    for at in (0.0, 1.0):
        mine, theirs = Links(LOW, BOOT), Links(HIGH, BOOT)
        mine.add(link(machine, HIGH, dialled=True), True)
        kept_by_low = mine.add(link(machine, HIGH, dialled=False, at=at), True)
        theirs.add(link(machine, LOW, dialled=True), True)
        kept_by_high = theirs.add(link(machine, LOW, dialled=False, at=at), True)
        assert kept_by_low is not None
        assert kept_by_high is not None
        assert not kept_by_low.initiator  # the one that the higher end dialled goes, on both sides
        assert kept_by_high.initiator


def test_two_processes_of_one_peer_have_a_link_each(machine: Colleague) -> None:
    links = Links(ME, bytes(8))
    assert links.add(link(machine, HIGH, dialled=True), True) is None
    assert links.add(link(machine, HIGH, dialled=True, boot=b"boot...2"), False) is None
    assert len(links) == 2


def test_there_are_only_so_many(machine: Colleague, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PEERS", 6)
    links = Links(ME, bytes(8))
    crowd = [link(machine, HIGH, dialled=False, boot=bytes([n]) * 8) for n in range(5)]
    assert [links.add(one, True) for one in crowd] == [None] * 4 + [crowd[4]]
    assert not links.is_open(crowd[4])
    others = [link(machine, bytes([n]) * 32, dialled=False) for n in range(10, 13)]
    assert [links.add(one, True) for one in others] == [None, None, others[2]]
    newer = link(machine, HIGH, dialled=False, at=99.0, boot=bytes(8))
    assert links.add(newer, True) is crowd[0]  # who has a place keeps it


@pytest.mark.parametrize(("old", "new", "stays"), [(None, LOW, "old"), (LOW, None, "new"), (LOW, LOW, "new")])
def test_a_direct_one_is_better_than_one_that_is_carried(
    machine: Colleague, old: bytes | None, new: bytes | None, stays: str
) -> None:
    links = Links(ME, BOOT)
    first = link(machine, HIGH, dialled=True, via=old)
    second = link(machine, HIGH, dialled=True, at=TOGETHER_SECONDS, via=new)
    assert links.add(first, open_network=False) is None
    assert links.add(second, open_network=False) is (second if stays == "old" else first)
