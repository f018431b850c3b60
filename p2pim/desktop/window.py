"""The window: people and rooms at the left, a conversation in the middle, its details at the right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, QSettings, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMainWindow,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from p2pim.desktop.details import Details
from p2pim.desktop.markup import one_line
from p2pim.desktop.notes import Notes
from p2pim.desktop.pane import Pane
from p2pim.desktop.people import EntryList
from p2pim.desktop.words import presence_word

if TYPE_CHECKING:
    from p2pim.api import schema
    from p2pim.desktop.desk import Desk
    from p2pim.desktop.theme import Theme

#: Milliseconds that a sentence about what went wrong is shown.
_SAID_FOR = 8_000


class Window(QMainWindow):
    """The one window of a profile."""

    #: The user closed it: it goes on in the tray, or in the task bar where there is none.
    closed = Signal()
    wants_search = Signal()
    wants_switcher = Signal()
    wants_team = Signal()
    wants_status = Signal()
    wants_doctor = Signal()
    wants_settings = Signal()
    wants_help = Signal()
    wants_quit = Signal()

    def __init__(self, desk: Desk, theme: Theme, settings: QSettings) -> None:
        super().__init__()
        self._desk = desk
        self._settings = settings
        self.may_close = False
        self.me = QToolButton()
        self.add = QToolButton()
        self.search = QToolButton()
        self.settings_button = QToolButton()
        self.filter = QLineEdit()
        self.list = EntryList(theme)
        self.network = QToolButton()
        self.banner = QLabel()
        self.notes = Notes()
        self.pane = Pane(desk, theme)
        self.details = Details(desk)
        self._middle = QStackedWidget()
        self._split = QSplitter(Qt.Orientation.Horizontal)
        self._build()
        self._connect()
        self._restore()
        self.refresh()

    def _build(self) -> None:
        self.setWindowTitle("p2pim")
        self.setMinimumSize(560, 400)
        self.me.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.me.setToolTip(self.tr("Your status"))
        for button, sign, said in (
            (self.search, "⌕", self.tr("Search all messages (Ctrl+Shift+F)")),
            (self.add, "+", self.tr("Create or join a team, add an address")),
            (self.settings_button, "⚙", self.tr("Settings (Ctrl+,)")),
        ):
            button.setText(sign)
            button.setToolTip(said)
            button.setAccessibleName(said)
        self.filter.setPlaceholderText(self.tr("Find a person or room"))
        self.filter.setAccessibleName(self.tr("Find a person or room"))
        self.filter.setClearButtonEnabled(True)
        self.network.setObjectName("muted")
        self.network.setToolTip(self.tr("What hinders? Run the doctor"))
        self.banner.setObjectName("banner")
        self.banner.setTextFormat(Qt.TextFormat.PlainText)
        self.banner.setWordWrap(True)
        self.banner.hide()
        side = self._side()
        nothing = QLabel(self.tr("Choose somebody at the left, or press Ctrl+K."))
        nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        nothing.setObjectName("muted")
        self._middle.addWidget(nothing)
        self._middle.addWidget(self.pane)
        for part in (side, self._middle, self.details):
            self._split.addWidget(part)
        self._split.setStretchFactor(1, 1)
        self._split.setChildrenCollapsible(False)
        self._split.setHandleWidth(1)
        self.details.setMinimumWidth(250)
        self.details.hide()
        whole = QWidget()
        layout = QVBoxLayout(whole)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.banner)
        layout.addWidget(self.notes)
        layout.addWidget(self._split, 1)
        self.setCentralWidget(whole)

    def _side(self) -> QWidget:
        side = QFrame()
        side.setObjectName("side")
        side.setMinimumWidth(190)
        top, left = QHBoxLayout(), QVBoxLayout(side)
        top.addWidget(self.me, 1)
        top.addWidget(self.search)
        top.addWidget(self.add)
        left.setContentsMargins(10, 10, 0, 6)
        left.addLayout(top)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 10, 0)
        row.addWidget(self.filter)
        left.addLayout(row)
        left.addWidget(self.list, 1)
        bottom = QHBoxLayout()
        bottom.addWidget(self.network)
        bottom.addStretch(1)
        bottom.addWidget(self.settings_button)
        bottom.setContentsMargins(0, 0, 10, 0)
        left.addLayout(bottom)
        return side

    def _connect(self) -> None:
        self._desk.changed.connect(self.refresh)
        self._desk.reachable.connect(self._reachable)
        self._desk.failed.connect(lambda said: self.statusBar().showMessage(said, _SAID_FOR))
        self.filter.textChanged.connect(lambda _: self._list())
        self.filter.returnPressed.connect(self._choose_first)
        self.list.chosen.connect(self.show_room)
        self.pane.details.connect(self._show_details)
        self.pane.story.connect(self._show_story)
        self.details.closed.connect(lambda: self.pane.details_button.setChecked(False))
        self.search.clicked.connect(self.wants_search)
        self.add.clicked.connect(self.wants_team)
        self.me.clicked.connect(self.wants_status)
        self.network.clicked.connect(self.wants_doctor)
        self.settings_button.clicked.connect(self.wants_settings)
        for keys, act in (
            ("Ctrl+K", self.wants_switcher.emit),
            ("Ctrl+Shift+F", self.wants_search.emit),
            ("Ctrl+F", self.filter.setFocus),
            ("Ctrl+I", self.pane.details_button.toggle),
            ("Ctrl+J", self.show_unread),
            ("Alt+Down", lambda: self._step(1)),
            ("Alt+Up", lambda: self._step(-1)),
            ("Ctrl+W", self.close),
            ("Ctrl+,", self.wants_settings.emit),
            ("Ctrl+N", self.wants_team.emit),
            ("F1", self.wants_help.emit),
            ("Ctrl+Q", self.wants_quit.emit),
        ):
            QShortcut(QKeySequence(keys), self).activated.connect(act)

    def _restore(self) -> None:
        self.resize(1_000, 680)
        for name, put in (("window", self.restoreGeometry), ("split", self._split.restoreState)):
            kept = self._settings.value(name)
            if isinstance(kept, QByteArray):
                put(kept)

    # -- what is shown

    def refresh(self) -> None:
        """The list, one's own name and the network look different."""
        self._list()
        status = self._desk.office.status
        if status is None:
            return
        said = one_line(status["nickname"]) or status["short_id"]
        state = one_line(status["status_text"]) or presence_word(status["presence"])
        self.me.setText(f"{said} · {state}")
        self.me.setAccessibleName(self.tr("You are {name}, {state}").format(name=said, state=state))
        self.network.setText(one_line(status["state_line"]))
        full = status["storage"] == "full"
        if full or self.banner.property("about") == "disk":
            self._say(
                "disk" if full else "", self.tr("The disk is full: nothing new can be kept. Free some space.")
            )
        unread = self._desk.office.unread
        self.setWindowTitle(f"({unread}) p2pim" if unread else "p2pim")

    def _list(self) -> None:
        self.list.show_entries(self._desk.office.entries(self.filter.text()), self.pane.room)

    def _reachable(self, here: bool, why: str) -> None:
        waiting = self.tr("p2pim is not running; trying to start it.")
        self._say("" if here else "daemon", f"{waiting} {why}")

    def _say(self, about: str, text: str) -> None:
        """A line above everything, until it is no longer true."""
        self.banner.setProperty("about", about)
        self.banner.setText(text)
        self.banner.setVisible(bool(about))

    def show_room(self, room: str) -> None:
        """Show a conversation, and let the user write."""
        self.pane.show_room(room)
        self._middle.setCurrentWidget(self.pane)
        self.details.show_room(room)
        self._list()
        self.pane.composer.edit.setFocus()

    def show_message(self, message: schema.Message) -> None:
        """Show a conversation at a message."""
        self.show_room(message["room"])
        self.pane.show_message(message)

    def show_unread(self) -> None:
        """Show the next conversation in which something is unread."""
        entries = [e for e in self._desk.office.entries() if e.unread and e.room != self.pane.room]
        loud = [entry for entry in entries if not entry.muted] or entries
        if loud:
            self.show_room(loud[0].room)

    def _step(self, by: int) -> None:
        rooms = [entry.room for entry in self.list.entries.entries if entry.room]
        if rooms:
            at = rooms.index(self.pane.room) if self.pane.room in rooms else -1 if by > 0 else 0
            self.show_room(rooms[(at + by) % len(rooms)])

    def _choose_first(self) -> None:
        self.list.choose_first()
        self.filter.clear()

    def _show_details(self, wanted: bool) -> None:
        self.details.setVisible(wanted)
        if wanted:
            self.details.show_room(self.pane.room)

    def _show_story(self, message: schema.Message) -> None:
        self.pane.details_button.setChecked(True)
        self.details.show_story(message)

    # -- its life

    def raise_(self) -> None:
        """Bring it to the front; only when the user asked for it."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        super().raise_()
        self.activateWindow()

    def changeEvent(self, event: QEvent) -> None:
        """What is in sight has been read once the window is in front."""
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            self.pane.look()
        super().changeEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Closing hides it; only quitting ends it."""
        self._settings.setValue("window", self.saveGeometry())
        self._settings.setValue("split", self._split.saveState())
        self.pane.leave()
        if self.may_close:
            event.accept()
        else:
            event.ignore()
            self.closed.emit()
