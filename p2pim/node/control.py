"""Control messages on their way: from whom they are taken, and what changes when a set grew (SPEC section 12).

A message enters a set by its bytes and causal past alone (see ``ControlSet``). From members everything is taken;
what comes before its parents is dropped, and the set compared again, which brings it in order. From somebody who is
no member in our view it is kept beside, in memory: if our set and that together make them one, it is taken in as a
whole. Else only the owner's messages are, with all they follow: a machine that was away for long learns of its own
world from whoever has it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from p2pim.errors import RemoteProtocolError
from p2pim.node import events
from p2pim.node.link import Link
from p2pim.node.session import Session, SetId
from p2pim.protocol.authority import Authority
from p2pim.protocol.control import GENESIS, Genesis, Role, decode
from p2pim.protocol.controlset import ControlSet, Verdict
from p2pim.protocol.identity import PeerId
from p2pim.protocol.message import Message, MessageId, RoomId, examine, id_of, prove
from p2pim.protocol.records import CONTENT, CONTROL, MAX_LIST, NOT_AUTHORISED, Have, Messages, Signed, Want

if TYPE_CHECKING:
    from p2pim.node.node import Node

log = logging.getLogger(__name__)

#: Control messages of a room kept beside for a Link, the bytes of all of them, and for how many rooms.
MAX_BESIDE: Final = 2_000
MAX_BESIDE_BYTES: Final = 4 * 1024 * 1024
MAX_BESIDE_ROOMS: Final = 64
#: How long somebody who came over a team's network may take to show that they belong to it.
STRANGER_SECONDS: Final = 10.0


class Control:
    """Everything about control messages that is not pure."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._store = node.store
        #: Rooms in which something was refused for want of its author's membership.
        self.refused: set[RoomId] = set()
        #: Rooms in which a control message came before what the team over them must know.
        self.early: set[RoomId] = set()
        #: What the messages of a room were judged by: how much was due, and what it came to. Not known at the start.
        self._judged_by: dict[RoomId, tuple[int, Authority]] = {}
        self._strangers: dict[Link, float] = {}

    # -- taking in

    def receive(self, session: Session, record: Messages) -> None:
        """Take control messages in.

        Raises:
            RemoteProtocolError: a signature or a content is wrong.
        """
        place = SetId(record.room, CONTROL)
        known = self._store.messages.room(record.room)
        if known is not None and not known.is_governed:
            raise RemoteProtocolError("a control message for a room that has no control set")
        if not self._node.writable:
            return
        if self._node.sync.sharing.room(session, place) is None:
            self._receive_beside(session, record)
            return
        entered: list[Message] = []
        for signed in record.messages:
            message_id = id_of(signed)
            verdict = self._take(record.room, signed, message_id, entered)
            if verdict is Verdict.ORPHAN:
                session.orphaned.add(record.room)
            elif verdict is Verdict.EARLY:
                self.early.add(record.room)
            here = verdict in (Verdict.ENTERS, Verdict.HELD)
            self._node.sync.arrived(session, place, message_id, here=here)
        self.grew(record.room, entered, session)

    def _take(
        self, room_id: RoomId, signed: Signed, message_id: MessageId, entered: list[Message]
    ) -> Verdict:
        rooms = self._node.rooms
        if message_id in rooms.sets[room_id]:
            return Verdict.HELD
        message = proven(signed, message_id)
        verdict = rooms.add(room_id, message)
        if verdict is Verdict.ENTERS:
            entered.append(message)
        elif verdict is Verdict.REFUSED:
            log.info("refused a control message of %s", message.header.author.hex()[:8])
        return verdict

    # -- from those who are no members, and rooms that are not here

    def not_served(self, session: Session, place: SetId) -> None:
        """The other end does not see us as a member: show what makes us one."""
        if place.set == CONTROL and (control := self._node.rooms.control(place.room)) is not None:
            items = [
                (deed.id, deed.clock) for deed in control.deeds()[-MAX_BESIDE:]
            ]  # the newest: our admission
            for start in range(0, len(items), MAX_LIST):
                session.link.send(Have(place.room, CONTROL, items[start : start + MAX_LIST]))
            self._node.sync.touch(session)

    def offered(self, session: Session, record: Have) -> None:
        """Somebody who is no member here, or speaks of a room we do not have, offers control messages: look at them."""
        if record.set != CONTROL or not self._node.writable or not self._may_show(session, record.room):
            return
        control = self._node.rooms.control(record.room)
        beside = session.beside.setdefault(record.room, {})
        lacking = [i for i, _ in record.items if i not in beside and (control is None or i not in control)]
        lacking = lacking[: MAX_BESIDE - len(beside)]
        for start in range(0, len(lacking), MAX_LIST // 2):
            session.link.send(Want(record.room, CONTROL, lacking[start : start + MAX_LIST // 2]))
        self._node.sync.touch(session)

    def _may_show(self, session: Session, room_id: RoomId) -> bool:
        """Of a room that is not here only team-mates may show anything: a stranger must cost next to nothing."""
        peer = session.link.peer_id
        known = self._node.rooms.control(room_id) is not None
        if not known and peer != self._node.peer_id and not self._node.rooms.is_mate(peer):
            return False
        return room_id in session.beside or len(session.beside) < MAX_BESIDE_ROOMS

    def _receive_beside(self, session: Session, record: Messages) -> None:
        if not self._may_show(session, record.room):
            return
        beside = session.beside.setdefault(record.room, {})
        size = sum(_size(message) for shown in session.beside.values() for message in shown.values())
        for signed in record.messages:
            message_id = id_of(signed)
            size += len(signed.header) + len(signed.content or b"")
            if len(beside) < MAX_BESIDE and size <= MAX_BESIDE_BYTES and message_id not in beside:
                self._node.delivery.slow_strangers(session)
                beside[message_id] = proven(signed, message_id)
        self._look(session, record.room)

    def _look(self, session: Session, room_id: RoomId) -> None:
        """Look at what was shown, now or, if this end shows something all the time, in a while."""
        if session.looks.take(self._node.clock.monotonic()):
            session.unseen.discard(room_id)
            self._look_beside(session, room_id, session.beside[room_id])
        else:
            session.unseen.add(room_id)

    def _look_beside(self, session: Session, room_id: RoomId, beside: dict[MessageId, Message]) -> None:
        """Whether what was shown makes the peer a member, or the room one of ours."""
        if self.shown(session.link.peer_id, room_id, beside, session):
            del session.beside[room_id]

    def shown(
        self, peer: PeerId, room_id: RoomId, messages: dict[MessageId, Message], source: Session | None
    ) -> bool:
        """Take in what somebody shows of a room, as far as it may be taken from them; whether all of it may."""
        known = self._node.rooms.control(room_id)
        trial = known.copy() if known is not None else self._unknown(peer, room_id, messages)
        if trial is None:
            return False
        entered = trial.add_all(messages.values())
        now = self._node.clock.wall_ms()
        member = trial.is_member(peer, now)
        if known is None:
            if member and trial.is_member(self._node.peer_id, now):
                self.take_up(trial, entered, source)
                return True
            return False
        if not member:
            by_owner = [m.id for m in entered if m.header.author == trial.owner]
            wanted = trial.with_ancestors(by_owner)
            entered = [m for m in entered if m.id in wanted]
        self.grew(room_id, [m for m in entered if self.adds(room_id, m)], source)
        return member

    def adds(self, room_id: RoomId, message: Message) -> bool:
        """Take a message into a set that is here; whether it entered."""
        return self._node.rooms.add(room_id, message) is Verdict.ENTERS

    def _unknown(self, peer: PeerId, room_id: RoomId, shown: dict[MessageId, Message]) -> ControlSet | None:
        """An empty control set for a room that is not here, if it is one that this peer may bring.

        Channels and groups of a team that both are in; anything by our own other machine; a team else only by a code.
        """
        genesis = shown.get(room_id)
        if genesis is None or genesis.header.kind != GENESIS or genesis.content is None:
            return None
        body = decode(GENESIS, genesis.content)
        assert isinstance(body, Genesis)
        if body.parent is None:
            return ControlSet(room_id) if peer == self._node.peer_id else None
        parent = self._node.rooms.control(body.parent)
        if parent is None or not self._node.rooms.is_member(body.parent, peer):
            return None
        return ControlSet(room_id, parent)

    def take_up(self, trial: ControlSet, messages: Sequence[Message], source: Session | None) -> None:
        """Have a room that others made, with all of its control messages."""
        genesis = next(m for m in messages if m.id == trial.room)
        self._node.rooms.found(genesis, trial.parent)
        entered = [m for m in messages if self.adds(trial.room, m)]
        self.grew(trial.room, entered, source)

    # -- what changes when a set grew

    def grew(
        self,
        room_id: RoomId,
        entered: Sequence[Message],
        source: Session | None = None,
    ) -> None:
        """These messages were taken in, inside this transaction: whatever follows from them."""
        if not entered:
            return
        self._settle(room_id)
        for message in entered:
            self._store.on_commit(partial(self._announce, room_id, message, source))
        self._store.on_commit(lambda: self._changed(room_id), ("control", room_id))

    def _announce(self, room_id: RoomId, message: Message, source: Session | None) -> None:
        sync = self._node.sync
        sync.announce(message, SetId(room_id, CONTROL), sync.sharing.with_whom(room_id), source)

    def _settle(self, room_id: RoomId) -> None:
        """Bring what is stored into line with what people may do now."""
        rooms, now = self._node.rooms, self._node.clock.wall_ms()
        after = rooms.authority(room_id)
        if after.secrets and rooms.role(room_id) >= Role.MEMBER:
            newest = rooms.sets[room_id].authority()
            assert newest is not None
            if self._store.control.former_secrets(room_id, now)[:1] != [newest.secrets[-1]]:
                self._store.control.note_secret(room_id, newest.secrets[-1], now)
        _, old = self._judged_by.get(room_id, (0, None))
        for child in rooms.children(room_id):
            for author in self._store.standing.authors(child) if old is None else _differing(old, after):
                self._judge_anew(child, author)
        due = rooms.sets[room_id].due(now)
        self._store.control.set_due(room_id, due)
        self._store.database.on_known(partial(self._judged_by.__setitem__, room_id, (due, after)))

    def _judge_anew(self, room_id: RoomId, author: bytes) -> None:
        authority = self._node.rooms.authority(room_id)
        for void in (False, True):
            wrong = [
                seq
                for seq, clock, stored in self._store.standing.written_in(room_id, author)
                if stored is not void and (authority.role_at(author, clock) < Role.MEMBER) is void
            ]
            self._store.standing.set_void(wrong, void)

    def _changed(self, room_id: RoomId) -> None:
        """After the commit: compare with those who are members now, stop serving those who are no more."""
        rooms = self._node.rooms
        affected = rooms.children(room_id)
        for session in list(self._node.sync.sessions.values()):
            for child in affected:
                serves = rooms.is_member(child, session.link.peer_id)
                if serves and child not in session.served:
                    session.served.add(child)
                    session.beside.pop(child, None)
                    self._compare(session, child)
                elif serves:
                    for which, again in ((CONTROL, self.early), (CONTENT, self.refused)):
                        if child in again:
                            self._node.sync.runs.drive(session, SetId(child, which))
                elif not serves and child in session.served:
                    self._stop_serving(session, child)
            session.unseen.update(session.beside)  # what was shown may mean more now
        self.refused.difference_update(affected)
        self.early.difference_update(affected)
        self.obey()
        self._node.networks_changed()
        self._node.routes.members_changed()
        for child in affected:
            self._node.emit(events.RoomChanged(child))

    def obey(self) -> None:
        """The rules of our teams are those of this machine, too, as far as they are stricter."""
        rooms = self._node.rooms
        self._node.policies.set_of_teams({rooms.name(team): rooms.rules(team) for team in rooms.mine()})
        self._node.retention.soon()

    def _compare(self, session: Session, room_id: RoomId) -> None:
        for which in (CONTROL, CONTENT):
            self._node.sync.runs.drive(session, SetId(room_id, which))

    @staticmethod
    def _stop_serving(session: Session, room_id: RoomId) -> None:
        """They are out: nothing that waits to be sent to them leaves any more."""
        session.served.discard(room_id)
        for place in (SetId(room_id, CONTROL), SetId(room_id, CONTENT)):
            for collected in (session.drives, session.driven, session.offered, session.fresh, session.news):
                collected.pop(place, None)
            session.unasked.discard(place)
            waiting = [item for item in session.to_serve if item[0] != place]
            session.to_serve.clear()
            session.to_serve.extend(waiting)

    # -- time

    def tick(self) -> None:
        """What became due; what came before its parents; who did not show that they belong here."""
        self._catch_up()
        for session in list(self._node.sync.sessions.values()):
            self._look_again(session)
        self._close_strangers()

    def _catch_up(self) -> None:
        """Time passed, or a clock was set, also while nothing ran here: other control messages are due now."""
        rooms, now = self._node.rooms, self._node.clock.wall_ms()
        for room_id, control in rooms.sets.items():
            due = control.due(now)
            if room_id not in self._judged_by and self._store.control.due(room_id) == due:
                self._judged_by[room_id] = due, rooms.authority(room_id)
            elif room_id not in self._judged_by or self._judged_by[room_id][0] != due:
                self._settle(room_id)
                self._store.on_commit(partial(self._changed, room_id), ("control", room_id))

    def _look_again(self, session: Session) -> None:
        for room_id in list(session.unseen):
            if room_id in session.beside:
                self._look(session, room_id)
            else:
                session.unseen.discard(room_id)
        for room_id in list(session.orphaned):
            place = SetId(room_id, CONTROL)
            if place not in session.drives and self._node.sync.sharing.room(session, place) is not None:
                session.orphaned.discard(room_id)
                self._node.sync.runs.drive(session, place)

    def _close_strangers(self) -> None:
        """Over a team's network only its members stay; whoever came before their admission has a moment to show it."""
        now = self._node.clock.monotonic()
        strangers = {link: self._strangers.get(link, now) for link in self._outsiders()}
        for link, since in strangers.items():
            if now - since >= STRANGER_SECONDS:
                self._store.on_commit(partial(link.close, NOT_AUTHORISED, "no member of this network"))
        self._strangers = strangers

    def _outsiders(self) -> Iterable[Link]:
        for link in self._node.sync.sessions:
            team = self._node.nets.team_of(link.network)
            if team is not None and not self._node.rooms.is_member(team, link.peer_id):
                yield link


def _size(message: Message) -> int:
    return len(message.raw_header) + len(message.content or b"")


def proven(signed: Signed, message_id: MessageId) -> Message:
    """A control message with its signature checked."""
    header = examine(signed)
    if signed.content is None:
        raise RemoteProtocolError("a control message without its content")
    return prove(signed, message_id, header)


def _differing(old: Authority, new: Authority) -> list[PeerId]:
    """Whose rights differ."""
    return [
        p for p in old.timelines.keys() | new.timelines.keys() if old.timelines.get(p) != new.timelines.get(p)
    ]
