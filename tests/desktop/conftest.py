"""The desktop program without a screen: Qt draws into memory, the API is served for real, over a fake node."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
try:
    from PySide6.QtWidgets import QApplication

    MISSING = ""
except ImportError as error:
    MISSING = f"PySide6 cannot be loaded ({error}): on Debian `apt install libegl1 libgl1 libfontconfig1 libxkbcommon0`"
    if os.environ.get("CI") == "true":
        raise

if MISSING:
    collect_ignore_glob = ["test_*.py"]
else:
    from pytestqt.qtbot import QtBot

    from p2pim.desktop.app import App
    from p2pim.desktop.bridge import Bridge
    from tests.served import Served, served

    @pytest.fixture
    def profile(short_tmp: Path) -> Iterator[Served]:
        """A served fake node: Ann, who knows Ben, two Dees, and Cy who asks."""
        with served(short_tmp) as running:
            yield running

    @pytest.fixture
    def app(profile: Served, qtbot: QtBot) -> Iterator[App]:
        """The program of that profile, its window open and filled."""
        made = App(profile.paths, Bridge(profile.paths, start=lambda paths: None))
        made.settings.setValue("greeted", True)
        made.start()
        qtbot.waitUntil(lambda: made.desk.is_reachable)
        yield made
        made.bridge.stop()
        for dialog in list(made._dialogs.values()):
            dialog.close()
        made.window.may_close = True
        made.window.close()
        made.window.deleteLater()
        made.tray.deleteLater()
        QApplication.processEvents()
