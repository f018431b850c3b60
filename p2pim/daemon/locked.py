"""What a daemon serves while the identity key waits for its passphrase: next to nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NoReturn

from p2pim.api import schema
from p2pim.daemon import views
from p2pim.daemon.handlers import greeting
from p2pim.errors import Locked
from p2pim.node.events import Event

Unlock = Callable[[str], Coroutine[Any, Any, schema.Status]]


class LockedHandlers:
    """The few methods of the API that need no node."""

    def __init__(self, unlock: Unlock, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._methods: dict[str, Callable[..., Any]] = {
            "hello": greeting,
            "status": self.status,
            "identity.unlock": unlock,
            "daemon.stop": self.daemon_stop,
        }

    def call(self, method: str, params: dict[str, Any]) -> Any:
        """Run one of them; Locked for all others."""
        if method not in self._methods:
            self.snapshot(0)
        return self._methods[method](**params)

    def snapshot(self, seq: int) -> NoReturn:
        """There is nothing to draw."""
        raise Locked("p2pim is locked: run `p2pim unlock`.")

    def status(self) -> schema.Status:
        """Locked."""
        return views.locked_status(os.getpid())

    def daemon_stop(self) -> schema.Stopping:
        """End, once the answer is out."""
        self._stop()
        return {"pid": os.getpid()}


class Nobody:
    """In place of a node and its store: nothing happens, and nothing is kept."""

    def subscribe(self, callback: Callable[[Event], None]) -> Callable[[], None]:
        """There are no events."""
        return lambda: None

    def transaction(self) -> AbstractContextManager[None]:
        """There is nothing to commit."""
        return nullcontext()
