"""Rooms: a room is a grow-only set of signed messages (SPEC section 8).

Two kinds need no control set. A **DM** belongs to two identities and is named by both. The **lobby** belongs to
everyone on the open network and is direct only: between two machines travels what their two owners wrote, nothing else.
The others have one (SPEC section 12) and are named by its first message: a **team** (whose own messages are its water
cooler), a **channel** open to a team, a private **group**.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from p2pim.protocol.identity import PeerId, digest
from p2pim.protocol.message import FIRST_CONTROL_KIND, Header, RoomId

LOBBY: Final[RoomId] = digest("lobby", b"")
LOBBY_MS: Final = 7 * 24 * 3600 * 1000
LOBBY_PER_AUTHOR: Final = 2_000
LOBBY_TOTAL: Final = 20_000
#: A stranger's first message, in bytes of content.
REQUEST_BYTES: Final = 1024


class RoomKind(IntEnum):
    """What a room is; the numbers are the store's."""

    DM = 1
    LOBBY = 2
    TEAM = 3
    CHANNEL = 4
    GROUP = 5


def dm_room(one: PeerId, other: PeerId) -> RoomId:
    """Id of the DM of two identities, the same seen from either."""
    return digest("dm", min(one, other) + max(one, other))


@dataclass(frozen=True, slots=True)
class Room:
    """A room as one machine knows it: ``peer`` is the other party of a DM, ``parent`` the team it belongs to."""

    id: RoomId
    kind: RoomKind
    peer: PeerId | None = None
    parent: RoomId | None = None

    @property
    def is_governed(self) -> bool:
        """Whether a control set says who belongs to it."""
        return self.kind >= RoomKind.TEAM

    def admits(self, header: Header, me: PeerId) -> bool:
        """Whether a message may be in this room, judged by its own bytes alone."""
        if header.room != self.id or header.kind >= FIRST_CONTROL_KIND:
            return False
        if self.kind is RoomKind.LOBBY:
            return not header.parents
        return self.is_governed or header.author in (me, self.peer)

    def carries(self, author: PeerId, me: PeerId, other: PeerId) -> bool:
        """Whether a message by ``author`` may travel between ``me`` and ``other`` in this room."""
        if self.kind is RoomKind.LOBBY:
            return author in (me, other)
        return self.is_governed or other in (me, self.peer)


def lobby() -> Room:
    """The room of everyone on the open network."""
    return Room(LOBBY, RoomKind.LOBBY)


def dm(me: PeerId, peer: PeerId) -> Room:
    """My DM with ``peer``."""
    return Room(dm_room(me, peer), RoomKind.DM, peer)
