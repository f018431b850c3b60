"""How fast a newcomer takes in a long conversation, and how fast two that hold the same agree.

    python3 scripts/bench/rooms.py [--short]

A newcomer and the one who kept everything are two daemons; the clock runs from the address given to the newcomer
until the last message is committed there. Agreement is measured between two nodes in this process.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import _common

_common.enter_venv(__file__)

import _daemons  # noqa: E402  only the project's environment has what these need
import _profiles  # noqa: E402
import _raw  # noqa: E402
from _contest import PATIENCE  # noqa: E402

from p2pim.config import Settings  # noqa: E402
from p2pim.node.clock import SystemClock  # noqa: E402
from p2pim.node.link import Link  # noqa: E402
from p2pim.node.node import Node  # noqa: E402
from p2pim.protocol.network import OPEN  # noqa: E402
from p2pim.protocol.records import Reconcile, Record  # noqa: E402
from p2pim.protocol.room import LOBBY  # noqa: E402

TEXTS = 100_000
LOOK_EVERY = 0.05
WE = "p2pim"
TAKEN_IN = "taken in by a newcomer, messages/s"
AGREE = "two equal rooms agree, ms"
RECORDS = "two equal rooms agree, records each way"


def measure(figures: _common.Figures, *, short: bool, rounds: int) -> None:
    """Run every round of both measurements."""
    texts = TEXTS // 50 if short else TEXTS
    with tempfile.TemporaryDirectory(prefix="p2-bench-") as folder:
        ann, bob = (_profiles.make(Path(folder) / name) for name in ("ann", "bob"))
        _profiles.accept(ann, bob.identity.peer_id)
        _profiles.accept(bob, ann.identity.peer_id)
        _profiles.write_conversation(ann, bob, texts, ann, bob)
        for number in range(rounds):
            newcomer = _profiles.empty_copy(bob, Path(folder) / f"newcomer-{number}")
            _profiles.accept(newcomer, ann.identity.peer_id)
            dials = number % 2 == 0  # who dials leads the comparison: both ways must be fast
            rate = asyncio.run(_take_in(ann, newcomer, texts, newcomer_dials=dials))
            figures.add(TAKEN_IN, WE, rate)
            verify = 1000 / _raw.signatures(500)["Ed25519 verify"]
            figures.add(TAKEN_IN, "Ed25519 verify alone, one thread", verify)
        for _ in range(rounds):
            _agree(ann, bob, figures)


async def _take_in(
    ann: _profiles.Profile, newcomer: _profiles.Profile, texts: int, *, newcomer_dials: bool
) -> float:
    async with contextlib.AsyncExitStack() as stack:
        holder = await _daemons.start(stack, _daemons.settings(alone=True), ann.home)
        empty = await _daemons.start(stack, _daemons.settings(alone=True), newcomer.home)
        dialler, dialled = (empty, holder) if newcomer_dials else (holder, empty)
        port = await dialled.port()
        started = time.perf_counter()
        await dialler.api.call("network.add", host="127.0.0.1", port=port)
        async with asyncio.timeout(4 * PATIENCE):
            while (await empty.status())["unread"] < texts:  # noqa: ASYNC110
                await asyncio.sleep(LOOK_EVERY)  # events would cost what is measured
        return texts / (time.perf_counter() - started)


class _Pipe:
    """One end of a connection inside this process."""

    queued = 0

    def __init__(self, turns: deque[Callable[[], None]]) -> None:
        self._turns = turns
        self.to: Link | None = None

    def write(self, data: bytes) -> None:
        """Give bytes to the other end, in its turn."""
        self._turns.append(lambda: self.to.received(data) if self.to is not None else None)

    def close(self) -> None:
        """Nothing is held."""

    abort = pause_reading = resume_reading = close

    def defer(self, call: Callable[[], None], seconds: float = 0.0) -> None:
        """Call back in a later turn."""
        self._turns.append(call)


class _Counted(Link):
    """Counts the records of reconciliation."""

    sent = 0

    def send(self, record: Record) -> None:
        """Send, and count."""
        _Counted.sent += isinstance(record, Reconcile) and record.room != LOBBY
        super().send(record)


def _agree(ann: _profiles.Profile, bob: _profiles.Profile, figures: _common.Figures) -> None:
    stores = [ann.store(), bob.store()]
    nodes = [
        Node(profile.identity, store, SystemClock(), os.urandom, Settings(open_network=False))
        for profile, store in zip((ann, bob), stores, strict=True)
    ]
    for case in ("first after a start", WE):
        _Counted.sent = 0
        turns: deque[Callable[[], None]] = deque()
        pipes = _Pipe(turns), _Pipe(turns)
        nodes[0].open_network = nodes[1].open_network = True
        links = [
            _Counted(node.connection(dials, OPEN if dials else None), pipe, node)
            for node, pipe, dials in zip(nodes, pipes, (True, False), strict=True)
        ]
        pipes[0].to, pipes[1].to = links[1], links[0]
        while turns and not links[0].ready and not links[1].ready:
            turns.popleft()()
        started = time.perf_counter()
        while turns:
            turns.popleft()()
        figures.add(AGREE, case, (time.perf_counter() - started) * 1000)
        figures.add(RECORDS, case, _Counted.sent / 2)
        for node in nodes:
            node.shut_down()
        turns.clear()
    for store in stores:
        store.close()


def main() -> int:
    """Measure and print."""
    options = _common.parser(__doc__).parse_args()
    figures = _common.Figures()
    measure(figures, short=options.short, rounds=_common.ROUNDS)
    print(_common.machine())
    print("\n".join(figures.lines(beside=WE)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
