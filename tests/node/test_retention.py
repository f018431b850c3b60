"""What is too old is erased: on time, everywhere, and for good."""

from __future__ import annotations

from p2pim.config.policy import machine_policy
from p2pim.node.retention import DAY_MS, EVERY_MS
from tests.node.company import Colleague, Company
from tests.node.test_teams import founded, link, reads, says

CANARY = "the canary sings at noon"


def later(company: Company, days: float) -> None:
    """The date moves on for everybody; the tick comes."""
    for machine in company.machines:
        machine.clock.skew_ms += int(days * DAY_MS)
    company.run(2)


def is_on_disk(machine: Colleague, words: str) -> bool:
    return words.encode() in machine.disk.serialize()


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
    assert ann.me.store.messages.count(team, "unread") == 1
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
