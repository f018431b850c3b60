"""What a node says of how complete a room is: no more than it can know."""

from __future__ import annotations

import pytest

from p2pim.errors import BadInput, UnknownTarget
from p2pim.node.events import Completeness
from p2pim.node.session import SetId
from p2pim.protocol.message import RoomId, seal, text_content
from p2pim.protocol.records import CONTENT, Messages
from p2pim.protocol.room import LOBBY
from tests.node.company import Colleague, Company
from tests.node.test_retention import later
from tests.node.test_teams import CLOSED, founded, link, says


def of(who: Colleague, room: RoomId) -> Completeness:
    return who.me.completeness.of(room)


def how_far(who: Colleague, room: RoomId) -> dict[str, tuple[str, int | None, int]]:
    """By name: state, what they lack, what they have that is missing here."""
    return {m.name.split()[0]: (m.state, m.lacks, m.offers) for m in of(who, room).members}


def test_all_is_here_once_both_ends_have_said_so() -> None:
    company = Company()
    team, (ann, bob, cleo) = founded(company, "ann", "bob", "cleo")
    link(company, bob, cleo, team)
    for who in (ann, bob, cleo):
        says(who, team, "hello")
    company.run(2)
    for who in (ann, bob, cleo):
        assert (of(who, team).state, of(who, team).missing) == ("complete", 0)
        assert {state for state, _, _ in how_far(who, team).values()} == {"complete"}


def test_of_who_is_away_only_ones_own_is_known() -> None:
    company = Company()
    team, (ann, bob) = founded(company, "ann", "bob")
    company.part(ann, bob)
    assert of(ann, team).state == "alone"
    assert how_far(ann, team) == {"bob": ("away", None, 0)}
    says(ann, team, "one")
    says(ann, team, "two")
    assert how_far(ann, team) == {"bob": ("away", 2, 0)}
    assert how_far(bob, team) == {"ann": ("away", None, 0)}
    assert of(ann, team).members[0].last_seen_ms is not None


def test_while_two_compare_nothing_is_claimed() -> None:
    company = Company()
    team, (ann, bob) = founded(company, "ann", "bob")
    company.part(ann, bob)
    for n in range(30):
        says(bob, team, f"{n}")
    company.connect(ann, bob, ann.me.networks()[0])
    company.until(lambda: bool(ann.links_to(bob)))
    assert of(ann, team).state == "comparing"
    assert how_far(ann, team) == {"bob": ("comparing", None, 0)}
    company.until(lambda: of(ann, team).state != "comparing")
    company.run(3)
    assert of(ann, team).state == "complete"
    assert how_far(ann, team) == {"bob": ("complete", 0, 0)}


def test_who_has_what_is_missing_here_is_named_and_so_is_nobody() -> None:
    company = Company()
    team, (ann, bob) = founded(company, "ann", "bob")
    company.part(ann, bob)
    says(bob, team, "first")
    company.run(1)
    says(bob, team, "second")
    first, second = [s.message for s in bob.me.store.messages.get([v.id for v in bob.me.history(team)])]
    with ann.me.store.transaction():
        ann.me.store.messages.add(second, now_ms=ann.clock.wall_ms())
    assert (of(ann, team).state, of(ann, team).missing) == ("missing", 1)
    assert how_far(ann, team) == {"bob": ("away", None, 0)}
    ann.me.disk.writable = False
    ann.me.disk.next_probe = company.now + 5
    link(company, ann, bob, team)
    assert of(ann, team).full
    assert (of(ann, team).state, of(ann, team).missing) == ("missing", 1)
    assert how_far(ann, team)["bob"][2] == 1
    company.run(6)
    assert not of(ann, team).full
    assert of(ann, team).state == "complete"
    assert ann.me.store.messages.held([first.id])


def test_who_lacks_what_is_here_is_behind_until_they_have_said_to_have_it() -> None:
    company = Company()
    team, (ann, bob) = founded(company, "ann", "bob")
    bob.me.disk.writable = False
    bob.me.disk.next_probe = company.now + 20
    says(ann, team, "one")
    says(ann, team, "two")
    company.run(1)
    assert of(ann, team).state == "complete", "all is here"
    assert how_far(ann, team) == {"bob": ("behind", 2, 0)}
    company.part(ann, bob)
    link(company, ann, bob, team)
    assert how_far(ann, team) == {"bob": ("behind", 2, 0)}
    company.run(20)
    assert how_far(ann, team) == {"bob": ("complete", 0, 0)}


def test_what_others_wrote_counts_too() -> None:
    company = Company()
    team, (ann, bob, cleo) = founded(company, "ann", "bob", "cleo")
    company.part(ann, cleo)
    company.part(bob, cleo)
    says(bob, team, "one")
    company.run(1)
    company.part(ann, bob)
    cleo.me.disk.writable = False
    cleo.me.disk.next_probe = company.now + 20
    link(company, ann, cleo, team)
    assert how_far(ann, team)["cleo"] == ("behind", 1, 0)
    company.run(20)
    assert how_far(ann, team)["cleo"] == ("complete", 0, 0)


def test_what_a_rule_has_erased_is_not_missing() -> None:
    company = Company()
    team, (ann, bob) = founded(company, "ann", "bob")
    ann.me.teams.set_policy(team, {"retention_days": 1})
    says(ann, team, "old")
    company.run(1)
    later(company, 2)
    says(ann, team, "new")
    code, _, _ = ann.me.teams.invite(team)
    cleo = company.hire("cleo", settings=CLOSED)
    cleo.clock.skew_ms = ann.clock.skew_ms
    company.join(cleo, ann, code)
    link(company, cleo, ann, team)
    for who in (ann, bob, cleo):
        assert (of(who, team).state, of(who, team).missing) == ("complete", 0)


def test_a_conversation_of_two_has_one_other_member_and_the_lobby_none() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    ann.write(bob, "hello")
    company.run(1)
    assert list(how_far(ann, ann.room(bob)).values()) == [("complete", 0, 0)]
    with pytest.raises(BadInput, match="nobody knows the whole"):
        of(ann, LOBBY)
    with pytest.raises(UnknownTarget):
        of(ann, bytes(32))


def test_one_who_offers_what_they_do_not_send_leaves_only_their_own_word_in_doubt() -> None:
    company = Company()
    ann, puppet = company.hire("ann"), company.puppet()
    ann.me.accept(puppet.peer_id)
    company.meet(puppet, ann)
    room = ann.room(puppet)
    ann.write(puppet, "hello")
    hidden = seal(puppet.identity, room, parents=[], clock=5, kind=1, content=text_content("", 5, bytes))
    shown = seal(
        puppet.identity, room, parents=[hidden.id], clock=6, kind=1, content=text_content("", 6, bytes)
    )
    puppet.say(Messages(room, CONTENT, [shown.signed()]))
    told = of(ann, room)
    assert (told.state, told.missing) == ("missing", 1)
    assert told.members[0].state == "comparing"


def test_an_author_whose_offer_another_was_quicker_to_fulfil_is_told_all_the_same() -> None:
    company = Company()
    team, (ann, bob, cleo) = founded(company, "ann", "bob", "cleo")
    company.part(bob, cleo)
    message = seal(
        bob.me.identity,
        team,
        parents=[],
        clock=bob.clock.wall_ms(),
        kind=1,
        content=text_content("x", 5, bytes),
    )
    place = SetId(team, CONTENT)
    for who in (cleo, bob):  # as after a backup was restored: its own message comes back to it from others
        with who.me.store.transaction():
            who.me.store.messages.add(message, now_ms=who.clock.wall_ms())
            sessions = who.me.sync.sharing.with_whom(team)
            who.me.sync.announce(message, place, sessions, None)
            for session in sessions:
                who.me.sync.touch(session)
        company.until(lambda: message.id in ann.me.sync._awaited)
    (offering,) = (s for s in ann.me.sync.sessions.values() if s.link.peer_id == bob.peer_id)
    company.until(lambda: message.id in offering.offered.get(place, ()))
    assert not ann.me.store.messages.held([message.id])
    company.run(1)
    assert ann.me.store.messages.held([message.id])
    assert how_far(bob, team)["ann"] == ("complete", 0, 0)
