"""What a user does for the identity while it is in use. It takes long, so each deed has a thread of its own."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

from p2pim.api import schema
from p2pim.daemon.backup import Backup
from p2pim.daemon.keyfile import KeyFile
from p2pim.errors import BadInput
from p2pim.protocol.identity import Identity


class Care:
    """Use cases about the key and its backup."""

    def __init__(self, key: KeyFile, identity: Identity, backup: Backup) -> None:
        self._key = key
        self._identity = identity
        self._backup = backup

    async def change_passphrase(self, old: str | None, new: str | None) -> None:
        """Set, change or remove the passphrase of the key file."""
        if old is None and new is None:
            raise BadInput("identity.passphrase: old or new must be a text.")
        await asyncio.to_thread(self._key.change_passphrase, self._identity, old, new)

    async def back_up(self, file: str, passphrase: str) -> schema.Backup:
        """Write everything to one file; cancelled, it leaves none."""
        target = Path(file)
        if not target.is_absolute():
            raise BadInput("backup.write: file must be a whole path, from the root on.")
        stopped = threading.Event()
        try:
            now_ms = time.time_ns() // 1_000_000
            done = await asyncio.to_thread(self._backup.write, target, passphrase, now_ms, stopped.is_set)
        except asyncio.CancelledError:
            stopped.set()
            raise
        return {"file": file, "bytes": done.size, "messages": done.messages}
