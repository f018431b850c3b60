from __future__ import annotations

import argparse
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from p2pim.api.client import Client
from p2pim.cli.chat import LATE_AFTER, TYPING_EVERY, Conversation
from p2pim.cli.output import Output
from p2pim.cli.run import Run
from p2pim.node.events import PeerChanged, StorageChanged
from tests.served import Served, served
from tests.unit.cli.conftest import P2pim


class FakeScreen:
    """Lines to be typed, and those shown."""

    def __init__(self) -> None:
        self.ended = False
        self.echoes = False
        self.lines: list[str] = []
        self.shown: list[str] = []

    def fileno(self) -> int:
        raise NotImplementedError

    def read(self) -> list[str]:
        lines, self.lines = self.lines, []
        return lines

    def show(self, lines: list[str]) -> None:
        self.shown += lines


class Talk:
    """A conversation with everything around it in a test's hands."""

    def __init__(self, profile: Served, client: Client, room: str, as_json: bool = False) -> None:
        self.profile = profile
        self.client = client
        self.screen = FakeScreen()
        self.now = 100.0
        self.out = io.StringIO()
        client.subscribe()
        run = Run(argparse.Namespace(home=str(profile.paths.home)), Output(as_json, self.out))
        self.it = Conversation(run, client, client.room(room), self.screen, lambda: self.now)
        self.it.begin()

    def type(self, *lines: str) -> list[str]:
        """Type lines; what appeared since."""
        self.screen.lines = list(lines)
        self.it.typed()
        return self.appeared()

    def appeared(self) -> list[str]:
        """Let everything that happened arrive; what appeared since."""
        self.client.identity()  # what was sent before its answer is here now
        self.it.catch_up()
        shown, self.screen.shown = self.screen.shown, []
        return shown


@pytest.fixture
def profile(short_tmp: Path) -> Iterator[Served]:
    with served(short_tmp) as running:
        yield running


@pytest.fixture
def client(profile: Served) -> Iterator[Client]:
    with Client(profile.paths) as connected:
        yield connected


def test_history_comes_first_and_is_read(profile: Served, client: Client) -> None:
    profile.do(lambda: profile.node.receive("ben", "before"))
    talk = Talk(profile, client, "#lobby")
    assert talk.screen.shown[0] == "-- #lobby: /help tells more; Ctrl-D leaves"
    assert talk.screen.shown[1].endswith(" ben: before")
    assert not profile.node.messages[0].unread


def test_what_others_write_appears_once_and_is_read(profile: Served, client: Client) -> None:
    talk = Talk(profile, client, "#lobby")
    talk.appeared()
    view = profile.do(lambda: profile.node.receive("ben", "hi"))
    assert [line.split(" ", 2)[2] for line in talk.appeared()] == ["ben: hi"]
    profile.do(lambda: profile.node.deliver(profile.node.messages[0]))
    assert talk.appeared() == []
    assert view.unread
    assert not profile.node.messages[0].unread


def test_what_happens_while_the_history_is_fetched_is_not_missed(profile: Served, client: Client) -> None:
    """Its events come before the answers, where no ``select`` sees them any more."""
    talk = Talk(profile, client, "#lobby")
    talk.appeared()
    profile.do(lambda: profile.node.receive("ben", "one"))
    client.identity()  # the event is inside the client now
    original = client.read

    def read(room: str, seq: int) -> None:
        profile.do(lambda: len(profile.node.messages) < 3 and profile.node.receive("ben", "two"))
        original(room, seq)

    client.read = read  # type: ignore[method-assign] # more happens while the first is marked as read
    talk.it.catch_up()
    assert [line.split(" ", 2)[2] for line in talk.screen.shown] == ["ben: one", "ben: two", "ben: two"]


def test_what_is_said_about_messages_appears(profile: Served, client: Client) -> None:
    node = profile.node
    talk = Talk(profile, client, "#lobby")
    view = profile.do(lambda: node.receive("ben", "helo", mentions_me=True))
    assert talk.appeared()[-1].endswith(" ben [mentions you]: helo")
    view = profile.do(lambda: node.edit(view.id, "hello"))
    (line,) = talk.appeared()
    assert line.endswith(" ben [mentions you]: hello (edited)")
    view = profile.do(lambda: node.react(view.id, "👍"))
    assert talk.appeared() == ["-- 👍 1 to ben's message: hello"]
    profile.do(lambda: node.revise(view, "quote"))
    assert talk.appeared() == []
    profile.do(lambda: node.delete(view.id))
    assert "(deleted)" in talk.appeared()[0]
    elsewhere = profile.do(lambda: node.receive("ben", "to me", node.resolve("ben")))
    profile.do(lambda: node.react(elsewhere.id, "👍"))
    assert talk.appeared() == []
    talk.type("@ben and @room")
    assert node.meant == ([node.known["ben"].peer_id], True)


def test_changes_of_what_was_never_shown_do_not_appear(profile: Served, client: Client) -> None:
    node = profile.node
    views = [profile.do(lambda n=n: node.receive("ben", f"{n}")) for n in range(40)]  # type: ignore[misc]
    talk = Talk(profile, client, "#lobby")
    talk.appeared()
    profile.do(lambda: node.edit(views[0].id, "long ago"))
    profile.do(lambda: node.react(views[1].id, "👍"))
    assert talk.appeared() == []


def test_other_rooms_do_not_disturb(profile: Served, client: Client) -> None:
    talk = Talk(profile, client, "ben")
    talk.appeared()
    profile.do(lambda: profile.node.receive("ben", "in the lobby"))
    assert talk.appeared() == []
    assert profile.node.messages[0].unread


def test_a_line_is_sent_and_shown(profile: Served, client: Client) -> None:
    talk = Talk(profile, client, "#lobby")
    talk.appeared()
    assert [line.split(" ", 2)[2] for line in talk.type("hello", "  ", "//shrug")] == [
        "you: hello",
        "you: /shrug",
    ]
    assert [view.text for view in profile.node.messages] == ["hello", "/shrug"]


def test_a_line_that_is_on_the_screen_already_is_not_shown_again(profile: Served, client: Client) -> None:
    talk = Talk(profile, client, "#lobby")
    talk.appeared()
    talk.screen.echoes = True
    assert talk.type("hello") == []
    with Client(profile.paths) as other:
        other.send("#lobby", "from another window")
    assert talk.appeared()[0].endswith(" you: from another window")


def test_a_refused_line_ends_nothing(profile: Served, client: Client) -> None:
    talk = Talk(profile, client, "ben")
    talk.appeared()
    assert talk.type("blocked") == ["-- You blocked them: unblock them first."]
    assert not talk.it.over


def test_commands(profile: Served, client: Client) -> None:
    talk = Talk(profile, client, "#lobby")
    talk.appeared()
    assert talk.type("/peers") == ["-- here: ben"]
    assert "/quit" in talk.type("/help")[0]
    assert talk.type("/password hunter2")[0].startswith("-- /password is no command and was not sent")
    assert profile.node.messages == []
    talk.type("/quit", "not sent any more")
    assert talk.it.over
    assert profile.node.messages == []


def test_the_end_of_input_ends_it(profile: Served, client: Client) -> None:
    talk = Talk(profile, client, "#lobby")
    talk.screen.ended = True
    talk.type("last")
    assert talk.it.over
    assert profile.node.messages[0].text == "last"


def test_a_late_message_is_told_once_and_so_is_its_delivery(profile: Served, client: Client) -> None:
    talk = Talk(profile, client, "ben")
    talk.appeared()
    assert talk.it.patience() is None
    talk.type("one", "two")
    assert talk.it.patience() == LATE_AFTER
    talk.now += LATE_AFTER / 2
    assert talk.appeared() == []
    talk.now += LATE_AFTER
    assert talk.it.patience() == 0
    assert talk.appeared() == ["-- waiting: ben has not got it yet; it goes out by itself"]
    profile.do(lambda: profile.node.deliver(profile.node.messages[0]))
    assert talk.appeared() == ["-- delivered: one"]
    talk.type("three")
    profile.do(lambda: profile.node.deliver(profile.node.messages[2]))
    talk.now += LATE_AFTER * 2
    assert talk.appeared() == []


def test_who_holds_a_late_message_is_told_once(profile: Served, client: Client) -> None:
    talk = Talk(profile, client, "ben")
    talk.appeared()
    talk.type("one")
    talk.now += LATE_AFTER + 1
    talk.appeared()
    for holder in ("dee1", "dee2"):
        profile.do(lambda holder=holder: profile.node.hold(profile.node.messages[0], holder))  # type: ignore[misc]
    assert talk.appeared() == ["-- held by dee1, who will hand it over to ben"]
    profile.do(lambda: profile.node.deliver(profile.node.messages[0]))
    assert talk.appeared() == ["-- delivered: one"]


def test_the_partner_comes_and_goes(profile: Served, client: Client) -> None:
    talk = Talk(profile, client, "ben")
    assert talk.appeared()[1] == "-- ben is online"
    offline = replace(profile.node.known["ben"], presence="offline")
    for _ in range(2):
        profile.do(lambda: profile.node.emit(PeerChanged(offline)))
    profile.do(lambda: profile.node.emit(PeerChanged(profile.node.known["dee1"])))
    assert talk.appeared() == ["-- ben is offline"]


def test_a_full_disk_is_told(profile: Served, client: Client) -> None:
    talk = Talk(profile, client, "ben")
    talk.appeared()
    profile.do(lambda: profile.node.emit(StorageChanged("full")))
    assert talk.appeared() == ["-- the disk is full: nothing can be stored until there is space"]


def test_typing_is_told_now_and_then(profile: Served, client: Client) -> None:
    talk = Talk(profile, client, "#lobby")
    talk.type()
    talk.type()
    assert len(profile.node.typed) == 1
    talk.now += TYPING_EVERY + 1
    talk.type()
    assert len(profile.node.typed) == 2


def test_after_dropped_events_nothing_is_missing(profile: Served, client: Client) -> None:
    talk = Talk(profile, client, "#lobby")
    talk.appeared()
    with Client(profile.paths) as unheard:
        unheard.send("#lobby", "one")
    client.identity()
    client.ready_events()  # lost on the way
    talk.it.hear([{"seq": 9, "type": "resync"}])
    assert talk.appeared()[0].endswith(" you: one  [waiting]")


def test_json(profile: Served, client: Client) -> None:
    talk = Talk(profile, client, "ben", as_json=True)
    talk.type("hello")
    profile.do(lambda: profile.node.deliver(profile.node.messages[0]))
    talk.appeared()
    assert [json.loads(line)["state"] for line in talk.out.getvalue().splitlines()] == [
        "waiting",
        "delivered",
    ]
    assert talk.screen.shown == []


def test_the_command_with_piped_lines(p2pim: P2pim, profile: Served) -> None:
    done = p2pim("chat", "lobby", stdin=b"one\ntwo\n")
    assert done.code == 0
    assert [view.text for view in profile.node.messages] == ["one", "two"]
    assert [line.split(" ", 2)[2] for line in done.out.splitlines()[1:]] == ["you: one", "you: two"]


def test_alone_it_opens_the_lobby(p2pim: P2pim, profile: Served) -> None:
    assert p2pim().out == "-- #lobby: /help tells more; Ctrl-D leaves\n"
    assert p2pim("chat", "nobody").code == 3
