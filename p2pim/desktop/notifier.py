"""Notifications of the desktop: a click opens the conversation, a reply is sent where the server takes one.

``desktop-notifier`` needs an event loop of asyncio, so it has a thread of its own; only plain values cross. Where there
is no server to show them, that is said once, and the tray and the task bar are what is left.
"""

from __future__ import annotations

import asyncio
import html
import logging
import sys
import threading
import warnings
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from p2pim.desktop.markup import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from p2pim.desktop.attention import Notice

log = logging.getLogger(__name__)

#: Characters of a message that a notification shows.
SHOWN = 300
#: Seconds to wait for a server at the start.
_PATIENCE = 5.0


class Notifier(QObject):
    """Shows notifications. ``show`` is called in the window's thread, and the signals arrive there."""

    #: The room whose notification was clicked.
    clicked = Signal(str)
    #: A room, and what was typed into its notification.
    replied = Signal(str, str)
    #: Why none can be shown.
    missing = Signal(str)

    def __init__(self, make: Callable[[], Any] | None = None) -> None:
        super().__init__()
        self._make = make or _made
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="notifications", daemon=True)
        self._server: Any = None
        self._looked = asyncio.Event()
        self._escapes = False
        self._replies = False

    def start(self) -> None:
        """Look for a server."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._find(), self._loop)

    def stop(self) -> None:
        """End the thread."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._loop.close()

    def show(self, notice: Notice) -> None:
        """Show something that happened in a room; its texts come from anybody."""
        asyncio.run_coroutine_threadsafe(self._show(notice), self._loop)

    # -- in the thread

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _find(self) -> None:
        try:
            await self._look()
        finally:
            self._looked.set()

    async def _look(self) -> None:
        try:
            server = self._make()
            capabilities = {
                each.name for each in await asyncio.wait_for(server.get_capabilities(), _PATIENCE)
            }
        except Exception as error:  # whatever this desktop lacks
            log.info("no notifications: %s", error)
            self.missing.emit(str(error) or type(error).__name__)
            return
        self._replies = "REPLY_FIELD" in capabilities
        # what a server on Linux makes of markup cannot be asked here: text that is escaped is plain on all that follow
        # the specification, where body-markup is common
        self._escapes = sys.platform not in ("win32", "darwin")
        self._server = server

    async def _show(self, notice: Notice) -> None:
        await self._looked.wait()
        if self._server is None:
            return
        room, title, text = notice.room, one_line(notice.title), one_line(notice.text)[:SHOWN]
        more: dict[str, Any] = {"on_clicked": lambda: self.clicked.emit(room), "thread": room}
        if notice.sound:
            from desktop_notifier import DEFAULT_SOUND  # noqa: PLC0415 (see _made)

            more["sound"] = DEFAULT_SOUND
        if self._replies:
            from desktop_notifier import ReplyField  # noqa: PLC0415 (see _made)

            more["reply_field"] = ReplyField(on_replied=lambda text: self.replied.emit(room, text))
        if self._escapes:
            text = html.escape(text, quote=False)
        try:
            await self._server.send(title=title, message=text, **more)
        except Exception as error:  # the server went away
            log.info("a notification was not shown: %s", error)


def _made() -> Any:
    """The library; loaded late, as it takes 0.2 s, and quietly, as it asks asyncio for what is going away."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from desktop_notifier import DesktopNotifier  # noqa: PLC0415

    return DesktopNotifier(app_name="p2pim", app_icon=None)
