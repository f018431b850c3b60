from __future__ import annotations

import json
import threading
import time

import pytest
from msgspec.structs import replace

from p2pim.cli import people
from p2pim.errors import BadInput
from p2pim.node.events import PeerView
from p2pim.protocol.identity import encode_peer_id, short_id
from tests.fakes import identity
from tests.served import Served
from tests.unit.cli.conftest import P2pim

BEN = identity("ben").peer_id


def test_peers_is_a_table_those_online_first(p2pim: P2pim, profile: Served) -> None:
    lines = p2pim("peers").out.splitlines()
    assert lines[0].split() == ["NAME", "ID", "PRESENCE", "TRUST", "UNREAD", "NOTE"]
    assert lines[1].split()[:3] == ["ben", short_id(BEN), "online"]
    assert [line.split()[0] for line in lines[2:]] == ["cy\\x1b]0;evil\\x07", "dee", "dee"]
    assert f"asks to talk: p2pim accept {short_id(identity('cy').peer_id)}" in lines[2]


def test_peers_tells_what_is_odd(p2pim: P2pim, profile: Served) -> None:
    node = profile.node
    node.known = {
        "ben": replace(node.known["ben"], lookalike="Ben", unread=3, waiting=2, status_text="lunch"),
        "cy": replace(node.known["cy"], blocked=True, last_seen_ms=1, request="none"),
    }
    lines = p2pim("peers").out.splitlines()
    assert "3" in lines[1].split()
    assert lines[1].endswith("!! looks like Ben, but is somebody else; 2 waiting for them; lunch")
    assert "blocked" in lines[2]
    assert "offline, seen 19" in lines[2]


@pytest.mark.parametrize(
    ("reach", "said"),
    [
        ("connecting", "connecting, seen 19"),
        ("no-answer", "no answer (off, or a firewall?), seen 19"),
        ("away", "offline, seen 19"),
    ],
)
def test_peers_tells_why_somebody_is_not_online(p2pim: P2pim, profile: Served, reach: str, said: str) -> None:
    node = profile.node
    node.known = {"cy": replace(node.known["cy"], reach=reach, last_seen_ms=1)}
    assert said in p2pim("peers").out
    node.known = {"cy": replace(node.known["cy"], reach="never-met", last_seen_ms=None)}
    assert "never met" in p2pim("peers").out


def test_peers_as_json(p2pim: P2pim, profile: Served) -> None:
    assert {peer["nickname"] for peer in p2pim("peers", "--json").json} == {"ben", "dee", "cy\x1b]0;evil\x07"}


def test_nobody_yet(p2pim: P2pim, profile: Served) -> None:
    profile.node.known.clear()
    assert p2pim("peers").out.startswith("Nobody yet:")


@pytest.mark.parametrize("as_json", [True, False])
def test_watching(p2pim: P2pim, profile: Served, as_json: bool) -> None:
    asked = threading.Event()
    peers = profile.node.peers

    def peers_asked_for() -> list[PeerView]:
        asked.set()
        return peers()

    profile.do(lambda: setattr(profile.node, "peers", peers_asked_for))
    result = []
    arguments = ["peers", "--watch"] + ["--json"] * as_json
    thread = threading.Thread(target=lambda: result.append(p2pim(*arguments)))
    thread.start()
    assert asked.wait(10)
    profile.settle()
    profile.do(lambda: profile.node.set_petname(BEN, "Benjamin"))
    profile.do(lambda: profile.node.set_nickname("anna"))
    profile.do(profile.stopping.set)
    thread.join(10)
    last = result[0].out.splitlines()[-1]
    if as_json:
        assert json.loads(last)["peer"]["name"] == "Benjamin"
    else:
        assert last == "-- ben is now Benjamin"


def test_names(p2pim: P2pim, profile: Served) -> None:
    assert p2pim("name").out == "ann\n"
    assert p2pim("name", "anna b").out == "anna b\n"
    assert p2pim("name", "ben", "Benjamin").out == f"{short_id(BEN)} is Benjamin here.\n"
    assert p2pim("name", "Benjamin", "").out == f"{short_id(BEN)} is ben here.\n"
    assert p2pim("name", "").out.startswith("(no name: others see ")
    done = p2pim("name", "a", "b", "c")
    assert done.code == 2
    assert "put quotes" in done.err


def test_presence(p2pim: P2pim, profile: Served) -> None:
    assert p2pim("presence").out == "online\n"
    assert p2pim("presence", "busy", "at", "lunch").out == "busy at lunch\n"
    assert p2pim("presence", "away", "--until", "2h").out == "away\n"
    until = profile.node.presence[2]
    assert until is not None
    assert abs(until / 1000 - time.time() - 7200) < 60
    assert p2pim("presence", "--json").json == {"presence": "away", "status_text": ""}
    assert p2pim("presence", "asleep").code == 2


NOON = time.mktime((2026, 3, 31, 12, 0, 0, 0, 0, -1))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("45m", NOON + 45 * 60),
        ("2h", NOON + 2 * 3600),
        ("15:30", time.mktime((2026, 3, 31, 15, 30, 0, 0, 0, -1))),
        ("9:05", time.mktime((2026, 4, 1, 9, 5, 0, 0, 0, -1))),
    ],
)
def test_until(text: str, moment: float) -> None:
    assert people.until_ms(text, NOON) == moment * 1000


@pytest.mark.parametrize("text", ["", "soon", "25:00", "12:60", "1d", "-5m", "12"])
def test_no_time(text: str) -> None:
    with pytest.raises(BadInput, match="is no time: write 15:30, 45m or 2h"):
        people.until_ms(text, NOON)


def test_ids(p2pim: P2pim, profile: Served) -> None:
    me = encode_peer_id(profile.node.peer_id)
    assert p2pim("id").out == f"{me}\n"
    assert p2pim("id", "--json").json["peer_id"] == me
    number = profile.node.safety_number(BEN)
    out = p2pim("id", "ben").out
    assert encode_peer_id(BEN) in out
    assert "".join("".join(line.split()) for line in out.splitlines()[-3:]) == number
    assert p2pim("id", "ben", "--json").json["peer"]["number"] == number


def test_verifying_by_option(p2pim: P2pim, profile: Served) -> None:
    done = p2pim("verify", "ben")
    assert done.code == 2
    assert "--yes" in done.err
    assert p2pim("verify", "ben", "--json").code == 2
    assert profile.node.known["ben"].trust == "accepted"
    assert p2pim("verify", "ben", "--yes").out == "ben is verified.\n"
    assert profile.node.known["ben"].trust == "verified"
    assert p2pim("verify", "ben", "--undo").out == "ben is not verified any more.\n"
    assert profile.node.known["ben"].trust == "accepted"


@pytest.mark.parametrize(
    ("answer", "code", "trust"), [("yes", 0, "verified"), ("no", 4, "accepted"), ("", 4, "accepted")]
)
def test_verifying_at_a_terminal(
    p2pim: P2pim, profile: Served, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, trust: str
) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return answer + "\n"

    monkeypatch.setattr("p2pim.cli.people.sys", type("sys", (), {"stdin": Terminal()}))
    done = p2pim("verify", "ben")
    assert done.code == code
    assert "Are all twelve groups equal?" in done.out
    assert profile.node.known["ben"].trust == trust


def test_requests_and_blocks(p2pim: P2pim, profile: Served) -> None:
    cy = short_id(identity("cy").peer_id)
    assert p2pim("decline", cy).code == 0
    assert profile.node.known["cy"].request == "declined"
    assert p2pim("accept", cy).out.endswith(" may write to you.\n")
    assert profile.node.known["cy"].trust == "accepted"
    assert p2pim("block", cy).code == 0
    assert profile.node.known["cy"].blocked
    assert p2pim("unblock", cy, "--json").json["peer_id"] == encode_peer_id(identity("cy").peer_id)
    assert not profile.node.known["cy"].blocked


def test_who_is_meant_must_be_clear(p2pim: P2pim, profile: Served) -> None:
    done = p2pim("block", "dee")
    assert done.code == 3
    for name in ("dee1", "dee2"):
        assert short_id(identity(name).peer_id) in done.err
