"""Questions to all, their answers, and what is not answered."""

from __future__ import annotations

import asyncio
import os
import socket
from ipaddress import ip_interface
from typing import Any, cast

import pytest

from p2pim.node.net.discovery import broadcast
from p2pim.node.net.discovery.broadcast import ANSWERS_EACH, FIRST, Broadcast
from p2pim.node.net.discovery.interfaces import Interface

#: As SPEC section 17 shows them.
QUESTION = bytes.fromhex("703270696d3f3100 0102030405060708 a0a1a2a3a4a5a6a7 687b")
ANSWER = bytes.fromhex("703270696d213100 0102030405060708 b0b1b2b3b4b5b6b7 687b")
SILENT = bytes.fromhex("703270696d3f3100 0102030405060708 0000000000000000 0000")
ASKER, ANSWERER = "a0a1a2a3a4a5a6a7", "b0b1b2b3b4b5b6b7"


class Sent:
    """As much of a transport as is used: what is sent is kept."""

    def __init__(self) -> None:
        self.packets: list[tuple[bytes, tuple[str, int]]] = []

    def sendto(self, data: bytes, to: tuple[str, int]) -> None:
        self.packets.append((data, to))


class End:
    """One who asks and answers, without sockets unless it is started."""

    def __init__(self, label: str, *, announce: bool = True) -> None:
        self.now = 0.0
        self.found: list[tuple[str, str, int, bool]] = []
        self.sent = Sent()
        self.broadcast = Broadcast(
            random=lambda size: bytes(range(1, size + 1)),
            now=lambda: self.now,
            label=lambda: label,
            announce=announce,
            on_found=self._found,
        )
        self.any_found = asyncio.Event()
        self.broadcast._tcp_port = 26747

    def _found(self, *found: Any) -> None:
        self.found.append(found)
        self.any_found.set()

    def hears(self, data: bytes, host: str = "10.0.0.9", port: int = 5000) -> list[bytes]:
        """What it answers."""
        self.sent.packets.clear()
        self.broadcast._heard(cast(asyncio.DatagramTransport, self.sent), data, host, port)
        assert all(to == (host, port) for _, to in self.sent.packets)
        return [packet for packet, _ in self.sent.packets]


def test_a_question_is_answered_and_says_where_the_asker_is() -> None:
    ben = End(ANSWERER)
    assert ben.hears(QUESTION) == [ANSWER]
    assert ben.found == [(ASKER, "10.0.0.9", 26747, False)]
    assert len(ANSWER) <= len(QUESTION)


def test_who_says_nothing_about_themselves_is_answered_and_not_found() -> None:
    ben = End(ANSWERER)
    assert ben.hears(SILENT) == [ANSWER]
    assert ben.found == []


def test_who_does_not_announce_themselves_looks_and_says_nothing() -> None:
    ben = End(ANSWERER, announce=False)
    assert ben.hears(QUESTION) == []
    assert ben.found == [(ASKER, "10.0.0.9", 26747, False)]
    assert ben.broadcast._packet(broadcast.QUESTION, bytes(range(1, 9))) == SILENT


def test_an_answer_counts_only_if_it_was_asked_for() -> None:
    anna = End(ASKER)
    anna.hears(ANSWER)
    assert anna.found == []
    anna.broadcast._nonce = bytes(range(1, 9))
    assert anna.hears(ANSWER) == []
    assert anna.found == [(ANSWERER, "10.0.0.9", 26747, False)]


@pytest.mark.parametrize("data", [b"", QUESTION[:-1], QUESTION + b"\0", b"x" + QUESTION[1:]])
def test_anything_else_is_passed_over(data: bytes) -> None:
    ben = End(ANSWERER)
    assert ben.hears(data) == []
    assert ben.found == []
    assert End(ASKER).hears(QUESTION) == [], "its own question"


def test_nobody_gets_more_than_some_answers_a_second() -> None:
    ben = End(ANSWERER)
    assert sum(len(ben.hears(QUESTION)) for _ in range(100)) == ANSWERS_EACH
    assert (
        sum(len(ben.hears(QUESTION, f"10.0.{n // 250}.{n % 250}")) for n in range(1000)) <= broadcast.ANSWERS
    )
    assert len(ben.broadcast._sources) <= broadcast.SOURCES
    assert len(ben.found) <= broadcast.HINTS_BURST
    ben.now = 1.0
    assert len(ben.hears(QUESTION, "10.9.9.9")) == 1


async def test_two_on_a_network_find_each_other_if_mdns_hears_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setattr(broadcast, "PORT", free.getsockname()[1])
    network = Interface(1, "eth0", ip_interface("127.0.0.1/8"))
    anna, ben = End(os.urandom(8).hex()), End(os.urandom(8).hex())
    for end in (anna, ben):
        end.broadcast.restart([network], 26747)
        assert end.broadcast._opening is not None
        await end.broadcast._opening
    anna.broadcast.tick(FIRST, alone=False)
    anna.broadcast.tick(FIRST + 1, alone=True)
    assert ben.found == []
    anna.broadcast.tick(4 * FIRST, alone=True)
    async with asyncio.timeout(10):
        for end in (anna, ben):
            await end.any_found.wait()
    assert [found[2] for found in anna.found + ben.found] == [26747, 26747]
    for end in (anna, ben):
        end.broadcast.close()


async def test_where_nothing_can_be_told_to_all_one_can_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setattr(broadcast, "PORT", free.getsockname()[1])
    vpn = Interface(1, "wg0", ip_interface("127.0.0.1/8"), multicast=False)
    anna, ben = End(os.urandom(8).hex()), End(os.urandom(8).hex())
    for end in (anna, ben):
        end.broadcast.restart([vpn], 26747)
        assert end.broadcast._targets == []
    anna.broadcast.ask(["127.0.0.1"])
    async with asyncio.timeout(10):
        await anna.any_found.wait()
    assert [(host, port, asked) for _, host, port, asked in anna.found] == [("127.0.0.1", 26747, True)]
    for end in (anna, ben):
        end.broadcast.close()


def test_strangers_from_elsewhere_get_no_answer() -> None:
    ben = End(ANSWERER)
    ben.broadcast._may_meet = lambda host: host.startswith("10.")
    assert ben.hears(QUESTION, "8.8.8.8") == []
    assert ben.found == []
    assert ben.hears(QUESTION) == [ANSWER]
