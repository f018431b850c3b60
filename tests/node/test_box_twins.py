"""Boxes and people with two machines (attack 38)."""

from __future__ import annotations

from p2pim.node import events
from p2pim.node.boxkeys import TELL_SECONDS
from p2pim.node.holding import WINDOW
from p2pim.protocol.box import box_digest
from p2pim.protocol.records import BOX_KEEP, Box, Boxack
from tests.node.company import Company
from tests.node.test_boxes import LONG, count, leaves, states, team_without_ben
from tests.node.test_teams import CLOSED, founded, link


def test_both_of_somebodys_machines_get_it() -> None:
    company = Company()
    team, (anna, ben, cleo) = founded(company, "anna", "ben", "cleo")
    twin = company.hire("twin", like=ben, settings=CLOSED)
    code, _, _ = anna.me.teams.invite(team)
    company.run(1)
    company.join(twin, anna, code)
    link(company, twin, cleo, team)
    company.run(TELL_SECONDS + 5)
    leaves(company, ben, twin)
    room = anna.write(ben, "hi").room
    company.run(LONG)
    assert states(anna, room) == ["held"]
    leaves(company, anna)
    link(company, cleo, ben, team)  # the box is for the machine that signed its record last
    assert ben.reads(anna) == []
    assert count(cleo, "held_boxes", "box IS NOT NULL") == 1
    link(company, cleo, twin, team)
    assert twin.reads(anna) == ["hi"]
    assert count(cleo, "held_boxes", "box IS NOT NULL") == 0
    link(company, twin, ben, team)
    assert ben.reads(anna) == ["hi"]
    assert (ben.sees(anna).unread, twin.sees(anna).unread) == (1, 1)


def test_a_copied_profile_opens_the_same_boxes_and_nothing_comes_twice() -> None:
    company = Company()
    team, (anna, ben, cleo) = team_without_ben(company)
    for number in range(WINDOW + 2):
        anna.write(ben, f"{number}")
        company.run(LONG)
    assert count(cleo, "held_boxes") == WINDOW + 2
    ben.crash()
    twin = company.hire("twin", like=ben, settings=CLOSED)
    twin.crash()
    twin.disk.deserialize(ben.disk.serialize())
    for each in (ben, twin):
        each.start()
        company.connect(each, cleo, next(n for n in each.me.networks() if each.me.nets.team_of(n) == team))
    company.run(5)
    assert count(cleo, "held_boxes", "box IS NOT NULL") == 0
    link(company, ben, twin, team)
    expected = [f"{number}" for number in range(WINDOW + 2)]
    for each in (ben, twin):
        assert each.reads(anna) == expected
        assert sorted(str(e.message.text) for e in each.said(events.MessageAdded)) == sorted(expected)


def test_what_one_machine_took_is_not_given_to_a_slow_other() -> None:
    company = Company()
    team, (anna, ben, cleo) = team_without_ben(company)
    for number in range(WINDOW + 2):
        anna.write(ben, f"{number}")
        company.run(LONG)
    slow = company.hire("slow", like=ben, settings=CLOSED)
    slow.crash()
    slow.disk.deserialize(ben.disk.serialize())
    slow.start()
    given: list[bytes] = []
    slow.me._takers[Box] = lambda _session, record: given.append(box_digest(record.box))
    link(company, slow, cleo, team)
    assert len(given) == WINDOW
    link(company, ben, cleo, team)
    company.run(3)
    assert count(cleo, "held_boxes", "box IS NOT NULL") == 0
    (to_cleo,) = slow.links_to(cleo)
    to_cleo.send(Boxack(given[0], BOX_KEEP))
    to_cleo.flush()
    company.run(3)
    assert len(given) == WINDOW


def test_only_the_machine_that_wrote_it_makes_boxes() -> None:
    company = Company()
    team, (anna, ben, cleo) = team_without_ben(company)
    twin = company.hire("twin", like=anna, settings=CLOSED)
    code, _, _ = anna.me.teams.invite(team)
    company.run(1)
    company.join(twin, anna, code)
    link(company, twin, anna, team)
    link(company, twin, cleo, team)
    anna.write(ben, "hi")
    company.run(LONG)
    assert twin.reads(ben) == ["hi"]
    assert (count(anna, "sent_boxes"), count(twin, "sent_boxes"), count(cleo, "held_boxes")) == (1, 0, 1)
    assert count(twin, "held_boxes") == 0
