"""Read, or not known to be: who is told, when, and what never is claimed."""

from __future__ import annotations

import pytest

from p2pim.config import Settings
from p2pim.config.policy import machine_policy
from p2pim.node import events
from p2pim.protocol.control import Role
from p2pim.protocol.message import RoomId
from p2pim.protocol.records import CONTENT, Ack, Messages, Read
from p2pim.protocol.room import LOBBY
from tests.node.company import Colleague, Company
from tests.node.test_teams import CLOSED, founded, link, reads, says


def read(who: Colleague, room: RoomId) -> None:
    """They look at all that has arrived."""
    who.me.mark_read(room, who.me.store.messages.last_seq())


def states(who: Colleague, room: RoomId) -> list[str]:
    return [view.state for view in who.me.history(room) if view.mine]


def readers(who: Colleague, room: RoomId, text: str) -> list[str]:
    """Names of those who have read a message."""
    (view,) = (v for v in who.me.history(room) if v.text == text)
    return sorted(d.name.split()[0] for d in view.deliveries if d.state == "read")


def test_what_is_read_is_told_at_once_and_only_then() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    dm = ann.room(bob)
    for n in range(3):
        ann.write(bob, f"{n}")
    company.run(1)
    assert states(ann, dm) == ["delivered"] * 3
    ann.events.clear()
    bob.me.mark_read(dm, bob.me.history(dm)[1].seq)
    company.run(1)
    assert states(ann, dm) == ["read", "read", "delivered"]
    told = [e for e in ann.said(events.MessageChanged) if e.what == "delivery"]
    assert [(e.message.text, e.message.state) for e in told] == [("0", "read"), ("1", "read")]
    assert ann.me.history(dm)[0].deliveries[0].at_ms <= ann.clock.wall_ms()
    assert states(bob, dm) == []


def test_what_was_read_while_the_author_was_away_is_told_when_they_are_back() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    dm = ann.room(bob)
    ann.write(bob, "one")
    company.run(1)
    company.part(ann, bob)
    read(bob, dm)
    ann.write(bob, "two")
    company.run(1)
    assert states(ann, dm) == ["delivered", "waiting"]
    company.meet(bob, ann)
    assert states(ann, dm) == ["read", "delivered"]
    ann.crash()
    ann.start()
    assert states(ann, dm) == ["read", "delivered"]
    company.meet(ann, bob)
    read(bob, dm)
    company.run(1)
    assert states(ann, dm) == ["read", "read"]


def test_an_old_message_that_comes_after_newer_ones_were_read_is_not_read() -> None:
    company = Company()
    team, (ann, bob, cleo) = founded(company, "ann", "bob", "cleo")
    link(company, cleo, bob, team)
    company.part(ann, bob)
    company.part(ann, cleo)
    company.part(bob, cleo)
    says(ann, team, "old")
    company.run(5)
    says(cleo, team, "new")
    link(company, cleo, bob, team)
    read(bob, team)
    link(company, ann, bob, team)
    assert reads(bob, team) == ["old", "new"]
    says(ann, team, "newest")
    company.run(1)
    assert readers(ann, team, "old") == readers(ann, team, "newest") == []
    assert states(ann, team) == ["delivered", "delivered"]
    link(company, ann, cleo, team)
    read(bob, team)
    company.run(1)
    assert readers(ann, team, "old") == readers(ann, team, "newest") == ["bob"]
    read(cleo, team)
    company.run(1)
    assert readers(ann, team, "newest") == ["bob", "cleo"]


def test_history_from_before_one_came_is_not_read() -> None:
    company = Company()
    team, (ann, _) = founded(company, "ann", "bob")
    says(ann, team, "before")
    code, _, _ = ann.me.teams.invite(team)
    cleo = company.hire("cleo", settings=CLOSED)
    cleo.me.set_nickname("cleo")
    company.join(cleo, ann, code)
    link(company, cleo, ann, team)
    says(ann, team, "after")
    company.run(1)
    read(cleo, team)
    company.run(1)
    assert readers(ann, team, "before") == []
    assert readers(ann, team, "after") == ["cleo"]


def test_a_stranger_is_not_told_before_they_are_accepted() -> None:
    company = Company()
    ann, bob = company.hire("ann"), company.hire("bob")
    company.meet(ann, bob)
    ann.write(bob, "hello")
    company.run(1)
    read(bob, ann.room(bob))
    company.run(1)
    assert states(ann, ann.room(bob)) == ["delivered"]
    bob.me.accept(ann.peer_id)
    company.run(1)
    assert states(ann, ann.room(bob)) == ["read"]


def test_nothing_is_told_of_the_lobby() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    ann.announce("hello")
    company.run(1)
    read(bob, LOBBY)
    company.run(1)
    assert states(ann, LOBBY) == ["delivered"]


@pytest.mark.parametrize("why", ["setting", "machine"])
def test_who_may_or_will_not_tell_does_not(why: str) -> None:
    company = Company()
    ann = company.hire("ann")
    rule = machine_policy({"receipts": False}, "/p.toml")
    bob = (
        company.hire("bob", policy=rule)
        if why == "machine"
        else company.hire("bob", settings=Settings(receipts=False))
    )
    bob.me.accept(ann.peer_id)
    ann.me.accept(bob.peer_id)
    company.meet(ann, bob)
    ann.write(bob, "hello")
    company.run(1)
    read(bob, ann.room(bob))
    company.part(ann, bob)
    company.meet(ann, bob)
    assert states(ann, ann.room(bob)) == ["delivered"]
    bob.write(ann, "hello yourself")
    company.run(1)
    read(ann, ann.room(bob))
    company.run(1)
    assert states(bob, ann.room(bob)) == ["read"], "what others tell is shown all the same"


def test_a_rule_of_a_team_forbids_it_from_then_on() -> None:
    company = Company()
    team, (ann, bob) = founded(company, "ann", "bob")
    says(ann, team, "one")
    company.run(1)
    read(bob, team)
    company.run(1)
    ann.me.teams.set_policy(team, {"receipts": False})
    company.run(1)
    says(ann, team, "two")
    company.run(1)
    read(bob, team)
    company.run(1)
    assert states(ann, team) == ["read", "delivered"]


def test_who_was_removed_is_told_nothing_more() -> None:
    company = Company()
    team, (ann, bob) = founded(company, "ann", "bob")
    ann.me.teams.grant(team, bob.peer_id, Role.ADMIN)
    says(bob, team, "one")
    company.run(1)
    ann.me.teams.remove(team, bob.peer_id)
    read(ann, team)
    company.run(1)
    assert states(bob, team) == ["delivered"]


def test_a_peer_that_says_it_too_often_or_of_what_it_has_not_got_learns_and_costs_nothing() -> None:
    company = Company()
    ann, puppet = company.hire("ann"), company.puppet()
    company.meet(puppet, ann)
    view = ann.write(puppet, "hello")
    company.run(1)
    everything = [(1, 2**53 - 1)]
    puppet.say(Read(ann.room(puppet), everything), Read(LOBBY, everything), Read(bytes(32), everything))
    assert ann.state_of(view.id) == "waiting"
    puppet.say(Ack(ann.room(puppet), CONTENT, [view.id]), Read(ann.room(puppet), everything))
    assert ann.state_of(view.id) == "delivered", "it has not said how far it is"
    (up,) = ann.links_to(puppet)
    rested: list[float] = []
    up.rest = rested.append  # type: ignore[assignment, method-assign]
    puppet.say(*[Read(ann.room(puppet), everything)] * 300)
    assert len(rested) > 50
    assert ann.links_to(puppet)


def test_one_who_does_not_know_of_it_is_not_told() -> None:
    company = Company()
    ann, puppet = company.hire("ann"), company.puppet()
    company.meet(puppet, ann)
    ann.me.accept(puppet.peer_id)
    message = puppet.text(ann.room(puppet), "hello")
    puppet.say(Messages(ann.room(puppet), CONTENT, [message.signed()]))
    (session,) = ann.me.sync.sessions.values()
    session.reading.able = False
    read(ann, ann.room(puppet))
    company.run(1)
    assert not puppet.heard(Read)


def test_one_machine_does_not_speak_for_what_only_the_other_has() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    dm = ann.room(bob)
    first, between, last = [ann.write(bob, f"{n}").id for n in range(3)]
    company.run(1)
    twin = company.hire("twin", like=bob)
    with twin.me.store.transaction():
        twin.me.people.ensure_room(ann.peer_id)
        for stored in ann.me.store.messages.get([first, last]):
            twin.me.store.messages.add(stored.message, now_ms=twin.clock.wall_ms(), unread=True)
    twin.me.accept(ann.peer_id)
    read(twin, dm)
    company.meet(ann, twin)
    assert twin.me.store.messages.held([between])
    assert states(ann, dm) == ["read", "delivered", "read"]
    read(twin, dm)
    company.run(1)
    assert states(ann, dm) == ["read"] * 3
