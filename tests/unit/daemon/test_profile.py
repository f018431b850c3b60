"""A profile that is locked, then open: the real server over a fake peer."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from p2pim.api.jsonrpc import API_VERSION
from p2pim.config import Paths, Settings
from p2pim.config.policy import NO_POLICY
from p2pim.daemon import profile as module
from p2pim.daemon.keyfile import KeyFile
from p2pim.daemon.profile import Profile
from p2pim.errors import ProfileError, StoreCorrupt
from p2pim.protocol.identity import Identity, encode_peer_id
from tests.fake_assembly import FakeAssembly
from tests.fakes import identity
from tests.served import CHEAP

ANN = identity("ann")
SECRET = "open sesame"


class Peers:
    """Assembles fake peers, and keeps them."""

    def __init__(self) -> None:
        self.made: list[FakeAssembly] = []
        self.broken: Exception | None = None
        self.starting = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()

    def __call__(self, paths: Paths, settings: Settings, opened: Identity | None) -> FakeAssembly:
        peers = self

        class Peer(FakeAssembly):
            async def start(self) -> None:
                await super().start()
                peers.starting.set()
                await peers.go_on.wait()
                if peers.broken is not None:
                    raise peers.broken

        self.made.append(Peer(paths, settings, NO_POLICY, opened))
        return self.made[-1]

    @property
    def running(self) -> list[FakeAssembly]:
        return [peer for peer in self.made if peer.running]


class Lines:
    """One client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._number = 0

    def ask(self, method: str, **params: Any) -> None:
        self._number += 1
        request = {"jsonrpc": "2.0", "id": self._number, "method": method, "params": params}
        self._writer.write(json.dumps(request).encode() + b"\n")

    async def read(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(await self._reader.readline())
        return message

    async def call(self, method: str, **params: Any) -> Any:
        self.ask(method, **params)
        reply = await self.read()
        assert reply["id"] == self._number
        return reply.get("result", reply.get("error"))

    async def at_end(self) -> bool:
        return await self._reader.read(1) == b""

    def half_close(self) -> None:
        self._writer.write_eof()

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


class Running:
    """A profile that serves."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self.peers = Peers()
        self.stopping = asyncio.Event()
        self.key = KeyFile(paths.identity_key, cost=CHEAP)
        self.profile = Profile(paths, Settings(), self.peers, self.stopping.set, self.key)

    @asynccontextmanager
    async def client(self) -> AsyncIterator[Lines]:
        lines = Lines(*await asyncio.open_unix_connection(str(self.paths.socket_file)))
        try:
            assert (await lines.call("hello", api=API_VERSION, version="test"))["api"] == API_VERSION
            yield lines
        finally:
            await lines.close()


@asynccontextmanager
async def serving(home: Path, passphrase: str | None) -> AsyncIterator[Running]:
    paths = Paths(home)
    paths.prepare()
    running = Running(paths)
    running.key.write(ANN, passphrase)
    await running.profile.start()
    await running.profile.server.listen("unix")
    try:
        yield running
    finally:
        await running.profile.stop()
        assert running.peers.running == []


async def test_without_a_passphrase_it_simply_runs(short_tmp: Path) -> None:
    async with serving(short_tmp, None) as running, running.client() as client:
        assert (await client.call("status"))["state"] == "running"
        assert (await client.call("identity.unlock", passphrase=SECRET))["code"] == 1004
        assert len(running.peers.running) == 1


async def test_what_a_crash_left_is_gone_before_anything_is_served(short_tmp: Path) -> None:
    paths = Paths(short_tmp)
    paths.prepare()
    draft = paths.identity_key.with_suffix(".new")
    key = KeyFile(paths.identity_key, cost=CHEAP)
    key.write(ANN, SECRET)
    draft.write_text(ANN.seed.reveal().hex(), encoding="ascii")
    paths.snapshot_file.write_text("a copy", encoding="ascii")
    await Profile(paths, Settings(), Peers(), lambda: None, key).start()
    assert not draft.exists()
    assert not paths.snapshot_file.exists()


async def test_locked_it_does_next_to_nothing(short_tmp: Path) -> None:
    async with serving(short_tmp, SECRET) as running, running.client() as client:
        status = await client.call("status")
        assert (status["state"], status["peer_id"]) == ("locked", "")
        for method, params in (
            ("peers.list", {}),
            ("message.send", {"room": "#lobby", "text": "x"}),
            ("resync", {}),
            ("identity.passphrase", {"old": SECRET, "new": None}),
            ("backup.write", {"file": "/b", "passphrase": SECRET}),
        ):
            error = await client.call(method, **params)
            assert error == {"code": 1010, "message": "p2pim is locked: run `p2pim unlock`."}
        assert running.peers.made == []
        await client.call("daemon.stop")
        assert running.stopping.is_set()


async def test_the_passphrase_opens_it_and_subscribers_are_told(short_tmp: Path) -> None:
    async with serving(short_tmp, SECRET) as running, running.client() as client, running.client() as other:
        seq = (await other.call("subscribe"))["seq"]
        error = await client.call("identity.unlock", passphrase="open sesam")
        assert error["code"] == 1003
        assert error["message"].startswith("Wrong passphrase, or ")
        assert running.peers.made == []
        status = await client.call("identity.unlock", passphrase=SECRET)
        assert (status["state"], status["peer_id"]) == ("running", encode_peer_id(ANN.peer_id))
        (peer,) = running.peers.running
        assert peer.identity.peer_id == ANN.peer_id
        assert (await other.read())["params"] == {"seq": seq + 1, "type": "profile.unlocked"}
        peer.node.receive("ben", "hello")
        event = (await other.read())["params"]
        assert (event["seq"], event["message"]["text"]) == (seq + 2, "hello")
        assert (await other.call("resync"))["status"]["state"] == "running"


async def test_one_try_at_a_time_and_only_one_start(short_tmp: Path) -> None:
    async with serving(short_tmp, SECRET) as running:
        async with running.client() as one, running.client() as two:
            one.ask("identity.unlock", passphrase=SECRET)
            two.ask("identity.unlock", passphrase=SECRET)
            replies = [(await client.read()) for client in (one, two)]
        assert sorted("error" in reply for reply in replies) == [False, True]
        assert next(r["error"]["code"] for r in replies if "error" in r) == 1004
        assert len(running.peers.made) == 1


@pytest.mark.parametrize(
    ("error", "code"), [(StoreCorrupt("The database is damaged."), 1006), (ProfileError("Not now."), -32603)]
)
async def test_if_the_start_fails_it_stays_locked(short_tmp: Path, error: Exception, code: int) -> None:
    async with serving(short_tmp, SECRET) as running, running.client() as client:
        running.peers.broken = error
        assert await client.call("identity.unlock", passphrase=SECRET) == {
            "code": code,
            "message": str(error),
        }
        assert (await client.call("status"))["state"] == "locked"
        assert running.peers.running == []
        running.peers.broken = None
        assert (await client.call("identity.unlock", passphrase=SECRET))["state"] == "running"


async def test_a_start_that_fails_without_a_lock_is_told_to_whoever_started_it(short_tmp: Path) -> None:
    paths = Paths(short_tmp)
    paths.prepare()
    peers = Peers()
    peers.broken = StoreCorrupt("The database is damaged.")
    with pytest.raises(StoreCorrupt):
        await Profile(paths, Settings(), peers, lambda: None).start()
    assert peers.running == []


async def test_while_it_unlocks_others_are_served_and_what_follows_waits(short_tmp: Path) -> None:
    async with serving(short_tmp, SECRET) as running, running.client() as client, running.client() as other:
        running.peers.go_on.clear()
        client.ask("identity.unlock", passphrase=SECRET)
        client.ask("status")
        await running.peers.starting.wait()
        assert (await other.call("status"))["state"] == "locked"
        running.peers.go_on.set()
        assert [(await client.read())["result"]["state"] for _ in range(2)] == ["running", "running"]


async def test_who_hangs_up_does_not_undo_it(short_tmp: Path) -> None:
    async with serving(short_tmp, SECRET) as running, running.client() as other:
        await other.call("subscribe")
        running.peers.go_on.clear()
        async with running.client() as client:
            client.ask("identity.unlock", passphrase=SECRET)
            await running.peers.starting.wait()
        running.peers.go_on.set()
        assert (await other.read())["params"]["type"] == "profile.unlocked"


async def test_who_only_says_no_more_gets_the_answer(short_tmp: Path) -> None:
    async with serving(short_tmp, SECRET) as running, running.client() as client:
        running.peers.go_on.clear()
        client.ask("identity.unlock", passphrase=SECRET)
        client.half_close()
        await running.peers.starting.wait()
        running.peers.go_on.set()
        assert (await client.read())["result"]["state"] == "running"
        assert await client.at_end()


async def test_an_end_in_the_middle_of_unlocking(short_tmp: Path) -> None:
    async with serving(short_tmp, SECRET) as running, running.client() as client:
        running.peers.go_on.clear()
        client.ask("identity.unlock", passphrase=SECRET)
        await running.peers.starting.wait()
    assert running.peers.running == []


async def test_a_peer_that_does_not_end_is_left(short_tmp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(self: FakeAssembly) -> None:
        self.running = False
        await asyncio.Event().wait()

    monkeypatch.setattr(module, "STOPPING_PATIENCE", 0.01)
    monkeypatch.setattr(FakeAssembly, "stop", never)
    async with serving(short_tmp, None):
        pass


async def test_the_passphrase_and_backups_of_a_running_one(short_tmp: Path) -> None:
    async with serving(short_tmp, None) as running, running.client() as client:
        assert await client.call("identity.passphrase", old=None, new=SECRET) == {}
        assert running.key.has_passphrase
        error = await client.call("backup.write", file=str(short_tmp / "b"), passphrase=SECRET)
        assert error["code"] == 1005  # a fake node has no database
        assert not (short_tmp / "b").exists()
