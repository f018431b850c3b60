"""Boxes for private groups whose members never meet."""

from __future__ import annotations

from p2pim.node.boxes import GROUP_PATIENCE
from p2pim.protocol.control import Role
from tests.node.company import Company
from tests.node.test_boxes import answers, count, leaves, states, team_without_ben
from tests.node.test_teams import link, reads, says


def test_a_group_whose_members_never_meet() -> None:
    company = Company()
    team, (anna, ben, cleo, dan) = team_without_ben(company, "dan")
    group = anna.me.teams.create_room(team, "plan", private=True, members=[ben.peer_id, dan.peer_id])
    says(anna, group, "for us three")
    company.run(5)
    assert reads(dan, group) == ["for us three"]
    company.run(GROUP_PATIENCE + 10)
    assert answers(anna, group) == [["cleo held", "dan delivered", "dan held"]]
    assert states(anna, group) == ["delivered"]
    leaves(company, anna, dan)
    link(company, cleo, ben, team)
    assert reads(ben, group) == ["for us three"]  # he had not even heard of the group
    assert ben.me.resolve("#plan") == group
    assert cleo.me.rooms.control(group) is None
    says(ben, group, "so it is")
    leaves(company, ben)
    link(company, dan, ben, team)
    assert reads(dan, group) == ["for us three", "so it is"]


def test_who_was_removed_from_a_group_gets_no_box_of_it() -> None:
    company = Company()
    team, (anna, ben, cleo) = team_without_ben(company)
    group = anna.me.teams.create_room(team, "plan", private=True, members=[ben.peer_id])
    leaves(company, cleo)
    says(anna, group, "before")
    company.run(GROUP_PATIENCE + 10)
    assert count(anna, "sent_boxes") == 0  # nobody to give one to
    link(company, anna, cleo, team)
    company.run(GROUP_PATIENCE + 10)
    assert answers(anna, group) == [["cleo held"]]
    anna.me.teams.remove(group, ben.peer_id)
    says(anna, group, "after")
    company.run(GROUP_PATIENCE + 10)
    assert answers(anna, group) == [[], []]
    assert (count(anna, "sent_boxes"), count(cleo, "held_boxes")) == (0, 1)


def test_somebody_new_in_a_group_is_not_sent_its_past() -> None:
    company = Company()
    team, (anna, ben, cleo) = team_without_ben(company)
    group = anna.me.teams.create_room(team, "plan", private=True, members=[cleo.peer_id])
    says(anna, group, "before")
    company.run(GROUP_PATIENCE + 10)
    anna.me.teams.grant(group, ben.peer_id, Role.MEMBER)
    says(anna, group, "after")
    company.run(GROUP_PATIENCE + 10)
    assert answers(anna, group) == [["cleo delivered"], ["cleo delivered", "cleo held"]]
