"""Presence: who is here, in which mood, typing where. Ephemeral, but for the user's own choice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

from p2pim.errors import BadInput
from p2pim.node import events
from p2pim.node.session import Session
from p2pim.protocol.identity import PeerId
from p2pim.protocol.message import RoomId
from p2pim.protocol.names import MAX_STATUS_BYTES, own_name, received_status
from p2pim.protocol.records import State
from p2pim.protocol.room import RoomKind

if TYPE_CHECKING:
    from p2pim.node.node import Node

#: In the order of their numbers on the wire.
CHOICES: Final = ("online", "away", "busy", "invisible")
INVISIBLE: Final = 3


class PresenceBoard:
    """The user's own presence and what the others say of theirs."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._store = node.store

    # -- own

    @property
    def own(self) -> tuple[str, str]:
        """(presence, status text) as the user chose them."""
        return self._store.profile("presence") or CHOICES[0], self._store.profile("status")

    def choose(self, presence: str, text: str | None, until_ms: int | None) -> None:
        """The user's choice; ``until_ms``: go back to online then. ``text`` None leaves the text as it is.

        Raises:
            BadInput: no such presence, text too long, or a time that has passed.
        """
        if presence not in CHOICES:
            raise BadInput(f"{presence} is no presence. Choose one of: {', '.join(CHOICES)}.")
        if until_ms is not None and until_ms <= self._node.clock.wall_ms():
            raise BadInput("That time has passed. Give one that is still to come.")
        with self._node.writing():
            self._store.set_profile("presence", presence)
            self._store.set_profile("presence_until", str(until_ms or ""))
            if text is not None:
                self._store.set_profile("status", own_name(text, MAX_STATUS_BYTES))
            self._store.on_commit(self._tell_all)

    def set_nickname(self, name: str) -> None:
        """The user's own name; "" goes by the short id.

        Raises:
            BadInput: too long or with invisible characters.
        """
        name = own_name(name)
        with self._node.writing():
            self._store.set_profile("nickname", name)
            self._store.on_commit(self._tell_all)

    def tick(self) -> None:
        """Go back to online once the chosen time is over."""
        until = self._store.profile("presence_until")
        if until and int(until) <= self._node.clock.wall_ms():
            self.choose(CHOICES[0], "", None)

    def _record(self, typing: RoomId | None = None) -> State:
        presence, text = self.own
        return State(CHOICES.index(presence), text, typing, self._node.nickname)

    def _tell_all(self) -> None:
        for session in self._node.sync.sessions.values():
            self.tell(session)
        self._node.emit(events.ProfileChanged())

    def tell(self, session: Session, typing: RoomId | None = None) -> None:
        """Send our presence on one Link."""
        session.link.send(self._record(typing))
        self._node.sync.touch(session)

    def typing(self, room_id: RoomId) -> None:
        """The user is typing: tell whom it concerns (not while invisible)."""
        if self.own[0] == CHOICES[INVISIBLE]:
            return
        for session in self._node.sync.sessions.values():
            if session.link.peer_id != self._node.peer_id and self._node.sync.shared_room(session, room_id):
                self.tell(session, room_id)
        self._node.sync.flush()

    # -- others

    def received(self, session: Session, record: State) -> None:
        """A peer says how they are."""
        peer_id = session.link.peer_id
        session.slow(
            session.moods, self._node.clock.monotonic()
        )  # each costs everybody who watches this peer
        before, session.state = session.state, record
        if before is None or (before.presence, before.status) != (record.presence, record.status):
            self._store.on_commit(lambda: self._node.peer_changed(peer_id), ("peer", peer_id))
        if record.nickname is not None and self._node.writable and peer_id != self._node.peer_id:
            self._node.people.calls_themselves(peer_id, record.nickname)
        room_id = record.typing
        if room_id is not None and peer_id != self._node.peer_id and record.presence != INVISIBLE:
            room = self._node.sync.shared_room(session, room_id)
            if room is not None and (
                room.kind is RoomKind.LOBBY or not self._node.people.is_stranger(peer_id)
            ):
                self._node.emit(events.Typing(room_id, peer_id))

    def of(self, peer_id: PeerId) -> tuple[events.Presence, str]:
        """(presence, status text) of a peer: offline without a live Link, and when they are invisible.

        Also until they have said how they are: else the invisible would be seen for a moment whenever they come.
        """
        states = [s.state for s in self._node.sync.sessions.values() if s.link.peer_id == peer_id]
        if not states and peer_id in self._node.replaced:
            states = [self._node.replaced[peer_id][1]]
        shown = [state for state in states if state is not None and state.presence != INVISIBLE]
        if not shown:
            return "offline", ""
        newest = shown[-1]
        choice: events.Presence = get_args(events.Presence)[newest.presence]
        return choice, received_status(newest.status)
