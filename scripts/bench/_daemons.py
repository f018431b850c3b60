"""Real daemons of p2pim for a bench: each in a private folder, on loopback alone, ended with the bench."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from _api import Api
from _common import ROOT
from _contest import PATIENCE, end

# bytecode is kept, as in any installation; whatever the caller prefers
_OWN = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": ""}
ENVIRONMENT = {**os.environ, **_OWN}


def settings(*, peers: Sequence[int] = (), alone: bool = False) -> str:
    """Write a config file: loopback only; ``peers``: ports to dial; ``alone``: nobody finds it by mDNS."""
    typed = [f"127.0.0.1:{port}" for port in peers]
    visible = "nobody" if alone else "everyone"
    # any port: the usual one may belong to the user's own p2pim
    return f'port = 0\ninterfaces = ["127.0.0.1"]\nvisible = "{visible}"\npeers = {json.dumps(typed)}\n'


@dataclass
class Daemon:
    """A running daemon and a connection to its API."""

    process: asyncio.subprocess.Process
    home: Path
    api: Api

    @property
    def socket(self) -> Path:
        """Where its API is."""
        return api_socket(self.home)

    async def status(self) -> dict[str, Any]:
        """Ask how it is."""
        status: dict[str, Any] = await self.api.call("status")
        return status

    async def port(self) -> int:
        """Ask where it listens."""
        return int((await self.status())["port"])

    async def until_linked(self, peers: int) -> None:
        """Wait until it has this many Links."""
        watching = Api(self.socket)  # one of its own: events cost the daemon, and are not to be measured
        await watching.open()
        await watching.call("subscribe")
        async with asyncio.timeout(PATIENCE):
            while (await watching.call("status"))["links"] < peers:
                await watching.read()
        await watching.close()


def api_socket(home: Path) -> Path:
    """Where a profile's API is."""
    from p2pim.config import Paths  # noqa: PLC0415  only known inside the project's environment

    return Paths.chosen(str(home)).socket_file


async def start(
    stack: contextlib.AsyncExitStack, config: str, home: Path | None = None, *wrapper: str
) -> Daemon:
    """Start a daemon that ends with the stack; returns once it serves."""
    home = home or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="p2-bench-")))
    (home / "config.toml").write_text(config, encoding="utf-8")
    argv = [*wrapper, sys.executable, "-P", "-m", "p2pim.daemon", "--home", str(home), "--ready-fd", "1"]
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, env=ENVIRONMENT
    )
    stack.push_async_callback(end, process)
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE):
        told = json.loads(await process.stdout.readline() or b"{}")
    if "pid" not in told:
        raise ConnectionError(told.get("error", "the daemon ended while it started"))
    api = Api(api_socket(home))
    await api.open()
    stack.push_async_callback(api.close)
    return Daemon(process, home, api)


async def start_pair(stack: contextlib.AsyncExitStack) -> tuple[Daemon, Daemon]:
    """Start two daemons and wait until they have met."""
    first = await start(stack, settings(alone=True))
    second = await start(stack, settings(peers=[await first.port()], alone=True))
    await first.until_linked(1)
    return first, second
