"""Attack 33, invariant I14: what was said, names and keys stay in the database and the key file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from p2pim.api.client import Client
from p2pim.config import Paths
from p2pim.errors import P2pimError
from tests.cli.home import LOOPBACK, Done, Home, running
from tests.cli.test_two import Pair

TEXT = "the-merger-is-on-friday-canary"
NAME = "canary-nickname"
PETNAME = "canary-petname"
STATUS = "canary-status"


@pytest.fixture
def pair(short_tmp: Path) -> Iterator[Pair]:
    settings = LOOPBACK + 'log_level = "debug"\n'
    anna, bert = Home(short_tmp / "a", settings), Home(short_tmp / "b", settings)
    with running(anna, bert):
        both = Pair(anna, bert)
        both.meet()
        yield both


def use(pair: Pair) -> None:
    """Do a little of everything, faults too."""
    with Client(Paths(pair.anna.folder)) as anna, Client(Paths(pair.bert.folder)) as bert:
        anna.call("identity.name", nickname=NAME)
        anna.call("presence.set", presence="busy", text=STATUS)
        anna.send(pair.bert_id, TEXT)
        anna.send("#lobby", TEXT)
        bert.send(pair.anna_id, TEXT)
        bert.call("peers.name", peer=pair.anna_id, name=PETNAME)
        for wrong in ({"room": TEXT, "text": TEXT}, {"room": "#lobby", "text": TEXT * 5000}):
            with pytest.raises(P2pimError):
                anna.call("message.send", **wrong)
        with pytest.raises(P2pimError):
            anna.call("message.send", room=TEXT, text=[TEXT])
        anna.call("peers.block", peer=pair.bert_id)
        anna.call("peers.unblock", peer=pair.bert_id)


def seeds(home: Home) -> list[bytes]:
    hexadecimal = Paths(home.folder).identity_key.read_bytes().strip()
    return [hexadecimal, bytes.fromhex(hexadecimal.decode())]


def test_nothing_secret_is_anywhere_else(pair: Pair) -> None:
    use(pair)
    canaries = [word.encode() for word in (TEXT, NAME, PETNAME, STATUS, pair.anna_id, pair.bert_id)]
    for home in (pair.anna, pair.bert):
        keys = seeds(pair.anna) + seeds(pair.bert)
        own = {Paths(home.folder).database.name, Paths(home.folder).identity_key.name}
        for file in home.folder.rglob("*"):
            if not file.is_file() or file.name.removesuffix("-wal").removesuffix("-shm") in own:
                continue
            found = [word for word in canaries + keys if word in file.read_bytes()]
            assert found == [], file
        for place in ("cmdline", "environ"):
            text = Path(f"/proc/{home.pid}/{place}").read_bytes()
            assert [word for word in canaries + keys if word in text] == [], place
        written = Paths(home.folder).database.parent.joinpath("log", "p2pim.log").read_bytes()
        assert b"link up" in written  # the log was looked at, and there was something in it


def test_a_passphrase_is_nowhere_and_the_key_behind_it_neither(pair: Pair, short_tmp: Path) -> None:
    """Set, given wrong and right, changed, used for a backup: no file, log, argument or environment tells it."""
    words = {name: f"canary-{name}-{os.urandom(6).hex()}" for name in ("first", "second", "wrong", "backup")}
    home, backup = pair.anna, str(short_tmp / "backup")
    keys = seeds(home)

    def give(*arguments: str, lines: tuple[str, ...]) -> Done:
        return home.run(*arguments, stdin="".join(f"{words[name]}\n" for name in lines).encode())

    said = [give("passphrase", "set", lines=("first",)), give("backup", backup, lines=("backup",))]
    said += [
        give("passphrase", "change", lines=("wrong", "second")),
        give("restore", backup, lines=("wrong",)),
    ]
    home.run("stop")
    home.run("start")
    said += [give("unlock", lines=("wrong",)), give("send", "lobby", "x", lines=("wrong",))]
    with Client(Paths(home.folder)) as client, pytest.raises(P2pimError):
        client.call("identity.unlock", passphrase=[words["first"]], more=words["second"])
    said += [give("unlock", lines=("first",)), give("passphrase", "change", lines=("first", "second"))]
    assert [done.code for done in said] == [0, 0, 4, 6, 4, 8, 0, 0]
    secrets = keys + [word.encode() for word in words.values()]
    places = {str(file): file.read_bytes() for file in short_tmp.rglob("*") if file.is_file()}
    places |= {name: Path(f"/proc/{home.pid}/{name}").read_bytes() for name in ("cmdline", "environ")}
    places |= {f"said {n}": (done.out + done.err).encode() for n, done in enumerate(said)}
    assert b"unlocked" in places[str(Paths(home.folder).log_file)]  # the log was looked at
    assert [place for place, text in places.items() if any(secret in text for secret in secrets)] == []


def test_the_database_is_where_the_text_is(pair: Pair) -> None:
    """Else the hunt above would find nothing whatever happened."""
    use(pair)
    database = Paths(pair.anna.folder).database
    files = [file for file in database.parent.iterdir() if file.name.startswith(database.name)]
    assert any(TEXT.encode() in file.read_bytes() for file in files)


def test_no_keys_in_the_databases(pair: Pair) -> None:
    for home in (pair.anna, pair.bert):
        database = Paths(home.folder).database
        for file in database.parent.iterdir():
            if file.name.startswith(database.name):
                assert not any(seed in file.read_bytes() for seed in seeds(home))
    assert Paths(pair.anna.folder).identity_key.stat().st_mode & 0o077 == 0
