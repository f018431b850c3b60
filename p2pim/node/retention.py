"""Retention: what is older than a policy allows to be kept is erased here, on time, and is not taken in again.

The header of a message stays, so that nothing that refers to it breaks, and counts as held: others offer it no more.
The rules of a team are about its own rooms, that of the machine about every room.

What a team's rules have erased follows from its control set and the time alone (SPEC section 12.7): all its members
come to have erased the same, whoever was away meanwhile. It is one number for a room, the clock below which nothing is
kept.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from p2pim.protocol.authority import DAY_MS, RETENTION, Authority
from p2pim.protocol.message import LASTING, Header, Message
from p2pim.protocol.room import Room

if TYPE_CHECKING:
    from p2pim.node.node import Node

#: Look this often, and at once when a rule changed or the clock was set.
EVERY_MS: Final = 600 * 1000


class Retention:
    """Whoever calls it is in a transaction."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._store = node.store
        self._next_ms = 0

    def oldest(self, room: Room) -> int:
        """The clock below which no content of a room is kept."""
        now = self._node.clock.wall_ms()
        days = self._node.policies.machine.values.get(RETENTION)
        oldest = now - days * DAY_MS if isinstance(days, int) else 0
        if (rules := self._rules(room)) is not None:
            oldest = max(oldest, rules.expired_below(now))
        return max(0, oldest)

    def covers(self, room: Room, header: Header) -> bool:
        """Whether a message is too old to be kept with its content."""
        return header.kind not in LASTING and header.clock < self.oldest(room)

    def explains(self, room: Room, header: Header) -> bool:
        """Whether a rule of the team, in force or not, may be why a message comes without its content."""
        return self.covers(room, header) or header.clock < self._explained_below(room)

    def _explained_below(self, room: Room) -> int:
        rules = self._rules(room)
        return 0 if rules is None else rules.maybe_expired_below(self._node.clock.wall_ms())

    def _rules(self, room: Room) -> Authority | None:
        """What the team of a room has decided; None where there is none, or what founded it is damaged here."""
        team = room.parent if room.parent is not None else room.id
        if self._node.rooms.control(room.id) is None or self._node.rooms.control(team) is None:
            return None
        return self._node.rooms.authority(team)

    def trimmed(self, room: Room, message: Message) -> Message:
        """A message as it may be kept: without its content, if that is too old."""
        return dataclasses.replace(message, content=None) if self.covers(room, message.header) else message

    def soon(self) -> None:
        """A rule changed, or more: look again at the next tick."""
        self._next_ms = 0

    def tick(self) -> None:
        """Erase what has become too old; ask for what is not."""
        now = self._node.clock.wall_ms()
        if self._next_ms - EVERY_MS <= now < self._next_ms:
            return
        self._next_ms = now + EVERY_MS
        for room in self._store.messages.rooms():
            self._erase(room)
            self._node.delivery.take_stubs(
                self._store.followers.stubs_below(room.id, self._explained_below(room))
            )
            self._node.refill.look(room)

    def _erase(self, room: Room) -> None:
        if self._store.standing.expire(room.id, self.oldest(room)):
            self._node.changes.many(room.id)
