"""p2pim itself: from `message.send` on one daemon to the event that it is stored on the other."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from _contest import TEXT, Contestant, close_stream

from p2pim import __version__

_LINE = 1 << 20  # the API's longest line


class _Api:
    """One connection to a daemon's API socket, as any program in any language would make it."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._next = 0

    async def open(self) -> None:
        """Connect and say hello."""
        self._reader, self._writer = await asyncio.open_unix_connection(self._socket, limit=_LINE)
        await self.call("hello", api=1, version=__version__)

    async def close(self) -> None:
        await close_stream(self._writer)

    def write(self, request: int | str, method: str, **params: Any) -> None:
        line = {"jsonrpc": "2.0", "id": request, "method": method, "params": params}
        self._writer.write(json.dumps(line).encode() + b"\n")

    async def drain(self) -> None:
        await self._writer.drain()

    async def read(self) -> dict[str, Any]:
        """Wait for the next reply or event."""
        line = await self._reader.readline()
        if not line:
            raise ConnectionError("the daemon closed the connection")
        message: dict[str, Any] = json.loads(line)
        if "error" in message:
            raise ConnectionError(f"the daemon refused: {message['error']}")
        return message

    async def call(self, method: str, **params: Any) -> Any:
        """Ask and wait; events that come between are dropped."""
        request = f"call-{self._next}"
        self._next += 1
        self.write(request, method, **params)
        while (message := await self.read()).get("id") != request:
            pass
        return message["result"]


class P2pim(Contestant):
    """Two running daemons that have found each other, given by their API sockets; they are not ended."""

    name = "p2pim, signed, durable at both ends"

    def __init__(self, from_socket: Path, to_socket: Path) -> None:
        super().__init__()
        self._sender = _Api(from_socket)
        self._receiver = _Api(to_socket)
        self._numbers: dict[str, int] = {}  # message id → our number, until delivered
        self._delivered_early: set[str] = set()  # delivered before the reply that names the id was read

    async def open(self) -> None:
        """Make the two accept each other: by writing one text each."""
        for api in (self._sender, self._receiver):
            await api.open()
            self.cleanup.push_async_callback(api.close)
        there = (await self._receiver.call("identity.get"))["peer_id"]
        here = (await self._sender.call("identity.get"))["peer_id"]
        self._room = (await self._sender.call("message.send", room=there, text="hello"))["room"]
        await self._receiver.call("message.send", room=here, text="hello")
        await self._sender.call("subscribe")
        listening = asyncio.create_task(self._listen())
        self.cleanup.callback(listening.cancel)

    async def send(self, number: int) -> None:
        """One text."""
        self._sender.write(number, "message.send", room=self._room, text=TEXT)
        await self._sender.drain()

    async def _listen(self) -> None:
        while True:
            message = await self._sender.read()
            if message.get("method") == "event":
                self._event(message["params"])
            elif isinstance(message["id"], int):
                self._reply(message["id"], message["result"]["id"])

    def _reply(self, number: int, identifier: str) -> None:
        if identifier in self._delivered_early:
            self._delivered_early.remove(identifier)
            self.answered(number)
        else:
            self._numbers[identifier] = number

    def _event(self, event: dict[str, Any]) -> None:
        if event["type"] != "message.changed" or event["message"]["state"] != "delivered":
            return
        identifier = event["message"]["id"]
        if identifier in self._numbers:
            self.answered(self._numbers.pop(identifier))
        else:
            self._delivered_early.add(identifier)
