from __future__ import annotations

import asyncio
import socket
import threading

import pytest

from p2pim.node.net import dialer as module
from p2pim.node.net.address import Endpoint
from p2pim.node.net.dialer import Dialer, SocketAddress, connect, local_host, resolve


async def test_an_address_is_its_own_answer() -> None:
    assert await resolve(Endpoint("10.0.0.1", 1)) == [("10.0.0.1", 1)]
    assert await resolve(Endpoint("fd00::1", 1)) == [("fd00::1", 1, 0, 0)]
    assert await resolve(Endpoint("fe80::1%3", 1)) == [("fe80::1", 1, 0, 3)]


async def test_a_name_without_an_address_is_an_error_of_the_system() -> None:
    with pytest.raises(OSError, match=r".+"):
        await resolve(Endpoint("name..without.address", 1))


async def test_a_resolver_that_answers_too_late_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, answered = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    released = threading.Event()

    def slow(*_: object, **__: object) -> list[object]:
        loop.call_soon_threadsafe(asked.set)
        released.wait(5)
        loop.call_soon_threadsafe(answered.set)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    task = asyncio.create_task(resolve(Endpoint("slow.example", 1)))
    await asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    released.set()
    await answered.wait()


async def test_each_address_of_a_name_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        answers = [(0, 0, 0, "", (host, port)) for host in ("127.0.0.2", "127.0.0.1")]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)
        with await connect(Endpoint("office.example", port)) as sock:
            assert sock.getpeername() == ("127.0.0.1", port)


async def test_an_address_that_may_not_be_dialled_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[SocketAddress] = []

    def may_dial(address: SocketAddress) -> bool:
        asked.append(address)
        return bool(address[0] == "127.0.0.2")

    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_server(("127.0.0.2", 0)) as other:
        places = [server.getsockname(), other.getsockname()]
        monkeypatch.setattr(
            socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", place) for place in places]
        )
        with await connect(Endpoint("office.example", 1), may_dial=may_dial) as sock:
            assert sock.getpeername() == places[1]
        assert asked == [*places, places[1]], "before and after"
        with pytest.raises(OSError, match="the policy forbids it"):
            await connect(Endpoint(*places[0]), may_dial=may_dial)
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()


async def test_a_rule_that_comes_while_we_connect_counts() -> None:
    answers = [False, True]
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        pytest.raises(OSError, match="the policy forbids it"),
    ):
        await connect(Endpoint(*server.getsockname()), may_dial=lambda address: answers.pop())
    assert answers == []


def test_by_which_address_the_system_would_go() -> None:
    assert local_host(("127.0.0.9", 26747)) == "127.0.0.1"
    assert local_host(("::1", 26747, 0, 0)) == "::1"


async def test_who_does_not_answer_is_given_up() -> None:
    # A full queue: the kernel answers no more attempts.
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", port))
        with pytest.raises(TimeoutError):
            await connect(Endpoint("127.0.0.1", port), within=0.05)
        for sock in waiting:
            sock.close()


async def test_dials_are_bounded_in_number_and_rate() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = Endpoint("127.0.0.1", server.getsockname()[1])
        dialer = Dialer(0, at_once=2, rate=1, burst=3)
        done: asyncio.Queue[socket.socket] = asyncio.Queue()

        def start(now: float) -> bool:
            return dialer.start(endpoint, now, done.put_nowait, lambda error: None)

        assert [start(0) for _ in range(3)] == [True, True, False]
        assert dialer.ready_in(0) == float("inf"), "freed by an event, not by time"
        for _ in range(2):
            (await done.get()).close()
            dialer.finished()
        assert [start(0) for _ in range(2)] == [True, False]
        (await done.get()).close()
        dialer.finished()
        assert dialer.ready_in(0) == 1
        assert start(1)
        await dialer.close()
        while not done.empty():
            done.get_nowait().close()


async def test_a_failed_dial_says_so_and_frees_its_place() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        endpoint = Endpoint("127.0.0.1", closed.getsockname()[1])
    dialer = Dialer(0, at_once=1)
    failed: asyncio.Queue[OSError] = asyncio.Queue()
    assert dialer.start(endpoint, 0, lambda sock: None, failed.put_nowait)
    assert isinstance(await failed.get(), ConnectionRefusedError)
    assert dialer.under_way == 0


async def test_dials_without_an_answer_hold_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SILENT_AFTER", 0.01)
    answer = asyncio.Event()
    outcomes: list[OSError | None] = [None, OSError("no answer"), None]
    connected: asyncio.Queue[socket.socket] = asyncio.Queue()
    failed: asyncio.Queue[OSError] = asyncio.Queue()
    freed: asyncio.Queue[None] = asyncio.Queue()

    async def silent(endpoint: Endpoint, **_: object) -> socket.socket:
        await answer.wait()
        if (error := outcomes[endpoint.port - 1]) is not None:
            raise error
        return socket.socket()

    monkeypatch.setattr(module, "connect", silent)
    dialer = Dialer(0, at_once=2, on_free=lambda: freed.put_nowait(None))

    def start(port: int) -> bool:
        return dialer.start(Endpoint("10.0.0.1", port), 0, connected.put_nowait, failed.put_nowait)

    assert [start(port) for port in (1, 2, 3)] == [True, True, False]
    for _ in range(2):
        await freed.get()
    assert dialer.under_way == 0
    assert start(3)
    answer.set()
    await failed.get()
    for _ in range(2):
        (await connected.get()).close()
    assert dialer.under_way == 2, "their handshakes count"
    dialer.finished()
    dialer.finished()
    await dialer.close()
    assert dialer.under_way == 0
