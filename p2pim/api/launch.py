"""Start a daemon of one's own profile and wait until it serves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import p2pim
from p2pim.api import exits
from p2pim.api.client import is_listening
from p2pim.api.jsonrpc import NotRunning
from p2pim.errors import BadInput, NotNow, P2pimError, ProfileError

if TYPE_CHECKING:
    from p2pim.config import Paths

PATIENCE = 20.0
_ERRORS = {exits.REFUSED: BadInput, exits.NOT_NOW: NotNow, exits.UNUSABLE_PROFILE: ProfileError}


def ensure_running(paths: Paths) -> bool:
    """Start the daemon unless it runs; whether it had to be started."""
    if is_listening(paths):
        return False
    daemon = Starting(paths)
    daemon.wait()
    daemon.leave()
    return True


class Starting:
    """A daemon on its way up."""

    def __init__(self, paths: Paths) -> None:
        self._log = paths.log_file
        command = [*module_command("p2pim.daemon", paths), "--ready-fd", "1"]
        self.process = subprocess.Popen(  # noqa: S603 (our own program; nothing here was received)
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=surroundings(),
            start_new_session=True,
        )

    def wait(self) -> int:
        """Wait until it serves; its process id, or its own sentence raised."""
        told: list[bytes] = []
        pipe = self.process.stdout
        assert pipe is not None
        reader = threading.Thread(target=lambda: told.append(pipe.readline()), daemon=True)
        reader.start()
        reader.join(PATIENCE)
        late = reader.is_alive()
        if late:
            self.process.kill()  # which ends the pipe, and so the reader
            reader.join()
        pipe.close()
        outcome: dict[str, Any] = json.loads(told[0]) if told[0] else {}
        if "pid" in outcome and not late:
            return int(outcome["pid"])
        self.process.wait()
        if late:
            raise NotRunning(f"p2pim did not start within {PATIENCE:g} s: see {self._log}.")
        raise failure_of(outcome, f"p2pim ended while it started: see {self._log}.")

    def leave(self) -> None:
        """Let it live on without us."""
        # Popen warns about a child nobody waits for; outliving us is this one's whole purpose.
        self.process.returncode = 0


def module_command(module: str, paths: Paths) -> list[str]:
    """The command line that runs one of our modules for this profile."""
    home = ["--home", str(paths.home)] if paths.home else []
    # -P: a file called json.py where the user happens to stand must not become part of the daemon.
    return [sys.executable, "-P", "-m", module, *home]


def failure_of(outcome: dict[str, Any], silent: str) -> P2pimError:
    """The error a child told of; ``silent`` is for one that ended without a word."""
    return _ERRORS.get(outcome.get("exit", exits.FAILED), NotRunning)(outcome.get("error", silent))


def surroundings() -> dict[str, str]:
    """The child must find the same p2pim, also from a checkout that is not installed."""
    root = str(Path(p2pim.__file__).parent.parent)
    environment = dict(os.environ)
    if "-packages" not in root:
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [root, environment.get("PYTHONPATH", "")]))
    return environment
