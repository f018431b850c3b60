"""Another program, in which somebody writes while messages come in: `python typewriter.py`."""

from __future__ import annotations

import sys

from PySide6.QtWidgets import QApplication, QPlainTextEdit


def main() -> int:
    """Show a page to write on."""
    application = QApplication(sys.argv)
    page = QPlainTextEdit()
    page.setWindowTitle("typewriter")
    page.setAccessibleName("page")
    page.setGeometry(720, 60, 560, 400)
    page.show()
    return application.exec()


if __name__ == "__main__":
    sys.exit(main())
