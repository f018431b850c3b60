"""Runs of reconciliation: driving one, answering one, and what its end proves (SPEC section 9).

The Link's dialler drives a run for each room when the Link comes up; later either end may drive another, on an event.
The end that answers keeps nothing but where its set stood when the run began.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from p2pim.node.session import Drive, Driven, Session
from p2pim.protocol.message import MessageId, RoomId
from p2pim.protocol.reconcile import SKIP, ItemSet, Run, answer
from p2pim.protocol.records import ANSWER, ASK, CONTENT, MAX_DONE, MAX_LIST, NOT_SERVED, Done, Have, Reconcile
from p2pim.protocol.room import Room, RoomKind

if TYPE_CHECKING:
    from p2pim.node.node import Node
    from p2pim.node.sync import Sync


#: A driver asks on while it awaits fewer messages than this, and gives up when it lacks more for other reasons.
MAX_AWAITED: Final = 5_000
MAX_REFUSED: Final = 10_000


class Runs:
    """Both sides of every run of a node."""

    def __init__(self, node: Node, sync: Sync) -> None:
        self._node = node
        self._sync = sync
        self._store = node.store
        self._number = 0

    def drive(self, session: Session, room: Room) -> None:
        """Start a run; one under way is replaced, its answers are then ignored."""
        self._number += 2  # the dialler's numbers are odd, so that the two ends' runs are never mistaken
        floor = self.floor(room)
        drive = Drive(self._number + session.link.initiator, self._store.messages.known_seq(), Run(floor))
        session.drives[room.id] = drive
        ranges = drive.run.start(self._items(session, room))
        session.link.send(Reconcile(room.id, CONTENT, drive.number, ASK, ranges))
        self._sync.touch(session)

    def floor(self, room: Room) -> int:
        """Clock below which a room is not compared (the lobby fades)."""
        return self._node.fading.oldest() if room.kind is RoomKind.LOBBY else 0

    def _items(self, session: Session, room: Room) -> ItemSet:
        return self._store.messages.items(room, self._node.peer_id, session.link.peer_id)

    def received(self, session: Session, record: Reconcile) -> None:
        """A record of a run: a question to answer, or the answer to ours."""
        if record.kind == ASK:
            self.asked(session, record)
        else:
            self.answered(session, record)

    def answered(self, session: Session, record: Reconcile) -> None:
        """The other end answered a run we drive."""
        drive, room = session.drives.get(record.room), self._sync.shared_room(session, record.room)
        if drive is None or room is None or drive.number != record.run or drive.run.finished:
            return
        if record.kind == NOT_SERVED:
            del session.drives[room.id]
            return
        need, have, asks = drive.run.step(self._items(session, room), record.ranges)
        drive.untold.extend(have)
        drive.lacking.update(need)
        drive.asked.update(self._sync.want(session, room, need))
        drive.next_ask = asks
        self._sync.touch(session)
        self._go_on(session, room.id, drive)

    def tell(self, session: Session, while_below: int) -> None:
        """Offer what the runs found lacking at the other end, as the network takes it: it may be a whole room."""
        for room_id, drive in list(session.drives.items()):
            while drive.untold and session.link.queued < while_below and not session.link.closed:
                part = [drive.untold.popleft() for _ in range(min(MAX_LIST, len(drive.untold)))]
                session.link.send(Have(room_id, CONTENT, part))
                session.link.flush()
                if not drive.untold:
                    self._go_on(session, room_id, drive)
                    session.link.flush()

    def settled(self, session: Session, room_id: RoomId, message_id: MessageId, here: bool) -> None:
        """A message that may be awaited came, or will not come on this Link."""
        if (drive := session.drives.get(room_id)) is not None and (message_id in drive.lacking):
            drive.asked.discard(message_id)
            if here:
                drive.lacking.discard(message_id)
            self._go_on(session, room_id, drive)

    def _go_on(self, session: Session, room_id: RoomId, drive: Drive) -> None:
        """Ask on once most of what was found is here; send DONE once nothing is open and all was answered."""
        if len(drive.lacking) - len(drive.asked) > MAX_REFUSED:
            del session.drives[room_id]  # it offers what it does not send, or what we do not take: enough
        elif drive.next_ask and len(drive.asked) < MAX_AWAITED:
            session.link.send(Reconcile(room_id, CONTENT, drive.number, ASK, drive.next_ask))
            drive.next_ask = []
            self._sync.touch(session)
        elif (
            drive.run.finished
            and not (drive.asked or drive.untold or drive.told_done)
            and len(drive.lacking) <= MAX_DONE
        ):
            drive.told_done = True
            session.link.send(Done(room_id, CONTENT, drive.number, list(drive.lacking)))
            self._sync.touch(session)

    # -- answering a run

    def asked(self, session: Session, record: Reconcile) -> None:
        """The other end drives a run: answer it, keeping no more than when it began."""
        room = self._sync.shared_room(session, record.room)
        if room is None:
            session.link.send(Reconcile(record.room, record.set, record.run, NOT_SERVED, []))
            return
        driven = session.driven.get(room.id)
        if driven is None or driven.number != record.run:
            first = record.ranges[0] if record.ranges else None
            floor = first.clock + bool(first.prefix) if first is not None and first.mode == SKIP else 0
            session.driven[room.id] = Driven(record.run, self._store.messages.known_seq(), floor)
            session.offered.pop(room.id, None)
        ranges = answer(self._items(session, room), record.ranges)
        session.link.send(Reconcile(room.id, CONTENT, record.run, ANSWER, ranges))

    def done(self, session: Session, record: Done) -> None:
        """A run ended: what we held when it began and is not lacking there is stored there."""
        room = self._sync.shared_room(session, record.room)
        if room is None:
            return
        drive = session.drives.get(room.id)
        if drive is not None and drive.number == record.run and drive.told_done:
            del session.drives[room.id]
            upto, floor = drive.snapshot, drive.run.floor
        else:
            driven = session.driven.get(room.id)
            if driven is None or driven.number != record.run or driven.owed:
                return
            driven.owed = True
            upto, floor = driven.snapshot, driven.floor
            self.end(session, room.id)
        self._node.delivery.stored_there(session, room, upto=upto, floor=floor, lacking=record.ids)

    def overflow(self, session: Session, room_id: RoomId) -> None:
        """More was offered than is remembered: what DONE would not list must not count as being here."""
        if (driven := session.driven.get(room_id)) is not None:
            driven.overflowed = True

    def end(self, session: Session, room_id: RoomId) -> None:
        """Say DONE to the driver of a run, if it has said so and what is lacking here fits in.

        Until then it is owed: without it, what we hold but could not acknowledge would be "waiting" for good.
        """
        driven, lacking = session.driven.get(room_id), session.offered.get(room_id, set())
        if driven is not None and driven.owed and not driven.overflowed and len(lacking) <= MAX_DONE:
            del session.driven[room_id]
            session.offered.pop(room_id, None)
            session.link.send(Done(room_id, CONTENT, driven.number, list(lacking)))
            self._sync.touch(session)
