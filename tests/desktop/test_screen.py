"""Two people, two windows, one screen: from the first start to a team, by mouse, and the first half by keys alone."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from p2pim.api.client import Client, whole_history
from p2pim.api.jsonrpc import NotRunning
from p2pim.config import Paths
from tests.daemons import LOOPBACK, ROOT, Daemon
from tests.desktop.screen import Eyes, Screen, Thing, end, needs_screen, profile, until

#: Names that no daemon of another run on this machine has.
ANNA, BEN = f"Anna{os.getpid()}", f"Ben{os.getpid()}"

pytestmark = [needs_screen, pytest.mark.timeout(180)]


def is_main(title: str) -> bool:
    """Whether a title is that of the window itself, with or without the count of what is unread."""
    return title.split()[-1:] == ["p2pim"] and not title.startswith("Welcome")


class Person:
    """Somebody at the screen, with a profile and a window."""

    def __init__(self, screen: Screen, eyes: Eyes, home: Path) -> None:
        self.screen, self.eyes, self.home = screen, eyes, home
        self.env = profile(home, screen.env)
        self.process: subprocess.Popen[bytes]

    def start(self, *arguments: str) -> None:
        """README's command."""
        run = [sys.executable, str(ROOT / "scripts" / "run.py"), *arguments]
        self.process = self.screen.run(run, env=self.env)

    @property
    def pid(self) -> int:
        return self.process.pid

    def find(self, name: str, role: str = "", *, last: bool = False) -> Thing:
        return self.eyes.find(self.pid, name, role, last=last)

    def click(self, name: str, role: str = "", button: int = 1, *, last: bool = False) -> None:
        self.find(name, role)
        self.front()
        self.screen.click(self.find(name, role, last=last), button)

    def front(self) -> None:
        """Make one's window the one in front."""
        windows = self.screen.windows_of(self.pid)
        if self.screen.focused() not in windows:
            titled = sorted((not is_main(title), window) for window, title in windows.items() if title)
            self.screen.activate(titled[-1][1])  # a dialog, if one is open

    def said(self) -> list[str]:
        """The messages in sight."""
        return [
            t.name for t in self.eyes.see(self.pid) if t.role == "list item" and ", " in t.name and t.x > 0
        ]

    def hears(self, text: str) -> Thing:
        """Wait for a message with this text."""
        found: list[Thing] = []

        def is_there() -> bool:
            found[:] = [t for t in self.eyes.see(self.pid) if t.role == "list item" and f": {text}" in t.name]
            return bool(found)

        until(is_there, lambda: f"{text!r} among {self.said()}")
        return found[-1]

    def sees(self, name: str, what: str) -> None:
        """Wait until somebody's line in the list has this in it."""

        def line() -> str:
            return self.find(name, "list item", last=True).name

        until(lambda: what in line(), lambda: f"{what!r} in {line()!r}")

    def writes(self, text: str) -> None:
        self.click("Message", "text")
        self.screen.type(text)
        self.screen.key("Return")

    def stop(self) -> None:
        if hasattr(self, "process"):
            end(self.process)
        with contextlib.suppress(NotRunning), Client(Paths(self.home)) as client:
            client.stop()


@pytest.fixture
def screen(short_tmp: Path) -> Iterator[Screen]:
    with Screen(short_tmp) as made:
        yield made


@pytest.fixture
def people(short_tmp: Path, screen: Screen) -> Iterator[tuple[Person, Person]]:
    """Anna's window at the left, Ben's at the right."""
    with screen.eyes() as eyes:
        anna, ben = (Person(screen, eyes, short_tmp / name) for name in ("a", "b"))
        try:
            for person, name, x in ((anna, ANNA, 0), (ben, BEN, 700)):
                person.start()
                person.click("Your name", "text")
                screen.type(name)
                person.click("Go", "button")
                person.find(f"You are {name}, online")
                screen.place(person.pid, x, 0, 690, 780)
            yield anna, ben
        finally:
            for person in (anna, ben):
                person.stop()


def test_a_day_at_work(people: tuple[Person, Person], screen: Screen) -> None:
    anna, ben = people
    # a message each way
    anna.click(BEN, "list item")
    anna.writes("hello Ben")
    ben.click(ANNA, "list item")
    ben.hears("hello Ben")
    ben.writes("hello Anna")
    anna.hears("hello Anna")
    # a reaction, a reply, an edit
    screen.click(anna.hears("hello Anna"), button=3)
    screen.key("Down", "Return")
    until(lambda: "👍 1" in ben.hears("hello Anna").name, lambda: f"a reaction among {ben.said()}")
    ben.front()
    screen.click(ben.hears("hello Ben"), button=3)
    screen.key(*["Down"] * 7, "Return")
    ben.find("Answer to Anna", "label")
    screen.type("how are you?")
    screen.key("Return")
    anna.hears("how are you?")
    anna.click("Message", "text")
    screen.key("Up")
    screen.type(", dear")
    screen.key("Return")
    until(lambda: "edited" in ben.hears("hello Ben, dear").name, lambda: f"an edit among {ben.said()}")
    # search
    screen.key("ctrl+shift+f")
    anna.find("Words, or parts of words", "text")
    screen.type("dear")
    anna.find("1 message", "label")
    screen.key("Escape")
    # status
    ben.click(f"You are {BEN}", "button")
    ben.find("Your name", "text")
    screen.key("Tab", "b", "Tab")
    screen.type("in a meeting")
    screen.key("Return")
    anna.sees(BEN, "in a meeting")
    # safety number, mute
    anna.click("Details", "check box")
    anna.find("Safety number", "label")
    anna.click("Compared", "check box")
    anna.sees(BEN, ", verified")
    anna.click("All messages", "combo box")
    screen.key("Down", "Down", "Return")
    anna.sees(BEN, "muted")
    anna.click("Details", "check box")
    # a team, an invite, a join
    anna.click("Create or join a team", "button")
    anna.click("Create a team", "radio button")
    anna.click("The name of the team", "text")
    screen.type("Blue")
    screen.key("Return")
    anna.click("Details", "check box")
    anna.click("Invite", "button")
    link = anna.find("The link", "text")
    until(lambda: anna.find("The link", "text").text.startswith("p2pim:"), lambda: f"a link in {link}")
    link = anna.find("The link", "text")
    anna.find("Give this code to whom you want")
    screen.key("Escape")
    ben.click("Create or join a team", "button")
    ben.click("The code or link", "text")
    screen.type(link.text)
    screen.key("Return")
    ben.find("#Blue", "list item")
    ben.writes("hello team")
    anna.hears("hello team")


def test_by_keys_alone(short_tmp: Path, screen: Screen) -> None:
    """The first half of it again, without a mouse."""
    with screen.eyes() as eyes, contextlib.ExitStack() as stack:
        anna, ben = (Person(screen, eyes, short_tmp / name) for name in ("a", "b"))
        for person, name, x in ((anna, ANNA, 0), (ben, BEN, 700)):
            stack.callback(person.stop)
            person.start()
            person.find("Your name", "text")
            screen.type(name)
            screen.key("Return")
            person.find(f"You are {name}, online")
            screen.place(person.pid, x, 0, 690, 780)
        for person, other, text in ((anna, BEN, "hello Ben"), (ben, ANNA, "hello Anna")):
            person.find(other, "list item", last=True)
            person.front()
            screen.key("ctrl+k")
            person.find("A person or room", "text")
            screen.type(other)
            screen.key("Return")
            person.find("Message", "text")
            screen.type(text)
            screen.key("Return")
            person.hears(text)
        anna.hears("hello Anna")
        # from the composer to the message, and what its menu offers: a reaction, then a reply
        ben.find("Messages", "list")
        screen.key("shift+Tab", "End", "Home", "Menu")
        screen.key("Down", "Return")
        until(lambda: "👍 1" in anna.hears("hello Ben").name, lambda: f"a reaction among {anna.said()}")
        screen.key("Menu")
        screen.key(*["Down"] * 7, "Return")
        ben.find("Answer to", "label")
        screen.type("nice to see you")
        screen.key("Return")
        anna.hears("nice to see you")
        screen.key("Up")
        screen.type(" here")
        screen.key("Return")
        until(lambda: "edited" in anna.hears("nice to see you here").name, lambda: f"an edit: {anna.said()}")
        screen.key("ctrl+shift+f")
        ben.find("Words, or parts of words", "text")
        screen.type("nice")
        ben.find("1 message", "label")


def test_nothing_is_lost_and_the_focus_never_taken_whatever_restarts(short_tmp: Path, screen: Screen) -> None:
    with screen.eyes() as eyes, contextlib.ExitStack() as stack:
        anna = Person(screen, eyes, short_tmp / "a")
        ben = stack.enter_context(Daemon(short_tmp / "b", settings=LOOPBACK)).start()
        ben.client.call("identity.name", nickname=BEN)
        stack.callback(anna.stop)
        anna.start()
        anna.click("Your name", "text")
        screen.type(ANNA)
        screen.key("Return")
        anna.click(BEN, "list item")
        anna.writes("hi")
        until(lambda: len(ben.client.history(_peer(ben, ANNA))) == 1, lambda: "Ben has the first message")
        screen.key("alt+F4")
        until(lambda: not screen.windows_of(anna.pid), lambda: "the window is gone")
        until(screen.has_icon, lambda: "the icon is in the tray")
        typewriter = screen.run(
            [sys.executable, str(ROOT / "tests" / "desktop" / "typewriter.py")], env=screen.env
        )
        screen.click(eyes.find(typewriter.pid, "page"))
        focus = screen.focused()
        screen.stop_panel()
        to, typed = _peer(ben, ANNA), ""
        for number in range(500):
            ben.client.send(to, f"number {number}")
            if number % 50 == 0:
                typed += f"line {number} "
                screen.type(f"line {number} ")
            if number == 200:
                kill_9(anna)
            if number == 300:
                screen.start_panel()
        until(lambda: _unread(anna) == 500, lambda: f"500 unread, not {_unread(anna)}", within=60)
        until(screen.has_icon, lambda: "the icon is in the tray again")
        assert screen.focused() == focus
        assert eyes.find(typewriter.pid, "page").text == typed
        until(lambda: "(500) p2pim" in screen.titles_of(anna.pid), lambda: "the badge says 500")
        again = screen.run([sys.executable, str(ROOT / "scripts" / "run.py")], env=anna.env)
        assert again.wait(20) == 0, "a second start shows the first and ends"
        with Client(Paths(anna.home)) as client:
            texts = [m["text"] for m in whole_history(client, _room(client, BEN), 1_000)]
        assert texts == ["hi", *(f"number {number}" for number in range(500))]
        anna.hears("number 499")
        anna.front()
        until(lambda: any(t.name == "p2pim" for t in eyes.see(anna.pid)), lambda: "all was read")


def _peer(daemon: Daemon, name: str) -> str:
    return next(p["peer_id"] for p in daemon.client.peers() if p["nickname"] == name)


def _room(client: Client, name: str) -> str:
    return next(p["room"] for p in client.peers() if p["nickname"] == name)


def _unread(person: Person) -> int:
    try:
        with Client(Paths(person.home)) as client:
            return client.status()["unread"]
    except NotRunning:
        return -1


def kill_9(person: Person) -> None:
    """Kill somebody's daemon, by its id."""
    with Client(Paths(person.home)) as client:
        os.kill(client.status()["pid"], signal.SIGKILL)


def test_without_tray_notifications_and_bus_it_starts_and_says_so_once(short_tmp: Path) -> None:
    with Screen(short_tmp, tray=False) as screen, screen.eyes() as eyes, contextlib.ExitStack() as stack:
        anna = Person(screen, eyes, short_tmp / "a")
        anna.env["FONTCONFIG_FILE"] = str(without_emoji(short_tmp))
        stack.callback(anna.stop)
        anna.start()
        anna.find("This desktop shows no notifications", "label")
        anna.find("No font has emoji in colour", "label")
        anna.click("Your name", "text")
        screen.type(ANNA)
        screen.key("Return")
        anna.find(f"You are {ANNA}")
        screen.key("alt+F4")
        anna.find("There is no tray here", "label")
        until(lambda: not screen.windows_of(anna.pid), lambda: "the window waits in the task bar")
        again = screen.run([sys.executable, str(ROOT / "scripts" / "run.py")], env=anna.env)
        assert again.wait(20) == 0
        anna.find(f"You are {ANNA}")
        screen.key("ctrl+q")
        assert anna.process.wait(20) == 0
        anna.env.pop("DBUS_SESSION_BUS_ADDRESS")
        anna.env["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/nowhere"
        anna.start()  # it has said what it had to say: not again
        until(lambda: bool(screen.windows_of(anna.pid)), lambda: "a window without a bus")
        until(lambda: anna.process.poll() is None and _runs(anna), lambda: "it goes on")


def without_emoji(folder: Path) -> Path:
    """A configuration of fonts that knows one family, without emoji."""
    file = folder / "fonts.conf"
    fonts = "/usr/share/fonts/truetype/dejavu"
    file.write_text(
        f"<fontconfig><dir>{fonts}</dir><cachedir>{folder}</cachedir></fontconfig>", encoding="utf-8"
    )
    return file


def _runs(person: Person) -> bool:
    """Whether the window keeps its daemon."""
    return _unread(person) == 0


def test_how_long_nobody_was_there_is_known_on_x(short_tmp: Path) -> None:
    with Screen(short_tmp, tray=False) as screen:
        ask = "from PySide6.QtCore import QCoreApplication as A; from p2pim.desktop.idle import look; "
        ask += "a = A([]); first = look(); input(); print(first, look(), flush=True)"
        env = {**screen.env, "PYTHONPATH": str(ROOT)}
        asking = screen.run(
            [sys.executable, "-c", ask], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        screen.click_at(10, 10)
        done, _ = asking.communicate(b"\n", timeout=20)
        first, second = (float(word) for word in done.split())
        assert 0 <= first < 20
        assert 0 <= second < 20
