"""Where one writes: several lines, Enter sends, @ completes names; it also holds what is answered or edited."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QEvent, QSize, QStringListModel, Qt, Signal
from PySide6.QtGui import QKeyEvent, QTextCursor
from PySide6.QtWidgets import (
    QCompleter,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from p2pim.desktop.document import words_of
from p2pim.desktop.emoji import EmojiPicker
from p2pim.desktop.markup import one_line

if TYPE_CHECKING:
    from p2pim.api import schema

_LINES: Final = 8
#: The beginning of a mention, right before the cursor.
_MENTION: Final = re.compile(r"(?:^|(?<=\s))@([^\s@]*)$")


class Draft(NamedTuple):
    """What is being written in one conversation: a text, an answer to a message, or other words for one."""

    text: str = ""
    reply_to: schema.Message | None = None
    edits: schema.Message | None = None


class Composer(QWidget):
    """The lowest part of a conversation."""

    #: A draft that is to be sent.
    sent = Signal(object)
    typing = Signal()
    edit_last = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("composer")
        self._reply_to: schema.Message | None = None
        self._edits: schema.Message | None = None
        self.about = QLabel()
        self.about.setObjectName("muted")
        self.about.setTextFormat(Qt.TextFormat.PlainText)
        self.drop = QToolButton()
        self.drop.setText("✕")
        self.drop.setAccessibleName(self.tr("Do not answer or edit"))
        self.drop.clicked.connect(self.forget)
        self.edit = _Edit(self)
        self.edit.setAccessibleName(self.tr("Message"))
        self.edit.wants_send.connect(self._send)
        self.edit.wants_last.connect(self.edit_last)
        self.edit.wants_out.connect(self.forget)
        self.edit.textChanged.connect(self._changed)
        self.emoji = QToolButton()
        self.emoji.setText("☺")
        self.emoji.setToolTip(self.tr("Emoji"))
        self.emoji.setAccessibleName(self.tr("Emoji"))
        self.emoji.clicked.connect(self._pick)
        self.send = QToolButton()
        self.send.setText("➤")
        self.send.setToolTip(self.tr("Send (Enter)"))
        self.send.setAccessibleName(self.tr("Send"))
        self.send.clicked.connect(self._send)
        above, below, whole = QHBoxLayout(), QHBoxLayout(), QVBoxLayout(self)
        above.addWidget(self.about, 1)
        above.addWidget(self.drop)
        below.addWidget(self.edit, 1)
        below.addWidget(self.emoji, 0, Qt.AlignmentFlag.AlignBottom)
        below.addWidget(self.send, 0, Qt.AlignmentFlag.AlignBottom)
        whole.setContentsMargins(12, 8, 12, 10)
        whole.setSpacing(4)
        whole.addLayout(above)
        whole.addLayout(below)
        self._show_about()

    # -- what is in it

    def draft(self) -> Draft:
        """What is in it."""
        return Draft(self.edit.toPlainText(), self._reply_to, self._edits)

    def show_draft(self, draft: Draft) -> None:
        """Put something else in it."""
        self._reply_to, self._edits = draft.reply_to, draft.edits
        self.edit.blockSignals(True)  # nobody is typing
        self.edit.setPlainText(draft.text)
        self.edit.blockSignals(False)
        self.edit.moveCursor(QTextCursor.MoveOperation.End)
        self.edit.fit()
        self._show_about()

    def reply(self, message: schema.Message) -> None:
        """Answer a message."""
        text = "" if self._edits is not None else self.edit.toPlainText()
        self.show_draft(Draft(text, reply_to=message))
        self.edit.setFocus()

    def change(self, message: schema.Message) -> None:
        """Put other words in place of a message's."""
        self.show_draft(Draft(message["text"] or "", edits=message))
        self.edit.setFocus()

    def forget(self) -> None:
        """Neither answer nor edit; what was typed for an answer stays."""
        self.show_draft(Draft("" if self._edits is not None else self.edit.toPlainText()))

    def show_names(self, names: Sequence[str]) -> None:
        """Whom @ completes."""
        self.edit.names.setStringList(list(names))

    def allow(self, why_not: str) -> None:
        """Let the user write, or say why not."""
        self.edit.setEnabled(not why_not)
        self.send.setEnabled(not why_not)
        self.emoji.setEnabled(not why_not)
        self.edit.setPlaceholderText(why_not or self.tr("Write a message"))

    def _show_about(self) -> None:
        message = self._edits or self._reply_to
        self.about.setVisible(message is not None)
        self.drop.setVisible(message is not None)
        if message is not None:
            what = self.tr("Editing") if self._edits is not None else self.tr("Answer to {name}")
            text = f"{what.format(name=one_line(message['author_name']))}: {one_line(words_of(message))}"
            self.about.setText(text if len(text) <= 80 else text[:79] + "…")

    # -- what is done in it

    def _send(self) -> None:
        draft = self.draft()
        if draft.text.strip() and self.edit.isEnabled():
            self.show_draft(Draft())
            self.sent.emit(draft)

    def _changed(self) -> None:
        if self.edit.toPlainText():
            self.typing.emit()

    def _pick(self) -> None:
        picker = EmojiPicker(self)
        picker.picked.connect(self.edit.insertPlainText)
        picker.picked.connect(lambda _: self.edit.setFocus())
        picker.show_above(self.emoji)


class _Edit(QPlainTextEdit):
    """The text itself: grows with it, up to some lines."""

    wants_send = Signal()
    wants_last = Signal()
    wants_out = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setTabChangesFocus(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.names = QStringListModel(self)
        self.completer = QCompleter(self.names, self)
        self.completer.setWidget(self)
        self.completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self.completer.activated.connect(self._complete)
        popup = self.completer.popup()
        assert popup is not None, "a completer that pops up has one"
        self._popup = popup
        self.textChanged.connect(self.fit)
        self.fit()

    def fit(self) -> None:
        """As high as its text, within limits."""
        line = self.fontMetrics().lineSpacing()
        lines = min(_LINES, max(1, round(self.document().size().height())))
        self.setFixedHeight(lines * line + 22)

    def minimumSizeHint(self) -> QSize:
        """See QWidget."""
        return QSize(120, self.fontMetrics().lineSpacing() + 22)

    def event(self, event: QEvent) -> bool:
        """Esc belongs to what is answered or edited, Tab to the name that is offered; else they are the window's."""
        if isinstance(event, QKeyEvent):
            kind, key = event.type(), event.key()
            if kind == QEvent.Type.ShortcutOverride and key == Qt.Key.Key_Escape:
                event.accept()
                return True
            if kind == QEvent.Type.KeyPress and key == Qt.Key.Key_Tab and self._popup.isVisible():
                self.keyPressEvent(event)
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter sends, Shift+Enter breaks the line, Up in an empty text edits the last message."""
        key, keys = event.key(), Qt.Key
        popup = self._popup
        if popup.isVisible():
            offered = popup.currentIndex().data() or self.completer.currentCompletion()
            is_whole = (
                offered.casefold() == (self._begun() or "").casefold()
            )  # then there is nothing to complete
            if key in (keys.Key_Return, keys.Key_Enter, keys.Key_Tab) and not is_whole:
                self._complete(offered)
                return
            popup.setVisible(not is_whole)
            if key == keys.Key_Escape:
                popup.hide()
                return
        shifted = event.modifiers() & (Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.AltModifier)
        if key in (keys.Key_Return, keys.Key_Enter) and not shifted:
            self.wants_send.emit()
        elif key == keys.Key_Up and not self.toPlainText():
            self.wants_last.emit()
        elif key == keys.Key_Escape:
            self.wants_out.emit()
        else:
            if key in (keys.Key_Return, keys.Key_Enter):
                self.insertPlainText("\n")
            else:
                super().keyPressEvent(event)
            self._offer()

    def _begun(self) -> str | None:
        """What of a name stands after the @ before the cursor."""
        cursor = self.textCursor()
        before = cursor.block().text()[: cursor.positionInBlock()]
        match = _MENTION.search(before)
        return None if match is None else match[1]

    def _offer(self) -> None:
        begun, popup = self._begun(), self._popup
        if begun is None:
            popup.hide()
            return
        self.completer.setCompletionPrefix(begun)
        if self.completer.completionCount() == 0:
            popup.hide()
            return
        popup.setCurrentIndex(self.completer.completionModel().index(0, 0))
        place = self.cursorRect()
        place.setWidth(240)
        self.completer.complete(place)

    def _complete(self, name: str) -> None:
        begun = self._begun()
        self._popup.hide()
        if begun is None or not name:
            return
        cursor = self.textCursor()
        cursor.movePosition(
            QTextCursor.MoveOperation.Left,
            QTextCursor.MoveMode.KeepAnchor,
            len(begun.encode("utf-16-le")) // 2,
        )
        cursor.insertText(name + " ")
