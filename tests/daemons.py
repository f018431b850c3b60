"""Real daemons as black boxes: a profile each, a process each, and nothing but the public client to ask them.

A test waits for events, never for time: `Daemon.until` looks again after each event that the daemon tells.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from p2pim.api import schema
from p2pim.api.client import Client, whole_history
from p2pim.cli.output import ARRIVED
from p2pim.config import Paths

ROOT = Path(__file__).resolve().parents[1]
LOOPBACK = 'port = 0\ninterfaces = ["127.0.0.1"]\n'
PATIENCE = 20.0
EVERYTHING = 1_000_000


class TooLate(AssertionError):
    """Something did not become true in time."""


class Spawn(Protocol):
    """Starts a program somewhere, its standard output piped: here, or on a host of the lab."""

    def __call__(
        self, argv: Sequence[str], env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[str]: ...


def spawn_here(argv: Sequence[str], env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    """Start a program on this machine."""
    return subprocess.Popen(
        argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


class Daemon:
    """A profile in a folder of its own, and the daemon that serves it while it runs.

    Args:
        wrap: what comes before the interpreter on the command line.
    """

    #: The module that runs, and what it wants to be told before all else.
    program: Sequence[str] = ("p2pim.daemon",)

    def __init__(
        self,
        home: Path,
        *,
        settings: str = "",
        spawn: Spawn = spawn_here,
        env: Mapping[str, str] | None = None,
        wrap: Sequence[str] = (),
    ) -> None:
        self.name = home.name
        self.paths = Paths(home)
        home.mkdir(mode=0o700, exist_ok=True)
        self.paths.config_file.write_text(settings, encoding="utf-8")
        self._spawn, self._env, self._wrap = spawn, env, wrap
        self._process: subprocess.Popen[str] | None = None
        self._client: Client | None = None
        self._peer_id = ""
        self.launched_at = self.serving_at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.runs:
            self.kill()

    # -- its life

    @property
    def runs(self) -> bool:
        """Whether its process has been started and not yet ended by us."""
        return self._process is not None

    @property
    def process(self) -> subprocess.Popen[str]:
        """Its process."""
        assert self._process is not None
        return self._process

    @property
    def client(self) -> Client:
        """Our connection to it, subscribed to its events; made when it is first asked for."""
        if self._client is None:
            self._client = Client(self.paths)
            self._client.subscribe()
        return self._client

    def hang_up(self) -> None:
        """End our connection; the next question makes another."""
        if self._client is not None:
            self._client.close()
            self._client = None

    @property
    def peer_id(self) -> str:
        """Whose it is; asked once."""
        if not self._peer_id:
            self._peer_id = self.client.identity()["peer_id"]
        return self._peer_id

    def launch(self) -> None:
        """Begin to start; `ready` waits for the end of it."""
        argv = [*self._wrap, sys.executable, "-P", "-m", *self.program]
        argv += ["--home", str(self.paths.home), "--ready-fd", "1"]
        self.launched_at = time.monotonic()
        self._process = self._spawn(argv, self._env)

    def ready(self) -> None:
        """Wait until it serves."""
        stdout = self.process.stdout
        assert stdout is not None
        if not select.select([stdout], [], [], PATIENCE)[0]:
            raise TooLate(f"{self.name} does not serve after {PATIENCE:g} s")
        outcome = json.loads(stdout.readline() or "{}")
        assert "pid" in outcome, f"{self.name}: {outcome} {self.last_words()}"
        self.serving_at = time.monotonic()

    def start(self) -> Self:
        """Launch, and wait until it serves."""
        self.launch()
        self.ready()
        return self

    def kill(self) -> None:
        """SIGKILL: nothing is flushed and no goodbye is said."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """As `p2pim stop`: it says goodbye."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self.process, None
        process.send_signal(how)
        process.communicate(timeout=PATIENCE)
        self.hang_up()

    def freeze(self) -> None:
        """SIGSTOP, as a closed lid does."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self.process.send_signal(signal.SIGCONT)

    def last_words(self) -> str:
        """The end of its log, for when something failed."""
        with contextlib.suppress(OSError):
            lines = self.paths.log_file.read_text(encoding="utf-8", errors="replace").splitlines()
            return "\n".join(["", f"log of {self.name}:", *lines[-15:]])
        return f"\n{self.name} has no log"

    # -- what it knows

    def until(self, holds: Callable[[], bool], what: str, within: float = PATIENCE) -> float:
        """Wait until something holds, looking after each event; the moment (monotonic) it was seen to."""
        deadline = time.monotonic() + within
        while not holds():
            left = deadline - time.monotonic()
            if left <= 0:
                raise TooLate(f"{self.name}: not within {within:g} s: {what}{self.last_words()}")
            next(iter(self.client.events(timeout=left)), None)
            self.client.ready_events()
        return time.monotonic()

    def sees(self, *others: Daemon) -> bool:
        """Whether it shows all of these as reachable."""
        online = {peer["peer_id"] for peer in self.client.peers() if peer["presence"] != "offline"}
        return {other.peer_id for other in others} <= online

    def until_sees(self, *others: Daemon, within: float = PATIENCE) -> float:
        """Wait until it shows all of these as reachable; the moment."""
        names = ", ".join(other.name for other in others)
        return self.until(lambda: self.sees(*others), f"sees {names}", within)

    def until_misses(self, other: Daemon, within: float = PATIENCE) -> float:
        """Wait until it shows somebody as offline; the moment."""
        return self.until(lambda: not self.sees(other), f"misses {other.name}", within)

    def say(self, room: str, *texts: str) -> list[schema.Message]:
        """Write texts, each stored when this returns."""
        calls: list[tuple[str, dict[str, Any]]] = [
            ("message.send", {"room": room, "text": text}) for text in texts
        ]
        return list(self.client.gather(calls))

    def history(self, room: str) -> list[schema.Message]:
        """All of a room, in order."""
        return whole_history(self.client, room, EVERYTHING)

    def said(self, room: str) -> list[tuple[str, str]]:
        """All of a room, in order: id and text."""
        return [(message["id"], message["text"] or "") for message in self.history(room)]

    def texts(self, room: str) -> list[str]:
        """All texts of a room, in order."""
        return [text for _, text in self.said(room)]

    def states(self, room: str) -> dict[str, str]:
        """For each text of one's own in a room: how far it got."""
        return {m["text"] or "": m["state"] for m in self.history(room) if m["mine"]}

    def until_holds(self, room: str, count: int, within: float = PATIENCE) -> float:
        """Wait until a room has so many messages; the moment."""

        def enough() -> bool:
            return len(whole_history(self.client, room, count)) >= count

        return self.until(enough, f"{count} messages in {room}", within)

    def until_delivered(self, room: str, within: float = PATIENCE) -> float:
        """Wait until each of one's own messages in a room is delivered to somebody; the moment."""
        return self.until(
            lambda: set(self.states(room).values()) <= set(ARRIVED),
            f"all in {room} is delivered",
            within,
        )

    def until_nothing_waits(self, within: float = PATIENCE) -> float:
        """Wait until all it wrote has been stored by those it is for; the moment."""
        return self.until(lambda: self.client.status()["waiting"] == 0, "nothing waits", within)


class ClockedDaemon(Daemon):
    """One whose clock can be set, while it runs or before."""

    def __init__(self, home: Path, *, env: Mapping[str, str] | None = None, **how: Any) -> None:
        super().__init__(home, env={**(os.environ if env is None else env), "PYTHONPATH": str(ROOT)}, **how)
        self._clock = home / "clock"
        self.set_clock(0)
        self.program = ("tests.skewed_daemon", str(self._clock))

    def set_clock(self, seconds: int) -> None:
        """By how much it is ahead of this machine's."""
        new = self._clock.with_suffix(".new")
        new.write_text(str(seconds), encoding="ascii")
        new.replace(self._clock)


def start_together(*daemons: Daemon) -> None:
    """Start several at the same time."""
    for daemon in daemons:
        daemon.launch()
    for daemon in daemons:
        daemon.ready()


def befriend(one: Daemon, other: Daemon) -> None:
    """Let two accept each other: each writes to the other, and both texts are there when this returns."""
    one.until_sees(other)
    one.say(other.peer_id, f"{one.name} greets {other.name}")
    other.until_holds(one.peer_id, 1)
    other.say(one.peer_id, f"{other.name} greets {one.name}")
    one.until_holds(other.peer_id, 2)
    for daemon, peer in ((one, other), (other, one)):
        daemon.until_delivered(peer.peer_id)
