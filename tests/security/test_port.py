"""Attacks 1, 2, 3, 10 and 11: what strangers can do to the port, and what adverts can make a node do.

Strangers come from 127.0.0.2 and up, different addresses to every limit; the clock runs fast: 3 s are short.
"""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest

from p2pim.node.net.address import Endpoint
from p2pim.node.net.book import CAPACITY, PER_HOST
from p2pim.node.net.discovery.mdns import QUERIES_AT_ONCE, SERVICE, SIGHTING_BURST, Sighting
from p2pim.node.net.host import Timing
from p2pim.node.net.limits import AcceptPolicy
from p2pim.node.net.reach import Source
from p2pim.protocol.network import make_preamble
from tests.node.network_peer import HIDDEN, OURS, Peer, PeerClock, PeerSettings, linked, running

GARBAGE = {
    "port scan": b"",
    "TLS hello": bytes.fromhex("16030100c8010000c40303") + bytes(200),
    "HTTP": b"GET / HTTP/1.1\r\nHost: office\r\n\r\n",
    "SMB": b"\0\0\0\x45\xffSMB\x72" + bytes(64),
    "random": bytes(range(7, 47)),
    "half a preamble": make_preamble(OURS, bytes(16))[:20],
    "wrong major": b"P2PM\2" + make_preamble(OURS, bytes(16))[5:],
    "wrong tag": make_preamble(OURS, bytes(16))[:-1] + b"\0",
    "unknown flag": make_preamble(OURS, bytes(16), flags=2),
    "preamble, then a message of 64 KiB": make_preamble(OURS, bytes(16)) + b"\xff\xff" + bytes(70000),
    "preamble, then a bad message 1": make_preamble(OURS, bytes(16)) + b"\0\x30" + bytes(48),
}


def fast(*, accept: AcceptPolicy | None = None) -> Peer:
    """A node for which 3 s last 0.15 s."""
    return Peer(
        PeerSettings(visible=HIDDEN), clock=PeerClock(speed=20), timing=Timing(tick=0.02), accept=accept
    )


async def read_to_end(reader: asyncio.StreamReader) -> bytes:
    try:
        return await asyncio.wait_for(reader.read(), 10)
    except ConnectionResetError:
        return b""


@asynccontextmanager
async def stranger(
    port: int, host: str = "127.0.0.2"
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(host, 0))
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


@pytest.mark.parametrize("kind", GARBAGE)
async def test_1_garbage_is_closed_in_silence_within_three_seconds(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    anna = fast()
    async with running(anna):
        began = anna.clock.monotonic()
        async with stranger(anna.network.port) as (reader, writer):
            writer.write(GARBAGE[kind])
            assert await read_to_end(reader) == b""
        assert anna.clock.monotonic() - began < 4.5, (
            "3 s and what the machine needs, at twenty times the speed"
        )
        await anna.until(lambda: not list(anna.network.sockets))
    assert [record for record in caplog.records if record.name.startswith("p2pim")] == []


async def test_2_slow_senders_are_cut_off_while_others_get_in() -> None:
    anna = fast()
    async with running(anna):
        ben = Peer(PeerSettings(visible=HIDDEN, peers=[f"127.0.0.1:{anna.network.port}"]))
        flood = [socket.socket() for _ in range(500)]
        preamble = make_preamble(OURS, os.urandom(16))

        async def drip(slow: socket.socket) -> None:
            slow.setblocking(False)
            loop = asyncio.get_running_loop()
            try:
                slow.bind(("127.0.0.2", 0))
                await loop.sock_connect(slow, ("127.0.0.1", anna.network.port))
                for byte in preamble:
                    await loop.sock_sendall(slow, bytes([byte]))
                    await asyncio.sleep(0.02)
            except OSError:
                return

        async with running(ben):
            drips = [asyncio.create_task(drip(sock)) for sock in flood]
            await linked(ben, anna)
            strangers = [session for session in anna.network.sockets if session.host == "127.0.0.2"]
            assert len(strangers) <= 8
            await anna.until(lambda: all(s.host != "127.0.0.2" for s in anna.network.sockets))
            assert anna.is_linked(ben.peer_id)
            await asyncio.gather(*drips)
        for sock in flood:
            sock.close()


async def test_2_a_link_that_is_silent_after_the_handshake_ends() -> None:
    anna = fast()
    async with running(anna):
        mallory = Peer()
        connection = mallory.connection(True, OURS)
        async with stranger(anna.network.port) as (reader, writer):
            writer.write(connection.data_to_send())
            while connection.established_at is None:
                connection.receive_data(await asyncio.wait_for(reader.read(4096), 10), 0.0)
            # Message 3 is sent, and of the HELLO that follows it not a byte.
            handshake = connection.data_to_send()
            writer.write(handshake[: 2 + int.from_bytes(handshake[:2], "big")])
            await read_to_end(reader)
        await anna.until(lambda: not list(anna.network.sockets))
        assert not anna.is_linked(mallory.peer_id)


@contextmanager
def only_new_garbage() -> Iterator[None]:
    """Leave out of each collection what thousands of tests before this one still hold: a node has no such heap."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


class Flood:
    """Strangers with a valid tag, each from an address of its own, as fast as they can."""

    def __init__(self, port: int, addresses: int) -> None:
        self.port, self.addresses, self.sent, self.stop = port, addresses, 0, False

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for worker in range(8):
                group.create_task(self._work(worker))

    async def _work(self, worker: int) -> None:
        mallory = Peer()
        n = worker
        while not self.stop:
            n += 8
            host = f"127.0.{1 + n % self.addresses // 250}.{1 + n % 250}"
            hello = mallory.connection(True, OURS).data_to_send()
            try:
                async with stranger(self.port, host) as (reader, writer):
                    writer.write(hello)
                    self.sent += 1
                    await asyncio.wait_for(reader.read(1), 0.2)
            except (OSError, TimeoutError):
                continue


async def test_3_a_flood_of_handshakes_leaves_the_loop_free_and_known_peers_get_in() -> None:
    anna = Peer(PeerSettings(visible=HIDDEN), accept=AcceptPolicy(handshake_rate=10, handshake_burst=30))
    ben = Peer(PeerSettings(visible=HIDDEN))
    async with running(anna):
        anna.network.book.add(Endpoint("127.0.0.1", 9999), Source.TYPED, 0.0)
        flood = Flood(anna.network.port, 200)
        flooding = asyncio.create_task(flood.run())
        loop = asyncio.get_running_loop()
        began, lag = loop.time(), 0.0
        ben.settings.peers = [f"127.0.0.1:{anna.network.port}"]
        with only_new_garbage():
            while flood.sent < 300 and not flooding.done():
                # CPU time: what this thread makes itself wait for, however loaded the machine is.
                before = time.thread_time()
                await asyncio.sleep(0)
                lag = max(lag, time.thread_time() - before)
        async with running(ben):
            await linked(ben, anna)
            flood.stop = True
            await flooding
            took = loop.time() - began
    assert len(anna.links) <= 30 + 10 * (took + 1), "30 at once and 10 a second, whoever asks"
    assert lag < 0.1, "one pass of the loop, strangers and all"


async def test_3_a_known_address_gets_in_when_strangers_hold_all_slots() -> None:
    policy = AcceptPolicy(unauthenticated=12, reserved=2)
    anna = Peer(PeerSettings(visible=HIDDEN), accept=policy)
    async with running(anna):
        port = anna.network.port
        socks = [
            socket.create_connection(("127.0.0.1", port), source_address=(f"127.0.0.{n}", 0))
            for n in range(2, 22)
        ]
        await anna.until(lambda: len(anna.links) == 10)
        async with stranger(port, "127.0.0.99") as (reader, _):
            assert await read_to_end(reader) == b""
        assert len(anna.links) == 10, "no slot for one more stranger"
        anna.network.book.add(Endpoint("127.0.0.1", 9999), Source.KNOWN, 0.0, peer_id=bytes(32))
        ben = Peer(PeerSettings(visible=HIDDEN, peers=[f"127.0.0.1:{port}"]))
        async with running(ben):
            await linked(ben, anna)
        for sock in socks:
            sock.close()


async def test_10_a_flood_of_adverts_fills_a_bounded_book_and_keeps_links() -> None:
    anna, ben = Peer(), Peer(PeerSettings(visible=HIDDEN))  # so only one of them can dial, and once
    async with running(anna, ben):
        await linked(anna, ben)
        links = len(anna.links) + len(ben.links)
        book, dialer = anna.network.book, anna.network.sockets.dialer
        for n in range(4_000):
            host = f"127.{n % 250}.{n // 250 % 250}.{1 + n % 200}"
            anna.network._sighted(Sighting(f"{n:016x}", OURS, (host,), 1024 + n * 7 % 60_000))
            assert len(book) <= CAPACITY
        assert len(book) == CAPACITY
        for _ in range(200):
            await asyncio.sleep(0)
            assert dialer.under_way <= 8
        assert anna.is_linked(ben.peer_id)
        assert len(anna.links) + len(ben.links) == links, "who is linked is not dialled again"


async def test_10_names_that_are_heard_cost_a_bounded_number_of_questions() -> None:
    anna = Peer()
    async with running(anna):
        mdns = anna.network._mdns
        present = mdns._running
        assert present is not None
        for n in range(100_000):
            mdns._heard(present, f"{n:016x}.{SERVICE}")
            assert len(present.queries) <= QUERIES_AT_ONCE
        assert mdns._bucket._tokens < SIGHTING_BURST / 4, "the flood was cut by its rate"
        assert len(anna.network.book) == 0


async def test_10_dials_caused_by_adverts_keep_the_rate() -> None:
    anna = Peer(PeerSettings(visible=HIDDEN))
    async with running(anna):
        began = anna.clock.monotonic()
        for n in range(300):
            anna.network._sighted(Sighting(f"{n:016x}", OURS, (f"127.0.2.{1 + n % 250}",), 2000 + n))

        def failures() -> int:
            return sum(entry.failures for entry in anna.network.book.plan(1e9, anna.is_linked).ready)

        while failures() < 60:
            await asyncio.wait_for(anna.network._wake.wait(), 10)
            await asyncio.sleep(0)
        for _ in range(500):
            await asyncio.sleep(0)
        assert failures() <= 64 + 2 * (anna.clock.monotonic() - began)


@pytest.mark.parametrize(
    ("hosts", "port"),
    [
        (("8.8.8.8", "10.0.0.1", "2001:db8::1", "fe80::1"), 26747),  # off link
        (("127.0.0.1",), 22),
        (("224.0.0.251", "255.255.255.255", "0.0.0.0", "127.255.255.255"), 26747),
    ],
)
async def test_10_an_advert_of_foreign_addresses_or_ports_is_dropped(
    hosts: tuple[str, ...], port: int
) -> None:
    anna = Peer(PeerSettings(visible=HIDDEN))
    async with running(anna):
        anna.network._sighted(Sighting("0" * 16, OURS, hosts, port))
        assert len(anna.network.book) == 0


async def test_10_hostile_packets_do_not_stop_discovery() -> None:
    anna, ben = Peer(), Peer()
    packets = [
        os.urandom(64),
        bytes(9000),
        bytes.fromhex("000084000000000100000000") + b"\xc0\x0c" * 40,  # a name that points at itself
        bytes.fromhex("00008400ffffffffffffffff"),
        bytes.fromhex("000084000000000100000000")
        + b"\x06_p2pim\x04_tcp\x05local\0"
        + bytes.fromhex("000c00010000000000020000"),  # a goodbye
    ]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        async with running(anna):
            for _ in range(100):
                for packet in packets:
                    sock.sendto(packet, ("224.0.0.251", 5353))
            async with running(ben):
                await linked(anna, ben)


async def test_11_an_advert_pointing_at_a_victim_costs_it_little() -> None:
    loop = asyncio.get_running_loop()
    received: list[int] = []
    full = asyncio.Event()

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(0)
        which = len(received) - 1
        while data := await reader.read(4096):
            received[which] += len(data)
            if received[which] >= 90:
                full.set()
        writer.close()

    victim = await asyncio.start_server(count, "127.0.0.1", 0)
    port = victim.sockets[0].getsockname()[1]
    anna = Peer(PeerSettings(visible=HIDDEN), timing=Timing(tick=0.02, dial_handshake=0.05))
    async with running(anna):
        began = loop.time()
        async with asyncio.timeout(10):
            while not (full.is_set() and len(received) >= 3):
                for _ in range(20):  # a new label each time: the worst that adverts can do
                    anna.network._sighted(Sighting(os.urandom(8).hex(), OURS, ("127.0.0.1",), port))
                await asyncio.sleep(0)
        for n in range(5):
            for port_of_victim in range(2000, 2100):
                anna.network._sighted(Sighting(f"{n:016x}", OURS, ("127.0.0.1",), port_of_victim))
        steps = 4 + (loop.time() - began) / 0.5
        assert len(received) <= steps, "three resets, and then one connection per back-off step"
        assert len(anna.network.book) <= PER_HOST
    victim.close()
    await victim.wait_closed()
    assert max(received) <= 90
