"""Two people, two windows, one screen: from the first start to a team, by mouse, and the first half by keys alone."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from p2pim.api.client import Client
from p2pim.api.jsonrpc import NotRunning
from p2pim.config import Paths
from tests.daemons import ROOT
from tests.desktop.screen import Eyes, Screen, Thing, end, needs_screen, profile, until

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
            for person, name, x in ((anna, "Anna", 0), (ben, "Ben", 700)):
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


def test_a_day_at_work(people: tuple[Person, Person], screen: Screen, short_tmp: Path) -> None:
    anna, ben = people
    try:
        _a_day_at_work(anna, ben, screen)
    except AssertionError:
        screen.picture(Path("/tmp/x/fail.png"))
        raise


def _a_day_at_work(anna: Person, ben: Person, screen: Screen) -> None:
    # a message each way
    anna.click("Ben", "list item")
    anna.writes("hello Ben")
    ben.click("Anna", "list item")
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
    ben.click("You are Ben", "button")
    ben.find("Your name", "text")
    screen.key("Tab", "b", "Tab")
    screen.type("in a meeting")
    screen.key("Return")
    anna.sees("Ben", "in a meeting")
    # safety number, mute
    anna.click("Details", "check box")
    anna.find("Safety number", "label")
    anna.click("We compared them", "check box")
    anna.sees("Ben", ", verified")
    anna.click("All messages", "combo box")
    screen.key("Down", "Down", "Return")
    anna.sees("Ben", "muted")
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
