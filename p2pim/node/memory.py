"""What somebody has shown to have of a room, after their Link has ended: it is known to exist, whoever has it."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Final

from p2pim.node.session import Session
from p2pim.protocol.identity import PeerId
from p2pim.protocol.message import MessageId, RoomId
from p2pim.protocol.records import CONTENT
from p2pim.protocol.room import RoomKind

if TYPE_CHECKING:
    from p2pim.node.node import Node

#: Messages remembered of one person in one room; beyond that it is only known that there are more.
MAX_REMEMBERED: Final = 4_096


@dataclass
class Glimpse:
    """What was seen of somebody's room. ``cut_off``: it had not been compared to the end, there may be more."""

    lacking: set[MessageId] = field(default_factory=set)
    cut_off: bool = False


class Memory:
    """In memory only, by person and room; the next comparison with them that ends replaces it."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._seen: dict[tuple[PeerId, RoomId], Glimpse] = {}

    def of(self, peer: PeerId, room: RoomId) -> Glimpse:
        """What is remembered of somebody, less what is here by now."""
        known = self._seen.get((peer, room), Glimpse())
        known.lacking -= self._node.store.messages.held(list(known.lacking))
        return known

    def compared(self, session: Session, room: RoomId) -> None:
        """If both ends of a Link have said what they lack, what the other end has is known anew."""
        if session.is_compared(room):
            self._seen.pop((session.link.peer_id, room), None)

    def link_down(self, session: Session) -> None:
        """Remember what the other end of a Link that has just ended has shown on it."""
        sync, peer = self._node.sync, session.link.peer_id
        if peer == self._node.peer_id:
            return
        for place in sync.sharing.common(session):
            room = sync.sharing.room(session, place)
            if place.set != CONTENT or room is None or room.kind is RoomKind.LOBBY:
                continue
            if self._node.delivery.is_strangers(room):
                continue  # there may be any number of them
            # A newer Link to the same person may have been compared meanwhile.
            theirs = [session, *(s for s in sync.sessions.values() if s.link.peer_id == peer)]
            self._remember(
                peer, room.id, session.lacking_here(room.id), any(s.is_compared(room.id) for s in theirs)
            )

    def _remember(self, peer: PeerId, room: RoomId, lacking: set[MessageId], compared: bool) -> None:
        known = self.of(peer, room)
        lacking = known.lacking | (lacking - self._node.store.messages.held(list(lacking)))
        full = len(lacking) > MAX_REMEMBERED
        known.lacking = set(islice(lacking, MAX_REMEMBERED))
        known.cut_off = known.cut_off or full or not compared
        if known.lacking or known.cut_off:
            self._seen[peer, room] = known
