"""The commands against a real daemon of a profile that nobody else is on."""

from __future__ import annotations

import json
import re
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from p2pim.config import Paths
from tests.as_nobody import as_nobody
from tests.cli.home import LOOPBACK, Home, running


@pytest.fixture
def home(short_tmp: Path) -> Home:
    return Home(short_tmp / "h")


@pytest.fixture
def started(home: Home) -> Iterator[Home]:
    with running(home):
        yield home


def test_start_status_stop(home: Home) -> None:
    assert home.run("status").code == 5
    started = home.run("start")
    assert started.code == 0
    assert re.fullmatch(r"p2pim has started \(process \d+\)\. .+\n", started.out)
    assert home.run("start").out.startswith("p2pim is running already")
    status = home.run("status", "--json").json
    assert status["port"] >= 1024
    assert status["storage"] == "ok"
    assert home.run("stop") == (0, "p2pim has stopped.\n", "")
    assert home.run("stop").code == 5


def test_stop_and_start_in_one_breath(started: Home) -> None:
    for _ in range(3):
        assert home_restarted(started)


def home_restarted(home: Home) -> bool:
    return home.run("stop").code == 0 and home.run("start").code == 0


def test_the_lobby(started: Home) -> None:
    assert started.run("send", "lobby", "hello").code == 0
    assert started.run("send", "#lobby", stdin=b"from a pipe\n").code == 0
    assert started.run("send", "lobby", "once", "--token", "t").code == 0
    assert started.run("send", "lobby", "once", "--token", "t").code == 0
    # Others on this machine's loopback interface (tests that run beside this one) may write there, too.
    history = started.run("history", "lobby", "-n", "500", "--json").out.splitlines()
    mine = [message["text"] for message in map(json.loads, history) if message["mine"]]
    assert mine == ["hello", "from a pipe", "once"]


def test_what_was_said_outlives_kills_and_restarts(started: Home) -> None:
    started.run("name", "anna")
    me = started.run("id").out
    started.run("send", "lobby", "before")
    started.kill()
    assert started.run("status").code == 5
    assert started.run("start").code == 0
    assert started.run("id").out == me
    assert started.run("name").out == "anna\n"
    assert "you: before" in started.run("history", "lobby").out
    assert home_restarted(started)
    assert "you: before" in started.run("history", "lobby").out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["send", "zoe", "x"], 3),
        (["send", "#nowhere", "x"], 3),
        (["history", "zoe"], 3),
        (["accept", "zoe"], 3),
        (["id", "zoe"], 3),
        (["send", "lobby", "x" * 60_000], 4),
        (["name", "x" * 100], 4),
        (["name", "a\x1bb"], 4),
        (["presence", "away", "y" * 200], 4),
        (["add", "8.8.8.8:80"], 4),
        (["nope"], 2),
    ],
)
def test_refusals_are_one_sentence(started: Home, arguments: list[str], code: int) -> None:
    done = started.run(*arguments)
    assert done.code == code
    assert done.out == ""
    assert done.err.rstrip("\n").splitlines()[-1].startswith("p2pim: ")
    assert code == 2 or done.err.count("\n") == 1


def test_doctor(started: Home) -> None:
    done = started.run("doctor", "--json")
    assert {check["name"] for check in done.json} >= {
        "config",
        "profile",
        "listen",
        "interfaces",
        "mdns",
        "store",
    }
    assert done.code == (1 if any(check["level"] == "fail" for check in done.json) else 0)


def test_presence_and_settings(started: Home) -> None:
    assert started.run("presence", "busy", "in a meeting", "--until", "2h").out == "busy in a meeting\n"
    assert "busy in a meeting" in started.run("status").out
    assert "restart to apply" in started.run("config", "set", "visible", "nobody").out
    assert started.run("config", "get", "visible").out == "visible = nobody\n"


def test_a_second_daemon_is_refused(started: Home) -> None:
    second = [sys.executable, "-m", "p2pim.daemon", "--home", str(started.folder)]
    done = subprocess.run(second, capture_output=True, text=True, check=False)
    assert done.returncode == 6
    assert done.stderr.startswith(f"p2pim: p2pim is already running for this profile (process {started.pid})")


def test_a_taken_port_is_no_trouble(short_tmp: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        home = Home(short_tmp / "h", LOOPBACK.replace("port = 0", f"port = {port}"))
        with running(home):
            assert home.run("status", "--json").json["port"] not in (None, port)


def test_by_loopback_tcp_it_is_the_same(short_tmp: Path) -> None:
    home = Home(short_tmp / "h", LOOPBACK + 'api = "tcp"\n')
    with running(home):
        assert home.run("send", "lobby", "x").code == 0
        assert "you: x" in home.run("history", "lobby").out
        assert not Paths(home.folder).socket_file.exists()


def test_wrong_settings(home: Home) -> None:
    (home.folder / "config.toml").write_text("prot = 1")
    done = home.run("start")
    assert done.code == 7
    assert "Unknown setting 'prot'" in done.err


def test_a_damaged_database_is_left_as_it_is(home: Home) -> None:
    file = Paths(home.folder).database
    file.write_bytes(b"this is no database" * 100)
    done = home.run("start")
    assert done.code == 7
    assert "damaged" in done.err
    assert done.err.count("\n") == 1
    assert file.read_bytes() == b"this is no database" * 100


def test_a_newer_database_is_left_as_it_is(home: Home) -> None:
    with running(home):
        pass
    database = sqlite3.connect(Paths(home.folder).database)
    database.execute("PRAGMA user_version = 9999")
    database.close()
    done = home.run("start")
    assert done.code == 7
    assert "newer" in done.err


def test_a_home_nobody_may_write(short_tmp: Path) -> None:
    short_tmp.chmod(0o755)
    said = as_nobody(
        f"""
import io, sys
sys.stderr = sys.stdout
from p2pim.daemon.main import main
print(main(["--home", {str(short_tmp / "h")!r}]))
""",
        "p2pim.daemon.main, resource, fcntl",
    )
    assert said.startswith(
        f"p2pim: Cannot write to {short_tmp / 'h'} (permission denied): choose another folder"
    )
    assert said.endswith("\n7")


def test_a_socket_left_by_a_killed_daemon_stops_nobody(started: Home) -> None:
    started.kill()
    assert Paths(started.folder).socket_file.exists()
    assert started.run("start").code == 0
