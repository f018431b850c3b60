"""A fake peer that a real daemon can run."""

from __future__ import annotations

from pathlib import Path

from p2pim.config import Paths, Settings
from p2pim.config.policy import MachinePolicy
from p2pim.protocol.identity import Identity
from tests.fakes import FakeNode


class FakeAssembly:
    """A fake node that a real daemon can run."""

    def __init__(
        self, paths: Paths, settings: Settings, machine: MachinePolicy, opened: Identity | None = None
    ) -> None:
        self.paths: Path = paths.data
        self.settings = settings
        self.node = FakeNode(machine)
        self.identity = opened or self.node.identity
        self.running = False

    async def start(self) -> None:
        self.running = True

    async def stop(self) -> None:
        self.running = False
