"""Two people write to each other without a break while their daemons are killed again and again.

What a careful client does is done here: it sends a batch with a token for each text, and after a lost connection
it sends the same batch again. The promises checked are those a user relies on:

- answered is stored: what the API has answered is in the database of the killed daemon;
- delivered is stored there: what an event has called delivered is in the database of the other one, also at the
  very moment it is dead, before anybody could send it again;
- in the end both hold every text exactly once, in the same order, each author's in the order they were written.

Everything random comes from one seed. The moments are numbers of texts answered on either side, so a kill always
finds texts on their way; how far those have come is the machine's affair.
"""

from __future__ import annotations

import contextlib
import itertools
import random
import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from p2pim.api import schema
from p2pim.api.client import Client
from p2pim.api.jsonrpc import NotRunning
from tests.daemons import Daemon, TooLate

PATIENCE = 60.0
BATCH = 200
AHEAD = 1000  # texts written and not yet delivered
LONGEST_DELAY = 0.02  # from a kill's moment to the kill: where in a batch, a commit or an Ack it hits
LAST_MOMENT = 0.95  # of all texts: later ones could find nothing on its way


@dataclass(slots=True)
class Figures:
    """What happened."""

    seed: int
    messages: int
    #: At each kill of somebody: texts of theirs that were asked for and not answered, answered and not delivered.
    unanswered: list[int] = field(default_factory=list)
    undelivered: list[int] = field(default_factory=list)
    repeated: int = 0
    seconds: float = 0.0
    settled_seconds: float = 0.0

    @property
    def kills(self) -> int:
        """How many daemons were killed."""
        return len(self.unanswered)

    @property
    def in_flight(self) -> int:
        """At how many of the kills texts of the one killed were on their way."""
        return sum(a + b > 0 for a, b in zip(self.unanswered, self.undelivered, strict=True))

    def __str__(self) -> str:
        return (
            f"seed {self.seed}: {self.messages} texts each way in {self.seconds:.1f} s and all delivered "
            f"{self.settled_seconds:.1f} s later; {self.kills} kills, {self.in_flight} of them with texts in flight: "
            f"{sum(self.unanswered)} unanswered, {sum(self.undelivered)} answered and not delivered; "
            f"{self.repeated} sent again with their tokens"
        )


class Progress:
    """How many texts have been answered on both sides together; others wait for it to grow."""

    def __init__(self) -> None:
        self._grown = threading.Condition()
        self._count = self._goal = 0
        self._strike: Callable[[], None] = lambda: None
        self.failure: BaseException | None = None

    def add(self) -> None:
        """One more. What is to happen at this very moment happens before the one who counts does anything else."""
        with self._grown:
            self._count += 1
            if self._count == self._goal:
                self._strike()
                self._grown.notify_all()

    def fail(self, error: BaseException) -> None:
        """Something is wrong: everybody stops."""
        with self._grown:
            self.failure = self.failure or error
            self._grown.notify_all()

    def reach(self, count: int, strike: Callable[[], None]) -> None:
        """Wait until there are so many."""
        with self._grown:
            self._goal, self._strike = count, strike  # a moment that is past has no strike any more
            if not self._grown.wait_for(lambda: self._count >= count or self.failure is not None, PATIENCE):
                raise TooLate(f"only {self._count} texts of {count} are answered after {PATIENCE:g} s")
        self.check()

    def check(self) -> None:
        """Raise what went wrong, if anything."""
        if self.failure is not None:
            raise self.failure


class Writer:
    """One person: writes all texts in order, whatever happens to the daemon."""

    def __init__(self, daemon: Daemon, peer_id: str, messages: int, progress: Progress) -> None:
        self._daemon, self._peer_id, self._progress = daemon, peer_id, progress
        self.texts = [f"{daemon.name} {number}" for number in range(messages)]
        self.answered: dict[str, str] = {}
        self.delivered: set[str] = set()
        self.sent = self.repeated = 0
        #: Set while the daemon serves, and while nobody writes.
        self.up, self.resting = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=daemon.name, daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self.up.set()
        self._thread.start()

    def join(self) -> None:
        """Wait until all is answered."""
        self._thread.join(PATIENCE)
        if self._thread.is_alive():
            raise TooLate(f"{self._daemon.name} still has only {len(self.answered)} answers")

    def _run(self) -> None:
        try:
            done = 0
            while done < len(self.texts) and self._progress.failure is None:
                self.resting.set()
                if not self.up.wait(PATIENCE):
                    raise TooLate(f"{self._daemon.name} did not come back")
                self.resting.clear()
                with contextlib.suppress(NotRunning), Client(self._daemon.paths, PATIENCE) as client:
                    client.subscribe()
                    done = self._write(client, done)
        except BaseException as error:
            self._progress.fail(error)
        finally:
            self.resting.set()

    def _write(self, client: Client, done: int) -> int:
        """Write from a text on, as long as the daemon lives; where to go on."""
        with contextlib.suppress(NotRunning):
            while done < len(self.texts) and self._progress.failure is None:
                batch = self.texts[done : done + BATCH]
                self.repeated += max(0, self.sent - done)
                self.sent = done + len(batch)
                calls: list[tuple[str, dict[str, Any]]] = [
                    ("message.send", {"room": self._peer_id, "text": text, "token": text}) for text in batch
                ]
                for text, message in zip(batch, client.each(calls), strict=True):
                    assert message["text"] == text
                    self.answered[text] = message["id"]
                    self._progress.add()
                done = self.sent
                self._note(client)
                self._hold_back(client)
        self._note(client)
        return done

    def _hold_back(self, client: Client) -> None:
        """Do not write far ahead of what is delivered: a kill is to find exchanges, not only archives."""
        while client.status()["waiting"] > AHEAD and self._progress.failure is None:
            event = next(client.events(timeout=PATIENCE), None)
            if event is None:
                raise TooLate(f"{self._daemon.name} delivers nothing")
            self._note(client, event)

    def _note(self, client: Client, *first: schema.Event) -> None:
        with contextlib.suppress(NotRunning, OSError):
            for event in itertools.chain(first, client.ready_events()):
                message = event.get("message")
                if message is not None and message["state"] == "delivered":
                    self.delivered.add(message["id"])


class Duel:
    """Two who know each other, and what kills them.

    Args:
        kills: at how many moments each of them is killed; about half of these they share.
    """

    def __init__(self, one: Daemon, other: Daemon, *, messages: int, kills: int, seed: int) -> None:
        self.figures = Figures(seed, messages)
        self._progress = Progress()
        self._daemons = (one, other)
        self._before = one.said(other.peer_id)
        self._writers = {
            daemon.name: Writer(daemon, peer.peer_id, messages, self._progress)
            for daemon, peer in ((one, other), (other, one))
        }
        self._moments = self._choose(random.Random(seed), int(2 * messages * LAST_MOMENT), kills)
        for daemon in self._daemons:
            daemon.hang_up()

    def _choose(self, source: random.Random, last: int, kills: int) -> list[tuple[int, float, list[Daemon]]]:
        """After how many answers, with which delay, who."""
        moments: list[tuple[int, float, list[Daemon]]] = []
        for _ in range(kills):
            victims = list(self._daemons)
            groups = [victims] if source.random() < 0.5 else [victims[:1], victims[1:]]
            for group in groups:
                # Either before the client can do anything with the answer it has just got, or anywhere after it.
                delay = source.choice((0.0, source.uniform(0, LONGEST_DELAY)))
                moments.append((source.randrange(last), delay, group))
        return sorted(moments, key=lambda moment: moment[0])

    def fight(self) -> Figures:
        """Write, kill, check; what happened. AssertionError if a promise was broken."""
        began = time.monotonic()
        for writer in self._writers.values():
            writer.start()
        try:
            for count, delay, victims in self._moments:
                self._progress.reach(count, partial(_kill, victims) if delay == 0 else lambda: None)
                time.sleep(delay)  # not until something has happened: it is to hit anywhere
                self._strike(victims)
            for writer in self._writers.values():
                writer.join()
            self._progress.check()
        finally:
            self._progress.fail(TooLate("the fight was broken off"))
            for writer in self._writers.values():
                writer.up.set()
        ended = time.monotonic()
        self._settle()
        self.figures.seconds = ended - began
        self.figures.settled_seconds = time.monotonic() - ended
        self.figures.repeated = sum(writer.repeated for writer in self._writers.values())
        return self.figures

    def _strike(self, victims: list[Daemon]) -> None:
        writers = [self._writers[daemon.name] for daemon in victims]
        for writer in writers:
            writer.up.clear()
        _kill(victims)
        for daemon, writer in zip(victims, writers, strict=True):
            daemon.kill()
            if not writer.resting.wait(PATIENCE):
                raise TooLate(f"{daemon.name} is dead and its writer has not noticed")
        for daemon in victims:
            self._examine(daemon)
            daemon.launch()
        for daemon, writer in zip(victims, writers, strict=True):
            daemon.ready()
            writer.up.set()

    def _examine(self, dead: Daemon) -> None:
        """What was promised in its name must be on its disk now, before anybody can send it again."""
        stored, waiting = disk(dead)
        for name, writer in self._writers.items():
            kind = "answered" if name == dead.name else "delivered"
            promised = set(writer.answered.values()) if name == dead.name else set(writer.delivered)
            lost = promised - stored
            assert not lost, f"{len(lost)} texts were {kind} and are not stored at {dead.name}"
        mine = self._writers[dead.name]
        self.figures.unanswered.append(mine.sent - len(mine.answered))
        self.figures.undelivered.append(waiting)

    def _settle(self) -> None:
        """All of it is on both sides, once, in one order."""
        one, other = self._daemons
        for daemon in self._daemons:
            daemon.until_nothing_waits()
        here, there = one.said(other.peer_id), other.said(one.peer_id)
        assert here == there
        assert here[: len(self._before)] == self._before
        held = here[len(self._before) :]
        assert len({message_id for message_id, _ in here}) == len(here)
        for name, writer in self._writers.items():
            assert [text for _, text in held if text.partition(" ")[0] == name] == writer.texts
            assert writer.answered.items() == {text: i for i, text in held if text in writer.answered}.items()
        assert len(held) == sum(len(writer.texts) for writer in self._writers.values())


def _kill(victims: Iterable[Daemon]) -> None:
    for daemon in victims:
        daemon.process.kill()


def disk(dead: Daemon) -> tuple[set[str], int]:
    """What a dead daemon's database holds, and how many are waiting; asked of a copy, as looking changes it."""
    database = dead.paths.database
    with tempfile.TemporaryDirectory(prefix="p2-") as folder:
        for file in database.parent.glob(f"{database.name}*"):
            if not file.name.endswith("-shm"):
                shutil.copy(file, folder)
        with contextlib.closing(sqlite3.connect(Path(folder, database.name))) as copy:
            rows = copy.execute("SELECT id, waiting FROM messages").fetchall()
    return {message_id.hex() for message_id, _ in rows}, sum(waiting for _, waiting in rows)
