"""Two real daemons, two users, their commands."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from p2pim.api.client import Client
from p2pim.config import Paths
from tests.cli.home import Home, running


def sees(
    client: Client, peer_id: str, holds: Callable[[str], bool] = lambda presence: presence != "offline"
) -> None:
    """Wait until a peer is shown as wanted."""
    client.subscribe()
    known = {peer["peer_id"]: peer["presence"] for peer in client.peers()}
    if holds(known.get(peer_id, "offline")):
        return
    for event in client.events(timeout=20):
        if (
            event["type"] == "peer.changed"
            and event["peer"]["peer_id"] == peer_id
            and holds(event["peer"]["presence"])
        ):
            return
    raise AssertionError("not seen")


class Pair:
    """Anna and Bert, who see each other."""

    def __init__(self, anna: Home, bert: Home) -> None:
        self.anna, self.bert = anna, bert
        self.anna_id, self.bert_id = (home.run("id").out.strip() for home in (anna, bert))

    def meet(self) -> None:
        for home, other in ((self.anna, self.bert_id), (self.bert, self.anna_id)):
            with Client(Paths(home.folder)) as client:
                sees(client, other)


@pytest.fixture
def pair(short_tmp: Path) -> Iterator[Pair]:
    anna, bert = Home(short_tmp / "a"), Home(short_tmp / "b")
    with running(anna, bert):
        both = Pair(anna, bert)
        both.meet()
        yield both


def test_first_contact_then_talk(pair: Pair) -> None:
    assert pair.anna.run("send", pair.bert_id, "do you read me?", "--wait", "10").code == 0
    peers = {peer["peer_id"]: peer for peer in pair.bert.run("peers", "--json").json}
    assert peers[pair.anna_id]["request"] == "pending"
    assert pair.bert.run("accept", pair.anna_id).code == 0
    assert pair.anna.run("send", pair.bert_id, "more", "--wait", "10").code == 0
    assert pair.bert.run("send", pair.anna_id, "loud and clear", "--wait", "10").code == 0
    there = [json.loads(line) for line in pair.anna.run("history", pair.bert_id, "--json").out.splitlines()]
    here = [json.loads(line) for line in pair.bert.run("history", pair.anna_id, "--json").out.splitlines()]
    assert [m["id"] for m in there] == [m["id"] for m in here]
    assert [m["text"] for m in here] == ["do you read me?", "more", "loud and clear"]


def test_what_was_read_is_shown_unless_its_reader_keeps_it_to_themselves(pair: Pair) -> None:
    anna, bert = pair.anna, pair.bert
    anna.run("send", pair.bert_id, "hello", "--wait", "10")
    assert bert.run("accept", pair.anna_id).code == 0
    assert anna.run("history", pair.bert_id).out.endswith(": hello\n")
    with Client(Paths(anna.folder)) as hers:
        hers.subscribe()
        bert.run("history", pair.anna_id)
        until_changed(hers, "delivery")
    assert anna.run("history", pair.bert_id).out.endswith(": hello  [read]\n")
    told = anna.run("room", "state", pair.bert_id).out
    assert "complete, compared with " in told
    assert told.splitlines()[1].endswith("  complete")
    assert anna.run("room", "state", "lobby").code == 4
    assert anna.run("config", "set", "receipts", "no").code == 0
    assert anna.run("stop").code == 0
    assert anna.run("start").code == 0
    pair.meet()
    bert.run("send", pair.anna_id, "hello yourself", "--wait", "10")
    anna.run("history", pair.bert_id)
    anna.run("send", pair.bert_id, "did you see it?", "--wait", "10")  # on the same Link, after it
    assert bert.run("history", pair.anna_id).out.splitlines()[-2].endswith(": hello yourself")


def test_a_chat_in_both_directions(pair: Pair) -> None:
    pair.bert.run("send", pair.anna_id, "before")
    chats = [
        subprocess.Popen(
            home.command("chat", other), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        for home, other in ((pair.anna, pair.bert_id), (pair.bert, pair.anna_id))
    ]
    anna, bert = chats
    assert anna.stdin is not None
    assert bert.stdin is not None
    assert anna.stdout is not None
    assert bert.stdout is not None
    with anna, bert:
        read_until(bert, "before")
        anna.stdin.write("hello bert\n")
        read_until(bert, ": hello bert")
        bert.stdin.write("hello anna\n")
        read_until(anna, ": hello anna")
        anna.stdin.write("/quit\n")
        bert.stdin.close()
        assert anna.wait(10) == bert.wait(10) == 0


def read_until(process: subprocess.Popen[str], text: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if text in line:
            return
    raise AssertionError(f"no {text!r}")


def test_messages_are_answered_edited_reacted_to_and_deleted_on_both_sides(pair: Pair) -> None:
    anna, bert, secret = pair.anna, pair.bert, "canary" * 500
    bert.run("send", pair.anna_id, "hello")
    assert anna.run("send", pair.bert_id, "@Nobody helo", "--wait", "10").code == 0
    gone = anna.run("send", pair.bert_id, secret, "--wait", "10", "--json").json["id"]
    digits = bert.run("history", pair.anna_id, "--ids").out.splitlines()[-2].split()[0]
    with Client(Paths(bert.folder)) as client, Client(Paths(anna.folder)) as hers:
        client.subscribe()
        hers.subscribe()
        assert anna.run("edit", digits, "hello", "bert").code == 0
        until_changed(client, "edit")
        assert bert.run("send", pair.anna_id, "hello anna", "--reply", digits, "--wait", "10").code == 0
        assert bert.run("react", digits, "👋").code == 0
        until_changed(hers, "reaction")
        assert anna.run("delete", gone[:8]).code == 0
        until_changed(client, "delete")
    assert bert.run("delete", digits).err == "p2pim: Only its author can delete a message.\n"
    for home, other in ((anna, pair.bert_id), (bert, pair.anna_id)):
        lines = home.run("history", other).out.splitlines()
        assert [line.removesuffix("  [read]").split(": ", 1)[-1].strip() for line in lines] == [
            "hello",
            "hello bert (edited)",
            "👋 1",
            "(deleted)",
            "hello bert",  # quoted
            "hello anna",
        ]
        assert home.run("stop").code == 0
        files = [path for path in home.folder.rglob("*") if path.is_file()]
        assert not [path for path in files if b"canarycanary" in path.read_bytes()]


def until_changed(client: Client, what: str) -> None:
    for event in client.events(timeout=20):
        if event.get("what") == what:
            return
    raise AssertionError(f"no {what}")


def test_who_is_blocked_hears_nothing_and_says_nothing(pair: Pair) -> None:
    pair.anna.run("send", pair.bert_id, "hi", "--wait", "10")
    assert pair.anna.run("block", pair.bert_id).code == 0
    with Client(Paths(pair.bert.folder)) as client:
        sees(client, pair.anna_id, lambda presence: presence == "offline")
    assert pair.bert.run("send", pair.anna_id, "still there?", "--wait", "0.5").code == 6
    assert "still there?" not in pair.anna.run("history", pair.bert_id).out
    assert pair.anna.run("unblock", pair.bert_id).code == 0


def test_invisible_is_offline_yet_messages_flow(pair: Pair) -> None:
    assert pair.anna.run("presence", "invisible").code == 0
    with Client(Paths(pair.bert.folder)) as client:
        sees(client, pair.anna_id, lambda presence: presence == "offline")
    assert pair.bert.run("send", pair.anna_id, "psst", "--wait", "10").code == 0


def test_verifying(pair: Pair) -> None:
    numbers = [
        home.run("id", other, "--json").json["peer"]["number"]
        for home, other in ((pair.anna, pair.bert_id), (pair.bert, pair.anna_id))
    ]
    assert numbers[0] == numbers[1]
    assert pair.anna.run("verify", pair.bert_id, "--yes").code == 0
    trust = {peer["peer_id"]: peer["trust"] for peer in pair.anna.run("peers", "--json").json}
    assert trust[pair.bert_id] == "verified"


def test_muted_stays_muted_until_unmuted_and_everything_comes_all_the_same(pair: Pair) -> None:
    anna, bert, wait = pair.anna, pair.bert, ["--wait", "20"]
    assert bert.run("send", pair.anna_id, "hello").code == 0

    def counts() -> tuple[int, int, int]:
        """(unread, mentions) in the conversation, and unread in all."""
        (shown,) = [room for room in bert.run("rooms", "--json").json if room["peer_id"] == pair.anna_id]
        return shown["unread"], shown["mentions"], bert.run("status", "--json").json["unread"]

    bert.run("mute", "lobby")  # others on this machine may write there
    assert bert.run("mute", pair.anna_id, "--json").json["alerts"] == "none"
    with Client(Paths(bert.folder)) as client:
        client.subscribe()
        assert anna.run("send", pair.bert_id, "@room a muted word", *wait).code == 0
        assert notified(client, "@room a muted word") is False
    for end in (lambda: bert.run("stop"), bert.kill):
        end()
        assert bert.run("start").code == 0
        assert counts() == (1, 1, 0)
    assert re.search(r"^\S+ +person +1 +1 +muted$", bert.run("rooms").out, re.MULTILINE)
    assert bert.run("status").out.count(" 0 unread") == 1
    assert bert.run("mute", pair.anna_id, "--mentions").code == 0
    assert counts() == (1, 1, 1)
    pair.meet()
    with Client(Paths(bert.folder)) as client:
        client.subscribe()
        for text, announced in (("nothing in particular", False), ("@room cake", True)):
            assert anna.run("send", pair.bert_id, text, *wait).code == 0
            assert notified(client, text) is announced
    assert counts() == (3, 2, 2)
    assert bert.run("unmute", pair.anna_id).out.endswith(" draws attention again.\n")
    assert counts() == (3, 2, 3)
    shown = bert.run("history", pair.anna_id).out
    assert [line.rpartition(": ")[2] for line in shown.splitlines()][1:] == [
        "@room a muted word",
        "nothing in particular",
        "@room cake",
    ]
    assert counts() == (0, 0, 0)


def notified(client: Client, text: str) -> bool:
    """Wait for a message; whether it was to draw attention."""
    for event in client.events(timeout=20):
        if event["type"] == "message.added" and event["message"]["text"] == text:
            return event["notify"]
    raise AssertionError(f"no {text!r}")
