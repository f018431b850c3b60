"""Several members answer one code at the same time: whoever joins does so once, and nobody blames anybody."""

from __future__ import annotations

from p2pim.node import events
from p2pim.protocol import records
from p2pim.protocol.authority import DAY_MS
from p2pim.protocol.control import Role
from tests.node.company import Colleague, Company
from tests.node.test_teams import CLOSED, founded, link, reads, says


def byes(company: Company) -> list[int]:
    """Codes with which Links were ended at either end; filled while time passes."""
    codes: list[int] = []
    for machine in company.machines:
        for wire in machine.wires:
            assert wire.link is not None
            wire.link._on_closed = lambda _, closed: codes.append(closed.code)
    return codes


def begun(company: Company, joiner: Colleague, member: Colleague, code: str) -> list[int]:
    """A handshake by a code: the member has recognised the network, no more; returns the codes of all BYEs to come."""
    join, _ = joiner.me.joining.begin(code)
    company.connect(joiner, member, joiner.me.nets.of_join(join))
    codes = byes(company)
    (wire,) = (wire for wire in member.wires if wire.other.machine is joiner)
    company.until(lambda: wire.link is not None and wire.link.connection.network is not None)
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


def test_an_invite_that_turns_out_not_to_count_while_somebody_shakes_hands_by_it() -> None:
    company = Company()
    team, (ann, bob, dan) = founded(company, "ann", "bob", "dan")
    ann.me.teams.grant(team, bob.peer_id, Role.ADMIN)
    link(company, bob, dan, team)
    company.part(ann, bob)
    company.part(ann, dan)
    ann.me.teams.grant(team, bob.peer_id, Role.MEMBER)
    code, _, _ = bob.me.teams.invite(team)
    company.run(1)
    cleo = company.hire("cleo", settings=CLOSED)
    company.latency = lambda: 0.05  # type: ignore[method-assign]
    codes = begun(company, cleo, dan, code)
    demotion = ann.me.rooms.sets[team].deeds()[-1].message
    with dan.me.store.transaction():
        assert dan.me.control.adds(team, demotion)
        dan.me.control.grew(team, [demotion])
    company.run(3)
    assert records.NOT_AUTHORISED in codes
    assert not cleo.me.rooms.mine()
    assert dan.links_to(bob), "nobody else pays for it"


def test_an_invite_that_is_not_due_any_more_when_the_handshake_by_it_ends() -> None:
    company = Company()
    team, (ann, bob) = founded(company, "ann", "bob")
    code, _, _ = ann.me.teams.invite(team)
    company.run(1)
    cleo = company.hire("cleo", settings=CLOSED)
    codes = begun(company, cleo, bob, code)
    bob.clock.skew_ms = -3 * DAY_MS
    company.until(lambda: bool(codes), 0.5)  # before the next tick
    assert records.NOT_AUTHORISED in codes
    assert bob.links_to(ann), "nobody else pays for it"


def test_who_gives_up_during_the_handshake_has_not_said_who_they_are() -> None:
    company = Company()
    team, (ann, _) = founded(company, "ann", "bob")
    code, _, _ = ann.me.teams.invite(team)
    cleo = company.hire("cleo", settings=CLOSED)
    cleo.me.set_nickname("Cleo")
    codes = begun(company, cleo, ann, code)
    cleo.me.joining.give_up(cleo.me.joining.under_way()[0].secret)
    company.run(3)
    assert records.NOT_AUTHORISED in codes
    assert ann.me.store.peers.get(cleo.peer_id).nickname == ""
    assert not cleo.links_to(ann)
    assert not ann.links_to(cleo)
