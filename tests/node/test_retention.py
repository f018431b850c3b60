"""What is too old is erased: on time, everywhere, and for good."""

from __future__ import annotations

from p2pim.config.policy import machine_policy
from p2pim.node.events import MessageAdded, RoomChanged
from p2pim.node.retention import EVERY_MS
from p2pim.protocol.authority import DAY_MS
from p2pim.protocol.control import Role
from p2pim.protocol.message import RoomId
from tests.node.company import Colleague, Company
from tests.node.test_teams import CLOSED, founded, link, reads, says

CANARY = "the canary sings at noon"


def later(company: Company, days: float) -> None:
    """The date moves on for everybody; the tick comes."""
    for machine in company.machines:
        machine.clock.skew_ms += int(days * DAY_MS)
    company.run(2)


def is_on_disk(machine: Colleague, words: str) -> bool:
    return words.encode() in machine.disk.serialize()


def unread(machine: Colleague, room: RoomId) -> int:
    return machine.me.store.messages.count(room, "unread")


def test_a_teams_retention_erases_on_every_machine_and_nothing_else() -> None:
    company = Company()
    team, (ann, bob) = founded(company, "ann", "bob")
    says(ann, team, CANARY)
    ann.write(bob, "a word between us")
    company.run(1)
    later(company, 3)
    says(bob, team, "three days later")
    ann.me.teams.set_policy(team, {"retention_days": 5})
    company.run(EVERY_MS / 1000)
    assert reads(bob, team) == [CANARY, "three days later"]
    later(company, 2.5)
    for machine in (ann, bob):
        assert reads(machine, team) == [None, "three days later"]
        assert [v.note for v in machine.me.history(team)] == ["no longer kept", None]
        assert not is_on_disk(machine, CANARY)
    assert bob.reads(ann) == ["a word between us"]
    assert unread(ann, team) == 1
    company.part(ann, bob)
    link(company, ann, bob, team)
    assert reads(ann, team) == [None, "three days later"]  # nobody brings it back


def test_who_was_away_erases_when_they_return_and_a_newcomer_never_gets_it() -> None:
    company = Company()
    team, (ann, bob) = founded(company, "ann", "bob")
    says(ann, team, CANARY)
    company.run(1)
    bob.crash()
    ann.me.teams.set_policy(team, {"retention_days": 1})
    later(company, 2)
    code, _, _ = ann.me.teams.invite(team)
    cleo = company.hire("cleo")
    cleo.clock.skew_ms = ann.clock.skew_ms
    cleo.me.open_network = False
    company.join(cleo, ann, code)
    link(company, cleo, ann, team)
    assert reads(cleo, team) == [None]
    assert not cleo.me.sync.sessions[cleo.links_to(ann)[0]].drives
    bob.start()
    assert is_on_disk(bob, CANARY)  # it does not know the rule yet
    link(company, bob, cleo, team)
    company.run(2)
    assert reads(bob, team) == [None]
    assert not is_on_disk(bob, CANARY)


def test_what_is_too_old_is_not_taken_in() -> None:
    company = Company()
    team, (ann, bob) = founded(company, "ann", "bob")
    company.part(ann, bob)
    says(bob, team, CANARY)
    ann.me.teams.set_policy(team, {"retention_days": 1})
    later(company, 2)
    assert is_on_disk(bob, CANARY)
    link(company, bob, ann, team)
    company.run(2)
    assert reads(ann, team) == reads(bob, team) == [None]
    for machine in (ann, bob):
        assert not is_on_disk(machine, CANARY)


def test_what_a_rule_has_erased_stays_so_when_the_next_one_is_longer_also_at_who_was_away() -> None:
    company = Company()
    team, (ann, bob) = founded(company, "ann", "bob")
    says(ann, team, CANARY)
    company.run(1)
    bob.crash()
    ann.me.teams.set_policy(team, {"retention_days": 1})
    later(company, 2)
    says(ann, team, "kept")
    ann.me.teams.set_policy(team, {"retention_days": 90})
    company.run(EVERY_MS / 1000)
    assert reads(ann, team) == [None, "kept"]
    bob.start()
    link(company, bob, ann, team)
    company.run(2)
    assert reads(bob, team) == [None, "kept"]
    assert not is_on_disk(bob, CANARY)
    code, _, _ = ann.me.teams.invite(team)
    cleo = company.hire("cleo", settings=CLOSED)
    cleo.clock.skew_ms = ann.clock.skew_ms
    company.join(cleo, ann, code)
    link(company, cleo, bob, team)
    assert reads(cleo, team) == [None, "kept"]
    assert not cleo.me.sync.sessions[cleo.links_to(bob)[0]].drives


def test_what_a_clock_that_was_ahead_has_erased_comes_back_and_is_nothing_new() -> None:
    company = Company()
    team, (ann, bob) = founded(company, "ann", "bob")
    ann.me.teams.set_policy(team, {"retention_days": 30})
    says(ann, team, CANARY)
    ann.me.set_topic(team, "birds")
    company.run(1)
    says(bob, team, "listen to it")
    reaction = bob.me.react(ann.me.history(team)[0].id, "🐦")
    company.run(1)
    bob.events.clear()
    bob.clock.skew_ms = 60 * DAY_MS
    company.run(2)
    assert reads(bob, team) == [None, "birds", None]
    assert RoomChanged(team) in bob.said(RoomChanged)
    assert not is_on_disk(bob, CANARY)
    assert unread(bob, team) == 0
    bob.clock.skew_ms = 0
    bob.events.clear()
    company.run(2)
    assert reads(bob, team) == reads(ann, team) == [CANARY, "birds", "listen to it"]
    assert bob.me.history(team)[0].reactions == reaction.reactions != ()
    assert unread(bob, team) == 0
    assert not bob.said(MessageAdded)
    assert RoomChanged(team) in bob.said(RoomChanged)


def test_what_arrives_once_the_clock_is_right_again_is_erased_in_its_time() -> None:
    company = Company()
    team, (ann, bob) = founded(company, "ann", "bob")
    ann.me.teams.set_policy(team, {"retention_days": 30})
    company.run(1)
    company.part(ann, bob)
    says(ann, team, CANARY)
    bob.clock.skew_ms = 60 * DAY_MS
    company.run(2)
    bob.clock.skew_ms = 0
    with bob.me.store.transaction():  # before the next tick
        for message in [s.message for s in ann.me.store.messages.get([ann.me.history(team)[-1].id])]:
            bob.me.store.messages.add(message, now_ms=bob.clock.wall_ms(), unread=True)
    company.run(2)
    assert reads(bob, team) == [CANARY]
    later(company, 31)
    assert reads(bob, team) == [None]
    assert not is_on_disk(bob, CANARY)


def test_of_two_rules_at_once_only_the_one_that_holds_has_erased() -> None:
    company = Company()
    team, (ann, bob, cleo) = founded(company, "ann", "bob", "cleo")
    ann.me.teams.grant(team, bob.peer_id, Role.ADMIN)
    says(ann, team, CANARY)
    company.run(1)
    company.part(ann, bob)
    company.part(ann, cleo)
    bob.me.teams.set_policy(team, {"retention_days": 5})
    later(company, 6)
    assert reads(bob, team) == reads(cleo, team) == [None]
    ann.me.teams.set_policy(team, {"retention_days": 30})  # the owner's word is the stronger one
    for one, other in ((ann, bob), (bob, cleo), (ann, cleo)):
        if not one.links_to(other):
            link(company, one, other, team)
    company.run(2)
    assert reads(ann, team) == reads(bob, team) == reads(cleo, team) == [CANARY]
    assert unread(cleo, team) == 0


def test_who_gets_back_what_was_lacking_tells_whom_it_is_linked_to() -> None:
    company = Company()
    team, (ann, bob, cleo) = founded(company, "ann", "bob", "cleo")
    ann.me.teams.set_policy(team, {"retention_days": 30})
    says(ann, team, CANARY)
    company.run(1)
    company.part(ann, bob)
    company.part(ann, cleo)
    for machine, ahead in ((bob, 60), (cleo, 60), (bob, 0), (cleo, 0)):
        machine.clock.skew_ms = ahead * DAY_MS
        company.run(2)
    if not bob.links_to(cleo):
        link(company, bob, cleo, team)
    company.run(3)
    assert reads(bob, team) == reads(cleo, team) == [None]
    asked = len(cleo.me.sync.sessions[cleo.links_to(bob)[0]].refilled)
    link(company, ann, bob, team)
    company.run(3)
    assert reads(bob, team) == reads(cleo, team) == [CANARY]
    assert asked == 1  # each Link once, until the other end has news
    assert [v.note for v in cleo.me.history(team)] == [None]


def test_what_came_without_content_before_its_time_is_held_once_it_is_too_old() -> None:
    company = Company()
    team, (ann, bob) = founded(company, "ann", "bob")
    ann.me.teams.set_policy(team, {"retention_days": 5})
    company.run(1)
    company.part(ann, bob)
    says(ann, team, CANARY)
    ann.clock.skew_ms = 6 * DAY_MS  # it has erased what nobody else has
    company.run(2)
    link(company, ann, bob, team)
    assert reads(bob, team) == []
    assert ann.me.history(team)[0].state == "waiting"
    bob.clock.skew_ms = 6 * DAY_MS
    company.run(2)
    assert reads(bob, team) == [None]
    assert ann.me.history(team)[0].state == "delivered"


def test_the_rule_of_the_machine_is_about_every_room() -> None:
    company = Company()
    ann = company.hire("ann", policy=machine_policy({"retention_days": 2}, "/p.toml"))
    bob = company.hire("bob")
    company.meet(ann, bob)
    view = bob.write(ann, CANARY)
    company.run(1)
    ann.me.accept(bob.peer_id)
    bob.announce("in the lobby, too")
    company.run(1)
    later(company, 3)
    assert ann.reads(bob) == [None]
    assert ann.lobby() == [None]
    assert bob.reads(ann) == [CANARY]
    assert bob.state_of(view.id) == "delivered"
