from __future__ import annotations

import pytest

from tests.served import Served
from tests.unit.cli.conftest import P2pim


@pytest.fixture(autouse=True)
def blue(profile: Served) -> None:
    profile.do(lambda: profile.node.teams.create("Blue"))


def test_channels_and_groups(p2pim: P2pim, profile: Served) -> None:
    assert p2pim("room", "create", "news").out.splitlines() == [
        "#Blue/news is open to everybody in the team.",
        "    p2pim chat '#Blue/news'   opens it",
    ]
    p2pim("team", "grant", "ben", "member")
    assert p2pim("room", "create", "plan", "--private", "ben").out.startswith(
        "#Blue/plan is private, with 2 in it."
    )
    assert p2pim("room", "create", "me", "--private", "--json").json["members"] == 1
    done = p2pim("room", "create", "news")
    assert (done.code, "already" in done.err) == (4, True)
    assert p2pim("room", "create", "x", "--private", "zoe").code == 3


def test_archiving(p2pim: P2pim, profile: Served) -> None:
    p2pim("room", "create", "news")
    assert p2pim("room", "archive", "news").out == "#Blue/news is archived: it can be read, not written to.\n"
    assert p2pim("room", "archive", "Blue/news", "--undo").out == "#Blue/news is open again.\n"
    assert p2pim("room", "archive", "nowhere").code == 3


def test_the_list(p2pim: P2pim, profile: Served) -> None:
    p2pim("room", "create", "news")
    p2pim("room", "archive", "news")
    p2pim("room", "create", "plan", "--private")
    p2pim("send", "ben", "a dm is no room of this list")
    rows = [line.split() for line in p2pim("room").out.splitlines()]
    assert rows == [
        ["ROOM", "KIND", "ROLE", "MEMBERS", "UNREAD", "NOTE"],
        ["#lobby", "lobby"],
        ["#Blue", "team", "owner", "1"],
        ["#Blue/news", "channel", "owner", "1", "archived"],
        ["#Blue/plan", "private", "owner", "1"],
    ]
    assert [room["kind"] for room in p2pim("room", "list", "--json").json] == [
        "lobby",
        "team",
        "channel",
        "group",
    ]


def test_talk_in_a_room(p2pim: P2pim, profile: Served) -> None:
    assert p2pim("send", "#Blue", "hello").code == 0
    assert p2pim("history", "#blue").out.rstrip().endswith("you: hello  [waiting]")
    assert p2pim("send", "#Red", "hello").code == 3
