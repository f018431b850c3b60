"""A name stands for as many machines as it has addresses."""

from __future__ import annotations

import asyncio
import socket

import pytest

from p2pim.node.net.address import Endpoint
from p2pim.node.net.book import AddressBook, Entry
from p2pim.node.net.names import AGAIN, MOST, Names
from p2pim.node.net.reach import Source
from tests.unit.node.net.books import make, take

NAME = Endpoint("p2pim.corp.example", 26747)


def answers(monkeypatch: pytest.MonkeyPatch, *hosts: str) -> None:
    rows = [(0, 0, 0, "", (host, 26747)) for host in hosts]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: rows)


async def looked_up(book: AddressBook) -> Entry:
    done = asyncio.Event()
    names = Names(book, lambda: 100.0, done.set)
    assert book.add(NAME, Source.TYPED, 0.0) is None
    names.look_up(take(book, NAME))
    async with asyncio.timeout(10):
        await done.wait()
    await names.close()
    return take(book, NAME)


async def test_every_address_of_a_name_is_dialled(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, "10.0.0.7", "10.9.0.8", "10.0.0.7", "10.0.0.1", "fd00::9")
    book = make()
    entry = await looked_up(book)
    assert {(str(e.endpoint), e.source) for e in book if e is not entry} == {
        (text, Source.NAMED) for text in ("10.0.0.7:26747", "10.9.0.8:26747", "[fd00::9]:26747")
    }, "each once, and not this node"
    assert (entry.dialling, entry.trouble, entry.due) == (False, None, 100.0 + AGAIN)


async def test_where_no_address_may_be_dialled_the_name_has_the_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers(monkeypatch, "224.0.0.1")
    assert "not the address of one host" in ((await looked_up(make())).trouble or "")


async def test_not_more_than_some(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, *(f"10.0.{n}.9" for n in range(200)))
    book = make()
    await looked_up(book)
    assert len(book) == MOST + 1


async def test_a_name_that_nobody_knows_is_tried_again_and_has_its_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    entry = await looked_up(make())
    assert "no address" in (entry.trouble or "")
    assert entry.failures == 1


async def test_a_name_server_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(*_: object) -> list[tuple[str, int]]:
        raise TimeoutError

    monkeypatch.setattr("p2pim.node.net.names.resolve", silent)
    entry = await looked_up(make())
    assert entry.trouble == "no name server answers"
