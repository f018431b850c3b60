"""The icon in the tray: how many messages wait, how one is shown to others, and the way back to the window."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFont, QIcon, QPainter, QPainterPath, QPixmap
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from p2pim.desktop.dialogs import PRESENCES, ends_at
from p2pim.desktop.markup import one_line
from p2pim.desktop.theme import LIGHT, presence_colour
from p2pim.desktop.words import presence_word

if TYPE_CHECKING:
    from p2pim.desktop.desk import Desk

_SIZES: Final = (16, 22, 24, 32, 48, 64)
_RECENT: Final = 6
#: The bubble.
BLUE: Final = "#2f7fd1"
#: Milliseconds between two looks for a tray: the desktop's may start after us, or be restarted.
LOOK: Final = 2_000


def icon(unread: int = 0, presence: str = "online", *, here: bool = True) -> QIcon:
    """A speech bubble with a dot in the colour of the presence, and how many messages wait."""
    made = QIcon()
    for size in _SIZES:
        made.addPixmap(_drawn(size, unread, presence, here=here))
    return made


def _drawn(size: int, unread: int, presence: str, *, here: bool) -> QPixmap:
    pixmap = QPixmap(size, size)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(size / 64, size / 64)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(BLUE if here else LIGHT.offline))
    bubble = QPainterPath()
    bubble.addRoundedRect(3, 7, 58, 42, 14, 14)
    tail = QPainterPath()
    tail.moveTo(16, 44)
    tail.lineTo(14, 60)
    tail.lineTo(34, 46)
    painter.drawPath(bubble.united(tail))
    if unread:
        text = str(unread) if unread < 100 else "99"
        painter.setBrush(QColor("#d3222a"))
        painter.drawRoundedRect(22, 22, 42, 42, 21, 21)
        font = QFont()
        font.setBold(True)
        font.setPixelSize(30 if len(text) == 1 else 25)
        painter.setFont(font)
        painter.setPen(QColor("white"))
        painter.drawText(QRect(22, 22, 42, 42), Qt.AlignmentFlag.AlignCenter, text)
    else:
        painter.setBrush(QColor("white"))
        painter.drawEllipse(37, 37, 26, 26)
        painter.setBrush(presence_colour(LIGHT, presence if here else "offline"))
        painter.drawEllipse(41, 41, 18, 18)
    painter.end()
    return pixmap


class Tray(QObject):
    """The icon, where the desktop has a tray; shown again by itself when it comes back."""

    wants_window = Signal()
    wants_room = Signal(str)
    wants_doctor = Signal()
    wants_quit = Signal()
    #: Whether there is a tray now.
    available = Signal(bool)

    def __init__(self, desk: Desk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self.menu = QMenu()
        self.icon = QSystemTrayIcon(self)
        self.icon.setContextMenu(self.menu)
        self.icon.activated.connect(self._activated)
        self.menu.aboutToShow.connect(self.refresh_menu)
        self.is_available: bool | None = None
        self._drawn: tuple[int, str, bool] | None = None
        self._look = QTimer(self)
        self._look.setInterval(LOOK)
        self._look.timeout.connect(self.look)
        desk.changed.connect(self.refresh)
        desk.reachable.connect(lambda *_: self.refresh())
        self.refresh()
        self.refresh_menu()

    def start(self) -> None:
        """Look for a tray from now on."""
        self.look()
        self._look.start()

    def look(self) -> None:
        """Whether there is a tray; show the icon if so."""
        found = QSystemTrayIcon.isSystemTrayAvailable()
        if found and not self.icon.isVisible():
            self.icon.show()
        if found != self.is_available:
            self.is_available = found
            self.available.emit(found)

    def refresh(self) -> None:
        """Draw what is true now."""
        status = self._desk.office.status
        presence = "offline" if status is None else status["presence"]
        state = (self._desk.office.unread, presence, self._desk.is_reachable)
        if state == self._drawn:
            return
        self._drawn = state
        unread, presence, here = state
        self.icon.setIcon(icon(unread, presence, here=here))
        said = self.tr("{n} unread").format(n=unread) if unread else presence_word(presence)
        self.icon.setToolTip(f"p2pim: {said if here else self.tr('not running')}")

    def refresh_menu(self) -> None:
        """Offer what can be done now."""
        self.menu.clear()
        self.menu.addAction(self.tr("Open p2pim")).triggered.connect(self.wants_window)
        recent = sorted(self._desk.office.rooms.values(), key=lambda r: (-r["unread"], -(r["last_ms"] or 0)))
        if recent:
            self.menu.addSeparator()
        for room in recent[:_RECENT]:
            name = one_line(self._desk.office.name_of(room["room"])).replace("&", "&&")
            said = f"{name}  ({room['unread']})" if room["unread"] else name
            self.menu.addAction(said).triggered.connect(
                lambda _=False, room=room["room"]: self.wants_room.emit(room)
            )
        self.menu.addSeparator()
        status = self._desk.office.status
        names = (self.tr("Online"), self.tr("Away"), self.tr("Do not disturb"), self.tr("Invisible"))
        for presence, name in zip(PRESENCES, names, strict=True):
            action = self.menu.addAction(name)
            action.setCheckable(True)
            action.setChecked(status is not None and status["presence"] == presence)
            action.setEnabled(self._desk.is_reachable)
            action.triggered.connect(lambda _=False, presence=presence: self._set(presence, None))
        hour = self.menu.addAction(self.tr("Do not disturb for 1 hour"))
        hour.setEnabled(self._desk.is_reachable)
        hour.triggered.connect(lambda: self._set("busy", 60))
        self.menu.addSeparator()
        self.menu.addAction(self.tr("Network …")).triggered.connect(self.wants_doctor)
        self.menu.addAction(self.tr("Quit")).triggered.connect(self.wants_quit)

    def _set(self, presence: str, minutes: int | None) -> None:
        self._desk.do("presence.set", presence=presence, until_ms=ends_at(minutes, time.time()))

    def _activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason in (QSystemTrayIcon.ActivationReason.Trigger, QSystemTrayIcon.ActivationReason.DoubleClick):
            self.wants_window.emit()
