"""Sync: the one way for messages to travel (SPEC section 9).

New messages are pushed by who wrote them and announced by who learnt them; everything else is found by reconciliation,
which runs when a Link comes up and on a few events, never "until equal". Nothing here waits, sleeps or touches
a socket: it is driven by records and Links, and runs the same in a simulator.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from p2pim.errors import RemoteProtocolError
from p2pim.node.link import Link
from p2pim.node.net.limits import TokenBucket
from p2pim.node.runs import Runs
from p2pim.node.session import Session
from p2pim.node.turns import TURN_SECONDS
from p2pim.protocol.identity import PeerId
from p2pim.protocol.message import Message, MessageId, RoomId
from p2pim.protocol.records import (
    CONTENT,
    LIMIT,
    MAX_LIST,
    STORED,
    Ack,
    Contacts,
    Have,
    Lack,
    Messages,
    Signed,
    Want,
)
from p2pim.protocol.room import LOBBY, Room, RoomKind, dm

if TYPE_CHECKING:
    from p2pim.node.node import Node

#: Ids asked for and not yet answered, on one Link.
ASK_WINDOW: Final = 512
#: Serve while less than this is queued; push without a detour while less than this is queued.
SERVE_BELOW: Final = 512 * 1024
SERVE_BATCH: Final = 64
#: Bytes of messages in one record.
BATCH_BYTES: Final = 60_000
#: Ids known to be missing here and to be had on one Link; what is beyond is found again once these have come.
MAX_ASKED: Final = 16_384
#: A peer that lets more ids than this pile up unserved is dropped; it syncs later.
MAX_TO_SERVE: Final = 20_000
#: Ids offered on one Link in one room and lacking here; with more we do not say that a run is done.
MAX_OFFERED: Final = 16_384
#: RECONCILE and WANT a peer may send: a second, and in a burst.
SERVED_PER_SECOND, SERVED_BURST = 200.0, 1000.0
#: Messages a stranger may send: a second, and in a burst.
STRANGER_PER_SECOND, STRANGER_BURST = 20.0, 2000.0
#: STATE records a peer may send: a second, and in a burst.
MOODS_PER_SECOND, MOODS_BURST = 20.0, 200.0


T = TypeVar("T")


def _parts(items: Sequence[T]) -> Iterable[list[T]]:
    """Cut a list into what one record may hold."""
    return (list(items[i : i + MAX_LIST]) for i in range(0, len(items), MAX_LIST))


class Sync:
    """Reconciliation, pushing, asking and serving over all Links of a node."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._store = node.store
        self.sessions: dict[Link, Session] = {}
        #: Where each awaited message was asked for: asked once, of one peer at a time.
        self._awaited: dict[MessageId, Session] = {}
        self._dirty: dict[Link, Session] = {}
        self.runs = Runs(node, self)
        self._store.database.settled = self.flush

    # -- Links

    def link_up(self, link: Link) -> Session:
        """A Link is ready: compare what both ends hold."""
        now = self._node.clock.monotonic()
        session = Session(
            link,
            TokenBucket(STRANGER_PER_SECOND, STRANGER_BURST, now),
            TokenBucket(SERVED_PER_SECOND, SERVED_BURST, now),
            TokenBucket(MOODS_PER_SECOND, MOODS_BURST, now),
        )
        for other in self.sessions.values():
            if other.link.peer_id == link.peer_id:
                self._release(other)  # an older Link to the same peer may be dead without knowing it
        self.sessions[link] = session
        if link.peer_id == self._node.peer_id:
            self._send_contacts(session)
        if link.initiator:
            for room in self._common_rooms(session):
                self.runs.drive(session, room)
        return session

    def link_down(self, link: Link) -> None:
        """A Link is gone: what was asked on it is looked for on the others."""
        session = self.sessions.pop(link, None)
        self._dirty.pop(link, None)
        if session is not None:
            for room_id in self._release(session):
                self._store.on_commit(partial(self.reconcile, room_id))

    def _release(self, session: Session) -> set[RoomId]:
        """Forget what a Link was asked for, so that it can be asked for elsewhere; returns the rooms concerned."""
        rooms = set(session.asked.values()) | {room_id for room_id, _ in session.to_ask}
        for message_id in session.asked:
            if self._awaited.get(message_id) is session:
                del self._awaited[message_id]
        session.asked.clear()
        session.to_ask.clear()
        return rooms

    def _common_rooms(self, session: Session) -> list[Room]:
        me, other = self._node.peer_id, session.link.peer_id
        rooms = [self._node.lobby] if self._node.lobby_open(session) else []
        if other != me:
            return [*rooms, dm(me, other)]
        return rooms + [room for room in self._store.messages.rooms() if room.kind is RoomKind.DM]

    def _send_contacts(self, session: Session) -> None:
        """Tell my other machine with whom I have conversations, so that it knows the rooms."""
        peers = [room.peer for room in self._store.messages.rooms() if room.peer is not None]
        for part in _parts(peers):
            session.link.send(Contacts(part))

    def tell_contact(self, peer_id: PeerId) -> None:
        """There is a new conversation: my other machines must have it too before its messages come."""
        for session in self.sessions.values():
            if session.link.peer_id == self._node.peer_id:
                session.link.send(Contacts([peer_id]))
                self.touch(session)

    def contacts(self, session: Session, record: Contacts) -> None:
        """My other machine has these conversations: have them too."""
        if session.link.peer_id != self._node.peer_id:
            raise RemoteProtocolError("CONTACTS from somebody else")
        for peer_id in record.peers:
            room = dm(self._node.peer_id, peer_id)
            new = peer_id != self._node.peer_id and self._store.messages.room(room.id) is None
            if new and self._node.writable:
                self._node.people.ensure_room(peer_id)
                self.runs.drive(session, room)

    def shared_room(self, session: Session, room_id: RoomId) -> Room | None:
        """The room of that id, if it is one that this Link's two ends share."""
        me, other = self._node.peer_id, session.link.peer_id
        if room_id == LOBBY:
            return self._node.lobby if self._node.lobby_open(session) else None
        if other != me:
            room = dm(me, other)
            return room if room.id == room_id else None
        return self._store.messages.room(room_id)

    def reconcile(self, room_id: RoomId) -> None:
        """Compare a room again with everyone who shares it."""
        for session in list(self.sessions.values()):
            if (room := self.shared_room(session, room_id)) is not None:
                self.runs.drive(session, room)

    def reconcile_all(self) -> None:
        """Compare everything again with everyone (there is space again, the machine woke up)."""
        for session in list(self.sessions.values()):
            for room in self._common_rooms(session):
                self.runs.drive(session, room)

    # -- asking

    def want(self, session: Session, room: Room, ids: Sequence[MessageId]) -> list[MessageId]:
        """Ask for messages found at the other end, newest first; returns those that will be asked for on this Link."""
        wanted = self._node.delivery.worth_asking(session, room, ids)
        fresh = [i for i in wanted if i not in session.asked and self._is_ours_to_ask(session, room, i)]
        if len(fresh) > (left := MAX_ASKED - len(session.asked)):
            session.unasked.add(room.id)
            fresh = fresh[len(fresh) - left :]
        for message_id in fresh:
            session.asked[message_id] = room.id
            if room.kind is RoomKind.DM:
                self._awaited[message_id] = session
        session.to_ask.extend((room.id, message_id) for message_id in reversed(fresh))
        self._ask(session)
        return [i for i in wanted if session.asked.get(i) == room.id]

    def _is_ours_to_ask(self, session: Session, room: Room, message_id: MessageId) -> bool:
        """Asked on one Link only where several can have it: in the lobby each has only their own, whatever they say."""
        return room.kind is RoomKind.LOBBY or self._awaited.get(message_id, session) is session

    def _look_again(self, session: Session) -> None:
        """All that was asked for has been answered: find what there was no room to ask for."""
        for room_id in session.unasked:
            if (room := self.shared_room(session, room_id)) is not None:
                self.runs.drive(session, room)
        session.unasked.clear()

    def _ask(self, session: Session) -> None:
        """Send WANT for as much as may be under way, but not for every single message that makes room for one."""
        under_way = len(session.asked) - len(session.to_ask)
        if under_way > ASK_WINDOW // 2:
            return
        while session.to_ask and under_way < ASK_WINDOW:
            room_id = session.to_ask[0][0]
            batch: list[MessageId] = []
            while (
                session.to_ask
                and session.to_ask[0][0] == room_id
                and len(batch) < min(MAX_LIST // 2, ASK_WINDOW)
            ):
                batch.append(session.to_ask.popleft()[1])
            session.link.send(Want(room_id, CONTENT, batch))
            under_way += len(batch)
        self.touch(session)

    def arrived(self, session: Session, room_id: RoomId, message_id: MessageId, here: bool) -> None:
        """A message came on this Link, or was answered for: stored (``here``), refused or lacking."""
        if session.asked.pop(message_id, None) is not None and self._awaited.get(message_id) is session:
            del self._awaited[message_id]
        self.runs.settled(session, room_id, message_id, here)
        if here:
            self._is_here(room_id, message_id)
        if session.to_ask:
            self._ask(session)
        elif session.unasked and not session.asked:
            self._look_again(session)

    def _is_here(self, room_id: RoomId, message_id: MessageId) -> None:
        """A message is held from now on: no run and no offer on any Link is about it any more."""
        for session in self.sessions.values():
            if (offered := session.offered.get(room_id)) is not None:
                offered.discard(message_id)
                self.runs.end(session, room_id)
            self.runs.settled(session, room_id, message_id, here=True)

    def explained(self, message: Message) -> None:
        """A message that had come without content is held, now that a delete says why: tell all whom it concerns."""
        room_id, message_id = message.header.room, message.id
        for session in self._concerned(message):
            session.acks.setdefault((room_id, STORED), []).append(message_id)
            session.news.setdefault(room_id, []).append((message_id, message.header.clock))
            self.touch(session)
        self._is_here(room_id, message_id)

    def have(self, session: Session, record: Have) -> None:
        """The other end has these messages."""
        room = self.shared_room(session, record.room)
        if room is None:
            return
        floor = self.runs.floor(room)
        held = self._store.messages.held([message_id for message_id, _ in record.items])
        lacking = [item for item in record.items if item[0] not in held]
        offered = session.offered.setdefault(room.id, set())
        if len(offered) + len(lacking) > MAX_OFFERED:
            # Nobody asks for more than memory holds; a later run finds it. This one must not end as if it were here.
            self.runs.overflow(session, room.id)
            session.unasked.add(room.id)
            return
        offered.update(message_id for message_id, _ in lacking)
        self.want(session, room, [message_id for message_id, clock in lacking if clock >= floor])

    def lack(self, session: Session, record: Lack) -> None:
        """The other end cannot send these after all."""
        for message_id in record.ids:
            self.arrived(session, record.room, message_id, here=False)

    # -- serving

    def wanted(self, session: Session, record: Want) -> None:
        """Serve messages in order; say LACK for every one that is not sent."""
        room = self.shared_room(session, record.room)
        me, other = self._node.peer_id, session.link.peer_id
        held = self._store.messages.authors(room.id, record.ids) if room is not None else []
        served = [i for i, author in held if room is not None and room.carries(author, me, other)]
        if lacking := set(record.ids) - set(served):
            session.link.send(Lack(record.room, record.set, list(lacking)))
        session.to_serve.extend((record.room, i) for i in served)
        if len(session.to_serve) > MAX_TO_SERVE:
            session.link.close(LIMIT, "does not read what it asks for")
        self.touch(session)

    def pump(self, link: Link) -> None:
        """Send what is to be served while the network takes it, in turns with the others."""
        session = self.sessions.get(link)
        end = self._node.clock.monotonic() + TURN_SECONDS
        if session is not None:
            self.runs.tell(session, SERVE_BELOW)
        while session is not None and session.to_serve and link.queued < SERVE_BELOW and not link.closed:
            if self._node.clock.monotonic() > end:
                link.serve_later()
                return
            room_id = session.to_serve[0][0]
            batch: list[MessageId] = []
            while session.to_serve and session.to_serve[0][0] == room_id and len(batch) < SERVE_BATCH:
                batch.append(session.to_serve.popleft()[1])
            self._send_messages(link, room_id, [s.message.signed() for s in self._store.messages.get(batch)])
            link.flush()

    def _send_messages(self, link: Link, room_id: RoomId, signed: list[Signed]) -> None:
        part: list[Signed] = []
        size = 0
        for one in signed:
            cost = len(one.header) + len(one.content or b"") + 80
            if part and (size + cost > BATCH_BYTES or len(part) == MAX_LIST):
                link.send(Messages(room_id, CONTENT, part))
                part, size = [], 0
            part.append(one)
            size += cost
        if part:
            link.send(Messages(room_id, CONTENT, part))

    # -- telling, after the commit

    def push(self, message: Message) -> None:
        """Give a message just written here to everyone connected whom it concerns."""
        for session in self._concerned(message):
            if session.to_serve or session.link.queued > SERVE_BELOW:
                session.to_serve.append((message.header.room, message.id))
            else:
                session.fresh.setdefault(message.header.room, []).append(message.signed())
            self.touch(session)

    def announce(self, message: Message, source: Session) -> None:
        """Tell everyone concerned, but the Link it came by, that a message can be had here."""
        for session in self._concerned(message):
            if session is not source:
                session.news.setdefault(message.header.room, []).append((message.id, message.header.clock))
                self.touch(session)

    def _concerned(self, message: Message) -> list[Session]:
        me, author = self._node.peer_id, message.header.author
        room = self._store.messages.room(message.header.room)
        if room is None:
            return []
        return [
            session
            for session in self.sessions.values()
            if room.carries(author, me, session.link.peer_id)
            and (room.kind is RoomKind.DM or self._node.lobby_open(session))
        ]

    def ack(self, session: Session, room_id: RoomId, message_id: MessageId, code: int) -> None:
        """Answer for a message, once this transaction has committed."""

        def after() -> None:
            session.acks.setdefault((room_id, code), []).append(message_id)
            self.touch(session)

        self._store.database.on_known(after)

    def touch(self, session: Session) -> None:
        """This session has something to send once the transaction has committed."""
        self._dirty[session.link] = session

    def flush(self) -> None:
        """Send what was collected; runs after every commit."""
        while self._dirty:
            link, session = self._dirty.popitem()
            for room_id, signed in session.fresh.items():
                self._send_messages(link, room_id, signed)
            for (room_id, code), ids in session.acks.items():
                for part in _parts(ids):
                    link.send(Ack(room_id, CONTENT, part, code))
            for room_id, items in session.news.items():
                for offers in _parts(items):
                    link.send(Have(room_id, CONTENT, offers))
            session.fresh, session.acks, session.news = {}, {}, {}
            link.flush()
            if not link.closed and (session.to_serve or any(d.untold for d in session.drives.values())):
                self.pump(link)
