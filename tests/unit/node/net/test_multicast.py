"""Hearing on loopback, at a port of its own: oneself, others, nobody."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import ip_address, ip_interface

import pytest

from p2pim.node.net import multicast
from p2pim.node.net.discovery.interfaces import Interface
from p2pim.node.net.multicast import GROUP, Heard, hear

LOOPBACK = Interface(1, "lo", ip_interface("127.0.0.1/8"), loopback=True)
OURS = {ip_address("127.0.0.1")}


@pytest.fixture
def port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        free: int = sock.getsockname()[1]
        return free


async def test_what_is_said_here_comes_back(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multicast, "HEAR_SECONDS", 0.3)
    assert await hear([LOOPBACK], OURS, port) == [Heard("lo", own=True, others=False)]


async def test_somebody_else_is_told_apart(port: int) -> None:
    listening = asyncio.create_task(hear([LOOPBACK], OURS, port))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.2", 0))
        other.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
        while not listening.done():
            other.sendto(b"good morning", (GROUP, port))
            await asyncio.wait([listening], timeout=0.05)
    assert await listening == [Heard("lo", own=True, others=True)]


async def test_what_cannot_be_tried_is_not_known_and_ipv6_is_not_tried(port: int) -> None:
    gone = Interface(99, "gone", ip_interface("10.254.254.1/24"))
    six = Interface(1, "lo", ip_interface("::1/128"), loopback=True)
    assert await hear([gone, six], OURS, port) == [Heard("gone", own=None, others=False)]


async def test_a_question_that_does_not_come_back(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multicast, "HEAR_SECONDS", 0.1)
    opened = multicast._open

    def deaf(interface: Interface, at: int) -> socket.socket:
        sock = opened(interface, at)
        group = socket.inet_aton(GROUP) + interface.address.packed
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_DROP_MEMBERSHIP, group)
        return sock

    monkeypatch.setattr(multicast, "_open", deaf)
    assert await hear([LOOPBACK], OURS, port) == [Heard("lo", own=False, others=False)]
