"""Attack 29: power cuts, sleep, wrong clocks, full disks and used up file descriptors, on real daemons."""

from __future__ import annotations

import contextlib
import os
import random
import resource
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from p2pim.api.client import Client
from p2pim.errors import NotNow, StoreFull
from tests.daemons import ClockedDaemon, Daemon, befriend
from tests.security.test_costs import QUIET, port_of

ROOT = Path(__file__).resolve().parents[2]
YEARS_10 = 10 * 365 * 24 * 3600
pytestmark = pytest.mark.usefixtures("alone")
needs_root = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="mounting a small disk takes root on Linux"
)


def friends(short_tmp: Path, stack: contextlib.ExitStack) -> tuple[Daemon, Daemon]:
    anna = stack.enter_context(Daemon(short_tmp / "a", settings=QUIET)).start()
    ben = stack.enter_context(ben_of(anna, short_tmp / "b")).start()
    befriend(anna, ben)
    return anna, ben


def ben_of(anna: Daemon, home: Path) -> Daemon:
    return Daemon(home, settings=QUIET + f'peers = ["127.0.0.1:{port_of(anna)}"]\n')


# -- power cuts


class Writer:
    """Writes one text after the other and knows which of them were acknowledged."""

    def __init__(self, daemon: Daemon, room: str) -> None:
        self._daemon, self._room = daemon, room
        self.acknowledged: list[str] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._write)

    def __enter__(self) -> Writer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _write(self) -> None:
        with Client(self._daemon.paths) as client:
            while not self._over.is_set():
                self.acknowledged.append(client.send(self._room, f"text {len(self.acknowledged)}")["id"])


def power_cut(daemon: Daemon, copy: Path, rng: random.Random) -> None:
    """What a disk holds at this instant: the files while the daemon stands still, the last write perhaps torn."""
    daemon.freeze()
    try:
        shutil.copytree(
            daemon.paths.data, copy, ignore=shutil.ignore_patterns("run", "log", "*-shm", "config.toml")
        )
    finally:
        daemon.thaw()
    wal = copy / "p2pim.db-wal"
    if wal.exists() and rng.random() < 0.5:
        with wal.open("ab") as file:  # the write that was under way reached the disk in part
            file.write(rng.randbytes(rng.randrange(1, 9000)))


def test_29_a_copy_taken_at_any_moment_holds_all_that_was_acknowledged(short_tmp: Path) -> None:
    rng = random.Random(29)
    copies: list[tuple[Path, set[str]]] = []
    with contextlib.ExitStack() as stack:
        anna, ben = friends(short_tmp, stack)
        with Writer(anna, ben.peer_id) as mine, Writer(ben, anna.peer_id) as theirs:
            for n in range(4):
                enough = len(mine.acknowledged) + rng.randrange(1, 20)
                anna.until(lambda e=enough: len(mine.acknowledged) > e, "some more are written")  # type: ignore[misc]
                acked = [*mine.acknowledged, *(m["id"] for m in anna.history(ben.peer_id))]
                delivered = [m["id"] for m in ben.history(anna.peer_id) if m["state"] == "delivered"]
                power_cut(anna, short_tmp / f"copy{n}", rng)
                copies.append((short_tmp / f"copy{n}", {*acked, *delivered}))
        assert len(theirs.acknowledged) > 10
        ben_id = ben.peer_id
    for home, held in copies:
        with Daemon(home, settings=QUIET) as again:
            again.start()
            ids = [m["id"] for m in again.history(ben_id)]
            assert len(ids) == len(set(ids))
            assert held <= set(ids)
            again.stop()
        with contextlib.closing(sqlite3.connect(home / "p2pim.db")) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert database.execute("PRAGMA foreign_key_check").fetchall() == []


# -- sleep


def test_29_who_was_stopped_for_a_while_has_everything_soon_after(short_tmp: Path) -> None:
    with contextlib.ExitStack() as stack:
        anna, ben = friends(short_tmp, stack)
        ben.freeze()
        anna.say(ben.peer_id, *[f"while you slept {n}" for n in range(20)])
        with pytest.raises(AssertionError):
            anna.until(lambda: anna.states(ben.peer_id)["while you slept 0"] == "delivered", "", within=2)
        assert anna.states(ben.peer_id)["while you slept 0"] == "waiting"
        ben.thaw()
        ben.until_holds(anna.peer_id, 22, within=5)
        anna.until_delivered(ben.peer_id, within=5)
        assert anna.said(ben.peer_id) == ben.said(anna.peer_id)


# -- wrong clocks


@pytest.mark.parametrize("seconds", [YEARS_10, -YEARS_10, 86_400 + 60])
def test_29_a_wrong_clock_loses_nothing_and_recovers(short_tmp: Path, seconds: int) -> None:
    ahead = seconds > 86_400
    with contextlib.ExitStack() as stack:
        anna = stack.enter_context(Daemon(short_tmp / "a", settings=QUIET)).start()
        settings = QUIET + f'peers = ["127.0.0.1:{port_of(anna)}"]\n'
        ben: Daemon
        ben = clocked = stack.enter_context(ClockedDaemon(short_tmp / "b", settings=settings))
        clocked.set_clock(seconds)
        ben.start()
        ben.until_sees(anna)
        anna.say(ben.peer_id, "hello")
        ben.until_holds(anna.peer_id, 1) if seconds > -86_400 else None
        ben.say(anna.peer_id, "what year is it?")
        anna.say(ben.peer_id, "this one")
        anna.until_delivered(ben.peer_id)
        ben.until_delivered(anna.peer_id)
        ben.stop()
        # the clock is put right; nothing written meanwhile or before is lost, and the talk goes on
        ben = stack.enter_context(Daemon(short_tmp / "b", settings=settings)).start()
        ben.until_sees(anna)
        ben.say(anna.peer_id, "my clock was wrong")
        anna.say(ben.peer_id, "I saw")
        for daemon, other in ((anna, ben), (ben, anna)):
            daemon.until_holds(other.peer_id, 4 + (daemon is ben or not ahead))
            daemon.until_delivered(other.peer_id)
            assert {"my clock was wrong", "I saw", "hello", "this one"} <= set(daemon.texts(other.peer_id))
        # what Ben wrote far ahead of time stays in his sight; Anna's has stored it, and shows it when it is due
        at_bens = [said for said in ben.said(anna.peer_id) if not (ahead and said[1] == "what year is it?")]
        assert anna.said(ben.peer_id) == at_bens
        with contextlib.closing(sqlite3.connect(f"file:{anna.paths.database}?mode=ro", uri=True)) as database:
            assert database.execute("SELECT count(*) FROM messages").fetchone() == (5,)
        assert ("what year is it?" in anna.texts(ben.peer_id)) != ahead


# -- full disks


@pytest.fixture
def small_disk(short_tmp: Path) -> Iterator[Path]:
    disk = short_tmp / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m,mode=0700", "none", disk], check=True)
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def fill(disk: Path) -> Path:
    """Take all the space that is left; give it back by deleting the file."""
    filler = disk / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(size))
    return filler


@needs_root
def test_29_a_full_disk_acknowledges_nothing_is_told_and_recovers_by_itself(
    short_tmp: Path, small_disk: Path
) -> None:
    with contextlib.ExitStack() as stack:
        anna = stack.enter_context(Daemon(short_tmp / "a", settings=QUIET)).start()
        ben = stack.enter_context(ben_of(anna, small_disk / "b")).start()
        befriend(anna, ben)
        filler = fill(small_disk)
        for n in range(40):
            anna.say(ben.peer_id, f"{n} " + "x" * 20_000)
        ben.until(lambda: ben.client.status()["storage"] == "full", "says that the disk is full")
        with pytest.raises((NotNow, StoreFull), match=r"[Ff]ree some space"):
            ben.say(anna.peer_id, "x" * 30_000)
        held = {m["id"] for m in ben.history(anna.peer_id)}
        states = {m["id"]: m["state"] for m in anna.history(ben.peer_id) if m["mine"]}
        assert {i for i, state in states.items() if state == "delivered"} <= held
        assert set(states.values()) & {"waiting", "no-space"}, "what did not fit is not acknowledged"
        # a restart in this state fails with a sentence or goes on, but loses nothing
        ben.kill()
        with contextlib.suppress(AssertionError):
            ben.start()
        filler.unlink()
        if ben.runs and ben._client is None:
            ben.kill()
        if not ben.runs:
            ben.start()
        ben.until(lambda: ben.client.status()["storage"] == "ok", "writes again")
        ben.until_holds(anna.peer_id, 42)
        anna.until_delivered(ben.peer_id)
        assert anna.said(ben.peer_id) == ben.said(anna.peer_id)


@needs_root
def test_29_a_disk_that_fills_up_and_is_freed_while_running(short_tmp: Path, small_disk: Path) -> None:
    with contextlib.ExitStack() as stack:
        anna = stack.enter_context(Daemon(short_tmp / "a", settings=QUIET)).start()
        ben = stack.enter_context(ben_of(anna, small_disk / "b")).start()
        befriend(anna, ben)
        filler = fill(small_disk)
        anna.say(ben.peer_id, *[f"{n} " + "x" * 20_000 for n in range(30)])
        ben.until(lambda: ben.client.status()["storage"] == "full", "says that the disk is full")
        told = [e for e in ben.client.ready_events() if e["type"] == "storage.changed"]
        assert told or ben.client.status()["storage"] == "full"
        filler.unlink()
        ben.until(lambda: ben.client.status()["storage"] == "ok", "writes again", within=15)
        ben.until_holds(anna.peer_id, 32)
        anna.until_delivered(ben.peer_id)
        ben.say(anna.peer_id, "there is space again")
        anna.until_holds(ben.peer_id, 33)
        assert anna.said(ben.peer_id) == ben.said(anna.peer_id)


# -- file descriptors


@pytest.mark.skipif(sys.platform != "linux", reason="changing the limits of another process is Linux'")
def test_29_without_file_descriptors_links_live_on_and_all_recovers(short_tmp: Path) -> None:
    with contextlib.ExitStack() as stack:
        anna, ben = friends(short_tmp, stack)
        pid = anna.process.pid
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        used = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 1, before[1]))
        for n in range(30):
            sock = stack.enter_context(socket.socket())
            sock.bind((f"127.0.8.{n + 1}", 0))
            sock.connect(("127.0.0.1", port_of(anna)))
        anna.say(ben.peer_id, "still here")
        ben.until_holds(anna.peer_id, 3)
        ben.say(anna.peer_id, "so am I")
        anna.until_holds(ben.peer_id, 4)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        began = time.monotonic()
        ben.kill()
        ben.start()
        ben.until_sees(anna)
        assert time.monotonic() - began < 10
        anna.say(ben.peer_id, "welcome back")
        ben.until_holds(anna.peer_id, 5)
        assert anna.paths.log_file.stat().st_size < 64 * 1024, "no flood of complaints"
