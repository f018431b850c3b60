"""API method → use case, for files. Nothing is decided here either."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from p2pim.api import schema
from p2pim.daemon import views
from p2pim.daemon.ports import UseCases
from p2pim.errors import BadInput


class FileHandlers:
    """The methods ``file.*`` over one node."""

    def __init__(self, node: UseCases) -> None:
        self._node = node
        self.methods: dict[str, Callable[..., Any]] = {
            "file.send": self.file_send,
            "file.accept": self.file_accept,
            "file.decline": lambda message: self._act(message, node.transfers.decline),
            "file.pause": lambda message: self._act(message, node.transfers.pause),
            "file.resume": lambda message: self._act(message, lambda one: node.transfers.accept(one, None)),
            "file.cancel": lambda message: self._act(message, node.transfers.cancel),
        }

    async def file_send(self, room: str, path: str) -> schema.Message:
        """Hash and offer."""
        chosen = Path(path)
        if not chosen.is_absolute():
            raise BadInput("file.send: path must be absolute.")
        return views.message(await self._node.transfers.send(self._node.resolve(room), chosen))

    def file_accept(self, message: str, folder: str | None = None) -> schema.Message:
        """Fetch, or go on."""
        place = None if folder is None else Path(folder)
        if place is not None and not place.is_absolute():
            raise BadInput("file.accept: folder must be absolute.")
        return self._act(message, lambda message_id: self._node.transfers.accept(message_id, place))

    def _act(self, message: str, act: Callable[[bytes], None]) -> schema.Message:
        message_id = self._node.find_message(message)
        act(message_id)
        return views.message(self._node.transfers.shown(message_id))
