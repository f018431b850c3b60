"""Things to know, a line each, above the conversation until the user has read them: what this desktop lacks."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout


class Notes(QFrame):
    """Hidden while there is nothing to say."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("banner")
        self._lines = QVBoxLayout()
        self.close_button = QToolButton()
        self.close_button.setText("✕")
        self.close_button.setAccessibleName(self.tr("I have read this"))
        self.close_button.clicked.connect(self.forget)
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 2, 4, 2)
        row.addLayout(self._lines, 1)
        row.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        self.hide()

    @property
    def texts(self) -> list[str]:
        """What it says now."""
        return [label.text() for label in self.findChildren(QLabel)]

    def say(self, text: str) -> None:
        """Say one thing more."""
        label = QLabel(text)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        self._lines.addWidget(label)
        self.show()

    def forget(self) -> None:
        """The user has read it."""
        for label in self.findChildren(QLabel):
            label.setParent(None)
        self.hide()
