"""Mail for somebody who is away: sealed, held by team-mates, handed over; and what each of them may be told."""

from __future__ import annotations

import pytest

from p2pim.config import Settings
from p2pim.node import events
from p2pim.node.boxes import PATIENCE
from p2pim.node.boxkeys import RETIRED_MS, TELL_SECONDS
from p2pim.node.holding import MAX_SENDER_BYTES
from p2pim.protocol.box import HOLD_MS
from p2pim.protocol.control import Role
from p2pim.protocol.message import RoomId
from tests.node.company import Colleague, Company
from tests.node.test_teams import founded, link

LONG = PATIENCE + 10
DAY = 24 * 3600.0


def leaves(company: Company, *people: Colleague) -> None:
    """Cut people off from everybody else."""
    for who in people:
        for other in company.machines:
            if other is not who:
                company.part(who, other)


def team_without_ben(company: Company, *more: str) -> tuple[RoomId, list[Colleague]]:
    """A team in which everybody has everybody's record, and Ben has just gone."""
    team, people = founded(company, "anna", "ben", "cleo", *more)
    company.run(TELL_SECONDS + 5)
    leaves(company, people[1])
    return team, people


def states(who: Colleague, room: RoomId) -> list[str]:
    return [view.state for view in who.me.history(room, 1_000) if view.mine]


def answers(who: Colleague, room: RoomId) -> list[list[str]]:
    """Who said what about each own message."""
    mine = [view for view in who.me.history(room) if view.mine]
    return [sorted(f"{d.name.split(' ')[0]} {d.state}" for d in view.deliveries) for view in mine]


def count(who: Colleague, table: str, where: str = "1") -> int:
    found: int = who.disk.execute(f"SELECT count(*) FROM {table} WHERE {where}").fetchone()[0]
    return found


def later(company: Company, days: float) -> None:
    """Let the calendar advance while nothing happens."""
    company.now += days * DAY


def test_what_waits_for_somebody_away_is_held_and_handed_over() -> None:
    company = Company()
    team, (anna, ben, cleo) = team_without_ben(company)
    view = anna.write(ben, "the key is under the mat")
    company.run(5)
    assert states(anna, view.room) == ["waiting"]  # they may just be reconnecting
    company.run(LONG)
    assert states(anna, view.room) == ["held"]
    assert answers(anna, view.room) == [["cleo held"]]
    assert anna.said(events.MessageChanged)[-1].message.state == "held"
    leaves(company, anna)
    link(company, cleo, ben, team)
    assert ben.reads(anna) == ["the key is under the mat"]
    assert ben.said(events.MessageAdded)[-1].notify
    assert ben.sees(anna).unread == 1
    assert cleo.reads(ben) == cleo.reads(anna) == []
    assert states(anna, view.room) == ["held"]
    link(company, anna, cleo, team)
    assert answers(anna, view.room) == [["cleo handed-over"]]
    assert states(anna, view.room) == ["held"]  # it is cleo's word only, and no delivery
    assert anna.me.status().waiting == 1
    link(company, anna, ben, team)
    assert states(anna, view.room) == ["delivered"]
    assert answers(anna, view.room) == [["ben delivered"]]
    company.run(10)
    assert [count(who, "held_boxes") + count(who, "sent_boxes") for who in (anna, ben, cleo)] == [0, 0, 0]
    assert ben.reads(anna) == ["the key is under the mat"]


def test_whoever_is_just_reconnecting_gets_no_box() -> None:
    company = Company()
    team, (anna, ben, _) = team_without_ben(company)
    view = anna.write(ben, "hi")
    company.run(PATIENCE - 2)
    link(company, ben, anna, team)
    assert states(anna, view.room) == ["delivered"]
    company.run(LONG)
    assert count(anna, "sent_boxes") == 0


def test_three_hold_it_and_one_more_when_one_leaves_the_team() -> None:
    company = Company()
    _, (anna, ben, cleo, dan, eve, fay) = team_without_ben(company, "dan", "eve", "fay")
    leaves(company, dan, fay)
    view = anna.write(ben, "hi")
    company.run(LONG)
    assert answers(anna, view.room) == [["cleo held", "eve held"]]
    team = anna.me.resolve("#Blue")
    link(company, dan, anna, team)
    company.run(10)
    link(company, fay, anna, team)
    company.run(10)
    assert answers(anna, view.room) == [["cleo held", "dan held", "eve held"]]
    assert count(fay, "held_boxes") == 0
    anna.me.teams.remove(team, cleo.peer_id)
    company.run(10)
    assert answers(anna, view.room) == [["dan held", "eve held", "fay held"]]
    leaves(company, anna, eve)
    for holder in (dan, fay):
        link(company, holder, ben, team)
    assert ben.reads(anna) == ["hi"]
    assert sum(event.message.text == "hi" for event in ben.said(events.MessageAdded)) == 1
    link(company, cleo, ben, anna.me.resolve("#Blue"))  # an old network; she is out
    assert count(cleo, "held_boxes", "box IS NOT NULL") == 1


def test_what_is_written_later_goes_into_a_box_of_its_own() -> None:
    company = Company()
    team, (anna, ben, cleo) = team_without_ben(company)
    room = anna.write(ben, "one").room
    anna.write(ben, "two")
    company.run(LONG)
    anna.write(ben, "three")
    company.run(LONG)
    assert states(anna, room) == ["held"] * 3
    assert count(cleo, "held_boxes") == count(anna, "sent_boxes") == 2
    link(company, cleo, ben, team)
    assert ben.reads(anna) == ["one", "two", "three"]


def test_everybody_restarts_in_between() -> None:
    company = Company()
    team, people = team_without_ben(company)
    anna, ben, cleo = people
    room = anna.write(ben, "hi").room
    company.run(LONG)
    for each in people:
        each.crash()
    for each in people:
        each.start()
    assert states(anna, room) == ["held"]
    link(company, ben, cleo, team)
    assert ben.reads(anna) == ["hi"]
    leaves(company, ben)
    for each in people:
        each.crash()
        each.start()
    link(company, cleo, anna, team)
    assert answers(anna, room) == [["cleo handed-over"]]
    company.run(LONG)
    assert count(cleo, "held_boxes") == 0
    assert count(anna, "sent_boxes") == 1


def test_two_who_never_meet_talk_through_a_third() -> None:
    company = Company()
    team, (anna, ben, cleo) = team_without_ben(company)
    link(company, ben, cleo, team)  # cleo sees both, neither sees the other
    room = anna.write(ben, "can you hear me?").room
    company.run(LONG)
    assert ben.reads(anna) == ["can you hear me?"]
    ben.write(anna, "through cleo")
    company.run(LONG)
    assert anna.reads(ben) == ["can you hear me?", "through cleo"]
    assert states(anna, room) == ["held"]


def test_a_box_of_somebody_removed_is_handed_over_only_when_they_are_back() -> None:
    company = Company()
    team, (owner, ben, cleo, dan) = team_without_ben(company, "dan")
    leaves(company, owner)
    link(company, owner, cleo, team)
    room = dan.write(ben, "hi").room
    company.run(LONG)
    assert answers(dan, room) == [["cleo held"]]
    owner.me.teams.remove(team, dan.peer_id)
    company.run(2)
    link(company, ben, cleo, team)
    company.run(10)
    assert ben.reads(dan) == []
    assert count(cleo, "held_boxes", "box IS NOT NULL") == 1
    owner.me.teams.grant(team, dan.peer_id, Role.MEMBER)
    company.run(10)
    assert ben.reads(dan) == ["hi"]


def test_nothing_is_held_beyond_its_time_and_what_waits_is_sealed_anew() -> None:
    company = Company()
    team, (anna, ben, cleo) = team_without_ben(company)
    room = anna.write(ben, "hi").room
    company.run(LONG)
    leaves(company, anna)
    later(company, HOLD_MS / 1000 / DAY + 1)
    company.run(10)
    assert count(cleo, "held_boxes") == count(anna, "sent_boxes") == 0
    assert states(anna, room) == ["waiting"]
    assert anna.said(events.MessageChanged)[-1].message.state == "waiting"
    link(company, anna, cleo, team)
    company.run(LONG)
    assert states(anna, room) == ["held"]
    assert count(cleo, "held_boxes") == 1


def test_an_expiry_far_ahead_is_cut_and_one_in_the_past_refused() -> None:
    company = Company()
    _, (anna, ben, cleo) = team_without_ben(company)
    cleo.clock.skew_ms = -12 * 3600 * 1000
    anna.write(ben, "hi")
    company.run(LONG)
    assert cleo.disk.execute("SELECT expiry FROM held_boxes").fetchone()[0] <= cleo.clock.wall_ms() + HOLD_MS
    cleo.clock.skew_ms = HOLD_MS + 24 * 3600 * 1000
    company.run(10)
    assert count(cleo, "held_boxes") == 0
    room = anna.write(ben, "for later").room
    company.run(LONG)
    assert states(anna, room)[-1] == "waiting"
    assert count(cleo, "held_boxes") == 0


def test_a_quota_leaves_the_rest_with_its_author() -> None:
    company = Company()
    team, (anna, ben, cleo) = team_without_ben(company)
    link(company, anna, ben, team)
    anna.write(ben, "hello")
    company.run(1)
    leaves(company, ben)
    long = "x" * 49_000
    for number in range(MAX_SENDER_BYTES // 49_000 + 10):
        anna.write(ben, f"{number} {long}"[:49_000])
    company.run(200)
    room = anna.room(ben)
    held = states(anna, room).count("held")
    assert held == count(cleo, "held_boxes") < len(states(anna, room))
    waiting = len(states(anna, room)) - held - 1
    assert states(anna, room) == ["delivered"] + ["waiting"] * waiting + ["held"] * held  # the newest first
    assert cleo.me.store.boxes.usage(anna.peer_id)[1] <= MAX_SENDER_BYTES
    leaves(company, anna)
    link(company, cleo, ben, team)
    company.run(5)
    assert ben.me.status().unread == 1 + held
    link(company, anna, ben, team)
    company.run(5)
    assert set(states(anna, room)) == {"delivered"}
    assert ben.reads(anna) == anna.reads(ben)


def test_so_many_boxes_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("p2pim.node.boxes.MAX_BOXES", 20)
    company = Company()
    _, (anna, ben, cleo) = team_without_ben(company)
    for _ in range(25):
        anna.write(ben, "one at a time")
        company.run(15)
    assert count(anna, "sent_boxes") == count(cleo, "held_boxes") == 20
    assert states(anna, anna.room(ben)).count("waiting") == 5


@pytest.mark.parametrize("by_rule", [False, True], ids=["by choice", "by a rule"])
def test_who_does_not_relay_holds_nothing(by_rule: bool) -> None:
    company = Company()
    team, (anna, ben) = founded(company, "anna", "ben")
    cleo = company.hire("cleo", settings=Settings(open_network=False, relay=by_rule))
    if by_rule:
        anna.me.teams.set_policy(team, {"relay": False})
    code, _, _ = anna.me.teams.invite(team)
    company.join(cleo, anna, code)
    for other in (anna, ben):
        link(company, cleo, other, team)
    company.run(TELL_SECONDS + 5)
    leaves(company, ben)
    room = anna.write(ben, "hi").room
    company.run(LONG)
    assert states(anna, room) == ["waiting"]
    assert count(cleo, "held_boxes") == 0
    assert count(anna, "sent_boxes") == 1  # for somebody else who may come


def test_a_box_for_a_key_of_last_month_is_opened_and_one_for_a_key_long_gone_is_kept() -> None:
    company = Company()
    team, (anna, ben, cleo) = team_without_ben(company)
    anna.write(ben, "hi")
    company.run(LONG)
    with ben.me.store.transaction():
        for _ in range(2):
            ben.me.store.boxes.change_key(company.rng.randbytes(32), ben.clock.wall_ms())
    link(company, cleo, ben, team)
    assert ben.reads(anna) == ["hi"]
    leaves(company, ben)
    anna.write(ben, "again")
    company.run(LONG)
    with ben.me.store.transaction():
        ben.me.store.boxes.change_key(company.rng.randbytes(32), ben.clock.wall_ms())
        ben.me.store.boxes.forget_keys(ben.clock.wall_ms() + RETIRED_MS)
    link(company, cleo, ben, team)
    assert ben.reads(anna) == ["hi"]
    assert count(cleo, "held_boxes", "box IS NOT NULL") == 1


@pytest.mark.parametrize("who", ["anna", "cleo"])
def test_a_full_disk_is_no_reason_to_lose_anything(who: str) -> None:
    company = Company()
    team, (anna, ben, cleo) = team_without_ben(company)
    full = {"anna": anna, "cleo": cleo}[who]
    room = anna.write(ben, "hi").room
    full.me.disk.writable = False
    full.me.disk.next_probe = company.now + 40
    company.run(35)
    assert count(cleo, "held_boxes") == 0
    company.run(30)
    if who == "cleo":
        leaves(company, cleo)
        link(company, anna, cleo, team)  # refused once, and asked again on a new Link
        company.run(10)
    assert states(anna, room) == ["held"]
    ben.me.disk.writable = False
    ben.me.disk.next_probe = company.now + 20
    link(company, cleo, ben, team)
    assert count(cleo, "held_boxes", "box IS NOT NULL") == 1
    company.run(20)
    leaves(company, ben)
    link(company, cleo, ben, team)
    assert ben.reads(anna) == ["hi"]
