"""The right part of the window: who is in a conversation, how sure that is, the path to them, a message's delivery."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from p2pim.desktop.document import words_of
from p2pim.desktop.markup import one_line
from p2pim.desktop.office import reach_of

if TYPE_CHECKING:
    from p2pim.api import schema, team_schema
    from p2pim.desktop.desk import Desk

_STATES = {
    "waiting": "not there yet",
    "not-accepted": "there, waits until they accept you",
    "no-space": "no space on their disk",
    "delivered": "delivered",
    "read": "read",
    "held": "holds it sealed until they are back",
    "handed-over": "says they handed it over",
}
_ALERTS = ("all", "mentions", "none")


def moment(ms: int | None) -> str:
    """A time for a person."""
    if ms is None:
        return "never"
    try:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(ms / 1000))
    except (OverflowError, OSError, ValueError):
        return "?"


class Details(QFrame):
    """Shows the details of one conversation."""

    closed = Signal()
    #: A room in which somebody is to be invited.
    invites = Signal(str)

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("details")
        self._desk = desk
        self._room = ""
        self._shown: Any = None
        self.close_button = QToolButton()
        self.close_button.setText("✕")
        self.close_button.setAccessibleName(self.tr("Close the details"))
        self.close_button.clicked.connect(self.closed)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        top, whole = QHBoxLayout(), QVBoxLayout(self)
        top.addStretch(1)
        top.addWidget(self.close_button)
        whole.setContentsMargins(8, 6, 8, 8)
        whole.addLayout(top)
        whole.addWidget(self._area, 1)
        desk.changed.connect(self._refresh)

    def show_room(self, room: str) -> None:
        """Show what is known of a conversation."""
        self._room = room
        self._shown = None
        self._refresh()

    def _refresh(self) -> None:
        office = self._desk.office
        if not self.isVisible() or not self._room:
            return
        peer, room = office.peer_of(self._room), office.rooms.get(self._room)
        state = (self._room, str(peer), str(room))
        if state == self._shown or (self._shown and self._shown[0] == "story"):
            return
        self._shown = state
        page = _Page()
        if peer is not None:
            self._show_peer(page, peer)
        elif room is not None:
            self._show_room(page, room)
        if room is not None:
            self._show_alerts(page, room)
        page.end()
        self._area.setWidget(page)

    def _show_peer(self, page: _Page, peer: schema.Peer) -> None:
        page.heading(one_line(peer["name"]))
        if peer["petname"] and peer["nickname"]:
            page.line(self.tr("calls themselves {name}").format(name=one_line(peer["nickname"])))
        page.line(reach_of(peer))
        if peer["address"]:
            page.line(self.tr("connected at {address}").format(address=one_line(peer["address"])))
        page.line(self.tr("last seen {when}").format(when=moment(peer["last_seen_ms"])))
        page.heading(self.tr("Is it really them?"))
        page.line(
            {
                "verified": self.tr("Verified: you compared the safety numbers."),
                "team": self.tr("In a team with you: an admin vouched for this key. Not verified by you."),
                "accepted": self.tr("Not verified. You accepted this key."),
                "new": self.tr("Not verified, and not accepted yet."),
            }.get(peer["trust"], peer["trust"])
        )
        if peer["lookalike"]:
            page.warn(
                self.tr("The name looks like that of {name}, who is somebody else.").format(
                    name=one_line(peer["lookalike"])
                )
            )
        number = page.line("…")
        number.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        number.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        number.setAccessibleName(self.tr("Safety number"))
        self._desk.do(
            "peers.safety_number", page.filled(number, lambda r: spaced(r["number"])), peer=peer["peer_id"]
        )
        page.line(self.tr("Read these digits to each other, by voice or side by side."))
        verified = QCheckBox(self.tr("We compared them: they are equal"))
        verified.setChecked(peer["trust"] == "verified")
        verified.clicked.connect(lambda on: self._desk.do("peers.verify", peer=peer["peer_id"], verified=on))
        page.add(verified)
        page.heading(self.tr("Block"))
        method = "peers.unblock" if peer["blocked"] else "peers.block"
        block = QPushButton(self.tr("Unblock") if peer["blocked"] else self.tr("Block"))
        block.clicked.connect(lambda: self._desk.do(method, peer=peer["peer_id"]))
        page.add(block)

    def _show_room(self, page: _Page, room: schema.Room) -> None:
        page.heading(one_line(room["name"]))
        if room["topic"]:
            page.line(one_line(room["topic"]))
        if room["members"] is None:
            page.line(self.tr("Everybody on this network reads this, for a week. It is not private."))
            return
        page.line(self.tr("You are {role} here.").format(role=room["role"]))
        if room["role"] in ("owner", "admin") and room["kind"] == "team":
            invite = QPushButton(self.tr("Invite …"))
            invite.clicked.connect(lambda: self.invites.emit(room["room"]))
            page.add(invite)
        page.heading(self.tr("Members"))
        members = page.line("…")
        members.setAccessibleName(self.tr("Members"))
        self._desk.do("team.members", page.filled(members, _members), room=room["room"])

    def _show_alerts(self, page: _Page, room: schema.Room) -> None:
        page.heading(self.tr("Notifications"))
        choice = QComboBox()
        choice.setAccessibleName(self.tr("Notifications"))
        choice.addItems([self.tr("All messages"), self.tr("Only mentions of me"), self.tr("None (muted)")])
        choice.setCurrentIndex(_ALERTS.index(room["alerts"]))
        choice.activated.connect(
            lambda i: self._desk.do("rooms.alerts", room=room["room"], alerts=_ALERTS[i])
        )
        page.add(choice)

    def show_story(self, message: schema.Message) -> None:
        """Show how far a message got, with whom and since when."""
        self._shown = ("story",)
        page = _Page()
        page.heading(self.tr("Delivery"))
        page.line(one_line(words_of(message))[:200])
        for each in message["deliveries"]:
            state = _STATES.get(each["state"], each["state"])
            page.line(f"{one_line(each['name'])}: {state}, {moment(each['at_ms'])}")
        if not message["deliveries"]:
            page.line(self.tr("Nobody has it yet. It goes out by itself as soon as they can be reached."))
        page.end()
        self._area.setWidget(page)


def spaced(number: str) -> str:
    """A safety number in groups of five digits, four to a line."""
    digits = "".join(c for c in number if c.isdigit())
    groups = [digits[i : i + 5] for i in range(0, len(digits), 5)]
    return "\n".join(" ".join(groups[i : i + 4]) for i in range(0, len(groups), 4))


def _members(found: list[team_schema.Member]) -> str:
    lines = []
    for member in found:
        name = one_line(member["name"])
        role = "" if member["role"] == "member" else f" ({member['role']})"
        lines.append(f"{name}{role}: {'you' if member['mine'] else member['presence']}")
    return "\n".join(lines)


class _Page(QWidget):
    """Lines below each other."""

    def __init__(self) -> None:
        super().__init__()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(6, 0, 6, 6)

    def heading(self, text: str) -> None:
        label = self.line(text)
        font = label.font()
        font.setBold(True)
        label.setFont(font)
        label.setContentsMargins(0, 8, 0, 0)

    def warn(self, text: str) -> None:
        self.line(text).setObjectName("warning")

    def line(self, text: str) -> QLabel:
        label = QLabel(text)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        self._column.addWidget(label)
        return label

    def add(self, widget: QWidget) -> None:
        self._column.addWidget(widget)

    def end(self) -> None:
        self._column.addStretch(1)

    def filled(self, label: QLabel, text_of: Any) -> Any:
        """What to do with an answer: show it, unless the page is gone by then."""
        from shiboken6 import isValid  # noqa: PLC0415 (comes with PySide6)

        return lambda result: label.setText(text_of(result)) if isValid(label) else None
