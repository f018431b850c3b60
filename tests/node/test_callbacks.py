"""Whether one can be connected to: who asks, who tries, and what nobody can be made to try."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from p2pim.node import networks
from p2pim.node.net.address import Endpoint
from p2pim.node.session import CALLS_BURST, Session
from p2pim.protocol.callback import CONNECTED, NO_ANSWER, NOT_TRIED, Callback, Called
from tests.node.company import Colleague, Company, Puppet
from tests.node.test_routes import Traveller, apart
from tests.node.test_teams import link

HERE = [("10.0.0.2", 26747), ("10.0.0.9", 26747)]


class Tries:
    """Instead of a network: says what it was told to say."""

    def __init__(self, who: Colleague, outcome: int = CONNECTED) -> None:
        self.tried: list[str] = []
        self.outcome = outcome
        who.me.callbacks.try_all = self

    def __call__(self, endpoints: Sequence[Endpoint], report: Callable[[Sequence[int]], None]) -> None:
        self.tried += [endpoint.host for endpoint in endpoints]
        report([self.outcome] * len(endpoints))


def session(who: Colleague, other: Colleague) -> Session:
    (found,) = (s for s in who.me.sync.sessions.values() if s.link.peer_id == other.peer_id)
    return found


def asks(
    company: Company, who: Colleague, other: Colleague, where: list[tuple[str, int]]
) -> list[Sequence[int] | None]:
    """What is heard on a question."""
    heard: list[Sequence[int] | None] = []
    assert who.me.callbacks.ask(session(who, other), where, heard.append)
    company.run(1)
    return heard


def test_a_team_mate_tries_where_we_have_signed_to_be_and_nowhere_else() -> None:
    company = Company()
    team, (ann, bob), _ = apart(company, "ann", "bob")
    Traveller(bob, "10.0.0.2")
    link(company, bob, ann, team)
    tries = Tries(ann, NO_ANSWER)
    assert asks(company, bob, ann, HERE) == [[NO_ANSWER, NOT_TRIED]]
    assert tries.tried == ["10.0.0.2"]


def test_where_a_link_comes_from_is_tried_too() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    session(ann, bob).link.address = Endpoint("10.0.0.9", 40_000)
    Tries(ann)
    assert asks(company, bob, ann, HERE) == [[NOT_TRIED, CONNECTED]]


def test_for_a_stranger_nothing_is_tried() -> None:
    company = Company()
    ann, bob = company.hire("ann"), company.hire("bob")
    company.meet(bob, ann)
    session(ann, bob).link.address = Endpoint("10.0.0.9", 40_000)
    tries = Tries(ann)
    assert asks(company, bob, ann, HERE) == [[NOT_TRIED, NOT_TRIED]]
    assert tries.tried == []


def test_who_asks_too_often_is_told_nothing() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    session(ann, bob).link.address = Endpoint("10.0.0.9", 40_000)
    tries = Tries(ann)
    answers = [asks(company, bob, ann, HERE[1:]) for _ in range(9)]
    assert answers == [[[CONNECTED]]] * int(CALLS_BURST) + [[[NOT_TRIED]]] * (9 - int(CALLS_BURST))
    company.run(25)
    assert asks(company, bob, ann, HERE[1:]) == [[CONNECTED]]
    assert len(tries.tried) == CALLS_BURST + 1


def test_a_question_without_an_answer_ends_with_its_link() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    ann.me.callbacks.try_all = lambda endpoints, report: None
    assert asks(company, bob, ann, HERE) == []
    heard: list[Sequence[int] | None] = []
    bob.me.callbacks.ask(session(bob, ann), HERE, heard.append)
    company.part(ann, bob)
    assert heard == [None]


def test_an_answer_that_comes_when_the_link_is_gone_is_nobodys() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    session(ann, bob).link.address = Endpoint("10.0.0.9", 40_000)
    late: list[Callable[[Sequence[int]], None]] = []
    ann.me.callbacks.try_all = lambda endpoints, report: late.append(report)
    asks(company, bob, ann, HERE[1:])
    company.part(ann, bob)
    late[0]([CONNECTED])


def test_what_nobody_asked_for_is_no_answer() -> None:
    company = Company()
    ann, puppet = company.hire("ann"), company.puppet()
    company.meet(puppet, ann)
    heard: list[Sequence[int] | None] = []
    others = company.hire("bob")
    company.meet(others, ann)
    assert ann.me.callbacks.ask(session(ann, others), HERE, heard.append)
    puppet.say(Called(1, [CONNECTED]), Called(99, []))
    assert heard in ([], [[NOT_TRIED, NOT_TRIED]])
    assert puppet.bye is None


def test_without_a_network_nothing_is_tried() -> None:
    company = Company()
    ann, puppet = company.hire("ann"), company.puppet()
    company.meet(puppet, ann)
    where = [(bytes((10, 0, 0, 2)), 26747)]
    puppet.say(Callback(5, where))
    assert called(puppet) == [(5, [NOT_TRIED])]


def called(puppet: Puppet) -> list[tuple[int, list[int]]]:
    return [(record.number, record.outcomes) for record in puppet.heard(Called)]


def test_who_does_not_know_of_it_and_who_has_no_address_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    assert not bob.me.callbacks.ask(session(bob, ann), [], lambda outcomes: None)
    monkeypatch.setattr(networks, "FEATURE_CALLBACKS", 99)
    cleo = company.hire("cleo")
    company.meet(cleo, ann)
    assert not ann.me.callbacks.ask(session(ann, cleo), HERE, lambda outcomes: None)
