"""Sync: the one way for messages to travel (SPEC section 9).

New messages are pushed by who wrote them and announced by who learnt them; everything else is found by reconciliation,
which runs when a Link comes up and on a few events, never "until equal". Nothing here waits, sleeps or touches
a socket: it is driven by records and Links, and runs the same in a simulator.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from p2pim.node.link import Link
from p2pim.node.memory import Memory
from p2pim.node.net.limits import TokenBucket
from p2pim.node.runs import Runs
from p2pim.node.session import MAX_OFFERED, Session, SetId
from p2pim.node.sharing import Sharing
from p2pim.node.turns import TURN_SECONDS
from p2pim.protocol.message import Message, MessageId, RoomId
from p2pim.protocol.records import (
    CONTENT,
    CONTROL,
    LIMIT,
    MAX_LIST,
    STORED,
    Ack,
    Have,
    Lack,
    Messages,
    Signed,
    Want,
)
from p2pim.protocol.room import Room, RoomKind

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
#: RECONCILE and WANT a peer may send: a second, and in a burst.
SERVED_PER_SECOND, SERVED_BURST = 200.0, 1000.0
#: Messages a stranger may send: a second, and in a burst.
STRANGER_PER_SECOND, STRANGER_BURST = 20.0, 2000.0
#: STATE records a peer may send: a second, and in a burst.
MOODS_PER_SECOND, MOODS_BURST = 20.0, 200.0
#: Looks at all the control messages that somebody shows who is no member: a second, and in a burst.
LOOKS_PER_SECOND, LOOKS_BURST = 0.5, 8.0

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
        self.sharing = Sharing(node)
        self.runs = Runs(node, self)
        self.memory = Memory(node)
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
            TokenBucket(LOOKS_PER_SECOND, LOOKS_BURST, now),
        )
        for other in self.sessions.values():
            if other.link.peer_id == link.peer_id:
                self._release(other)  # an older Link to the same peer may be dead without knowing it
        self.sessions[link] = session
        if link.peer_id == self._node.peer_id:
            self._node.machines.link_up(session)
        self._node.retention.soon()  # it may have what is lacking here
        common = self.sharing.common(session)
        session.served = {place.room for place in common if place.set == CONTROL}
        for place in common:
            # Who may is compared from both ends: either may know of members that the other does not.
            if link.initiator or place.set == CONTROL:
                self.runs.drive(session, place)
        return session

    def link_down(self, link: Link) -> None:
        """A Link is gone: what was asked on it is looked for on the others."""
        session = self.sessions.pop(link, None)
        self._dirty.pop(link, None)
        if session is not None:
            self.memory.link_down(session)
            for place in self._release(session):
                self._store.on_commit(partial(self.reconcile, place))

    def _release(self, session: Session) -> set[SetId]:
        """Forget what a Link was asked for, so that it can be asked for elsewhere; returns the sets concerned."""
        places = set(session.asked.values()) | {place for place, _ in session.to_ask}
        for message_id in session.asked:
            if self._awaited.get(message_id) is session:
                del self._awaited[message_id]
        session.asked.clear()
        session.to_ask.clear()
        return places

    def shared_room(self, session: Session, room_id: RoomId) -> Room | None:
        """The room of that id, if what is said in it may pass on this Link."""
        return self.sharing.room(session, SetId(room_id, CONTENT))

    def reconcile(self, place: SetId) -> None:
        """Compare a set again with everyone who shares it."""
        for session in list(self.sessions.values()):
            if self.sharing.room(session, place) is not None:
                self.runs.drive(session, place)

    def reconcile_all(self) -> None:
        """Compare everything again with everyone (there is space again, the machine woke up)."""
        for session in list(self.sessions.values()):
            for place in self.sharing.common(session):
                self.runs.drive(session, place)

    # -- asking

    def want(self, session: Session, room: Room, place: SetId, ids: Sequence[MessageId]) -> list[MessageId]:
        """Ask for messages found at the other end; returns those that will be asked for on this Link.

        The newest first; of a control set the oldest, for there nothing can be taken in before what it follows.
        """
        wanted = list(ids)
        if place.set == CONTENT:
            wanted = self._node.delivery.worth_asking(session, room, ids)
        fresh = [
            i for i in wanted if i not in session.asked and self._is_ours_to_ask(session, room, place, i)
        ]
        if len(fresh) > (left := MAX_ASKED - len(session.asked)):
            session.unasked.add(place)
            fresh = fresh[len(fresh) - left :]
        for message_id in fresh:
            session.asked[message_id] = place
            if self._asks_once(room, place):
                self._awaited[message_id] = session
        session.to_ask.extend((place, i) for i in (fresh if place.set == CONTROL else reversed(fresh)))
        self._ask(session)
        return [i for i in wanted if session.asked.get(i) == place]

    @staticmethod
    def _asks_once(room: Room, place: SetId) -> bool:
        """Whether an id is asked for on one Link only, as several can have it.

        In the lobby each has only their own, whatever they say; in a control set the order of arrival matters.
        """
        return place.set == CONTENT and room.kind is not RoomKind.LOBBY

    def _is_ours_to_ask(self, session: Session, room: Room, place: SetId, message_id: MessageId) -> bool:
        return not self._asks_once(room, place) or self._awaited.get(message_id, session) is session

    def look_again(self, session: Session) -> None:
        """Once all that was asked for has been answered: find what there was no room to ask for."""
        if session.asked:
            return
        for place in session.unasked:
            if self.sharing.room(session, place) is not None:
                self.runs.drive(session, place)
        session.unasked.clear()

    def _ask(self, session: Session) -> None:
        """Send WANT for as much as may be under way, but not for every single message that makes room for one."""
        under_way = len(session.asked) - len(session.to_ask)
        if under_way > ASK_WINDOW // 2:
            return
        while session.to_ask and under_way < ASK_WINDOW:
            place = session.to_ask[0][0]
            batch: list[MessageId] = []
            while (
                session.to_ask
                and session.to_ask[0][0] == place
                and len(batch) < min(MAX_LIST // 2, ASK_WINDOW)
            ):
                batch.append(session.to_ask.popleft()[1])
            session.link.send(Want(place.room, place.set, batch))
            under_way += len(batch)
        self.touch(session)

    def arrived(self, session: Session, place: SetId, message_id: MessageId, here: bool) -> None:
        """A message came on this Link, or was answered for: stored (``here``), refused or lacking."""
        if session.asked.pop(message_id, None) is not None and self._awaited.get(message_id) is session:
            del self._awaited[message_id]
        self.runs.settled(session, place, message_id, here)
        if here:
            self._is_here(place, message_id, session)
        if session.to_ask:
            self._ask(session)
        else:
            self.look_again(session)

    def _is_here(self, place: SetId, message_id: MessageId, source: Session | None = None) -> None:
        """A message is held from now on: no run and no offer on any Link is about it any more."""
        for session in self.sessions.values():
            if (offered := session.offered.get(place)) is not None:
                if message_id in offered and session is not source and place.set == CONTENT:
                    # An author may have offered its own, and another was quicker.
                    self._tell_author(session, place, [message_id])
                offered.discard(message_id)
                self.runs.end(session, place)
            self.runs.settled(session, place, message_id, here=True)
            if message_id in (owed := session.owed.get(place, set())):
                owed.discard(message_id)
                if place.set == CONTENT:
                    self.ack(session, place, message_id, STORED)

    def explained(self, message: Message) -> None:
        """A message that had come without content is held, now that a delete says why: tell all whom it concerns."""
        place, message_id = SetId(message.header.room, CONTENT), message.id
        sessions = self.sharing.concerned(message)
        for session in sessions:
            session.acks.setdefault((place, STORED), []).append(message_id)
        self.announce(message, place, sessions, None)
        self._is_here(place, message_id)

    def have(self, session: Session, record: Have) -> None:
        """The other end has these messages."""
        place = SetId(record.room, record.set)
        room = self.sharing.room(session, place)
        if room is None:
            self._node.control.offered(session, record)
            return
        floor = self.runs.floor(place)
        held = self.runs.held(place, [message_id for message_id, _ in record.items])
        lacking = [item for item in record.items if item[0] not in held]
        offered = session.offered.setdefault(place, set())
        if len(offered) + len(lacking) > MAX_OFFERED:
            # Nobody asks for more than memory holds; a later run finds it. This one must not end as if it were here.
            self.runs.overflow(session, place)
            return
        offered.update(message_id for message_id, _ in lacking)
        if place.set == CONTENT and held:
            self._answer(session, place, held)
            self._node.refill.offered(session, room, held)
        self.want(session, room, place, [message_id for message_id, clock in lacking if clock >= floor])

    def _answer(self, session: Session, place: SetId, held: set[MessageId]) -> None:
        """It offers what is here: it may not know that, unless it was told so on this Link."""
        known = session.lacking_there.get(place.room, {})
        for message_id in held:
            if message_id not in known:
                self.ack(session, place, message_id, STORED)
        self._tell_author(session, place, held & known.keys())
        session.has(place.room, held)

    def _tell_author(self, session: Session, place: SetId, held: Iterable[MessageId]) -> None:
        """What an author's other machine offers and we have: it may not know that we do."""
        for message_id, author in self._store.messages.authors(place.room, list(held)):
            if author == session.link.peer_id:
                self.ack(session, place, message_id, STORED)

    def lack(self, session: Session, record: Lack) -> None:
        """The other end cannot send these after all."""
        for message_id in record.ids:
            self.arrived(session, SetId(record.room, record.set), message_id, here=False)

    # -- serving

    def wanted(self, session: Session, record: Want) -> None:
        """Serve messages in order; say LACK for every one that is not sent."""
        place = SetId(record.room, record.set)
        room = self.sharing.room(session, place)
        served = [] if room is None else self._served(session, room, place, record.ids)
        if lacking := set(record.ids) - set(served):
            session.link.send(Lack(record.room, record.set, list(lacking)))
        session.to_serve.extend((place, i) for i in served)
        if len(session.to_serve) > MAX_TO_SERVE:
            session.link.close(LIMIT, "does not read what it asks for")
        self.touch(session)

    def _served(
        self, session: Session, room: Room, place: SetId, ids: Sequence[MessageId]
    ) -> list[MessageId]:
        if place.set == CONTROL:
            return self._node.rooms.in_order(room.id, ids)
        me, other = self._node.peer_id, session.link.peer_id
        held = self._store.messages.authors(room.id, ids)
        return [i for i, author in held if room.carries(author, me, other)]

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
            place = session.to_serve[0][0]
            batch: list[MessageId] = []
            while session.to_serve and session.to_serve[0][0] == place and len(batch) < SERVE_BATCH:
                batch.append(session.to_serve.popleft()[1])
            self._send_messages(link, place, self._signed(place, batch))
            link.flush()

    def _signed(self, place: SetId, ids: Sequence[MessageId]) -> list[Signed]:
        if place.set == CONTROL:
            return [message.signed() for message in self._node.rooms.messages(place.room, ids)]
        return [stored.message.signed() for stored in self._store.messages.get(ids)]

    def send_all(self, link: Link, room_id: RoomId, signed: list[Signed]) -> None:
        """Send control messages on a Link that shares nothing yet (to whoever was just let in)."""
        self._send_messages(link, SetId(room_id, CONTROL), signed)

    def _send_messages(self, link: Link, place: SetId, signed: list[Signed]) -> None:
        part: list[Signed] = []
        size = 0
        for one in signed:
            cost = len(one.header) + len(one.content or b"") + 80
            if part and (size + cost > BATCH_BYTES or len(part) == MAX_LIST):
                link.send(Messages(place.room, place.set, part))
                part, size = [], 0
            part.append(one)
            size += cost
        if part:
            link.send(Messages(place.room, place.set, part))

    # -- telling, after the commit

    def push(self, message: Message, place: SetId, sessions: Sequence[Session]) -> None:
        """Give a message just written here to everyone connected whom it concerns."""
        for session in sessions:
            if session.to_serve or session.link.queued > SERVE_BELOW:
                session.to_serve.append((place, message.id))
            else:
                session.fresh.setdefault(place, []).append(message.signed())
            self._told(session, message, place)

    def announce(
        self, message: Message, place: SetId, sessions: Sequence[Session], source: Session | None
    ) -> None:
        """Tell everyone concerned, but the Link it came by, that a message can be had here."""
        for session in sessions:
            if session is not source:
                session.news.setdefault(place, []).append((message.id, message.header.clock))
                self._told(session, message, place)

    def _told(self, session: Session, message: Message, place: SetId) -> None:
        if place.set == CONTENT:
            session.told(place.room, message.id, self._store.messages.known_seq())
        self.touch(session)

    def ack(self, session: Session, place: SetId, message_id: MessageId, code: int) -> None:
        """Answer for a message, once this transaction has committed."""

        def after() -> None:
            session.acks.setdefault((place, code), []).append(message_id)
            self.touch(session)

        self._store.database.on_known(after)

    def touch(self, session: Session) -> None:
        """This session has something to send once the transaction has committed."""
        self._dirty[session.link] = session

    def flush(self) -> None:
        """Send what was collected; runs after every commit."""
        while self._dirty:
            link, session = self._dirty.popitem()
            for place, signed in session.fresh.items():
                self._send_messages(link, place, signed)
            for (place, code), ids in session.acks.items():
                for part in _parts(ids):
                    link.send(Ack(place.room, place.set, part, code))
            for place, items in session.news.items():
                for offers in _parts(items):
                    link.send(Have(place.room, place.set, offers))
            session.fresh, session.acks, session.news = {}, {}, {}
            self._node.receipts.tell(session)
            link.flush()
            if not link.closed and (session.to_serve or any(d.untold for d in session.drives.values())):
                self.pump(link)
