"""Away by itself: only where it is known that nobody is there, and only what it said itself is taken back."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from p2pim.desktop import idle
from p2pim.desktop.idle import LOCKED, Away


def test_away_after_some_minutes_and_back() -> None:
    away = Away(10)
    assert away.step(599, "online") is None
    assert away.step(600, "online") == "away"
    assert away.step(700, "away") is None
    assert away.step(1, "away") == "online"
    assert away.step(2, "online") is None
    assert away.step(LOCKED, "online") == "away"


def test_what_the_user_chose_stays() -> None:
    away = Away(10)
    assert away.step(900, "busy") is None
    assert away.step(1, "away") is None  # the user's own away
    assert away.step(900, "online") == "away"
    assert away.step(1, "busy") is None  # chosen meanwhile
    assert away.step(1, "busy") is None


@pytest.mark.parametrize("minutes", [0, 10])
def test_unknown_or_never_is_never_away_and_ends_it(minutes: int) -> None:
    away = Away(10)
    assert away.step(900, "online") == "away"
    away.minutes = minutes
    assert away.step(None if minutes else 900, "away") == "online"
    assert away.step(None, "online") is None


def test_without_a_screen_and_a_bus_it_is_unknown(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("p2pim.desktop.idle.sys.platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setattr(idle, "_x11_known", [])
    monkeypatch.setattr(idle, "_asked", lambda *what: None)
    assert idle.look() is None
    monkeypatch.setenv("DISPLAY", ":99999")
    monkeypatch.setattr(idle, "_x11_known", [])
    assert idle.look() is None
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    monkeypatch.setattr(idle, "_asked", lambda *what: 2_500 if "IdleMonitor" in what[0] else None)
    assert idle.look() == 2.5
    monkeypatch.setattr(idle, "_asked", lambda *what: what[-1] == "GetActive")
    assert idle.look() == LOCKED
    for platform in ("win32", "darwin"):
        monkeypatch.setattr("p2pim.desktop.idle.sys.platform", platform)
        monkeypatch.setattr(idle, "_windows", lambda: 1.0)
        monkeypatch.setattr(idle, "_mac", lambda: 1.0)
        assert idle.look() == 1.0


def test_nobody_answers_on_a_bus_without_such_services(qtbot: QtBot) -> None:
    assert idle._asked("org.p2pim.NoSuchService", "/x", "x.y", "z") is None
