"""The small peer, written from the specification alone, talks to a real daemon: a black box with a command line."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from . import records
from .frames import Closed
from .keys import from_text
from .messages import Message, seal, write_text
from .packing import Value
from .small_peer import NOT_ACCEPTED, NOT_SHARED, OK, RULE_BROKEN, Link, SmallPeer

ROOT = Path(__file__).parents[2]


class Daemon:
    """A daemon and its command line."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.begun: list[subprocess.Popen[str]] = []
        config = 'interfaces = ["127.0.0.1"]\nvisible = "nobody"\n'
        (home / "config.toml").write_text(config, encoding="utf-8")

    def command(self, *words: str) -> subprocess.Popen[str]:
        """Begin a command."""
        process = subprocess.Popen(
            [sys.executable, "-m", "p2pim", "--home", str(self.home), "--json", *words],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self.begun.append(process)
        return process

    def end(self) -> None:
        """Stop the daemon, and whatever command a failed test has left behind."""
        try:
            self.run("stop")
        finally:
            for process in self.begun:
                with process:
                    process.kill()

    def result(self, process: subprocess.Popen[str]) -> list[Any]:
        """Wait for a command that was begun; it has to succeed."""
        try:
            out, err = process.communicate(timeout=15)
        finally:
            process.kill()
        assert process.returncode == 0, (process.args, out, err)
        return [json.loads(line) for line in out.splitlines()]

    def run(self, *words: str) -> list[Any]:
        """Run a command."""
        return self.result(self.command(*words))

    def history(self, peer: SmallPeer) -> list[tuple[str, bool, str]]:
        """Give (text, is it the daemon's own, state) of the room with this peer."""
        return [
            (each["text"], each["mine"], each["state"])
            for line in self.run("history", peer.text_id)
            for each in (line if isinstance(line, list) else [line])
        ]


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    with tempfile.TemporaryDirectory(prefix="p2i") as home:
        made = Daemon(Path(home))
        try:
            made.run("start")
            yield made
        finally:
            made.end()


def held(link: Link, words: str) -> Message | None:
    """Give the message with this text, if it has come."""
    return next((m for m in link.me.held.get(link.dm, {}).values() if m.text == words), None)


def test_the_small_peer_dials(daemon: Daemon) -> None:
    status = daemon.run("status")[0]
    peer = SmallPeer("Zoë")
    with peer.dial(status["port"]) as link:
        assert link.proof.peer_id == from_text(status["peer_id"])
        link.ping()
        assert link.push(peer.write(link.dm, "hello, who wrote you?")) == OK
        assert daemon.history(peer)[0][:2] == ("hello, who wrote you?", False)

        sending = daemon.command("send", "--wait", "10", peer.text_id, "somebody else 🦊")
        link.until(lambda: held(link, "somebody else 🦊") is not None)
        reply = held(link, "somebody else 🦊")
        assert reply is not None
        assert reply.author == link.proof.peer_id
        assert reply.parents == tuple(m.id for m in peer.held[link.dm].values() if m is not reply)
        daemon.result(sending)
        assert daemon.history(peer)[1] == ("somebody else 🦊", True, "delivered")


def test_the_daemon_dials(daemon: Daemon) -> None:
    peer = SmallPeer("Yan")
    words = ("--token", "once", peer.text_id, "written before you were here")
    daemon.run("send", *words)
    assert daemon.history(peer) == [("written before you were here", True, "waiting")]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        adding = daemon.command("add", f"127.0.0.1:{listener.getsockname()[1]}")
        with peer.accept(listener) as link:
            link.until(lambda: link.dm in {room for room, _ in link.finished} and bool(link.texts(link.dm)))
            assert link.texts(link.dm) == ["written before you were here"]
            daemon.run("send", "--wait", "10", *words)  # the same token: nothing but waiting
            assert daemon.history(peer)[0][2] == "delivered"
            assert link.push(peer.write(link.dm, "now I am")) == OK
            daemon.result(adding)
    assert [text for text, _, _ in daemon.history(peer)] == ["written before you were here", "now I am"]


def test_the_small_peer_drives_a_run(daemon: Daemon) -> None:
    peer = SmallPeer("Xia")
    daemon.run("send", peer.text_id, "mine")
    with peer.dial(daemon.run("status")[0]["port"]) as link:
        sealed = {peer.write(link.dm, f"yours {i}").id for i in range(3)}
        run = link.drive(link.dm)
        link.until(lambda: (link.dm, run) in link.finished and sealed <= peer.delivered)
        assert sorted(filter(None, link.texts(link.dm))) == ["mine", "yours 0", "yours 1", "yours 2"]
        again = link.drive(link.dm)
        link.until(lambda: (link.dm, again) in link.finished)
    assert {text for text, _, _ in daemon.history(peer)} == {"mine", "yours 0", "yours 1", "yours 2"}


def test_a_long_room_is_compared_by_its_parts_in_both_directions(daemon: Daemon) -> None:
    peer = SmallPeer("Vic")
    daemon.run("send", peer.text_id, "mine")
    with peer.dial(daemon.run("status")[0]["port"]) as link:
        room = link.dm
        sealed = [peer.write(room, f"{i}").id for i in range(700)]
        link.drive(room)
        link.until(lambda: peer.delivered == set(sealed) and not link.runs)
        for id_ in sealed[10:600:200]:
            del peer.held[room][id_]
        lost = set(sealed[10:600:200])
        sealed.append(peer.write(room, "one more").id)
        run = link.drive(room)
        driver = link.runs[room][1].driver
        link.until(lambda: (room, run) in link.finished and peer.delivered == set(sealed))
        assert driver.rounds == 2
        assert set(driver.needed) == lost
        assert len(peer.held[room]) == 702

    for id_ in sealed[50:600:300]:
        del peer.held[room][id_]
    sealed.append(peer.write(room, "and another").id)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        daemon.run("add", f"127.0.0.1:{listener.getsockname()[1]}")
        with peer.accept(listener) as link:
            link.until(lambda: set(sealed) <= set(peer.held[room]) and peer.delivered == set(sealed))
            assert len(peer.held[room]) == 703


def test_a_request_takes_one_message_until_it_is_accepted(daemon: Daemon) -> None:
    peer = SmallPeer("Uwe")
    with peer.dial(daemon.run("status")[0]["port"]) as link:
        first, second = (peer.write(link.dm, words) for words in ("may I?", "hello?"))
        assert [link.push(first), link.push(second)] == [OK, NOT_ACCEPTED]
        assert [text for text, _, _ in daemon.history(peer)] == ["may I?"]
        daemon.run("accept", peer.text_id)
        link.until(lambda: link.acks[second.id] == OK)
        assert [text for text, _, _ in daemon.history(peer)] == ["may I?", "hello?"]


def test_rooms_that_are_not_shared_are_answered_in_one_way(daemon: Daemon) -> None:
    peer = SmallPeer("Tom")
    nothing, kinds = bytes(range(32)), (records.RECONCILE, records.LACK, records.ACK)
    with peer.dial(daemon.run("status")[0]["port"]) as link:
        for place in ((bytes(32), 1), (link.dm, 0)):
            link.wire.send(records.RECONCILE, *place, 1, 0, ())
            link.wire.send(records.WANT, *place, (nothing,))
            expected = [(records.RECONCILE, (*place, 1, 2, ())), (records.LACK, (*place, (nothing,)))]
            if place[1] == 1:
                message = seal(peer.identity, place[0], write_text(bytes(16), 0, "let me in"), clock=1)
                link.wire.send(records.MESSAGES, *place, (message.signed,))
                expected.append((records.ACK, (*place, (message.id,), NOT_SHARED)))
            answers: list[tuple[int, Any]] = []
            while len(answers) < len(expected):
                answers += [answer for answer in [link.wire.receive()] if answer[0] in kinds]
            assert answers == expected


def broken(daemon: Daemon, kind: int, *fields: Value) -> int | None:
    """Break a rule and give the code of the BYE that answers it."""
    peer = SmallPeer("Sid")
    with peer.dial(daemon.run("status")[0]["port"]) as link:
        link.wire.send(0x80)  # ignored
        link.ping()
        link.wire.send(kind, *fields)
        with pytest.raises(Closed) as closed:
            link.until(lambda: False)
        return closed.value.code


def test_contacts_of_a_stranger_are_answered_by_bye(daemon: Daemon) -> None:
    assert broken(daemon, records.CONTACTS, ()) == RULE_BROKEN


def test_an_unknown_type_below_0x80_is_answered_by_bye(daemon: Daemon) -> None:
    assert broken(daemon, 0x7F) == RULE_BROKEN


def test_a_preamble_of_another_network_gets_no_byte(daemon: Daemon) -> None:
    preamble = bytearray(SmallPeer("").network.preamble(bytes(16)))
    preamble[39] ^= 1
    with socket.create_connection(("127.0.0.1", daemon.run("status")[0]["port"]), timeout=10) as sock:
        sock.sendall(preamble)
        with contextlib.suppress(ConnectionResetError):
            assert sock.recv(1) == b""
