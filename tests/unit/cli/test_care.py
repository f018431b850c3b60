"""Passphrase, unlock, backup and restore, as commands: in this process, against the real server over a fake node."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from p2pim.api.client import Client
from p2pim.config import Paths
from p2pim.daemon import views
from p2pim.daemon.backup import Backup
from p2pim.daemon.keyfile import KeyFile
from p2pim.daemon.locked import LockedHandlers, Nobody
from p2pim.protocol.identity import encode_peer_id
from tests.served import CHEAP, Served
from tests.unit.cli.conftest import P2pim
from tests.unit.daemon.test_backup import filled
from tests.unit.store.people import ME, NOW

SECRET = b"open sesame\n"


def test_a_passphrase_is_set_changed_and_removed(p2pim: P2pim, profile: Served) -> None:
    key = KeyFile(profile.paths.identity_key)
    key.write(profile.node.identity)
    out = p2pim("passphrase", "set", stdin=SECRET).out
    assert out.startswith("The identity key has a passphrase now")
    assert "not the messages" in out
    assert key.has_passphrase
    done = p2pim("passphrase", "set", stdin=SECRET)
    assert (done.code, done.err) == (
        4,
        "p2pim: The identity key has a passphrase already: run `p2pim passphrase change`.\n",
    )
    done = p2pim("passphrase", "change", stdin=b"wrong\nanother one\n")
    assert done.code == 4
    assert done.err.startswith("p2pim: Wrong passphrase, or ")
    done = p2pim("passphrase", "change", "--json", stdin=SECRET + b"another one\n")
    assert done.json == {"passphrase": True}
    assert p2pim("passphrase", "remove", "--json", stdin=b"another one\n").json == {"passphrase": False}
    assert not key.has_passphrase


def test_without_a_daemon_nothing_is_asked(p2pim: P2pim) -> None:
    for arguments in (["passphrase", "set"], ["unlock"], ["backup", "b"]):
        assert p2pim(*arguments).code == 5


def test_unlock_when_it_is_not_locked(p2pim: P2pim, profile: Served) -> None:
    assert p2pim("unlock") == (0, "p2pim is not locked.\n", "")


@pytest.fixture
def locked(profile: Served) -> Served:
    """The daemon is locked, and opens for "open sesame"."""
    handlers = profile.server._handlers

    async def unlock(passphrase: str) -> Any:
        assert passphrase == SECRET.decode().strip()
        profile.server.switch(handlers, profile.node, profile.node.store)
        return views.status(profile.node.status(), 1)

    nobody = Nobody()
    locked = LockedHandlers(unlock, profile.stopping.set)
    profile.do(lambda: profile.server.switch(locked, nobody, nobody))
    return profile


def test_unlock(p2pim: P2pim, locked: Served) -> None:
    assert p2pim("unlock", stdin=SECRET) == (0, "p2pim is unlocked. LAN ok, 1 peer\n", "")
    assert p2pim("status", "--json").json["state"] == "running"


@pytest.mark.parametrize(
    "arguments",
    [
        ["send", "ben", "x"],
        ["chat", "ben"],
        ["listen"],
        [],
        ["peers"],
        ["passphrase", "set"],
        ["backup", "b"],
    ],
)
def test_locked_every_command_says_what_to_do(p2pim: P2pim, locked: Served, arguments: list[str]) -> None:
    done = p2pim(*arguments, stdin=SECRET)
    assert (done.code, done.err) == (8, "p2pim: p2pim is locked: run `p2pim unlock`.\n")


def test_locked_but_seen(p2pim: P2pim, locked: Served) -> None:
    assert "locked: run `p2pim unlock`" in p2pim("status").out
    assert p2pim("start").out.endswith("It is locked: run `p2pim unlock`.\n")
    assert p2pim("start", "--json").json["state"] == "locked"
    assert p2pim("stop").code == 0


def test_a_backup(p2pim: P2pim, profile: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(profile.paths.data).close()
    monkeypatch.chdir(tmp_path)
    out = p2pim("backup", "b", stdin=SECRET).out
    assert out.startswith(f"{tmp_path / 'b'}: 3 messages, ")
    done = p2pim("backup", "b", stdin=SECRET)
    assert done == (
        4,
        "",
        f"p2pim: {tmp_path / 'b'} is there already: choose another name, or move it away.\n",
    )
    assert p2pim("backup", "c", "--json", stdin=SECRET).json["messages"] == 3
    assert p2pim("backup", "d", stdin=b"short\n").code == 4


def test_a_backup_no_longer_waited_for(
    p2pim: P2pim, profile: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Client.call

    def interrupted(client: Client, method: str, /, **params: Any) -> Any:
        if method == "backup.write":
            raise KeyboardInterrupt
        return real(client, method, **params)

    monkeypatch.setattr(Client, "call", interrupted)
    done = p2pim("backup", str(tmp_path / "b"), stdin=SECRET)
    assert done.code == 6
    assert "goes on writing" in done.err


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A backup, one of whose messages is damaged; its key had a passphrase, and there were settings."""
    paths = Paths(tmp_path / "source")
    store = filled(tmp_path / "source")
    store.database.execute("UPDATE messages SET content = x'00' WHERE seq = 2")
    paths.config_file.write_text("port = 0\n", encoding="utf-8")
    key = KeyFile(paths.identity_key, cost=CHEAP)
    key.write(ME, "of the key")
    Backup(paths, ME, key, cost=CHEAP).write(tmp_path / "b", SECRET.decode().strip(), NOW, lambda: False)
    store.close()
    return tmp_path / "b"


def test_a_restore(p2pim: P2pim, short_tmp: Path, file: Path) -> None:
    (short_tmp / "config.toml").write_text("port = 30000\n", encoding="utf-8")
    done = p2pim("restore", str(file), stdin=SECRET)
    assert done.code == 0
    assert done.out.splitlines() == [
        f"2 messages of {encode_peer_id(ME.peer_id)} are restored: run `p2pim start`.",
        "1 more were damaged and are left out; who holds them will send them again.",
        "The settings are those that were here, not those of the backup.",
        "The identity key had a passphrase; now it has that of the backup.",
    ]
    done = p2pim("restore", str(file), "--json", stdin=SECRET)
    assert done.code == 4
    assert "in use" in json.loads(done.err)["error"]


def test_a_restore_for_programs(p2pim: P2pim, file: Path) -> None:
    assert p2pim("restore", str(file), "--json", stdin=SECRET).json == {
        "peer_id": encode_peer_id(ME.peer_id),
        "messages": 2,
        "left_out": 1,
        "settings": "restored",
        "passphrase": True,
    }


def test_a_restore_of_nothing(p2pim: P2pim, tmp_path: Path) -> None:
    done = p2pim("restore", str(tmp_path), stdin=SECRET)
    assert done == (4, "", f"p2pim: {tmp_path} is no file: name a backup that `p2pim backup` has written.\n")


def test_a_restore_that_ends_without_a_word(
    p2pim: P2pim, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "python"
    script.write_text("#!/bin/sh\ncat > /dev/null\n", encoding="ascii")
    script.chmod(0o700)
    monkeypatch.setattr("p2pim.api.launch.sys.executable", str(script))
    done = p2pim("restore", str(file), stdin=SECRET)
    assert done == (5, "", "p2pim: p2pim ended while it restored: try again.\n")
