"""What the window works on: the daemon's world as last told, the conversations that are open, and what is done there.

Nothing is drawn here. What the user does goes to the daemon, and what is shown comes back from it as events.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, QTimer, Signal

from p2pim.api.mentions import mentioned
from p2pim.desktop.composer import Draft
from p2pim.desktop.conversation import Conversation
from p2pim.desktop.office import Office, Part
from p2pim.desktop.timeline import place_of

if TYPE_CHECKING:
    from p2pim.api import schema
    from p2pim.desktop.bridge import Bridge, Then

#: Messages asked for at once.
PAGE: Final = 60
#: The same, where it is known that many are wanted.
SEEK: Final = 400
#: Conversations kept while others are shown.
_KEPT: Final = 8
#: Milliseconds in which changes are gathered before what they did not tell is asked for.
_GATHER: Final = 100
_ASKED: Final[dict[Part, str]] = {"people": "peers.list", "rooms": "rooms.list", "self": "status"}


class Desk(QObject):
    """One profile's desk."""

    #: The list, the status or the badge look different.
    changed = Signal()
    #: Whether the daemon answers, and if not, why.
    reachable = Signal(bool, str)
    #: A sentence to show: something did not work.
    failed = Signal(str)
    #: A message that draws attention.
    alerted = Signal(object)
    #: Another message than before is in this room.
    told = Signal(str, object)
    #: Somebody types in a room.
    typing = Signal(str, str)
    #: How it went with a code: the event.
    joining = Signal(object)
    #: A page of history came in for this room.
    loaded = Signal(str)

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.bridge = bridge
        self.office = Office()
        #: The rules in force, by key.
        self.rules: dict[str, schema.Rule] = {}
        self.is_reachable = False
        self._conversations: OrderedDict[str, Conversation] = OrderedDict()
        self._drafts: dict[str, Draft] = {}
        self._stale: set[Part] = set()
        self._gather = QTimer(self)
        self._gather.setSingleShot(True)
        self._gather.setInterval(_GATHER)
        self._gather.timeout.connect(self._ask_anew)
        bridge.connected.connect(self._connected)
        bridge.happened.connect(self._happened)
        bridge.lost.connect(self._lost)

    # -- the daemon's world

    def _connected(self, snapshot: schema.Snapshot) -> None:
        self.office.load(snapshot)
        self.is_reachable = True
        self.reachable.emit(True, "")
        self.changed.emit()
        self.bridge.call("policy.get", self._ruled)
        for room in list(self._conversations):
            self._load(room)

    def _lost(self, why: str) -> None:
        self.is_reachable = False
        self.reachable.emit(False, why)

    def _happened(self, event: schema.Event) -> None:
        if self.office.is_old(event):
            return
        stale = self.office.apply(event)
        if stale:
            self._stale |= stale
            if not self._gather.isActive():
                self._gather.start()
        kind = event["type"]
        if kind in ("message.added", "message.changed"):
            self._message(event)
        elif kind == "typing":
            self.typing.emit(event["room"], event["peer_id"])
        elif kind == "policy.changed":
            self.bridge.call("policy.get", self._ruled)
        elif kind == "join.changed":
            self.joining.emit(event)
        elif kind == "room.changed" and event["room"] in self._conversations:
            self._load(event["room"])
        if kind in ("peer.changed", "room.read"):
            self.changed.emit()

    def _ruled(self, rules: list[schema.Rule]) -> None:
        self.rules = {rule["key"]: rule for rule in rules}
        self.changed.emit()

    def _message(self, event: schema.Event) -> None:
        message = event["message"]
        conversation = self._conversations.get(message["room"])
        if conversation is not None:
            if event["type"] == "message.added":
                conversation.put(message)
            else:
                conversation.change(message)
        if event["type"] == "message.added":
            self.told.emit(message["room"], message)
            if event.get("notify"):
                self.alerted.emit(message)

    def _ask_anew(self) -> None:
        stale, self._stale = self._stale, set()
        for part in sorted(stale):
            self.bridge.call(_ASKED[part], partial(self._renewed, part))

    def _renewed(self, part: Part, result: Any) -> None:
        if part == "people":
            self.office.peers = {peer["peer_id"]: peer for peer in result}
        elif part == "rooms":
            self.office.rooms = {room["room"]: room for room in result}
        else:
            self.office.status = result
        self.changed.emit()

    # -- conversations

    def conversation(self, room: str) -> Conversation:
        """A conversation, whose newest messages come as soon as they are here."""
        found = self._conversations.get(room)
        if found is None:
            found = self._conversations[room] = Conversation(room, self)
            if self.is_reachable:
                self._load(room)
        self._conversations.move_to_end(room)
        while len(self._conversations) > _KEPT:
            self._conversations.popitem(last=False)[1].deleteLater()
        return found

    def _load(self, room: str) -> None:
        self.bridge.call(
            "message.history", lambda page: self._newest(room, page), self.fail, room=room, limit=PAGE
        )

    def _newest(self, room: str, page: list[schema.Message]) -> None:
        if (conversation := self._conversations.get(room)) is not None:
            conversation.put_newest(page)
            self.loaded.emit(room)

    def load_older(self, room: str) -> None:
        """Ask for a page before what is here."""
        before = self.conversation(room).timeline.before
        if before is not None:
            self.bridge.call(
                "message.history",
                lambda page: self._older(room, page),
                self.fail,
                room=room,
                limit=PAGE,
                before=before,
            )

    def _older(self, room: str, page: list[schema.Message]) -> None:
        if (conversation := self._conversations.get(room)) is not None:
            conversation.put_older(page)
            self.loaded.emit(room)

    def seek(self, room: str, message: schema.Message, found: Callable[[], object]) -> None:
        """Load what is older until a message is here; then ``found`` is called."""
        timeline = self.conversation(room).timeline
        if timeline.find(place_of(message)) is not None:
            found()
        elif timeline.before is None or place_of(message) < timeline.before:

            def go_on(page: list[schema.Message]) -> None:
                conversation = self._conversations.get(room)
                if conversation is not None and conversation.put_older(page):
                    self.seek(room, message, found)
                self.loaded.emit(room)

            params = {"room": room, "limit": SEEK, "before": timeline.before}
            self.bridge.call("message.history", go_on, self.fail, **params)

    def draft(self, room: str) -> Draft:
        """What was being written there."""
        return self._drafts.get(room, Draft())

    @property
    def texts(self) -> dict[str, str]:
        """What is being written where, without what it answers: that is what outlives the program."""
        return {
            room: draft.text for room, draft in self._drafts.items() if draft.text and draft.edits is None
        }

    @texts.setter
    def texts(self, texts: dict[str, str]) -> None:
        self._drafts = {room: Draft(text) for room, text in texts.items()}

    def keep(self, room: str, draft: Draft) -> None:
        """Keep what is being written."""
        if draft == Draft():
            self._drafts.pop(room, None)
        else:
            self._drafts[room] = draft

    # -- what the user does

    def do(self, method: str, then: Then | None = None, /, **params: Any) -> None:
        """Ask for something; what goes wrong is shown."""
        self.bridge.call(method, then, self.fail, **params)

    def fail(self, error: Exception) -> None:
        """Show what went wrong."""
        self.failed.emit(str(error))

    def send(self, room: str, draft: Draft) -> None:
        """Send a draft. If that fails it is kept, and shown again where nothing else was begun meanwhile."""
        ids, everyone = mentioned(draft.text, list(self.office.peers.values()))
        params: dict[str, Any] = {"text": draft.text, "mentions": ids, "mention_room": everyone}
        method = "message.send"
        if draft.edits is not None:
            method = "message.edit"
            params["message"] = draft.edits["id"]
        else:
            params |= {"room": room, "token": os.urandom(16).hex()}
            if draft.reply_to is not None:
                params["reply_to"] = draft.reply_to["id"]

        def failed(error: Exception) -> None:
            if room not in self._drafts:
                self._drafts[room] = draft
            self.fail(error)
            self.loaded.emit(room)

        self.bridge.call(method, None, failed, **params)

    def read(self, room: str) -> None:
        """All that is here of a conversation was shown."""
        conversation = self._conversations.get(room)
        if conversation is None or not any(m["unread"] for m in conversation.timeline.messages):
            return
        self.bridge.call("rooms.read", room=room, seq=conversation.timeline.last_seq())
        conversation.mark_read()

    def react(self, message: schema.Message, emoji: str) -> None:
        """Put an emoji to a message, or take it back."""
        me = "" if self.office.status is None else self.office.status["peer_id"]
        mine = any(each["emoji"] == emoji and me in each["by"] for each in message["reactions"])
        self.do("message.react", message=message["id"], emoji=emoji, remove=mine)
