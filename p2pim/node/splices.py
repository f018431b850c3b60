"""Splices: where neither of two can connect to the other, a team-mate of both carries their Link (SPEC section 16).

What it carries is a connection like any other, encrypted from end to end: it learns that the two talk, when, and how
much. A Link that is carried is given up as soon as a direct one is there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from p2pim.errors import RemoteProtocolError
from p2pim.node.carried import BYTES_BURST, BYTES_PER_SECOND, SpliceTransport
from p2pim.node.link import Link
from p2pim.node.net.limits import TokenBucket
from p2pim.node.networks import FEATURE_SPLICES
from p2pim.node.session import Session
from p2pim.protocol.identity import PeerId
from p2pim.protocol.network import Network
from p2pim.protocol.records import Hello
from p2pim.protocol.splice import (
    ASKED,
    NOT_LINKED,
    OVER,
    PASSED_ON,
    TOO_FAST,
    UNWILLING,
    Spliceclose,
    Splicedata,
    Spliceopen,
)

if TYPE_CHECKING:
    from p2pim.node.node import Node

#: Seconds a team-mate is away before somebody is asked to carry; the end with the higher peer_id waits twice as long.
GRACE: Final = 3.0
#: Seconds until it is tried again, doubled each time, and at most.
FIRST_STEP, LAST_STEP = 4.0, 300.0
#: How many are asked one after the other, and seconds until the next one is.
ASKED_IN_TURN: Final = 3
ATTEMPT: Final = 3.0
#: Seconds for a handshake.
HANDSHAKE: Final = 15.0
#: Splices that are carried for one peer, and in all.
PER_PEER, IN_ALL = 8, 32
#: The Link below has more than this queued: whoever sends does not keep to what it may send.
MAX_QUEUED: Final = 1024 * 1024


@dataclass
class Passage:
    """One direction of a splice that is carried here: where it goes on, and under which number."""

    to: Session
    number: int
    allowance: TokenBucket


@dataclass
class Absence:
    """Somebody who should be here by their record, and when to try next."""

    news: int
    due: float
    step: float = FIRST_STEP
    #: Who may carry is asked in turn, and so many of them since the last pause.
    turn: int = 0
    tried: int = 0


class Splices:
    """Asking to be carried, being led to, and carrying."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._absent: dict[PeerId, Absence] = {}
        self._mine: dict[SpliceTransport, None] = {}
        #: Whether anybody is asked at all.
        self.asks = True

    def takers(self) -> dict[type[Any], Callable[[Session, Any], None]]:
        """Which records are for us."""
        return {Spliceopen: self.opened, Splicedata: self.data, Spliceclose: self.closed}

    def link_up(self, session: Session, hello: Hello) -> None:
        """Whether a Link can carry others: not if it is carried itself."""
        session.splicing.able = FEATURE_SPLICES in hello.features and session.link.via is None

    def link_down(self, session: Session) -> None:
        """What it carried is over."""
        for number in list(session.splicing.ends):
            self._end(session, number, NOT_LINKED)

    def tick(self) -> None:
        """Once a second: time passes for what is carried for us; ask for those who are away."""
        now = self._node.clock.monotonic()
        for transport in list(self._mine):
            if not transport.link.ready and now > transport.opened_at + HANDSHAKE:
                transport.link.abort("handshake too slow")
            elif now >= transport.link.connection.deadline():
                transport.link.tick(now)
        if self.asks:
            self._look_for_absent(now)

    # -- asking

    def _look_for_absent(self, now: float) -> None:
        wall, news = self._node.clock.wall_ms(), dict[PeerId, int]()
        for key, route in self._node.routes.held().items():
            if route.is_current(wall) and route.addresses:
                news[key.peer_id] = max(news.get(key.peer_id, 0), route.seq)
        here = {link.peer_id for link in self._node.sync.sessions} | {self._node.peer_id}
        for peer_id in [p for p in self._absent if p in here or p not in news]:
            del self._absent[peer_id]
        for peer_id, seq in news.items():
            if peer_id not in here:
                self._miss(peer_id, seq, now)

    def _miss(self, peer_id: PeerId, seq: int, now: float) -> None:
        absence = self._absent.get(peer_id)
        if absence is None or absence.news != seq:
            patience = GRACE * (1 if self._node.peer_id < peer_id else 2)
            self._absent[peer_id] = Absence(seq, now + patience)
        elif now >= absence.due and not self._node.people.contact(peer_id).blocked:
            carriers = [s for s in self._node.sync.sessions.values() if self._could_carry(s, peer_id)]
            if absence.tried < min(ASKED_IN_TURN, len(carriers)):
                self._open(carriers[absence.turn % len(carriers)], peer_id)
                absence.turn, absence.tried, absence.due = absence.turn + 1, absence.tried + 1, now + ATTEMPT
            else:
                absence.tried, absence.due = 0, now + absence.step
                absence.step = min(2 * absence.step, LAST_STEP)

    def _could_carry(self, session: Session, peer_id: PeerId) -> bool:
        other = session.link.peer_id
        return session.splicing.able and self._node.rooms.share_a_team(self._node.peer_id, other, peer_id)

    def _open(self, session: Session, peer_id: PeerId) -> None:
        if (network := self._node.nets.common_with(peer_id)) is not None:
            number = self._new_number(session)
            session.link.send(Spliceopen(number, ASKED, peer_id))
            self._make(session, number, network)

    def _make(self, session: Session, number: int, network: Network | None) -> None:
        """A Link over a splice; ``network``: the one to dial in, None if the other end dials."""
        clock = self._node.clock.monotonic

        def over() -> None:
            self._mine.pop(transport, None)
            session.splicing.ends.pop(number, None)

        transport = SpliceTransport(session, number, clock, over)
        session.splicing.ends[number] = transport
        self._mine[transport] = None
        connection = self._node.connection(network is not None, network)
        transport.link = Link(connection, transport, self._node, via=session.link.peer_id)

    @staticmethod
    def _new_number(session: Session) -> int:
        """The dialler's are odd, so that the two ends never choose the same."""
        session.splicing.last += 2
        return session.splicing.last + session.link.initiator

    # -- being asked

    def opened(self, session: Session, record: Spliceopen) -> None:
        """Somebody wants to be carried, or is led here.

        Raises:
            RemoteProtocolError: the number is ours to choose, or in use.
        """
        if record.number % 2 == session.link.initiator or record.number in session.splicing.ends:
            raise RemoteProtocolError("the number of a splice that is not theirs to choose")
        code = UNWILLING
        if not session.splicing.opened.take(self._node.clock.monotonic()):
            pass  # a handshake costs whom it leads to
        elif record.kind == ASKED:
            code = self._carry(session, record)
        elif record.kind == PASSED_ON and self._is_welcome(session, record.peer):
            self._make(session, record.number, None)
            code = OVER
        if code != OVER:
            self._say_closed(session, record.number, code)

    def _is_welcome(self, session: Session, peer_id: PeerId) -> bool:
        here = self._node.is_linked_directly(peer_id)
        return self._could_carry(session, peer_id) and not here and len(session.splicing.ends) < IN_ALL

    def _carry(self, session: Session, record: Spliceopen) -> int:
        node, opener = self._node, session.link.peer_id
        willing = node.policy.switch("relay", node.settings.relay) and session.splicing.able
        if not willing or not node.rooms.share_a_team(node.peer_id, opener, record.peer):
            return UNWILLING
        carried = sum(isinstance(end, Passage) for end in session.splicing.ends.values())
        if carried >= PER_PEER or self._carried() >= IN_ALL:
            return UNWILLING
        sessions = node.sync.sessions.values()
        there = next((s for s in sessions if s.link.peer_id == record.peer and s.splicing.able), None)
        if there is None or there is session:
            return NOT_LINKED
        number = self._new_number(there)
        session.splicing.ends[record.number] = self._passage(there, number)
        there.splicing.ends[number] = self._passage(session, record.number)
        there.link.send(Spliceopen(number, PASSED_ON, opener))
        node.sync.touch(there)
        return OVER

    def _carried(self) -> int:
        sessions = self._node.sync.sessions.values()
        return sum(isinstance(end, Passage) for s in sessions for end in s.splicing.ends.values()) // 2

    def _passage(self, to: Session, number: int) -> Passage:
        allowance = TokenBucket(2 * BYTES_PER_SECOND, 2 * BYTES_BURST, self._node.clock.monotonic())
        return Passage(to, number, allowance)

    # -- what passes

    def data(self, session: Session, record: Splicedata) -> None:
        """Bytes for us, or for somebody else."""
        end = session.splicing.ends.get(record.number)
        if isinstance(end, SpliceTransport):
            end.received(record.data)
        elif end is not None:
            allowed = end.allowance.take(self._node.clock.monotonic(), cost=len(record.data))
            if not allowed or end.to.link.queued > MAX_QUEUED:
                self._say_closed(session, record.number, TOO_FAST)
                self._end(session, record.number, TOO_FAST)
                return
            end.to.link.send(Splicedata(end.number, record.data))
            self._node.sync.touch(end.to)

    def closed(self, session: Session, record: Spliceclose) -> None:
        """One is over."""
        self._end(session, record.number, record.code)

    def _end(self, session: Session, number: int, code: int) -> None:
        """Nothing more comes by this Link for a splice."""
        end = session.splicing.ends.pop(number, None)
        if isinstance(end, SpliceTransport):
            end.ended()
        elif end is not None and end.to.splicing.ends.pop(end.number, None) is not None:
            self._say_closed(end.to, end.number, code)

    def _say_closed(self, session: Session, number: int, code: int) -> None:
        session.link.send(Spliceclose(number, code))
        self._node.sync.touch(session)
