"""Start at login: what is written where, on each system."""

from __future__ import annotations

import plistlib
import shlex
from pathlib import Path

import pytest

from p2pim.desktop import autostart
from p2pim.desktop.autostart import content_for, file_for, quoted

COMMAND = ["/opt/my apps/python", "-m", "p2pim.desktop", "--home", "/tmp/$(touch x)`\"'\\ %f", "--hidden"]


def test_the_file_of_each_system() -> None:
    home = Path("/home/ann")
    assert file_for("linux", home, None) == home / ".config/autostart/p2pim.desktop"
    assert file_for("linux", home, "/xdg") == Path("/xdg/autostart/p2pim.desktop")
    assert file_for("linux", home, "relative") == home / ".config/autostart/p2pim.desktop"
    assert file_for("darwin", home, None) == home / "Library/LaunchAgents/org.p2pim.desktop.plist"
    assert file_for("win32", home, None) is None


def test_no_path_is_read_as_anything_else() -> None:
    text = content_for("linux", COMMAND).decode()
    (line,) = [line for line in text.splitlines() if line.startswith("Exec=")]
    assert "\n" not in line
    # undone as the specification says: first the escapes of a string value, then quoting and %%
    value = line.removeprefix("Exec=").replace("\\\\", "\\")
    words = shlex.split(value.replace("\\$", "$").replace("\\`", "`"))  # which shlex leaves escaped
    assert [word.replace("%%", "%") for word in words] == COMMAND
    assert plistlib.loads(content_for("darwin", COMMAND))["ProgramArguments"] == COMMAND
    assert quoted("plain") == "plain"
    assert quoted("") == '""'


def test_on_and_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("p2pim.desktop.autostart.sys.platform", "linux")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert not autostart.is_on()
    autostart.turn_off()
    autostart.turn_on(COMMAND)
    assert autostart.is_on()
    assert (tmp_path / "autostart" / "p2pim.desktop").read_bytes() == content_for("linux", COMMAND)
    autostart.turn_off()
    assert not autostart.is_on()


def test_the_registry_is_left_alone_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    assert autostart._windows_value() is None
    autostart._set_windows_value(["x"])
    monkeypatch.setattr("p2pim.desktop.autostart._file", lambda: None)
    assert not autostart.is_on()
    autostart.turn_on(["x"])
    autostart.turn_off()
