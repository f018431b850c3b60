"""A page of the details: headings, lines, fields and buttons below each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget
from shiboken6 import isValid


class Page(QWidget):
    """Filled from top to bottom, then ended."""

    def __init__(self) -> None:
        super().__init__()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(6, 0, 6, 6)

    def heading(self, text: str) -> None:
        """What the next lines are about."""
        label = self.line(text)
        font = label.font()
        font.setBold(True)
        label.setFont(font)
        label.setContentsMargins(0, 8, 0, 0)

    def warn(self, text: str) -> None:
        """A line that one must not overlook."""
        self.line(text).setObjectName("warning")

    def line(self, text: str) -> QLabel:
        """A line of plain text."""
        label = QLabel(text)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        self._column.addWidget(label)
        return label

    def add(self, widget: QWidget) -> None:
        """Something made elsewhere."""
        self._column.addWidget(widget)

    def beside(self, *widgets: QWidget) -> None:
        """Some things in one line, the first as wide as there is room."""
        row = QHBoxLayout()
        for number, widget in enumerate(widgets):
            row.addWidget(widget, int(not number))
        self._column.addLayout(row)

    def button(self, text: str, act: Callable[[], object]) -> QPushButton:
        """A button that does something."""
        button = QPushButton(text)
        button.clicked.connect(act)
        self._column.addWidget(button)
        return button

    def careful(self, text: str, sure: str, act: Callable[[], object]) -> QPushButton:
        """A button that asks back, on itself, before it does something that cannot be undone."""
        button = QPushButton(text)

        def clicked() -> None:
            if button.text() == sure:
                act()
            button.setText(sure if button.text() == text else text)

        button.clicked.connect(clicked)
        self._column.addWidget(button)
        return button

    def field(self, name: str, text: str, act: Callable[[str], object]) -> QLineEdit:
        """A line to type in; Enter does something with it."""
        edit = QLineEdit(text)
        edit.setPlaceholderText(name)
        edit.setAccessibleName(name)
        edit.setToolTip(self.tr("{name}: Enter keeps it").format(name=name))
        edit.returnPressed.connect(lambda: act(edit.text()))
        self._column.addWidget(edit)
        return edit

    def end(self) -> None:
        """Nothing follows."""
        self._column.addStretch(1)

    def filled(self, act: Callable[[Any], object]) -> Callable[[Any], object]:
        """What to do with an answer, unless the page is gone by then."""
        return lambda result: act(result) if isValid(self) else None
