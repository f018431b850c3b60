"""The middle of the window: one conversation with its heading, its messages, and where one writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QElapsedTimer, Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from p2pim.desktop.composer import Composer, Draft
from p2pim.desktop.markup import one_line
from p2pim.desktop.messages import MessageList
from p2pim.desktop.office import reach_of
from p2pim.desktop.privacy import reason

if TYPE_CHECKING:
    from p2pim.api import schema
    from p2pim.desktop.desk import Desk
    from p2pim.desktop.theme import Theme

#: Milliseconds: somebody types until then; and how often others are told that one types.
_TYPES: Final = 6_000
_TELL_EVERY: Final = 3_000


class Pane(QWidget):
    """Shows one room of the desk."""

    #: The details of the conversation are wanted, or not.
    details = Signal(bool)
    #: The delivery story of a message is wanted.
    story = Signal(object)

    def __init__(self, desk: Desk, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self.room = ""
        self.name = QLabel()
        self.about = QLabel()
        self.details_button = QToolButton()
        self.messages = MessageList(theme)
        self.typing = QLabel()
        self.composer = Composer()
        self.request = _Request()
        self._stopped_typing = QTimer(self)
        self._told_typing = QElapsedTimer()
        self._build()
        self._connect()

    def _build(self) -> None:
        header = QFrame()
        header.setObjectName("header")
        font = self.name.font()
        font.setPointSizeF(font.pointSizeF() * 1.15)
        font.setBold(True)
        self.name.setFont(font)
        self.about.setObjectName("muted")
        self.typing.setObjectName("muted")
        for label in (self.name, self.about, self.typing):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.typing.setContentsMargins(16, 0, 0, 0)
        self.details_button.setText("ⓘ")
        self.details_button.setCheckable(True)
        self.details_button.setToolTip(self.tr("Details (Ctrl+I)"))
        self.details_button.setAccessibleName(self.tr("Details"))
        titles, line, whole = QVBoxLayout(), QHBoxLayout(header), QVBoxLayout(self)
        titles.setSpacing(1)
        titles.addWidget(self.name)
        titles.addWidget(self.about)
        line.setContentsMargins(16, 9, 12, 9)
        line.addLayout(titles, 1)
        line.addWidget(self.details_button)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        for part in (header, self.request, self.messages, self.typing, self.composer):
            whole.addWidget(part, int(part is self.messages))

    def _connect(self) -> None:
        self.details_button.toggled.connect(self.details)
        self.messages.wants_older.connect(lambda: self._desk.load_older(self.room))
        self.messages.reached_end.connect(self.look)
        self.messages.asked.connect(self.act)
        self.composer.sent.connect(self._send)
        self.composer.typing.connect(self._tell_typing)
        self.composer.edit_last.connect(self.edit_last)
        self.request.answered.connect(lambda method, peer: self._desk.do(method, peer=peer))
        self._stopped_typing.setSingleShot(True)
        self._stopped_typing.timeout.connect(lambda: self.typing.setText(""))
        self._desk.changed.connect(self.refresh)
        self._desk.loaded.connect(self._loaded)
        self._desk.told.connect(self._told)
        self._desk.typing.connect(self._is_typing)

    # -- what is shown

    def show_room(self, room: str) -> None:
        """Show another conversation; what was being written in this one is kept."""
        if room == self.room:
            return
        self.leave()
        self.room = room
        conversation = self._desk.conversation(room)
        conversation.mark_new()
        self.messages.show_conversation(conversation)
        self.composer.show_draft(self._desk.draft(room))
        self.typing.setText("")
        self.refresh()
        self.look()

    def leave(self) -> None:
        """Keep what is being written; the line "new messages" has been seen."""
        if self.room:
            self._desk.keep(self.room, self.composer.draft())
            self._desk.conversation(self.room).forget_new()

    def refresh(self) -> None:
        """What is known of the conversation looks different."""
        office = self._desk.office
        if not self.room:
            return
        peer, room = office.peer_of(self.room), office.rooms.get(self.room)
        self.name.setText(office.name_of(self.room))
        topic = one_line(room["topic"]) if room is not None else ""
        if peer is not None:
            state = reach_of(peer)
            if peer["status_text"]:
                state += f" · {one_line(peer['status_text'])}"
        else:
            state = self._members_of(room)
        self.about.setText(" · ".join(filter(None, (state, topic))))
        self.request.show_peer(peer)
        self.composer.allow(self._why_not(peer, room))
        names = sorted({one_line(p["name"]) for p in office.peers.values() if not p["blocked"]})
        self.composer.show_names(["room", *names])

    def _members_of(self, room: schema.Room | None) -> str:
        count = None if room is None else room["members"]
        if count is None:
            return ""
        return self.tr("1 member") if count == 1 else self.tr("{n} members").format(n=count)

    def _why_not(self, peer: schema.Peer | None, room: schema.Room | None) -> str:
        """Why nothing can be written here, if that is so."""
        if peer is not None and peer["blocked"]:
            return self.tr("You have blocked them.")
        rule = self._desk.rules.get("verified_dms_only")
        if peer is not None and rule is not None and rule["value"] is True and peer["trust"] != "verified":
            return reason(rule, self.tr("Only people you have verified may be written to: {source}"))
        if room is not None and room["archived"]:
            return self.tr("This room is archived.")
        if room is not None and room["role"] in ("none", "damaged"):
            return self.tr("You are no member of this room any more.")
        return ""

    def show_message(self, message: schema.Message) -> None:
        """Scroll to a message, however long ago it was."""
        self._desk.seek(self.room, message, lambda: self.messages.show_message(message["id"]))

    # -- what happens

    def look(self) -> None:
        """The user sees the end of the conversation: it is read. Not behind another window."""
        if self.room and self.messages.at_end and self.window().isActiveWindow() and self.isVisible():
            self._desk.read(self.room)

    def _loaded(self, room: str) -> None:
        if room == self.room:
            self.messages.loaded()
            conversation = self._desk.conversation(room)
            if conversation.timeline.new_from is None:
                conversation.mark_new()
            if self.composer.draft() == Draft() and self._desk.draft(room) != Draft():
                self.composer.show_draft(self._desk.draft(room))
            self.look()

    def _told(self, room: str, message: schema.Message) -> None:
        if room != self.room:
            return
        self.typing.setText("")
        conversation = self._desk.conversation(room)
        if message["mine"]:
            conversation.forget_new()
            self.messages.to_end()
        elif conversation.timeline.new_from is None and not self.window().isActiveWindow():
            conversation.mark_new()
        self.look()

    def _is_typing(self, room: str, peer_id: str) -> None:
        if room == self.room and (peer := self._desk.office.peers.get(peer_id)) is not None:
            self.typing.setText(self.tr("{name} is typing …").format(name=one_line(peer["name"])))
            self._stopped_typing.start(_TYPES)

    # -- what the user does

    def _send(self, draft: Draft) -> None:
        self._desk.keep(self.room, Draft())
        self._desk.send(self.room, draft)

    def _tell_typing(self) -> None:
        if not self._told_typing.isValid() or self._told_typing.elapsed() > _TELL_EVERY:
            self._told_typing.start()
            self._desk.bridge.call("rooms.typing", room=self.room)

    def edit_last(self) -> None:
        """Put other words in place of one's last message."""
        message = self._desk.conversation(self.room).timeline.newest_of_mine()
        if message is not None:
            self.composer.change(message)

    def act(self, what: str, message: schema.Message, emoji: str = "") -> None:
        """Do something with a message."""
        if what == "reply":
            self.composer.reply(message)
        elif what == "edit":
            self.composer.change(message)
        elif what == "react":
            self._desk.react(message, emoji)
        elif what == "delete":
            self._desk.do("message.delete", message=message["id"])
        else:
            self.story.emit(message)


class _Request(QFrame):
    """What is shown above a conversation with somebody who asks, is blocked or is not who they seem."""

    #: The method of the API that answers, and about whom.
    answered = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("banner")
        self.text = QLabel()
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setWordWrap(True)
        self.buttons: dict[str, QPushButton] = {}
        self._peer = ""
        line = QHBoxLayout(self)
        line.addWidget(self.text, 1)
        for method, said in (
            ("peers.accept", self.tr("Accept")),
            ("peers.decline", self.tr("Decline")),
            ("peers.block", self.tr("Block")),
            ("peers.unblock", self.tr("Unblock")),
        ):
            self.buttons[method] = button = QPushButton(said)
            button.clicked.connect(lambda _=False, method=method: self.answered.emit(method, self._peer))
            line.addWidget(button)
        self.hide()

    def show_peer(self, peer: schema.Peer | None) -> None:
        """Show what is to be decided about somebody, if anything is."""
        shown: set[str] = set()
        text = ""
        if peer is not None:
            self._peer = peer["peer_id"]
            if peer["blocked"]:
                text, shown = (
                    self.tr("You have blocked them: nothing comes in or goes out."),
                    {"peers.unblock"},
                )
            elif peer["request"] == "pending":
                text = self.tr(
                    "Somebody you do not know wants to write to you. Until you accept, nothing more comes in."
                )
                shown = {"peers.accept", "peers.decline", "peers.block"}
            elif peer["lookalike"]:
                text = self.tr("Careful: this name looks like that of {name}, but it is somebody else.")
                text = text.format(name=one_line(peer["lookalike"]))
        self.text.setText(text)
        for method, button in self.buttons.items():
            button.setVisible(method in shown)
        self.setVisible(bool(text))
