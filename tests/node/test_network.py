from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable

import pytest

from p2pim.errors import BadInput
from p2pim.node.net.address import Endpoint
from p2pim.node.net.discovery.interfaces import Interface, choose, snapshot
from p2pim.node.net.host import Known, Timing
from p2pim.node.net.network import Network
from p2pim.protocol.network import Network as NetworkSecret
from p2pim.protocol.records import IDLE_OR_AGE, LIMIT, PROTOCOL, SHUTDOWN
from tests.node.network_peer import HIDDEN, Peer, PeerClock, PeerSettings, linked, running


def typed(peer: Peer, **settings: object) -> Peer:
    """A peer that is found by no mDNS, and knows where `peer` is because its user typed it."""
    return Peer(PeerSettings(visible=HIDDEN, peers=[f"127.0.0.1:{peer.network.port}"], **settings))  # type: ignore[arg-type]


def hidden(**settings: object) -> Peer:
    return Peer(PeerSettings(visible=HIDDEN, **settings))  # type: ignore[arg-type]


async def read_to_end(reader: asyncio.StreamReader) -> bytes:
    try:
        return await asyncio.wait_for(reader.read(), 10)
    except ConnectionResetError:
        return b""


def use(network: Network, read: Callable[[], list[Interface]]) -> None:
    """Give the network other interfaces than the machine has."""
    network._watch._read = read


# Long enough for the first dial on any machine, where a test counts connections.
PATIENT = Timing(larger_label_waits=5.0)


async def test_two_nodes_find_each_other_by_mdns_and_share_one_link() -> None:
    anna, ben = Peer(timing=PATIENT), Peer(timing=PATIENT)
    async with running(anna, ben):
        await linked(anna, ben)
        assert anna.network.trouble is None
        assert (len(anna.links), len(ben.links)) == (1, 1)
        dialler, other = (anna, ben) if anna.ready[0].connection.initiator else (ben, anna)
        assert dialler.network._mdns.label < other.network._mdns.label
        assert dialler.ready[0].address == Endpoint("127.0.0.1", other.network.port)
        assert dialler.known == [Known(Endpoint("127.0.0.1", other.network.port), "ours", other.peer_id)]
        assert other.known == []
    assert {closed.code for closed in anna.closed + ben.closed} == {SHUTDOWN}
    assert anna.network.sockets.any_ready is False


async def test_of_three_users_of_one_machine_each_meets_the_others_once() -> None:
    peers = [Peer(timing=PATIENT) for _ in range(3)]
    async with running(*peers):
        for one in peers:
            for other in peers:
                if one is not other:
                    await linked(one, other)
        assert [len(peer.links) for peer in peers] == [2, 2, 2]


async def test_who_is_visible_to_nobody_finds_others() -> None:
    anna, ghost = Peer(), hidden()
    async with running(anna, ghost):
        await linked(ghost, anna)
        assert ghost.ready[0].connection.initiator


async def test_an_advert_of_another_network_is_not_dialled() -> None:
    anna, stranger, ben = Peer(), Peer(), Peer()
    stranger.served = [NetworkSecret("team", os.urandom(32))]
    async with running(anna, stranger, ben):
        await linked(anna, ben)
        assert stranger.links == []


async def test_without_any_network_nothing_is_dialled() -> None:
    anna = hidden()
    async with running(anna):
        lone = typed(anna)
        lone.served = []
        async with running(lone):
            assert lone.network._dial(0.0) == float("inf")
            assert lone.links == []


async def test_a_typed_address_needs_no_mdns() -> None:
    anna = hidden()
    async with running(anna):
        ben = typed(anna)
        async with running(ben):
            await linked(ben, anna)


async def test_an_address_never_causes_a_dns_query(monkeypatch: pytest.MonkeyPatch) -> None:
    def tripwire(*_: object, **__: object) -> None:
        raise AssertionError("a query for a literal address")

    monkeypatch.setattr(socket, "getaddrinfo", tripwire)
    anna = hidden()
    async with running(anna):
        ben = typed(anna)
        async with running(ben):
            await linked(ben, anna)


async def test_a_name_is_resolved() -> None:
    anna = hidden()
    async with running(anna):
        ben = Peer(PeerSettings(visible=HIDDEN, peers=[f"localhost:{anna.network.port}", "not an address"]))
        async with running(ben):
            await linked(ben, anna)


async def test_ipv6_works_alone() -> None:
    anna = hidden(interfaces=["::1"])
    async with running(anna):
        ben = Peer(PeerSettings(visible=HIDDEN, interfaces=["::1"], peers=[f"[::1]:{anna.network.port}"]))
        async with running(ben):
            await linked(ben, anna)


async def test_an_address_added_later_is_dialled_and_a_bad_one_refused() -> None:
    anna, ben = hidden(), hidden(interfaces=["127.0.0.1"])
    async with running(anna, ben):
        with pytest.raises(BadInput, match="this node itself"):
            ben.network.add_address(Endpoint("127.0.0.1", ben.network.port))
        ben.network.add_address(Endpoint("127.0.0.1", anna.network.port))
        await linked(ben, anna)


async def test_a_known_address_is_dialled_after_a_restart() -> None:
    anna = hidden()
    async with running(anna):
        ben = Peer(
            PeerSettings(visible=HIDDEN),
            known=[Known(Endpoint("127.0.0.1", anna.network.port), "ours", anna.peer_id)],
        )
        async with running(ben):
            await linked(ben, anna)
            assert ben.known == [], "nothing new was learnt"


async def test_a_taken_port_is_never_fatal() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        anna = hidden(port=port, interfaces=["127.0.0.1"])
        async with running(anna):
            assert anna.network.port not in (0, port)
    ben = hidden(port=65535, interfaces=["127.0.0.1"])
    with socket.create_server(("127.0.0.1", 65535)):
        async with running(ben):
            assert 0 < ben.network.port < 65535


async def test_a_lost_link_is_dialled_again() -> None:
    anna = hidden()
    async with running(anna):
        ben = typed(anna)
        async with running(ben):
            await linked(ben, anna)
            ben.ready[0].transport.abort()
            await ben.until(lambda: len(ben.links) == 2)
            await linked(ben, anna)


async def test_a_peer_that_restarts_elsewhere_is_found_again() -> None:
    anna, ben = Peer(), Peer()
    async with running(anna):
        async with running(ben):
            await linked(anna, ben)
        again = Peer(identity=ben.identity)
        async with running(again):
            await linked(anna, again)


@pytest.mark.parametrize("first_bytes", [b"", b"P2PM\1\0\0", b"P2PM\1\0\0\0" + bytes(31)])
async def test_who_says_too_little_is_closed_after_three_seconds_without_an_answer(
    first_bytes: bytes,
) -> None:
    anna = Peer(PeerSettings(visible=HIDDEN), clock=PeerClock(speed=20), timing=Timing(tick=0.02))
    async with running(anna):
        began = anna.clock.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", anna.network.port)
        writer.write(first_bytes)
        assert await read_to_end(reader) == b""
        assert 2.5 <= anna.clock.monotonic() - began <= 4.5
        writer.close()
        await anna.until(lambda: not list(anna.network.sockets))
        assert anna.closed[0].code == IDLE_OR_AGE


async def test_a_handshake_that_the_connection_would_allow_for_ever_is_aborted() -> None:
    anna = Peer(PeerSettings(visible=HIDDEN), timing=Timing(tick=0.02, handshake=0.05))
    async with running(anna):
        reader, writer = await asyncio.open_connection("127.0.0.1", anna.network.port)
        assert await read_to_end(reader) == b""
        writer.close()


async def test_a_dialled_peer_that_never_answers_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        settings = PeerSettings(visible=HIDDEN, peers=[f"127.0.0.1:{mute.getsockname()[1]}"])
        ben = Peer(settings, timing=Timing(tick=0.02, dial_handshake=0.05))
        async with running(ben):
            await ben.until(lambda: len(ben.closed) == 1)
            entry = ben.network.book.entry(Endpoint("127.0.0.1", mute.getsockname()[1]))
            assert entry is not None
            assert (entry.failures, ben.network.sockets.dialer.under_way) == (1, 0)


async def test_a_refused_dial_backs_off() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    settings = PeerSettings(visible=HIDDEN, peers=[f"127.0.0.1:{port}"])
    ben = Peer(settings, clock=PeerClock(speed=20), timing=Timing(tick=0.02))
    async with running(ben):
        entry = ben.network.book.entry(Endpoint("127.0.0.1", port))
        assert entry is not None
        while entry.failures < 4:
            await asyncio.wait_for(ben.network._wake.wait(), 5)
            await asyncio.sleep(0)
        assert entry.due - ben.clock.monotonic() > 2


async def test_who_breaks_the_rules_is_shut_out_for_a_while() -> None:
    anna = hidden()
    async with running(anna):
        ben = typed(anna)
        async with running(ben):
            await linked(ben, anna)
            link = ben.ready[0]
            assert link.connection._session is not None
            sealed = link.connection._session.encrypt(b"\x7fno such record")
            link.transport.write(len(sealed).to_bytes(2, "big") + sealed)
            await ben.until(lambda: [closed.code for closed in ben.closed] == [PROTOCOL])
            assert anna.network.sockets.penalties.is_shut_out(ben.peer_id, anna.clock.monotonic())
            await ben.until(lambda: len(ben.closed) == 2)
            assert ben.closed[1].code == LIMIT


async def test_after_a_sleep_links_are_tested_and_all_is_looked_for_anew() -> None:
    anna, ben = Peer(timing=Timing(tick=0.05)), Peer()
    async with running(anna, ben):
        await linked(anna, ben)
        label = anna.network._mdns.label
        anna.clock.slept_ms = 60_000
        await anna.until(lambda: anna.network_changes == 1)
        assert anna.network._mdns.label != label
        assert anna.ready[0].connection.deadline() - anna.clock.monotonic() <= 2


async def test_links_of_an_address_that_is_gone_end_and_come_back_with_it() -> None:
    anna, ben = Peer(), Peer()
    async with running(anna, ben):
        await linked(anna, ben)
        use(anna.network, list)
        assert anna.network._watch.check()
        await anna.until(lambda: not anna.ready)
        assert anna.network.trouble == "no network"
        use(anna.network, snapshot)
        assert anna.network._watch.check()
        await linked(anna, ben)
        assert anna.network.trouble is None


async def test_a_node_without_any_network_starts_and_recovers() -> None:
    anna, ben = Peer(), Peer()
    use(anna.network, list)
    async with running(anna, ben):
        assert (anna.network.trouble, anna.network.port) == ("no network", 0)
        use(anna.network, snapshot)
        anna.network._watch.check()
        await linked(anna, ben)
        assert choose(snapshot(), ["lo"]).used == anna.network.interfaces.used


async def test_broken_mdns_only_makes_discovery_degraded(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError("no multicast today")

    monkeypatch.setattr("p2pim.node.net.discovery.mdns.AsyncZeroconf", broken)
    anna = hidden()
    async with running(anna):
        assert anna.network.trouble == "OSError: no multicast today"
        ben = typed(anna)
        async with running(ben):
            await linked(ben, anna)


async def test_only_sources_of_an_office_may_enter() -> None:
    everywhere, named = hidden(interfaces=[]), Peer(PeerSettings(visible=HIDDEN, peers=["8.8.8.8"]))
    use(named.network, lambda: [choose(snapshot(), ["lo"]).used[0]])
    async with running(named):
        allowed = [
            host
            for host in (
                "127.0.0.1",
                "10.1.1.1",
                "fe80::1%2",
                "::ffff:192.168.1.1",
                "8.8.4.4",
                "2001:db8::1",
                "x",
            )
            if everywhere.network._may_enter(host)
        ]
        assert allowed == ["127.0.0.1", "10.1.1.1", "fe80::1%2", "::ffff:192.168.1.1"]
        assert named.network._may_enter("8.8.8.8"), "its address was typed"
        assert not named.network._may_enter("8.8.4.4")


async def test_a_refused_source_hears_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    anna = hidden()
    monkeypatch.setattr(anna.network.sockets, "_may_enter", lambda host: host != "127.0.0.2")
    async with running(anna):
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", anna.network.port, local_addr=("127.0.0.2", 0)
        )
        assert await read_to_end(reader) == b""
        writer.close()
        assert anna.links == []


async def test_stopping_takes_a_bounded_time_whatever_the_peers_do() -> None:
    anna = Peer(PeerSettings(visible=HIDDEN), timing=Timing(stop=0.2))
    loop = asyncio.get_running_loop()
    before = asyncio.all_tasks()
    ben = hidden()
    async with running(anna):
        ben = typed(anna)
        await ben.network.start()
        await linked(ben, anna)
        # Ben's machine hangs: it reads nothing, and anna has more to say than the kernel takes.
        ben.ready[0].transport.pause_reading()
        anna.ready[0].transport.write(bytes(3 << 20))
        silent = socket.create_connection(("127.0.0.1", anna.network.port))
        began = loop.time()
    assert loop.time() - began < 2
    await ben.network.stop()
    silent.close()
    assert asyncio.all_tasks() == before
