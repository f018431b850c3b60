"""A screen as users have one: an X server, a window manager, a panel with a tray, a session bus with accessibility.

What is on it is read as a screen reader does it (AT-SPI), and used by real keys and clicks (XTEST, through xdotool). So
what these tests cannot find, nobody who depends on a screen reader finds.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import pytest
from dbus_fast import BusType, Message, MessageType
from dbus_fast.aio import MessageBus
from PySide6.QtGui import QImage

from p2pim.desktop.tray import BLUE

PROGRAMS = (
    "Xvfb",
    "import",
    "openbox",
    "trayer",
    "xdotool",
    "dbus-daemon",
    "/usr/libexec/at-spi-bus-launcher",
)
missing = [program for program in PROGRAMS if shutil.which(program) is None]
needs_screen = pytest.mark.skipif(
    bool(missing), reason=f"needs {', '.join(missing)}: see .ci/run for the packages"
)

PATIENCE = 20.0
LOOK = 0.1
#: Questions under way at once.
MANY = 32
_ACCESSIBLE = "org.a11y.atspi.Accessible"


class Thing(NamedTuple):
    """Something on the screen: what a screen reader knows of it."""

    role: str
    name: str
    x: int
    y: int
    width: int
    height: int
    checked: bool
    text: str

    @property
    def is_seen(self) -> bool:
        """Whether it takes room on the screen."""
        return self.width > 0 and self.height > 0


class Screen:
    """The screen; ``env`` is what a program needs to be shown on it."""

    def __init__(self, folder: Path, *, tray: bool = True, width: int = 1_400, height: int = 900) -> None:
        self._folder = folder
        self._tray = tray
        self._size = f"{width}x{height}x24"
        self._stack = contextlib.ExitStack()
        self.env: dict[str, str] = {}
        self._panel: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        display, reading = self._start_x()
        self._stack.callback(reading.close)
        runtime = self._folder / "xdg"
        runtime.mkdir(mode=0o700, exist_ok=True)
        self.env = {
            **os.environ,
            "DISPLAY": display,
            "XDG_RUNTIME_DIR": str(runtime),
            "QT_QPA_PLATFORM": "xcb",
            "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1",
            "NO_AT_BRIDGE": "0",
        }
        self.env.pop("WAYLAND_DISPLAY", None)
        bus = self.run(["dbus-daemon", "--session", "--nofork", "--print-address=1"], stdout=subprocess.PIPE)
        assert bus.stdout is not None
        self.env["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.readline().decode().strip()
        self._stack.callback(bus.stdout.close)
        self.run(["/usr/libexec/at-spi-bus-launcher", "--launch-immediately"])
        self.run(["openbox"])
        # before that a new window gets no focus, and what is typed goes nowhere
        until(lambda: self._does("get_desktop"), lambda: "a window manager")
        if self._tray:
            self.start_panel()
        return self

    def _start_x(self) -> tuple[str, Any]:
        reading, writing = os.pipe()
        argv = ["Xvfb", "-displayfd", str(writing), "-screen", "0", self._size, "-nolisten", "tcp"]
        argv += [
            "-noreset"
        ]  # else it starts over when the first client leaves, and the window manager with it
        self.run(argv, pass_fds=(writing,), env=dict(os.environ))
        os.close(writing)
        file = os.fdopen(reading)
        return f":{file.readline().strip()}", file

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def run(self, argv: Sequence[str], **more: Any) -> subprocess.Popen[bytes]:
        """Start a program on the screen; it is ended with it."""
        given: dict[str, Any] = {"env": self.env, "stdin": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        given |= {"stdout": subprocess.DEVNULL} | more
        process = subprocess.Popen(argv, **given)
        self._stack.callback(end, process)
        return process

    # -- the panel

    def start_panel(self) -> None:
        """Start the panel with the tray."""
        self._panel = self.run(["trayer", "--edge", "bottom", "--height", "28", "--expand", "true"])

    def stop_panel(self) -> None:
        """Kill it."""
        assert self._panel is not None
        end(self._panel)

    # -- hands

    def _do(self, *words: str, may_fail: bool = False) -> str:
        argv = ["xdotool", *words]
        done = subprocess.run(argv, env=self.env, capture_output=True, text=True, check=not may_fail)
        return done.stdout.strip()

    def _does(self, *words: str) -> bool:
        """Whether xdotool can do something at present."""
        argv = ["xdotool", *words]
        return subprocess.run(argv, env=self.env, capture_output=True, check=False).returncode == 0

    def click(self, thing: Thing, button: int = 1) -> None:
        """Click into the middle of something."""
        self.click_at(thing.x + thing.width // 2, thing.y + thing.height // 2, button)

    def click_at(self, x: int, y: int, button: int = 1) -> None:
        """Click somewhere."""
        self._do("mousemove", str(x), str(y), "click", str(button))

    def type(self, text: str) -> None:
        """Type into whatever has the focus."""
        self._do("type", "--delay", "4", text)

    def key(self, *keys: str) -> None:
        """Press keys, each as ``ctrl+k``."""
        self._do("key", *keys)

    def focused(self) -> str:
        """The id of the window that has the focus; "" where none has."""
        return self._do("getwindowfocus", may_fail=True)

    def windows_of(self, pid: int) -> dict[str, str]:
        """The windows of a program that are shown, by id, and their titles; without its icon in the tray."""
        search = ["xdotool", "search", "--onlyvisible", "--pid", str(pid)]
        found = subprocess.run(search, env=self.env, capture_output=True, text=True, check=False).stdout
        return {
            window: self._do("getwindowname", window) for window in found.split() if self._is_large(window)
        }

    def titles_of(self, pid: int) -> list[str]:
        """The titles of all windows of a program, those that are hidden too."""
        search = ["xdotool", "search", "--pid", str(pid)]
        found = subprocess.run(search, env=self.env, capture_output=True, text=True, check=False).stdout
        return [self._do("getwindowname", window, may_fail=True) for window in found.split()]

    def _is_large(self, window: str) -> bool:
        """Whether it is more than an icon in the tray."""
        said = self._do("getwindowgeometry", "--shell", window, may_fail=True)
        wide = next((line.partition("=")[2] for line in said.splitlines() if line.startswith("WIDTH=")), "0")
        return int(wide) > 100

    def place(self, pid: int, x: int, y: int, width: int, height: int) -> None:
        """Put the window of a program somewhere."""
        window = next(
            i
            for i, title in self.windows_of(pid).items()
            if title.split()[-1:] == ["p2pim"] and "Welcome" not in title
        )
        self._do("windowsize", "--sync", window, str(width), str(height))
        self._do("windowmove", "--sync", window, str(x), str(y))

    def activate(self, window: str) -> None:
        """Bring a window to the front, as the task bar does.

        A window manager that has only just started does not say yet which one is in front, and xdotool gives up.
        """
        until(lambda: self._does("windowactivate", "--sync", window), lambda: f"window {window} in front")

    def picture(self, file: Path) -> None:
        """What the screen shows, as a PNG."""
        subprocess.run(["import", "-window", "root", str(file)], env=self.env, check=True)

    def has_icon(self) -> bool:
        """Whether our icon is in the panel: its blue is seen in the lowest part of the screen."""
        file = self._folder / "panel.png"
        self.picture(file)
        image = QImage(str(file))
        lowest = range(image.height() - 28, image.height())
        return any(image.pixelColor(x, y).name() == BLUE for y in lowest for x in range(0, 300))

    @contextlib.contextmanager
    def eyes(self) -> Iterator[Eyes]:
        """Somebody who looks."""
        eyes = Eyes(self.env["DBUS_SESSION_BUS_ADDRESS"])
        try:
            yield eyes
        finally:
            eyes.close()


class Eyes:
    """Reads the screen over AT-SPI."""

    def __init__(self, session: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._few = asyncio.Semaphore(MANY)
        self._bus: MessageBus = self._loop.run_until_complete(self._connect(session))

    async def _connect(self, session: str) -> MessageBus:
        bus = await MessageBus(bus_address=session, bus_type=BusType.SESSION).connect()
        (address,) = await _asked(bus, "org.a11y.Bus", "/org/a11y/bus", "org.a11y.Bus", "GetAddress")
        bus.disconnect()
        return await MessageBus(bus_address=address).connect()

    def close(self) -> None:
        """Look no more."""
        self._bus.disconnect()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def see(self, pid: int) -> list[Thing]:
        """Everything a program shows now, in order."""
        return self._loop.run_until_complete(self._see(pid))

    def find(self, pid: int, name: str, role: str = "", *, last: bool = False) -> Thing:
        """Something in sight whose name begins so; waits until there is something."""
        found: list[Thing] = []

        def is_there() -> bool:
            found[:] = [t for t in self.see(pid) if t.is_seen and t.name.startswith(name) and role in t.role]
            return bool(found)

        until(
            is_there,
            lambda: f"{role} {name!r} among {[(t.role, t.name) for t in self.see(pid) if t.is_seen]}",
        )
        return found[-1 if last else 0]

    def gone(self, pid: int, name: str) -> None:
        """Wait until nothing in sight has a name that begins so."""
        until(
            lambda: not any(t.is_seen and t.name.startswith(name) for t in self.see(pid)),
            lambda: f"no {name!r}",
        )

    async def _see(self, pid: int) -> list[Thing]:
        registry, root = "org.a11y.atspi.Registry", "/org/a11y/atspi/accessible/root"
        (programs,) = await _asked(self._bus, registry, root, _ACCESSIBLE, "GetChildren")
        for owner, path in programs:
            asked = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")
            (process,) = await _asked(self._bus, *asked, "GetConnectionUnixProcessID", "s", owner)
            if process == pid:
                return await self._walk(owner, path)
        return []

    async def _walk(self, owner: str, path: str) -> list[Thing]:
        try:
            thing = await self._thing(owner, path)
            if not thing.is_seen and thing.role != "application":
                return []  # nor is what is in it
            (children,) = await self._ask(owner, path, _ACCESSIBLE, "GetChildren")
        except LookupError:
            return []  # it went away while one looked
        within = [self._walk(*child) for child in children if child[1] != "/org/a11y/atspi/null"]
        return [thing, *(each for found in await asyncio.gather(*within) for each in found)]

    async def _ask(self, *what: Any) -> Any:
        async with self._few:  # more would fill the socket
            return await _asked(self._bus, *what)

    async def _thing(self, owner: str, path: str) -> Thing:
        component, properties = "org.a11y.atspi.Component", "org.freedesktop.DBus.Properties"
        (name,), (role,), (states,), (where,) = await asyncio.gather(
            self._ask(owner, path, properties, "Get", "ss", _ACCESSIBLE, "Name"),
            self._ask(owner, path, _ACCESSIBLE, "GetRoleName"),
            self._ask(owner, path, _ACCESSIBLE, "GetState"),
            self._ask(owner, path, component, "GetExtents", "u", 0),
        )
        text = ""
        if role == "text":
            (text,) = await self._ask(owner, path, "org.a11y.atspi.Text", "GetText", "ii", 0, -1)
        x, y, width, height = where
        return Thing(role, name.value, x, y, width, height, bool(states[0] & 1 << 4), text)


async def _asked(bus: MessageBus, owner: str, path: str, interface: str, member: str, *given: Any) -> Any:
    signature, body = (given[0], list(given[1:])) if given else ("", [])
    reply = await bus.call(
        Message(
            destination=owner, path=path, interface=interface, member=member, signature=signature, body=body
        )
    )
    if reply is None or reply.message_type is MessageType.ERROR:
        raise LookupError(f"{member} of {path}")
    return reply.body


def until(holds: Callable[[], bool], wanted: Callable[[], str], within: float = PATIENCE) -> None:
    """Look again and again until something holds: a screen tells nobody that it looks different."""
    end_at = time.monotonic() + within
    while not holds():
        if time.monotonic() > end_at:
            raise AssertionError(f"not within {within:g} s: {wanted()}")
        time.sleep(LOOK)


def end(process: subprocess.Popen[Any]) -> None:
    """End a program, by its id."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def profile(home: Path, env: Mapping[str, str]) -> dict[str, str]:
    """A profile of its own on the loopback interface; what a program needs to use it."""
    home.mkdir(mode=0o700)
    (home / "config.toml").write_text('port = 0\ninterfaces = ["127.0.0.1"]\n', encoding="utf-8")
    return {**env, "P2PIM_HOME": str(home)}
