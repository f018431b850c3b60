from __future__ import annotations

from collections.abc import Iterator

import pytest

from p2pim.store import files
from p2pim.store.database import Database
from p2pim.store.files import StoredEntry, Transfer
from p2pim.store.store import Store

ROOT, OFFER, ANN, BEN = (letter * 32 for letter in (b"r", b"o", b"a", b"b"))


@pytest.fixture
def store() -> Iterator[Store]:
    opened = Store(Database(None))
    yield opened
    opened.close()


def test_what_can_be_served(store: Store) -> None:
    assert store.files.holding(ROOT) is None
    assert not store.files.holds(ROOT)
    entries = [StoredEntry("/a", 5, 7), StoredEntry("/b", 0, 2**62)]
    with store.transaction():
        store.files.hold(ROOT, 5, b"listing", entries)
        store.files.hold(ROOT, 5, b"listing", entries[:1])
    held = store.files.holding(ROOT)
    assert held is not None
    assert (held.size, held.listing, held.entries()) == (5, b"listing", entries[:1])
    with store.transaction():
        store.files.let_go(ROOT)
    assert not store.files.holds(ROOT)


def test_transfers(store: Store) -> None:
    first = Transfer(OFFER, ROOT, files.WANTED, "/in", "0" * 16, "", "", 5)
    second = first._replace(offer=ANN, at_ms=9)
    with store.transaction():
        store.files.note(first)
        store.files.note(second)
    assert store.files.transfer(OFFER) == first
    assert store.files.transfer(BEN) is None
    assert store.files.transfers(files.WANTED) == [second, first]
    assert store.files.recent(6) == [second]
    with store.transaction():
        store.files.note(first._replace(state=files.DONE, path="/in/x"))
    assert store.files.transfers(files.DONE)[0].path == "/in/x"


def test_what_others_say(store: Store) -> None:
    with store.transaction():
        assert store.files.report(OFFER, ANN, 1, 5)
        assert not store.files.report(OFFER, ANN, 1, 6)
        assert store.files.report(OFFER, BEN, 4, 7)
        assert store.files.report(OFFER, ANN, 3, 8)
    assert store.files.reports(OFFER) == [(BEN, 4, 7), (ANN, 3, 8)]
    assert store.files.reports(ROOT) == []
