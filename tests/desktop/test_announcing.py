"""Notifications on a real bus: a click leads to the conversation, a reply is sent, and who is muted says nothing."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from p2pim.api.client import Client
from p2pim.config import Paths
from tests.daemons import LOOPBACK, ROOT, Daemon
from tests.desktop.screen import Screen, needs_screen, until
from tests.desktop.test_screen import ANNA, BEN, Person

pytestmark = [needs_screen, pytest.mark.timeout(120)]


class Shown:
    """The server, as somebody looks at it and clicks."""

    def __init__(self, screen: Screen) -> None:
        script = str(ROOT / "tests" / "desktop" / "notifications.py")
        argv = [sys.executable, script]
        self.process = screen.run(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.next() == {"ready": True}

    def next(self) -> dict[str, Any]:
        """The next thing it tells."""
        assert self.process.stdout is not None
        told: dict[str, Any] = json.loads(self.process.stdout.readline())
        return told

    def say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def close(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


def test_a_click_opens_a_reply_is_sent_and_the_muted_are_silent(short_tmp: Path) -> None:
    with Screen(short_tmp) as screen, screen.eyes() as eyes, contextlib.ExitStack() as stack:
        shown = Shown(screen)
        stack.callback(shown.close)
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
        to = next(p["peer_id"] for p in ben.client.peers() if p["nickname"] == ANNA)
        until(lambda: len(ben.client.history(to)) == 1, lambda: "Ben has the first message")
        screen.key("alt+F4")
        until(lambda: not screen.windows_of(anna.pid), lambda: "the window is gone")
        ben.client.send(to, "<b>lunch</b> & more?")
        first = shown.next()
        assert first["summary"].startswith(BEN)
        assert first["body"] == "&lt;b&gt;lunch&lt;/b&gt; &amp; more?"
        assert not screen.windows_of(anna.pid), "a notification opens nothing by itself"
        shown.say(f"reply {first['id']} on my way")
        until(lambda: len(ben.client.history(to)) == 3, lambda: "the reply arrived")
        assert ben.client.history(to)[-1]["text"] == "on my way"
        with Client(Paths(anna.home)) as client:
            room = next(p["room"] for p in client.peers() if p["nickname"] == BEN)
            client.call("rooms.alerts", room=room, alerts="none")
            ben.client.send(to, "this one is muted")
            until(lambda: len(client.history(room)) == 4, lambda: "the muted one arrived")
            client.call("rooms.alerts", room=room, alerts="all")
            client.call("presence.set", presence="busy")
            ben.client.send(to, "not to disturb")
            until(lambda: len(client.history(room)) == 5, lambda: "it arrived")
            client.call("presence.set", presence="online")
        ben.client.send(to, "the last one")
        last = shown.next()
        assert last["body"] == "the last one", "nothing else was announced"
        shown.say(f"click {last['id']}")
        anna.hears("the last one")
        assert screen.windows_of(anna.pid)
