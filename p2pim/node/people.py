"""The people a node knows: names, trust, requests, blocking, and who is meant by what the user typed."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from p2pim.errors import AmbiguousTarget, BadInput, DecodeError, UnknownTarget
from p2pim.node.session import SetId
from p2pim.protocol.identity import PeerId, decode_peer_id, short_id
from p2pim.protocol.message import RoomId
from p2pim.protocol.names import own_name, received_name, skeleton
from p2pim.protocol.records import CONTENT
from p2pim.protocol.room import LOBBY, dm
from p2pim.protocol.trust import Request, Trust, accepted, compared, shown_name
from p2pim.store.peers import Contact

if TYPE_CHECKING:
    from p2pim.node.node import Node

LOBBY_NAME: Final = "#lobby"
MIN_PREFIX: Final = 4
_ROOM_ID: Final = re.compile("[0-9a-f]{64}")


class People:
    """Use cases about identities; every change is one transaction and one event."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._store = node.store
        self._known: dict[PeerId, Contact] = {}

    def contact(self, peer_id: PeerId) -> Contact:
        """What is known of an identity."""
        if (known := self._known.get(peer_id)) is None:
            known = self._store.peers.get(peer_id)
            self._store.database.on_known(lambda: self._known.__setitem__(peer_id, known))
        return known

    def _change(self, peer_id: PeerId, **changes: Any) -> bool:
        before = self._store.peers.get(peer_id)
        after = replace(before, **changes)
        if after == before and peer_id in self._known:
            return False
        self._store.peers.put(after)
        self._known.pop(peer_id, None)  # read again inside this transaction, remembered after it
        self._store.database.on_known(lambda: self._known.__setitem__(peer_id, after))
        self._store.on_commit(lambda: self._node.peer_changed(peer_id), ("peer", peer_id))
        return True

    def is_stranger(self, peer_id: PeerId) -> bool:
        """Whether the user has neither accepted somebody nor is in a team with them."""
        return self.contact(peer_id).trust is Trust.NEW and not self._node.rooms.is_mate(peer_id)

    def trust(self, contact: Contact) -> Trust:
        """How far somebody is known: what the user did, or what a team says, whichever is more."""
        certified = self._node.rooms.is_mate(contact.peer_id)
        return max(contact.trust, Trust.TEAM) if certified else contact.trust

    def forget_cache(self) -> None:
        """A transaction failed: read contacts from the store again."""
        self._known.clear()

    # -- what peers do

    def met(self, peer_id: PeerId, nickname: str) -> None:
        """A Link with somebody came up."""
        self._change(peer_id, nickname=received_name(nickname), last_seen_ms=self._node.clock.wall_ms())
        if self._store.peers.evict_strangers():
            self._store.database.on_known(self._known.clear)

    def calls_themselves(self, peer_id: PeerId, nickname: str) -> None:
        """Somebody connected chose another name."""
        self._change(peer_id, nickname=received_name(nickname))

    def left(self, peer_id: PeerId) -> None:
        """The last Link with somebody went down."""
        self._change(peer_id, last_seen_ms=self._node.clock.wall_ms())

    def requested(self, peer_id: PeerId) -> None:
        """A stranger left their one message."""
        if self.contact(peer_id).request is Request.NONE:
            self._change(peer_id, request=Request.PENDING)

    def ensure_room(self, peer_id: PeerId) -> None:
        """Have a DM with somebody."""
        room = dm(self._node.peer_id, peer_id)
        if self._store.messages.room(room.id) is None:
            self._store.peers.put(self._store.peers.get(peer_id))
            self._store.messages.ensure_room(room)
            self._store.on_commit(lambda: self._node.machines.tell(peer_id))

    # -- what the user does

    def wrote_to(self, peer_id: PeerId) -> None:
        """Writing to somebody accepts them."""
        if self.contact(peer_id).trust is Trust.NEW or self.contact(peer_id).request is not Request.NONE:
            self.accept(peer_id)

    def accept(self, peer_id: PeerId) -> None:
        """Take messages from somebody from now on, and those they kept back."""
        with self._node.writing():
            self._change(peer_id, trust=accepted(self.contact(peer_id).trust), request=Request.NONE)
            place = SetId(dm(self._node.peer_id, peer_id).id, CONTENT)
            self._store.on_commit(lambda: self._node.sync.reconcile(place))

    def decline(self, peer_id: PeerId) -> None:
        """Put a request away; its sender is not told."""
        with self._node.writing():
            if self.contact(peer_id).request is not Request.PENDING:
                raise BadInput("There is no request of theirs to decline.")
            self._change(peer_id, request=Request.DECLINED)

    def block(self, peer_id: PeerId) -> None:
        """Neither Links nor messages any more, in both directions."""
        with self._node.writing():
            self._change(peer_id, blocked=True)
            self._node.changes.many(LOBBY)
            self._store.on_commit(lambda: self._node.drop_links(peer_id))

    def unblock(self, peer_id: PeerId) -> None:
        """Take that back."""
        with self._node.writing():
            self._change(peer_id, blocked=False)
            self._node.changes.many(LOBBY)

    def verify(self, peer_id: PeerId, equal: bool) -> None:
        """The user compared safety numbers, or takes that back."""
        with self._node.writing():
            self._change(peer_id, trust=compared(self.contact(peer_id).trust, equal))

    def set_petname(self, peer_id: PeerId, name: str) -> None:
        """The user's own name for somebody; "" takes it away."""
        name = own_name(name)
        with self._node.writing():
            for other in self._store.peers.all():
                if (
                    name
                    and other.peer_id != peer_id
                    and other.petname
                    and skeleton(other.petname) == skeleton(name)
                ):
                    raise BadInput(
                        f"You already call somebody else {other.petname}. Choose a name you can tell apart."
                    )
            self._change(peer_id, petname=name)

    # -- names

    def name(self, peer_id: PeerId) -> str:
        """The name to show for somebody."""
        if peer_id == self._node.peer_id:
            return self._node.nickname or short_id(peer_id)
        contact = self.contact(peer_id)
        certified = self._node.rooms.certified_name(peer_id)
        return shown_name(contact.petname, certified, contact.nickname, short_id(peer_id))

    def lookalikes(self, contacts: list[Contact]) -> dict[PeerId, str]:
        """For those who could be taken for a contact the user knows better: that contact's name."""
        known: dict[str, Contact] = {}
        for contact in sorted(contacts, key=lambda c: c.trust):
            if contact.trust > Trust.NEW or contact.petname:
                known.update({skeleton(n): contact for n in (contact.petname, contact.nickname) if n})
        found = {}
        for contact in contacts:
            other = (
                known.get(skeleton(contact.nickname)) if contact.nickname and not contact.petname else None
            )
            if other is not None and other.peer_id != contact.peer_id and other.trust >= contact.trust:
                found[contact.peer_id] = other.petname or other.nickname
        return found

    def lookalike(self, contact: Contact) -> str | None:
        """The name of a better known contact that this one could be taken for."""
        if not contact.nickname:
            return None
        return self.lookalikes(self._store.peers.all()).get(contact.peer_id)

    # -- who is meant

    def find(self, target: str) -> PeerId:
        """The peer meant by an id, the start of one, a petname or a nickname.

        Raises:
            UnknownTarget: nobody; the text says what to do.
            AmbiguousTarget: several; the text lists them with their ids.
        """
        wanted = target.strip().removeprefix("@")
        if wanted.startswith("p2pim1"):
            try:
                return decode_peer_id(wanted)
            except DecodeError as error:
                raise BadInput(
                    f"{error} Copy the whole id again: p2pim id shows it on their machine."
                ) from None
        contacts = [c for c in self._store.peers.all() if c.peer_id != self._node.peer_id]
        folded = wanted.casefold()
        by_petname = [c for c in contacts if c.petname and c.petname.casefold() == folded]
        by_nickname = [c for c in contacts if c.nickname.casefold() == folded and folded]
        shown = [c for c in contacts if self.name(c.peer_id).casefold() == folded]
        by_id = [c for c in contacts if len(folded) >= MIN_PREFIX and short_id(c.peer_id).startswith(folded)]
        for found in (by_petname, shown, by_nickname, by_id):
            if len(found) == 1:
                return found[0].peer_id
            if found:
                several = ", ".join(
                    sorted(f"{c.nickname or c.petname} ({short_id(c.peer_id)})" for c in found)
                )
                raise AmbiguousTarget(f"{wanted} could be any of: {several}. Use the id in brackets.")
        raise UnknownTarget(
            f"Nobody called {wanted} is known here. p2pim peers lists who is; "
            "someone not seen yet can be given by full id (p2pim id shows it on their machine)."
        )

    def resolve(self, target: str) -> RoomId:
        """The room meant: "#lobby", a room of a team, or the DM with somebody; or the id of one, which may be new."""
        wanted = target.strip()
        if _ROOM_ID.fullmatch(wanted):
            return self._by_id(bytes.fromhex(wanted))
        if wanted.casefold() in (LOBBY_NAME, LOBBY_NAME[1:]):
            return LOBBY
        if wanted.startswith("#"):
            return self._node.rooms.find(wanted[1:])
        try:
            peer_id = self.find(wanted)
        except UnknownTarget:
            if wanted.casefold() not in self._node.rooms.names_of_all():
                raise
            raise UnknownTarget(
                f"Nobody called {wanted} is known here. The room is '#{wanted}', in quotes for the shell."
            ) from None
        if peer_id == self._node.peer_id:
            raise BadInput("That is you. Choose somebody else.")
        return self._direct(peer_id)

    def _direct(self, peer_id: PeerId) -> RoomId:
        if self._node.writable:
            with self._store.transaction():
                self.ensure_room(peer_id)
        return dm(self._node.peer_id, peer_id).id

    def _by_id(self, room_id: RoomId) -> RoomId:
        """A room by its id: that of a DM is known before anything was written in it."""
        if self._store.messages.room(room_id) is None:
            me = self._node.peer_id
            known = (contact.peer_id for contact in self._store.peers.all())
            if (found := next((p for p in known if dm(me, p).id == room_id), None)) is not None:
                return self._direct(found)
        return room_id
