"""Attack 33, invariant I14: what was said, names and keys stay in the database and the key file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from p2pim.api.client import Client
from p2pim.config import Paths
from p2pim.errors import P2pimError
from tests.cli.home import LOOPBACK, Home, running
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
