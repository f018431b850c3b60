r"""Start p2pim at login, hidden: an XDG autostart entry, a LaunchAgent, or a value under HKCU\...\Run.

Written by us and by nobody else: turning it off removes just that.
"""

from __future__ import annotations

import os
import plistlib
import sys
from collections.abc import Sequence
from pathlib import Path

_NAME = "p2pim"
_RUN_KEY = r"Software\Microsoft\Windows\CurrentVersion\Run"
#: In an Exec line these have a meaning (Desktop Entry Specification, "The Exec key").
_SPECIAL = frozenset(" \t\n\"'\\><~|&;$*?#()`")


def file_for(platform: str, home: Path, config_home: str | None) -> Path | None:
    """The file that says it; None on Windows, where it is a value in the registry."""
    if platform == "win32":
        return None
    if platform == "darwin":
        return home / "Library" / "LaunchAgents" / f"org.{_NAME}.desktop.plist"
    folder = Path(config_home) if config_home and Path(config_home).is_absolute() else home / ".config"
    return folder / "autostart" / f"{_NAME}.desktop"


def quoted(word: str) -> str:
    """A word of an Exec line."""
    escaped = "".join("\\" + c if c in '"`$\\' else c for c in word).replace("%", "%%")
    # backslashes are escaped once more in every value of type string
    return f'"{escaped}"'.replace("\\", "\\\\") if not word or _SPECIAL & set(word) else escaped


def content_for(platform: str, command: Sequence[str]) -> bytes:
    """What stands in that file."""
    if platform == "darwin":
        job = {"Label": f"org.{_NAME}.desktop", "ProgramArguments": list(command), "RunAtLoad": True}
        return plistlib.dumps(job)
    lines = [
        "[Desktop Entry]",
        "Type=Application",
        "Name=p2pim",
        "Comment=Messages on this network",
        f"Exec={' '.join(map(quoted, command))}",
        "Terminal=false",
        "X-GNOME-Autostart-enabled=true",
    ]
    return ("\n".join(lines) + "\n").encode()


def _file() -> Path | None:
    return file_for(sys.platform, Path.home(), os.environ.get("XDG_CONFIG_HOME"))


def is_on() -> bool:
    """Whether p2pim starts at login."""
    file = _file()
    if file is not None:
        return file.exists()
    return _windows_value() is not None


def turn_on(command: Sequence[str]) -> None:
    """Start this at login. Raises OSError."""
    file = _file()
    if file is None:
        _set_windows_value(list(command))
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content_for(sys.platform, command))


def turn_off() -> None:
    """Start nothing at login. Raises OSError."""
    file = _file()
    if file is None:
        _set_windows_value(None)
    else:
        file.unlink(missing_ok=True)


def _windows_value() -> str | None:  # pragma: no cover - Windows
    if sys.platform != "win32":
        return None
    import winreg  # noqa: PLC0415

    try:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, _RUN_KEY) as key:
            return str(winreg.QueryValueEx(key, _NAME)[0])
    except FileNotFoundError:
        return None


def _set_windows_value(command: list[str] | None) -> None:  # pragma: no cover - Windows
    if sys.platform != "win32":
        return
    import subprocess  # noqa: PLC0415
    import winreg  # noqa: PLC0415

    with winreg.CreateKey(winreg.HKEY_CURRENT_USER, _RUN_KEY) as key:
        if command is not None:
            winreg.SetValueEx(key, _NAME, 0, winreg.REG_SZ, subprocess.list2cmdline(command))
        elif _windows_value() is not None:
            winreg.DeleteValue(key, _NAME)
