"""The disk, full or not: while nothing can be written we keep what we have, acknowledge nothing, and try again."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Final

from p2pim.errors import NotNow, StoreError
from p2pim.node import events

if TYPE_CHECKING:
    from p2pim.node.node import Node

log = logging.getLogger(__name__)

#: Seconds between two tries to write to a full disk.
PROBE_SECONDS: Final = 5.0


class Disk:
    """Whether something can be stored."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._store = node.store
        self.writable = True
        #: When to try again (monotonic).
        self.next_probe = 0.0
        node.store.database.full = self.failed

    def writing(self) -> AbstractContextManager[None]:
        """A transaction for something the user asked for.

        Raises:
            NotNow: nothing can be written at present.
        """
        if not self.writable:
            raise NotNow(
                "The disk is full or cannot be written: free some space, then try again. Nothing was lost."
            )
        return self._store.transaction()

    def failed(self, error: StoreError) -> None:
        """Nothing can be written any more."""
        self._node.people.forget_cache()
        if self.writable:
            log.error("%s", error)
            self.writable = False
            self.next_probe = self._node.clock.monotonic() + PROBE_SECONDS
            self._node.emit(events.StorageChanged("full"))

    def probe(self) -> None:
        """Try now and then whether there is space again.

        Raises:
            StoreError: there is not.
        """
        if self._node.clock.monotonic() >= self.next_probe:
            self.next_probe = self._node.clock.monotonic() + PROBE_SECONDS
            self._store.database.probe()
            log.warning("the store can be written again")
            self.writable = True
            with self._store.transaction():
                self._node.sync.reconcile_all()
            self._node.emit(events.StorageChanged("ok"))
