"""What can be looked up about a team or room: who is meant, which rules hold, who did what. Changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from p2pim.errors import AmbiguousTarget
from p2pim.node import audit
from p2pim.node.people import MIN_PREFIX
from p2pim.protocol.authority import PolicyValue
from p2pim.protocol.controlset import ControlSet
from p2pim.protocol.identity import PeerId, short_id
from p2pim.protocol.message import RoomId

if TYPE_CHECKING:
    from p2pim.node.node import Node


class Roster:
    """Read-only use cases about governed rooms."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def find_member(self, room_id: RoomId, target: str) -> PeerId:
        """Who is meant by a name or the beginning of an id: a member, met or not, else anybody known.

        Raises:
            UnknownTarget, AmbiguousTarget: the text says what to do.
        """
        wanted = target.strip().removeprefix("@").casefold()
        room = self._node.room(room_id)
        members = self._node.teams.members(room_id if room.parent is None else room.parent)
        named = [
            m.peer_id for m in members if wanted and wanted in (m.name.casefold(), m.certified.casefold())
        ]
        by_id = [
            m.peer_id for m in members if len(wanted) >= MIN_PREFIX and short_id(m.peer_id).startswith(wanted)
        ]
        for found in (named, by_id):
            if len(found) == 1:
                return found[0]
            if found:
                several = ", ".join(sorted(short_id(peer_id) for peer_id in found))
                raise AmbiguousTarget(f"{target} could be any of: {several}. Use one of these ids.")
        return self._node.people.find(target)

    def policy(self, room_id: RoomId) -> tuple[dict[str, PolicyValue], int]:
        """The rules in force, and how often they were set."""
        authority = self._node.rooms.authority(room_id)
        return dict(authority.policy), authority.policy_gen

    def log(self, room_id: RoomId, verify: bool) -> audit.Log:
        """Who did what in a team or room.

        Args:
            verify: read everything from the disk again, and check every hash, signature and parent.
        """
        control, faults = self._node.rooms.control(room_id), None
        if verify or control is None:
            room = self._node.room(room_id)
            control = ControlSet(room_id, self._node.rooms.control(room.parent) if room.parent else None)
            faults = tuple(audit.check(control, self._node.store.control.stored(room_id)))
        told = audit.lines(control, self._node.clock.wall_ms(), self._node.people.name)
        return audit.Log(tuple(told), audit.fingerprint(control), faults)
