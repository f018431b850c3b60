"""Files of a fake node: offers that change their state when told to, and nothing that moves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from p2pim.errors import BadInput
from p2pim.node.events import FileView, MessageView

if TYPE_CHECKING:
    from tests.fakes import FakeNode


class FakeTransfers:
    """The ``FileUseCases`` of a ``FakeNode``."""

    def __init__(self, node: FakeNode) -> None:
        self._node = node
        self.folders: list[Path | None] = []

    async def send(self, room: bytes, path: Path) -> MessageView:
        if not path.exists():  # noqa: ASYNC240
            raise BadInput(f"{path} cannot be read: No such file or directory.")
        file = offered(path.name, len(path.read_bytes()), state="sent")  # noqa: ASYNC240 (a fake)
        node = self._node
        with node.store.transaction():
            return node.store_line(room, node.peer_id, "ann", path.name, mine=True, file=file)

    def accept(self, message: bytes, folder: Path | None) -> None:
        self.folders.append(folder)
        self.change(message, state="wanted")

    def decline(self, message: bytes) -> None:
        self.change(message, state="declined")

    def pause(self, message: bytes) -> None:
        self.change(message, state="paused")

    def cancel(self, message: bytes) -> None:
        self.change(message, state="cancelled")

    def shown(self, message: bytes) -> MessageView:
        return next(view for view in self._node.messages if view.id == message)

    def change(self, message: bytes, **changes: Any) -> None:
        """It goes on."""
        view = self.shown(message)
        assert view.file is not None
        self._node.revise(view, "file", file=replace(view.file, **changes))


def offered(name: str, size: int, **more: Any) -> FileView:
    """A file that somebody offers."""
    values: dict[str, Any] = {"folder": False, "entries": 0, "state": "offered", "done": 0} | more
    values = {"path": "", "detail": ""} | values
    return FileView(name=name, size=size, root=bytes(32), **values)
