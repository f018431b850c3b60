"""The right part of the window: who is in a conversation, how sure that is, the path to them, a message's delivery."""

from __future__ import annotations

import time
from functools import partial
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
from p2pim.desktop.page import Page
from p2pim.desktop.qr import picture
from p2pim.desktop.roompage import RoomPage
from p2pim.desktop.timeline import local_time
from p2pim.desktop.words import translate

if TYPE_CHECKING:
    from p2pim.api import schema
    from p2pim.desktop.desk import Desk

_ALERTS = ("all", "mentions", "none")


def moment(ms: int | None) -> str:
    """A time for a person."""
    if ms is None:
        return translate("Details", "never")
    then = local_time(ms)
    return "?" if then is None else time.strftime("%Y-%m-%d %H:%M", then)


class Details(QFrame):
    """Shows the details of one conversation."""

    closed = Signal()
    #: A room in which somebody is to be invited.
    invites = Signal(str)
    #: A team in which a room is to be founded.
    new_room = Signal(str)

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
        page: Page = Page()
        if peer is not None:
            self._show_peer(page, peer)
        elif room is not None:
            page = RoomPage(self._desk, room)
            page.invites.connect(self.invites)
            page.new_room.connect(self.new_room)
        if room is not None:
            self._show_alerts(page, room)
        page.end()
        self._area.setWidget(page)

    def _show_peer(self, page: Page, peer: schema.Peer) -> None:
        page.heading(one_line(peer["name"]))
        if peer["petname"] and peer["nickname"]:
            page.line(self.tr("calls themselves {name}").format(name=one_line(peer["nickname"])))
        page.field(
            self.tr("Your own name for them"),
            one_line(peer["petname"]),
            lambda name: self._desk.do("peers.name", peer=peer["peer_id"], name=name),
        )
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
        code = QLabel()
        code.setAccessibleName(self.tr("The safety number as a QR code"))
        page.add(code)
        self._desk.do(
            "peers.safety_number",
            page.filled(partial(_show_number, number, code)),
            peer=peer["peer_id"],
        )
        page.line(self.tr("Read these digits to each other, by voice or side by side."))
        verified = QCheckBox(self.tr("Compared: they are equal"))
        verified.setChecked(peer["trust"] == "verified")
        verified.clicked.connect(lambda on: self._desk.do("peers.verify", peer=peer["peer_id"], verified=on))
        page.add(verified)
        page.heading(self.tr("Block"))
        method = "peers.unblock" if peer["blocked"] else "peers.block"
        block = QPushButton(self.tr("Unblock") if peer["blocked"] else self.tr("Block"))
        block.clicked.connect(lambda: self._desk.do(method, peer=peer["peer_id"]))
        page.add(block)

    def _show_alerts(self, page: Page, room: schema.Room) -> None:
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
        page = Page()
        page.heading(self.tr("Delivery"))
        page.line(one_line(words_of(message))[:200])
        states = {
            "waiting": self.tr("not there yet"),
            "not-accepted": self.tr("there, waits until they accept you"),
            "no-space": self.tr("no space on their disk"),
            "delivered": self.tr("delivered"),
            "read": self.tr("read"),
            "held": self.tr("holds it sealed until they are back"),
            "handed-over": self.tr("says they handed it over"),
        }
        for each in message["deliveries"]:
            state = states.get(each["state"], each["state"])
            page.line(f"{one_line(each['name'])}: {state}, {moment(each['at_ms'])}")
        if not message["deliveries"]:
            page.line(self.tr("Nobody has it yet. It goes out by itself as soon as they can be reached."))
        page.end()
        self._area.setWidget(page)


def _show_number(number: QLabel, code: QLabel, found: schema.SafetyNumber) -> None:
    number.setText(spaced(found["number"]))
    code.setPixmap(picture("".join(c for c in found["number"] if c.isdigit()), 3))


def spaced(number: str) -> str:
    """A safety number in groups of five digits, four to a line."""
    digits = "".join(c for c in number if c.isdigit())
    groups = [digits[i : i + 5] for i in range(0, len(digits), 5)]
    return "\n".join(" ".join(groups[i : i + 4]) for i in range(0, len(groups), 4))
