"""How long nobody has touched keyboard or mouse, where this desktop tells; and when that makes one away.

Where it is not known nobody is ever made away: better online than wrongly gone.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import sys
from collections.abc import Callable
from typing import Any, Final

from PySide6.QtDBus import QDBusConnection, QDBusInterface, QDBusMessage

#: Seconds, or None: not known.
Look = Callable[[], float | None]
#: Services on the session bus that know it, in ms: name, path, interface, method.
_SERVICES: Final = (
    (
        "org.gnome.Mutter.IdleMonitor",
        "/org/gnome/Mutter/IdleMonitor/Core",
        "org.gnome.Mutter.IdleMonitor",
        "GetIdletime",
    ),
    ("org.kde.screensaver", "/ScreenSaver", "org.freedesktop.ScreenSaver", "GetSessionIdleTime"),
    ("org.freedesktop.ScreenSaver", "/ScreenSaver", "org.freedesktop.ScreenSaver", "GetSessionIdleTime"),
)
#: Services that know whether the screen is locked.
_LOCKS: Final = (
    ("org.gnome.ScreenSaver", "/org/gnome/ScreenSaver", "org.gnome.ScreenSaver"),
    ("org.freedesktop.ScreenSaver", "/ScreenSaver", "org.freedesktop.ScreenSaver"),
)
LOCKED: Final = float("inf")


class Away:
    """When to say that one is away, and when that one is back; only what it said itself is taken back."""

    def __init__(self, minutes: int) -> None:
        self.minutes = minutes
        self.said = False

    def step(self, idle: float | None, presence: str) -> str | None:
        """The presence to set now; None: as it is."""
        if self.said and presence != "away":
            self.said = False  # the user chose something meanwhile
        if idle is None or self.minutes <= 0:
            return self._back()
        if idle >= self.minutes * 60:
            if presence == "online":
                self.said = True
                return "away"
            return None
        return self._back()

    def _back(self) -> str | None:
        if not self.said:
            return None
        self.said = False
        return "online"


def look() -> float | None:
    """Seconds since the last key or movement; infinite while the screen is locked; None where nobody tells."""
    if sys.platform == "win32":
        return _windows()
    if sys.platform == "darwin":
        return _mac()
    if _locked():
        return LOCKED
    if os.environ.get("WAYLAND_DISPLAY"):
        return _on_bus()
    idle = _x11()
    return _on_bus() if idle is None else idle


def _asked(service: str, path: str, interface: str, method: str) -> Any:
    bus = QDBusConnection.sessionBus()
    names = bus.interface() if bus.isConnected() else None
    if names is None or not names.isServiceRegistered(service).value():
        return None
    reply = QDBusInterface(service, path, interface, bus).call(method)
    if reply.type() is not QDBusMessage.MessageType.ReplyMessage or not reply.arguments():
        return None
    return reply.arguments()[0]


def _on_bus() -> float | None:
    for service in _SERVICES:
        if isinstance(found := _asked(*service), int) and found >= 0:
            return found / 1000
    return None


def _locked() -> bool:
    return any(_asked(*lock, "GetActive") is True for lock in _LOCKS)


class _Info(ctypes.Structure):
    """XScreenSaverInfo (X11/extensions/scrnsaver.h)."""

    _fields_ = (
        ("window", ctypes.c_ulong),
        ("state", ctypes.c_int),
        ("kind", ctypes.c_int),
        ("til_or_since", ctypes.c_ulong),
        ("idle", ctypes.c_ulong),
        ("event_mask", ctypes.c_ulong),
    )


class _X11:
    """The extension MIT-SCREEN-SAVER, on a connection of its own."""

    def __init__(self) -> None:
        x11, saver = (
            ctypes.CDLL(ctypes.util.find_library(name) or f"lib{name}.so") for name in ("X11", "Xss")
        )
        x11.XOpenDisplay.restype = ctypes.c_void_p
        x11.XDefaultRootWindow.argtypes = [ctypes.c_void_p]
        x11.XDefaultRootWindow.restype = ctypes.c_ulong
        saver.XScreenSaverQueryInfo.argtypes = [ctypes.c_void_p, ctypes.c_ulong, ctypes.POINTER(_Info)]
        self._display = x11.XOpenDisplay(None)
        if not self._display:
            raise OSError("no X display")
        self._root = x11.XDefaultRootWindow(self._display)
        self._query = saver.XScreenSaverQueryInfo

    def idle(self) -> float | None:
        info = _Info()
        return info.idle / 1000 if self._query(self._display, self._root, ctypes.byref(info)) else None


_x11_known: list[_X11 | None] = []


def _x11() -> float | None:
    if not _x11_known:
        try:
            _x11_known.append(_X11() if os.environ.get("DISPLAY") else None)
        except OSError:
            _x11_known.append(None)
    return None if _x11_known[0] is None else _x11_known[0].idle()


def _windows() -> float | None:  # pragma: no cover - Windows
    if sys.platform != "win32":
        return None

    class LastInput(ctypes.Structure):
        """LASTINPUTINFO (winuser.h)."""

        _fields_ = (("size", ctypes.c_uint), ("time", ctypes.c_uint))

    info = LastInput(ctypes.sizeof(LastInput), 0)
    if not ctypes.windll.user32.GetLastInputInfo(ctypes.byref(info)):
        return None
    return ((ctypes.windll.kernel32.GetTickCount() - info.time) & 0xFFFFFFFF) / 1000


def _mac() -> float | None:  # pragma: no cover - macOS
    library = ctypes.util.find_library("ApplicationServices")
    if library is None:
        return None
    seconds = ctypes.CDLL(library).CGEventSourceSecondsSinceLastEventType
    seconds.argtypes = [ctypes.c_uint32, ctypes.c_uint32]
    seconds.restype = ctypes.c_double
    # kCGEventSourceStateCombinedSessionState, kCGAnyInputEventType
    return float(seconds(0, 0xFFFFFFFF))
