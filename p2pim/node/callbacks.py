"""Call-backs: whether others can connect to this machine only others can find out (SPEC section 15).

A firewall that keeps others out lets our own connections go, so a Link proves one direction only. Whoever asks is tried
at the address it is linked from and at those of its own signed record, so that nobody can be sent to look at others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from p2pim.node.net.address import Endpoint, canonical
from p2pim.node.networks import FEATURE_CALLBACKS
from p2pim.node.session import Session
from p2pim.protocol.callback import NOT_TRIED, Callback, Called
from p2pim.protocol.records import Hello
from p2pim.protocol.route import MAX_ADDRESSES

if TYPE_CHECKING:
    from p2pim.node.node import Node

#: Outcomes, one for each address that was asked about; None if no answer came.
Report = Callable[[Sequence[int] | None], None]
#: Tries to connect to each, and tells what became of it.
TryAll = Callable[[Sequence[Endpoint], Callable[[Sequence[int]], None]], None]


def _try_nothing(endpoints: Sequence[Endpoint], report: Callable[[Sequence[int]], None]) -> None:
    report([NOT_TRIED] * len(endpoints))


class Callbacks:
    """Both sides of it."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._number = 0
        self._awaited: dict[int, tuple[Session, Report]] = {}
        #: Set by whoever runs the network.
        self.try_all: TryAll = _try_nothing

    def takers(self) -> dict[type[Any], Callable[[Session, Any], None]]:
        """Which records are for us."""
        return {Callback: self.asked, Called: self.answered}

    def link_up(self, session: Session, hello: Hello) -> None:
        """Whether the other end can be asked."""
        session.calling.able = FEATURE_CALLBACKS in hello.features

    def link_down(self, session: Session) -> None:
        """Nothing more will be answered on a Link."""
        for number, (asked, report) in list(self._awaited.items()):
            if asked is session:
                del self._awaited[number]
                report(None)

    # -- asking

    def ask(self, session: Session, endpoints: Sequence[tuple[str, int]], report: Report) -> bool:
        """Ask the other end of a Link to try these addresses of ours; returns whether it can be asked."""
        addresses = [(ip_address(host).packed, port) for host, port in endpoints[:MAX_ADDRESSES]]
        if not (session.calling.able and addresses):
            return False
        self._number += 1
        self._awaited[self._number] = session, report
        session.link.send(Callback(self._number, addresses))
        session.link.flush()
        return True

    def answered(self, session: Session, record: Called) -> None:
        """What became of the tries we asked for."""
        asked, report = self._awaited.get(record.number, (None, None))
        if asked is session and report is not None:
            del self._awaited[record.number]
            report(record.outcomes)

    # -- being asked

    def asked(self, session: Session, record: Callback) -> None:
        """The other end wants to know whether it can be reached."""
        endpoints = [Endpoint(str(ip_address(address)), port) for address, port in record.addresses]
        outcomes = dict.fromkeys(endpoints, NOT_TRIED)
        may = self._may_try(session) if session.calling.asked.take(self._node.clock.monotonic()) else set()
        tried = [endpoint for endpoint in outcomes if endpoint.host in may]

        def report(found: Sequence[int]) -> None:
            outcomes.update(zip(tried, found, strict=True))
            if session.link in self._node.sync.sessions:
                session.link.send(Called(record.number, [outcomes[endpoint] for endpoint in endpoints]))
                session.link.flush()

        self.try_all(tried, report)

    def _may_try(self, session: Session) -> set[str]:
        """Hosts that the other end has shown to be at, or signed to be at."""
        peer = session.link.peer_id
        if self._node.people.is_stranger(peer) and not self._node.rooms.is_mate(peer):
            return set()
        hosts = {host for host, _ in self._node.routes.endpoints_of(peer)}
        if session.link.address is not None:
            hosts.add(canonical(session.link.address.host))
        return hosts
