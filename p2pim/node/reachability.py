"""Both directions between this machine and those it is linked with: a Link proves one of them only.

Whether we can be connected to others find out for us; whether they can, we try. Where an address of several works, the
others do not matter. What nobody could try is said to be unknown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Final

from p2pim.node.events import Check
from p2pim.node.firewall import cure
from p2pim.node.net.address import Endpoint
from p2pim.node.session import Session
from p2pim.protocol.callback import CONNECTED, NO_ANSWER, NO_WAY, REFUSED
from p2pim.protocol.identity import PeerId

if TYPE_CHECKING:
    from p2pim.node.node import Node

#: Others that are asked, and that are tried.
ASKED: Final = 3
TRIED: Final = 16
#: Seconds that others have to try and to answer.
ANSWER_SECONDS: Final = 4.5

_SAID: Final = {
    REFUSED: ("was refused", "nothing listens there, or a firewall refuses it"),
    NO_ANSWER: ("got no answer", "a firewall drops it"),
    NO_WAY: ("found no way", "no route leads there, or a firewall forbids it"),
}

Probe = Callable[[Sequence[Endpoint]], Coroutine[Any, Any, list[int]]]


async def examine(node: Node, probe: Probe) -> list[Check]:
    """A line for each direction, or for each person with whom it does not work."""
    inbound, outbound = await asyncio.gather(_inbound(node), _outbound(node, probe))
    return inbound + outbound


def _sessions(node: Node) -> dict[PeerId, Session]:
    """One Link to each of those who are linked."""
    return {session.link.peer_id: session for session in node.sync.sessions.values()}


# -- to us


async def _inbound(node: Node) -> list[Check]:
    endpoints = [Endpoint(host, port) for host, port in node.addresses()]
    answers: dict[PeerId, asyncio.Future[Sequence[int] | None]] = {}
    for peer_id, session in _sessions(node).items():
        answer = asyncio.get_running_loop().create_future()
        if len(answers) < ASKED and node.callbacks.ask(session, node.addresses(), _settling(answer)):
            answers[peer_id] = answer
    if answers:
        await asyncio.wait(answers.values(), timeout=ANSWER_SECONDS)
    found = {
        peer_id: dict(zip(endpoints, outcomes, strict=False))
        for peer_id, answer in answers.items()
        if answer.done() and (outcomes := answer.result()) is not None
    }
    good, bad = _sorted(found)
    if not good and not bad:
        why = "nobody you know is connected who could try to connect to here"
        if answers:
            why = "who was asked has not tried to connect to here (not more often than a few times a minute)"
        return [Check("inbound", "skip", f"unknown: {why}")]
    checks = [
        _trouble("inbound", f"the connection of {node.people.name(p)} to {worst}", outcome, "here", node)
        for p, (worst, outcome) in bad.items()
    ]
    if good:
        checks.insert(0, Check("inbound", "ok", f"open to {_names(node, good)}"))
    return checks


def _settling(answer: asyncio.Future[Sequence[int] | None]) -> Callable[[Sequence[int] | None], None]:
    return lambda outcomes: None if answer.done() else answer.set_result(outcomes)


# -- from us


async def _outbound(node: Node, probe: Probe) -> list[Check]:
    where = {
        peer_id: endpoints
        for peer_id in _sessions(node)
        if peer_id != node.peer_id
        and (endpoints := [Endpoint(*where) for where in node.routes.endpoints_of(peer_id)])
    }
    tried = dict(list(where.items())[:TRIED])
    outcomes = await asyncio.gather(*(probe(endpoints) for endpoints in tried.values()))
    found = {
        peer_id: dict(zip(endpoints, row, strict=True))
        for (peer_id, endpoints), row in zip(tried.items(), outcomes, strict=True)
    }
    good, bad = _sorted(found)
    checks = [
        _trouble("outbound", f"the connection to {node.people.name(p)} at {worst}", outcome, "there", node)
        for p, (worst, outcome) in bad.items()
    ]
    if good:
        checks.insert(0, Check("outbound", "ok", f"open to {_names(node, good)}"))
    return checks or [
        Check("outbound", "skip", "unknown: nobody is connected who has told where they can be reached")
    ]


# -- in words


def _sorted(
    found: dict[PeerId, dict[Endpoint, int]],
) -> tuple[list[PeerId], dict[PeerId, tuple[Endpoint, int]]]:
    """With whom a connection can be made; of the others the address that failed in the most telling way."""
    good, bad = [], {}
    for peer_id, outcomes in found.items():
        failed = [(e, o) for e, o in outcomes.items() if o in _SAID]
        if CONNECTED in outcomes.values():
            good.append(peer_id)
        elif failed:
            bad[peer_id] = min(failed, key=lambda item: item[1])
    return good, bad


def _trouble(name: str, what: str, outcome: int, where: str, node: Node) -> Check:
    happened, why = _SAID[outcome]
    text = f"{what} {happened}: {why}, {where} or on the way"
    if where == "here":
        return Check(
            name, "warn", text, f"{cure(node.port or 0)}; until then only who is open to you can be connected"
        )
    return Check(name, "warn", text, "run p2pim doctor on that machine: it says what to do there")


def _names(node: Node, peers: Sequence[PeerId]) -> str:
    shown = sorted(node.people.name(peer_id) for peer_id in peers[:ASKED])
    more = len(peers) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
