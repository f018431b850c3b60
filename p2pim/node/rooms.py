"""The governed rooms of a node: teams, channels, groups, their control sets, and what follows from them here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from p2pim.config.policy import TEAM_RULES
from p2pim.errors import AmbiguousTarget, NotNow, UnknownTarget
from p2pim.protocol.authority import Authority, PolicyValue
from p2pim.protocol.control import Genesis, Role, RoomType
from p2pim.protocol.controlset import ControlSet, Verdict
from p2pim.protocol.identity import PeerId
from p2pim.protocol.message import Message, MessageId, RoomId
from p2pim.protocol.reconcile import ItemSet, key
from p2pim.protocol.room import Room, RoomKind

if TYPE_CHECKING:
    from p2pim.node.node import Node

KINDS: Final = {
    RoomType.TEAM: RoomKind.TEAM,
    RoomType.CHANNEL: RoomKind.CHANNEL,
    RoomType.GROUP: RoomKind.GROUP,
}
#: Policy keys that name and close a room.
NAME: Final = "name"
ARCHIVED: Final = "archived"
_ID: Final = re.compile("[0-9a-f]{64}")


class Rooms:
    """Mirrors the store's control messages; read again whenever something in the store was taken back."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._store = node.store
        self._sets: dict[RoomId, ControlSet] | None = None
        self._items: dict[RoomId, ItemSet] = {}
        node.store.database.undone = self.forget

    def forget(self) -> None:
        """Something was taken back in the store: what is known here may be wrong."""
        self._sets = None
        self._items.clear()

    @property
    def sets(self) -> dict[RoomId, ControlSet]:
        """Every control set held, by room; teams before what belongs to them.

        A room whose first message is damaged or missing here is none: nothing is known of who may do what there.
        """
        if self._sets is None:
            self._sets = {}
            for room in self._store.messages.rooms():
                if room.is_governed:
                    parent = self._sets.get(room.parent) if room.parent is not None else None
                    control = ControlSet(room.id, parent)
                    control.add_all(self._store.control.of(room.id))
                    if control.genesis is not None:
                        self._sets[room.id] = control
        return self._sets

    @property
    def _now(self) -> int:
        return self._node.clock.wall_ms()

    # -- writing, inside a transaction

    def found(self, genesis: Message, parent: ControlSet | None) -> ControlSet:
        """Take up a room by its first message, which must be fit to be one."""
        control = ControlSet(genesis.id, parent)
        verdict, body = control.judge(genesis)
        assert verdict is Verdict.ENTERS
        assert isinstance(body, Genesis)
        kind = KINDS[RoomType(body.type)]
        self._store.messages.ensure_room(Room(genesis.id, kind, None, body.parent))
        self.sets[genesis.id] = control
        return control

    def add(self, room_id: RoomId, message: Message) -> Verdict:
        """Take a control message into a room that is here, if it may enter."""
        verdict = self.sets[room_id].add(message)
        if verdict is Verdict.ENTERS:
            self._store.control.add(room_id, message, self._now)
            if (items := self._items.get(room_id)) is not None:
                items.add(key(message.header.clock, message.id))
        return verdict

    # -- sets

    def control(self, room_id: RoomId) -> ControlSet | None:
        """The control set of a room, if it is here."""
        return self.sets.get(room_id)

    def items(self, room_id: RoomId) -> ItemSet:
        """What is compared of a control set: all of it, due or not."""
        if (items := self._items.get(room_id)) is None:
            items = ItemSet(key(deed.clock, deed.id) for deed in self.sets[room_id].deeds())
            self._items[room_id] = items
        return items

    def in_order(self, room_id: RoomId, ids: Iterable[MessageId]) -> list[MessageId]:
        """Those of these control messages that are here, ancestors first."""
        return [message.id for message in self.messages(room_id, ids)]

    def messages(self, room_id: RoomId, ids: Iterable[MessageId]) -> list[Message]:
        """The same, themselves."""
        control = self.sets.get(room_id)
        found = [] if control is None else [deed for i in ids if (deed := control.deed(i)) is not None]
        return sorted((deed.message for deed in found), key=lambda m: m.order)

    # -- what they amount to

    def all(self) -> list[Room]:
        """Every governed room, teams first."""
        return [room for room_id in self.sets if (room := self._store.messages.room(room_id)) is not None]

    def children(self, room_id: RoomId) -> list[RoomId]:
        """A room and those that belong to it."""
        return [
            room_id,
            *(i for i, c in self.sets.items() if c.parent is not None and c.parent.room == room_id),
        ]

    def authority(self, room_id: RoomId) -> Authority:
        """What a room's control messages amount to now.

        Raises:
            NotNow: what founded it is damaged or missing here.
        """
        if (control := self.sets.get(room_id)) is None:
            raise NotNow(
                "The message that founded this room is damaged or missing here: p2pim team log --verify tells more. "
                "A new invite code brings it back."
            )
        authority = control.authority(self._now)
        assert authority is not None, "a room is founded by its genesis"
        return authority

    def is_member(self, room_id: RoomId, peer_id: PeerId) -> bool:
        """Whether somebody is to be served a room."""
        control = self.sets.get(room_id)
        return control is not None and control.is_member(peer_id, self._now)

    def members(self, room_id: RoomId) -> list[PeerId]:
        """Who belongs to a room, the highest roles first."""
        return self.authority(room_id).members()

    def role(self, room_id: RoomId, peer_id: PeerId | None = None) -> Role:
        """What somebody (we ourselves) may do in a room."""
        return self.authority(room_id).role(peer_id or self._node.peer_id)

    def names(self, room_id: RoomId, author: PeerId) -> bool:
        """Whether anything ever named somebody there: only then is what they wrote kept."""
        control = self.sets[room_id]
        if control.is_channel and control.parent is not None:
            control = control.parent
        return author in control.ever

    def is_void(self, room: Room, message: Message) -> bool:
        """Whether its author had no right to write it."""
        if not room.is_governed:
            return False
        header = message.header
        return self.authority(room.id).role_at(header.author, header.clock) < Role.MEMBER

    def is_history(self, room: Room, message: Message) -> bool:
        """Whether it was written before we came: nothing that waits to be read."""
        if not room.is_governed:
            return False
        return self.authority(room.id).role_at(self._node.peer_id, message.header.clock) < Role.MEMBER

    def highest(self, room_id: RoomId) -> int:
        """The clock that what we write in a room must follow: of the control sets that govern it, and of our role.

        Our role may begin later than our own clock says it is now.
        """
        control = self.sets[room_id]
        found = [0]
        for one in (control, control.parent):
            if one is not None and (authority := one.authority()) is not None:
                steps = authority.timelines.get(self._node.peer_id, ())
                found += [one.highest(self._now), *(step.start for step in steps[-1:])]
        return max(found)

    def name(self, room_id: RoomId) -> str:
        """What a room is called."""
        return self.authority(room_id).name or f"unnamed {room_id.hex()[:8]}"

    def check_may_write(self, room_id: RoomId) -> None:
        """Raise NotNow where we may not write."""
        if self.role(room_id) < Role.MEMBER:
            raise NotNow(
                f"You are not a member of {self.name(room_id)} (any more): nobody would take what you write."
            )
        if self.authority(room_id).policy.get(ARCHIVED) is True:
            raise NotNow(f"#{self.name(room_id)} is archived: it can be read, not written to.")

    # -- people

    def teams(self) -> list[RoomId]:
        """The teams that are here, those left or lost included."""
        return [room.id for room in self.all() if room.kind is RoomKind.TEAM]

    def mine(self) -> list[RoomId]:
        """The teams we are in."""
        return [team for team in self.teams() if self.role(team) >= Role.MEMBER]

    def rules(self, team: RoomId) -> dict[str, PolicyValue]:
        """The rules of a team that bind the machines of its members."""
        return {k: v for k, v in self.authority(team).policy.items() if k in TEAM_RULES}

    def is_mate(self, peer_id: PeerId) -> bool:
        """Whether somebody is in a team with us."""
        return any(self.authority(team).is_member(peer_id) for team in self.mine())

    def share_a_team(self, *peers: PeerId) -> bool:
        """Whether all of these are in one team of ours, whatever is still to come."""
        return any(all(self.is_member(team, peer) for peer in peers) for team in self.mine())

    def common(self, peer_id: PeerId) -> set[PeerId]:
        """Everybody in a team that somebody is in with us, both included."""
        teams = (team for team in self.mine() if self.is_member(team, peer_id))
        return set[PeerId]().union(*(self.authority(team).everybody for team in teams))

    def mates(self) -> set[PeerId]:
        """Everybody else in our teams."""
        everybody = (self.authority(team).everybody for team in self.mine())
        return set[PeerId]().union(*everybody) - {self._node.peer_id}

    def certified_name(self, peer_id: PeerId) -> str:
        """What a team of ours certifies somebody is called; "" where none does."""
        named = (self.authority(team) for team in self.mine())
        return next((a.names[peer_id] for a in named if peer_id in a.names and a.is_member(peer_id)), "")

    # -- who is meant

    def find(self, wanted: str) -> RoomId:
        """The room meant by "name" or "team/name", with or without # before it, or by its id.

        Raises:
            UnknownTarget: none; the text says which there are.
            AmbiguousTarget: several.
        """
        wanted = wanted.strip().removeprefix("#")
        folded = wanted.casefold()
        if _ID.fullmatch(folded):
            room = self._store.messages.room(bytes.fromhex(folded))
            if room is not None and room.is_governed:
                return room.id
        paths = {room.id: self.paths(room) for room in self.all()}
        found = [room_id for room_id, names in paths.items() if folded in (n.casefold() for n in names)]
        mine = [room_id for room_id in found if self.role(room_id) >= Role.MEMBER]
        found = mine or found
        if len(found) == 1:
            return found[0]
        if found:
            several = ", ".join(f"#{paths[room_id][-1]}" for room_id in found)
            raise AmbiguousTarget(f"#{wanted} could be any of: {several}.")
        known = ", ".join(["#lobby", *(f"#{names[0]}" for names in paths.values())])
        raise UnknownTarget(f"There is no room #{wanted} here. Known are: {known}.")

    def names_of_all(self) -> set[str]:
        """Everything by which a room here may be called, in lower case."""
        return {name.casefold() for room in self.all() for name in self.paths(room)}

    def paths(self, room: Room) -> Sequence[str]:
        """The names by which a room may be called, the shortest first."""
        name = self.name(room.id)
        return (name,) if room.parent is None else (name, f"{self.name(room.parent)}/{name}")
