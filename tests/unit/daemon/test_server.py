from __future__ import annotations

import json
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from p2pim.api.client import Client, ConnectionLost
from p2pim.api.jsonrpc import API_VERSION, WrongVersion
from p2pim.config import Settings
from p2pim.daemon import connection
from p2pim.errors import BadInput, NotNow, StoreFull, UnknownTarget
from p2pim.node.events import NetworkChanged
from p2pim.protocol.identity import encode_peer_id
from tests.served import Served, served


@pytest.fixture
def profile(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path / "home") as running:
        yield running


@pytest.fixture
def client(profile: Served) -> Iterator[Client]:
    with Client(profile.paths) as connected:
        yield connected


class Lines:
    """A client that sends exactly what it is told to."""

    def __init__(self, profile: Served, hello: bool = True) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        self.socket.connect(str(profile.paths.socket_file))
        self._file = self.socket.makefile("rb")
        if hello:
            self.ask(0, "hello", api=API_VERSION, version="test")
            self.read()

    def ask(self, number: int | str | None, method: str, **params: Any) -> None:
        self.send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})

    def send(self, request: Any) -> None:
        self.socket.sendall(json.dumps(request).encode() + b"\n")

    def read(self) -> dict[str, Any]:
        line = self._file.readline()
        assert line.endswith(b"\n")
        message: dict[str, Any] = json.loads(line)
        assert message["jsonrpc"] == "2.0"
        return message

    def at_end(self) -> bool:
        return self._file.read(1) == b""

    def close(self) -> None:
        self._file.close()
        self.socket.close()


@pytest.fixture
def lines(profile: Served) -> Iterator[Lines]:
    opened = Lines(profile)
    yield opened
    opened.close()


def test_the_socket_is_private(profile: Served) -> None:
    assert stat.S_IMODE(profile.paths.socket_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(profile.paths.runtime.stat().st_mode) == 0o700


def test_a_message_goes_in_and_comes_back(client: Client) -> None:
    sent = client.send("ben", "hello")
    assert [m["id"] for m in client.history("ben")] == [sent["id"]]
    assert sent["state"] == "waiting"


def test_the_same_token_stores_once(client: Client, profile: Served) -> None:
    assert client.send("ben", "hello", token="t")["id"] == client.send("ben", "hello", token="t")["id"]
    assert len(profile.node.messages) == 1


def test_errors_come_back_as_the_class_they_were(client: Client) -> None:
    with pytest.raises(UnknownTarget, match="Nobody is called zoe"):
        client.send("zoe", "hello")
    with pytest.raises(BadInput, match="too long"):
        client.send("ben", "x" * 50_000)
    with pytest.raises(NotNow, match="blocked"):
        client.send("ben", "blocked")


def test_requests_of_one_go_share_one_commit_and_fail_alone(client: Client, profile: Served) -> None:
    client.status()
    before = profile.node.store.commits
    texts = ["one", "blocked", "two"]
    with pytest.raises(NotNow, match="blocked"):
        client.gather([("message.send", {"room": "ben", "text": text}) for text in texts])
    assert profile.node.store.commits == before + 1
    assert [view.text for view in profile.node.messages] == ["one", "two"]


def test_an_error_after_a_write_undoes_that_request_only(client: Client, profile: Served) -> None:
    def store_then_fail(*arguments: Any, **more: Any) -> Any:
        original(*arguments, **more)
        raise BadInput("Changed my mind: try again.")

    original = profile.node.send_text
    client.send("ben", "kept")
    profile.do(lambda: setattr(profile.node, "send_text", store_then_fail))
    with pytest.raises(BadInput, match="Changed my mind"):
        client.send("ben", "undone")
    assert [view.text for view in profile.node.messages] == ["kept"]


def test_a_full_disk_fails_every_write_of_the_group_and_no_read(lines: Lines, profile: Served) -> None:
    profile.do(lambda: setattr(profile.node.store, "full", True))
    send = {"jsonrpc": "2.0", "method": "message.send", "params": {"room": "ben", "text": "x"}}
    status = {"jsonrpc": "2.0", "id": 2, "method": "status"}
    group = [{**send, "id": 1}, status, {**send, "id": 3}, send]
    lines.socket.sendall(b"".join(json.dumps(each).encode() + b"\n" for each in group))
    replies = [lines.read() for _ in range(3)]
    assert [reply["id"] for reply in replies] == [1, 2, 3]
    assert [reply.get("error", {}).get("code") for reply in replies] == [1005, None, 1005]
    assert profile.node.messages == []
    profile.do(lambda: setattr(profile.node.store, "full", False))
    lines.ask(4, "message.send", room="ben", text="y")
    assert lines.read()["result"]["text"] == "y"


def test_a_full_disk_is_told_as_such(client: Client, profile: Served) -> None:
    profile.do(lambda: setattr(profile.node.store, "full", True))
    with pytest.raises(StoreFull):
        client.send("ben", "x")


def test_no_answer_before_the_commit(lines: Lines, profile: Served) -> None:
    """The event of the commit travels before the answer, so the answer cannot have been early."""
    lines.ask(1, "subscribe")
    assert lines.read()["result"] == {"seq": 1}
    lines.ask(2, "message.send", room="ben", text="x")
    first, second = lines.read(), lines.read()
    assert first["params"]["type"] == "message.added"
    assert first["params"]["seq"] == 2
    assert second["id"] == 2


def test_a_request_without_id_is_not_answered(lines: Lines, profile: Served) -> None:
    lines.send({"jsonrpc": "2.0", "method": "identity.name", "params": {"nickname": "anna"}})
    lines.ask(7, "identity.get")
    assert lines.read() == {
        "jsonrpc": "2.0",
        "id": 7,
        "result": {
            "peer_id": encode_peer_id(profile.node.peer_id),
            "short_id": profile.node.short_id,
            "nickname": "anna",
        },
    }


def test_hello_must_come_first(profile: Served) -> None:
    lines = Lines(profile, hello=False)
    lines.ask(1, "status")
    assert "Say hello first" in lines.read()["error"]["message"]
    lines.close()


def test_another_api_version_is_refused_naming_both(profile: Served) -> None:
    lines = Lines(profile, hello=False)
    lines.ask(1, "hello", api=99, version="9.9")
    error = lines.read()["error"]
    assert error["code"] == 1009
    assert "9.9 (API 99)" in error["message"]
    assert "(API 1)" in error["message"]
    lines.ask(2, "status")
    assert "error" in lines.read()
    lines.close()


def test_the_client_raises_wrong_version(profile: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("p2pim.api.client.API_VERSION", 2)
    with Client(profile.paths) as client, pytest.raises(WrongVersion, match="p2pim stop"):
        client.status()


def test_any_version_may_stop_the_daemon(profile: Served) -> None:
    lines = Lines(profile, hello=False)
    lines.ask(1, "hello", api=99, version="9.9")
    lines.read()
    lines.ask(2, "daemon.stop")
    assert "pid" in lines.read()["result"]
    assert lines.at_end()
    lines.close()


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"GET / HTTP/1.1", -32700),
        (b"", -32700),
        (b"[]", -32600),
        (b'{"jsonrpc":"1.0","id":1,"method":"status"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"nosuch"}', -32601),
        (b'{"jsonrpc":"2.0","id":1,"method":"message.send","params":{"room":"ben"}}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"status","params":{"x":1}}', -32602),
        (b"[" * 100_000, -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"status","params":' + b"[" * 100_000, -32700),
        (b"\xff\xfe", -32700),
    ],
)
def test_a_bad_line_gets_a_sentence_and_the_next_an_answer(lines: Lines, line: bytes, code: int) -> None:
    lines.socket.sendall(line + b"\n")
    error = lines.read()["error"]
    assert error["code"] == code
    assert error["message"].endswith(".")
    lines.ask(2, "status")
    assert lines.read()["id"] == 2


def test_a_line_without_an_end_is_the_last(lines: Lines) -> None:
    sent = 0
    try:
        while sent < 3 << 20:
            sent += lines.socket.send(b"x" * 65536)
    except (BrokenPipeError, ConnectionResetError):
        pass
    assert "longer than 1 MiB" in lines.read()["error"]["message"]


def test_an_unexpected_failure_is_one_sentence_and_no_traceback(client: Client, profile: Served) -> None:
    profile.do(lambda: setattr(profile.node, "broken", ValueError("secret text")))
    with pytest.raises(Exception, match=r"peers\.list failed unexpectedly: see .*p2pim\.log") as caught:
        client.peers()
    assert "secret" not in str(caught.value)
    assert client.identity()["nickname"] == "ann"


def test_what_is_slow_takes_its_turn(lines: Lines, profile: Served) -> None:
    send = {"jsonrpc": "2.0", "method": "message.send", "params": {"room": "ben", "text": "x"}}
    slow = {"jsonrpc": "2.0", "method": "identity.passphrase", "params": {"old": None, "new": "open sesame"}}
    group = [{**send, "id": 1}, {**slow, "id": 2}, {**send, "id": 3}, slow, {**send, "id": 4}]
    lines.socket.sendall(b"".join(json.dumps(each).encode() + b"\n" for each in group))
    assert [lines.read()["id"] for _ in range(4)] == [1, 2, 3, 4]
    assert len(profile.node.messages) == 3


def test_what_is_slow_fails_in_a_sentence_too(client: Client, profile: Served) -> None:
    profile.do(lambda: setattr(profile.server._handlers, "_care", "secret text"))
    with pytest.raises(Exception, match=r"backup\.write failed unexpectedly: see .*p2pim\.log"):
        client.call("backup.write", file="/b", passphrase="open sesame")
    lines = Lines(profile, hello=False)
    lines.ask(1, "backup.write", file="/b", passphrase="open sesame")
    assert "Say hello first" in lines.read()["error"]["message"]
    lines.close()


def test_events_are_numbered_for_all_alike(profile: Served, client: Client) -> None:
    with Client(profile.paths) as other:
        client.subscribe()
        profile.do(lambda: profile.node.receive("ben", "one"))
        other.subscribe()
        profile.do(lambda: profile.node.receive("ben", "two"))
        mine = [next(client.events(5)) for _ in range(2)]
        theirs = next(other.events(5))
        assert [event["seq"] for event in mine] == [
            2,
            3,
        ]  # 1 stands for what happened before anybody listened
        assert theirs == mine[1]
        assert theirs["message"]["text"] == "two"


def emit_many(profile: Served, count: int) -> None:
    for _ in range(count):
        profile.node.emit(NetworkChanged("x" * 1000))


def test_a_slow_subscriber_loses_the_gap_and_is_told_once(lines: Lines, profile: Served) -> None:
    lines.ask(1, "subscribe")
    assert lines.read()["result"] == {"seq": 1}
    for _ in range(8):
        profile.do(lambda: emit_many(profile, 1000))
    last = profile.server.seq
    types: list[str] = []
    seqs: list[int] = []
    while not types or types[-1] != "resync":
        params = lines.read()["params"]
        types.append(params["type"])
        seqs.append(params["seq"])
    assert types.count("resync") == 1
    assert len(types) < 2500  # the sockets' buffers and MOST_EVENTS; the rest was dropped
    assert seqs[-1] == last == 8001
    assert seqs[:-1] == list(range(2, len(seqs) + 1))
    profile.do(lambda: profile.node.emit(NetworkChanged("live again")))
    assert lines.read()["params"] == {"seq": last + 1, "type": "network.changed", "text": "live again"}
    lines.ask(2, "resync")
    snapshot = lines.read()["result"]
    assert snapshot["seq"] == last + 1
    assert snapshot["status"]["nickname"] == "ann"
    assert {peer["nickname"] for peer in snapshot["peers"]} >= {"ben", "dee"}


def test_a_fast_subscriber_is_not_held_up_by_a_slow_one(
    lines: Lines, profile: Served, client: Client
) -> None:
    lines.ask(1, "subscribe")
    lines.read()
    client.subscribe()
    seen: list[int] = []
    for _ in range(20):
        profile.do(lambda: emit_many(profile, 200))
        while len(seen) < profile.server.seq - 1:
            seen.append(next(client.events(5))["seq"])
    assert seen == list(range(2, 4002))


def test_who_does_not_read_answers_is_asked_no_more(profile: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MOST_WAITING", 4096)
    lines = Lines(profile)
    lines.socket.setblocking(False)
    request = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "resync"}).encode() + b"\n"
    sent = 0
    try:
        for _ in range(200_000):
            sent += lines.socket.send(request)
    except BlockingIOError:
        pass
    profile.settle()
    (client,) = profile.server._clients
    assert client.transport.get_write_buffer_size() < 1 << 20
    lines.socket.setblocking(True)
    lines.socket.settimeout(10)
    for _ in range(sent // len(request)):
        assert lines.read()["id"] == 1
    lines.close()


def test_a_half_closed_client_gets_its_answers(profile: Served) -> None:
    lines = Lines(profile)
    lines.ask(1, "status")
    lines.ask(2, "identity.get")
    lines.socket.shutdown(socket.SHUT_WR)
    assert [lines.read()["id"], lines.read()["id"]] == [1, 2]
    assert lines.at_end()
    lines.close()


def test_not_more_clients_than_there_are_places(profile: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("p2pim.daemon.server.MOST_CLIENTS", 1)
    with Client(profile.paths) as first:
        first.status()
        with Client(profile.paths) as second, pytest.raises(ConnectionLost):
            second.status()
        assert first.status()["nickname"] == "ann"


def test_a_stale_socket_is_replaced(tmp_path: Path) -> None:
    with served(tmp_path / "home") as profile:
        paths = profile.paths
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(paths.socket_file))
    stale.close()
    with served(tmp_path / "home") as profile, Client(profile.paths) as client:
        assert client.status()["nickname"] == "ann"
    assert not paths.socket_file.exists()


def test_the_tcp_way(tmp_path: Path) -> None:
    with served(tmp_path / "home", Settings(api="tcp")) as profile:
        assert not profile.paths.socket_file.exists()
        assert stat.S_IMODE(profile.paths.address_file.stat().st_mode) == 0o600
        with Client(profile.paths) as client:
            client.subscribe()
            sent = client.send("#lobby", "hello")
            assert next(client.events(5))["message"]["id"] == sent["id"]
    assert not profile.paths.address_file.exists()


def test_stop_answers_first(profile: Served) -> None:
    with Client(profile.paths) as client:
        assert client.call("daemon.stop")["pid"] > 0
