"""A connection to a daemon's API socket, as any program in any language would make it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
from _contest import close_stream

from p2pim import __version__

_LINE = 1 << 20  # the API's longest line
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Api:
    """Requests out, replies and events in."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._next = 0

    async def open(self) -> None:
        """Connect and say hello."""
        self._reader, self._writer = await asyncio.open_unix_connection(self._socket, limit=_LINE)
        await self.call("hello", api=1, version=__version__)

    async def close(self) -> None:
        """End the connection."""
        await close_stream(self._writer)

    def write(self, request: int | str, method: str, **params: Any) -> None:
        """Ask without waiting."""
        line = {"jsonrpc": "2.0", "id": request, "method": method, "params": params}
        self._writer.write(_encode(line) + b"\n")

    async def drain(self) -> None:
        """Wait while the daemon does not read."""
        await self._writer.drain()

    async def read(self) -> dict[str, Any]:
        """Wait for the next reply or event."""
        line = await self._reader.readline()
        if not line:
            raise ConnectionError("the daemon closed the connection")
        message = _decode(line)
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
