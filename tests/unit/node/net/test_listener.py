from __future__ import annotations

import asyncio
import random
import socket

from p2pim.node.net.listener import Listener, choose_port


def quiet_port() -> int:
    """A free port below those that the system hands out: nothing takes it while a test lets go of it."""
    while True:
        port = random.randrange(20_000, 26_000)
        try:
            socket.create_server(("", port)).close()
        except OSError:
            continue
        return port


def close(socks: dict[str, socket.socket]) -> None:
    for sock in socks.values():
        sock.close()


def test_the_wanted_port_then_the_next_free_of_ten_then_any() -> None:
    port, socks = choose_port(["127.0.0.1"], quiet_port())
    again, others = choose_port(["127.0.0.1"], port)
    assert port < again < port + 10
    close(socks)
    close(others)


def test_a_port_must_be_free_at_every_address() -> None:
    port = quiet_port()
    with socket.create_server(("127.0.0.2", port)):
        chosen, socks = choose_port(["127.0.0.1", "127.0.0.2"], port)
        assert chosen != port
        assert {sock.getsockname() for sock in socks.values()} == {
            ("127.0.0.1", chosen),
            ("127.0.0.2", chosen),
        }
        close(socks)


def test_an_address_that_is_not_here_is_left_out() -> None:
    port, socks = choose_port(["127.0.0.1", "203.0.113.7"], 0)
    assert list(socks) == ["127.0.0.1"]
    assert port == socks["127.0.0.1"].getsockname()[1]
    close(socks)
    assert choose_port(["203.0.113.7"], 26747) == (26747, {})


class Counter(asyncio.Protocol):
    def __init__(self, arrived: asyncio.Queue[asyncio.BaseTransport]) -> None:
        self.arrived = arrived

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.arrived.put_nowait(transport)


async def test_addresses_come_and_go_and_the_port_stays() -> None:
    arrived: asyncio.Queue[asyncio.BaseTransport] = asyncio.Queue()
    listener = Listener(lambda: Counter(arrived))
    loop = asyncio.get_running_loop()

    async def reaches(host: str) -> bool:
        with socket.socket() as sock:
            sock.setblocking(False)
            try:
                await loop.sock_connect(sock, (host, listener.port))
            except ConnectionRefusedError:
                return False
            (await arrived.get()).close()
            return True

    port = quiet_port()
    listener.listen(["127.0.0.1"], port)
    assert listener.port == port
    assert await reaches("127.0.0.1")
    assert not await reaches("127.0.0.2")
    listener.listen(["127.0.0.1", "127.0.0.2"], 0)
    assert await reaches("127.0.0.2")
    listener.listen(["127.0.0.2"], 0)
    await asyncio.sleep(0)
    assert not await reaches("127.0.0.1")
    listener.listen([], 0)
    await listener.close()
    assert not await reaches("127.0.0.2")
    listener.listen(["127.0.0.1"], 0)
    assert listener.port == port
    with socket.create_server(("127.0.0.2", port)):
        listener.listen(["127.0.0.1", "127.0.0.2"], 0)
        assert await reaches("127.0.0.1"), "what is listened on already is not given up"
    await listener.close()
