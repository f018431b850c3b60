"""The window in other languages, and from right to left."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QLocale, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from p2pim.desktop import words
from p2pim.desktop.app import App
from p2pim.desktop.bridge import Bridge
from p2pim.desktop.document import day
from p2pim.desktop.language import FOLDER, speak
from p2pim.desktop.teams import TeamWindow
from tests.fakes import LOBBY
from tests.served import Served

LANGUAGES = ("de", "he")


@pytest.fixture
def spoken(request: pytest.FixtureRequest, qtbot: QtBot) -> Iterator[str]:
    """A language of the whole program, until the end of the test."""
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    installed = speak(application, QLocale(request.param))
    yield request.param
    for translator in installed:
        application.removeTranslator(translator)
    application.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
    QLocale.setDefault(QLocale.c())
    words.use(lambda context, text: text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated_with_the_same_placeholders(language: str) -> None:
    messages = list(ET.parse(FOLDER / f"{language}.ts").getroot().iter("message"))
    assert len(messages) > 200
    for message in messages:
        source, translation = message.findtext("source"), message.find("translation")
        assert source
        assert translation is not None
        assert translation.text, source
        assert "type" not in translation.attrib, source
        places = re.compile(r"{\w+}")
        assert sorted(places.findall(translation.text)) == sorted(places.findall(source))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_shipped_was_made_from_what_is_written(language: str, tmp_path: Path) -> None:
    tools = Path(sys.executable).parent
    sources = sorted(str(path) for path in FOLDER.parent.glob("*.py"))
    copy, compiled = tmp_path / f"{language}.ts", tmp_path / f"{language}.qm"
    copy.write_bytes((FOLDER / f"{language}.ts").read_bytes())
    gather = [str(tools / "pyside6-lupdate"), *sources, "-ts", str(copy), "-target-language", language]
    gather += ["-source-language", "en", "-locations", "none", "-no-obsolete"]
    subprocess.run(gather, check=True, capture_output=True)
    assert 'type="unfinished"' not in copy.read_text(encoding="utf-8"), "run scripts/translations.py"
    subprocess.run(
        [tools / "pyside6-lrelease", "-silent", copy, "-qm", compiled], check=True, capture_output=True
    )
    assert compiled.read_bytes() == (FOLDER / f"{language}.qm").read_bytes(), "run scripts/translations.py"


@pytest.mark.parametrize("spoken", ["de_DE"], indirect=True)
def test_german(spoken: str, profile: Served, qtbot: QtBot) -> None:
    app = App(profile.paths, Bridge(profile.paths, start=lambda paths: None))
    app.settings.setValue("greeted", True)
    app.start()
    qtbot.waitUntil(lambda: app.desk.is_reachable)
    assert [e.name for e in app.window.list.entries.entries if e.kind == "heading"] == [
        "Anfragen",
        "Räume",
        "Leute",
    ]
    assert app.window.me.text() == "ann · online"
    assert "November" in day(1_764_000_000_000)
    assert "Montag" in day(1_764_000_000_000)
    app.teams()
    dialog = app._dialogs["teams"]
    assert isinstance(dialog, TeamWindow)
    assert dialog.windowTitle() == "Teams und Adressen"
    dialog.close()
    app.quit()


@pytest.mark.parametrize("spoken", ["he_IL"], indirect=True)
def test_from_right_to_left(spoken: str, profile: Served, qtbot: QtBot) -> None:
    app = App(profile.paths, Bridge(profile.paths, start=lambda paths: None))
    app.settings.setValue("greeted", True)
    app.start()
    qtbot.waitUntil(lambda: app.desk.is_reachable)
    app.window.show_room(LOBBY.hex())
    profile.do(lambda: profile.node.receive("ben", "שלום"))
    app.window.pane.composer.sent.emit(app.window.pane.composer.draft()._replace(text="hi"))
    messages = app.window.pane.messages
    qtbot.waitUntil(lambda: messages.model().rowCount() == 2)
    rows = {messages.model().index(row, 0).data(Qt.ItemDataRole.UserRole)["mine"]: row for row in (0, 1)}
    places = {mine: messages.bubbles.bubble_at(messages.model().index(row, 0)) for mine, row in rows.items()}
    assert places[True].left() < 20
    assert places[False].right() > messages.viewport().width() - 20
    assert (
        app.window.pane.mapTo(app.window, app.window.pane.rect().topLeft()).x() < 20
    )  # the list is at the right
    assert not app.window.grab().toImage().isNull()
    app.quit()


def test_a_language_nobody_translated_is_english(qtbot: QtBot) -> None:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    assert speak(application, QLocale("fi_FI")) == []
    assert words.translate("Office", "Rooms") == "Rooms"
    words.use(lambda context, text: text)
