"""Draws messages as bubbles: others' at the left, one's own at the right, with what stands above and below."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPoint, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QGuiApplication, QPainter, QPen, QTextDocument
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from p2pim.desktop.conversation import ABOVE, MESSAGE
from p2pim.desktop.document import Writer, day
from p2pim.desktop.markup import one_line
from p2pim.desktop.theme import Theme
from p2pim.desktop.timeline import Above

if TYPE_CHECKING:
    from p2pim.api import schema

Index = QModelIndex | QPersistentModelIndex

#: Documents kept: some screens full.
_KEPT: Final = 400
_MARGIN: Final = 14
_PAD_X: Final = 11
_PAD_Y: Final = 7
#: Above a bubble of the same group, and of another.
_GAP: Final = 2
_GROUP_GAP: Final = 9
_RADIUS: Final = 11
#: A bubble takes at most this much of the width, and never more than this.
_SHARE: Final = 0.78
_WIDEST: Final = 760


#: A message by its identity in memory, the width, what stands above, the direction of writing.
_Key = tuple[int, int, Above, Qt.LayoutDirection]


class _Shape(NamedTuple):
    """Where the parts of a row lie, counted from its top left corner."""

    document: QTextDocument
    day: QRect
    new: QRect
    name: QRect
    bubble: QRect
    reactions: QRect
    height: int


class Bubbles(QStyledItemDelegate):
    """The delegate of a list of messages."""

    def __init__(self, theme: Theme, font: QFont, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._font = font
        self._writer = Writer(theme, font)
        self._kept: OrderedDict[_Key, tuple[schema.Message, _Shape]] = OrderedDict()
        self._name_font = QFont(font)
        self._name_font.setWeight(QFont.Weight.DemiBold)
        self._name_font.setPointSizeF(font.pointSizeF() * 0.9)
        self._small = QFont(font)
        self._small.setPointSizeF(font.pointSizeF() * 0.85)
        self.width = 600

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """See QStyledItemDelegate."""
        return QSize(self.width, self._shape(index).height)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """See QStyledItemDelegate."""
        message: schema.Message = index.data(MESSAGE)
        shape = self._shape(index)
        rect: QRect = option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(rect.topLeft())
        self._draw_lines(painter, shape, message)
        ground = QColor(self._theme.mine if message["mine"] else self._theme.theirs)
        painter.setBrush(ground)
        state: QStyle.StateFlag = option.state
        chosen = state & QStyle.StateFlag.State_Selected
        pen = QPen(QColor(self._theme.accent if chosen else self._theme.warning), 2)
        painter.setPen(pen if chosen or message["mentions_me"] else Qt.PenStyle.NoPen)
        painter.drawRoundedRect(shape.bubble, _RADIUS, _RADIUS)
        painter.translate(shape.bubble.topLeft() + QPoint(_PAD_X, _PAD_Y))
        shape.document.drawContents(painter)
        painter.restore()

    def link_at(self, index: Index, at: QPoint) -> str:
        """The address of the link at a place counted from the top left corner of a row; "" where there is none."""
        shape = self._shape(index)
        inside = at - shape.bubble.topLeft() - QPoint(_PAD_X, _PAD_Y)
        return shape.document.documentLayout().anchorAt(QPointF(inside))

    def bubble_at(self, index: Index) -> QRect:
        """Where the bubble of a row lies, counted from the top left corner of the row."""
        return self._shape(index).bubble

    def _draw_lines(self, painter: QPainter, shape: _Shape, message: schema.Message) -> None:
        painter.setFont(self._small)
        if shape.day.height():
            painter.setPen(QColor(self._theme.muted))
            painter.drawText(shape.day, Qt.AlignmentFlag.AlignCenter, day(message["wall_ms"]))
        if shape.new.height():
            painter.setPen(QColor(self._theme.warning))
            middle = shape.new.center().y()
            text = self.tr("New messages")
            wide = QFontMetrics(self._small).horizontalAdvance(text) // 2 + 10
            centre = shape.new.center().x()
            painter.drawLine(shape.new.left(), middle, centre - wide, middle)
            painter.drawLine(centre + wide, middle, shape.new.right(), middle)
            painter.drawText(shape.new, Qt.AlignmentFlag.AlignCenter, text)
        if shape.name.height():
            painter.setFont(self._name_font)
            painter.setPen(QColor(self._theme.on_window))
            name = QFontMetrics(self._name_font).elidedText(
                one_line(message["author_name"]), Qt.TextElideMode.ElideRight, shape.name.width()
            )
            painter.drawText(shape.name, Qt.AlignmentFlag.AlignVCenter, name)
        if shape.reactions.height():
            painter.setFont(self._small)
            painter.setPen(QColor(self._theme.muted))
            side = Qt.AlignmentFlag.AlignRight if message["mine"] else Qt.AlignmentFlag.AlignLeft
            painter.drawText(shape.reactions, side | Qt.AlignmentFlag.AlignVCenter, reactions_of(message))

    # -- where things lie

    def _shape(self, index: Index) -> _Shape:
        message: schema.Message = index.data(MESSAGE)
        above: Above = index.data(ABOVE)
        key = (id(message), self.width, above, QGuiApplication.layoutDirection())
        kept = self._kept.get(key)
        if kept is not None and kept[0] is message:
            self._kept.move_to_end(key)
            return kept[1]
        shape = self._made(message, above)
        self._kept[key] = message, shape  # the message is kept too, so that no other gets its id
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return shape

    def _made(self, message: schema.Message, above: Above) -> _Shape:
        document = self._writer.write(message)
        most = max(120, min(_WIDEST, int((self.width - 2 * _MARGIN) * _SHARE)) - 2 * _PAD_X)
        document.setTextWidth(most)
        wide = min(most, int(document.idealWidth()) + 1)
        document.setTextWidth(wide)
        line = QFontMetrics(self._font).height()
        inside = QRect(_MARGIN, 0, self.width - 2 * _MARGIN, 0)
        top = _GROUP_GAP if above.name or above.day or above.new else _GAP
        lines: list[QRect] = []
        for high in (
            line + 14 if above.day else 0,
            line + 8 if above.new else 0,
            line + 2 if above.name else 0,
        ):
            lines.append(QRect(inside.left(), top, inside.width(), high))
            top += high
        bubble = QRect(0, top, wide + 2 * _PAD_X, int(document.size().height()) + 2 * _PAD_Y)
        is_right = message["mine"] != QGuiApplication.isRightToLeft()
        bubble.moveLeft(inside.right() - bubble.width() + 1 if is_right else inside.left())
        top += bubble.height()
        below = QRect(inside.left(), top, inside.width(), line + 4 if message["reactions"] else 0)
        day_line, new_line, name_line = lines
        height = top + below.height() + 1
        return _Shape(document, day_line, new_line, name_line, bubble, below, height)


def reactions_of(message: schema.Message) -> str:
    """The emoji below a message, with how many put them there."""
    return "   ".join(f"{one_line(each['emoji'])} {len(each['by'])}" for each in message["reactions"])
