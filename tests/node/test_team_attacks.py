"""Teams among people who mean harm, or know more than fits."""

from __future__ import annotations

from p2pim.node import events
from p2pim.node.session import Session
from p2pim.protocol.control import Invite, Merge, Role, encode, kind_of
from p2pim.protocol.message import Message, MessageId, RoomId, seal
from p2pim.protocol.records import ASK, CONTENT, CONTROL, NOT_SERVED, Have, Lack, Messages, Reconcile, Want
from tests.council import Council
from tests.node.company import Company
from tests.node.test_teams import CLOSED, founded, link, reads, says


def test_a_stranger_who_shows_control_messages_costs_nothing_and_learns_nothing() -> None:
    company = Company()
    ann = company.hire("ann")
    team = ann.me.teams.create("Blue")
    code, _, _ = ann.me.teams.invite(team)
    puppet = company.puppet()
    company.meet(puppet, ann)
    other = Council()
    puppet.say(Have(other.team, CONTROL, [(other.genesis.id, 1)]))
    puppet.say(Messages(other.team, CONTROL, [other.genesis.signed()]))
    (link,) = ann.links_to(puppet)
    session = ann.me.sync.sessions[link]
    assert not puppet.heard(Want)
    assert not session.beside
    # who knows the team's id, as somebody removed does, may show something, and is asked for no more than fits
    puppet.say(Have(team, CONTROL, [(bytes([n]) * 32, 1) for n in range(200)]))
    assert len(puppet.heard(Want)) == 1
    for kind in (CONTROL, CONTENT):
        puppet.say(Reconcile(team, kind, 1, ASK, []))
    assert [record.kind for record in puppet.heard(Reconcile) if record.room == team] == [NOT_SERVED] * 2
    puppet.say(Want(team, CONTROL, [team]))
    assert puppet.heard(Lack)[-1].ids == [team]
    assert not [record for record in puppet.heard(Messages) if record.room == team]
    assert code not in repr(puppet.strings.heard)


def test_what_somebody_removed_shows_again_and_again_is_looked_at_now_and_then() -> None:
    company = Company()
    team, (ann, bob) = founded(company, "ann", "bob")
    ann.me.open_network = bob.me.open_network = True
    ann.me.teams.remove(team, bob.peer_id)
    company.run(15)
    company.meet(bob, ann)
    (link,) = ann.links_to(bob)
    session = ann.me.sync.sessions[link]
    looks: list[RoomId] = []
    look = ann.me.control._look_beside

    def counted(session: Session, room_id: RoomId, beside: dict[MessageId, Message]) -> None:
        looks.append(room_id)
        look(session, room_id, beside)

    ann.me.control._look_beside = counted  # type: ignore[method-assign]
    (theirs,) = bob.links_to(ann)
    control = bob.me.rooms.sets[team]
    for n in range(40):
        merge = seal(
            bob.me.identity,
            team,
            parents=[control.deeds()[-1].id],
            clock=ann.clock.wall_ms() + n,
            kind=kind_of(Merge(bytes(16))),
            content=encode(Merge(bytes([n]) * 16)),
        )
        theirs.send(Messages(team, CONTROL, [merge.signed()]))
        theirs.flush()
        company.run(0.01)
    assert 0 < len(looks) <= 10
    company.run(10)
    assert len(session.beside[team]) == 40
    assert ann.me.rooms.role(team, bob.peer_id) is Role.NONE
    assert all(
        deed.author == ann.peer_id or deed.clock < ann.clock.wall_ms()
        for deed in ann.me.rooms.sets[team].deeds()
    )


def test_who_left_knows_the_secret_no_more_once_the_owner_heard_of_it() -> None:
    company = Company()
    team, (ann, bob, cleo) = founded(company, "ann", "bob", "cleo")
    before = next(n for n in cleo.me.networks() if cleo.me.nets.team_of(n) == team)
    cleo.me.teams.leave(team)
    company.run(5)
    for member in (ann, bob):
        now = next(n for n in member.me.networks() if member.me.nets.team_of(n) == team)
        assert now.name != before.name
        assert now.name not in {network.name for network in cleo.me.networks()}


def test_an_invite_with_the_secret_of_another_network_takes_nothing_over() -> None:
    company = Company()
    team, (ann, bob) = founded(company, "ann", "bob")
    ann.me.teams.grant(team, bob.peer_id, Role.ADMIN)
    company.run(1)
    secret = ann.me.rooms.authority(team).secrets[-1]
    trap = Invite(bob.peer_id, secret, bytes(32), ann.clock.wall_ms() + 10**6, 1, False)
    with bob.me.store.transaction():
        bob.me.teams.write(team, trap)
    company.run(1)
    company.part(ann, bob)
    link(company, ann, bob, team)
    says(ann, team, "as ever")
    company.run(1)
    assert reads(bob, team) == ["as ever"]


def test_a_member_who_knows_more_heads_than_fit_still_lets_in_and_leaves() -> None:
    company = Company()
    team, (ann, bob) = founded(company, "ann", "bob")
    code, _, _ = ann.me.teams.invite(team, uses=2)
    company.run(1)
    (last,) = ann.me.rooms.sets[team].heads(ann.clock.wall_ms())
    control = ann.me.rooms.sets[team]
    forks = [
        seal(
            ann.me.identity,
            team,
            parents=[last],
            clock=ann.clock.wall_ms() + n,
            kind=kind_of(Merge(bytes(16))),
            content=encode(Merge(bytes([n]) * 16)),
        )
        for n in range(40)
    ]
    with ann.me.store.transaction():
        ann.me.control.grew(team, [m for m in forks if ann.me.control.adds(team, m)])
    company.run(2)
    assert len(control.heads(ann.clock.wall_ms())) == 40
    ann.crash()
    cleo = company.hire("cleo", settings=CLOSED)
    company.join(cleo, bob, code)
    assert cleo.said(events.JoinChanged)[-1].state == "joined"
    bob.me.teams.leave(team)
    assert bob.me.rooms.role(team) is Role.NONE
    ann.start()
    link(company, ann, cleo, team)
    ann.me.teams.rename(team, "Red")  # follows everything it knows, by way of messages that only join
    assert len(ann.me.rooms.sets[team].heads(ann.clock.wall_ms())) == 1


def test_a_newcomer_whose_admission_nobody_else_knows_learns_of_every_channel() -> None:
    company = Company()
    team, (ann, bob, cleo) = founded(company, "ann", "bob", "cleo")
    news = ann.me.teams.create_room(team, "news", private=False)
    code, _, _ = ann.me.teams.invite(team)
    company.run(1)
    company.part(bob, ann)
    company.part(bob, cleo)
    dora = company.hire("dora", settings=CLOSED)
    company.join(dora, bob, code)
    link(company, ann, dora, team)
    says(ann, news, "for everybody")
    company.run(3)
    assert reads(dora, news) == ["for everybody"]
    assert ann.me.rooms.role(team, dora.peer_id) is Role.MEMBER
