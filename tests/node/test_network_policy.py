"""The rules `subnets` and `interfaces`, with real sockets: who is dialled, who gets in, where is listened."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_interface

import pytest

from p2pim.config.policy import NO_RULES, Policy, combine, machine_policy
from p2pim.errors import Forbidden
from p2pim.node.net.address import Endpoint
from p2pim.node.net.discovery.interfaces import Interface
from p2pim.protocol.network import OPEN
from tests.node.network_peer import HIDDEN, OURS, Peer, PeerSettings, linked, running


def rules(**values: object) -> Policy:
    return combine(machine_policy(values, "/p.toml"), {})


LAN_ONLY = rules(subnets=["10.0.0.0/8"])
LOOPBACK_TOO = rules(subnets=["10.0.0.0/8", "127.0.0.1"])
OTHER_INTERFACE = rules(interfaces=["wg0"])


def hidden(policy: Policy = NO_RULES, *peers: Peer, **settings: object) -> Peer:
    """A peer that is found by no mDNS and was told where those peers are."""
    known = [f"127.0.0.1:{peer.network.port}" for peer in peers]
    return Peer(PeerSettings(visible=HIDDEN, peers=known, **settings), policy=policy)  # type: ignore[arg-type]


def obey(peer: Peer, policy: Policy) -> None:
    peer.policy = policy
    peer.network.policy_changed()


@asynccontextmanager
async def prober(port: int, host: str = "127.0.0.1") -> AsyncIterator[socket.socket]:
    """Somebody who connects and says nothing."""
    with socket.socket() as sock:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, (host, port))
        yield sock


async def is_shut_out(sock: socket.socket) -> bool:
    """Whether a connection ends without a word, before the 3 s are over that anybody may be silent for."""
    try:
        return await asyncio.wait_for(asyncio.get_running_loop().sock_recv(sock, 1), 2) == b""
    except ConnectionResetError:
        return True


async def test_peers_within_the_subnets_are_dialled_and_let_in() -> None:
    anna = hidden(LOOPBACK_TOO)
    async with running(anna):
        ben = hidden(LOOPBACK_TOO, anna)
        async with running(ben):
            await linked(ben, anna)


async def test_whoever_is_outside_of_the_subnets_is_shut_out() -> None:
    anna = hidden(LAN_ONLY)
    async with running(anna):
        async with prober(anna.network.port) as sock:
            assert await is_shut_out(sock)
        assert anna.links == []


async def test_whoever_is_outside_of_the_subnets_is_not_dialled() -> None:
    anna = hidden()
    async with running(anna):
        ben = hidden(LAN_ONLY, anna)
        async with running(ben):
            assert len(ben.network.book) == 0, "not even kept"
            with pytest.raises(Forbidden) as caught:
                ben.network.add_address(Endpoint("127.0.0.1", anna.network.port))
            assert str(caught.value) == (
                f"127.0.0.1:{anna.network.port} cannot be dialled: "
                "subnets is set to 10.0.0.0/8 by the machine policy (/p.toml)."
            )


@pytest.mark.parametrize("policy", [LAN_ONLY, OTHER_INTERFACE])
async def test_no_name_is_a_way_around(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    anna, ben = hidden(), hidden(policy)
    async with running(anna, ben):
        port = anna.network.port
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", ("127.0.0.1", port))])
        name = Endpoint("office.example", port)
        ben.network.add_address(name)
        entry = ben.network.book.entry(name)
        assert entry is not None
        failed = asyncio.Event()
        note = ben.network.book.failed

        def noted(*arguments: object) -> None:
            note(*arguments)  # type: ignore[arg-type]
            failed.set()

        monkeypatch.setattr(ben.network.book, "failed", noted)
        await asyncio.wait_for(failed.wait(), 10)
        assert sum(each.failures for each in ben.network.book) == 1, "of the name, or of what it stands for"
        assert anna.links == []


async def test_mdns_keeps_to_interfaces_behind_which_somebody_may_be() -> None:
    anna = Peer(policy=LAN_ONLY)
    async with running(anna):
        assert anna.network.trouble == "no usable interface that carries multicast"
        obey(anna, LOOPBACK_TOO)
        assert anna.network.trouble is None


async def test_only_allowed_interfaces_are_listened_on() -> None:
    lan = Interface(1, "eth0", ip_interface("127.0.0.1/8"))
    anna, ben = hidden(interfaces=()), hidden(rules(interfaces=["eth0"]), interfaces=())
    cy = hidden(OTHER_INTERFACE, interfaces=())
    for peer in (anna, ben, cy):
        peer.network._watch._read = lambda: [lan]
    async with running(anna, ben, cy):
        async with prober(anna.network.port, "127.0.0.2"), prober(ben.network.port):
            await anna.until(lambda: len(anna.links) == 1)
            await ben.until(lambda: len(ben.links) == 1)
        with pytest.raises(ConnectionRefusedError):
            async with prober(ben.network.port, "127.0.0.2"):
                pass
        assert cy.network.port == 0
        assert cy.network.trouble == "no network"
        assert [why for _, why in cy.network.interfaces.ignored] == ["not allowed by the policy"]


@pytest.mark.parametrize("policy", [LAN_ONLY, OTHER_INTERFACE])
async def test_a_rule_that_comes_later_ends_links_and_one_that_goes_lets_them_be(policy: Policy) -> None:
    anna = hidden()
    async with running(anna):
        ben = hidden(NO_RULES, anna)
        async with running(ben):
            await linked(ben, anna)
            obey(ben, rules(retention_days=9))
            assert ben.is_linked(anna.peer_id)
            obey(ben, policy)
            await anna.until(lambda: not anna.is_linked(ben.peer_id))
            assert (
                not ben.network.book.plan(ben.clock.monotonic(), ben.is_linked).ready
                or policy is OTHER_INTERFACE
            )
            obey(ben, NO_RULES)
            await linked(ben, anna)


async def test_a_rule_that_comes_later_ends_links_of_those_who_dialled_us() -> None:
    anna = hidden()
    async with running(anna):
        ben = hidden(NO_RULES, anna)
        async with running(ben):
            await linked(ben, anna)
            obey(anna, LAN_ONLY)
            await ben.until(lambda: not ben.is_linked(anna.peer_id))
            async with prober(anna.network.port) as sock:
                assert await is_shut_out(sock)


async def test_who_is_still_shaking_hands_begins_anew() -> None:
    anna = hidden()
    async with running(anna), prober(anna.network.port) as sock:
        await anna.until(lambda: len(anna.links) == 1)
        obey(anna, rules(open_network=False))
        assert await is_shut_out(sock)


async def test_whoever_answers_otherwise_than_p2pim_is_named_so() -> None:
    async def sign_in_page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: http://login.example/\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(sign_in_page, "127.0.0.1", 0)
    where = Endpoint("127.0.0.1", server.sockets[0].getsockname()[1])
    anna = Peer(PeerSettings(visible=HIDDEN, peers=[str(where)]))
    async with server, running(anna):
        await anna.until(lambda: anna.network.book.entry(where).trouble is not None)  # type: ignore[union-attr]
        entry = anna.network.book.entry(where)
    assert entry is not None
    assert entry.trouble is not None
    assert "sign-in page" in entry.trouble


async def test_who_is_visible_to_the_team_alone_is_not_announced_to_the_open_network() -> None:
    for visible, announced in (("team", [OURS]), ("everyone", [OURS, OPEN])):
        anna = Peer(PeerSettings(visible=visible))
        anna.networks = lambda: [OURS, OPEN]  # type: ignore[method-assign]
        assert anna.network._mdns._advertised() == announced


async def test_mdns_that_is_tried_again_leaves_the_other_ways_of_finding_alone() -> None:
    anna = Peer()
    async with running(anna):
        began, sockets = anna.network._broadcast._next, anna.network._broadcast._open
        anna.network._start_mdns()
        assert (anna.network._broadcast._next, anna.network._broadcast._open) == (began, sockets)
