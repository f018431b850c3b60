"""What a node says of how complete a room is: no more than it can know."""

from __future__ import annotations

import pytest

from p2pim.errors import BadInput, UnknownTarget
from p2pim.node import runs, session
from p2pim.node.events import Completeness
from p2pim.node.session import SetId
from p2pim.protocol.message import RoomId, seal, text_content
from p2pim.protocol.records import CONTENT, Messages
from p2pim.protocol.room import LOBBY
from tests.node.company import Colleague, Company
from tests.node.test_retention import later
from tests.node.test_teams import CLOSED, founded, link, reads, says


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


def parted_while(company: Company, ann: Colleague, bob: Colleague, team: RoomId, shown: int) -> None:
    """Bob writes thirty messages apart from ann, then meets her until she has heard of so many, and is cut off."""
    company.part(ann, bob)
    for n in range(30):
        says(bob, team, f"{n}")
    company.connect(ann, bob, ann.me.networks()[0])
    company.until(lambda: bool(ann.links_to(bob)))
    company.until(lambda: how_far(ann, team)["bob"][2] >= shown)
    company.part(ann, bob)


def test_what_somebody_showed_before_their_link_ended_is_known_and_that_there_may_be_more() -> None:
    company = Company()
    team, (ann, bob) = founded(company, "ann", "bob")
    parted_while(company, ann, bob, team, shown=1)
    told = of(ann, team)
    here = ann.me.store.messages.held([view.id for view in bob.me.history(team)])
    assert (told.state, told.missing) == ("missing", 30 - len(here))
    assert told.missing > 0
    assert how_far(ann, team)["bob"] == ("cut off", None, told.missing)
    link(company, ann, bob, team)
    assert (of(ann, team).state, how_far(ann, team)) == ("complete", {"bob": ("complete", 0, 0)})
    company.part(ann, bob)
    assert (of(ann, team).state, how_far(ann, team)) == ("alone", {"bob": ("away", None, 0)})


def test_who_left_before_they_had_shown_anything_leaves_the_room_unfinished() -> None:
    company = Company()
    team, (ann, bob, cleo) = founded(company, "ann", "bob", "cleo")
    company.part(bob, cleo)
    parted_while(company, ann, bob, team, shown=0)
    assert (of(ann, team).state, of(ann, team).missing) == ("unfinished", 0), "cleo has told all she has"
    assert how_far(ann, team) == {"bob": ("cut off", None, 0), "cleo": ("complete", 0, 0)}
    link(company, bob, cleo, team)  # what he has comes another way, but who knows whether it is all
    assert of(ann, team).state == "unfinished"
    link(company, ann, bob, team)
    assert of(ann, team).state == "complete"


def test_what_is_missing_is_no_more_once_it_came_from_somebody_else() -> None:
    company = Company()
    team, (ann, bob, cleo) = founded(company, "ann", "bob", "cleo")
    company.part(bob, cleo)
    parted_while(company, ann, bob, team, shown=1)
    assert of(ann, team).state == "missing"
    link(company, bob, cleo, team)
    assert (of(ann, team).state, of(ann, team).missing) == ("unfinished", 0)


def test_one_who_joins_no_more_is_not_waited_for() -> None:
    company = Company()
    team, (ann, bob, cleo) = founded(company, "ann", "bob", "cleo")
    company.part(bob, cleo)
    parted_while(company, ann, bob, team, shown=1)
    ann.me.teams.remove(team, bob.peer_id)
    company.run(1)
    assert (of(ann, team).state, how_far(ann, team)) == ("complete", {"cleo": ("complete", 0, 0)})


def test_of_a_run_that_was_given_up_nothing_is_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    company = Company()
    team, (ann, bob) = founded(company, "ann", "bob")
    company.part(ann, bob)
    for n in range(30):
        says(bob, team, f"{n}")
    ann.me.disk.writable = False
    ann.me.disk.next_probe = company.now + 60
    monkeypatch.setattr(runs, "MAX_REFUSED", 20)
    company.connect(ann, bob, ann.me.networks()[0])
    company.run(3)
    assert (of(ann, team).state, of(ann, team).missing) == ("missing", 30)
    assert how_far(ann, team) == {"bob": ("comparing", None, 30)}


def test_while_two_compare_once_more_nothing_is_claimed_and_after_giving_up_neither(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    company = Company()
    team, (ann, bob) = founded(company, "ann", "bob")
    ann.me.disk.writable = False
    ann.me.disk.next_probe = company.now + 60
    for n in range(30):
        says(bob, team, f"{n}")
    company.run(1)
    assert how_far(ann, team) == {"bob": ("complete", 0, 30)}
    monkeypatch.setattr(runs, "MAX_REFUSED", 20)
    ann.me.sync.reconcile(SetId(team, CONTENT))
    assert how_far(ann, team) == {"bob": ("comparing", None, 30)}
    company.run(3)
    assert how_far(ann, team) == {"bob": ("comparing", None, 30)}
    monkeypatch.undo()
    company.run(60)
    assert (of(ann, team).state, how_far(ann, team)) == ("complete", {"bob": ("complete", 0, 0)})


def test_what_was_pushed_to_a_full_disk_is_missing() -> None:
    company = Company()
    team, (ann, bob) = founded(company, "ann", "bob")
    ann.me.disk.writable = False
    ann.me.disk.next_probe = company.now + 20
    says(bob, team, "one")
    company.run(1)
    assert (of(ann, team).state, of(ann, team).missing) == ("missing", 1)
    assert how_far(ann, team)["bob"] == ("complete", 0, 1)
    company.run(20)
    assert (of(ann, team).state, how_far(ann, team)["bob"]) == ("complete", ("complete", 0, 0))


def test_whoever_was_told_of_a_message_is_behind_until_they_have_it() -> None:
    company = Company()
    team, (ann, bob, cleo) = founded(company, "ann", "bob", "cleo")
    company.part(bob, cleo)
    says(bob, team, "to cleo by way of ann")
    company.until(lambda: reads(ann, team) == ["to cleo by way of ann"])
    assert reads(cleo, team) == []
    assert how_far(ann, team) == {"bob": ("complete", 0, 0), "cleo": ("behind", 1, 0)}
    company.run(1)
    assert how_far(ann, team)["cleo"] == ("complete", 0, 0)


def test_who_is_told_of_more_than_is_remembered_is_not_known_to_be_complete(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    company = Company()
    team, (ann, bob) = founded(company, "ann", "bob")
    monkeypatch.setattr(session, "MAX_UNANSWERED", 5)
    bob.me.disk.writable = False
    bob.me.disk.next_probe = company.now + 60
    for n in range(6):
        says(ann, team, f"{n}")
    assert how_far(ann, team)["bob"][:2] == ("comparing", None)


def test_of_somebody_with_two_machines_both_must_have_it() -> None:
    company = Company()
    team, (ann, bob) = founded(company, "ann", "bob")
    twin = company.hire("twin", like=bob)
    twin.me.set_nickname("bob")
    code, _, _ = ann.me.teams.invite(team)
    company.join(twin, ann, code)
    twin.me.disk.writable = False
    twin.me.disk.next_probe = company.now + 60
    company.connect(ann, twin, next(n for n in ann.me.networks() if ann.me.nets.team_of(n) == team))
    company.until(
        lambda: len([s for s in ann.me.sync.sessions.values() if s.link.peer_id == bob.peer_id]) == 2
    )
    assert how_far(ann, team) == {"bob": ("comparing", None, 0)}
    company.run(1)
    says(bob, team, "one")
    company.run(1)
    assert how_far(ann, team) == {"bob": ("behind", 1, 0)}
    company.run(60)
    assert how_far(ann, team)["bob"] == ("complete", 0, 0)
