"""Multicast and isolation, in words."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_interface
from typing import cast

import pytest

from p2pim.node.events import Check
from p2pim.node.net.address import Endpoint
from p2pim.node.net.book import AddressBook
from p2pim.node.net.discovery.interfaces import Interfaces
from p2pim.node.net.multicast import Heard
from p2pim.node.net.network import Network
from p2pim.node.net.reach import Here
from p2pim.node.surroundings import look_around
from p2pim.protocol.callback import NO_ANSWER, NO_WAY
from tests.node.company import Colleague, Company
from tests.unit.node.test_doctor import usable

WELL = Heard("eth0", own=True, others=True)
QUIET = Heard("eth0", own=True, others=False)
DEAF = Heard("eth0", own=False, others=False)


@dataclass
class Around:
    """As much of a network as is looked at."""

    heard: list[Heard]
    outcome: int = NO_WAY
    interfaces: Interfaces = field(default_factory=lambda: usable("eth0"))

    def __post_init__(self) -> None:
        self.book = AddressBook(bytes)
        self.book.here = Here(
            subnets=(ip_interface("10.0.0.1/24"),), addresses=frozenset({ip_address("10.0.0.1")}), port=26747
        )

    async def listen_around(self) -> list[Heard]:
        return self.heard

    async def probe(self, endpoints: Sequence[Endpoint]) -> list[int]:
        return [self.outcome] * len(endpoints)


def report(who: Colleague, around: Around) -> list[Check]:
    return asyncio.run(look_around(who.me, cast(Network, around)))


def knows(who: Colleague, *hosts: str) -> None:
    with who.me.store.transaction():
        for host in hosts:
            who.me.store.peers.address_worked(host, 26747, bytes(32), 5)


@pytest.mark.parametrize(
    ("heard", "level", "said"),
    [
        ([WELL], "ok", "others are heard by mDNS on eth0"),
        ([QUIET], "skip", "nobody else answered"),
        ([QUIET, DEAF], "warn", "a firewall of this machine drops UDP 5353"),
        ([Heard("eth0", None, False)], "warn", "eth0 carries no multicast"),
        ([], "warn", "eth0 carries no multicast"),
    ],
)
def test_multicast(heard: list[Heard], level: str, said: str) -> None:
    (check,) = report(Company().hire("ann"), Around(heard))
    assert (check.name, check.level) == ("multicast", level)
    assert said in check.text
    assert (check.cure is not None) == (level == "warn")


def test_without_multicast_who_is_connected_needs_none() -> None:
    company = Company()
    ann, bob = company.hire("ann"), company.hire("bob")
    company.meet(ann, bob)
    (check,) = report(ann, Around([]))
    assert (check.level, check.text) == ("skip", "no multicast on eth0")
    (check,) = report(company.hire("cleo"), Around([], interfaces=Interfaces()))
    assert (check.level, check.text) == ("skip", "no network")


def test_nobody_who_was_here_answers_and_nobody_is_heard() -> None:
    ann = Company().hire("ann")
    knows(ann, "10.0.0.2", "10.0.0.1", "10.9.0.1")
    _, check = report(ann, Around([QUIET]))
    assert (check.name, check.level) == ("isolation", "warn")
    assert "(10.0.0.2:26747)" in check.text


@pytest.mark.parametrize(
    "around",
    [Around([WELL]), Around([DEAF]), Around([QUIET], outcome=NO_ANSWER)],
    ids=["heard", "deaf", "there"],
)
def test_it_does_not_look_like_isolation(around: Around) -> None:
    ann = Company().hire("ann")
    knows(ann, "10.0.0.2")
    assert len(report(ann, around)) == 1


def test_who_knows_nobody_or_is_connected_is_not_isolated() -> None:
    company = Company()
    ann, bob = company.hire("ann"), company.hire("bob")
    assert len(report(ann, Around([QUIET]))) == 1
    knows(ann, "10.0.0.2")
    company.meet(ann, bob)
    assert len(report(ann, Around([QUIET]))) == 1
