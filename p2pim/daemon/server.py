"""The local API's server: it listens, takes turns, and groups what many requests write into one commit.

A turn takes the lines that have arrived, on all connections, runs them inside one outer transaction (each
in its own savepoint, so that the failure of one undoes only itself) and answers after the commit: a
hundred messages sent in one go cost one write to the disk, and no answer is given for what is not stored.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import time
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, Protocol

import msgspec

from p2pim.api import schema
from p2pim.api.jsonrpc import INTERNAL_ERROR, code_of
from p2pim.api.transport import TOKEN_SIZE, same_user, write_address
from p2pim.config import Paths
from p2pim.daemon.connection import ClientConnection
from p2pim.daemon.logs import frames_of
from p2pim.daemon.ports import EventSource, Transactions
from p2pim.daemon.requests import BadRequest, Number, Request, parse_request
from p2pim.daemon.views import event as event_view
from p2pim.errors import BadInput, P2pimError, StoreError
from p2pim.node.events import Event

MOST_CLIENTS = 64
LONGEST_TURN = 0.02

log = logging.getLogger(__name__)


class Answering(Protocol):
    """What answers requests."""

    def call(self, method: str, params: dict[str, Any], /) -> Any:
        """The result of one method (of a slow one: what to await), or an error that tells why not."""
        ...

    def snapshot(self, seq: int, /) -> schema.Snapshot:
        """All that is drawn."""
        ...


Asked = tuple[ClientConnection, Request | BadRequest]
Answer = tuple[ClientConnection, bytes | None]
"""A reply, to be sent after the commit; None: the client wants none."""


class ApiServer:
    """Serves one profile's clients; implements ``connection.Owner``."""

    def __init__(self, handlers: Answering, node: EventSource, store: Transactions, paths: Paths) -> None:
        self._handlers = handlers
        self._node = node
        self._store = store
        self._paths = paths
        self._stop_hearing: Callable[[], None] | None = None
        self._clients: set[ClientConnection] = set()
        self._slow: set[asyncio.Task[None]] = set()
        self._turn_is_due = False
        self._server: asyncio.Server | None = None
        self._by_uid = True
        self._all_gone = asyncio.Event()
        self._ending = False
        self.seq = 0

    async def listen(self, kind: str) -> None:
        """Open the socket; what a killed daemon left there is removed (the lock says it is dead)."""
        self._remove_files()
        loop = asyncio.get_running_loop()
        if kind == "tcp":
            self._by_uid = False
            token = os.urandom(TOKEN_SIZE)
            self._server = await loop.create_server(lambda: ClientConnection(self, token), "127.0.0.1", 0)
            write_address(self._paths, self._server.sockets[0].getsockname()[1], token)
            return
        listener = socket.socket(socket.AF_UNIX)
        try:
            listener.bind(str(self._paths.socket_file))
            # The folder is closed to others already; this is the second of two locks.
            self._paths.socket_file.chmod(0o600)
            listener.setblocking(False)
        except OSError:
            listener.close()
            raise
        self._server = await loop.create_unix_server(lambda: ClientConnection(self, None), sock=listener)

    def end_requests(self) -> None:
        """Answer nothing any more and let nobody in; who is connected stays so until ``close``.

        The node may now be taken apart, and whoever asked for the end can see it: their connection closes.
        """
        self._ending = True
        self._hear_while_asked()

    async def end_slow_requests(self) -> None:
        """Break off what takes long."""
        for task in self._slow:
            task.cancel()
        await asyncio.gather(*self._slow, return_exceptions=True)

    async def close(self) -> None:
        """Let the last answers out, then close everything."""
        self.end_requests()
        if self._server is None:
            return
        await self._stop_accepting(self._server)
        for client in list(self._clients):
            client.close()
        if not self._clients:
            self._all_gone.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await self._all_gone.wait()
        for client in list(self._clients):
            client.transport.abort()
        self._remove_files()

    @staticmethod
    async def _stop_accepting(server: asyncio.Server) -> None:
        """Close the listening socket.

        Asyncio loses a connection whose acceptance is under way when its server closes (and warns of an
        unclosed transport), so those few get the turns they need first.
        """
        loop = asyncio.get_running_loop()
        for listener in server.sockets:
            with contextlib.suppress(NotImplementedError):  # Windows has no such readers, nor the fault
                loop.remove_reader(listener.fileno())
        for _ in range(3):
            await asyncio.sleep(0)
        server.close()

    def _remove_files(self) -> None:
        for file in (self._paths.socket_file, self._paths.address_file):
            file.unlink(missing_ok=True)

    # -- connection.Owner

    def admit(self, connection: ClientConnection) -> bool:
        """This user's processes only, and not too many."""
        stream = connection.transport.get_extra_info("socket")
        if self._by_uid and not same_user(stream):
            log.warning("refused a local client of another user")
            return False
        if self._ending:
            return False
        if len(self._clients) >= MOST_CLIENTS:
            log.warning("refused a local client: %d are connected", MOST_CLIENTS)
            return False
        self._clients.add(connection)
        return True

    def forget(self, connection: ClientConnection) -> None:
        """A client is gone."""
        self._clients.discard(connection)
        self._hear_while_asked()
        if self._ending and not self._clients:
            self._all_gone.set()

    def has_lines(self) -> None:
        """Take a turn soon; lines that arrive until then share it."""
        if not self._turn_is_due and not self._ending:
            self._turn_is_due = True
            asyncio.get_running_loop().call_soon(self._turn)

    def resync_line(self) -> bytes:
        """Not a new event: its number is that of the last one dropped."""
        return _event_line({"seq": self.seq, "type": "resync"})

    # -- events

    def _hear_while_asked(self) -> None:
        """Listen to the node only while somebody listens to us: what an event shows costs more than its cause."""
        asked = not self._ending and any(client.subscribed for client in self._clients)
        if asked and self._stop_hearing is None:
            self.seq += 1  # stands for whatever happened unheard: who remembers an older number resyncs
            self._stop_hearing = self._node.subscribe(self._publish)
        elif not asked and self._stop_hearing is not None:
            self._stop_hearing()
            self._stop_hearing = None

    def switch(self, handlers: Answering, node: EventSource, store: Transactions) -> None:
        """Serve something else from now on: the daemon is unlocked."""
        self._handlers, self._node, self._store = handlers, node, store
        if self._stop_hearing is not None:
            self._stop_hearing()
            self._stop_hearing = node.subscribe(self._publish)
        self._tell({"type": "profile.unlocked"})

    def _publish(self, happened: Event) -> None:
        """Tell every subscriber what happened to the node."""
        self._tell(event_view(happened))

    def _tell(self, event: dict[str, Any]) -> None:
        """Tell every subscriber; one encoding serves all."""
        self.seq += 1
        line = _event_line({"seq": self.seq, **event})
        for client in self._clients:
            if client.subscribed:
                client.tell(line)

    # -- requests

    def _turn(self) -> None:
        self._turn_is_due = False
        if self._ending:
            return
        answers: list[Answer] = []
        due = self._due(time.monotonic() + LONGEST_TURN)
        for connection, request in due:
            if isinstance(request, Request) and request.slow:
                self._begin(connection, request)
            elif isinstance(request, Request) and request.writes:
                answers += self._grouped(chain([(connection, request)], due))
            else:
                answers.append((connection, self._answer(connection, request)))
        for connection, line in answers:
            connection.answer(line)
        for connection in {connection for connection, _ in answers}:
            connection.flush()
        if any(client.askable for client in self._clients):
            self.has_lines()

    def _due(self, end: float) -> Iterator[Asked]:
        """One line of each client after the other, until the turn has lasted long enough."""
        while askable := [client for client in self._clients if client.askable]:
            for client in askable:
                yield client, _parsed(client.next_line())
                if time.monotonic() > end:
                    return

    def _grouped(self, requests: Iterator[Asked]) -> list[Answer]:
        """Run requests in one commit; if that fails, say so to each whose effect is gone with it."""
        taken: list[Asked] = []
        answers: list[Answer] = []
        try:
            with self._store.transaction():
                for connection, request in requests:
                    if isinstance(request, Request) and request.slow:
                        self._begin(connection, request)
                        continue
                    taken.append((connection, request))
                    answers.append((connection, self._answer(connection, request)))
        except StoreError as error:
            # What only reads has no part in the failure and is simply asked again.
            return [
                (connection, _failure(request, error))
                if isinstance(request, Request) and request.writes
                else (connection, self._answer(connection, request))
                for connection, request in taken
            ]
        return answers

    def _answer(self, connection: ClientConnection, request: Request | BadRequest) -> bytes | None:
        if isinstance(request, BadRequest):
            return _error_line(request.number, request.code, request.sentence)
        try:
            if request.writes:
                with self._store.transaction():
                    result = self._result(connection, request)
            else:
                result = self._result(connection, request)
            line = _result_line(request.id, result)
        except StoreError as error:
            if request.writes:
                raise  # SQLite may have rolled back the whole group already: it fails as one
            return _failure(request, error)
        except Exception as error:
            return self._failed(request, error)
        return line if request.answered else None

    def _failed(self, request: Request, error: Exception) -> bytes | None:
        if isinstance(error, P2pimError):
            return _failure(request, error)
        # a bug must end in a sentence, not in a dead daemon
        log.error("%s failed: %s", request.method, frames_of(error))
        sentence = f"{request.method} failed unexpectedly: see {self._paths.log_file}."
        return _error_line(request.id, INTERNAL_ERROR, sentence) if request.answered else None

    def _begin(self, connection: ClientConnection, request: Request) -> None:
        """Answer a slow request when it is done; who hangs up meanwhile does not undo it."""
        connection.owed = True
        task = asyncio.get_running_loop().create_task(self._finish(connection, request))
        self._slow.add(task)
        task.add_done_callback(self._slow.discard)

    async def _finish(self, connection: ClientConnection, request: Request) -> None:
        try:
            result = await self._result(connection, request)
            line = _result_line(request.id, result) if request.answered else None
        except Exception as error:
            line = self._failed(request, error)
        connection.owed = False
        connection.answer(line)
        if connection.askable:
            self.has_lines()

    def _result(self, connection: ClientConnection, request: Request) -> Any:
        if request.method == "hello":
            result = self._handlers.call("hello", request.params)
            connection.greeted = True
            return result
        # Any version may stop any other: else an upgrade would leave a daemon nobody can talk to.
        if not connection.greeted and request.method != "daemon.stop":
            raise BadInput("Say hello first: the first request must be hello with your API version.")
        if request.method == "subscribe":
            connection.subscribed = True
            self._hear_while_asked()
            return {"seq": self.seq}
        if request.method == "resync":
            return self._handlers.snapshot(self.seq)
        return self._handlers.call(request.method, request.params)


def _parsed(line: bytes) -> Request | BadRequest:
    try:
        return parse_request(line)
    except BadRequest as error:
        return error


_encoder = msgspec.json.Encoder()


def _event_line(params: dict[str, Any]) -> bytes:
    return _encoder.encode({"jsonrpc": "2.0", "method": "event", "params": params}) + b"\n"


def _result_line(number: Number, result: Any) -> bytes:
    return _encoder.encode({"jsonrpc": "2.0", "id": number, "result": result}) + b"\n"


def _failure(request: Request, error: P2pimError) -> bytes | None:
    return _error_line(request.id, code_of(error), str(error)) if request.answered else None


def _error_line(number: Number, code: int, sentence: str) -> bytes:
    error = {"code": code, "message": sentence}
    return _encoder.encode({"jsonrpc": "2.0", "id": number, "error": error}) + b"\n"
