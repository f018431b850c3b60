"""One desktop program a profile: a second start shows the window of the first and ends."""

from __future__ import annotations

import hashlib
import sys
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

if TYPE_CHECKING:
    from p2pim.config import Paths

#: Milliseconds to wait for the first.
_PATIENCE: Final = 2_000


def _name(paths: Paths) -> str:
    """A socket in a folder of ours; on Windows a pipe, whose name is no path."""
    path = str(paths.runtime / "desktop.sock")
    return f"p2pim-{hashlib.sha256(path.encode()).hexdigest()[:32]}" if sys.platform == "win32" else path


class Single(QObject):
    """Listens on a socket in the profile's runtime folder, which nobody else can enter."""

    #: Somebody started p2pim again.
    asked = Signal()

    def __init__(self, paths: Paths, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._name = _name(paths)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._called)

    def is_first(self) -> bool:
        """Whether no other runs; one that does is told to show its window."""
        socket = QLocalSocket()
        socket.connectToServer(self._name)
        if socket.waitForConnected(_PATIENCE):
            socket.write(b"show")
            socket.waitForBytesWritten(_PATIENCE)
            socket.disconnectFromServer()
            return False
        QLocalServer.removeServer(self._name)  # what one left behind that was killed
        self._server.listen(self._name)
        return True

    def _called(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.disconnected.connect(socket.deleteLater)
            self.asked.emit()

    def close(self) -> None:
        """Let another start."""
        self._server.close()
