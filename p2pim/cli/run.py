"""What every command gets: its options, its profile, its output, and the daemon when it asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from p2pim.config.paths import Paths

if TYPE_CHECKING:
    import argparse

    from p2pim.api.client import Client
    from p2pim.cli.output import Output


class Run:
    """One run of one command."""

    def __init__(self, options: argparse.Namespace, output: Output) -> None:
        self.options = options
        self.output = output
        self.paths = Paths.chosen(options.home)

    def client(self, timeout: float | None = None) -> Client:
        """A connection to the daemon; NotRunning says how to start it."""
        from p2pim.api.client import PATIENCE, Client  # noqa: PLC0415 (not every command talks)

        return Client(self.paths, timeout or PATIENCE)


def target(text: str) -> str:
    """What a person typed for a room or peer; shells take ``#lobby`` for a comment, so ``lobby`` is the room.

    It is never a peer of that name: whoever calls himself "lobby" must not get what was meant for the room.
    """
    return "#lobby" if text == "lobby" else text
