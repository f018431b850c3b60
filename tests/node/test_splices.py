"""A team-mate carries the Link of two who cannot connect to each other."""

from __future__ import annotations

from itertools import pairwise

import pytest

from p2pim.config import Settings
from p2pim.node import carried, networks, splices
from p2pim.node.session import OPENED_BURST, OPENED_PER_SECOND
from p2pim.node.splices import Passage
from p2pim.protocol.message import RoomId
from p2pim.protocol.records import PROTOCOL
from p2pim.protocol.splice import (
    ASKED,
    NOT_LINKED,
    PASSED_ON,
    TOO_FAST,
    UNWILLING,
    Spliceclose,
    Splicedata,
    Spliceopen,
)
from tests.node.company import Colleague, Company, Puppet
from tests.node.test_box_attacks import team_with
from tests.node.test_routes import Traveller, apart
from tests.node.test_teams import link, reads, says

WHILE = 15.0


def between(company: Company) -> tuple[RoomId, list[Colleague]]:
    """Ann and bob, whom only cleo can connect to."""
    team, (ann, bob, cleo), _ = apart(company, "ann", "bob", "cleo")
    link(company, ann, cleo, team)
    link(company, bob, cleo, team)
    return team, [ann, bob, cleo]


def via(who: Colleague, other: Colleague) -> list[bytes | None]:
    return [link.via for link in who.links_to(other)]


def carries(who: Colleague) -> int:
    return sum(
        isinstance(e, Passage) for s in who.me.sync.sessions.values() for e in s.splicing.ends.values()
    )


def test_who_cannot_be_connected_to_is_reached_through_a_third() -> None:
    company = Company()
    team, (ann, bob, cleo) = between(company)
    company.run(WHILE)
    assert via(ann, bob) == via(bob, ann) == [cleo.peer_id]
    assert carries(cleo) == 2
    assert ann.sees(bob).via == "cleo" or str(ann.sees(bob).via).startswith("cleo ")
    assert ann.sees(bob).presence == "online"
    assert ann.sees(cleo).via is None
    view = ann.write(bob, "planted: through cleo")
    says(bob, team, "to all")
    company.run(2)
    assert bob.reads(ann) == ["planted: through cleo"]
    assert ann.state_of(view.id) == "delivered"
    assert reads(ann, team) == ["to all"]
    assert cleo.reads(ann) == []


def test_what_is_carried_is_not_read_by_who_carries_it() -> None:
    company = Company()
    _, (ann, bob, cleo) = between(company)
    company.run(WHILE)
    seen = bytearray()
    carry = cleo.me.splices.data

    def noting(session: object, record: Splicedata) -> None:
        seen.extend(record.data)
        carry(session, record)  # type: ignore[arg-type]

    cleo.me._takers[Splicedata] = noting
    for n in range(20):
        ann.write(bob, f"planted {n}")
    company.run(2)
    assert len(bob.reads(ann)) == 20
    assert len(seen) > 1000
    assert b"planted" not in seen


def test_a_direct_link_takes_its_place() -> None:
    company = Company()
    team, (ann, bob, cleo) = between(company)
    company.run(WHILE)
    link(company, bob, ann, team)
    assert via(ann, bob) == via(bob, ann) == [None]
    assert carries(cleo) == 0
    assert ann.sees(bob).via is None
    company.run(WHILE)
    assert via(ann, bob) == [None]


def test_when_who_carries_leaves_the_two_are_apart_and_messages_wait() -> None:
    company = Company()
    team, (ann, bob, cleo) = between(company)
    company.run(WHILE)
    cleo.crash()
    company.run(40)
    assert via(ann, bob) == []
    assert ann.sees(bob).presence == "offline"
    view = ann.write(bob, "later")
    assert ann.state_of(view.id) == "waiting"
    cleo.start()
    Traveller(cleo, "10.0.0.3")
    link(company, ann, cleo, team)
    link(company, bob, cleo, team)
    company.run(WHILE)
    assert bob.reads(ann) == ["later"]


def test_a_large_room_passes_no_faster_than_allowed_and_whole() -> None:
    company = Company()
    team, (ann, bob, cleo) = between(company)
    company.run(WHILE)
    ann.write(bob, "hello")
    bob.write(ann, "hello you")
    company.run(2)
    company.part(cleo, bob)
    for _ in range(60):
        ann.write(bob, "x" * 40_000)
    link(company, bob, cleo, team)
    least = (60 * 40_000 - carried.BYTES_BURST) / carried.BYTES_PER_SECOND
    company.run(least - 5)
    assert 10 < len(bob.me.history(bob.room(ann), 100)) < 62
    company.run(20)
    assert len(bob.me.history(bob.room(ann), 100)) == 62
    assert via(bob, ann) == [cleo.peer_id]


@pytest.mark.parametrize("why", ["setting", "policy", "old"])
def test_who_does_not_want_to_or_does_not_know_of_it_carries_nobody(
    why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = Company()
    if why == "old":
        monkeypatch.setattr(networks, "FEATURE_SPLICES", 99)
    team, (ann, bob, cleo) = between(company)
    if why == "setting":
        cleo.me.settings = Settings(open_network=False, relay=False)
    elif why == "policy":
        ann.me.teams.set_policy(team, {"relay": False})
    company.run(WHILE)
    assert via(ann, bob) == []
    assert carries(cleo) == 0


def test_who_is_away_is_asked_for_less_and_less(monkeypatch: pytest.MonkeyPatch) -> None:
    company = Company()
    _, (ann, bob, cleo) = between(company)
    company.run(WHILE)
    company.part(bob, cleo)
    company.part(bob, ann)
    asked: list[float] = []
    opened = cleo.me.splices.opened

    def noting(session: object, record: Spliceopen) -> None:
        asked.append(company.now)
        opened(session, record)  # type: ignore[arg-type]

    cleo.me._takers[Spliceopen] = noting
    company.run(900)
    steps = [later - sooner for sooner, later in pairwise(asked)]
    assert 4 <= len(asked) <= 12
    assert sorted(steps) == steps
    assert carries(cleo) == 0


# -- peers without manners


def puppet_and(company: Company) -> tuple[Puppet, Colleague, Colleague]:
    puppet = company.puppet()
    _, (ann, bob) = team_with(company, puppet, "ann", "bob")
    company.meet(puppet, ann)
    (mine,) = (s for s in ann.me.sync.sessions.values() if s.link.peer_id == puppet.peer_id)
    mine.splicing.able = True
    return puppet, ann, bob


def closes(puppet: Puppet) -> list[tuple[int, int]]:
    return [(record.number, record.code) for record in puppet.heard(Spliceclose)]


def test_whom_it_leads_to_must_be_linked_and_in_the_team() -> None:
    company = Company()
    puppet, ann, bob = puppet_and(company)
    stranger = company.hire("stranger")
    company.meet(stranger, ann)
    puppet.say(
        Spliceopen(1, ASKED, stranger.peer_id),
        Spliceopen(3, 7, bob.peer_id),
        Spliceopen(5, ASKED, puppet.peer_id),
    )
    assert closes(puppet) == [(1, UNWILLING), (3, UNWILLING), (5, NOT_LINKED)]
    company.part(ann, bob)
    puppet.say(Spliceopen(7, ASKED, bob.peer_id))
    assert closes(puppet)[-1] == (7, NOT_LINKED)
    assert carries(ann) == 0


def test_numbers_that_are_not_theirs_end_the_link() -> None:
    for numbers in ((2,), (1, 1)):
        company = Company()
        puppet, _, bob = puppet_and(company)
        puppet.say(*(Spliceopen(number, ASKED, bob.peer_id) for number in numbers))
        assert puppet.bye == PROTOCOL


def test_so_many_are_carried_for_one_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splices, "PER_PEER", 2)
    company = Company()
    puppet, ann, bob = puppet_and(company)
    bob.me.splices._is_welcome = lambda session, peer_id: True  # type: ignore[method-assign]
    puppet.say(*(Spliceopen(number, ASKED, bob.peer_id) for number in (1, 3, 5)))
    assert closes(puppet) == [(5, UNWILLING)]
    puppet.say(Spliceclose(1, 0), Spliceopen(7, ASKED, bob.peer_id))
    assert closes(puppet) == [(5, UNWILLING)]
    company.part(puppet, ann)
    assert carries(ann) == 0


def test_who_opens_and_closes_without_end_is_turned_away() -> None:
    company = Company()
    puppet, ann, bob = puppet_and(company)
    led: list[bytes] = []

    def unwelcome(session: object, peer_id: bytes) -> bool:
        led.append(peer_id)
        return False

    bob.me.splices._is_welcome = unwelcome  # type: ignore[method-assign]
    for number in range(1, 401, 2):
        puppet.say(Spliceopen(number, ASKED, bob.peer_id))
    assert len(led) < OPENED_BURST + 201 * OPENED_PER_SECOND + 2
    assert closes(puppet).count((399, UNWILLING)) == 1
    assert carries(ann) == 0


def test_who_floods_a_splice_loses_it_and_nothing_else() -> None:
    company = Company()
    puppet, ann, bob = puppet_and(company)
    bob.me.splices._is_welcome = lambda session, peer_id: True  # type: ignore[method-assign]
    puppet.say(Spliceopen(1, ASKED, bob.peer_id))
    puppet.say(*[Splicedata(1, bytes(16_384))] * 100)
    assert closes(puppet)[-1][1] in (TOO_FAST, 0)
    assert carries(ann) == 0
    assert puppet.bye is None
    assert ann.links_to(bob)
    puppet.say(Splicedata(1, b"late"), Splicedata(99, b"never"), Spliceclose(98, 0))
    assert puppet.bye is None


def test_one_who_is_led_here_without_a_right_to_is_turned_away() -> None:
    company = Company()
    puppet, ann, bob = puppet_and(company)
    stranger = company.hire("stranger")
    puppet.say(
        Spliceopen(1, PASSED_ON, stranger.peer_id),  # in no team of ours
        Spliceopen(3, PASSED_ON, bob.peer_id),  # linked directly
    )
    assert closes(puppet) == [(1, UNWILLING), (3, UNWILLING)]
    company.part(ann, bob)
    puppet.say(
        Spliceopen(5, PASSED_ON, bob.peer_id), Splicedata(5, b"not what a handshake begins with, by far")
    )
    assert closes(puppet)[-1][0] == 5
    assert not ann.me.splices._mine
