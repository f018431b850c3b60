from __future__ import annotations

import re

import pytest
from msgspec.structs import replace

from p2pim.daemon import views
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


def table(out: str) -> list[list[str]]:
    return [re.split(r" {2,}", line) for line in out.splitlines()]


def test_the_list_of_all_conversations(p2pim: P2pim, profile: Served) -> None:
    p2pim("room", "create", "news")
    p2pim("room", "archive", "news")
    p2pim("team", "grant", "ben", "member")
    profile.do(lambda: profile.node.real.send_text(profile.node.find_room("Blue"), "waits for Ben"))
    p2pim("topic", "lobby", "cake", "at", "four")
    p2pim("send", "ben", "hello")
    profile.do(lambda: profile.node.receive("ben", "@ann cake?", mentions_me=True))
    profile.do(lambda: profile.node.receive("ben", "no?"))
    p2pim("mute", "#news")
    p2pim("mute", "ben")
    p2pim("mute", "lobby", "--mentions")
    out = p2pim("rooms").out
    assert table(out) == [
        ["NAME", "KIND", "UNREAD", "MENTIONS", "WAITING", "NOTE", "TOPIC"],
        ["#lobby", "lobby", "2", "1", "mentions only", "cake at four"],
        ["ben", "person", "muted"],
        ["#Blue", "team", "1"],
        ["#Blue/news", "channel", "archived, muted"],
    ]
    shown = p2pim("rooms", "--json").json
    assert shown == profile.do(lambda: [views.room(view) for view in profile.node.conversations()])
    assert [room["alerts"] for room in shown] == ["mentions", "none", "all", "none"]
    for other in (["room"], ["room", "list"]):
        assert p2pim(*other).out == out


@pytest.mark.parametrize(
    ("role", "note"), [("none", "left"), ("damaged", "DAMAGED: p2pim team log --verify")]
)
def test_what_is_no_longer_ones_own_is_marked(
    p2pim: P2pim, profile: Served, role: str, note: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = [replace(view, role=role) for view in profile.node.real.conversations() if view.role]
    monkeypatch.setattr(profile.node, "conversations", lambda: listed)
    assert table(p2pim("rooms").out)[1:] == [["#Blue", "team", note]]


def test_muting(p2pim: P2pim, profile: Served) -> None:
    assert p2pim("mute", "lobby").out == (
        "#lobby is muted: it neither notifies nor counts, and can be read as before.\n"
    )
    profile.do(lambda: profile.node.receive("ben", "hello"))
    assert "0 unread" in p2pim("status").out
    assert p2pim("mute", "#lobby", "--mentions").out == (
        "#lobby draws attention only where it mentions you, or @room.\n"
    )
    profile.do(lambda: profile.node.receive("ben", "@ann", mentions_me=True))
    assert "1 unread" in p2pim("status").out
    assert p2pim("unmute", "lobby").out == "#lobby draws attention again.\n"
    assert "2 unread" in p2pim("status").out
    assert p2pim("mute", "ben", "--json").json["alerts"] == "none"
    assert p2pim("mute", "blue").code == 3
    assert p2pim("mute", "#blue", "--json").json["name"] == "#Blue"
    assert p2pim("unmute", "zoe").code == 3


def test_talk_in_a_room(p2pim: P2pim, profile: Served) -> None:
    assert p2pim("send", "#Blue", "hello").code == 0
    assert p2pim("history", "#blue").out.rstrip().endswith("you: hello  [waiting]")
    assert p2pim("send", "#Red", "hello").code == 3
