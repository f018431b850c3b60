"""A small picker of emoji with search by name: those of Unicode that Python knows by name, the usual ones first."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

#: Emoji that are shown as such without a variation selector (Unicode, emoji-data, Emoji_Presentation), in blocks.
_BLOCKS: Final = (
    (0x1F600, 0x1F64F),
    (0x1F910, 0x1F92F),
    (0x1F970, 0x1F97A),
    (0x1F44A, 0x1F450),
    (0x1F90C, 0x1F91F),
    (0x1F300, 0x1F320),
    (0x1F32D, 0x1F335),
    (0x1F337, 0x1F37C),
    (0x1F37E, 0x1F393),
    (0x1F3E0, 0x1F3F0),
    (0x1F400, 0x1F43E),
    (0x1F493, 0x1F4FC),
    (0x1F525, 0x1F53D),
    (0x1F680, 0x1F6A8),
    (0x1F947, 0x1F96F),
    (0x1F980, 0x1F9E0),
)
_USUAL: Final = "👍👎👏🙏👋💪🙂😀😂😊😉😍😎🤔😮😢😭😡🎉🔥🚀✅❌❓❗💡☕🍕🍰🐛"
_SHOWN: Final = 300


@lru_cache(maxsize=1)
def known() -> list[tuple[str, str]]:
    """Every emoji offered, with its name, the usual ones first."""
    others = (chr(code) for first, last in _BLOCKS for code in range(first, last + 1))
    each = dict.fromkeys([*_USUAL, *others])
    return [(emoji, name) for emoji in each if (name := unicodedata.name(emoji, "").lower())]


def found(wanted: str) -> list[tuple[str, str]]:
    """Those with all words of a text in their names; what begins with it first."""
    words = wanted.lower().split()
    fitting = [each for each in known() if all(word in each[1] for word in words)]
    if words:
        fitting.sort(key=lambda each: not any(part.startswith(words[0]) for part in each[1].split()))
    return fitting[:_SHOWN]


class EmojiPicker(QWidget):
    """A window of its own that closes when one was picked or something else is clicked."""

    picked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.search = QLineEdit()
        self.grid = QListWidget()
        self.search.setPlaceholderText(self.tr("Search emoji"))
        self.search.setAccessibleName(self.tr("Search emoji"))
        self.search.textChanged.connect(self._show)
        self.search.returnPressed.connect(lambda: self._pick(self.grid.item(0)))
        self.grid.setAccessibleName(self.tr("Emoji"))
        self.grid.setViewMode(QListWidget.ViewMode.IconMode)
        self.grid.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.grid.setMovement(QListWidget.Movement.Static)
        self.grid.setGridSize(QSize(38, 36))
        font = self.grid.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        self.grid.setFont(font)
        self.grid.itemClicked.connect(self._pick)
        self.grid.itemActivated.connect(self._pick)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.addWidget(self.search)
        layout.addWidget(self.grid)
        self.resize(352, 300)
        self.setFocusProxy(self.search)
        self._show("")

    def show_above(self, anchor: QWidget) -> None:
        """Show it over a button, its right edge at that of the button."""
        corner = anchor.mapToGlobal(QPoint(anchor.width(), 0))
        self.move(corner - QPoint(self.width(), self.height()))
        self.show()
        self.search.setFocus()

    def _show(self, wanted: str) -> None:
        self.grid.clear()
        for emoji, name in found(wanted):
            item = QListWidgetItem(emoji)
            item.setToolTip(name)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, name)
            self.grid.addItem(item)

    def _pick(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            emoji = item.text()
            self.close()
            self.picked.emit(emoji)
