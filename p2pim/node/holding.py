"""Holding boxes for others: what a team-mate cannot give to somebody who is away (SPEC section 13).

We learn for whom a box is, from whom, how large and how long it is good for, and can read nothing. It is handed over
when we meet its recipient, and goes when they say that they have what was in it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from p2pim.node.session import Session
from p2pim.protocol.box import HOLD_MS, box_digest
from p2pim.protocol.identity import PeerId
from p2pim.protocol.records import (
    BOX_HANDED_OVER,
    BOX_REFUSED,
    BOX_STORED,
    Box,
    Boxack,
    Boxput,
)

if TYPE_CHECKING:
    from p2pim.node.node import Node

#: What is held for one sender, and in all.
MAX_BOXES: Final = 200
MAX_SENDER_BYTES: Final = 4 * 1024 * 1024
MAX_BYTES: Final = 64 * 1024 * 1024
#: Boxes given on a Link and not yet answered for.
WINDOW: Final = 4


class Holding:
    """The side of whoever is neither sender nor recipient."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._store = node.store

    # -- taking in

    def put(self, session: Session, record: Boxput) -> None:
        """Somebody asks us to hold a box: answer once it is on the disk."""
        session.slow(session.boxing.costly, self._node.clock.monotonic())
        digest = box_digest(record.box)
        code = self._take(session.link.peer_id, digest, record)
        self.answer(session, digest, code)

    def answer(self, session: Session, digest: bytes, code: int) -> None:
        """Say what became of a box, once this transaction has committed."""

        def after() -> None:
            session.link.send(Boxack(digest, code))
            self._node.sync.touch(session)

        self._store.database.on_known(after)

    def _take(self, sender: PeerId, digest: bytes, record: Boxput) -> int:
        now, boxes = self._node.clock.wall_ms(), self._store.boxes
        if not self._node.writable or not self._may_hold(sender, record.recipient):
            return BOX_REFUSED
        if (known := boxes.held(digest)) is not None:
            if known.sender != sender:
                return BOX_REFUSED
            return BOX_HANDED_OVER if known.box is None else BOX_STORED
        expiry = min(record.expiry_ms, now + HOLD_MS)
        if expiry <= now or not self._has_room(sender, len(record.box)):
            return BOX_REFUSED
        boxes.hold(digest, sender, record.recipient, expiry, record.box)
        for session in self._sessions(record.recipient):
            self._store.on_commit(partial(self.meet, session))
        return BOX_STORED

    def _may_hold(self, sender: PeerId, recipient: PeerId) -> bool:
        """Only for members of a team of ours who have no other way, and only if the user and the rules let us."""
        relays = self._node.policy.switch("relay", self._node.settings.relay)
        if not relays or self._node.people.contact(recipient).blocked:
            return False
        if len({sender, recipient, self._node.peer_id}) < 3:
            return False
        return self._node.rooms.share_a_team(sender, recipient)

    def _has_room(self, sender: PeerId, size: int) -> bool:
        count, theirs, all_bytes = self._store.boxes.usage(sender)
        return count < MAX_BOXES and theirs + size <= MAX_SENDER_BYTES and all_bytes + size <= MAX_BYTES

    def _sessions(self, peer: PeerId) -> list[Session]:
        return [s for s in self._node.sync.sessions.values() if s.link.peer_id == peer]

    # -- handing over

    def meet(self, session: Session) -> None:
        """Give somebody what is held for them, and tell them what was handed over of theirs."""
        boxing, peer = session.boxing, session.link.peer_id
        if not boxing.able or not self._node.writable:
            return
        new = [digest for digest in self._store.boxes.held_for(peer) if digest not in boxing.tried]
        boxing.tried.update(new)
        boxing.to_give.extend(new)
        self._give(session)
        self._tell_sender(session)

    def _give(self, session: Session) -> None:
        """A few at a time: the other end may be slow, or never answer."""
        boxing = session.boxing
        while boxing.to_give and len(boxing.given) < WINDOW:
            held = self._store.boxes.held(boxing.to_give.popleft())
            if held is None or held.box is None:
                continue
            if not self._node.rooms.share_a_team(held.sender, held.recipient):
                boxing.tried.discard(held.digest)  # they may be in one again
                continue
            boxing.given.add(held.digest)
            session.link.send(Box(held.box))
            self._node.sync.touch(session)

    def _tell_sender(self, session: Session) -> None:
        told = self._store.boxes.to_tell(session.link.peer_id)
        if not told:
            return
        with self._store.transaction():
            for digest in told:
                self.answer(session, digest, BOX_HANDED_OVER)
            self._store.boxes.drop(told)

    def answered(self, session: Session, record: Boxack) -> bool:
        """Whether this is the answer for a box that we gave; if so, what follows."""
        if record.digest not in session.boxing.given:
            return False
        session.boxing.given.discard(record.digest)
        held = self._store.boxes.held(record.digest)
        if held is not None and held.box is not None and self._node.writable:
            if record.code == BOX_HANDED_OVER:
                self._store.boxes.handed_over(record.digest)
                for sender in self._sessions(held.sender):
                    self._store.on_commit(partial(self.meet, sender))
            elif record.code == BOX_REFUSED:
                self._store.boxes.drop([record.digest])
        self._give(session)
        return True

    def tick(self) -> None:
        """Hold nothing beyond its time; somebody we meet may only now be in a team with a sender."""
        self._store.boxes.drop_expired(self._node.clock.wall_ms())
        for session in self._node.sync.sessions.values():
            self.meet(session)
