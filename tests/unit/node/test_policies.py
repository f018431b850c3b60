"""The rules a node obeys, at its start and when those of its teams change."""

from __future__ import annotations

from contextlib import suppress

import pytest

from p2pim.config import Settings
from p2pim.config.policy import machine_policy
from p2pim.errors import Forbidden, NotNow
from p2pim.node import events
from p2pim.protocol import records
from p2pim.protocol.network import OPEN
from tests.node.company import Colleague, Company

OFF = machine_policy({"open_network": False}, "/p.toml")
ON = machine_policy({"open_network": True, "retention_days": 9}, "/p.toml")
OFF_BY_TEAM = {"dev": {"open_network": False}}


def told(machine: Colleague) -> int:
    return len(machine.said(events.PolicyChanged))


def test_the_machine_switches_the_open_network_off() -> None:
    company = Company()
    ann, bob = company.hire("ann", policy=OFF), company.hire("bob")
    assert ann.me.networks() == ()
    company.meet(bob, ann)
    assert not company.linked(bob, ann)
    with pytest.raises(
        Forbidden,
        match=r"open network, and open_network is switched off by the machine policy \(/p\.toml\)\.$",
    ):
        ann.announce("hello")


def test_the_machine_switches_it_on_whatever_the_user_chose() -> None:
    ann = Company().hire("ann", policy=ON, settings=Settings(open_network=False))
    assert ann.me.networks() == (OPEN,)
    assert ann.announce("hello").text == "hello"


def test_what_the_user_switched_off_is_no_matter_of_policy() -> None:
    ann = Company().hire("ann", settings=Settings(open_network=False))
    ann.me.set_team_policies({"dev": {"open_network": True}})
    with pytest.raises(NotNow, match="in the settings"):
        ann.announce("hello")


def test_a_change_is_told_once_and_none_is_not_told() -> None:
    ann = Company().hire("ann", policy=ON)
    changes: list[int] = []
    ann.me.policies.on_change = lambda: changes.append(told(ann))
    for days in (10, 30):  # laxer than the machine's
        ann.me.set_team_policies({"dev": {"retention_days": days}})
    assert (told(ann), changes) == (0, [])
    for _ in range(2):
        ann.me.set_team_policies({"dev": {"retention_days": 5}, "art": {"files": False}})
    assert ann.me.policy.refuse("retention_days") == "retention_days is set to 5 by the policy of team dev."
    assert ann.me.policy.value("files") is False
    assert (told(ann), changes) == (1, [0]), "the network obeys before anybody is told"
    ann.me.set_team_policies({"art": {"files": False}})
    assert ann.me.policy.value("retention_days") == 9
    assert told(ann) == 2


def test_what_cannot_be_understood_now_is_a_change_too() -> None:
    ann = Company().hire("ann")
    ann.me.set_team_policies({"dev": {"holograms": True}})
    assert (told(ann), len(ann.me.policy.ignored)) == (1, 1)


def test_rules_hold_from_the_commit_on_and_not_without_it() -> None:
    ann = Company().hire("ann")
    with suppress(KeyError), ann.me.store.transaction():
        ann.me.set_team_policies(OFF_BY_TEAM)
        raise KeyError
    assert (ann.me.open_network, told(ann)) == (True, 0)
    with ann.me.store.transaction():
        ann.me.set_team_policies(OFF_BY_TEAM)
        assert ann.me.open_network
    assert (ann.me.open_network, told(ann)) == (False, 1)


def test_a_team_switches_the_open_network_off_and_lets_go_of_it() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    ann.me.set_team_policies(OFF_BY_TEAM)
    company.run(1)
    assert not company.linked(ann, bob)
    assert ann.me.networks() == ()
    with pytest.raises(Forbidden, match=r"switched off by the policy of team dev\.$"):
        ann.announce("hello")
    company.meet(bob, ann)
    assert not company.linked(bob, ann)
    ann.me.set_team_policies({})
    company.meet(bob, ann)
    ann.announce("here again")
    company.run(1)
    assert bob.lobby() == ["here again"]


def test_links_are_told_why_they_end() -> None:
    company = Company()
    ann, puppet = company.hire("ann"), company.puppet()
    company.meet(puppet, ann)
    ann.me.set_team_policies({"dev": {"files": False}})
    company.run(1)
    assert ann.links_to(puppet), "only what concerns Links ends them"
    ann.me.set_team_policies(OFF_BY_TEAM)
    company.run(1)
    assert puppet.bye == records.IDLE_OR_AGE


def test_a_handshake_that_was_under_way_ends_in_no_link() -> None:
    company = Company()
    ann, bob = company.hire("ann"), company.hire("bob")
    company.latency = lambda: 0.5  # type: ignore[method-assign]
    company.connect(bob, ann)
    company.run(0.7)  # ann has accepted, and answered in the open network
    ann.me.set_team_policies(OFF_BY_TEAM)
    company.run(5)
    assert ann.said(events.PeerChanged) == []
    assert not company.linked(ann, bob)
