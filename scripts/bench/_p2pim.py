"""p2pim itself: from `message.send` on one daemon to the event that it is stored on the other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import _daemons
from _api import Api
from _contest import TEXT, Contestant


class P2pim(Contestant):
    """Two daemons of its own, or two running ones that have met, given by their API sockets."""

    name = "p2pim, signed, durable at both ends"

    def __init__(self, sockets: Sequence[Path] = ()) -> None:
        super().__init__()
        self._sockets = sockets
        self._numbers: dict[str, int] = {}  # message id → our number, until delivered
        self._delivered_early: set[str] = set()  # delivered before the reply that names the id was read

    async def open(self) -> None:
        """Make the two accept each other: by writing one text each."""
        sockets = self._sockets or [d.socket for d in await _daemons.start_pair(self.cleanup)]
        self._sender, receiver = [Api(socket) for socket in sockets]
        for api in (self._sender, receiver):
            await api.open()
            self.cleanup.push_async_callback(api.close)
        there = (await receiver.call("identity.get"))["peer_id"]
        here = (await self._sender.call("identity.get"))["peer_id"]
        self._room = (await self._sender.call("message.send", room=there, text="hello"))["room"]
        await receiver.call("message.send", room=here, text="hello")
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
