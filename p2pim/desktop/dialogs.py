"""Small windows: find a conversation, search all messages, one's status, the keys, the doctor."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from p2pim.desktop.details import moment
from p2pim.desktop.document import words_of
from p2pim.desktop.markup import one_line

if TYPE_CHECKING:
    from p2pim.api import schema
    from p2pim.desktop.desk import Desk

_DATA: Final = Qt.ItemDataRole.UserRole
#: Milliseconds after the last key before what was typed is looked for.
_PAUSE: Final = 150
#: Since how many days ago one may search; None: ever since.
_DAYS: Final = (None, 0, 7, 30, 365)
PRESENCES: Final = ("online", "away", "busy", "invisible")
#: How long a status may last, in minutes; None: until it is changed, -1: until midnight.
_UNTIL: Final = (None, 30, 60, -1)


class Small(QDialog):
    """A dialog that is deleted when it closes."""

    def __init__(self, title: str, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.column = QVBoxLayout(self)

    def showEvent(self, event: QShowEvent) -> None:
        """As high as its words need: only now is it known how they wrap."""
        super().showEvent(event)
        self.resize(self.width(), max(self.height(), self.column.totalHeightForWidth(self.width())))

    def words(self, text: str, name: str = "") -> QLabel:
        """Some words, plain whoever wrote them."""
        label = QLabel(text)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        label.setObjectName(name)
        self.column.addWidget(label)
        return label


class _Finder(Small):
    """A line to type in, and a list of what fits."""

    def __init__(self, title: str, hint: str, parent: QWidget | None) -> None:
        super().__init__(title, parent)
        self.line = QLineEdit()
        self.line.setPlaceholderText(hint)
        self.line.setAccessibleName(hint)
        self.found = QListWidget()
        self.found.setAccessibleName(self.tr("Found"))
        self.found.setWordWrap(True)
        self.found.itemActivated.connect(self._take)
        self.found.itemClicked.connect(self._take)
        self.line.returnPressed.connect(self._take_current)
        self.column.addWidget(self.line)
        self.column.addWidget(self.found, 1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up and Down choose while one types."""
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down) and self.found.count():
            by = 1 if event.key() == Qt.Key.Key_Down else -1
            self.found.setCurrentRow((self.found.currentRow() + by) % self.found.count())
        else:
            super().keyPressEvent(event)

    def offer(self, text: str, data: object) -> None:
        """Add a line to the list."""
        item = QListWidgetItem(text)
        item.setData(_DATA, data)
        self.found.addItem(item)

    def _take_current(self) -> None:
        if (item := self.found.currentItem()) is not None:
            self._take(item)

    def _take(self, item: QListWidgetItem) -> None:
        raise NotImplementedError


class Switcher(_Finder):
    """Go to a conversation by a part of its name."""

    chosen = Signal(str)

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        title = QApplication.translate("Switcher", "Go to")
        super().__init__(title, QApplication.translate("Switcher", "A person or room"), parent)
        self._desk = desk
        self.resize(420, 360)
        self.line.textChanged.connect(self._show)
        self._show("")

    def _show(self, wanted: str) -> None:
        self.found.clear()
        for entry in self._desk.office.entries(wanted):
            if entry.room:
                unread = f"   ({entry.unread})" if entry.unread else ""
                self.offer(f"{self._desk.office.name_of(entry.room)}{unread}", entry.room)
        self.found.setCurrentRow(0)

    def _take(self, item: QListWidgetItem) -> None:
        self.close()
        self.chosen.emit(item.data(_DATA))


class SearchWindow(_Finder):
    """Full text over everything that is held here."""

    chosen = Signal(object)

    def __init__(self, desk: Desk, room: str = "", parent: QWidget | None = None) -> None:
        title = QApplication.translate("SearchWindow", "Search")
        super().__init__(title, QApplication.translate("SearchWindow", "Words, or parts of words"), parent)
        self._desk = desk
        self._asked = 0
        self.resize(620, 480)
        self.where = QComboBox()
        self.where.setAccessibleName(self.tr("Where"))
        self.where.addItem(self.tr("Everywhere"), "")
        for entry in desk.office.entries():
            if entry.room:
                self.where.addItem(desk.office.name_of(entry.room), entry.room)
        self.where.setCurrentIndex(max(0, self.where.findData(room)))
        self.who = QComboBox()
        self.who.setAccessibleName(self.tr("By whom"))
        self.who.addItem(self.tr("By anybody"), "")
        status = desk.office.status
        if status is not None:
            self.who.addItem(self.tr("By me"), status["peer_id"])
        for peer in sorted(desk.office.peers.values(), key=lambda p: p["name"].casefold()):
            self.who.addItem(one_line(peer["name"]), peer["peer_id"])
        self.state = QLabel()
        self.state.setObjectName("muted")
        self.when = QComboBox()
        self.when.setAccessibleName(self.tr("When"))
        said = (
            self.tr("At any time"),
            self.tr("Today"),
            self.tr("In the last 7 days"),
            self.tr("In the last 30 days"),
            self.tr("In the last year"),
        )
        for text, days in zip(said, _DAYS, strict=True):
            self.when.addItem(text, days)
        row = QHBoxLayout()
        row.addWidget(self.where, 1)
        row.addWidget(self.who, 1)
        row.addWidget(self.when, 1)
        self.column.insertLayout(1, row)
        self.column.addWidget(self.state)
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE)
        self._pause.timeout.connect(self._ask)
        self.line.textChanged.connect(lambda _: self._pause.start())
        for choice in (self.where, self.who, self.when):
            choice.currentIndexChanged.connect(lambda _: self._ask())

    def _ask(self) -> None:
        self._asked += 1
        number, text = self._asked, self.line.text()
        if not text.strip():
            self.found.clear()
            self.state.setText("")
            return
        asked = (("room", self.where.currentData()), ("author", self.who.currentData()))
        where = {key: value for key, value in asked if value}
        if (days := self.when.currentData()) is not None:
            where["since_ms"] = begin_of(days, time.time())
        self._desk.do("message.search", lambda r: self._show(number, r), text=text, limit=100, **where)

    def _show(self, number: int, result: schema.Found) -> None:
        if number != self._asked:
            return  # the answer to what was typed before
        self.found.clear()
        for message in result["messages"]:
            who = self.tr("You") if message["mine"] else one_line(message["author_name"])
            where = self._desk.office.name_of(message["room"])
            head = f"{where} · {who} · {moment(message['wall_ms'])}"
            self.offer(f"{head}\n{one_line(words_of(message))[:240]}", message)
        self.found.setCurrentRow(0)
        count = len(result["messages"])
        said = self.tr("1 message found") if count == 1 else self.tr("{n} messages found").format(n=count)
        self.state.setText(said + (self.tr("; there are more: add a word") if result["more"] else ""))

    def _take(self, item: QListWidgetItem) -> None:
        self.chosen.emit(item.data(_DATA))


def begin_of(days: int, now: float) -> int:
    """The first moment of the day so many days ago, in ms since 1970."""
    day = time.localtime(now)
    return int(time.mktime((day.tm_year, day.tm_mon, day.tm_mday - days, 0, 0, 0, 0, 0, -1))) * 1000


class StatusWindow(Small):
    """One's own name, presence and status text."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(QApplication.translate("StatusWindow", "Your status"), parent)
        self._desk = desk
        status = desk.office.status
        self.name = QLineEdit(one_line(status["nickname"]) if status else "")
        self.presence = QComboBox()
        self.presence.addItems(
            [self.tr("Online"), self.tr("Away"), self.tr("Busy: do not disturb"), self.tr("Invisible")]
        )
        current = status["presence"] if status else "online"
        self.presence.setCurrentIndex(PRESENCES.index(current) if current in PRESENCES else 0)
        self.text = QLineEdit(one_line(status["status_text"]) if status else "")
        self.text.setPlaceholderText(self.tr("What are you up to?"))
        self.until = QComboBox()
        said = (
            self.tr("until I change it"),
            self.tr("for 30 minutes"),
            self.tr("for 1 hour"),
            self.tr("for today"),
        )
        for text, minutes in zip(said, _UNTIL, strict=True):
            self.until.addItem(text, minutes)
        form = QFormLayout()
        form.addRow(self.tr("Your name"), self.name)
        form.addRow(self.tr("Presence"), self.presence)
        form.addRow(self.tr("Status"), self.text)
        form.addRow(self.tr("How long"), self.until)
        self.column.addLayout(form)
        box = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        box.accepted.connect(self._save)
        box.rejected.connect(self.close)
        self.column.addWidget(box)

    def _save(self) -> None:
        status = self._desk.office.status
        if status is not None and self.name.text() != one_line(status["nickname"]):
            self._desk.do("identity.name", nickname=self.name.text())
        self._desk.do(
            "presence.set",
            presence=PRESENCES[self.presence.currentIndex()],
            text=self.text.text(),
            until_ms=ends_at(self.until.currentData(), time.time()),
        )
        self.close()


def ends_at(minutes: int | None, now: float) -> int | None:
    """When a status ends that lasts so long, in ms since 1970; -1: the coming midnight."""
    if minutes is None:
        return None
    if minutes < 0:
        day = time.localtime(now)
        return int(time.mktime((day.tm_year, day.tm_mon, day.tm_mday + 1, 0, 0, 0, 0, 0, -1))) * 1000
    return int(now * 1000) + minutes * 60_000


class UnlockWindow(Small):
    """Asks for the passphrase that opens the identity key."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(QApplication.translate("UnlockWindow", "Locked"), parent)
        self.setMinimumWidth(360)
        self._desk = desk
        self.words(self.tr("Your identity is protected by a passphrase."))
        self.line = QLineEdit()
        self.line.setEchoMode(QLineEdit.EchoMode.Password)
        self.line.setPlaceholderText(self.tr("Passphrase"))
        self.line.setAccessibleName(self.tr("Passphrase"))
        self.line.returnPressed.connect(self._try)
        self.column.addWidget(self.line)
        self.state = self.words("", "muted")
        desk.bridge.connected.connect(self.close)

    def _try(self) -> None:
        self.state.setText(self.tr("Opening …"))
        given = self.line.text()
        self.line.clear()
        self._desk.bridge.call("identity.unlock", None, self._wrong, passphrase=given)

    def _wrong(self, error: Exception) -> None:
        self.state.setText(str(error))


class KeysWindow(Small):
    """The keys there are."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(QApplication.translate("KeysWindow", "Keys"), parent)
        form = QFormLayout()
        for keys, said in (
            ("Ctrl+K", self.tr("Go to a conversation")),
            ("Ctrl+J", self.tr("Go to what is unread")),
            ("Alt+Up, Alt+Down", self.tr("The conversation above, below")),
            ("Ctrl+F", self.tr("Find a person or room")),
            ("Ctrl+Shift+F", self.tr("Search all messages")),
            ("Ctrl+N", self.tr("Create or join a team")),
            ("Ctrl+I", self.tr("Details of the conversation")),
            ("Enter, Shift+Enter", self.tr("Send; break the line")),
            ("@", self.tr("Mention somebody")),
            ("Up", self.tr("Edit your last message, where nothing is written")),
            ("Esc", self.tr("Neither answer nor edit")),
            (self.tr("Menu key"), self.tr("What can be done with a message")),
            ("Ctrl+,", self.tr("Settings")),
            ("Ctrl+W, Ctrl+Q", self.tr("Close the window; quit")),
        ):
            form.addRow(keys, QLabel(said))
        self.column.addLayout(form)


class DoctorWindow(Small):
    """What hinders, and what to do about it."""

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(QApplication.translate("DoctorWindow", "Network"), parent)
        self.resize(560, 420)
        self.report = QListWidget()
        self.report.setWordWrap(True)
        self.report.setAccessibleName(self.tr("The report of the doctor"))
        self.column.addWidget(self.report)
        self.state = self.words(self.tr("Looking; this takes up to five seconds …"), "muted")
        desk.bridge.call("doctor.run", self._show, lambda e: self.state.setText(str(e)))

    def _show(self, checks: list[schema.Check]) -> None:
        signs = {"ok": "✓", "warn": "!", "fail": "✗", "skip": "?"}
        for check in checks:
            text = f"{signs.get(check['level'], '?')}  {check['name']}: {one_line(check['text'])}"
            self.report.addItem(f"{text}\n      {check['cure']}" if check["cure"] else text)
        bad = sum(check["level"] in ("warn", "fail") for check in checks)
        said = self.tr("1 thing to look at") if bad == 1 else self.tr("{n} things to look at").format(n=bad)
        self.state.setText(said if bad else self.tr("All is well."))
