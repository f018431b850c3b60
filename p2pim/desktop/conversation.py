"""The messages of one conversation as Qt's model: one row a message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from p2pim.desktop.document import spoken
from p2pim.desktop.timeline import Above, Timeline, place_of

if TYPE_CHECKING:
    from p2pim.api import schema

Index = QModelIndex | QPersistentModelIndex
_NONE = QModelIndex()
MESSAGE = Qt.ItemDataRole.UserRole
ABOVE = Qt.ItemDataRole.UserRole + 1


class Conversation(QAbstractListModel):
    """A timeline that tells the view what changes."""

    def __init__(self, room: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.room = room
        self.timeline = Timeline()

    def rowCount(self, parent: Index = _NONE) -> int:
        """See QAbstractItemModel."""
        return 0 if parent.isValid() else len(self.timeline)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """See QAbstractItemModel."""
        if not index.isValid():
            return None
        message = self.timeline.messages[index.row()]
        if role == MESSAGE:
            return message
        if role == ABOVE:
            return self.timeline.above(index.row())
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return spoken(message)
        return None

    def message(self, row: int) -> schema.Message:
        """The message in a row."""
        return self.timeline.messages[row]

    def above(self, row: int) -> Above:
        """What stands above it."""
        return self.timeline.above(row)

    def put(self, message: schema.Message) -> bool:
        """Add a message or put its newer state in its place; whether it is new. Others' rooms are not looked at."""
        row, is_here = self.timeline.row_for(message)
        if is_here:
            self.timeline.put(row, message, replaces=True)
        elif row == 0 and len(self.timeline) and not self.timeline.complete:
            return False  # it belongs to what is not loaded yet
        else:
            self.beginInsertRows(QModelIndex(), row, row)
            self.timeline.put(row, message, replaces=False)
            self.endInsertRows()
        self._redraw(row, row + 1)
        return not is_here

    def change(self, message: schema.Message) -> None:
        """Put the newer state of a message in its place, if it is here."""
        if self.timeline.row_for(message)[1]:
            self.put(message)

    def put_newest(self, page: Sequence[schema.Message]) -> None:
        """Put the newest page there. What is here is let go of if there is a hole between the two."""
        last = self.timeline.last
        if page and last is not None and place_of(page[0]) > last:
            self.beginResetModel()
            self.timeline = Timeline()
            self.endResetModel()
        if len(self.timeline):
            for message in page:
                self.put(message)
        else:
            self.put_older(page)

    def put_older(self, page: Sequence[schema.Message]) -> int:
        """Put a page of history before the first; how many of it are news."""
        before = self.timeline.before
        fresh = [m for m in page if before is None or place_of(m) < before]
        if fresh:
            self.beginInsertRows(QModelIndex(), 0, len(fresh) - 1)
            self.timeline.older(fresh)
            self.endInsertRows()
            self._redraw(len(fresh), len(fresh))
        else:
            self.timeline.complete = True
        return len(fresh)

    def mark_new(self) -> None:
        """Draw the line "new messages" above the first that is unread."""
        before = self.timeline.new_from
        self.timeline.mark_new()
        for place in {before, self.timeline.new_from}:
            if place is not None and (row := self.timeline.find(place)) is not None:
                self._redraw(row, row)

    def forget_new(self) -> None:
        """The line "new messages" has done its work."""
        place, self.timeline.new_from = self.timeline.new_from, None
        if place is not None and (row := self.timeline.find(place)) is not None:
            self._redraw(row, row)

    def mark_read(self) -> None:
        """All that is here has been read."""
        for message in self.timeline.messages:
            message["unread"] = False

    def _redraw(self, first: int, last: int) -> None:
        last = min(last, len(self.timeline) - 1)
        if first <= last:
            self.dataChanged.emit(self.index(first), self.index(last))
