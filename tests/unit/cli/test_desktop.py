"""``p2pim desktop``, and what ``p2pim`` alone opens."""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest

from p2pim.cli import desktop
from tests.served import Served
from tests.unit.cli.conftest import P2pim


@pytest.fixture
def became(p2pim: P2pim, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What this process was to become, with a display and Qt."""
    commands: list[list[str]] = []

    def execve(path: str, command: list[str], env: dict[str, str]) -> None:
        assert path == sys.executable
        assert env["PATH"] == os.environ["PATH"]
        commands.append(command)
        raise SystemExit(0)  # it never comes back

    monkeypatch.setattr("p2pim.cli.desktop.os.execve", execve)
    monkeypatch.setattr("p2pim.cli.desktop.sys.platform", "linux")
    monkeypatch.setattr("p2pim.cli.desktop.importlib.util.find_spec", lambda name: object())
    monkeypatch.setenv("DISPLAY", ":9")
    return commands


def test_alone_it_opens_the_window(p2pim: P2pim, profile: Served, became: list[Any]) -> None:
    assert p2pim().code == 0
    assert became[0][1:] == ["-P", "-m", "p2pim.desktop", "--home", str(profile.paths.home)]


def test_hidden(p2pim: P2pim, profile: Served, became: list[Any]) -> None:
    assert p2pim("desktop", "--hidden").code == 0
    assert became[0][-1] == "--hidden"


@pytest.mark.parametrize("lacking", ["display", "qt", "json"])
def test_alone_without_display_or_qt_it_is_the_lobby(
    p2pim: P2pim, profile: Served, became: list[Any], monkeypatch: pytest.MonkeyPatch, lacking: str
) -> None:
    if lacking == "display":
        monkeypatch.delenv("DISPLAY")
    elif lacking == "qt":
        monkeypatch.setattr("p2pim.cli.desktop.importlib.util.find_spec", lambda name: None)
    done = p2pim("--json") if lacking == "json" else p2pim()
    assert done.code == 0
    assert became == []
    assert profile.node.messages == []


def test_what_is_lacking_is_said(
    p2pim: P2pim, profile: Served, became: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY")
    assert "no display" in p2pim("desktop").err
    monkeypatch.setattr("p2pim.cli.desktop.importlib.util.find_spec", lambda name: None)
    assert "pip install 'p2pim[desktop]'" in p2pim("desktop").err
    assert became == []


def test_windows_has_its_own_way(
    p2pim: P2pim, profile: Served, became: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Done:
        returncode = 7

    ran: list[Any] = []

    def run(command: list[str], **more: Any) -> Done:
        ran.append(command)
        return Done()

    monkeypatch.setattr("p2pim.cli.desktop.sys.platform", "win32")
    monkeypatch.setattr("subprocess.run", run)
    assert desktop._has_display()
    assert p2pim("desktop").code == 7
    assert "p2pim.desktop" in ran[0]
