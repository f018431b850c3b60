"""A profile as its daemon serves it: locked while its key waits for a passphrase, then a running peer."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Protocol

from p2pim.api import schema
from p2pim.config import Paths, Settings
from p2pim.daemon.backup import Backup
from p2pim.daemon.care import Care
from p2pim.daemon.handlers import Handlers
from p2pim.daemon.keyfile import KeyFile
from p2pim.daemon.locked import LockedHandlers, Nobody
from p2pim.daemon.ports import UseCases
from p2pim.daemon.server import ApiServer
from p2pim.errors import NotNow
from p2pim.protocol.identity import Identity
from p2pim.store import snapshot

STOPPING_PATIENCE = 5.0

log = logging.getLogger(__name__)


class Assembly(Protocol):
    """A node with its network, ready to run."""

    @property
    def node(self) -> UseCases:
        """The use cases that the local API offers."""
        ...

    @property
    def identity(self) -> Identity:
        """Who this is."""
        ...

    async def start(self) -> None:
        """Listen, announce, look for others; returns once listening and announced."""
        ...

    async def stop(self) -> None:
        """Say goodbye, end every link, close the store."""
        ...


Assemble = Callable[[Paths, Settings, Identity | None], Assembly]
"""Puts a peer together; without an identity it reads the key file, or makes one."""


class Profile:
    """One profile, whose lock the caller holds, and the server of its local API.

    Args:
        stop: ends the daemon.
    """

    def __init__(
        self,
        paths: Paths,
        settings: Settings,
        assembler: Assemble,
        stop: Callable[[], None],
        key: KeyFile | None = None,
    ) -> None:
        self._paths = paths
        self._settings = settings
        self._assembler = assembler
        self._stop = stop
        self._key = key or KeyFile(paths.identity_key)
        self._assembly: Assembly | None = None
        self._unlocking = asyncio.Lock()
        nobody = Nobody()
        self.server = ApiServer(LockedHandlers(self.unlock, stop), nobody, nobody, paths)

    async def start(self) -> None:
        """Start the peer, or wait for its passphrase."""
        self._key.discard_draft()
        snapshot.discard(self._paths.snapshot_file)
        if self._key.has_passphrase:
            log.info("locked: the identity key has a passphrase")
        else:
            await self._open(None)

    async def unlock(self, passphrase: str) -> schema.Status:
        """Open the key and start as if it had never been locked; if that fails it stays locked."""
        async with self._unlocking:
            if self._assembly is not None:
                raise NotNow("p2pim is not locked.")
            identity = await asyncio.to_thread(self._key.unlock, passphrase)
            handlers = await self._open(identity)
            log.info("unlocked")
            return handlers.status()

    async def _open(self, identity: Identity | None) -> Handlers:
        assembly = self._assembler(self._paths, self._settings, identity)
        try:
            await assembly.start()
        except BaseException:
            await _end(assembly)
            raise
        self._assembly = assembly
        handlers = Handlers(
            assembly.node,
            self._settings,
            self._paths.config_file,
            self._stop,
            Care(self._key, assembly.identity, Backup(self._paths, assembly.identity, self._key)),
        )
        self.server.switch(handlers, assembly.node, assembly.node.store)
        return handlers

    async def stop(self) -> None:
        """End everything; for `p2pim stop` the end of its connection is the end of the daemon, so that comes last."""
        self.server.end_requests()
        await self.server.end_slow_requests()
        if self._assembly is not None:
            await _end(self._assembly)
        await self.server.close()


async def _end(assembly: Assembly) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(STOPPING_PATIENCE):
            await assembly.stop()
