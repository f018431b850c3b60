"""Every screen, light and dark, drawn and kept; names for who cannot see it; sharp on dense screens.

With P2PIM_PICTURES=FOLDER the pictures are left there to be looked at.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QWidget,
)
from pytestqt.qtbot import QtBot

from p2pim.config.policy import KEYS, Policy, Rule
from p2pim.desktop import dialogs, theme
from p2pim.desktop.app import App
from p2pim.desktop.preferences import PreferencesWindow
from p2pim.node.events import PolicyChanged
from tests.daemons import ROOT
from tests.fakes import LOBBY
from tests.served import Served

SCREENS: dict[str, Callable[[App], object]] = {
    "settings": lambda app: app.choose(),
    "status": lambda app: app.window.wants_status.emit(),
    "teams": lambda app: app.teams(),
    "welcome": lambda app: app._teams(first=True),
    "invite": lambda app: app.invite(_team(app)),
    "room": lambda app: app.new_room(_team(app)),
    "switcher": lambda app: app.switch(),
    "search": lambda app: app.search(),
    "keys": lambda app: app.window.wants_help.emit(),
    "doctor": lambda app: app.doctor(),
    "unlock": lambda app: app.bridge.locked.emit(),
}
DIALOG = {"welcome": "teams"}
#: What is in these belongs to them, and they have the name.
COMPOSED = ("QComboBox", "QLineEdit", "QSpinBox", "QTimeEdit", "QTabBar")


def _team(app: App) -> str:
    return next(room["room"] for room in app.desk.office.rooms.values() if room["kind"] == "team")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = Path(os.environ.get("P2PIM_PICTURES") or tmp_path)
    made.mkdir(parents=True, exist_ok=True)
    return made


@pytest.fixture
def furnished(app: App, profile: Served, qtbot: QtBot) -> App:
    """With a team, and messages in the lobby."""
    app.desk.do("team.create", name="Blue")
    profile.do(lambda: profile.node.receive("ben", "Morning! **main** is green: https://example.org"))
    profile.do(lambda: profile.node.receive("ben", "```\n4,214 passed\n```"))
    qtbot.waitUntil(lambda: any(room["kind"] == "team" for room in app.desk.office.rooms.values()))
    app.window.show_room(LOBBY.hex())
    qtbot.waitUntil(lambda: app.window.pane.messages.model().rowCount() == 2)
    return app


def pictures_of(app: App, widget: QWidget, name: str, folder: Path, qtbot: QtBot) -> list[QImage]:
    found = []
    for appearance in ("light", "dark"):
        app.preferences.put(appearance=appearance)
        app.show_theme()
        qtbot.wait(1)
        image = widget.grab().toImage()
        assert image.save(str(folder / f"{name}-{appearance}.png"))
        found.append(image)
    return found


def nameless(widget: QWidget) -> list[str]:
    """What can be used there but has no name for a screen reader."""
    kinds = (QAbstractButton, QLineEdit, QPlainTextEdit, QComboBox, QAbstractItemView)
    found = []
    for kind in kinds:
        for each in widget.findChildren(kind):
            parent = each.parent()
            inner = parent is not None and parent.metaObject().className().startswith(COMPOSED)
            text = each.text() if isinstance(each, QAbstractButton) else ""
            if not (each.accessibleName() or text or inner or each.objectName().startswith("qt_")):
                found.append(f"{type(each).__name__} in {type(each.parent()).__name__}")
    return found


@pytest.mark.parametrize("name", SCREENS)
def test_every_window_light_and_dark(furnished: App, folder: Path, qtbot: QtBot, name: str) -> None:
    SCREENS[name](furnished)
    dialog = furnished._dialogs[DIALOG.get(name, name)]
    qtbot.waitUntil(dialog.isVisible)
    light, dark = pictures_of(furnished, dialog, name, folder, qtbot)
    assert light.size() == dark.size()
    assert light.pixelColor(2, 2).name() == theme.LIGHT.panel
    assert dark.pixelColor(2, 2).name() == theme.DARK.panel


def test_the_window_and_its_details_light_and_dark(furnished: App, folder: Path, qtbot: QtBot) -> None:
    for name, room in (("lobby", LOBBY.hex()), ("team", _team(furnished))):
        furnished.window.show_room(room)
        furnished.window.pane.details_button.setChecked(True)
        qtbot.wait(1)
        light, dark = pictures_of(furnished, furnished.window, f"window-{name}", folder, qtbot)
        assert light != dark


def test_everything_has_a_name_for_a_screen_reader(furnished: App, qtbot: QtBot) -> None:
    furnished.window.pane.details_button.setChecked(True)
    assert nameless(furnished.window) == []
    for name in ("teams", "room", "switcher", "search", "invite", "doctor", "unlock"):
        SCREENS[name](furnished)
        assert nameless(furnished._dialogs[name]) == []


@pytest.mark.parametrize("scale", ["1.5", "2"])
def test_dense_screens_are_sharp(tmp_path: Path, scale: str) -> None:
    mark = tmp_path / "mark"
    mark.touch()
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": scale, "PYTHONPATH": str(ROOT)}
    script = [sys.executable, str(ROOT / "tests" / "desktop" / "drawing.py"), str(tmp_path), str(mark)]
    subprocess.run(script, env=env, check=True, timeout=50, capture_output=True)
    assert QImage(str(tmp_path / "messages-0.png")).width() == int(560 * float(scale))


def test_every_rule_is_shown_with_its_source(app: App, profile: Served, folder: Path, qtbot: QtBot) -> None:
    forbidden = ("open_network", "relay", "receipts")
    rules = tuple(
        Rule(key, False if key in forbidden else key == "verified_dms_only", f"source of {key}")
        for key in KEYS
    )
    profile.node.policy = Policy(rules)
    profile.do(lambda: profile.node.emit(PolicyChanged()))
    qtbot.waitUntil(lambda: len(app.desk.rules) == len(KEYS))
    app.choose()
    window = app._dialogs["settings"]
    assert isinstance(window, PreferencesWindow)
    qtbot.waitUntil(window.privacy.isEnabled)
    for number, name in ((2, "privacy"), (3, "rules")):
        window.tabs.setCurrentIndex(number)
        pictures_of(app, window, f"policy-{name}", folder, qtbot)
    shown = window.rules.text()
    for key in KEYS:
        assert f"{key} = " in shown
        assert f"source of {key}" in shown


def test_a_search_by_whom_and_when(furnished: App, qtbot: QtBot) -> None:
    furnished.search()
    window = furnished._dialogs["search"]
    assert isinstance(window, dialogs.SearchWindow)
    window.line.setText("green")
    qtbot.waitUntil(lambda: window.found.count() == 1)
    window.who.setCurrentIndex(1)
    qtbot.waitUntil(lambda: window.found.count() == 0)
    assert window.state.text() == "0 messages found"
    window.who.setCurrentIndex(next(i for i in range(window.who.count()) if window.who.itemText(i) == "ben"))
    qtbot.waitUntil(lambda: window.found.count() == 1)
    window.when.setCurrentIndex(1)  # the message is of 2025
    qtbot.waitUntil(lambda: window.found.count() == 0)
    now = time.mktime((2026, 3, 3, 13, 5, 0, 0, 0, -1))
    assert dialogs.begin_of(0, now) == time.mktime((2026, 3, 3, 0, 0, 0, 0, 0, -1)) * 1000
    assert dialogs.begin_of(7, now) == time.mktime((2026, 2, 24, 0, 0, 0, 0, 0, -1)) * 1000


def test_a_draft_outlives_the_program(app: App, profile: Served, qtbot: QtBot) -> None:
    app.window.show_room(LOBBY.hex())
    app.window.pane.composer.edit.setPlainText("half a thought")
    app.window.close()
    assert app.preferences.texts == {LOBBY.hex(): "half a thought"}
    for nonsense in ("", "[]", "{", '{"a": 1}'):
        app.preferences.put(drafts=nonsense)
        assert app.preferences.texts == {}
