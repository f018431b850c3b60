"""Teams between real daemons, by the commands a user types: found, invite, join, talk, remove, check the log."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from p2pim.api.client import Client
from p2pim.config import Paths
from tests.cli.home import LOOPBACK, Done, Home, running
from tests.loopback import own_loopback

HIDDEN = 'visible = "nobody"\n'
CLOSED = "open_network = false\n"
#: From the code to the first message read, in seconds.
GOAL = 5.0


@pytest.fixture(scope="module", autouse=True)
def alone() -> Iterator[None]:
    with own_loopback():
        yield


def until(home: Home, holds: Callable[[Client], bool], what: str, within: float = 20.0) -> None:
    """Wait until something holds, looking after each event."""
    with Client(Paths(home.folder)) as client:
        client.subscribe()
        deadline = time.monotonic() + within
        while not holds(client):
            left = deadline - time.monotonic()
            assert left > 0, f"not within {within:g} s: {what}"
            next(iter(client.events(timeout=left)), None)
            client.ready_events()


def texts(client: Client, room: str) -> list[str | None]:
    return [message["text"] for message in client.history(room)]


def reads(home: Home, room: str, *wanted: str) -> None:
    """Wait until this is what is in a room."""

    def there(client: Client) -> bool:
        return any(r["name"] == room for r in client.rooms()) and texts(client, room) == list(wanted)

    until(home, there, f"{room} holds {wanted}")


def ok(done: Done) -> Done:
    assert (done.code, done.err) == (0, "")
    return done


def homes(folder: Path, settings: str, *names: str) -> list[Home]:
    return [Home(folder / name, LOOPBACK + settings) for name in names]


@pytest.mark.parametrize(
    ("settings", "by"),
    [("", "code"), (CLOSED, "code"), (HIDDEN, "link"), (HIDDEN + CLOSED, "link")],
    ids=["by code", "by code, open network off", "by link, no mDNS", "by link, neither"],
)
def test_from_the_code_to_the_first_message_read(
    short_tmp: Path,
    settings: str,
    by: str,
    figure: Callable[[str, str], None],
    request: pytest.FixtureRequest,
) -> None:
    anna, ben = homes(short_tmp, settings, "a", "b")
    with running(anna, ben):
        ok(anna.run("team", "create", "Blue"))
        ok(anna.run("send", "#Blue", "welcome"))
        invited = ok(anna.run("team", "invite", "--json")).json
        began = time.monotonic()
        joined = ok(ben.run("team", "join", stdin=invited[by].encode()))
        assert "You are in Blue now." in joined.out
        reads(ben, "#Blue", "welcome")
        took = time.monotonic() - began
        figure(f"from `team join` {request.node.callspec.id} to the first message read", f"{took:.1f} s")
        assert took <= GOAL
        ok(ben.run("send", "#Blue", "thanks", "--wait", "10"))
        reads(anna, "#Blue", "welcome", "thanks")
        trust = [peer["trust"] for peer in ben.run("peers", "--json").json]
        assert trust == ["team"]
        for file in (file for home in (anna, ben) for file in home.folder.rglob("*") if file.is_file()):
            assert invited["code"].encode() not in file.read_bytes(), f"the code is in {file}"


@pytest.mark.parametrize(("settings", "by"), [(CLOSED, "code"), (HIDDEN, "link")])
def test_a_join_goes_on_without_its_command_and_over_a_restart(
    short_tmp: Path, settings: str, by: str
) -> None:
    anna, ben = homes(short_tmp, settings, "a", "b")
    anna.settings(LOOPBACK.replace("port = 0", "port = 26747") + settings)
    with running(anna, ben):
        ok(anna.run("team", "create", "Blue"))
        invited = ok(anna.run("team", "invite", "--json")).json
        ok(anna.run("stop"))
        done = ben.run("team", "join", "--wait", "0.2", stdin=invited[by].encode())
        assert done.code == 6
        assert "p2pim goes on trying" in done.err
        assert len(ben.run("team", "joins", "--json").json) == 1
        ok(ben.run("stop"))
        ok(ben.run("start"))
        ok(anna.run("start"))
        until(ben, lambda client: [team["name"] for team in client.teams()] == ["Blue"], "Ben is in Blue")
        assert ben.run("team", "joins", "--json").json == []


def test_a_team_from_its_founding_to_a_removal(short_tmp: Path) -> None:
    anna, ben, cleo = everyone = homes(short_tmp, CLOSED, "a", "b", "c")
    with running(*everyone):
        for home, name in zip(everyone, ("Anna", "Ben", "Cleo"), strict=True):
            ok(home.run("name", name))
        ok(anna.run("team", "create", "Blue"))
        invited = ok(anna.run("team", "invite", "--uses", "2", "--json")).json
        for home in (ben, cleo):
            ok(home.run("team", "join", stdin=invited["code"].encode()))
        refused = ben.run("team", "invite")
        assert (refused.code, "Only its owner and admins" in refused.err) == (6, True)
        until(anna, lambda client: len(client.members("Blue")) == 3, "three are in it")

        ok(anna.run("room", "create", "news"))
        ok(anna.run("room", "create", "plan", "--private", "Ben"))
        ok(anna.run("send", "#Blue/news", "today"))
        ok(anna.run("send", "#Blue/plan", "psst"))
        reads(cleo, "#Blue/news", "today")
        reads(ben, "#Blue/plan", "psst")
        assert cleo.run("history", "#plan").code == 3
        ok(anna.run("room", "archive", "news"))
        until(cleo, lambda client: client.room("#news")["archived"], "the news are archived")
        late = cleo.run("send", "#news", "too late")
        assert (late.code, "is archived" in late.err) == (6, True)

        ok(anna.run("team", "grant", "Ben", "admin"))
        until(ben, lambda client: client.teams()[0]["role"] == "admin", "Ben is admin")
        until(ben, lambda client: len(client.members("Blue")) == 3, "Ben knows Cleo")
        ok(ben.run("team", "remove", "Cleo"))
        until(anna, lambda client: len(client.members("Blue")) == 2, "Cleo is out")
        ok(anna.run("send", "#Blue", "among us"))
        reads(ben, "#Blue", "among us")
        assert cleo.run("history", "#Blue").out == ""
        again = cleo.run("team", "join", "--wait", "20", stdin=invited["code"].encode())
        assert again.code == 4

        logs = [ok(home.run("team", "log", "--verify", "--json")).json for home in (anna, ben)]
        assert logs[0]["fingerprint"] == logs[1]["fingerprint"]
        assert [line["id"] for line in logs[0]["lines"]] == [line["id"] for line in logs[1]["lines"]]
        assert any("removed Cleo" in line["text"] for line in logs[1]["lines"])
        ok(ben.run("team", "leave"))
        until(anna, lambda client: len(client.members("Blue")) == 1, "Ben is out")
        assert ben.run("team", "--json").json[0]["mine"] is False
        assert ben.run("team", "log", "--verify").code == 0


# -- the log


def database(home: Home) -> sqlite3.Connection:
    return sqlite3.connect(Paths(home.folder).database)


def verified(home: Home) -> Done:
    """Start the daemon, check the log, stop it."""
    with running(home):
        return home.run("team", "log", "--verify", "--json")


@pytest.mark.timeout(240)  # two dozen starts of a daemon
def test_every_single_edit_of_the_log_is_found(short_tmp: Path) -> None:
    (anna,) = homes(short_tmp, HIDDEN, "a")
    with running(anna):
        ok(anna.run("team", "create", "Blue"))
        for number in range(4):
            ok(anna.run("team", "policy", f"retention_days={number + 1}"))
        ok(anna.run("team", "invite"))
        whole = ok(anna.run("team", "log", "--verify", "--json")).json
    ids = [line["id"] for line in whole["lines"]]
    assert whole["faults"] == []
    edits = [
        (f"{column} of message {number}", number, column)
        for column, numbers in {
            "header": range(6),
            "signature": range(6),
            "content": range(4),
            "row": range(4),
        }.items()
        for number in numbers
    ]
    assert len(edits) == 20
    with database(anna) as disk:
        before = list(disk.execute("SELECT * FROM control"))
    for what, number, column in edits:
        with database(anna) as disk:
            edit(disk, bytes.fromhex(ids[number]), column)
        done = verified(anna)
        assert done.code == 1, what
        blamed = {fault["id"] for fault in json.loads(done.out)["faults"]}
        expected = ids[number + 1] if column == "row" else ids[number]
        assert expected in blamed, what
        with database(anna) as disk:
            disk.execute("DELETE FROM control")
            disk.executemany("INSERT INTO control VALUES (?, ?, ?, ?, ?, ?)", before)
    done = verified(anna)
    assert (done.code, done.json) == (0, whole)


def edit(disk: sqlite3.Connection, message_id: bytes, column: str) -> None:
    """Change one byte of a stored control message, or take its row away."""
    if column == "row":
        disk.execute("DELETE FROM control WHERE id = ?", [message_id])
        return
    ((value,),) = disk.execute(f"SELECT {column} FROM control WHERE id = ?", [message_id])
    place = len(value) // 2
    changed = value[:place] + bytes([value[place] ^ 1]) + value[place + 1 :]
    disk.execute(f"UPDATE control SET {column} = ? WHERE id = ?", [changed, message_id])


def test_the_newest_message_can_go_unseen_and_the_fingerprint_tells(short_tmp: Path) -> None:
    (anna,) = homes(short_tmp, HIDDEN, "a")
    with running(anna):
        ok(anna.run("team", "create", "Blue"))
        ok(anna.run("team", "policy", "relay=off"))
        whole = ok(anna.run("team", "log", "--verify", "--json")).json
    with database(anna) as disk:
        disk.execute("DELETE FROM control WHERE id = ?", [bytes.fromhex(whole["lines"][-1]["id"])])
    done = verified(anna)
    assert (done.code, done.json["faults"]) == (0, [])
    assert done.json["fingerprint"] != whole["fingerprint"]
