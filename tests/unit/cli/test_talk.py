from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from p2pim.api.client import Client
from p2pim.cli import talk
from p2pim.node.events import JoinChanged, NetworkChanged, PeerChanged, PeerView, StorageChanged
from tests.fakes import identity
from tests.served import Served, served
from tests.unit.cli.conftest import P2pim


def test_send_says_nothing_when_all_is_well(p2pim: P2pim, profile: Served) -> None:
    assert p2pim("send", "ben", "hello", "there") == (0, "", "")
    assert profile.node.messages[0].text == "hello there"


def test_send_as_json(p2pim: P2pim, profile: Served) -> None:
    assert p2pim("send", "lobby", "x", "--json").json["id"] == profile.node.messages[0].id.hex()


@pytest.mark.parametrize("arguments", [["send", "ben"], ["send", "ben", "-"]])
def test_send_from_standard_input(p2pim: P2pim, profile: Served, arguments: list[str]) -> None:
    assert p2pim(*arguments, stdin="two\nlines ü\n".encode()).code == 0
    assert profile.node.messages[0].text == "two\nlines ü"


def test_input_that_is_no_text_or_too_long(p2pim: P2pim, profile: Served) -> None:
    assert p2pim("send", "ben", stdin=b"\xff").err.endswith("not UTF-8 text: convert it first.\n")
    done = p2pim("send", "ben", stdin=b"x" * (talk.LONGEST_INPUT + 1))
    assert done.code == 4
    assert "too long" in done.err
    assert profile.node.messages == []


def test_nothing_to_send_at_a_terminal(
    p2pim: P2pim, profile: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("p2pim.cli.talk.sys", type("sys", (), {"stdin": Terminal()}))
    done = p2pim("send", "ben")
    assert done.code == 2
    assert "nothing to send" in done.err


def test_the_same_token_is_stored_once(p2pim: P2pim, profile: Served) -> None:
    for _ in range(2):
        assert p2pim("send", "ben", "x", "--token", "t").code == 0
    assert len(profile.node.messages) == 1


def test_a_lost_answer_says_how_to_send_safely_again(p2pim: P2pim, short_tmp: Path) -> None:
    with served(short_tmp) as profile:

        def stop_instead(*_: Any, **__: Any) -> Any:
            for client in list(profile.server._clients):
                client.transport.abort()
            return profile.node.history(b"", 1, None)

        profile.do(lambda: setattr(profile.node, "send_text", stop_instead))
        done = p2pim("send", "ben", "x")
    assert done.code == 5
    assert "may or may not be stored; send it again with --token " in done.err


def test_waiting_for_the_delivery(p2pim: P2pim, profile: Served) -> None:
    original = profile.node.send_text
    done = p2pim("send", "ben", "x", "--wait", "0.01")
    assert done.code == 6
    assert done.err == "p2pim: Not delivered within 0.01 s: it waits here and goes out by itself.\n"

    def send_and_deliver(*arguments: Any, **more: Any) -> Any:
        view = original(*arguments, **more)
        profile.loop.call_soon(profile.node.deliver, view)
        return view

    profile.do(lambda: setattr(profile.node, "send_text", send_and_deliver))
    done = p2pim("send", "ben", "y", "--wait", "10", "--json")
    assert done.code == 0
    assert done.json["state"] == "delivered"


def test_history(p2pim: P2pim, profile: Served) -> None:
    profile.do(lambda: profile.node.receive("ben", "hi\nthere"))
    p2pim("send", "lobby", "hello")
    lines = p2pim("history", "lobby").out.splitlines()
    assert [line.split(" ", 2)[2] for line in lines[::2]] == ["ben: hi", "you: hello  [waiting]"]
    assert lines[1] == "      | there"
    assert p2pim("history", "lobby", "-n", "1").out.splitlines() == lines[2:]


def test_history_shown_to_a_person_is_read(p2pim: P2pim, profile: Served) -> None:
    profile.do(lambda: profile.node.receive("ben", "hi"))
    done = p2pim("history", "lobby", "--json")
    assert json.loads(done.out)["text"] == "hi"
    assert profile.node.messages[0].unread
    p2pim("history", "lobby")
    assert not profile.node.messages[0].unread


def test_an_empty_history(p2pim: P2pim, profile: Served) -> None:
    assert p2pim("history", "ben") == (0, "", "")


class Listening:
    """`p2pim listen` in a thread; ends when the profile does."""

    def __init__(self, p2pim: P2pim, profile: Served, *arguments: str) -> None:
        self._profile = profile
        self._result: list[Any] = []
        asked = threading.Event()
        peers = profile.node.peers

        def peers_asked_for() -> list[PeerView]:
            asked.set()
            return peers()

        profile.do(lambda: setattr(profile.node, "peers", peers_asked_for))
        self._thread = threading.Thread(target=lambda: self._result.append(p2pim("listen", *arguments)))
        self._thread.start()
        # It has subscribed by now, and whatever happens from here on comes after that answer.
        assert asked.wait(10)
        profile.settle()

    def end(self) -> Any:
        self._profile.do(self._profile.stopping.set)
        self._thread.join(10)
        return self._result[0]


def test_listening(p2pim: P2pim, profile: Served) -> None:
    listening = Listening(p2pim, profile)
    node = profile.node

    def happen() -> None:
        node.receive("ben", "hi")
        node.deliver(node.send_text(node.resolve("ben"), "a long text " * 9, None))
        node.emit(NetworkChanged("no network"))
        node.emit(StorageChanged("full"))
        node.emit(StorageChanged("ok"))
        node.set_petname(identity("ben").peer_id, "Benjamin")
        node.typing(node.resolve("#lobby"))
        node.emit(JoinChanged(b"secret", "joined", "You are in Red now."))

    profile.do(happen)
    done = listening.end()
    lines = done.out.splitlines()
    assert lines[0].endswith(" [#lobby] ben: hi")
    assert " [ben] you: a long text" in lines[1]
    assert lines[2].startswith("-- delivered in ben: a long text a long")
    assert lines[3:] == [
        "-- network: no network",
        "-- the disk is full: nothing can be stored until there is space",
        "-- there is space on the disk again",
        "-- ben is now Benjamin",
        "-- You are in Red now.",
    ]
    assert done.code == 5
    assert done.err == "p2pim: p2pim went away.\n"


def test_listening_to_what_is_said_about_messages(p2pim: P2pim, profile: Served) -> None:
    listening = Listening(p2pim, profile)
    node = profile.node

    def happen() -> None:
        view = node.receive("ben", "helo")
        node.react(view.id, "👍")
        node.react(view.id, "👍", remove=True)
        view = node.edit(view.id, "hello")
        view = node.revise(view, "quote")
        node.revise(view, "delivery")
        node.delete(view.id)
        mine = node.send_text(node.resolve("#lobby"), "\x1b[2J mine", None)
        node.react(mine.id, "ok")

    profile.do(happen)
    lines = listening.end().out.splitlines()
    assert lines[0].endswith(" [#lobby] ben: helo")
    assert lines[1] == "-- [#lobby] 👍 1 to ben's message: helo"
    assert lines[2] == "-- [#lobby] no reactions any more to ben's message: helo"
    assert lines[3].endswith(" [#lobby] ben: hello (edited)")
    assert lines[4].endswith(" [#lobby] ben: (deleted)")
    assert lines[6] == "-- [#lobby] ok 1 to your message: \\x1b[2J mine"


def test_listening_to_one_room_as_json(p2pim: P2pim, profile: Served) -> None:
    listening = Listening(p2pim, profile, "ben", "--json")
    node = profile.node
    profile.do(lambda: node.receive("ben", "in the lobby"))
    profile.do(lambda: node.receive("ben", "to me", node.resolve("ben")))
    profile.do(lambda: node.emit(PeerChanged(node.known["dee1"])))
    profile.do(lambda: node.emit(PeerChanged(node.known["ben"])))
    events = [json.loads(line) for line in listening.end().out.splitlines()]
    assert [event["type"] for event in events] == ["message.added", "peer.changed"]
    assert events[0]["message"]["text"] == "to me"


def peer(**changes: Any) -> Any:
    view = {"peer_id": "p2pim1abcdefghijkl", "short_id": "abcdefgh", "name": "ben", "room": "01"}
    return view | {"presence": "online", "status_text": "", "request": "none"} | changes


def test_names_tell_what_changed(profile: Served) -> None:
    with Client(profile.paths) as client:
        names = talk.Names(client)
        assert names.learn(peer()) == "ben is online"
        assert names.learn(peer()) == ""
        assert names.learn(peer(presence="away", status_text="lunch")) == "ben is away (lunch)"
        assert "p2pim accept abcdefgh" in names.learn(peer(presence="away", request="pending"))
        assert names.learn(peer(presence="away", request="pending", name="bob")) == "ben is now bob"
        assert names.room("01") == "bob"
        assert names.peer("p2pim1abcdefghijkl") == "bob"
        assert names.peer("p2pim1qqqqqqqqqqqq") == "p2pim1qqqqqqqq…"
        policy: Any = {"type": "policy.changed", "seq": 1}
        assert talk.event_lines(policy, names) == ["-- the rules have changed: `p2pim policy` shows them"]
        resync: Any = {"type": "resync", "seq": 1}
        assert talk.event_lines(resync, names) == [
            "-- some events were dropped, for this terminal was too slow"
        ]
        assert names.peer("p2pim1abcdefghijkl") == "p2pim1abcdefgh…"


def test_a_room_that_changed_is_asked_for_its_name_again(profile: Served) -> None:
    team = profile.do(lambda: profile.node.teams.create("Blue"))
    with Client(profile.paths) as client:
        names = talk.Names(client)
        assert names.room(team.hex()) == "#Blue"
        profile.do(lambda: profile.node.teams.rename(team, "Green"))
        changed: Any = {"type": "room.changed", "seq": 1, "room": team.hex()}
        assert talk.event_lines(changed, names) == []
        assert names.room(team.hex()) == "#Green"


def test_sending_and_editing_say_who_is_meant(p2pim: P2pim, profile: Served) -> None:
    ben = identity("ben").peer_id
    assert p2pim("send", "lobby", "@ben", "and", "@room").code == 0
    assert profile.node.meant == ([ben], True)
    assert p2pim("send", "lobby", "@nobody").code == 0
    assert profile.node.meant == ([], False)
    digits = profile.node.messages[0].id.hex()[:6]
    assert p2pim("edit", digits, "@BEN").code == 0
    assert profile.node.meant == ([ben], False)
