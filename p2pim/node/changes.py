"""What a stored message changes for whoever looks: a line more, or another line that now reads differently.

Called inside the transaction that stores; everything is told after its commit, once.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from p2pim.node import events
from p2pim.protocol.message import DELETE, EDIT, FILE, FOLLOWERS, REACTION, Header, MessageId, RoomId
from p2pim.store.messages import Stored

if TYPE_CHECKING:
    from p2pim.node.node import Node

_WHAT: Final[dict[int, events.Change]] = {EDIT: "edit", DELETE: "delete", REACTION: "reaction"}
#: Replies that are told of a change in what they answer: the newest.
MAX_REPLIES: Final = 50


class Changes:
    """From messages to events."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._store = node.store

    def made_by(self, stored: Stored, *, quiet: bool = False, view: events.MessageView | None = None) -> None:
        """A message is stored, or has become due.

        Args:
            quiet: it deserves nobody's attention.
            view: how it is shown, where that is known already.
        """
        header = stored.message.header
        if header.kind in FOLLOWERS:
            if header.target is not None and (header.kind == DELETE or not stored.hidden):
                self._follows(header, header.target)
            return
        if header.kind == FILE:
            self._node.transfers.offered(stored)
        if stored.followed:
            self._late(header.room, stored.message.id)
        self._store.on_commit(lambda: self._added(stored, quiet, view))

    def _added(self, stored: Stored, quiet: bool, view: events.MessageView | None) -> None:
        if self._node.watched and not self._node.views.is_hidden(stored):
            view = view or self._node.views.fresh(stored)
            notify = stored.unread and not quiet and self._node.alerts.announces(view)
            self._node.emit(events.MessageAdded(view, notify))

    def _follows(self, header: Header, target: MessageId) -> None:
        """An edit, a delete or a reaction: its target reads differently."""
        if header.kind == EDIT:
            self._note_mention(header.room, target)
        if header.kind == DELETE:
            self._store.on_commit(partial(self.read, header.room), ("read", header.room))
        if header.kind != REACTION:
            self._quoted(header.room, target)
        tell = partial(self._tell, header.room, target, _WHAT[header.kind])
        self._store.on_commit(tell, ("changed", target, header.kind))

    def _late(self, room_id: RoomId, target: MessageId) -> None:
        """What others here are about has come only now."""
        self._note_mention(room_id, target)
        self._quoted(room_id, target)

    def _note_mention(self, room_id: RoomId, target: MessageId) -> None:
        for stored in self._store.messages.get([target]):
            if stored.unread and stored.message.header.room == room_id:
                shown = self._node.views.entry(stored)
                self._store.messages.set_mention(stored.seq, shown.means(self._node.peer_id))

    def _quoted(self, room_id: RoomId, target: MessageId) -> None:
        """Replies show the beginning of what they answer."""
        for seq in self._store.followers.replies(room_id, target, MAX_REPLIES) if self._node.watched else ():
            self._store.on_commit(partial(self.tell, [seq], "quote"), ("changed", seq))

    def _tell(self, room_id: RoomId, target: MessageId, what: events.Change) -> None:
        for stored in self._store.messages.get([target]) if self._node.watched else ():
            if stored.message.header.room == room_id:
                self.tell([stored.seq], what)

    def tell(self, seqs: Sequence[int], what: events.Change) -> None:
        """Lines at these places in order of arrival read differently."""
        if self._node.watched:
            for view in self._node.views.messages_at(seqs):
                self._node.emit(events.MessageChanged(view, what))

    def many(self, room_id: RoomId) -> None:
        """Messages of a room are shown no longer (or erased), or are again: whoever shows it looks anew."""
        self._store.on_commit(partial(self.read, room_id), ("read", room_id))
        self._store.on_commit(partial(self._node.emit, events.RoomChanged(room_id)), ("many", room_id))

    def read(self, room_id: RoomId) -> None:
        """There may be less unread in a room now."""
        unread, mentions = (self._store.messages.count(room_id, what) for what in ("unread", "mentions"))
        self._node.emit(events.RoomRead(room_id, unread, mentions))
