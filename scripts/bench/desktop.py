"""The window: how soon it can be used, its memory, a frame while scrolling, and search over everything.

    python3 scripts/bench/desktop.py [--short]

A real daemon, and a profile into which the messages were put beforehand. Without a display Qt draws into memory, which
is what is measured then. About two minutes.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import _common

_common.enter_venv(__file__, "desktop")

from _scenes import line  # noqa: E402  only the project's environment has what these need

from p2pim.api.client import Client, ConnectionLost  # noqa: E402
from p2pim.api.launch import ensure_running, surroundings  # noqa: E402
from p2pim.config import Paths  # noqa: E402
from p2pim.daemon.keyfile import KeyFile  # noqa: E402
from p2pim.protocol.identity import Identity  # noqa: E402
from p2pim.protocol.message import TEXT, seal, text_content  # noqa: E402
from p2pim.protocol.room import dm  # noqa: E402
from p2pim.store.database import Database  # noqa: E402
from p2pim.store.peers import Contact  # noqa: E402
from p2pim.store.store import Store  # noqa: E402

#: Seconds, MiB, ms, ms.
START_GOAL, MEMORY_GOAL, FRAME_GOAL, SEARCH_GOAL = 1.0, 110.0, 16.0, 100.0
IN_ROOM, IN_ALL = 20_000, 200_000
SHORT = 20
QUERIES = ("the", "th", "e", "morning", "release notes", "xyzzy", "qz", '"see you"', "a b c", "zz-not-there")
_BATCH = 500
_TEXT = (
    "the morning release notes are ready see you at lunch could somebody look build number again please it works here "
    "but not over there maybe tomorrow then thanks a lot who has key for room seven coffee anyone"
)
_WORDS = _TEXT.split()


def fill(paths: Paths, count: int, rest: int, chance: random.Random) -> str:
    """Put messages into one conversation, and the rest into others; the first one's id."""
    identity = KeyFile(paths.identity_key).load_or_make()
    store = Store(Database(paths.database))
    rooms = [Identity.from_seed(bytes([n + 1]) * 32) for n in range(6)]
    counts = [count, *[rest // 5] * 5]
    now = time.time_ns() // 1_000_000
    for other, many in zip(rooms, counts, strict=True):
        room = dm(identity.peer_id, other.peer_id)
        with store.transaction():
            store.peers.put(Contact(other.peer_id, nickname=f"Colleague {other.peer_id.hex()[:4]}"))
            store.messages.ensure_room(room)
        parents: list[bytes] = []
        for start in range(0, many, _BATCH):
            with store.transaction():
                for number in range(start, min(start + _BATCH, many)):
                    clock = now - (many - number) * 60_000
                    text = " ".join(chance.choices(_WORDS, k=chance.randint(2, 30)))
                    author = identity if number % 3 == 0 else other
                    content = text_content(text, clock, os.urandom)
                    message = seal(author, room.id, parents=parents, clock=clock, kind=TEXT, content=content)
                    store.messages.add(message, now_ms=now)
                    parents = [message.id]
    store.close()
    return dm(identity.peer_id, rooms[0].peer_id).id.hex()


def window(paths: Paths, room: str, wanted: int) -> dict[str, float | list[float]]:
    """One window from its start to the first message of a conversation."""
    env = surroundings()
    if not (env.get("DISPLAY") or env.get("WAYLAND_DISPLAY")) and sys.platform.startswith("linux"):
        env["QT_QPA_PLATFORM"] = "offscreen"
    script = str(Path(__file__).parent / "_window.py")
    argv = [sys.executable, script, str(paths.home), str(time.monotonic()), room, str(wanted)]
    done = subprocess.run(argv, env=env, stdout=subprocess.PIPE, check=True, text=True)
    found: dict[str, float | list[float]] = json.loads(done.stdout)
    return found


def lines(paths: Paths, room: str, wanted: int, rounds: int) -> Iterator[str]:
    """The lines of the table."""
    windows = [window(paths, room, wanted if number == 0 else 0) for number in range(rounds)]
    usable = statistics.median(float(each["usable"]) for each in windows)  # type: ignore[arg-type]
    yield line("from start to a window that can be used, s", usable, START_GOAL)
    memory = statistics.median(float(each["memory"]) for each in windows)  # type: ignore[arg-type]
    yield line("memory with a conversation open (RSS), MiB", memory, MEMORY_GOAL)
    frames, loaded = windows[0]["frames"], windows[0]["loaded"]
    assert isinstance(frames, list)
    assert isinstance(loaded, int | float)
    p95 = _common.quantile(frames, 0.95) * 1000
    yield line(f"a frame while scrolling through {loaded:g} messages, p95, ms", p95, FRAME_GOAL)
    yield f"    frames {len(frames)}, median {statistics.median(frames) * 1000:.2f} ms, max {max(frames) * 1000:.1f} ms"
    with Client(paths) as client:
        slowest, which = 0.0, ""
        for query in QUERIES:
            taken = []
            for _ in range(5):
                began = time.perf_counter()
                client.search(query, limit=100)
                taken.append((time.perf_counter() - began) * 1000)
            if statistics.median(taken) > slowest:
                slowest, which = statistics.median(taken), query
    yield line("the slowest search, ms", slowest, SEARCH_GOAL) + f"  ({which!r})"


def main() -> int:
    """Measure and print."""
    options = _common.parser(__doc__).parse_args()
    share = SHORT if options.short else 1
    print(_common.machine(), flush=True)
    with tempfile.TemporaryDirectory(prefix="p2-bench-") as folder:
        paths = Paths(folder)
        paths.config_file.write_text('port = 0\ninterfaces = ["127.0.0.1"]\n', encoding="utf-8")
        ensure_running(paths)
        with Client(paths) as client:
            client.stop()
            with contextlib.suppress(ConnectionLost):
                list(client.events(10))
        count, all_of_them = IN_ROOM // share, IN_ALL // share
        room = fill(paths, count, all_of_them - count, random.Random(1))
        ensure_running(paths)
        try:
            for text in lines(paths, room, count, 1 if options.short else 5):
                print(text, flush=True)
        finally:
            with Client(paths) as client:
                client.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
