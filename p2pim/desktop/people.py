"""The list at the left: requests, rooms, people, with presence, unread and trust."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QFontMetrics, QGuiApplication, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from p2pim.desktop.office import Entry
from p2pim.desktop.theme import Theme, presence_colour
from p2pim.desktop.words import translate

Index = QModelIndex | QPersistentModelIndex
_NONE = QModelIndex()
ENTRY = Qt.ItemDataRole.UserRole
#: What stands beside a name: how sure it is who that is.
TRUST: Final = {"verified": "✓", "lookalike": "⚠", "new": "?"}


def said(entry: Entry) -> str:
    """An entry for a screen reader."""
    trust = {
        "verified": translate("People", "verified"),
        "team": translate("People", "in a team with you"),
        "accepted": translate("People", "not verified"),
        "new": translate("People", "not verified, not accepted"),
        "lookalike": translate("People", "not verified; the name looks like another's"),
    }
    parts = [entry.name, entry.about, trust.get(entry.trust, "")]
    if entry.unread:
        parts.append(translate("People", "{n} unread").format(n=entry.unread))
    if entry.mentions:
        parts.append(translate("People", "{n} mention you").format(n=entry.mentions))
    if entry.muted:
        parts.append(translate("People", "muted"))
    return ", ".join(filter(None, parts))


class Entries(QAbstractListModel):
    """The list as a model. A new list keeps what is the same."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.entries: list[Entry] = []

    def show_entries(self, entries: Sequence[Entry]) -> None:
        """Show another list."""
        if [(e.kind, e.room) for e in entries] == [(e.kind, e.room) for e in self.entries]:
            old, self.entries = self.entries, list(entries)
            for row, (before, now) in enumerate(zip(old, self.entries, strict=True)):
                if before != now:
                    self.dataChanged.emit(self.index(row), self.index(row))
        elif list(entries) != self.entries:
            self.beginResetModel()
            self.entries = list(entries)
            self.endResetModel()

    def row_of(self, room: str) -> int | None:
        """The row of a conversation."""
        return next((row for row, entry in enumerate(self.entries) if entry.room == room and room), None)

    def rowCount(self, parent: Index = _NONE) -> int:
        """See QAbstractItemModel."""
        return 0 if parent.isValid() else len(self.entries)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """See QAbstractItemModel."""
        if not index.isValid():
            return None
        entry = self.entries[index.row()]
        if role == ENTRY:
            return entry
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.name
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            return said(entry)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """See QAbstractItemModel."""
        if index.isValid() and self.entries[index.row()].kind == "heading":
            return Qt.ItemFlag.ItemIsEnabled
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable


class _Lines(QStyledItemDelegate):
    """Draws an entry on one or two lines."""

    def __init__(self, theme: Theme, font: QFont, parent: QObject) -> None:
        super().__init__(parent)
        self._theme = theme
        self._font = font
        self._bold = QFont(font)
        self._bold.setWeight(QFont.Weight.DemiBold)
        self._small = QFont(font)
        self._small.setPointSizeF(font.pointSizeF() * 0.85)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """See QStyledItemDelegate."""
        line = QFontMetrics(self._font).height()
        entry: Entry = index.data(ENTRY)
        if entry.kind == "heading":
            return QSize(80, line + 14)
        return QSize(80, 2 * line + 9 if entry.about else line + 13)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """See QStyledItemDelegate."""
        entry: Entry = index.data(ENTRY)
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if entry.kind == "heading":
            self._heading(painter, rect, entry)
        else:
            if state & QStyle.StateFlag.State_Selected:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(self._theme.selected))
                painter.drawRoundedRect(rect.adjusted(6, 1, -6, -1), 8, 8)
            self._entry(painter, rect, entry)
        painter.restore()

    def _heading(self, painter: QPainter, rect: QRect, entry: Entry) -> None:
        font = QFont(self._small)
        font.setWeight(QFont.Weight.Bold)
        painter.setFont(font)
        painter.setPen(QColor(self._theme.muted))
        painter.drawText(
            _placed(rect, rect.adjusted(14, 6, -8, 0)), Qt.AlignmentFlag.AlignVCenter, entry.name
        )

    def _entry(self, painter: QPainter, rect: QRect, entry: Entry) -> None:
        inside = rect.adjusted(16 + (16 if entry.kind == "channel" else 0), 4, -14, -4)
        inside.setRight(self._badge(painter, rect, inside, entry))
        line = QFontMetrics(self._font).height()
        first = QRect(inside.left(), inside.top(), inside.width(), line)
        if not entry.about:
            first.setHeight(inside.height())
        if entry.peer_id:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(presence_colour(self._theme, entry.presence))
            painter.drawEllipse(_placed(rect, QRect(first.left(), first.center().y() - 4, 9, 9)))
            first.setLeft(first.left() + 17)
        font = self._bold if entry.unread and not entry.muted else self._font
        name = f"{entry.name} {TRUST[entry.trust]}" if entry.trust in TRUST else entry.name
        painter.setFont(font)
        painter.setPen(QColor(self._theme.warning if entry.trust == "lookalike" else self._theme.on_window))
        shown = QFontMetrics(font).elidedText(name, Qt.TextElideMode.ElideRight, first.width())
        painter.drawText(_placed(rect, first), Qt.AlignmentFlag.AlignVCenter, shown)
        if entry.about:
            second = QRect(first.left(), inside.top() + line, first.width(), inside.height() - line)
            painter.setFont(self._small)
            painter.setPen(QColor(self._theme.muted))
            about = QFontMetrics(self._small).elidedText(
                entry.about, Qt.TextElideMode.ElideRight, second.width()
            )
            painter.drawText(_placed(rect, second), Qt.AlignmentFlag.AlignVCenter, about)

    def _badge(self, painter: QPainter, rect: QRect, inside: QRect, entry: Entry) -> int:
        """Draw how many are unread; where the room for the name ends."""
        if not entry.unread:
            return inside.right()
        text = f"@{entry.mentions}" if entry.mentions else str(min(entry.unread, 999))
        metrics = QFontMetrics(self._small)
        wide = max(metrics.height() + 4, metrics.horizontalAdvance(text) + 12)
        high = metrics.height() + 4
        badge = QRect(inside.right() - wide, inside.center().y() - high // 2, wide, high)
        quiet = entry.muted and not entry.mentions
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.line if quiet else self._theme.accent))
        painter.drawRoundedRect(_placed(rect, badge), badge.height() / 2, badge.height() / 2)
        painter.setPen(QColor(self._theme.on_window if quiet else self._theme.on_accent))
        painter.setFont(self._small)
        painter.drawText(_placed(rect, badge), Qt.AlignmentFlag.AlignCenter, text)
        return badge.left() - 6


def _placed(row: QRect, part: QRect) -> QRect:
    """Where a part of a row lies: mirrored in languages that are written from right to left."""
    return QStyle.visualRect(QGuiApplication.layoutDirection(), row, part)


class EntryList(QListView):
    """The list as a view; tells which conversation was chosen."""

    chosen = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("People and rooms"))
        self.entries = Entries(self)
        self.setModel(self.entries)
        self.setItemDelegate(_Lines(theme, self.font(), self))
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setMouseTracking(True)
        self.clicked.connect(self._chosen)
        self.activated.connect(self._chosen)

    def show_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.setItemDelegate(_Lines(theme, self.font(), self))

    def show_entries(self, entries: Sequence[Entry], room: str) -> None:
        """Show another list, with this conversation selected."""
        at = self.verticalScrollBar().value()
        self.entries.show_entries(entries)
        row = self.entries.row_of(room)
        if row is None:
            self.clearSelection()
        elif self.currentIndex().row() != row:
            self.setCurrentIndex(self.entries.index(row))
        self.verticalScrollBar().setValue(at)

    def choose_first(self) -> None:
        """Choose the first conversation in the list."""
        row = next((row for row, entry in enumerate(self.entries.entries) if entry.room), None)
        if row is not None:
            self._chosen(self.entries.index(row))

    def _chosen(self, index: QModelIndex) -> None:
        entry: Entry | None = index.data(ENTRY)
        if entry is not None and entry.room:
            self.chosen.emit(entry.room)
