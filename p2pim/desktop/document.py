"""A message as a text document: built span by span, so that no text of anybody's is ever read as markup."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QDate, QLocale, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextOption,
)

from p2pim.desktop.markup import Block, Span, blocks, one_line
from p2pim.desktop.timeline import local_time
from p2pim.desktop.words import translate

if TYPE_CHECKING:
    from p2pim.api import schema
    from p2pim.desktop.theme import Theme

_TOPIC: Final = 6
_QUOTED: Final = 120


def hour(ms: int) -> str:
    """Hour and minute of a time."""
    then = local_time(ms)
    return "?" if then is None else time.strftime("%H:%M", then)


def day(ms: int) -> str:
    """The day of a time, for the line above its first message."""
    then = local_time(ms)
    if then is None:
        return "?"
    if (then.tm_year, then.tm_yday) == time.localtime()[0:1] + time.localtime()[7:8]:
        return translate("Document", "Today")
    return QLocale().toString(QDate(then.tm_year, then.tm_mon, then.tm_mday), QLocale.FormatType.LongFormat)


def state_of(message: schema.Message) -> str:
    """How far a message of one's own got; "" for others'."""
    if not message["mine"] or message["text"] is None:
        return ""
    if message["state"] == "held":
        names = [one_line(d["name"]) for d in message["deliveries"] if d["state"] in ("held", "handed-over")]
        return translate("Document", "held by {names}").format(names=", ".join(names))
    if message["state"] == "read" and len(message["deliveries"]) > 1:
        count = sum(d["state"] == "read" for d in message["deliveries"])
        return translate("Document", "read by {count}").format(count=count)
    states = {
        "waiting": translate("Document", "waiting"),
        "not-accepted": translate("Document", "waiting: not accepted yet"),
        "no-space": translate("Document", "waiting: no space on their disk"),
        "delivered": translate("Document", "delivered"),
        "read": translate("Document", "read"),
    }
    return states.get(message["state"], "")


def words_of(message: schema.Message) -> str:
    """What stands in the bubble, as plain text."""
    if message["kind"] == _TOPIC:
        text = one_line(message["text"] or "")
        if not text:
            return translate("Document", "took the topic away")
        return translate("Document", "set the topic: {topic}").format(topic=text)
    if message["text"] is not None:
        return message["text"]
    why = translate("Document", "deleted") if message["note"] == "deleted" else message["note"]
    return f"({why or translate('Document', 'cannot be shown')})"


def spoken(message: schema.Message) -> str:
    """A message for a screen reader, and for whoever copies it."""
    who = translate("Document", "You") if message["mine"] else one_line(message["author_name"])
    parts = [f"{who}, {hour(message['wall_ms'])}: {one_line(words_of(message))}"]
    if message["edited"]:
        parts.append(translate("Document", "edited"))
    parts += [f"{one_line(r['emoji'])} {len(r['by'])}" for r in message["reactions"]]
    if state := state_of(message):
        parts.append(state)
    return ", ".join(parts)


class Writer:
    """Writes documents in the colours and the font of now."""

    def __init__(self, theme: Theme, font: QFont) -> None:
        self._theme = theme
        self._font = font
        self._fixed = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        self._fixed.setPointSizeF(font.pointSizeF() * 0.95)
        self._small = QFont(font)
        self._small.setPointSizeF(font.pointSizeF() * 0.85)

    def write(self, message: schema.Message) -> QTextDocument:
        """The document of one message, without the name above it and the reactions below."""
        document = QTextDocument()
        document.setUndoRedoEnabled(False)
        document.setDefaultFont(self._font)
        document.setDocumentMargin(0)
        option = QTextOption()
        option.setTextDirection(Qt.LayoutDirection.LayoutDirectionAuto)
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        document.setDefaultTextOption(option)
        cursor = QTextCursor(document)
        if message["reply_to"] is not None:
            self._quote(cursor, message["reply_to"], self._ink(message, muted=True))
        if message["text"] is None or message["kind"] == _TOPIC:
            self._paragraph(cursor, Block("text", [Span(words_of(message), italic=True)]), message)
        else:
            for block in blocks(message["text"]):
                self._paragraph(cursor, block, message)
        self._foot(cursor, message)
        return document

    def _ink(self, message: schema.Message, *, muted: bool = False) -> QColor:
        theme = self._theme
        if message["mine"]:
            return QColor(theme.mine_muted if muted else theme.on_mine)
        return QColor(theme.theirs_muted if muted else theme.on_theirs)

    def _begin(self, cursor: QTextCursor, form: QTextBlockFormat) -> None:
        if cursor.atStart():
            cursor.setBlockFormat(form)
        else:
            cursor.insertBlock(form)

    def _quote(self, cursor: QTextCursor, quote: schema.Quote, ink: QColor) -> None:
        form = QTextBlockFormat()
        form.setLeftMargin(8)
        form.setBottomMargin(3)
        self._begin(cursor, form)
        look = QTextCharFormat()
        look.setFont(self._small)
        look.setForeground(ink)
        if quote["author"] is None:
            said = translate("Document", "an answer to something that is not here")
            cursor.insertText(f"┃ {said}", look)
            return
        look.setFontWeight(QFont.Weight.DemiBold)
        cursor.insertText(f"┃ {one_line(quote['author_name'])}: ", look)
        look.setFontWeight(QFont.Weight.Normal)
        text = one_line(quote["text"] or translate("Document", "(nothing to show)"))
        cursor.insertText(text if len(text) <= _QUOTED else text[: _QUOTED - 1] + "…", look)

    def _paragraph(self, cursor: QTextCursor, block: Block, message: schema.Message) -> None:
        form = QTextBlockFormat()
        if block.kind == "code":
            form.setBackground(QColor(self._theme.code))
            form.setNonBreakableLines(False)
            form.setTopMargin(3)
            form.setBottomMargin(3)
        elif block.kind == "quote":
            form.setLeftMargin(12)
        self._begin(cursor, form)
        for span in block.spans:
            look = QTextCharFormat()
            look.setForeground(self._ink(message, muted=block.kind == "quote"))
            if span.code:
                look.setFont(self._fixed)
                look.setBackground(QColor(self._theme.code))
                look.setForeground(QColor(self._theme.on_window))
            look.setFontWeight(QFont.Weight.Bold if span.bold else QFont.Weight.Normal)
            look.setFontItalic(span.italic)
            look.setFontStrikeOut(span.struck)
            if span.link:
                look.setAnchor(True)
                look.setAnchorHref(span.link)
                look.setFontUnderline(True)
                look.setForeground(QColor(self._theme.link))
            # a line feed would begin a new paragraph, with a new format
            cursor.insertText(span.text.replace("\n", "\u2028"), look)

    def _foot(self, cursor: QTextCursor, message: schema.Message) -> None:
        parts = [hour(message["wall_ms"])]
        if message["edited"]:
            parts.append(translate("Document", "edited"))
        if state := state_of(message):
            parts.append(state)
        form = QTextBlockFormat()
        form.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignAbsolute)
        form.setTopMargin(2)
        look = QTextCharFormat()
        look.setFont(self._small)
        look.setForeground(self._ink(message, muted=True))
        self._begin(cursor, form)
        cursor.insertText(" · ".join(parts), look)
