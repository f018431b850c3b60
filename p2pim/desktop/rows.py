"""A list whose rows are as high as they are, measured only when they come into sight.

Qt's own list asks every row for its height whenever one is added: with thousands of messages that takes longer than a
frame. Here a row that was never seen has a height that is guessed; when it comes into sight it is measured, and what is
in sight already stays where it is.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Final

from PySide6.QtCore import (
    QAbstractItemModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    Qt,
)
from PySide6.QtGui import QPainter, QPaintEvent, QRegion, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyleOptionViewItem

Index = QModelIndex | QPersistentModelIndex

#: What a row is taken to need before it was seen.
GUESS: Final = 56
#: Pixels from the end that still count as the end.
_NEARLY: Final = 4
_ROUNDS: Final = 5


class Rows(QListView):
    """The view. Its model only ever adds rows, changes them, or is another one altogether."""

    def __init__(self) -> None:
        super().__init__()
        self._heights: list[int] = []
        self._known: list[bool] = []
        self._tops: list[int] = [0]
        self._arranging = False
        self._wide = 0
        #: Whether the last row is in sight; then it stays so.
        self.at_end = True

    # -- what the model tells

    def setModel(self, model: QAbstractItemModel | None) -> None:
        """See QAbstractItemView."""
        super().setModel(model)
        self._begin()

    def reset(self) -> None:
        """See QAbstractItemView."""
        super().reset()
        self._begin()

    def _begin(self) -> None:
        count = 0 if self.model() is None else self.model().rowCount()
        self._heights, self._known = [GUESS] * count, [False] * count
        self.at_end = True
        self._arrange()

    def rowsInserted(self, parent: Index, start: int, end: int) -> None:
        """See QAbstractItemView."""
        super().rowsInserted(parent, start, end)
        count = end - start + 1
        row, at = self._anchor()
        self._heights[start:start] = [GUESS] * count
        self._known[start:start] = [False] * count
        self._arrange(row + count if start <= row else row, at)

    def dataChanged(self, top: Index, bottom: Index, roles: Sequence[int] = ()) -> None:
        """See QAbstractItemView."""
        super().dataChanged(top, bottom, list(roles))
        row, at = self._anchor()
        for changed in range(top.row(), bottom.row() + 1):
            self._known[changed] = False
        self._arrange(row, at)

    # -- where rows are

    def _anchor(self) -> tuple[int, int]:
        """The first row in sight that was measured, and where on the screen it is."""
        value = self.verticalScrollBar().value()
        first, last = self._in_sight(value)
        row = next((row for row in range(first, last + 1) if self._known[row]), first)
        return row, self._tops[row] - value if row < len(self._tops) else 0

    def _in_sight(self, value: int) -> tuple[int, int]:
        """The first and last row that are in sight; (0, -1) without rows."""
        last = len(self._heights) - 1
        first = min(max(0, bisect_right(self._tops, value) - 1), last)
        below = bisect_right(self._tops, value + self.viewport().height()) - 1
        return max(0, first), min(below, last)

    def _arrange(self, row: int = 0, at: int = 0) -> None:
        """Put every row where it belongs; this one stays at its place on the screen, unless the end is to be seen."""
        if self._arranging:
            return
        self._arranging = True
        bar = self.verticalScrollBar()
        try:
            for _ in range(_ROUNDS):
                self._tops = [0, *accumulate(self._heights)]
                bar.setRange(0, max(0, self._tops[-1] - self.viewport().height()))
                bar.setValue(bar.maximum() if self.at_end else self._tops[min(row, len(self._heights))] - at)
                if not self._measure(bar.value()):
                    break
        finally:
            self._arranging = False
        self.viewport().update()

    def _measure(self, value: int) -> bool:
        """Measure what is in sight; whether a guess was wrong."""
        first, last = self._in_sight(value)
        wrong = False
        for row in range(first, last + 1):
            if not self._known[row]:
                self._known[row] = True
                index = self.model().index(row, 0)
                height = self.itemDelegate().sizeHint(QStyleOptionViewItem(), index).height()
                wrong |= height != self._heights[row]
                self._heights[row] = height
        return wrong

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """See QAbstractScrollArea."""
        if not self._arranging:
            bar = self.verticalScrollBar()
            self.at_end = bar.value() >= bar.maximum() - _NEARLY
            self._arrange(*self._anchor())
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """See QWidget."""
        QAbstractItemView.resizeEvent(self, event)
        self.measure_anew()

    def measure_anew(self) -> None:
        """The width, the font or what draws the rows is another: all heights are guesses again."""
        row, at = self._anchor()
        if self._wide != self.viewport().width():
            self._wide = self.viewport().width()
            self._known = [False] * len(self._known)
        self._arrange(row, at)

    def forget_heights(self) -> None:
        """The same, whatever the width is."""
        self._wide = -1
        self.measure_anew()

    # -- what Qt asks a view

    def doItemsLayout(self) -> None:
        """See QAbstractItemView: QListView's own would ask every row for its height."""
        QAbstractItemView.doItemsLayout(self)

    def updateGeometries(self) -> None:
        """See QAbstractItemView."""
        bar = self.verticalScrollBar()
        bar.setPageStep(max(1, self.viewport().height() - 40))
        bar.setSingleStep(24)

    def verticalOffset(self) -> int:
        """See QAbstractItemView."""
        return self.verticalScrollBar().value()

    def horizontalOffset(self) -> int:
        """See QAbstractItemView."""
        return 0

    def isIndexHidden(self, index: Index) -> bool:
        """See QAbstractItemView."""
        return False

    def visualRect(self, index: Index) -> QRect:
        """See QAbstractItemView."""
        row = index.row()
        if not 0 <= row < len(self._heights):
            return QRect()
        top = self._tops[row] - self.verticalOffset()
        return QRect(0, top, self.viewport().width(), self._heights[row])

    def indexAt(self, p: QPoint) -> QModelIndex:
        """See QAbstractItemView."""
        y = p.y() + self.verticalOffset()
        row = bisect_right(self._tops, y) - 1
        if not 0 <= row < len(self._heights) or y >= self._tops[-1]:
            return QModelIndex()
        return self.model().index(row, 0)

    def scrollTo(
        self, index: Index, hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible
    ) -> None:
        """See QAbstractItemView."""
        rect, high = self.visualRect(index), self.viewport().height()
        if not rect.isValid():
            return
        hints = QAbstractItemView.ScrollHint
        inside = rect.top() >= 0 and rect.bottom() < high
        if hint == hints.EnsureVisible and inside:
            return
        at = rect.top()
        if hint == hints.PositionAtCenter:
            at = max(0, (high - rect.height()) // 2)
        elif hint == hints.PositionAtTop or rect.top() < 0:
            at = 0
        elif hint == hints.PositionAtBottom or rect.bottom() >= high:
            at = high - rect.height()
        self.at_end = False
        self._known[index.row()] = True  # it is what stays where it is put
        self._heights[index.row()] = self.itemDelegate().sizeHint(QStyleOptionViewItem(), index).height()
        self._arrange(index.row(), at)
        bar = self.verticalScrollBar()
        self.at_end = bar.value() >= bar.maximum() - _NEARLY

    def scrollToBottom(self) -> None:
        """See QAbstractItemView."""
        self.at_end = True
        self._arrange()

    def moveCursor(self, action: Any, modifiers: Qt.KeyboardModifier) -> QModelIndex:
        """See QAbstractItemView."""
        actions, count = QAbstractItemView.CursorAction, len(self._heights)
        if not count:
            return QModelIndex()
        row = self.currentIndex().row() if self.currentIndex().isValid() else count
        page = max(1, self._in_sight(self.verticalOffset())[1] - self._in_sight(self.verticalOffset())[0])
        steps = {
            actions.MoveUp: -1,
            actions.MovePrevious: -1,
            actions.MoveDown: 1,
            actions.MoveNext: 1,
            actions.MovePageUp: -page,
            actions.MovePageDown: page,
            actions.MoveHome: -count,
            actions.MoveEnd: count,
        }
        return self.model().index(min(max(0, row + steps.get(action, 0)), count - 1), 0)

    def setSelection(self, rect: QRect, command: QItemSelectionModel.SelectionFlag) -> None:
        """See QAbstractItemView: of a mouse that is pressed."""
        index = self.indexAt(rect.center())
        if index.isValid():
            self.selectionModel().select(index, command)

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:
        """See QAbstractItemView."""
        return QRegion(self.viewport().rect())

    def paintEvent(self, event: QPaintEvent) -> None:
        """See QWidget."""
        painter = QPainter(self.viewport())
        first, last = self._in_sight(self.verticalOffset())
        for row in range(first, last + 1):
            index = self.model().index(row, 0)
            option = QStyleOptionViewItem()
            self.initViewItemOption(option)
            option.rect = self.visualRect(index)
            if self.selectionModel().isSelected(index):
                option.state |= QStyle.StateFlag.State_Selected
            self.itemDelegate().paint(painter, option, index)
        painter.end()
