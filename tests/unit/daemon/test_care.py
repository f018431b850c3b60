from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from p2pim.config import Paths
from p2pim.daemon.backup import Backup, Written
from p2pim.daemon.care import Care
from p2pim.daemon.keyfile import KeyFile
from p2pim.errors import BadInput, NotNow
from tests.fakes import identity
from tests.served import CHEAP
from tests.unit.daemon.test_backup import filled

ANN = identity("ann")
SECRET = "open sesame"


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    filled(tmp_path / "home").close()
    return Paths(tmp_path / "home")


@pytest.fixture
def key(paths: Paths) -> KeyFile:
    key = KeyFile(paths.identity_key, cost=CHEAP)
    key.write(ANN)
    return key


@pytest.fixture
def care(paths: Paths, key: KeyFile) -> Care:
    return Care(key, ANN, Backup(paths, ANN, key, cost=CHEAP))


async def test_the_passphrase(care: Care, key: KeyFile) -> None:
    await care.change_passphrase(None, SECRET)
    assert key.unlock(SECRET).peer_id == ANN.peer_id
    with pytest.raises(BadInput, match="Wrong passphrase"):
        await care.change_passphrase("wrong", None)
    with pytest.raises(BadInput, match="must be a text"):
        await care.change_passphrase(None, None)
    await care.change_passphrase(SECRET, None)
    assert not key.has_passphrase


async def test_a_backup(care: Care, tmp_path: Path) -> None:
    file = tmp_path / "b"
    assert await care.back_up(str(file), SECRET) == {
        "file": str(file),
        "bytes": file.stat().st_size,
        "messages": 3,
    }
    with pytest.raises(BadInput, match="from the root on"):
        await care.back_up("b", SECRET)


class Endless(Backup):
    """Goes on until it is told to stop."""

    def __init__(self) -> None:
        self.began, self.ended = threading.Event(), threading.Event()

    def write(self, target: Path, passphrase: str, now_ms: int, stopped: Callable[[], bool]) -> Written:
        self.began.set()
        while not stopped():
            self.ended.wait(0.001)
        self.ended.set()
        raise NotNow("broken off")


async def test_the_loop_goes_on_meanwhile_and_can_break_it_off(key: KeyFile) -> None:
    endless = Endless()
    task = asyncio.create_task(Care(key, ANN, endless).back_up("/b", SECRET))
    assert await asyncio.to_thread(endless.began.wait, 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(endless.ended.wait, 10)
