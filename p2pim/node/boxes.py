"""Sealed boxes: what waits here for somebody who is away is given to team-mates who may meet them (SPEC section 13).

A box is a second way for the same messages, never the first: they wait here as before and go directly as soon as
there is a Link. Nothing that a holder says counts as delivered; it may lie. Only the recipient's own Ack or DONE does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from math import inf
from typing import TYPE_CHECKING, Any, Final

from p2pim.node.boxkeys import BoxKeys
from p2pim.node.holding import MAX_BOXES, MAX_SENDER_BYTES, Holding
from p2pim.node.link import Link
from p2pim.node.networks import FEATURE_BOXES
from p2pim.node.opening import Opening
from p2pim.node.session import Session
from p2pim.protocol.box import HOLD_MS, MAX_PLAINTEXT, box_digest, packed_size, seal_box
from p2pim.protocol.control import Role
from p2pim.protocol.identity import PeerId
from p2pim.protocol.peersum import Peersum
from p2pim.protocol.records import (
    BOX_HANDED_OVER,
    BOX_STORED,
    MAX_LIST,
    Box,
    Boxack,
    Boxput,
    Hello,
    Peers,
    Record,
    Signed,
)
from p2pim.protocol.room import RoomKind, dm_room
from p2pim.store.boxes import Unboxed

if TYPE_CHECKING:
    from p2pim.node.node import Node

#: Seconds between two looks for what could be put into a box.
LOOK_SECONDS: Final = 5.0
#: How long something must have waited: not for somebody who is just reconnecting. In a group others may bring it.
PATIENCE: Final = 10.0
GROUP_PATIENCE: Final = 60.0
MAX_HOLDERS: Final = 3
#: How long somebody who was asked to hold a box and does not answer counts as if they did.
ANSWER_SECONDS: Final = 30.0
#: Boxes made in one look, and put on one Link and not yet answered for.
MAX_SEALED: Final = 8
WINDOW: Final = 16
#: Bytes of messages in a box: the array around them takes up to three.
MAX_PART: Final = MAX_PLAINTEXT - 3


class Boxes:
    """The sender's side; see Holding for whoever is in between, and Opening for the recipient's."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._store = node.store
        self.keys = BoxKeys(node)
        self.holding = Holding(node)
        self.opening = Opening(node)
        self._since: dict[PeerId, float] = {}
        self._next = 0.0

    def takers(self) -> dict[type[Record], Callable[[Session, Any], None]]:
        """Who takes which record."""
        return {
            Peers: self.keys.received,
            Peersum: self.keys.summed,
            Boxput: self.holding.put,
            Boxack: self.answered,
            Box: self.opening.given,
        }

    def link_up(self, session: Session, hello: Hello) -> None:
        """A Link is ready: exchange records, and hand over what is held for the other end."""
        session.boxing.able = FEATURE_BOXES in hello.features
        self.keys.link_up(session)
        self.holding.meet(session)

    def tick(self) -> None:
        """Every few seconds: what waits for whom, and who could hold it."""
        now = self._node.clock.monotonic()
        if now < self._next:
            return
        self._next = now + LOOK_SECONDS
        self.keys.tick()
        self.holding.tick()
        self._forget()
        linked = {session.link.peer_id for session in self._node.sync.sessions.values()}
        away = sorted(
            p for p in self._node.rooms.mates() - linked if not self._node.people.contact(p).blocked
        )
        self._since = {peer: since for peer, since in self._since.items() if peer in away}
        for peer in away:
            self._seal_for(peer, now)
            if sent := self._store.boxes.sent_to(peer):
                self._put(sent, self._helpers(peer), now)

    # -- sealing

    def _seal_for(self, peer: PeerId, now: float) -> None:
        """Put what has waited long enough for somebody into boxes, the newest first."""
        wall = self._node.clock.wall_ms()
        direct = self._store.boxes.unboxed(dm_room(self._node.peer_id, peer), peer, wall)
        unboxed = direct + self._unboxed_in_groups(peer, wall)
        if not unboxed or not self._helpers(peer) or (key := self.keys.key_of(peer)) is None:
            self._since.pop(peer, None)
            return
        waited = now - self._since.setdefault(peer, now)
        if waited < (PATIENCE if direct else GROUP_PATIENCE):
            return
        for part in _parts(unboxed)[:MAX_SEALED]:
            if not self._seal(peer, key, part):
                return  # enough is under way: the rest waits here only
        del self._since[peer]

    def _unboxed_in_groups(self, peer: PeerId, wall_ms: int) -> list[Unboxed]:
        """What we wrote in private groups while somebody was in them, not long ago."""
        rooms, found = self._node.rooms, list[Unboxed]()
        for room in rooms.all():
            if room.kind is RoomKind.GROUP and rooms.is_member(room.id, peer):
                authority = rooms.authority(room.id)
                unboxed = self._store.boxes.unboxed(room.id, peer, wall_ms, wall_ms - HOLD_MS)
                found += [one for one in unboxed if authority.role_at(peer, one.clock) >= Role.MEMBER]
        return found

    def _seal(self, peer: PeerId, key: bytes, part: Sequence[Unboxed]) -> bool:
        count, size = self._store.boxes.sent_usage()
        messages = [*self._control_for(part), *(one.signed for one in reversed(part))]
        sealed = seal_box(peer, key, messages, self._node.random)
        if count >= MAX_BOXES or size + len(sealed) > MAX_SENDER_BYTES:
            return False
        expiry = self._node.clock.wall_ms() + HOLD_MS
        self._store.boxes.send(box_digest(sealed), peer, expiry, sealed, [one.seq for one in part])
        return True

    def _control_for(self, part: Sequence[Unboxed]) -> list[Signed]:
        """What makes the recipient a member of the groups in a box, if there is room: they may never have met one."""
        rooms, control = self._node.rooms, list[Signed]()
        for room_id in sorted({one.room for one in part} & rooms.sets.keys()):
            control += [deed.message.signed() for deed in rooms.sets[room_id].deeds()]
        size = sum(packed_size(signed) for signed in [*control, *(one.signed for one in part)])
        return control if size <= MAX_PART and len(part) + len(control) <= MAX_LIST else []

    # -- putting

    def _helpers(self, peer: PeerId) -> list[Session]:
        """The Links to those who could hold something for somebody, the longest linked first, one to each."""
        found: dict[PeerId, Session] = {}
        for session in self._node.sync.sessions.values():
            other = session.link.peer_id
            if (
                session.boxing.able
                and other != self._node.peer_id
                and self._node.rooms.share_a_team(other, peer)
            ):
                found.setdefault(other, session)
        return list(found.values())

    def _put(self, sent: Sequence[bytes], helpers: Sequence[Session], now: float) -> None:
        """Give each box for somebody to as many as are to hold it."""
        sending: Counter[Link] = Counter()
        for digest in sent:
            asked = {
                s.link.peer_id
                for s in helpers
                if now - s.boxing.unanswered.get(digest, -inf) < ANSWER_SECONDS
            }
            taken = asked.union(self._store.boxes.holders(digest))
            for session in helpers:
                if len(taken) >= MAX_HOLDERS:
                    break
                other, boxing = session.link.peer_id, session.boxing
                busy = len(boxing.unanswered) + sending[session.link] >= WINDOW
                if other not in taken and digest not in boxing.put and not busy:
                    taken.add(other)
                    sending[session.link] += 1
                    self._put_one(session, digest, now)

    def _put_one(self, session: Session, digest: bytes, now: float) -> None:
        found = self._store.boxes.sent_box(digest)
        assert found is not None, "it was just listed"

        def after() -> None:
            session.boxing.put.add(digest)
            session.boxing.unanswered[digest] = now
            session.link.send(Boxput(*found))
            self._node.sync.touch(session)

        self._store.database.on_known(after)

    def answered(self, session: Session, record: Boxack) -> None:
        """Somebody says what became of a box: one they hold for us, or one we hold for them."""
        if self.holding.answered(session, record) or not self._node.writable:
            return
        asked = session.boxing.unanswered.pop(record.digest, None) is not None
        holder = session.link.peer_id
        if record.code not in (BOX_STORED, BOX_HANDED_OVER):
            return
        if asked or holder in self._store.boxes.holders(record.digest):
            now = self._node.clock.wall_ms()
            self._tell(self._store.boxes.note_holder(record.digest, holder, record.code, now))

    def _tell(self, seqs: Sequence[int]) -> None:
        if seqs:
            self._store.on_commit(lambda: self._node.changes.tell(seqs, "delivery"))

    def _forget(self) -> None:
        """Drop boxes that are delivered or too old or no longer right, and holders who cannot hand them over."""
        boxes = self._store.boxes
        for digest in boxes.finished(self._node.clock.wall_ms()):
            self._tell(boxes.forget_sent(digest))
        for digest, recipient in boxes.sent():
            if not all(self._still_theirs(room, recipient) for room in boxes.rooms_in(digest)):
                self._tell(boxes.forget_sent(digest))
                continue
            for holder in boxes.holders(digest):
                if not self._node.rooms.share_a_team(holder, recipient):
                    self._tell(boxes.forget_holder(digest, holder))

    def _still_theirs(self, room_id: bytes, peer: PeerId) -> bool:
        """Whether what is said in a room may go to somebody."""
        room = self._node.room(room_id)
        return not room.is_governed or self._node.rooms.is_member(room_id, peer)


def _parts(unboxed: Sequence[Unboxed]) -> list[list[Unboxed]]:
    """Cut messages into what one box may hold each."""
    parts: list[list[Unboxed]] = []
    size = MAX_PART
    for one in unboxed:
        cost = packed_size(one.signed)
        if size + cost > MAX_PART or len(parts[-1]) == MAX_LIST:
            parts.append([])
            size = 0
        parts[-1].append(one)
        size += cost
    return parts
