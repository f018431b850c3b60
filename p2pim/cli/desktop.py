"""``desktop``, and ``p2pim`` alone: the window where there is a display and what draws it, else the terminal."""

from __future__ import annotations

import importlib.util
import os
import sys
from typing import TYPE_CHECKING

from p2pim.api.launch import module_command, surroundings
from p2pim.errors import NotNow

if TYPE_CHECKING:
    from p2pim.cli.run import Run


def start(run: Run) -> int:
    """What ``p2pim`` alone does."""
    if not run.output.as_json and _has_display() and _is_installed():
        return _become_window(run, hidden=False)
    from p2pim.cli.chat import lobby  # noqa: PLC0415 (it is the other way)

    return lobby(run)


def desktop(run: Run) -> int:
    """Open the window, or (``--hidden``) only the icon in the tray."""
    if not _is_installed():
        raise NotNow("The desktop program is not installed: run `pip install 'p2pim[desktop]'`.")
    if not _has_display():
        raise NotNow("There is no display here: use `p2pim` in the terminal, or start this on a desktop.")
    return _become_window(run, hidden=run.options.hidden)


def _is_installed() -> bool:
    return importlib.util.find_spec("PySide6") is not None


def _has_display() -> bool:
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _become_window(run: Run, *, hidden: bool) -> int:
    command = [*module_command("p2pim.desktop", run.paths), *(["--hidden"] if hidden else [])]
    if sys.platform == "win32":  # there exec* starts a second process and lets the shell go on at once
        import subprocess  # noqa: PLC0415

        return subprocess.run(command, env=surroundings(), check=False).returncode  # noqa: S603 (our own program)
    os.execve(command[0], command, surroundings())  # noqa: S606 (no shell is what is wanted)
    raise AssertionError("execve does not return")
