"""What was decided by a clock far ahead counts once it is due, also where nothing ran at that moment."""

from __future__ import annotations

from p2pim.protocol.authority import DAY_MS
from p2pim.protocol.control import Role
from p2pim.protocol.message import RoomId
from tests.node.company import Colleague, Company
from tests.node.test_teams import CLOSED, founded, link, reads, says


def with_cleo() -> tuple[Company, RoomId, list[Colleague]]:
    """Bob's clock is three days behind when cleo is let in and writes: he takes both in, and may not show it yet."""
    company = Company()
    team, (ann, bob) = founded(company, "ann", "bob")
    cleo = company.hire("cleo", settings=CLOSED)
    bob.clock.skew_ms = -3 * DAY_MS
    company.run(2)
    ann.me.teams.grant(team, cleo.peer_id, Role.MEMBER)
    code, _, _ = ann.me.teams.invite(team)
    company.join(cleo, ann, code)
    link(company, cleo, ann, team)
    says(cleo, team, "hello")
    company.run(2)
    return company, team, [ann, bob, cleo]


def test_what_became_due_while_a_machine_was_off_is_shown_when_it_is_on() -> None:
    company, team, (ann, bob, _) = with_cleo()
    assert reads(ann, team) == ["hello"]
    assert reads(bob, team) == []
    assert bob.me.store.messages.known_seq() == 1, "it is held all the same"
    bob.crash()
    bob.clock.skew_ms = 0
    bob.start()
    company.run(2)
    assert reads(bob, team) == ["hello"]


def test_what_is_not_due_any_more_when_a_clock_was_set_back_is_hidden_and_comes_back() -> None:
    company, team, (_, bob, _) = with_cleo()
    bob.clock.skew_ms = 0
    company.run(2)
    assert reads(bob, team) == ["hello"]
    bob.clock.skew_ms = -3 * DAY_MS
    company.run(2)
    assert reads(bob, team) == []
    bob.crash()
    bob.start()
    company.run(2)
    assert reads(bob, team) == []
    bob.clock.skew_ms = 0
    company.run(2)
    assert reads(bob, team) == ["hello"]
