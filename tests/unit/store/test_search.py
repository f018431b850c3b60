"""Where the index says that something was said."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p2pim.protocol.message import DELETE, EDIT, Message, MessageId, decode_text, seal, text_content
from p2pim.protocol.room import LOBBY, lobby
from p2pim.store import search as module
from p2pim.store.database import Database
from p2pim.store.folding import holds, words_of
from p2pim.store.search import Query
from p2pim.store.store import Store
from tests.unit.store.people import BOB, DM, ME, NOW, add, new_store, text


def found(store: Store, query: str, **where: object) -> list[MessageId]:
    words = words_of(query)
    hits, _ = store.search.find(Query(words, **where))  # type: ignore[arg-type]
    held = {
        stored.message.id: stored.message.content for stored in store.messages.get([hit.id for hit in hits])
    }
    said = {i: decode_text(content) for i, content in held.items() if content is not None}
    return [
        hit.target or hit.id for hit in hits if (text := said[hit.id]) is not None and holds(text.text, words)
    ]


def about(kind: int, target: Message, clock: int, what: str = "") -> Message:
    content = text_content(what, clock, bytes)
    return seal(ME, DM.id, parents=[], clock=clock, kind=kind, content=content, target=target.id)


def test_words_anywhere_in_any_order_the_newest_first() -> None:
    store = new_store()
    first, second, third = (
        text(ME, NOW + n, what=what) for n, what in enumerate(("The Deployment", "deploy on Monday", "hi"))
    )
    add(store, second, first, third)  # in whatever order they come
    assert found(store, "PLOY") == [second.id, first.id]
    assert found(store, "mon ploy") == [second.id]
    assert found(store, '"on monday"') == [second.id]
    assert found(store, '"monday on"') == []
    assert found(store, "ploy hi") == []
    assert found(store, "hi") == [third.id]  # shorter than what the index knows
    assert found(store, "on th") == []
    assert found(store, "e on") == [second.id]
    assert found(store, "") == []
    store.close()


def test_where_by_whom_and_when() -> None:
    store = new_store()
    with store.transaction():
        store.messages.ensure_room(lobby())
    mine, theirs = text(ME, NOW, what="lunch"), text(BOB, NOW + 5, what="lunch")
    there = text(BOB, NOW + 9, LOBBY, what="lunch")
    add(store, mine, theirs, there)
    for query in ("lunch", "ch", ""):
        assert found(store, query, room=DM.id) == [theirs.id, mine.id]
        assert found(store, query, author=ME.peer_id) == [mine.id]
        assert found(store, query, since=NOW + 5) == [there.id, theirs.id]
        assert found(store, query, until=NOW + 5) == [theirs.id, mine.id]
        assert found(store, query, room=LOBBY, author=ME.peer_id) == []
        assert found(store, query, room=b"\0" * 32) == []
    store.close()


def test_an_edit_leads_to_what_it_changed_and_what_is_not_shown_is_not_found() -> None:
    store = new_store()
    message = text(ME, NOW, what="tuesday")
    add(store, message, about(EDIT, message, NOW + 1, "wednesday"))
    add(store, text(BOB, NOW + 2, what="wednesday, void"), void=True)
    add(store, text(BOB, NOW + 10**9, what="wednesday, far ahead"))
    assert found(store, "wednesday") == [message.id]
    add(store, about(DELETE, message, NOW + 3))
    assert found(store, "wednesday") == found(store, "tuesday") == []
    store.close()


def test_content_that_comes_later_is_found_and_what_is_forgotten_is_not() -> None:
    store = new_store()
    message = text(ME, NOW, what="archive")
    seqs = add(store, message)
    assert store.standing.expire(DM.id, NOW + 1) == 1
    assert found(store, "archive") == []
    assert store.standing.fill(message)
    assert found(store, "archive") == [message.id]
    store.messages.forget(seqs)
    assert found(store, "archive") == []
    store.close()


@pytest.mark.parametrize(
    "query", ['"', 'NEAR("', "col:x", "-foo", "%", "_", "*", "^x", "a AND", "(", "'", "é" * 60]
)
def test_signs_of_query_languages_are_text(query: str) -> None:
    store = new_store()
    other = text(ME, NOW, what="nothing of the kind")
    message = text(ME, NOW + 1, what=f"so {query} it is")
    add(store, other, message)
    expected = [message.id]
    assert found(store, query) == expected
    assert found(store, f"{query}{query}{query}zz") == []
    store.close()


@given(st.lists(st.text(), max_size=4), st.text())
def test_it_finds_what_a_plain_look_finds(texts: list[str], query: str) -> None:
    store = new_store()
    messages = [
        text(ME, NOW + n, what=what.encode("utf-8", "ignore").decode()) for n, what in enumerate(texts)
    ]
    add(store, *messages)
    words = words_of(query)
    expected = [
        message.id for message, what in zip(messages, texts, strict=True) if words and holds(what, words)
    ]
    assert found(store, query) == expected[::-1]
    store.close()


def test_of_too_many_it_gives_those_that_came_last_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    store = new_store()
    add(store, *(text(ME, NOW + n, what=f"number {n}") for n in range(5)))
    monkeypatch.setattr(module, "MAX_HITS", 3)
    hits, more = store.search.find(Query(["number"]))
    assert [hit.clock for hit in hits] == [NOW + 4, NOW + 3, NOW + 2]
    assert more
    store.close()


def test_a_search_that_takes_too_long_gives_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    store = new_store()
    monkeypatch.setattr(module, "PATIENCE", -1.0)
    with store.transaction():
        for number in range(3_000):
            store.messages.add(text(ME, NOW + number, what="other words"), now_ms=NOW + 3_000)
    hits, more = store.search.find(Query(["words"]))
    assert more
    assert len(hits) < 3_000
    store.close()


def test_what_was_erased_leaves_nothing_in_the_index(tmp_path: Path) -> None:
    def on_disk(what: str) -> bool:
        rows = sqlite3.connect(path).execute("SELECT block FROM search_data").fetchall()
        return what.encode() in b"".join(bytes(row[0]) for row in rows)

    path = tmp_path / "p2pim.db"
    store = Store(Database(path))
    with store.transaction():
        store.peers.put(store.peers.get(BOB.peer_id))
        store.messages.ensure_room(DM)
    # a letter of its own, as the index holds terms without what they have in common with the one before
    secret = text(ME, NOW, what="ξ")
    with store.transaction():
        add(store, secret, *(text(ME, NOW + n, what="aab") for n in range(1, 400)))
    add(store, text(ME, NOW + 500, what="later"))
    assert on_disk("ξ")
    add(store, about(DELETE, secret, NOW + 501))
    rounds = 0
    while store.search.has_rest():
        store.scrub()
        rounds += 1
    assert 0 < rounds < 20
    assert not on_disk("ξ")
    assert found(store, "aab")
    assert found(store, "ξ") == []
    store.close()
