from __future__ import annotations

import json
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from p2pim.api.client import Client, ConnectionLost, is_listening, whole_history
from p2pim.api.jsonrpc import DaemonFault
from p2pim.config import Paths
from p2pim.config.paths import make_private
from p2pim.errors import BadInput, NotNow, UnknownTarget
from p2pim.node.events import NetworkChanged
from tests.served import Served, served


@pytest.fixture
def profile(short_tmp: Path) -> Iterator[Served]:
    with served(short_tmp) as running:
        yield running


@pytest.fixture
def client(profile: Served) -> Iterator[Client]:
    with Client(profile.paths) as connected:
        yield connected


@contextmanager
def saying(home: Path, *answers: bytes, then_close: bool = True) -> Iterator[Paths]:
    """A daemon that says the same to everybody, then hangs up or falls silent."""
    paths = Paths(home)
    make_private(paths.runtime)
    over = threading.Event()
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(str(paths.socket_file))
        listener.listen()

        def run() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1 << 16)
                for answer in answers:
                    connection.sendall(answer)
                if not then_close:
                    over.wait(10)

        thread = threading.Thread(target=run)
        thread.start()
        yield paths
        over.set()
        thread.join(10)


def reply(number: int, result: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": number, "result": result}).encode() + b"\n"


def test_hello_travels_with_the_first_request(short_tmp: Path) -> None:
    with saying(short_tmp, reply(0, {}), reply(1, {"nickname": "x"})) as paths, Client(paths) as client:
        assert client.identity()["nickname"] == "x"


def test_answers_may_come_in_pieces_and_in_any_order(short_tmp: Path) -> None:
    both = reply(2, "two") + reply(0, {}) + reply(1, "one")
    with saying(short_tmp, both[:7], both[7:50], both[50:]) as paths, Client(paths) as client:
        assert client.gather([("status", {}), ("status", {})]) == ["one", "two"]


def test_what_was_answered_before_the_daemon_went_away_is_known(short_tmp: Path) -> None:
    answers = reply(2, "two") + reply(0, {}) + reply(1, "one")
    with saying(short_tmp, answers) as paths, Client(paths) as client:
        results = client.each([("status", {})] * 3)
        assert [next(results), next(results)] == ["one", "two"]
        with pytest.raises(ConnectionLost, match="went away"):
            next(results)


def test_results_one_by_one_end_at_the_first_error(client: Client) -> None:
    calls = [("message.send", {"room": room, "text": "x"}) for room in ("ben", "zoe", "ben")]
    results = client.each(calls)
    assert next(results)["text"] == "x"
    with pytest.raises(UnknownTarget):
        next(results)
    assert client.status()["nickname"] == "ann"


def test_a_daemon_that_goes_away(short_tmp: Path) -> None:
    with (
        saying(short_tmp, reply(0, {})) as paths,
        Client(paths) as client,
        pytest.raises(ConnectionLost, match="went away"),
    ):
        client.status()


def test_a_daemon_that_is_stuck(short_tmp: Path) -> None:
    with (
        saying(short_tmp, reply(0, {}), then_close=False) as paths,
        Client(paths, timeout=0.05) as client,
        pytest.raises(ConnectionLost, match=r"does not answer; see .*p2pim\.log"),
    ):
        client.status()


def test_a_daemon_that_understands_nothing(short_tmp: Path) -> None:
    error = {"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "No JSON."}}
    with (
        saying(short_tmp, json.dumps(error).encode() + b"\n") as paths,
        Client(paths) as client,
        pytest.raises(DaemonFault, match="No JSON"),
    ):
        client.status()


def test_the_first_error_is_raised_after_all_were_answered(client: Client, profile: Served) -> None:
    calls = [("message.send", {"room": room, "text": "x"}) for room in ("zoe", "ben", "dee")]
    with pytest.raises(UnknownTarget):
        client.gather(calls)
    assert len(profile.node.messages) == 1
    assert client.status()["nickname"] == "ann"


def test_events_that_come_between_are_kept(client: Client) -> None:
    client.subscribe()
    client.send("ben", "one")
    client.send("ben", "two")
    texts = [event["message"]["text"] for event in client.ready_events()]
    assert texts == ["one", "two"]
    assert client.ready_events() == []


def test_events_end_after_the_time_given(client: Client) -> None:
    client.subscribe()
    assert list(client.events(timeout=0.01)) == []


def test_events_tell_when_the_daemon_goes(client: Client, profile: Served) -> None:
    client.subscribe()
    profile.do(profile.stopping.set)
    with pytest.raises(ConnectionLost, match="went away"):
        list(client.events(5))


def test_it_can_be_waited_for(client: Client, profile: Served) -> None:
    client.subscribe()
    assert select.select([client], [], [], 0)[0] == []
    profile.do(lambda: profile.node.emit(NetworkChanged("x")))
    assert select.select([client], [], [], 5)[0] == [client]
    assert [event["type"] for event in client.ready_events()] == ["network.changed"]


def test_ask_does_not_wait_and_its_answer_is_dropped(client: Client, profile: Served) -> None:
    client.ask("message.send", room="ben", text="x")
    assert client.status()["nickname"] == "ann"
    assert len(profile.node.messages) == 1


def test_every_typed_method(client: Client, profile: Served) -> None:
    ben = client.peers()[0]
    assert client.room("ben")["room"] == ben["room"]
    assert client.room("#lobby")["kind"] == "lobby"
    assert [room["kind"] for room in client.rooms()] == ["lobby"]
    assert len(client.safety_number("ben")["number"]) == 60
    assert client.doctor()[0]["name"] == "clock"
    assert client.resync()["status"]["nickname"] == "ann"
    got = profile.do(lambda: profile.node.receive("ben", "hi"))
    assert client.rooms()[0]["unread"] == 1
    client.read("#lobby", got.seq)
    assert client.rooms()[0]["unread"] == 0


def test_stop_needs_no_hello(profile: Served) -> None:
    with Client(profile.paths) as client:
        assert client.stop()["pid"] > 0


def test_a_whole_history_takes_pages(client: Client, profile: Served) -> None:
    client.gather([("message.send", {"room": "ben", "text": f"{n} " + "x" * 30_000}) for n in range(50)])
    client.gather([("message.send", {"room": "ben", "text": f"{n}"}) for n in range(50, 250)])
    assert len(client.history("ben", 1000)) < 250  # limits of a page, in number and in bytes
    everything = whole_history(client, "ben", 1000)
    assert [int((m["text"] or "").split()[0]) for m in everything] == list(range(250))
    assert whole_history(client, "ben", 7) == everything[-7:]
    assert whole_history(client, "dee1", 0) == []


@pytest.mark.parametrize("params", [{"limit": 0}, {"before": (1, "zz")}])
def test_a_wrong_position_is_a_sentence(client: Client, params: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match=r"message\.history"):
        client.call("message.history", room="ben", **params)


def test_whether_somebody_listens(profile: Served, tmp_path: Path) -> None:
    assert is_listening(profile.paths)
    assert not is_listening(Paths(tmp_path))


def test_errors_are_raised_as_here(client: Client) -> None:
    with pytest.raises(NotNow, match="blocked"):
        client.send("ben", "blocked")


def test_teams(client: Client, profile: Served) -> None:
    team = client.call("team.create", name="Blue")["team"]
    assert [(each["team"], each["name"]) for each in client.teams()] == [(team, "Blue")]
    assert [member["name"] for member in client.members("Blue")] == ["ann"]
    code = client.invite("Blue", uses=2)["code"]
    assert [(invite["uses"], invite["state"]) for invite in client.invites(team)] == [(2, "open")]
    with pytest.raises(BadInput, match="in Blue already"):
        client.join(code)
    log = client.log("#Blue", verify=True)
    assert (log["total"], log["faults"]) == (2, [])
