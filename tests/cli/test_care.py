"""Passphrase, backup and restore with real daemons, real keys and the real cost of a passphrase."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from p2pim.api.client import Client
from p2pim.config import Paths
from tests.cli.home import LOOPBACK, Home, running
from tests.daemons import Daemon, befriend, start_together
from tests.loopback import own_loopback

SECRET = b"open sesame\n"


@pytest.fixture
def home(short_tmp: Path) -> Iterator[Home]:
    home = Home(short_tmp / "h")
    with running(home):
        yield home


def test_a_life_with_a_passphrase(home: Home) -> None:
    me = home.run("id").out
    home.run("send", "lobby", "before")
    plain = Paths(home.folder).identity_key.read_bytes().strip()
    assert home.run("passphrase", "set", stdin=SECRET).code == 0
    assert plain not in Paths(home.folder).identity_key.read_bytes()
    assert home.run("send", "lobby", "still open").code == 0
    home.kill()  # and it is locked again
    assert home.run("start").out.endswith("It is locked: run `p2pim unlock`.\n")
    assert home.run("status", "--json").json["state"] == "locked"
    for arguments in (["send", "lobby", "x"], ["chat", "lobby"], [], ["history", "lobby"], ["id"]):
        done = home.run(*arguments)
        assert (done.code, done.out) == (8, "")
        assert done.err == "p2pim: p2pim is locked: run `p2pim unlock`.\n"
    wrong = home.run("unlock", stdin=b"open sesam\n")
    assert wrong.code == 4
    assert wrong.err.startswith("p2pim: Wrong passphrase, or ")
    assert home.run("start").out.endswith("It is locked: run `p2pim unlock`.\n")
    with Client(Paths(home.folder)) as client:
        client.subscribe()
        assert home.run("unlock", stdin=SECRET).out.startswith("p2pim is unlocked. ")
        assert next(client.events(5))["type"] == "profile.unlocked"
        assert client.resync()["status"]["state"] == "running"
    assert home.run("id").out == me
    assert home.run("status", "--json").json["port"] >= 1024
    history = home.run("history", "lobby", "-n", "500").out
    assert "you: before" in history
    assert "you: still open" in history
    assert home.run("passphrase", "remove", stdin=SECRET).code == 0
    assert Paths(home.folder).identity_key.read_bytes().strip() == plain
    home.run("stop")
    assert home.run("start").out.startswith("p2pim has started")
    assert home.run("send", "lobby", "open again").code == 0


def test_locked_it_stops_as_any_other(home: Home) -> None:
    home.run("passphrase", "set", stdin=SECRET)
    home.run("stop")
    home.run("start")
    assert home.run("stop") == (0, "p2pim has stopped.\n", "")
    assert home.run("start").code == 0


def test_a_newer_key_file_is_left_as_it_is(home: Home) -> None:
    home.run("passphrase", "set", stdin=SECRET)
    home.run("stop")
    key = Paths(home.folder).identity_key
    newer = key.read_bytes()[:8] + b"\x02" + key.read_bytes()[9:]
    key.write_bytes(newer)
    done = home.run("start")
    assert done.code == 7
    assert "newer p2pim" in done.err
    assert key.read_bytes() == newer


def test_there_and_back(home: Home, short_tmp: Path) -> None:
    me = home.run("id").out
    home.run("send", "lobby", "kept")
    home.run("mute", "lobby", "--mentions")
    file = short_tmp / "backup"
    done = home.run("backup", str(file), "--json", stdin=SECRET)
    assert done.json["bytes"] == file.stat().st_size
    assert file.stat().st_mode & 0o777 == 0o600
    assert home.run("backup", str(file), stdin=SECRET).code == 4
    other = Home(short_tmp / "other")
    assert other.run("restore", str(file), stdin=b"open sesam\n").code == 4
    assert not Paths(other.folder).identity_key.exists()
    assert other.run("restore", str(file), "--json", stdin=SECRET).json["left_out"] == 0
    with running(other):
        assert other.run("id").out == me
        assert [room["alerts"] for room in other.run("rooms", "--json").json] == ["mentions"]
        assert "you: kept" in other.run("history", "lobby", "-n", "500").out
        assert other.run("restore", str(file), stdin=SECRET).code == 6  # not while it runs
    assert home.run("restore", str(file), stdin=SECRET).code == 6


def test_restored_beside_its_original_nothing_is_lost_doubled_or_split(short_tmp: Path) -> None:
    """Ann backs up in the middle of a talk, restores, and goes on at both machines at once."""
    with (
        own_loopback(),
        Daemon(short_tmp / "ann", settings=LOOPBACK) as ann,
        Daemon(short_tmp / "ben", settings=LOOPBACK) as ben,
        Daemon(short_tmp / "twin", settings=LOOPBACK) as twin,
    ):
        start_together(ann, ben)
        befriend(ann, ben)
        ann.say(ben.peer_id, *(f"ann {n}" for n in range(20)))
        file = str(short_tmp / "backup")
        ann.client.call("backup.write", file=file, passphrase="open sesame")
        ann.say(ben.peer_id, *(f"ann after {n}" for n in range(20)))
        ben.say(ann.peer_id, *(f"ben after {n}" for n in range(20)))
        home = Home(short_tmp / "twin")
        assert home.run("restore", file, stdin=SECRET).code == 0
        twin.start()
        assert twin.peer_id == ann.peer_id
        for n in range(20):
            for machine, name in ((ann, "ann"), (twin, "twin")):
                machine.say(ben.peer_id, f"{name} on {n}")
            ben.say(ann.peer_id, f"ben on {n}")
        total = 2 + 20 + 20 + 20 + 60
        rooms = ((ann, ben.peer_id), (twin, ben.peer_id), (ben, ann.peer_id))
        for machine, room in rooms:
            machine.until_holds(room, total)
        said = [machine.said(room) for machine, room in rooms]
        assert said[0] == said[1] == said[2]
        assert len({message_id for message_id, _ in said[0]}) == len(said[0]) == total
        ben.stop()
        ben.start()  # what one machine has sent the other hears of as delivered when it next compares
        for machine, room in rooms:
            machine.until_delivered(room)
            assert len(machine.said(room)) == total


def test_a_backup_is_of_one_moment(home: Home, short_tmp: Path) -> None:
    """While others write; each message that was answered before it began is in it."""
    with Client(Paths(home.folder)) as writer, Client(Paths(home.folder), timeout=50) as backing:
        writer.gather([("message.send", {"room": "#lobby", "text": f"before {n}"}) for n in range(200)])
        file = str(short_tmp / "backup")
        backing.ask("backup.write", file=file, passphrase="open sesame")
        for n in range(200):
            writer.send("#lobby", f"during {n}")
        backing.call("status")  # is answered after what was asked before it
    other = Home(short_tmp / "other")
    assert other.run("restore", file, stdin=SECRET).code == 0
    with running(other):
        lines = other.run("history", "lobby", "-n", "5000", "--json").out.splitlines()
        texts = [m["text"] for m in map(json.loads, lines) if m["mine"]]
    assert texts[:200] == [f"before {n}" for n in range(200)]
    assert len(texts) == len(set(texts))
