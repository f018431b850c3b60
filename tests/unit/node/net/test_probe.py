"""Probes on loopback: what each outcome looks like to who tries."""

from __future__ import annotations

import asyncio
import errno
import socket
from pathlib import Path
from typing import Any

import pytest

from p2pim.node.net import probe as module
from p2pim.node.net.address import Endpoint
from p2pim.node.net.probe import probe, probe_all
from p2pim.protocol.callback import CONNECTED, NO_ANSWER, NO_WAY, NOT_TRIED, REFUSED
from tests.unit.node.net.books import HERE, LOOPBACK


def anywhere(address: tuple[Any, ...]) -> bool:
    return True


async def test_a_port_that_is_open_one_that_is_not_and_one_that_may_not_be_tried() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        ports = [listening.getsockname()[1], bound.getsockname()[1]]
        endpoints = [*(Endpoint("127.0.0.1", port) for port in ports), Endpoint("8.8.8.8", 2000)]
        assert await probe_all(endpoints, LOOPBACK, anywhere) == [CONNECTED, REFUSED, NOT_TRIED]
        assert await probe(endpoints[0], LOOPBACK, lambda address: False) == NOT_TRIED
        connection, _ = listening.accept()
        with connection:
            assert connection.recv(1) == b"", "nothing is said"


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (TimeoutError(), NO_ANSWER),
        (OSError(errno.EHOSTUNREACH, ""), NO_WAY),
        (OSError(errno.ENETUNREACH, ""), NO_WAY),
        (OSError(errno.EMFILE, ""), NOT_TRIED),
    ],
)
async def test_what_else_may_happen(monkeypatch: pytest.MonkeyPatch, error: OSError, outcome: int) -> None:
    async def fails(*args: object) -> socket.socket:
        raise error

    monkeypatch.setattr(module, "connect", fails)
    assert await probe(Endpoint("127.0.0.1", 2000), LOOPBACK, anywhere) == outcome
    await asyncio.sleep(0)


def test_who_has_an_address_is_looked_up(tmp_path: Path) -> None:
    table = tmp_path / "arp"
    table.write_text(
        "IP address       HW type     Flags       HW address            Mask     Device\n"
        "10.0.0.2         0x1         0x2         02:00:00:00:00:02     *        eth0\n"
        "10.0.0.3         0x1         0x0         00:00:00:00:00:00     *        eth0\n",
        encoding="ascii",
    )

    def is_nobody(host: str, where: Path = table) -> bool:
        return module._is_nobody(Endpoint(host, 2000), HERE, where)

    assert [is_nobody(host) for host in ("10.0.0.2", "10.0.0.3", "10.0.0.4")] == [False, True, False]
    assert not is_nobody("10.9.0.4"), "not on a network of ours"
    assert not is_nobody("fd00::2")
    assert not is_nobody("10.0.0.3", tmp_path / "none")
