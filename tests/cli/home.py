"""A profile of the real thing: the installed commands and a real daemon, as a user has them."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

LOOPBACK = 'port = 0\ninterfaces = ["127.0.0.1"]\n'


class Done(NamedTuple):
    """What one command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its one JSON value."""
        return json.loads(self.out)


class Home:
    """One profile in a folder, on the loopback interface alone."""

    def __init__(self, folder: Path, settings: str = LOOPBACK) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.settings(settings)

    def settings(self, text: str) -> None:
        """Write the settings."""
        (self.folder / "config.toml").write_text(text)

    def command(self, *arguments: str) -> list[str]:
        """The command line of one command."""
        return [sys.executable, "-m", "p2pim", "--home", str(self.folder), *arguments]

    def run(self, *arguments: str, stdin: bytes = b"") -> Done:
        """Run one command to its end."""
        done = subprocess.run(
            self.command(*arguments), input=stdin, capture_output=True, timeout=50, check=False
        )
        result = Done(done.returncode, done.stdout.decode(), done.stderr.decode())
        assert "Traceback" not in result.out + result.err
        return result

    @property
    def pid(self) -> int:
        """The daemon's process."""
        return int(self.run("status", "--json").json["pid"])

    def kill(self) -> None:
        """SIGKILL its daemon, and wait until it is gone."""
        pid = self.pid
        gone = os.pidfd_open(pid)
        os.kill(pid, 9)
        assert select.select([gone], [], [], 10)[0]
        os.close(gone)


@contextmanager
def running(*homes: Home) -> Iterator[None]:
    """Start their daemons; stop them whatever happens."""
    try:
        for home in homes:
            assert home.run("start").code == 0
        yield
    finally:
        for home in homes:
            home.run("stop")
