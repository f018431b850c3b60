"""Who is meant, which rules hold, what the log says: on one machine."""

from __future__ import annotations

import pytest

from p2pim.config import Settings
from p2pim.errors import AmbiguousTarget, UnknownTarget
from p2pim.protocol.control import Role
from p2pim.protocol.identity import Identity, encode_peer_id, short_id
from p2pim.protocol.message import RoomId
from tests.node.company import Colleague, Company

BEN, CLEO, OTHER = (Identity(bytes([n]) * 32).peer_id for n in (1, 2, 3))


@pytest.fixture
def ann() -> Colleague:
    ann = Company().hire("ann", settings=Settings(open_network=False))
    ann.me.set_nickname("Ann")
    return ann


@pytest.fixture
def team(ann: Colleague) -> RoomId:
    team = ann.me.teams.create("Blue")
    ann.me.teams.grant(team, BEN, Role.MEMBER, "Ben")
    ann.me.teams.grant(team, CLEO, Role.MEMBER, "Cleo")
    return team


def test_members_are_found_though_they_were_never_met(ann: Colleague, team: RoomId) -> None:
    find = ann.me.roster.find_member
    for target in ("Ben", " @ben", short_id(BEN), short_id(BEN)[:4], encode_peer_id(BEN)):
        assert find(team, target) == BEN
    assert find(team, "Ann") == ann.peer_id


def test_a_name_my_own_or_certified_may_mean_several(ann: Colleague, team: RoomId) -> None:
    ann.me.set_petname(OTHER, "Ben")
    ann.me.teams.grant(team, OTHER, Role.MEMBER)
    with pytest.raises(AmbiguousTarget, match=short_id(OTHER)):
        ann.me.roster.find_member(team, "ben")


def test_who_is_no_member_is_looked_for_among_all(ann: Colleague, team: RoomId) -> None:
    ann.me.set_petname(OTHER, "Otto")
    assert ann.me.roster.find_member(team, "otto") == OTHER
    for target in ("Zoe", "", "@"):
        with pytest.raises(UnknownTarget):
            ann.me.roster.find_member(team, target)


def test_for_a_private_group_anybody_in_its_team_is_meant(ann: Colleague, team: RoomId) -> None:
    plan = ann.me.teams.create_room(team, "plan", private=True)
    assert ann.me.roster.find_member(plan, "Cleo") == CLEO


def test_the_rules(ann: Colleague, team: RoomId) -> None:
    assert ann.me.roster.policy(team) == ({}, 0)
    ann.me.teams.set_policy(team, {"relay": False, "motd": "hi"})
    ann.me.teams.set_policy(team, {"relay": True})
    assert ann.me.roster.policy(team) == ({"relay": True, "motd": "hi"}, 2)
    ann.me.teams.archive(team, True)
    assert ann.me.roster.policy(team)[0]["archived"] is True


def test_the_log(ann: Colleague, team: RoomId) -> None:
    ann.me.teams.create_room(team, "news", private=False)
    log = ann.me.roster.log(team, verify=False)
    assert [line.sentence for line in log.lines] == [
        "Ann founded the team Blue",
        "Ann made Ben a member, certified as Ben",
        "Ann made Cleo a member, certified as Cleo",
    ]
    assert log.faults is None
    checked = ann.me.roster.log(team, verify=True)
    assert (checked.lines, checked.fingerprint, checked.faults) == (log.lines, log.fingerprint, ())
    news = ann.me.find_room("#Blue/news")
    assert ann.me.roster.log(news, verify=True).faults == ()


def test_a_room_typed_without_its_sign_is_no_person_and_the_answer_says_so(
    ann: Colleague, team: RoomId
) -> None:
    ann.me.teams.create_room(team, "news", private=False)
    for typed in ("Blue", "blue/news", "news"):
        with pytest.raises(UnknownTarget, match=f"The room is '#{typed}'"):
            ann.me.resolve(typed)
    with pytest.raises(UnknownTarget, match="p2pim peers lists"):
        ann.me.resolve("Red")
