"""What befalls machines in every story: cut wires, crashes, islands, restored backups; and many stories in a row."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable

from tests.simulation.world import Machine, World

HOUR_MS = 3_600_000
SKEWS = (0, 0, 0, 0, 500, -700, 5_000, -HOUR_MS, 20 * HOUR_MS, -30 * HOUR_MS)


class UnluckyWorld(World):
    """A world with bad luck; whoever subclasses it says how often."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.backups: dict[Machine, bytes] = {}

    def _cut(self, machine: Machine) -> None:
        if machine.wires:
            self.cut(self.rng.choice(machine.wires))

    def _crash(self, machine: Machine) -> None:
        self.count["crash between steps"] += 1
        machine.crash()

    def _partition(self, machine: Machine) -> None:
        self.count["partition"] += 1
        for each in self.machines:
            each.island = self.rng.randrange(self.rng.choice((1, 2, 3)))

    def _backup(self, machine: Machine) -> None:
        if not machine.disk.in_transaction:
            self.backups[machine] = machine.disk.serialize()

    def _restore(self, machine: Machine) -> None:
        if machine in self.backups:
            self.count["restore"] += 1
            machine.crash()
            machine.disk = sqlite3.connect(":memory:", isolation_level=None)
            machine.disk.deserialize(self.backups[machine])
            machine.restored = True
            machine.ticks = set()
            machine.readings = set()


def play_all(play: Callable[[int], World], seeds: Iterable[int]) -> Counter[str]:
    """One story of each seed; what happened in them, counted."""
    seen: Counter[str] = Counter()
    for seed in seeds:
        try:
            seen += play(seed).count
        except BaseException:
            print(f"seed {seed}")  # whatever it was: this repeats it
            raise
    return seen
