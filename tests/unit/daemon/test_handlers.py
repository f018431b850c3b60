from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from p2pim.config import Settings
from p2pim.daemon.handlers import Handlers
from p2pim.errors import AmbiguousTarget, BadInput, UnknownTarget
from p2pim.protocol.identity import encode_peer_id, short_id
from tests.fakes import LOBBY, FakeNode, identity

BEN = identity("ben").peer_id


@pytest.fixture
def node() -> FakeNode:
    return FakeNode()


class Api:
    """The handlers, and whether they were told to stop."""

    def __init__(self, node: FakeNode) -> None:
        self.stopped = False
        self.handlers = Handlers(node, Settings(port=30000), Path("/c/config.toml"), self._stop)

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


def test_the_network(api: Api, node: FakeNode) -> None:
    api("network.add", host="10.0.0.1", port=2000)
    assert node.tried == [("10.0.0.1", 2000)]
    assert api("doctor.run")[0]["level"] == "ok"


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
