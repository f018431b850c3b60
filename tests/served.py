"""The real local API server over a fake node, on a loop of its own thread, for blocking tests."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from p2pim.config import Paths, Settings
from p2pim.daemon.backup import Backup
from p2pim.daemon.care import Care
from p2pim.daemon.handlers import Handlers
from p2pim.daemon.keyfile import KeyFile
from p2pim.daemon.sealed import Cost
from p2pim.daemon.server import ApiServer
from p2pim.protocol.identity import Identity
from tests.fakes import FakeNode

T = TypeVar("T")
CHEAP = Cost(4, 8, 1)
"""Passphrases that cost next to nothing to try, for tests."""


def care_of(paths: Paths, identity: Identity) -> Care:
    """The care for a profile."""
    key = KeyFile(paths.identity_key, cost=CHEAP)
    return Care(key, identity, Backup(paths, identity, key, cost=CHEAP))


class Served:
    """A profile whose API answers until the end of the test."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self.node = FakeNode()
        self.server: ApiServer
        self.loop: asyncio.AbstractEventLoop
        self.stopping: asyncio.Event

    def do(self, act: Callable[[], T]) -> T:
        """Run something in the loop's thread, as the node's own code would be."""

        async def inside() -> T:
            return act()

        return asyncio.run_coroutine_threadsafe(inside(), self.loop).result(10)

    def settle(self) -> None:
        """Wait until the loop has had time for all that was ready."""
        for _ in range(3):
            self.do(lambda: None)


@contextmanager
def served(home: Path, settings: Settings | None = None) -> Iterator[Served]:
    """Serve a fake node under ``home``."""
    settings = settings or Settings()
    paths = Paths(home)
    paths.prepare()
    profile = Served(paths)
    ready: concurrent.futures.Future[None] = concurrent.futures.Future()

    async def run() -> None:
        profile.loop = asyncio.get_running_loop()
        profile.stopping = asyncio.Event()
        care = care_of(paths, profile.node.identity)
        handlers = Handlers(profile.node, settings, paths.config_file, profile.stopping.set, care)
        profile.server = ApiServer(handlers, profile.node, profile.node.store, paths)
        try:
            await profile.server.listen(settings.api)
            ready.set_result(None)
            await profile.stopping.wait()
            await profile.server.close()
        except BaseException as error:
            if not ready.done():
                ready.set_exception(error)
            raise

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    ready.result(10)
    try:
        yield profile
    finally:
        with suppress(RuntimeError):  # a test may have ended it already
            profile.loop.call_soon_threadsafe(profile.stopping.set)
        thread.join(10)
        assert not thread.is_alive()
