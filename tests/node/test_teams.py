"""A team from its founding on: invited, joined, in step, removed."""

from __future__ import annotations

import pytest

from p2pim.config import Settings
from p2pim.errors import BadInput, NotNow, UnknownTarget
from p2pim.node import events
from p2pim.protocol.control import Role
from p2pim.protocol.message import RoomId
from tests.node.company import Colleague, Company

CLOSED = Settings(open_network=False)


def founded(company: Company, *names: str) -> tuple[RoomId, list[Colleague]]:
    """A team whose members came in by codes of the first; nobody has the open network on; all are linked."""
    people = [company.hire(name, settings=CLOSED) for name in names]
    for person, name in zip(people, names, strict=True):
        person.me.set_nickname(name)
    team = people[0].me.teams.create("Blue")
    for number, person in enumerate(people[1:], 1):
        code, _, _ = people[0].me.teams.invite(team)
        company.join(person, people[0], code)
        for other in people[:number]:
            link(company, person, other, team)
    return team, people


def link(company: Company, a: Colleague, b: Colleague, team: RoomId) -> None:
    """Meet on the newest network of the team that both serve, as whoever dials tries one after the other."""
    theirs = {network.name for network in b.me.networks()}
    ours = [n for n in a.me.networks() if a.me.nets.team_of(n) == team]
    company.meet(a, b, next(network for network in ours if network.name in theirs))


def says(who: Colleague, room: RoomId, text: str) -> None:
    who.me.send_text(room, text)


def reads(who: Colleague, room: RoomId) -> list[str | None]:
    return [view.text for view in who.me.history(room)]


def test_whoever_has_the_code_gets_in_and_reads_what_was_said_before() -> None:
    company = Company()
    ann, bob = company.hire("ann", settings=CLOSED), company.hire("bob", settings=CLOSED)
    team = ann.me.teams.create("Blue")
    says(ann, team, "before you came")
    code, invitation, _ = ann.me.teams.invite(team, label="Bob B.")
    assert code in invitation
    bob.me.set_nickname("bobby")
    company.join(bob, ann, code)
    assert bob.said(events.JoinChanged)[-1].state == "joined"
    assert bob.said(events.JoinChanged)[-1].team == team
    assert not bob.me.store.control.joins()
    link(company, bob, ann, team)
    assert reads(bob, team) == ["before you came"]
    assert bob.me.status().unread == 0  # it is history
    says(bob, team, "hello")
    company.run(1)
    says(ann, team, "welcome")
    company.run(1)
    assert reads(ann, team) == reads(bob, team) == ["before you came", "hello", "welcome"]
    assert ann.me.status().unread == bob.me.status().unread == 1
    assert [m.role for m in ann.me.teams.members(team)] == ["owner", "member"]
    assert ann.me.people.name(bob.peer_id) == "Bob B."
    assert bob.sees(ann).trust == ann.sees(bob).trust == "team"
    assert bob.me.resolve("#blue") == team


def test_any_member_lets_in_while_the_founder_is_away() -> None:
    company = Company()
    team, (ann, bob) = founded(company, "ann", "bob")
    code, _, _ = ann.me.teams.invite(team, uses=2)
    company.run(1)
    ann.crash()
    for name in ("cleo", "dora"):
        joiner = company.hire(name, settings=CLOSED)
        company.join(joiner, bob, code)
        link(company, joiner, bob, team)
        says(joiner, team, f"{name} is here")
    company.run(2)
    ann.start()
    link(company, ann, bob, team)
    assert reads(ann, team) == ["cleo is here", "dora is here"]
    assert len(ann.me.rooms.members(team)) == 4
    late = company.hire("late", settings=CLOSED)
    company.join(late, bob, code)
    last = late.said(events.JoinChanged)[-1]
    assert (last.state, "used as often" in last.text) == ("refused", True)
    assert not late.me.store.control.joins()
    assert late.me.rooms.teams() == []


def test_a_member_who_is_no_admin_is_told_why_not() -> None:
    company = Company()
    team, (ann, bob, cleo) = founded(company, "ann", "bob", "cleo")
    for deed in (
        lambda: bob.me.teams.invite(team),
        lambda: bob.me.teams.grant(team, cleo.peer_id, Role.ADMIN),
        lambda: bob.me.teams.remove(team, cleo.peer_id),
        lambda: bob.me.teams.set_policy(team, {"relay": False}),
        lambda: bob.me.teams.rename(team, "Red"),
    ):
        with pytest.raises(NotNow, match="Only its owner"):
            deed()
    with pytest.raises(NotNow, match="cannot leave"):
        ann.me.teams.leave(team)
    ann.me.teams.grant(team, bob.peer_id, Role.ADMIN)
    company.run(1)
    with pytest.raises(NotNow, match="owner cannot"):
        bob.me.teams.remove(team, ann.peer_id)


def test_who_is_removed_is_served_nothing_more_and_everybody_else_moves_on() -> None:
    company = Company()
    team, (ann, bob, cleo) = founded(company, "ann", "bob", "cleo")
    says(ann, team, "before")
    company.run(1)
    old = {network.name for network in cleo.me.networks()}
    ann.me.teams.remove(team, cleo.peer_id)
    says(ann, team, "after")
    company.run(1)
    says(bob, team, "also after")
    company.run(1)
    assert reads(cleo, team) == ["before"]
    assert reads(bob, team) == ["before", "after", "also after"]
    says(cleo, team, "let me in")
    company.run(20)
    assert reads(ann, team) == reads(bob, team) == ["before", "after", "also after"]
    assert not ann.links_to(cleo)  # closed: no member of this network
    now = next(n for n in ann.me.networks() if ann.me.nets.team_of(n) == team)
    assert now.name not in old
    assert now == next(n for n in bob.me.networks() if bob.me.nets.team_of(n) == team) or (
        now.name == next(n for n in bob.me.networks() if bob.me.nets.team_of(n) == team).name
    )
    assert [m.peer_id for m in bob.me.teams.members(team)] == [ann.peer_id, bob.peer_id]


def test_a_removal_made_while_somebody_was_away_finds_them_and_what_they_wrote_later_stays_hidden() -> None:
    company = Company()
    team, (ann, bob, cleo) = founded(company, "ann", "bob", "cleo")
    company.part(bob, ann)
    company.part(bob, cleo)
    company.part(cleo, ann)
    ann.me.teams.remove(team, cleo.peer_id)
    company.run(5)
    says(cleo, team, "I do not know yet")
    link(company, cleo, bob, team)  # nor does bob
    assert reads(bob, team) == ["I do not know yet"]
    link(company, ann, bob, team)
    company.run(2)
    assert reads(bob, team) == reads(ann, team) == []
    assert bob.said(events.RoomChanged)


def test_what_was_written_while_removed_and_deleted_once_back_is_shown_to_nobody() -> None:
    company = Company()
    team, (ann, bob, cleo) = founded(company, "ann", "bob", "cleo")
    company.part(cleo, ann)
    company.part(cleo, bob)
    ann.me.teams.remove(team, cleo.peer_id)
    says(cleo, team, "I do not know yet")
    company.run(1)
    ann.me.teams.grant(team, cleo.peer_id, Role.MEMBER)
    company.run(1)
    code, _, _ = ann.me.teams.invite(team)
    company.join(cleo, ann, code)  # the network's secret is another one
    link(company, cleo, ann, team)
    (written,) = cleo.held(team)
    cleo.me.delete(written[1])
    company.run(1)
    dora = company.hire("dora", settings=CLOSED)
    code, _, _ = ann.me.teams.invite(team)
    company.join(dora, ann, code)
    link(company, dora, ann, team)  # the text without its content comes before the delete that says why
    for person in (ann, bob, cleo, dora):
        assert reads(person, team) == []
        assert len(person.held(team)) == 2


def test_an_admin_lets_in_and_is_demoted_and_a_member_leaves() -> None:
    company = Company()
    team, (ann, bob, cleo) = founded(company, "ann", "bob", "cleo")
    ann.me.teams.grant(team, bob.peer_id, Role.ADMIN)
    company.run(1)
    code, _, _ = bob.me.teams.invite(team)
    company.run(1)
    dora = company.hire("dora", settings=CLOSED)
    company.join(dora, cleo, code)
    link(company, dora, ann, team)
    assert len(ann.me.rooms.members(team)) == 4
    ann.me.teams.grant(team, bob.peer_id, Role.MEMBER)
    company.run(1)
    with pytest.raises(NotNow):
        bob.me.teams.invite(team)
    cleo.me.teams.leave(team)
    company.run(1)
    assert len(ann.me.rooms.members(team)) == 3
    with pytest.raises(NotNow, match="not a member"):
        says(cleo, team, "still here?")
    with pytest.raises(NotNow, match="not a member"):
        cleo.me.teams.leave(team)


def test_codes_that_are_no_good_say_why() -> None:
    company = Company()
    team, (ann, bob) = founded(company, "ann", "bob")
    cleo = company.hire("cleo", settings=CLOSED)
    code, _, _ = ann.me.teams.invite(team)
    wrong = code[:-1] + ("A" if code[-1] != "A" else "B")
    with pytest.raises(BadInput, match="mistyped"):
        cleo.me.joining.begin(wrong)
    for days, revoke, expected in ((0.0001, False, "expired"), (7, True, "revoked")):
        code, _, invite = ann.me.teams.invite(team, days=days)
        if revoke:
            ann.me.teams.revoke(team, invite)
        company.run(30)
        company.join(cleo, bob, code)
        assert expected in cleo.said(events.JoinChanged)[-1].text
    with pytest.raises(BadInput, match="already"):
        bob.me.joining.begin(code)
    with pytest.raises(BadInput, match="revoked already"):
        ann.me.teams.revoke(team, invite)
    with pytest.raises(UnknownTarget):
        ann.me.teams.revoke(team, bytes(32))
    assert [view.state for view in ann.me.teams.invites(team)].count("revoked") == 1


def test_an_invite_with_approval_waits_for_an_admin() -> None:
    company = Company()
    team, (ann, bob) = founded(company, "ann", "bob")
    code, _, _ = ann.me.teams.invite(team, approval=True)
    company.run(1)
    cleo = company.hire("cleo", settings=CLOSED)
    company.join(cleo, bob, code)
    assert cleo.said(events.JoinChanged)[-1].state == "pending"
    (join,) = cleo.me.store.control.joins()
    company.meet(cleo, ann, cleo.me.nets.of_join(join))
    assert cleo.said(events.JoinChanged)[-1].state == "joined"


def test_a_rule_of_a_team_holds_on_the_machine_of_every_member_and_ends_with_the_membership() -> None:
    company = Company()
    team, (ann, bob) = founded(company, "ann", "bob")
    ann.me.teams.set_policy(team, {"retention_days": 9, "subnets": ["10.9.9.0/24"]})
    company.run(1)
    assert [(rule.key, rule.value, "Blue" in rule.source) for rule in bob.me.policy.rules] == [
        ("retention_days", 9, True)
    ]
    bob.crash()
    bob.start()
    assert [rule.key for rule in bob.me.policy.rules] == ["retention_days"]
    bob.me.teams.leave(team)
    assert bob.me.policy.rules == ()


def test_channels_and_groups_reach_whom_they_are_for() -> None:
    company = Company()
    team, (ann, bob, cleo) = founded(company, "ann", "bob", "cleo")
    news = bob.me.teams.create_room(team, "news", private=False)
    plan = bob.me.teams.create_room(team, "plan", private=True, members=[ann.peer_id])
    company.run(3)
    says(ann, news, "open to all")
    says(bob, plan, "for two")
    company.run(2)
    assert reads(cleo, news) == ["open to all"]
    assert reads(ann, plan) == ["for two"]
    assert cleo.me.rooms.control(plan) is None
    assert cleo.me.resolve("#Blue/news") == news
    with pytest.raises(UnknownTarget, match="news"):
        cleo.me.resolve("#plan")
    bob.me.teams.set_policy(news, {"archived": True})
    company.run(1)
    with pytest.raises(NotNow, match="archived"):
        says(cleo, news, "too late")
    ann.me.teams.remove(team, bob.peer_id)
    company.run(2)
    assert bob.peer_id not in cleo.me.rooms.members(news)
    says(ann, plan, "only me now")
    company.run(1)
    assert reads(bob, plan) == ["for two"]


def test_ones_other_machine_is_in_the_team_too() -> None:
    company = Company()
    ann = company.hire("ann")
    twin = company.hire("ann's laptop", like=ann)
    company.meet(ann, twin)
    team = ann.me.teams.create("Blue")
    channel = ann.me.teams.create_room(team, "news", private=False)
    says(ann, channel, "written here")
    company.run(3)
    assert reads(twin, channel) == ["written here"]
    says(twin, team, "written there")
    company.run(1)
    assert reads(ann, team) == ["written there"]
    assert twin.me.rooms.role(team) is Role.OWNER


def test_whom_an_admin_removed_stays_out_when_that_admin_leaves_or_is_removed() -> None:
    for leaves in (True, False):
        company = Company()
        team, (ann, bob, cleo) = founded(company, "ann", "bob", "cleo")
        ann.me.teams.grant(team, bob.peer_id, Role.ADMIN)
        company.run(2)
        bob.me.teams.remove(team, cleo.peer_id)
        company.run(2)
        if leaves:
            bob.me.teams.leave(team)
        else:
            ann.me.teams.remove(team, bob.peer_id)
        company.run(10)
        assert list(ann.me.rooms.members(team)) == [ann.peer_id]
        assert not ann.me.rooms.is_member(team, cleo.peer_id)


def test_a_deed_that_is_not_due_yet_can_be_done_again() -> None:
    company = Company()
    _, (ann, bob) = founded(company, "ann", "bob")
    blue = ann.me.teams.create("Other")
    ann.clock.skew_ms = -2 * 24 * 3600 * 1000
    for _ in range(2):
        ann.me.teams.grant(blue, bob.peer_id, Role.MEMBER)
        assert not ann.me.rooms.is_member(blue, bob.peer_id)
    ann.clock.skew_ms = 0
    company.run(2)
    assert ann.me.rooms.is_member(blue, bob.peer_id)
