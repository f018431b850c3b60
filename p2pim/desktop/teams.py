"""Teams: create one, join one by a code or link, invite into one; an address to try. The first start begins here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QApplication,
    QButtonGroup,
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QRadioButton,
    QWidget,
)

from p2pim.desktop.dialogs import Small
from p2pim.desktop.markup import one_line
from p2pim.desktop.qr import picture

if TYPE_CHECKING:
    from p2pim.api import schema, team_schema
    from p2pim.desktop.desk import Desk


class TeamWindow(Small):
    """Create a team, join one by a code or link, or name an address to try; also what a new user sees first."""

    created = Signal(str)

    def __init__(self, desk: Desk, *, first: bool = False, parent: QWidget | None = None) -> None:
        welcome = QApplication.translate("TeamWindow", "Welcome to p2pim")
        usual = QApplication.translate("TeamWindow", "Teams and addresses")
        super().__init__(welcome if first else usual, parent)
        self._desk = desk
        self._first = first
        self.setMinimumWidth(470)
        status = desk.office.status
        self.name = QLineEdit(one_line(status["nickname"]) if status else "")
        if first:
            self.words(
                self.tr("Colleagues on the same network appear by themselves. What should they call you?")
            )
            self.name.setAccessibleName(self.tr("Your name"))
            self.name.setPlaceholderText(self.tr("Your name"))
            self.column.addWidget(self.name)
        self.choices = QButtonGroup(self)
        for number, text in enumerate(self._choices()):
            button = QRadioButton(text)
            self.choices.addButton(button, number)
            self.column.addWidget(button)
        self.choices.button(0).setChecked(True)
        self.line = QLineEdit()
        self.column.addWidget(self.line)
        self.state = self.words("", "muted")
        self.go = QPushButton(self.tr("Go"))
        self.go.setDefault(True)
        self.go.clicked.connect(self._go)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.go)
        self.column.addStretch(1)
        self.column.addLayout(row)
        self.choices.idClicked.connect(self._chosen)
        desk.joining.connect(self._joined)
        self._chosen(0)

    def _choices(self) -> list[str]:
        join, create = self.tr("Join a team: I have a code or link"), self.tr("Create a team")
        if self._first:
            return [self.tr("Just the people on this network"), join, create]
        return [join, create, self.tr("Try an address: a colleague told me theirs")]

    @property
    def _what(self) -> str:
        number = self.choices.checkedId()
        return ("nothing", "join", "create")[number] if self._first else ("join", "create", "address")[number]

    def _chosen(self, _: int) -> None:
        hints = {
            "nothing": "",
            "join": self.tr("The code or link"),
            "create": self.tr("The name of the team"),
            "address": self.tr("Address, as 10.0.0.5 or host:26747"),
        }
        hint = hints[self._what]
        self.line.setVisible(bool(hint))
        self.line.setPlaceholderText(hint)
        self.line.setAccessibleName(hint)
        self.state.setText("")

    def _go(self) -> None:
        text, what = self.line.text().strip(), self._what
        status = self._desk.office.status
        if self._first and status is not None and self.name.text().strip() != one_line(status["nickname"]):
            self._ask("identity.name", lambda _: None, nickname=self.name.text().strip())
        if what == "nothing":
            self.close()
        elif not text:
            self.state.setText(self.line.placeholderText() + " …")
        elif what == "create":
            self._ask("team.create", self._created, name=text)
        elif what == "join":
            self._ask(
                "team.join", lambda _: self.state.setText(self.tr("Looking for the team …")), invitation=text
            )
        else:
            host, port = address_of(text)
            self._ask("network.add", lambda _: self.close(), host=host, port=port)

    def _ask(self, method: str, then: Any, **params: Any) -> None:
        self._desk.bridge.call(method, then, lambda error: self.state.setText(str(error)), **params)

    def _created(self, founded: team_schema.Founded) -> None:
        self.close()
        self.created.emit(founded["team"])

    def _joined(self, event: schema.Event) -> None:
        self.state.setText(one_line(event.get("text", "")))
        if event["state"] == "joined":
            self.close()
            if (team := event.get("team")) is not None:
                self.created.emit(team)


def address_of(text: str, port: int = 26747) -> tuple[str, int]:
    """Host and port of what somebody typed; a port that is none is left to the daemon to refuse."""
    host, colon, digits = text.rpartition(":")
    if colon and digits.isdigit() and (":" not in host or host.startswith("[")):
        return host.strip("[]"), int(digits)
    return text.strip("[]"), port


class InviteWindow(Small):
    """A code and a link for a team, with a QR code."""

    def __init__(self, desk: Desk, team: str, parent: QWidget | None = None) -> None:
        super().__init__(QApplication.translate("InviteWindow", "Invite"), parent)
        self._desk = desk
        self.text = self.words(self.tr("Making an invite …"))
        self.picture = QLabel()
        self.picture.setAccessibleName(self.tr("The link as a QR code"))
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.link = QLineEdit()
        self.link.setReadOnly(True)
        self.link.setAccessibleName(self.tr("The link"))
        self.copy = QPushButton(self.tr("Copy the link"))
        self.copy.setEnabled(False)
        self.copy.clicked.connect(lambda: QApplication.clipboard().setText(self.link.text()))
        for part in (self.picture, self.link, self.copy):
            self.column.addWidget(part)
        desk.bridge.call("team.invite", self._show, lambda e: self.text.setText(str(e)), team=team)

    def _show(self, made: team_schema.Invited) -> None:
        self.text.setText(
            self.tr("Give this code to whom you want in the team, and to nobody else:\n\n{code}").format(
                code=made["code"]
            )
        )
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.link.setText(made["link"])
        self.link.setCursorPosition(0)
        self.picture.setPixmap(picture(made["link"]))
        self.copy.setEnabled(True)


class RoomWindow(Small):
    """A new channel for a whole team, or a private group of some of it."""

    created = Signal(str)

    def __init__(self, desk: Desk, team: str, parent: QWidget | None = None) -> None:
        super().__init__(QApplication.translate("RoomWindow", "New room"), parent)
        self.setMinimumWidth(380)
        self._desk = desk
        self._team = team
        self.name = QLineEdit()
        self.name.setPlaceholderText(self.tr("Name"))
        self.name.setAccessibleName(self.tr("Name"))
        self.private = QCheckBox(self.tr("Private: only those chosen here read it"))
        self.members = QListWidget()
        self.members.setAccessibleName(self.tr("Members"))
        self.members.setVisible(False)
        self.private.toggled.connect(self.members.setVisible)
        for widget in (self.name, self.private, self.members):
            self.column.addWidget(widget)
        self.state = self.words("", "muted")
        self.go = QPushButton(self.tr("Create"))
        self.go.setDefault(True)
        self.go.clicked.connect(self._go)
        self.column.addWidget(self.go, 0, Qt.AlignmentFlag.AlignRight)
        desk.do("team.members", self._show, room=team)

    def _show(self, found: list[team_schema.Member]) -> None:
        for member in found:
            if not member["mine"]:
                item = QListWidgetItem(one_line(member["name"]))
                item.setData(Qt.ItemDataRole.UserRole, member["peer_id"])
                item.setCheckState(Qt.CheckState.Unchecked)
                self.members.addItem(item)

    def _go(self) -> None:
        params: dict[str, Any] = {"team": self._team, "name": self.name.text()}
        if self.private.isChecked():
            items = (self.members.item(row) for row in range(self.members.count()))
            chosen = [item for item in items if item.checkState() == Qt.CheckState.Checked]
            params |= {"private": True, "members": [item.data(Qt.ItemDataRole.UserRole) for item in chosen]}
        self._desk.bridge.call("room.create", self._created, lambda e: self.state.setText(str(e)), **params)

    def _created(self, room: schema.Room) -> None:
        self.close()
        self.created.emit(room["room"])
