"""A server of notifications as desktops have one, in a process of its own: what it is asked to show, it tells in JSON.

`python notifications.py`: a line for each notification; on standard input `click ID` and `reply ID TEXT`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Annotated, Any

from dbus_fast import BusType
from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusDict, DBusInt32, DBusSignature, DBusStr, DBusUInt32
from dbus_fast.service import ServiceInterface, dbus_method, dbus_signal

Strings = Annotated[list[str], DBusSignature("as")]
Who = Annotated[tuple[str, str, str, str], DBusSignature("ssss")]
Closed = Annotated[tuple[int, int], DBusSignature("uu")]
Chosen = Annotated[tuple[int, str], DBusSignature("us")]


class Server(ServiceInterface):
    """Desktop Notifications Specification 1.2, and KDE's inline reply."""

    def __init__(self) -> None:
        super().__init__("org.freedesktop.Notifications")
        self.count = 0

    @dbus_method()
    def GetCapabilities(self) -> Strings:
        return ["actions", "body", "body-markup", "inline-reply"]

    @dbus_method()
    def GetServerInformation(self) -> Who:
        return "test", "p2pim", "1", "1.2"

    @dbus_method()
    def Notify(
        self,
        app: DBusStr,
        replaces: DBusUInt32,
        icon: DBusStr,
        summary: DBusStr,
        body: DBusStr,
        actions: Strings,
        hints: DBusDict,
        timeout: DBusInt32,
    ) -> DBusUInt32:
        self.count += 1
        told = {"id": self.count, "app": app, "summary": summary, "body": body, "actions": actions}
        # told a little after the answer is out: who asked must have read it, and no person clicks sooner
        asyncio.get_running_loop().call_later(0.3, lambda: print(json.dumps(told), flush=True))
        return self.count

    @dbus_method()
    def CloseNotification(self, number: DBusUInt32):  # type: ignore[no-untyped-def]
        self.NotificationClosed(number, 3)

    @dbus_signal()
    def NotificationClosed(self, number: int, reason: int) -> Closed:
        return number, reason

    @dbus_signal()
    def ActionInvoked(self, number: int, action: str) -> Chosen:
        return number, action

    @dbus_signal()
    def NotificationReplied(self, number: int, text: str) -> Chosen:
        return number, text


async def main() -> None:
    """Serve until standard input ends."""
    bus: Any = await MessageBus(bus_type=BusType.SESSION).connect()
    server = Server()
    bus.export("/org/freedesktop/Notifications", server)
    await bus.request_name("org.freedesktop.Notifications")
    print(json.dumps({"ready": True}), flush=True)
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    while line := (await reader.readline()).decode().rstrip("\n"):
        what, number, *text = line.split(" ", 2)
        if what == "click":
            server.ActionInvoked(int(number), "default")
        else:
            server.NotificationReplied(int(number), text[0])


if __name__ == "__main__":
    asyncio.run(main())
