"""Attacks 7 and 9: somebody in the middle, and two that dial each other at the same moment."""

from __future__ import annotations

import os
import selectors
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from p2pim.api import schema
from p2pim.protocol.identity import Identity, encode_peer_id
from p2pim.protocol.network import OPEN, make_preamble
from p2pim.protocol.records import CONTENT, Messages
from p2pim.protocol.room import LOBBY
from tests.daemons import Daemon, befriend, start_together
from tests.security.hostile import Hostile, text
from tests.security.test_costs import QUIET, port_of

pytestmark = pytest.mark.usefixtures("alone")

MIDDLE = "127.0.0.66"


class Middle:
    """Ends both handshakes: dialled by one, it dials the other, and passes on what each says in the lobby.

    It is two strangers, for it can prove to be nobody else; it takes the names of the two.
    """

    def __init__(self, victim: Daemon) -> None:
        self._port = port_of(victim)
        self._server = socket.create_server((MIDDLE, 0))
        self.port = self._server.getsockname()[1]
        self.towards_dialler: Hostile
        self.towards_victim: Hostile
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Middle:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._server.close()

    def _run(self) -> None:
        self._server.settimeout(10)
        sock, _ = self._server.accept()
        with (
            Hostile.accepting(sock, name="anna") as one,
            Hostile(self._port, source=MIDDLE, name="ben") as other,
        ):
            self.towards_dialler, self.towards_victim = one.greet(), other.greet()
            while not self._over.is_set():
                self._pass_on(one, other)
                self._pass_on(other, one)

    @staticmethod
    def _pass_on(source: Hostile, sink: Hostile) -> None:
        source.read(0.02)
        heard, source.received[:] = source.received[:], []
        for record in heard:
            if isinstance(record, Messages) and record.room == LOBBY:
                said = [m.content or b"" for m in record.messages]
                # it cannot sign as the author, so all it can do is to say the same words itself
                for content in said:
                    words = content.split(b"said: ")[-1].decode(errors="replace")
                    sink.say(Messages(LOBBY, CONTENT, [text(sink.identity, LOBBY, words).signed()]))
                sink.say(Messages(LOBBY, CONTENT, record.messages))  # as they are: not from this author


@pytest.fixture
def anna(short_tmp: Path) -> Iterator[Daemon]:
    with Daemon(short_tmp / "anna", settings=QUIET) as daemon:
        daemon.start()
        daemon.client.call("identity.name", nickname="anna")
        yield daemon


def test_7_who_sits_in_the_middle_is_two_strangers(anna: Daemon, short_tmp: Path) -> None:
    with Daemon(short_tmp / "ben", settings=QUIET) as ben:
        ben.start()
        ben.client.call("identity.name", nickname="ben")
        # the two know and have verified each other; then Ben's way to Anna leads over the attacker
        ben.client.call("network.add", host="127.0.0.1", port=port_of(anna))
        befriend(ben, anna)
        for one, other in ((anna, ben), (ben, anna)):
            one.client.call("peers.verify", peer=other.peer_id, verified=True)
        ben.kill()
        with Middle(anna) as middle:
            ben.start()
            ben.client.call("network.add", host=MIDDLE, port=middle.port)
            ben.until(lambda: bool(false_ones(ben, anna)), "sees the one in the middle")
            anna.until(lambda: bool(false_ones(anna, ben)), "sees the other half")
            for daemon, real in ((ben, anna), (anna, ben)):
                false = false_ones(daemon, real)
                true = next(p for p in daemon.client.peers() if p["peer_id"] == real.peer_id)
                assert [p["trust"] for p in false] == ["new"], "a stranger, not verified"
                assert false[0]["lookalike"] == real.name, "and named as looking like the one that is known"
                assert false[0]["room"] != true["room"], "no conversation is merged"
                assert true["trust"] == "verified"
                numbers = {daemon.client.safety_number(p["peer_id"])["number"] for p in (false[0], true)}
                assert len(numbers) == 2, "numbers that are compared differ"
            # what was verified is told apart from what comes through the middle
            ben.say("#lobby", "said: meet me at noon")
            anna.until(
                lambda: any("meet me at noon" in t for t in anna.texts("#lobby")), "hears it from somebody"
            )
            authors = {m["author"] for m in anna.history("#lobby") if "meet me" in (m["text"] or "")}
            assert authors <= {p["peer_id"] for p in anna.client.peers()}


def false_ones(daemon: Daemon, real: Daemon) -> list[schema.Peer]:
    """Who bears the name of somebody and is not."""
    return [p for p in daemon.client.peers() if p["nickname"] == real.name and p["peer_id"] != real.peer_id]


def test_7_numbers_of_both_ends_are_equal_only_without_a_middle(anna: Daemon, short_tmp: Path) -> None:
    with Daemon(short_tmp / "ben", settings=QUIET) as ben:
        ben.start()
        direct = {
            anna.client.safety_number(ben.peer_id)["number"],
            ben.client.safety_number(anna.peer_id)["number"],
        }
        assert len(direct) == 1
    attacker = Identity.generate(os.urandom)
    false = encode_peer_id(attacker.peer_id)
    assert anna.client.safety_number(false)["number"] not in direct


def test_9_two_that_dial_each_other_at_once_keep_one_link(short_tmp: Path) -> None:
    """Each knows the other's address from before; both start at the same moment, amid half-open sockets."""
    with Daemon(short_tmp / "anna", settings=QUIET) as anna, Daemon(short_tmp / "ben", settings=QUIET) as ben:
        start_together(anna, ben)
        ports = port_of(anna), port_of(ben)
        anna.stop()
        ben.stop()
        for daemon, (own, there) in ((anna, ports), (ben, ports[::-1])):
            daemon.paths.config_file.write_text(
                f'port = {own}\ninterfaces = ["127.0.0.1"]\nvisible = "nobody"\npeers = ["127.0.0.1:{there}"]\n',
                encoding="utf-8",
            )
        sent = 0
        for crash in (None, anna):
            start_together(anna, ben)
            half_open = [half(port) for port in ports for _ in range(4)]
            assert (port_of(anna), port_of(ben)) == ports
            for daemon, other in ((anna, ben), (ben, anna)):
                daemon.until_sees(other, within=5)
            if not sent:
                befriend(anna, ben)
                sent = 2
            for _ in range(5):
                anna.say(ben.peer_id, f"a{sent}")
                ben.say(anna.peer_id, f"b{sent}")
                sent += 2
            if crash is not None:
                crash.kill()
                crash.start()
                anna.until_sees(ben, within=10)
            for daemon, other in ((anna, ben), (ben, anna)):
                daemon.until_holds(other.peer_id, sent)
                daemon.until_delivered(other.peer_id)
            assert anna.said(ben.peer_id) == ben.said(anna.peer_id)
            assert_one_steady_link(anna, ben)
            for sock in half_open:
                sock.close()
            for daemon in (anna, ben):
                daemon.stop()


def half(port: int) -> socket.socket:
    sock = socket.socket()
    sock.bind(("127.0.0.77", 0))
    sock.connect(("127.0.0.1", port))
    sock.sendall(make_preamble(OPEN, os.urandom(16)))
    return sock


def assert_one_steady_link(one: Daemon, other: Daemon, seconds: float = 2.0) -> None:
    """One Link between the two, at both ends, and nobody is seen to go or to come for a while."""
    for daemon in (one, other):
        daemon.client.ready_events()
    end = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        for daemon in (one, other):
            selector.register(daemon.client, selectors.EVENT_READ, daemon)
        while (left := end - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                flapping = [
                    e
                    for e in key.data.client.ready_events()
                    if e["type"] == "peer.changed"
                    and e["peer"]["presence"] == "offline"
                    and e["peer"]["peer_id"] in (one.peer_id, other.peer_id)
                ]
                assert flapping == [], one.last_words() + other.last_words()
    assert one.sees(other)
    assert other.sees(one)
    for daemon in (one, other):
        assert daemon.client.status()["links"] == 1, daemon.last_words()
