"""Several members answer one code at the same time: whoever joins does so once, and nobody blames anybody."""

from __future__ import annotations

from p2pim.node import events
from p2pim.protocol import records
from tests.node.company import Company
from tests.node.test_teams import CLOSED, founded, link, reads, says


def byes(company: Company) -> list[int]:
    """Codes with which Links were ended at either end; filled while time passes."""
    codes: list[int] = []
    for machine in company.machines:
        for wire in machine.wires:
            assert wire.link is not None
            wire.link._on_closed = lambda _, closed: codes.append(closed.code)
    return codes


def test_two_members_answer_at_once() -> None:
    company = Company()
    team, (ann, bob) = founded(company, "ann", "bob")
    code, _, _ = ann.me.teams.invite(team)
    company.run(1)
    cleo = company.hire("cleo", settings=CLOSED)
    join, _ = cleo.me.joining.begin(code)
    for member in (ann, bob, ann):
        company.connect(cleo, member, cleo.me.nets.of_join(join))
    codes = byes(company)
    company.run(5)
    assert [event.state for event in cleo.said(events.JoinChanged)] == ["joined"]
    assert set(codes) == {records.SHUTDOWN}
    link(company, cleo, ann, team)
    says(cleo, team, "here")
    company.run(1)
    assert reads(ann, team) == ["here"]


def test_a_link_begun_before_and_ready_after_it_came_in() -> None:
    company = Company()
    team, (ann, _) = founded(company, "ann", "bob")
    code, _, _ = ann.me.teams.invite(team)
    cleo = company.hire("cleo", settings=CLOSED)
    join, _ = cleo.me.joining.begin(code)
    network = cleo.me.nets.of_join(join)
    company.meet(cleo, ann, network)
    assert cleo.me.rooms.mine() == [team]
    company.connect(cleo, ann, network)
    codes = byes(company)
    company.run(3)
    assert codes
    assert set(codes) == {records.SHUTDOWN}
    assert not ann.links_to(cleo)
