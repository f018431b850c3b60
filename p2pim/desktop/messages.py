"""The list of messages: scrolls, loads what is older when its top comes near, opens links, offers what can be done."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QModelIndex, QPoint, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QGuiApplication, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QMenu

from p2pim.desktop.bubbles import Bubbles
from p2pim.desktop.conversation import Conversation
from p2pim.desktop.document import words_of
from p2pim.desktop.markup import plain
from p2pim.desktop.rows import Rows

if TYPE_CHECKING:
    from p2pim.api import schema
    from p2pim.desktop.theme import Theme

#: Pixels from the top at which older messages are asked for.
_NEAR: Final = 600
_SCHEMES: Final = ("http", "https", "mailto")
#: What the menu offers for a reaction at once.
QUICK: Final = ("👍", "❤️", "😂", "🎉", "😮", "😢")


class MessageList(Rows):
    """Shows one conversation after the other."""

    wants_older = Signal()
    reached_end = Signal()
    #: What to do (reply, edit, delete, react, story) with which message, and for a reaction with which emoji.
    asked = Signal(str, object, str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setAccessibleName(self.tr("Messages"))
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._offer)
        self.setMouseTracking(True)
        self.bubbles = Bubbles(theme, self.font(), self)
        self.setItemDelegate(self.bubbles)
        self.verticalScrollBar().valueChanged.connect(self._scrolled)
        self._was_at_end = True
        self._loading = False

    def show_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.bubbles = Bubbles(theme, self.font(), self)
        self.bubbles.width = self.viewport().width()
        self.setItemDelegate(self.bubbles)
        self.forget_heights()

    def show_conversation(self, conversation: Conversation) -> None:
        """Show another one, its end first."""
        self._loading = False
        self.setModel(conversation)
        self._look_for_older()

    @property
    def conversation(self) -> Conversation | None:
        """What is shown."""
        model = self.model()
        return model if isinstance(model, Conversation) else None

    def to_end(self) -> None:
        """Show the newest message."""
        was = self.at_end
        self.scrollToBottom()
        if not was:
            self.reached_end.emit()

    def loaded(self) -> None:
        """What was asked for with ``wants_older`` is here, or will not come."""
        self._loading = False
        self._look_for_older()

    def show_message(self, message_id: str) -> bool:
        """Scroll to a message and select it; whether it is here."""
        conversation = self.conversation
        row = None if conversation is None else conversation.timeline.row_of(message_id)
        if conversation is None or row is None:
            return False
        index = conversation.index(row)
        self.setCurrentIndex(index)
        self.scrollTo(index, QAbstractItemView.ScrollHint.PositionAtCenter)
        return True

    # -- scrolling

    def _scrolled(self, value: int) -> None:
        was, self._was_at_end = self._was_at_end, self.at_end
        if self.at_end and not was:
            self.reached_end.emit()
        self._look_for_older()

    def _look_for_older(self) -> None:
        """Ask for what is older before the reader gets there; also where all there is fits on the screen."""
        if self.verticalScrollBar().value() < _NEAR and not self._loading and self._may_have_older():
            self._loading = True
            self.wants_older.emit()

    def _may_have_older(self) -> bool:
        conversation = self.conversation
        return (
            conversation is not None and len(conversation.timeline) > 0 and not conversation.timeline.complete
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        """See QWidget."""
        self.bubbles.width = self.viewport().width()
        super().resizeEvent(event)

    # -- the mouse, and what can be done

    def _link(self, at: QPoint) -> str:
        index = self.indexAt(at)
        return self.bubbles.link_at(index, at - self.visualRect(index).topLeft()) if index.isValid() else ""

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """See QWidget."""
        link = self._link(event.position().toPoint())
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if link else Qt.CursorShape.ArrowCursor)
        super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """See QWidget."""
        link = self._link(event.position().toPoint())
        if link and event.button() == Qt.MouseButton.LeftButton:
            open_link(link)
        super().mouseReleaseEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """See QWidget."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "bubbles"):
            self.forget_heights()

    def chosen(self) -> schema.Message | None:
        """The message that is selected."""
        index: QModelIndex = self.currentIndex()
        conversation = self.conversation
        return conversation.message(index.row()) if conversation is not None and index.isValid() else None

    def _offer(self, at: QPoint) -> None:
        index = self.indexAt(at)
        if index.isValid():
            self.setCurrentIndex(index)
            self.menu().popup(self.viewport().mapToGlobal(at))

    def menu(self) -> QMenu:
        """What can be done with the message that is selected."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        message = self.chosen()
        if message is None:
            return menu
        is_text = message["text"] is not None and message["kind"] == 1
        if is_text:
            for emoji in QUICK:
                menu.addAction(emoji).triggered.connect(self._act("react", message, emoji))
            menu.addSeparator()
            menu.addAction(self.tr("Reply")).triggered.connect(self._act("reply", message))
            if message["mine"]:
                menu.addAction(self.tr("Edit")).triggered.connect(self._act("edit", message))
        menu.addAction(self.tr("Copy")).triggered.connect(lambda: self.copy(message))
        if message["mine"]:
            menu.addAction(self.tr("Delivery")).triggered.connect(self._act("story", message))
        if is_text and message["mine"]:
            menu.addAction(self.tr("Delete")).triggered.connect(self._act("delete", message))
        return menu

    def _act(self, what: str, message: schema.Message, emoji: str = "") -> Callable[[], None]:
        return lambda: self.asked.emit(what, message, emoji)

    def copy(self, message: schema.Message) -> None:
        """Put the words of a message on the clipboard."""
        QGuiApplication.clipboard().setText(plain(words_of(message)))


def open_link(link: str) -> None:
    """Open what was clicked, if it is a page or a mail address."""
    url = QUrl(link, QUrl.ParsingMode.StrictMode)
    if url.isValid() and url.scheme().lower() in _SCHEMES:
        QDesktopServices.openUrl(url)
