"""The doctor: each check in each of its states."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address, ip_interface
from typing import Any, cast

import pytest

from p2pim import __version__
from p2pim.config import Settings
from p2pim.config.policy import machine_policy
from p2pim.node.doctor import SKEW_MS, local_checks
from p2pim.node.events import Check
from p2pim.node.net.address import Address
from p2pim.node.net.book import Entry
from p2pim.node.net.discovery.interfaces import Interface, Interfaces
from p2pim.node.net.network import DEFAULT_PORT, Network
from tests.node.company import Colleague, Company

HOUR = 3_600_000


@dataclass
class Shown:
    """As much of a network as the doctor looks at."""

    port: int = DEFAULT_PORT
    trouble: str | None = None
    interfaces: Interfaces = field(default_factory=lambda: usable("eth0"))
    links: frozenset[Address] = frozenset()
    book: tuple[Entry, ...] = ()

    def linked_from(self) -> frozenset[Address]:
        return self.links


def usable(*names: str, ignored: tuple[str, ...] = ()) -> Interfaces:
    def named(name: str) -> Interface:
        return Interface(1, name, ip_interface(f"10.0.{len(name)}.1/24"))

    return Interfaces((), tuple(map(named, names)), tuple((named(name), "a bridge") for name in ignored))


def report(machine: Colleague, **shown: Any) -> dict[str, Check]:
    return {check.name: check for check in local_checks(machine.me, cast(Network, Shown(**shown)))}


def test_a_machine_that_is_well_and_alone() -> None:
    checks = report(Company().hire("ann"))
    assert {name: check.level for name, check in checks.items()} == {
        "listen": "ok",
        "interfaces": "ok",
        "mdns": "ok",
        "policy": "ok",
        "clock": "skip",
        "store": "ok",
        "peers": "warn",
    }


@pytest.mark.parametrize(
    ("shown", "name", "level", "said"),
    [
        ({"port": 0}, "listen", "fail", "no port"),
        ({"port": 5000}, "listen", "warn", "was taken"),
        ({"interfaces": usable()}, "interfaces", "fail", "no interface is up"),
        ({"interfaces": usable(ignored=("docker0",))}, "interfaces", "fail", "docker0"),
        (
            {"interfaces": usable("eth0", ignored=("docker0", "docker0"))},
            "interfaces",
            "ok",
            "ignored: docker0",
        ),
        ({"trouble": "mDNS is off"}, "mdns", "warn", "mDNS is off"),
    ],
)
def test_what_may_be_wrong_with_the_network(shown: dict[str, Any], name: str, level: str, said: str) -> None:
    check = report(Company().hire("ann"), **shown)[name]
    assert check.level == level
    assert said in check.text
    assert (check.cure is None) == (level == "ok")


def test_who_advertises_nothing_is_told_so() -> None:
    ann = Company().hire("ann", settings=Settings(visible="nobody"))
    assert "not advertising" in report(ann)["mdns"].text
    bob = Company().hire("bob", settings=Settings(visible="team"))
    assert "teams alone" in report(bob)["mdns"].text


def test_interfaces_that_a_policy_leaves_unused() -> None:
    ann = Company().hire("ann", policy=machine_policy({"interfaces": ["wg0"]}, "/p.toml"))
    check = report(ann, interfaces=usable(ignored=("eth0",)))["interfaces"]
    assert (check.level, check.cure) == (
        "fail",
        "interfaces is set to wg0 by the machine policy (/p.toml).",
    )


@pytest.mark.parametrize(
    ("teams", "level", "said"),
    [
        ({}, "ok", "no rules"),
        (
            {"dev": {"files": False, "retention_days": 9}},
            "ok",
            "in force: files, retention_days (p2pim policy)",
        ),
        (
            {"dev": {"holograms": True, "files": "no"}},
            "warn",
            "rules that this version does not understand: files (team dev), holograms (team dev)",
        ),
        (
            {"dev": {"minimum_version": "99"}},
            "warn",
            f"this is p2pim {__version__}, and minimum_version is set to 99 by the policy of team dev.",
        ),
    ],
)
def test_the_policy_in_force(teams: dict[str, Any], level: str, said: str) -> None:
    ann = Company().hire("ann")
    ann.me.set_team_policies(teams)
    check = report(ann)["policy"]
    assert (check.level, check.text) == (level, said)
    assert check.cure == ("update p2pim" if level == "warn" else None)


@pytest.mark.parametrize(
    ("off", "level", "said"),
    [
        (SKEW_MS - 1000, "ok", "599.0 s"),
        (11 * 60_000, "warn", "11 min behind"),
        (-5 * HOUR, "warn", "5.0 h ahead of"),
        (72 * HOUR, "warn", "3.0 days behind"),
    ],
)
def test_a_clock_is_compared_with_the_peers(off: int, level: str, said: str) -> None:
    company = Company()
    ann, bob = company.hire("ann"), company.hire("bob")
    bob.clock.skew_ms = off
    company.latency = lambda: 0.0  # type: ignore[method-assign]
    company.meet(ann, bob)
    checks = report(ann)
    assert (checks["clock"].level, checks["peers"].level) == (level, "ok")
    assert said in checks["clock"].text


@pytest.mark.parametrize(
    ("mine", "bobs", "level", "said"),
    [
        (0, 0, "ok", "of 2 peers"),
        (0, 24 * HOUR, "warn", "this one is right; that of "),
        (0, -3 * HOUR, "warn", "is 3.0 h behind"),
        (24 * HOUR, 0, "warn", "this clock is 24.0 h ahead of those of most others"),
    ],
)
def test_of_three_clocks_the_one_that_is_off_is_named(mine: int, bobs: int, level: str, said: str) -> None:
    company = Company()
    ann, bob, cleo = (company.hire(name) for name in ("ann", "bob", "cleo"))
    ann.clock.skew_ms, bob.clock.skew_ms = mine, bobs
    company.latency = lambda: 0.0  # type: ignore[method-assign]
    company.meet(ann, bob)
    company.meet(ann, cleo)
    check = report(ann)["clock"]
    assert check.level == level
    assert said in check.text


def test_a_store_that_cannot_be_written_or_is_damaged() -> None:
    ann = Company().hire("ann")
    ann.disk.execute("PRAGMA writable_schema = ON")
    ann.disk.execute("UPDATE sqlite_schema SET rootpage = 2 WHERE name = 'messages_order'")
    ann.disk.execute("PRAGMA writable_schema = RESET")
    assert report(ann)["store"].level == "fail"
    ann.me.disk.writable = False
    check = report(ann)["store"]
    assert (check.level, "free some space" in str(check.cure)) == ("fail", True)


@pytest.mark.parametrize(
    ("named", "others", "level"),
    [((), ("docker0",), "ok"), (("eth0",), ("docker0",), "ok"), (("eth0",), ("wlan0", "docker0"), "warn")],
)
def test_an_interface_that_the_setting_leaves_out(
    named: tuple[str, ...], others: tuple[str, ...], level: str
) -> None:
    ann = Company().hire("ann", settings=Settings(interfaces=named))
    check = report(ann, interfaces=usable("eth0", ignored=others))["interfaces"]
    assert check.level == level
    assert ("leaves out wlan0" in check.text) == (level == "warn")
    company = Company()
    bob, cleo = company.hire("bob", settings=Settings(interfaces=named)), company.hire("cleo")
    company.meet(bob, cleo)
    shown = usable("eth0", ignored=others)
    assert report(bob, interfaces=shown)["interfaces"].level == "ok"
    there = frozenset({ip_address("10.0.5.1")})
    assert report(bob, interfaces=shown, links=there)["interfaces"].level == level
