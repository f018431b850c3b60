"""The binding of Qt that is installed does not lose references: PySide6 6.12.0 on Python 3.11 did, and crashed.

From Python 3.12 on None is immortal: there its count stays what it is, and this holds as well.
"""

from __future__ import annotations

import sys

from PySide6.QtCore import QObject


def test_calls_that_give_nothing_keep_none_alive() -> None:
    thing = QObject()
    before = sys.getrefcount(None)
    for _ in range(1_000):
        thing.setObjectName("x")
    assert abs(sys.getrefcount(None) - before) < 100
