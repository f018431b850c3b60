"""Run p2pim from this checkout: `python3 scripts/run.py [args]` is `p2pim [args]`, installed if needed."""

from __future__ import annotations

import sys

import _venv


def main() -> int:
    """Install if needed, then become `p2pim`."""
    failed = _venv.prepare("run")
    if failed:
        return failed
    # the installed command, not `python -m`: that would look for modules in the current folder first
    program = _venv.BIN / ("p2pim.exe" if _venv.WINDOWS else "p2pim")
    return _venv.become([str(program), *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
