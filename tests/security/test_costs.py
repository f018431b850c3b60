"""Attack 19, and 1 to 3 end to end: what a hostile peer can make a real daemon spend.

Memory is the daemon's resident set at its highest, responsiveness is how fast its local API answers meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from p2pim.protocol import records
from p2pim.protocol.network import OPEN, make_preamble
from p2pim.protocol.records import CLOCK_END, CONTENT, Done, Have, Range, Reconcile, State, Want
from p2pim.protocol.room import LOBBY
from tests.daemons import LOOPBACK, Daemon, befriend
from tests.security.hostile import Hostile
from tests.security.watch import MIB, Watch, watching

pytestmark = pytest.mark.usefixtures("alone")

FLOOD = 600  # handshakes begun, as fast as this machine can: ten times what the daemon takes on meanwhile

# Nobody announces anything: whoever else is on the loopback interface is not drawn in.
QUIET = LOOPBACK + 'visible = "nobody"\n'


@pytest.fixture
def victim(short_tmp: Path) -> Iterator[Daemon]:
    with Daemon(short_tmp / "anna", settings=QUIET) as daemon:
        yield daemon.start()


def port_of(daemon: Daemon) -> int:
    port = daemon.client.status()["port"]
    assert port is not None
    return port


def friend_of(daemon: Daemon, home: Path) -> Daemon:
    return Daemon(home, settings=QUIET + f'peers = ["127.0.0.1:{port_of(daemon)}"]\n')


def assert_cheap(watch: Watch, most: int = 256 * MIB) -> None:
    assert watch.growth < most, f"{watch.growth / MIB:.0f} MiB"
    assert watch.lag < 0.2


# -- before anybody is known: attacks 1, 2 and 3


def test_2_a_known_colleague_gets_in_past_three_hundred_half_open_sockets(
    victim: Daemon, short_tmp: Path
) -> None:
    port = port_of(victim)
    with friend_of(victim, short_tmp / "ben") as ben, contextlib.ExitStack() as stack:
        ben.start()
        befriend(victim, ben)
        ben.kill()
        with watching(victim) as watch:
            for n in range(300):
                sock = stack.enter_context(socket.socket())
                sock.bind((f"127.0.{2 + n // 50}.{1 + n % 50}", 0))
                sock.connect(("127.0.0.1", port))
                sock.sendall(make_preamble(OPEN, os.urandom(16))[: n % 41])
            began = time.monotonic()
            ben.start()
            ben.until_sees(victim)
            assert time.monotonic() - began < 5
            victim.say(ben.peer_id, "through the crowd")
            ben.until_holds(victim.peer_id, 3)
        assert_cheap(watch, 64 * MIB)


def test_3_a_flood_of_handshakes_from_many_addresses_costs_little(victim: Daemon) -> None:
    port, done = port_of(victim), 0
    with watching(victim) as watch, contextlib.ExitStack() as stack:
        while done < FLOOD:
            done += 1
            sock = stack.enter_context(socket.socket())
            sock.bind((f"127.0.{2 + done // 250 % 250}.{1 + done % 250}", 0))
            sock.connect(("127.0.0.1", port))
            with contextlib.suppress(OSError):
                sock.sendall(make_preamble(OPEN, os.urandom(16)) + b"\0\x30" + os.urandom(48))
            if done % 250 == 0:
                stack.close()
    assert_cheap(watch, 64 * MIB)


def test_1_garbage_is_closed_in_silence_and_leaves_a_short_log(victim: Daemon) -> None:
    before = victim.paths.log_file.stat().st_size
    kinds = [
        bytes.fromhex("16030100c8010000c40303") + bytes(200),
        b"GET / HTTP/1.1\r\nHost: office\r\n\r\n" + bytes(40),
        b"\0\0\0\x45\xffSMB\x72" + bytes(64),
        os.urandom(40),
    ]
    for n in range(120):
        with socket.create_connection(
            ("127.0.0.1", port_of(victim)), source_address=(f"127.0.9.{1 + n}", 0)
        ) as sock:
            sock.sendall(kinds[n % len(kinds)])
            sock.settimeout(4)
            with contextlib.suppress(ConnectionResetError):
                assert sock.recv(1) == b""
    assert victim.paths.log_file.stat().st_size - before < 4096


# -- after a handshake: attack 19


def test_19_who_asks_for_everything_and_never_reads_is_dropped(victim: Daemon) -> None:
    for _ in range(20):
        victim.say("#lobby", *["x" * 40_000 for _ in range(20)])
    ids = [bytes.fromhex(m["id"]) for m in victim.history("#lobby")]
    with (
        watching(victim) as watch,
        Hostile(port_of(victim), read_buffer=4096).greet() as mallory,
    ):
        for _ in range(200):
            mallory.write_while(mallory.sealed(records.encode(Want(LOBBY, CONTENT, ids))), 0.05)
            mallory.write_while(mallory.sealed(records.encode(records.Ping(bytes(8192)))) * 8, 0.05)
    assert_cheap(watch)


def test_19_who_reads_as_fast_as_we_serve_leaves_others_their_turn(victim: Daemon) -> None:
    for _ in range(30):
        victim.say("#lobby", *["x" * 40_000 for _ in range(20)])
    ids = [bytes.fromhex(m["id"]) for m in victim.history("#lobby")]
    received = 0
    with (
        contextlib.ExitStack() as stack,
        watching(victim) as watch,
    ):
        greedy = [
            stack.enter_context(Hostile(port_of(victim), source=f"127.0.5.{n + 1}").greet()) for n in range(4)
        ]
        for mallory in greedy:
            mallory.say(*[Want(LOBBY, CONTENT, ids[i : i + 100]) for i in range(0, len(ids), 100)])
        end = time.monotonic() + 30
        while time.monotonic() < end and received < 80 * MIB:
            for mallory in greedy:
                received += mallory.drop_bytes()
    assert received >= 80 * MIB
    assert_cheap(watch)


FLOODS = {
    "PING": lambda n: b"\x02" + bytes(8),
    "unknown type": lambda n: b"\x90" + bytes(8),
    "STATE with another name each time": lambda n: records.encode(State(n % 3, f"s{n}", LOBBY, f"m{n}")),
    "ACK": lambda n: records.encode(records.Ack(LOBBY, CONTENT, [os.urandom(32)], n % 5)),
    "LACK": lambda n: records.encode(records.Lack(LOBBY, CONTENT, [os.urandom(32)])),
    "DONE": lambda n: records.encode(Done(LOBBY, CONTENT, n, [os.urandom(32)])),
    "empty MESSAGES": lambda n: records.encode(records.Messages(LOBBY, CONTENT, [])),
}


@pytest.mark.parametrize("kind", FLOODS)
def test_19_a_flood_of_tiny_records(victim: Daemon, kind: str) -> None:
    with watching(victim) as watch, Hostile(port_of(victim)).greet() as mallory:
        end, sent = time.monotonic() + 1.0, 0
        while time.monotonic() < end and mallory.closed is None:
            flood = b"".join(mallory.sealed(FLOODS[kind](sent + n)) for n in range(1000))
            taken = mallory.write_while(flood, max(0.0, end - time.monotonic()))
            sent += 1000
            if taken < len(flood):
                break
            while mallory.read(0):
                pass
    assert sent >= 1000
    assert_cheap(watch)


def test_19_a_million_ids_that_nobody_has(victim: Daemon) -> None:
    now = int(time.time() * 1000)
    with watching(victim) as watch, Hostile(port_of(victim)).greet() as mallory:
        for _ in range(1_000_000 // 512):
            mallory.say(Have(LOBBY, CONTENT, [(os.urandom(32), now) for _ in range(512)]))
            while mallory.read(0):
                pass
            if mallory.closed is not None:
                break
    assert_cheap(watch, 64 * MIB)


def test_19_sixty_four_reconciliations_at_once_with_nasty_ranges(victim: Daemon) -> None:
    for _ in range(20):
        victim.say("#lobby", *[f"text {n}" for n in range(100)])
    step = CLOCK_END // 650

    def nasty(run: int) -> Reconcile:
        ranges = [Range(step * (n + 1), b"", records.FINGERPRINT, os.urandom(32)) for n in range(600)]
        return Reconcile(LOBBY, CONTENT, run, records.ASK, ranges)

    with contextlib.ExitStack() as stack, watching(victim) as watch:
        crowd = [
            stack.enter_context(Hostile(port_of(victim), source=f"127.0.6.{1 + n}").greet())
            for n in range(64)
        ]
        for mallory in crowd:
            mallory.say(nasty(1), nasty(2))
        for mallory in crowd:
            mallory.hears(Reconcile, lambda r: (r.run, r.kind) == (2, records.ANSWER))
    assert_cheap(watch)


def test_19_a_run_that_splits_without_end_is_ended(victim: Daemon) -> None:
    """The other end drives where it dialled, so the daemon is made to dial."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()
        victim.client.call("network.add", host=host, port=port)
        server.settimeout(10)
        mallory = Hostile.accepting(server.accept()[0])
        with watching(victim) as watch, mallory:
            mallory.greet()
            ask = mallory.hears(Reconcile, lambda r: r.room == LOBBY and r.kind == records.ASK)
            low, answers = ask.ranges[0].clock, 0
            while mallory.closed is None and answers < 1100:
                asked = [r for r in mallory.received if isinstance(r, Reconcile) and r.room == LOBBY]
                newest = asked[-1]
                mallory.received.clear()
                bounds = [r for r in newest.ranges if r.mode == records.FINGERPRINT]
                first = bounds[0].clock
                low = next(
                    (r.clock for r in newest.ranges if r.mode == records.SKIP and r.clock < first), low
                )
                step = max(1, (first - low) // 600)
                split = [
                    Range(min(low + step * (n + 1), first), b"", records.FINGERPRINT, os.urandom(32))
                    for n in range(min(600, first - low))
                ]
                mallory.say(Reconcile(LOBBY, CONTENT, newest.run, records.ANSWER, split))
                answers += 1
                mallory.until(lambda: mallory.received or mallory.closed, "another question")
        assert mallory.closed is not None
        assert mallory.closed.code == records.PROTOCOL
    assert_cheap(watch, 64 * MIB)
