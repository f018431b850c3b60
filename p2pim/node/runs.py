"""Runs of reconciliation: driving one, answering one, and what its end proves (SPEC section 9).

The Link's dialler drives a run for each room when the Link comes up; later either end may drive another, on an event.
The end that answers keeps nothing but where its set stood when the run began.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from p2pim.node.session import Drive, Driven, Session, SetId
from p2pim.protocol.message import MessageId
from p2pim.protocol.reconcile import SKIP, ItemSet, Run, answer
from p2pim.protocol.records import (
    ANSWER,
    ASK,
    CONTENT,
    CONTROL,
    MAX_DONE,
    MAX_LIST,
    NOT_SERVED,
    Done,
    Have,
    Reconcile,
)
from p2pim.protocol.room import LOBBY

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

    def drive(self, session: Session, place: SetId) -> None:
        """Start a run; one under way is replaced, its answers are then ignored."""
        self._number += 2  # the dialler's numbers are odd, so that the two ends' runs are never mistaken
        floor = self.floor(place)
        drive = Drive(self._number + session.link.initiator, self._store.messages.known_seq(), Run(floor))
        session.drives[place] = drive
        ranges = drive.run.start(self._items(session, place))
        session.link.send(Reconcile(place.room, place.set, drive.number, ASK, ranges))
        self._sync.touch(session)

    def floor(self, place: SetId) -> int:
        """Clock below which a set is not compared (the lobby fades)."""
        return self._node.fading.oldest() if place.room == LOBBY else 0

    def _items(self, session: Session, place: SetId) -> ItemSet:
        if place.set == CONTROL:
            return self._node.rooms.items(place.room)
        room = self._sync.sharing.room(session, place)
        assert room is not None, "only what is shared is compared"
        return self._store.messages.items(room, self._node.peer_id, session.link.peer_id)

    def held(self, place: SetId, ids: Sequence[MessageId]) -> set[MessageId]:
        """Which of these are here."""
        if place.set == CONTROL:
            return set(self._node.rooms.in_order(place.room, ids))
        return self._store.messages.held(ids)

    def received(self, session: Session, record: Reconcile) -> None:
        """A record of a run: a question to answer, or the answer to ours."""
        if record.kind == ASK:
            self.asked(session, record)
        else:
            self.answered(session, record)

    def answered(self, session: Session, record: Reconcile) -> None:
        """The other end answered a run we drive."""
        place = SetId(record.room, record.set)
        drive, room = session.drives.get(place), self._sync.sharing.room(session, place)
        if drive is None or room is None or drive.number != record.run:
            return
        if record.kind == NOT_SERVED:
            del session.drives[place]
            session.compared_there.discard(place.room)
            self._node.control.not_served(session, place)
            return
        if drive.run.finished:
            return
        need, have, asks = drive.run.step(self._items(session, place), record.ranges)
        drive.untold.extend(have)
        drive.lacking.update(need)
        drive.asked.update(self._sync.want(session, room, place, need))
        drive.next_ask = asks
        self._sync.touch(session)
        self._go_on(session, place, drive)

    def tell(self, session: Session, while_below: int) -> None:
        """Offer what the runs found lacking at the other end, as the network takes it: it may be a whole room."""
        for place, drive in list(session.drives.items()):
            while drive.untold and session.link.queued < while_below and not session.link.closed:
                part = [drive.untold.popleft() for _ in range(min(MAX_LIST, len(drive.untold)))]
                session.link.send(Have(place.room, place.set, part))
                session.link.flush()
                if not drive.untold:
                    self._go_on(session, place, drive)
                    session.link.flush()

    def settled(self, session: Session, place: SetId, message_id: MessageId, here: bool) -> None:
        """A message that may be awaited came, or will not come on this Link."""
        if (drive := session.drives.get(place)) is not None and (message_id in drive.lacking):
            drive.asked.discard(message_id)
            if here:
                drive.lacking.discard(message_id)
            self._go_on(session, place, drive)

    def _go_on(self, session: Session, place: SetId, drive: Drive) -> None:
        """Ask on once most of what was found is here; send DONE once nothing is open and all was answered."""
        if len(drive.lacking) - len(drive.asked) > MAX_REFUSED:
            del session.drives[place]  # it offers what it does not send, or what we do not take: enough
            session.owed[place] = drive.lacking
            session.compared_there.discard(place.room)
        elif drive.next_ask and len(drive.asked) < MAX_AWAITED:
            session.link.send(Reconcile(place.room, place.set, drive.number, ASK, drive.next_ask))
            drive.next_ask = []
            self._sync.touch(session)
        elif (
            drive.run.finished
            and not (drive.asked or drive.untold or drive.told_done)
            and len(drive.lacking) <= MAX_DONE
        ):
            drive.told_done = True
            self._say_done(session, place, drive.number, drive.lacking)

    # -- answering a run

    def asked(self, session: Session, record: Reconcile) -> None:
        """The other end drives a run: answer it, keeping no more than when it began."""
        place = SetId(record.room, record.set)
        if self._sync.sharing.room(session, place) is None:
            session.link.send(Reconcile(record.room, record.set, record.run, NOT_SERVED, []))
            return
        driven = session.driven.get(place)
        if driven is None or driven.number != record.run:
            first = record.ranges[0] if record.ranges else None
            floor = first.clock + bool(first.prefix) if first is not None and first.mode == SKIP else 0
            session.driven[place] = Driven(record.run, self._store.messages.known_seq(), floor)
            session.offered.pop(place, None)
        ranges = answer(self._items(session, place), record.ranges)
        session.link.send(Reconcile(place.room, place.set, record.run, ANSWER, ranges))

    def done(self, session: Session, record: Done) -> None:
        """A run ended: what we held when it began and is not lacking there is stored there."""
        place = SetId(record.room, record.set)
        room = self._sync.sharing.room(session, place)
        if room is None:
            if record.run % 2 != session.link.initiator:  # the other end drives it, and would wait for ever
                session.link.send(Reconcile(place.room, place.set, record.run, NOT_SERVED, []))
            return
        drive = session.drives.get(place)
        if drive is not None and drive.number == record.run and drive.told_done:
            del session.drives[place]
            upto, floor = drive.snapshot, drive.run.floor
            if (driven := session.driven.get(place)) is not None and driven.owed and driven.overflowed:
                del session.driven[place]  # the other end lets go of it too
        else:
            driven = session.driven.get(place)
            if driven is None or driven.number != record.run or driven.owed:
                return
            driven.owed = True
            upto, floor = driven.snapshot, driven.floor
            self.end(session, place)
            if driven.overflowed:
                session.unasked.add(place)
                self._sync.look_again(session)
        if place.set == CONTENT:
            told = session.lacking_there.get(place.room, {})
            later = {message_id: seq for message_id, seq in told.items() if seq > upto}
            session.lacking_there[place.room] = dict.fromkeys(record.ids, 0) | later
            session.compared_there.add(place.room)
            self._node.delivery.stored_there(session, room, upto=upto, floor=floor, lacking=record.ids)
            self._sync.memory.compared(session, place.room)

    def overflow(self, session: Session, place: SetId) -> None:
        """More was offered than is remembered: what DONE would not list must not count as being here."""
        session.unasked.add(place)
        if (driven := session.driven.get(place)) is not None:
            driven.overflowed = True

    def end(self, session: Session, place: SetId) -> None:
        """Say DONE to the driver of a run, if it has said so and what is lacking here fits in.

        Until then it is owed: without it, what we hold but could not acknowledge would be "waiting" for good.
        """
        driven, lacking = session.driven.get(place), session.offered.get(place, set())
        if driven is not None and driven.owed and not driven.overflowed and len(lacking) <= MAX_DONE:
            del session.driven[place]
            session.offered.pop(place, None)
            self._say_done(session, place, driven.number, lacking)
            own = session.drives.get(place)
            if own is not None and own.told_done and own.snapshot <= driven.snapshot:
                # More was offered than they remember: their own run was to cover it.
                del session.drives[place]

    def _say_done(self, session: Session, place: SetId, number: int, lacking: set[MessageId]) -> None:
        session.owed[place] = set(lacking)
        session.link.send(Done(place.room, place.set, number, list(lacking)))
        if place.set == CONTENT:
            session.compared.add(place.room)
            self._sync.memory.compared(session, place.room)
            self._node.receipts.compared(session, place.room)
        self._sync.touch(session)
