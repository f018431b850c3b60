from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from p2pim.config import Paths, Settings
from p2pim.config.policy import combine, machine_policy
from p2pim.daemon.handlers import Handlers
from p2pim.errors import AmbiguousTarget, BadInput, NotNow, UnknownTarget
from p2pim.protocol.identity import encode_peer_id, short_id
from tests.fakes import LOBBY, FakeNode, identity
from tests.served import care_of

BEN = identity("ben").peer_id


@pytest.fixture
def node() -> FakeNode:
    return FakeNode()


class Api:
    """The handlers, and whether they were told to stop."""

    def __init__(self, node: FakeNode) -> None:
        self.stopped = False
        care = care_of(Paths("/nowhere"), node.identity)
        self.handlers = Handlers(node, Settings(port=30000), Path("/c/config.toml"), self._stop, care)

    def _stop(self) -> None:
        self.stopped = True

    def __call__(self, method: str, **params: Any) -> Any:
        return self.handlers.call(method, params)


@pytest.fixture
def api(node: FakeNode) -> Api:
    return Api(node)


def test_status(api: Api, node: FakeNode) -> None:
    status = api("status")
    assert status["peer_id"] == encode_peer_id(node.peer_id)
    assert status["short_id"] == node.short_id
    assert status["state_line"] == "LAN ok, 1 peer"


@pytest.mark.parametrize(
    ("method", "change"),
    [
        ("peers.accept", {"trust": "accepted"}),
        ("peers.decline", {"request": "declined"}),
        ("peers.block", {"blocked": True}),
    ],
)
def test_acts_on_a_peer_say_whom_they_meant(
    api: Api, node: FakeNode, method: str, change: dict[str, Any]
) -> None:
    named = api(method, peer=short_id(BEN))
    assert named == {"peer_id": encode_peer_id(BEN), "name": "ben"}
    shown = next(peer for peer in api("peers.list") if peer["nickname"] == "ben")
    assert shown | change == shown


def test_unblock(api: Api, node: FakeNode) -> None:
    api("peers.block", peer="ben")
    api("peers.unblock", peer="ben")
    assert not node.known["ben"].blocked


def test_naming_and_verifying(api: Api, node: FakeNode) -> None:
    assert api("peers.name", peer="ben", name="Benjamin")["name"] == "Benjamin"
    assert api("peers.verify", peer="Benjamin", verified=True)["name"] == "Benjamin"
    assert node.known["ben"].trust == "verified"
    api("peers.verify", peer="Benjamin", verified=False)
    assert node.known["ben"].trust == "accepted"


def test_the_safety_number(api: Api, node: FakeNode) -> None:
    number = api("peers.safety_number", peer="ben")
    assert number["number"] == node.safety_number(BEN)
    assert number["peer_id"] == encode_peer_id(BEN)


def test_oneself(api: Api) -> None:
    assert api("identity.get")["nickname"] == "ann"
    assert api("identity.name", nickname="anna")["nickname"] == "anna"
    assert api("presence.set", presence="busy", text="lunch")["status_text"] == "lunch"
    assert api("presence.set", presence="away")["status_text"] == "lunch"


def test_a_room_by_name_and_by_id(api: Api, node: FakeNode) -> None:
    by_name = api("rooms.get", room="ben")
    assert by_name["kind"] == "dm"
    assert by_name["name"] == "ben"
    assert api("rooms.get", room=by_name["room"]) == by_name
    assert api("rooms.get", room="#lobby")["room"] == LOBBY.hex()
    with pytest.raises(UnknownTarget, match="No such room"):
        api("rooms.get", room="00" * 32)


def test_a_room_somebody_wrote_in(api: Api) -> None:
    sent = api("message.send", room="ben", text="x")
    assert api("rooms.get", room="ben") in api("rooms.list")
    assert sent["room"] == api("rooms.get", room="ben")["room"]


def test_messages(api: Api, node: FakeNode) -> None:
    sent = [api("message.send", room="#lobby", text=str(n)) for n in range(5)]
    assert api("message.history", room="#lobby") == sent
    assert api("message.history", room="#lobby", limit=2) == sent[-2:]
    before = (sent[2]["clock"], sent[2]["id"])
    assert api("message.history", room="#lobby", before=before) == sent[:2]


def test_search(api: Api) -> None:
    sent = [
        api("message.send", room=room, text=f"{n} apples")
        for n, room in enumerate(("#lobby", "ben", "#lobby"))
    ]
    assert api("message.search", text="APPLES") == {"messages": sent[::-1], "more": False}
    assert api("message.search", text="apples", limit=2) == {"messages": sent[:0:-1], "more": True}
    assert api("message.search", text="apples", room="#lobby")["messages"] == [sent[2], sent[0]]
    assert api("message.search", text="apples", author="ben")["messages"] == []
    assert api("message.search", text="", author=api("identity.get")["nickname"])["messages"] == sent[::-1]
    clock = sent[1]["clock"]
    assert api("message.search", text="", since_ms=clock, until_ms=clock)["messages"] == [sent[1]]
    with pytest.raises(BadInput, match="limit"):
        api("message.search", text="x", limit=0)
    with pytest.raises(UnknownTarget):
        api("message.search", text="x", author="nobody of that name")


def test_what_one_line_cannot_hold_is_left_out_of_a_search_and_said(api: Api) -> None:
    sent = [api("message.send", room="#lobby", text=f"{n}{'x' * 39_000}") for n in range(30)]
    found = api("message.search", text="xxx", limit=30)
    assert 20 < len(found["messages"]) < 30
    assert found == {"messages": sent[::-1][: len(found["messages"])], "more": True}


def test_a_reply_and_whom_it_means(api: Api, node: FakeNode) -> None:
    first = api("message.send", room="#lobby", text="coffee?")
    assert (first["reply_to"], node.meant) == (None, ([], False))
    me = encode_peer_id(node.peer_id)
    reply = api(
        "message.send",
        room="#lobby",
        text="@ben yes",
        reply_to=first["id"][:8],
        mentions=["ben", encode_peer_id(BEN)],
        mention_room=True,
    )
    assert reply["reply_to"] == {"id": first["id"], "author": me, "author_name": "ann", "text": "coffee?"}
    assert node.meant == ([BEN, BEN], True)
    with pytest.raises(UnknownTarget, match="begins with"):
        api("message.send", room="#lobby", text="x", reply_to="abcdef")
    with pytest.raises(UnknownTarget):
        api("message.send", room="#lobby", text="x", mentions=["zoe"])


def test_messages_that_are_here_are_revised(api: Api, node: FakeNode) -> None:
    sent = api("message.send", room="#lobby", text="helo")
    digits = sent["id"][:8]
    edited = api("message.edit", message=digits, text="hello @ben", mentions=["ben"], mention_room=True)
    assert (edited["text"], edited["edited"], edited["id"]) == ("hello @ben", True, sent["id"])
    assert node.meant == ([BEN], True)
    me = encode_peer_id(node.peer_id)
    assert api("message.react", message=digits, emoji="👍")["reactions"] == [{"emoji": "👍", "by": [me]}]
    assert api("message.react", message=digits, emoji="👍", remove=True)["reactions"] == []
    gone = api("message.delete", message=sent["id"])
    assert (gone["text"], gone["note"], gone["deleted"]) == (None, "deleted", me)
    for method in ("message.edit", "message.delete", "message.react"):
        more = {"message.edit": {"text": "x"}, "message.react": {"emoji": "x"}}.get(method, {})
        with pytest.raises(UnknownTarget):
            api(method, message="abcdef", **more)


def test_the_topic_of_a_room(api: Api, node: FakeNode) -> None:
    assert api("rooms.topic", room="#lobby", topic="cake")["topic"] == "cake"
    assert api("rooms.get", room="#lobby")["topic"] == "cake"
    node.receive("ben", "@ann", mentions_me=True)
    assert api("rooms.get", room="#lobby")["mentions"] == 1


def test_what_of_a_room_draws_attention(api: Api, node: FakeNode) -> None:
    node.receive("ben", "@ann", mentions_me=True)
    node.receive("ben", "nothing in particular")
    for alerts, total in (("mentions", 1), ("none", 0), ("all", 2)):
        shown = api("rooms.alerts", room="#lobby", alerts=alerts)
        assert (shown["alerts"], shown["unread"], api("status")["unread"]) == (alerts, 2, total)
        assert api("rooms.get", room="#lobby") == shown
    with pytest.raises(BadInput, match="all, mentions, none"):
        api("rooms.alerts", room="#lobby", alerts="loud")
    with pytest.raises(UnknownTarget):
        api("rooms.alerts", room="zoe", alerts="none")


def test_one_in_which_nothing_was_written_can_be_muted_too(api: Api, node: FakeNode) -> None:
    assert api("rooms.get", room="ben")["alerts"] == "all"
    assert api("rooms.alerts", room="ben", alerts="none") == api("rooms.get", room="ben")
    assert api("rooms.get", room="ben")["alerts"] == "none"
    team = node.teams.create("Blue")
    assert api("rooms.alerts", room="#Blue", alerts="none")["room"] == team.hex()
    assert api("rooms.get", room="#Blue")["alerts"] == "none"


def test_reading_and_typing(api: Api, node: FakeNode) -> None:
    got = node.receive("ben", "hi")
    api("rooms.read", room="#lobby", seq=got.seq)
    assert not node.messages[0].unread
    api("rooms.typing", room="#lobby")
    assert node.typed == [LOBBY]


def test_the_settings_in_use(api: Api) -> None:
    config = api("config.get")
    assert config["file"] == "/c/config.toml"
    assert config["settings"]["port"] == 30000


def test_the_rules_in_force(api: Api, node: FakeNode) -> None:
    assert api("policy.get") == []
    assert api("config.get")["settings"]["open_network"] is True
    node.policy = combine(
        machine_policy({"open_network": False}, "/p.toml"), {"dev": {"subnets": ["10.0.0.0/8"]}}
    )
    assert api("policy.get") == [
        {"key": "open_network", "value": False, "source": "machine policy (/p.toml)"},
        {"key": "subnets", "value": ["10.0.0.0/8"], "source": "policy of team dev"},
    ]
    assert api("config.get")["settings"]["open_network"] is False, "the settings in use"


async def test_the_network(api: Api, node: FakeNode) -> None:
    api("network.add", host="10.0.0.1", port=2000)
    assert node.tried == [("10.0.0.1", 2000)]
    assert (await api("doctor.run"))[0]["level"] == "ok"


def test_stopping(api: Api) -> None:
    assert api("daemon.stop")["pid"] > 0
    assert api.stopped


def test_whom_nobody_knows(api: Api) -> None:
    with pytest.raises(UnknownTarget):
        api("peers.accept", peer="zoe")
    with pytest.raises(AmbiguousTarget):
        api("message.send", room="dee", text="x")
    with pytest.raises(BadInput):
        api("message.history", room="#lobby", before=(1, "x"))


def test_a_snapshot_holds_all_that_is_drawn(api: Api) -> None:
    snapshot = api.handlers.snapshot(7)
    assert snapshot["seq"] == 7
    assert snapshot["peers"] == api("peers.list")
    assert snapshot["rooms"] == api("rooms.list")
    assert snapshot["status"] == api("status")


async def test_what_concerns_the_key_and_its_backup(api: Api) -> None:
    with pytest.raises(NotNow, match="not locked"):
        await api("identity.unlock", passphrase="open sesame")
    with pytest.raises(BadInput, match="must be a text"):
        await api("identity.passphrase", old=None, new=None)
    with pytest.raises(BadInput, match="too short"):
        await api("backup.write", file="/nowhere/b", passphrase="x")
