"""Attack 33, invariant 14: what two people say, their names and their keys, looked for wherever it must not be."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from p2pim.errors import BadInput
from p2pim.protocol.identity import Identity
from tests.daemons import Daemon, befriend
from tests.security.hostile import Hostile
from tests.security.test_costs import QUIET, port_of

WORDS = [f"canary{os.urandom(6).hex()}" for _ in range(10)]
NICK_ANNA, NICK_BEN, PETNAME, STATUS, DM, LOBBY, TOKEN, STRANGER, PASSPHRASE, WRONG = WORDS


@pytest.fixture
def two(alone: None, short_tmp: Path) -> Iterator[tuple[Daemon, Daemon]]:
    env = dict(os.environ, TMPDIR=str(short_tmp / "tmp"))
    (short_tmp / "tmp").mkdir()
    settings = QUIET + 'log_level = "debug"\n'
    with Daemon(short_tmp / "a", settings=settings, env=env) as anna:
        anna.start()
        settings += f'peers = ["127.0.0.1:{port_of(anna)}"]\n'
        with Daemon(short_tmp / "b", settings=settings, env=env) as ben:
            yield anna, ben.start()


def talk(anna: Daemon, ben: Daemon) -> None:
    anna.client.call("identity.name", nickname=NICK_ANNA)
    ben.client.call("identity.name", nickname=NICK_BEN)
    befriend(anna, ben)
    anna.client.call("peers.name", peer=ben.peer_id, name=PETNAME)
    ben.client.call("presence.set", presence="busy", text=STATUS)
    anna.client.send(ben.peer_id, DM, token=TOKEN)
    anna.client.send("#lobby", LOBBY)
    ben.until_holds("#lobby", 1)
    ben.until_holds(anna.peer_id, 3)
    ben.client.call("identity.passphrase", old=None, new=PASSPHRASE)
    with pytest.raises(BadInput):
        ben.client.call("identity.passphrase", old=WRONG, new=None)
    ben.client.call("backup.write", file=str(ben.paths.data.parent / "ben's backup"), passphrase=PASSPHRASE)
    ben.client.call("identity.passphrase", old=PASSPHRASE, new=None)
    # and what goes wrong is told without what it was about
    for method, params in (
        ("message.send", {"room": WORDS[0] + "?", "text": DM}),
        ("message.send", {"room": "#lobby", "text": DM * 5000}),
        ("peers.name", {"peer": ben.peer_id, "name": PETNAME * 20}),
        ("no.such", {"text": DM}),
    ):
        with pytest.raises(Exception, match=r"."):
            anna.client.call(method, **params)
    with Hostile(port_of(anna), name=STRANGER).greet() as mallory:
        mallory.say_raw(0x13, DM.encode())
        mallory.is_cut_off()


def secrets_of(*daemons: Daemon) -> dict[str, bytes]:
    found = {word: word.encode() for word in WORDS}
    for daemon in daemons:
        seed = bytes.fromhex(daemon.paths.identity_key.read_text(encoding="ascii"))
        found |= {
            f"{daemon.name}'s seed": seed,
            f"{daemon.name}'s seed in hex": seed.hex().encode(),
            f"{daemon.name}'s seed in base64": base64.b64encode(seed)[:-2],
            f"{daemon.name}'s seed as Python shows it": repr(seed)[2:-1].encode(),
            f"{daemon.name}'s whole id": daemon.peer_id.encode(),
        }
    return found


def test_33_no_secret_and_no_word_leaves_the_profile(two: tuple[Daemon, Daemon], short_tmp: Path) -> None:
    anna, ben = two
    talk(anna, ben)
    places: dict[str, bytes] = {}
    for daemon in two:
        proc = Path(f"/proc/{daemon.process.pid}")
        places[f"argv of {daemon.name}"] = (proc / "cmdline").read_bytes()
        places[f"environment of {daemon.name}"] = (proc / "environ").read_bytes()
        for number in (proc / "fd").iterdir():
            target = str(number.readlink())
            if target.startswith("/") and "(deleted)" in target:
                places[f"deleted file {target} of {daemon.name}"] = number.read_bytes()
    for daemon in two:
        daemon.stop()
    kept = {p for d in two for p in (d.paths.identity_key, *d.paths.data.glob("p2pim.db*"))}
    for file in short_tmp.rglob("*"):
        if file.is_file() and file not in kept:
            places[str(file)] = file.read_bytes()
    logs = [name for name in places if name.endswith("p2pim.log")]
    assert len(logs) == 2
    assert all(b" debug " in places[name] for name in logs), "the logs say all they can"
    secrets = secrets_of(*two)
    leaks = [
        (place, what)
        for place, found in places.items()
        for what, secret in secrets.items()
        if secret in found
    ]
    assert leaks == []


def test_33_what_is_kept_is_the_owners_alone(two: tuple[Daemon, Daemon], short_tmp: Path) -> None:
    talk(*two)
    for daemon in two:
        for file in [daemon.paths.data, *daemon.paths.data.rglob("*")]:
            assert file.lstat().st_mode & 0o077 == 0 or file == daemon.paths.config_file, file
        with Path(f"/proc/{daemon.process.pid}/limits").open(encoding="ascii") as limits:
            core = next(line for line in limits if line.startswith("Max core file size"))
        assert core.split()[4:6] == ["0", "0"]
    assert short_tmp.exists()


def test_33_a_seed_taken_by_its_wrapper_shows_nothing() -> None:
    identity = Identity.generate(os.urandom)
    seed = identity.seed.reveal()
    for shown in (repr(identity.seed), str(identity.seed), f"{identity.seed}", repr(identity)):
        assert seed.hex() not in shown
        assert repr(seed)[2:-1] not in shown
