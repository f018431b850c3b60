"""Notifications, against something that behaves like the library."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from pytestqt.qtbot import QtBot

from p2pim.desktop.attention import Notice
from p2pim.desktop.notifier import SHOWN, Notifier


class Can(NamedTuple):
    """A capability, as the library names it."""

    name: str


class Server:
    """What the library's class does, without a desktop."""

    def __init__(self, *can: str, broken: bool = False) -> None:
        self.can = frozenset(Can(each) for each in can)
        self.broken = broken
        self.sent: list[dict[str, Any]] = []

    async def get_capabilities(self) -> frozenset[Can]:
        if self.broken:
            raise OSError("no bus")
        return self.can

    async def send(self, **what: Any) -> str:
        self.sent.append(what)
        if what["title"] == "fail":
            raise OSError("gone")
        return "id"


@pytest.fixture
def server() -> Server:
    return Server("REPLY_FIELD", "TITLE")


@pytest.fixture
def notifier(server: Server, qtbot: QtBot) -> Iterator[Notifier]:
    made = Notifier(lambda: server)
    made.start()
    yield made
    made.stop()


def test_a_click_and_a_reply_lead_to_the_room(notifier: Notifier, server: Server, qtbot: QtBot) -> None:
    notifier.show(Notice("r", "fail", "this one is not shown, and the next is", sound=False))
    notifier.show(Notice("r", "Ben\n", "<b>hi</b> & " + "x" * SHOWN, sound=True))
    qtbot.waitUntil(lambda: len(server.sent) == 2)
    sent = server.sent[1]
    assert sent["title"] == "Ben"
    assert "sound" in sent
    assert "sound" not in server.sent[0]
    assert sent["thread"] == "r"
    if sys.platform == "linux":
        assert sent["message"].startswith("&lt;b&gt;hi&lt;/b&gt; &amp; x")
    with qtbot.waitSignal(notifier.clicked) as clicked:
        sent["on_clicked"]()
    assert clicked.args == ["r"]
    with qtbot.waitSignal(notifier.replied) as replied:
        sent["reply_field"].on_replied("on my way")
    assert replied.args == ["r", "on my way"]


def test_a_server_without_replies_gets_none(qtbot: QtBot) -> None:
    server = Server("TITLE")
    notifier = Notifier(lambda: server)
    notifier.start()
    notifier.show(Notice("r", "t", "x", sound=False))
    qtbot.waitUntil(lambda: len(server.sent) == 1)
    assert "reply_field" not in server.sent[0]
    notifier.stop()


def test_without_a_server_it_is_said_once(qtbot: QtBot) -> None:
    notifier = Notifier(lambda: Server(broken=True))
    with qtbot.waitSignal(notifier.missing) as missing:
        notifier.start()
    assert missing.args == ["no bus"]
    notifier.show(Notice("r", "t", "x", sound=False))
    notifier.stop()


def test_one_that_never_started_can_be_stopped(qtbot: QtBot) -> None:
    Notifier(Server).stop()
