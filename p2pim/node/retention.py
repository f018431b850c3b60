"""Retention: what is older than a policy allows to be kept is erased here, on time, and is not taken in again.

The header of a message stays, so that nothing that refers to it breaks, and counts as held: others offer it no more.
The rule of a team is about its own rooms; that of the machine about every room.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from p2pim.protocol.message import Message, RoomId
from p2pim.protocol.room import Room

if TYPE_CHECKING:
    from p2pim.node.node import Node

KEY: Final = "retention_days"
DAY_MS: Final = 24 * 3600 * 1000
#: Look this often, and at once when a rule changed or the clock was set.
EVERY_MS: Final = 600 * 1000


class Retention:
    """Whoever calls it is in a transaction."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._store = node.store
        self._next_ms = 0

    def days(self, room: Room) -> int | None:
        """How long the content of a room is kept; None: as long as the user likes."""
        team = room.parent if room.parent is not None else room.id
        rules = self._node.rooms.rules(team) if room.is_governed else {}
        days: int | None = self._node.policies.with_team(rules).value(KEY)
        return days

    def oldest(self, room: Room) -> int:
        """The clock below which no content of a room is kept."""
        days = self.days(room)
        return 0 if days is None else max(0, self._node.clock.wall_ms() - days * DAY_MS)

    def trimmed(self, room: Room, message: Message) -> Message:
        """A message as it may be kept: without its content, if that is too old."""
        if message.header.clock >= self.oldest(room):
            return message
        return dataclasses.replace(message, content=None)

    def covers(self, room_id: RoomId, clock: int) -> bool:
        """Whether a rule explains that a message comes without its content."""
        room = self._store.messages.room(room_id)
        return room is not None and clock < self.oldest(room)

    def soon(self) -> None:
        """A rule changed: look again at the next tick."""
        self._next_ms = 0

    def tick(self) -> None:
        """Erase what has become too old."""
        now = self._node.clock.wall_ms()
        if self._next_ms - EVERY_MS <= now < self._next_ms:
            return
        self._next_ms = now + EVERY_MS
        for room in self._store.messages.rooms():
            if oldest := self.oldest(room):
                seqs = self._store.standing.expire(room.id, oldest)
                if seqs:
                    self._store.on_commit(lambda r=room.id: self._node.changes.read(r))  # type: ignore[misc]
