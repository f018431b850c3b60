"""The lobby fades: what is a week old, or more than the lobby keeps of one author or in all, goes and stays gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from p2pim.protocol.identity import PeerId
from p2pim.protocol.message import Header
from p2pim.protocol.room import LOBBY_MS

if TYPE_CHECKING:
    from p2pim.node.node import Node

#: Trim each hour, and after this many new messages: strangers must not fill the disk in between.
TRIM_MS: Final = 3600 * 1000
TRIM_AFTER: Final = 200


class Fading:
    """Keeps the lobby within its limits; whoever calls it is in a transaction."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._store = node.store
        self._next_ms = 0
        self._new = 0
        self._floors: dict[PeerId, int] = {}

    def admits(self, header: Header) -> bool:
        """Whether a lobby message is worth keeping: it would otherwise come, be told of and go again and again."""
        return header.clock >= max(self.oldest(), self._floors.get(header.author, 0))

    def oldest(self) -> int:
        """The clock below which nothing is kept."""
        return max(0, self._node.clock.wall_ms() - LOBBY_MS)

    def stored(self) -> None:
        """A lobby message was stored."""
        self._new += 1
        if self._new >= TRIM_AFTER:
            self.trim()

    def tick(self) -> None:
        """Trim when it is time (also after the clock was set back)."""
        now = self._node.clock.wall_ms()
        if not self._next_ms - TRIM_MS <= now < self._next_ms:
            self._next_ms = now + TRIM_MS
            self.trim()

    def trim(self) -> None:
        """Forget what is too old or too much, and note of whom nothing older is to be taken."""
        self._new = 0
        self._store.lobby.trim(self.oldest())
        self._floors = self._store.lobby.floors()
