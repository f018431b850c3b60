"""Run p2pim from this checkout: `python3 scripts/run.py [args]` is `p2pim [args]`, installed if needed.

Without arguments that is the desktop program where there is a display, else the lobby in the terminal.
"""

from __future__ import annotations

import os
import sys

import _venv


def main() -> int:
    """Install if needed, then become `p2pim`."""
    arguments = sys.argv[1:]
    # a browser's worth of packages: only for who will look at a window
    if _has_display() and _command(arguments) in ("", "desktop"):
        failed = _venv.prepare("desktop")
        if failed:
            print("p2pim: the window could not be installed: going on in the terminal.", file=sys.stderr)
            failed = _venv.prepare("run")
    else:
        failed = _venv.prepare("run")
    if failed:
        return failed
    # the installed command, not `python -m`: that would look for modules in the current folder first
    program = _venv.BIN / ("p2pim.exe" if _venv.WINDOWS else "p2pim")
    return _venv.become([str(program), *arguments])


def _command(arguments: list[str]) -> str:
    """The first word that is no option nor the value of --home."""
    pairs = zip(["", *arguments], arguments, strict=False)
    return next((word for before, word in pairs if before != "--home" and not word.startswith("-")), "")


def _has_display() -> bool:
    needs_none = _venv.WINDOWS or sys.platform == "darwin"
    return needs_none or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


if __name__ == "__main__":
    sys.exit(main())
