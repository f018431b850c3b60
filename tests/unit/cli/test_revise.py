from __future__ import annotations

from p2pim.protocol.fold import Reacted
from tests.served import Served
from tests.unit.cli.conftest import P2pim


def test_a_message_is_edited_reacted_to_and_deleted(p2pim: P2pim, profile: Served) -> None:
    node = profile.node
    p2pim("send", "ben", "helo")
    digits = p2pim("history", "ben", "--ids").out.split()[0]
    assert node.messages[0].id.hex().startswith(digits)
    assert len(digits) == 8
    assert p2pim("edit", digits, "hello", "there") == (0, "", "")
    assert p2pim("edit", digits, stdin=b"hello again\n").code == 0
    assert node.messages[0].text == "hello again"
    assert p2pim("history", "ben").out.endswith("hello again (edited)  [waiting]\n")
    assert p2pim("react", digits, "👍").code == 0
    assert node.messages[0].reactions == (Reacted("👍", (node.peer_id,)),)
    assert p2pim("history", "ben").out.endswith("\n      👍 1\n")
    assert p2pim("react", digits, "👍", "--remove", "--json").json["reactions"] == []
    assert p2pim("delete", digits) == (0, "", "")
    assert "(deleted)" in p2pim("history", "ben").out


def test_what_cannot_be_done_is_one_sentence(p2pim: P2pim, profile: Served) -> None:
    p2pim("send", "ben", "hello")
    digits = profile.node.messages[0].id.hex()[:8]
    done = p2pim("delete", "abcdef")
    assert (done.code, done.err.count("\n")) == (3, 1)
    assert "No message here begins with abcdef" in done.err
    assert p2pim("react", digits, "long").code == 4
    assert p2pim("edit", digits, stdin=b"\xff").code == 4


def test_a_reply(p2pim: P2pim, profile: Served) -> None:
    profile.do(lambda: profile.node.receive("ben", "coffee?"))
    digits = profile.node.messages[0].id.hex()[:8]
    assert p2pim("send", "lobby", "yes", "--reply", digits).code == 0
    lines = p2pim("history", "lobby").out.splitlines()
    assert lines[1] == "      > ben: coffee?"
    assert lines[2].split(" ", 2)[2] == "you: yes  [waiting]"


def test_the_topic_is_shown_set_and_taken_away(p2pim: P2pim, profile: Served) -> None:
    assert p2pim("topic", "lobby").out == "#lobby has no topic.\n"
    assert p2pim("topic", "lobby", "cake", "at", "four").out == "cake at four\n"
    assert p2pim("topic", "lobby", "--json").json["topic"] == "cake at four"
    assert p2pim("topic", "lobby", "").out == "#lobby has no topic.\n"
    assert profile.node.topics == {profile.node.resolve("#lobby"): ""}
