"""The command line. This module stays nearly empty, for every command pays for what it imports."""

from __future__ import annotations

import sys

from p2pim import __version__


def main(arguments: list[str] | None = None) -> int:
    """Run one command; its exit code."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments in (["--version"], ["-V"]):
        print(f"p2pim {__version__}")
        return 0
    from p2pim.cli.main import run  # noqa: PLC0415 (the point of this function)

    return run(arguments)
