"""Whether others can connect to us: who is asked, and what is believed of the answers."""

from __future__ import annotations

from p2pim.node.inbound import AGAIN, SETTLED, Inbound
from p2pim.protocol.callback import CONNECTED, NO_ANSWER
from tests.node.company import Colleague, Company
from tests.node.test_callbacks import Tries
from tests.node.test_routes import Traveller, apart
from tests.node.test_teams import link


def three(company: Company, outcome: int) -> tuple[Colleague, Inbound, list[Tries]]:
    """Cleo has dialled both others, who will say this of how it goes the other way."""
    team, (ann, bob, cleo), _ = apart(company, "ann", "bob", "cleo")
    Traveller(cleo, "10.0.0.3")
    inbound = Inbound(cleo.me)
    for other in (ann, bob):
        link(company, cleo, other, team)
    return cleo, inbound, [Tries(other, outcome) for other in (ann, bob)]


def settles(company: Company, inbound: Inbound, times: int = 4) -> str:
    for _ in range(times):
        company.run(SETTLED + 1)
        inbound.tick()
        company.run(1)
    return inbound.state


def test_one_who_gets_through_is_enough() -> None:
    company = Company()
    _, inbound, tries = three(company, CONNECTED)
    inbound.tick()
    assert inbound.state == "unknown", "the network has a moment to settle"
    assert settles(company, inbound) == "open"
    assert sum(bool(one.tried) for one in tries) == 1


def test_two_who_do_not_get_through_are_believed() -> None:
    company = Company()
    _, inbound, tries = three(company, NO_ANSWER)
    assert settles(company, inbound, 1) == "unknown"
    assert settles(company, inbound) == "blocked"
    assert all(one.tried for one in tries)
    for one in tries:
        one.outcome = CONNECTED
    company.run(AGAIN)
    assert settles(company, inbound) == "open", "the firewall was opened"
    inbound.changed()
    assert inbound.state == "unknown"


def test_who_was_dialled_asks_nobody() -> None:
    company = Company()
    team, (ann, bob), _ = apart(company, "ann", "bob")
    Traveller(ann, "10.0.0.1")
    inbound, tries = Inbound(ann.me), Tries(bob)
    link(company, bob, ann, team)
    assert settles(company, inbound) == "open"
    assert tries.tried == []
