"""Completeness: whether this machine has all that is known to exist in a room, and which members lack what.

Only what was said counts. With a member it is complete if both ends have said DONE on this Link, no run is under way,
and what either lacked then or was told of since has come; that fingerprints were equal, or that nothing was heard, is
none of it. What cannot be known (how far somebody is who is away, whether there is more that nobody here has heard of)
is not made up; what somebody has shown to have is known after they have left, until a comparison with them ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from p2pim.errors import BadInput
from p2pim.node import events
from p2pim.node.session import Session, SetId
from p2pim.protocol.identity import PeerId
from p2pim.protocol.message import MessageId, RoomId
from p2pim.protocol.records import CONTENT
from p2pim.protocol.room import Room, RoomKind

if TYPE_CHECKING:
    from p2pim.node.node import Node


class Completeness:
    """Read-only, and looked up when somebody asks."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._store = node.store

    def of(self, room_id: RoomId) -> events.Completeness:
        """How complete a room is.

        Raises:
            BadInput: it is the lobby, where each has what others told them directly.
            UnknownTarget: no such room.
        """
        room = self._node.room(room_id)
        if room.kind is RoomKind.LOBBY:
            raise BadInput(
                "In the lobby everybody has what others told them directly: nobody knows the whole of it."
            )
        place = SetId(room.id, CONTENT)
        sessions: dict[PeerId, list[Session]] = {}
        for session in self._node.sync.sessions.values():
            if session.link.peer_id != self._node.peer_id and self._node.sync.sharing.room(session, place):
                sessions.setdefault(session.link.peer_id, []).append(session)
        others = self._others(room)
        shown = {peer: self._shown(room, peer, sessions.get(peer, [])) for peer in others}
        expected = self._store.gaps.missing(room.id, since=self._node.retention.oldest(room))
        missing = expected | set[MessageId]().union(*shown.values())
        members = tuple(self._member(room, peer, sessions.get(peer, []), len(shown[peer])) for peer in others)
        return events.Completeness(
            room.id, _state(len(missing), members), len(missing), not self._node.writable, members
        )

    def _others(self, room: Room) -> Sequence[PeerId]:
        if room.peer is not None:
            return [room.peer]
        return sorted(
            (p for p in self._node.rooms.members(room.id) if p != self._node.peer_id),
            key=lambda p: (self._node.people.name(p).casefold(), p),
        )

    def _shown(self, room: Room, peer: PeerId, sessions: Iterable[Session]) -> set[MessageId]:
        """What somebody has shown to have, now or before they left, and is not here."""
        ids = set[MessageId]().union(*(session.lacking_here(room.id) for session in sessions))
        return self._node.sync.memory.of(peer, room.id).lacking | (ids - self._store.messages.held(list(ids)))

    def _member(
        self, room: Room, peer: PeerId, sessions: list[Session], offers: int
    ) -> events.MemberCompleteness:
        state: events.HowFar
        lacks: int | None
        untaken = self._store.gaps.untaken(room.id, self._node.peer_id, peer)
        if not sessions:
            # What others wrote may be lacking there too: only what is known to is counted.
            cut_off = self._node.sync.memory.of(peer, room.id).cut_off
            state, lacks = "cut off" if cut_off else "away", len(untaken) or None
        elif not all(session.is_compared(room.id) for session in sessions):
            state, lacks = "comparing", None
        else:
            lacks = len(untaken.union(*(s.lacking_there.get(room.id, ()) for s in sessions)))
            state = "behind" if lacks else "complete"
        return events.MemberCompleteness(
            peer,
            self._node.people.name(peer),
            state,
            lacks,
            offers,
            self._node.people.contact(peer).last_seen_ms,
        )


def _state(missing: int, members: Iterable[events.MemberCompleteness]) -> events.RoomState:
    states = {member.state for member in members}
    if missing:
        return "missing"
    if "comparing" in states:
        return "comparing"
    if "cut off" in states:
        return "unfinished"
    return "complete" if states - {"away"} else "alone"
