"""Between the window and the daemon: two threads with a connection each, and Qt signals.

One thread follows the events, the other asks. No Qt object is touched in them: signals of plain values cross, and Qt
delivers them in the thread of the window. When the daemon goes away it is waited for, and started if nothing answers.
"""

from __future__ import annotations

import queue
import selectors
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import QObject, Signal

from p2pim.api.client import Client
from p2pim.api.jsonrpc import NotRunning
from p2pim.api.launch import ensure_running
from p2pim.errors import Locked, P2pimError

if TYPE_CHECKING:
    from p2pim.api import schema
    from p2pim.config import Paths

#: Seconds before it is tried again: at first, and at most.
FIRST_RETRY, LAST_RETRY = 0.25, 5.0

Then = Callable[[Any], object]


class _Call(NamedTuple):
    method: str
    params: dict[str, Any]
    then: Then | None
    failed: Then | None


class Bridge(QObject):
    """The daemon, as the window sees it. Everything here is called in the window's thread."""

    #: A snapshot of everything: at first, and whenever the thread of events was broken.
    connected = Signal(object)
    #: One event.
    happened = Signal(object)
    #: The identity key waits for its passphrase; ``connected`` follows once it was given.
    locked = Signal()
    #: A sentence: why nobody answers.
    lost = Signal(str)
    _answered = Signal(object, object)

    def __init__(self, paths: Paths, start: Callable[[Paths], object] = ensure_running) -> None:
        super().__init__()
        self._paths = paths
        self._start_daemon = start
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._woken, self._wake = socket.socketpair()
        self._stopping = threading.Event()
        #: Whether the daemon was started from here.
        self.is_ours = False
        self._answered.connect(self._tell)
        self._threads = [
            threading.Thread(target=run, name=name, daemon=True)
            for name, run in (("events", self._follow), ("calls", self._ask))
        ]

    def start(self) -> None:
        """Begin; ``connected`` tells when there is something to show."""
        for thread in self._threads:
            thread.start()

    def stop(self, *, daemon: bool = False) -> None:
        """End both threads; what was asked before is done.

        Args:
            daemon: end the daemon as well, if it was started from here.
        """
        if daemon and self.is_ours:
            self.call("daemon.stop")
        self._stopping.set()
        self._wake.send(b"x")
        self._calls.put(None)
        for thread in self._threads:
            if thread.is_alive():
                thread.join()
        self._woken.close()
        self._wake.close()

    def call(
        self, method: str, then: Then | None = None, failed: Then | None = None, /, **params: Any
    ) -> None:
        """Ask; one of the two is called with the result or the error (a P2pimError), in this thread."""
        self._calls.put(_Call(method, params, then, failed))

    def _tell(self, then: Then, value: object) -> None:
        then(value)

    # -- in the thread of events

    def _follow(self) -> None:
        retry = FIRST_RETRY
        while not self._stopping.is_set():
            try:
                self.is_ours |= bool(self._start_daemon(self._paths))
                with Client(self._paths) as client:
                    client.subscribe()
                    self._resync(client)
                    retry = FIRST_RETRY
                    self._listen(client)
            except P2pimError as error:
                if self._stopping.is_set():
                    return
                self.lost.emit(str(error))
                self._stopping.wait(retry)
                retry = min(2 * retry, LAST_RETRY)

    def _resync(self, client: Client) -> None:
        try:
            self.connected.emit(client.resync())
        except Locked:
            self.locked.emit()

    def _listen(self, client: Client) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            while not self._stopping.is_set():
                while events := client.ready_events():  # some may have come with the answer to a resync
                    for event in events:
                        self._take(client, event)
                selector.select()

    def _take(self, client: Client, event: schema.Event) -> None:
        if event["type"] in ("resync", "profile.unlocked"):
            self._resync(client)
        else:
            self.happened.emit(event)

    # -- in the thread of calls

    def _ask(self) -> None:
        client: Client | None = None
        while (call := self._calls.get()) is not None:
            try:
                client = client or Client(self._paths)
                result = client.call(call.method, **call.params)
            except NotRunning as error:
                if client is not None:
                    client.close()
                client = None  # the next call makes another connection
                self._answer(call.failed, error)
            except P2pimError as error:
                self._answer(call.failed, error)
            else:
                self._answer(call.then, result)
        if client is not None:
            client.close()

    def _answer(self, then: Then | None, value: object) -> None:
        if then is not None:
            self._answered.emit(then, value)
