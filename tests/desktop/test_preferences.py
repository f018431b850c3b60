"""What the user chooses is kept, and a file that says nonsense is not believed."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, QTime
from pytestqt.qtbot import QtBot

from p2pim.config.policy import Policy, Rule
from p2pim.config.settings import load_settings
from p2pim.desktop import autostart
from p2pim.desktop.app import App
from p2pim.desktop.attention import Wishes
from p2pim.desktop.preferences import Preferences, PreferencesWindow
from p2pim.desktop.theme import DARK
from p2pim.node.events import PolicyChanged, ProfileChanged
from tests.served import Served


def test_choices_and_nonsense(tmp_path: Path, qtbot: QtBot) -> None:
    settings = QSettings(str(tmp_path / "x.ini"), QSettings.Format.IniFormat)
    kept = Preferences(settings)
    assert (kept.appearance, kept.font, kept.away_minutes, kept.wishes) == ("system", 0, 10, Wishes())
    kept.put(appearance="dark", font=3, away_minutes=0, quiet=True, quiet_from=60, quiet_to=120, sound=False)
    settings.sync()
    again = Preferences(QSettings(str(tmp_path / "x.ini"), QSettings.Format.IniFormat))
    assert (again.appearance, again.font, again.away_minutes) == ("dark", 3, 0)
    assert again.wishes == Wishes(sound=False, quiet=(60, 120))
    kept.put(appearance="pink", font="many", away_minutes=100_000, quiet_from=-1)
    assert (kept.appearance, kept.font, kept.away_minutes) == ("system", 0, 10)
    assert kept.wishes.quiet == (20 * 60, 120)


def test_the_window_keeps_and_shows_them(
    app: App, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    app.choose()
    window = app._dialogs["settings"]
    assert isinstance(window, PreferencesWindow)
    qtbot.waitUntil(lambda: "No policy" in window.rules.text())
    window.appearance.setCurrentIndex(2)
    window.font_size.setValue(4)
    window.autostart.setChecked(True)
    window.quiet.setChecked(True)
    window.quiet_from.setTime(QTime(22, 30))
    before = app.window.list.font().pointSizeF()
    window._save()
    assert app.preferences.wishes.quiet == (22 * 60 + 30, 7 * 60)
    assert app.window.palette().window().color().name() == DARK.panel
    qtbot.waitUntil(lambda: app.window.list.font().pointSizeF() == before + 4)
    assert autostart.is_on()
    assert "--hidden" in (tmp_path / "autostart" / "p2pim.desktop").read_text()
    app.choose()
    again = app._dialogs["settings"]
    assert isinstance(again, PreferencesWindow)
    assert again.autostart.isChecked()
    again.autostart.setChecked(False)
    again.font_size.setValue(0)
    again.appearance.setCurrentIndex(1)
    again._save()
    assert not autostart.is_on()


def test_what_cannot_be_written_is_said(
    app: App, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "autostart").write_text("a file where a folder should be")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    app.choose()
    window = app._dialogs["settings"]
    assert isinstance(window, PreferencesWindow)
    window.autostart.setChecked(True)
    window._save()
    assert "could not be changed" in app.window.statusBar().currentMessage()


def test_away_by_itself(app: App, profile: Served, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    idle = [900.0]
    monkeypatch.setattr("p2pim.desktop.app.idle.look", lambda: idle[0])
    app.look_who_is_there()
    qtbot.waitUntil(lambda: profile.node.presence[0] == "away")
    profile.do(lambda: profile.node.emit(ProfileChanged()))
    qtbot.waitUntil(
        lambda: app.desk.office.status is not None and app.desk.office.status["presence"] == "away"
    )
    idle[0] = 0.0
    app.look_who_is_there()
    qtbot.waitUntil(lambda: profile.node.presence[0] == "online")


def rule(key: str, value: object) -> Rule:
    return Rule(key, value, "this machine's administrator")  # type: ignore[arg-type]


def test_privacy_is_written_and_the_daemon_starts_anew(app: App, profile: Served, qtbot: QtBot) -> None:
    app.choose()
    window = app._dialogs["settings"]
    assert isinstance(window, PreferencesWindow)
    qtbot.waitUntil(window.privacy.isEnabled)
    assert window.privacy.changes() == {}
    window.privacy.switches["receipts"].setChecked(False)
    window.privacy.visible.setCurrentIndex(1)
    assert window.privacy.changes() == {"receipts": "no", "visible": "team"}
    window._save()
    qtbot.waitUntil(lambda: not app.desk.is_reachable)
    settings = load_settings(profile.paths.config_file)
    assert (settings.receipts, settings.visible, settings.relay) == (False, "team", True)


def test_what_a_rule_forbids_is_greyed_with_whose_rule_it_is(app: App, profile: Served, qtbot: QtBot) -> None:
    rules = (rule("open_network", False), rule("relay", False), rule("receipts", False))
    profile.node.policy = Policy(rules)
    profile.do(lambda: profile.node.emit(PolicyChanged()))
    qtbot.waitUntil(lambda: len(app.desk.rules) == 3)
    app.choose()
    window = app._dialogs["settings"]
    assert isinstance(window, PreferencesWindow)
    qtbot.waitUntil(window.privacy.isEnabled)
    for key in ("open_network", "relay", "receipts"):
        switch, why = window.privacy.switches[key], window.privacy.reasons[key]
        assert not switch.isEnabled()
        assert not switch.isChecked()
        assert why.text() == "Not allowed here: this machine's administrator"
        assert not why.isHidden()
    assert window.privacy.switches["sweep"].isEnabled()
    assert window.privacy.changes() == {}
    assert "open_network = False" in window.rules.text()


def test_only_who_is_verified_may_be_written_to(app: App, profile: Served, qtbot: QtBot) -> None:
    profile.node.policy = Policy((rule("verified_dms_only", True),))
    profile.do(lambda: profile.node.emit(PolicyChanged()))
    qtbot.waitUntil(lambda: bool(app.desk.rules))
    app.window.show_room(next(e.room for e in app.window.list.entries.entries if e.name == "ben"))
    edit = app.window.pane.composer.edit
    assert not edit.isEnabled()
    assert edit.placeholderText().endswith("may be written to: this machine's administrator")
