"""Both directions, in words: what works, what does not and why, and what nobody can know."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from p2pim.node.events import Check
from p2pim.node.net.address import Endpoint
from p2pim.node.reachability import examine
from p2pim.protocol.callback import CONNECTED, NO_ANSWER, NO_WAY, NOT_TRIED, REFUSED
from tests.node.company import Colleague, Company
from tests.node.test_routes import Traveller, apart
from tests.node.test_teams import link


def linked(*names: str) -> tuple[Company, list[Colleague]]:
    """The first with all the others, in a team."""
    company = Company()
    team, people, _ = apart(company, *names)
    first, *others = people
    for number, who in enumerate(people, 1):
        Traveller(who, f"10.0.0.{number}", f"172.16.0.{number}")
        who.me.set_nickname(names[number - 1])
    for other in others:
        link(company, other, first, team)
    first.me.port = 26747
    return company, people


def report(company: Company, who: Colleague, outbound: int, *inbound: int) -> list[Check]:
    """Examine it: all that it tries ends so, and what others try so, one after the other, at the second address.

    Returns:
        The lines, less the short ids after names.
    """
    outcomes = iter(inbound)

    async def probe(endpoints: Sequence[Endpoint]) -> list[int]:
        return [outbound] * len(endpoints)

    async def run() -> list[Check]:
        task = asyncio.create_task(examine(who.me, probe))
        for _ in range(5):  # it begins
            await asyncio.sleep(0)
        company.run(1)
        return await task

    def try_all(endpoints: Sequence[Endpoint], tell: Callable[[Sequence[int]], None]) -> None:
        tell([NOT_TRIED] * (len(endpoints) - 1) + [next(outcomes)])

    for machine in company.machines:
        if isinstance(machine, Colleague):
            machine.me.callbacks.try_all = try_all
    return [replace(check, text=re.sub(r" \(\w{8}\)", "", check.text)) for check in asyncio.run(run())]


def test_a_pair_that_is_well() -> None:
    company, (ann, *_) = linked("ann", "bob", "cleo")
    assert report(company, ann, CONNECTED, CONNECTED, CONNECTED) == [
        Check("inbound", "ok", "open to bob, cleo"),
        Check("outbound", "ok", "open to bob, cleo"),
    ]


def test_who_is_closed_to_all_is_told_so_and_what_to_do() -> None:
    company, (ann, *_) = linked("ann", "bob")
    inbound, outbound = report(company, ann, CONNECTED, NO_ANSWER)
    assert (inbound.name, inbound.level) == ("inbound", "warn")
    assert (
        inbound.text
        == "the connection of bob to 172.16.0.1:26747 got no answer: a firewall drops it, here or on the way"
    )
    assert inbound.cure is not None
    assert "26747" in inbound.cure
    assert outbound.level == "ok"


def test_who_is_closed_to_us_is_named() -> None:
    company, (ann, *_) = linked("ann", "bob")
    inbound, outbound = report(company, ann, REFUSED, CONNECTED)
    assert inbound.level == "ok"
    assert (outbound.name, outbound.level) == ("outbound", "warn")
    assert outbound.text == (
        "the connection to bob at 10.0.0.2:26747 was refused: "
        "nothing listens there, or a firewall refuses it, there or on the way"
    )
    assert outbound.cure == "run p2pim doctor on that machine: it says what to do there"


def test_who_is_open_to_some_is_told_of_both() -> None:
    company, (ann, *_) = linked("ann", "bob", "cleo")
    checks = report(company, ann, NO_WAY, CONNECTED, NO_WAY)
    assert [(check.name, check.level) for check in checks] == [
        ("inbound", "ok"),
        ("inbound", "warn"),
        ("outbound", "warn"),
        ("outbound", "warn"),
    ]


def test_what_nobody_could_try_is_unknown() -> None:
    company, (ann, *_) = linked("ann", "bob")
    assert [check.level for check in report(company, ann, NOT_TRIED, NOT_TRIED)] == ["skip", "skip"]
    alone = Company().hire("ann")
    checks = report(company, alone, CONNECTED)
    assert [(check.name, check.level) for check in checks] == [("inbound", "skip"), ("outbound", "skip")]
    assert all(check.text.startswith("unknown: ") for check in checks)


def test_who_has_left_can_tell_nothing() -> None:
    company, (ann, bob) = linked("ann", "bob")
    company.part(ann, bob)
    assert report(company, ann, CONNECTED)[0].level == "skip"
