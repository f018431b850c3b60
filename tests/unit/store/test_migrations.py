"""What older versions wrote opens, and nothing of it is lost."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from p2pim.protocol.fold import REACTIONS_COUNTED, entry
from p2pim.protocol.identity import Identity
from p2pim.protocol.message import (
    DELETE,
    EDIT,
    REACTION,
    TEXT,
    TOPIC,
    Message,
    MessageId,
    reaction_content,
    seal,
    text_content,
)
from p2pim.protocol.reconcile import key
from p2pim.store import database as module
from p2pim.store.alerts import Alert
from p2pim.store.database import MIGRATIONS, Database
from p2pim.store.peers import Contact
from p2pim.store.store import Store
from tests.unit.store.people import BOB, DM, ME, NOW

_COLUMNS = "id, room, author, clock, kind, header, signature, content, received, hidden, unread, head"


def say(author: Identity, kind: int, number: int, target: MessageId | None = None) -> Message:
    content = text_content(f"{number}", number, bytes)
    if kind == REACTION:
        content = reaction_content(f"{number}", True, number, bytes)
    return seal(author, DM.id, parents=[], clock=NOW + number, kind=kind, content=content, target=target)


@pytest.fixture
def first_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A database as version 1 of the schema wrote it."""
    folder = tmp_path / "migrations"
    folder.mkdir()
    shutil.copy(MIGRATIONS / "0001.sql", folder)
    with monkeypatch.context() as patch:
        patch.setattr(module, "MIGRATIONS", folder)
        db = Database(tmp_path / "p2pim.db")
    db.execute("INSERT INTO peers (id) VALUES (?)", [BOB.peer_id])
    db.execute("INSERT INTO rooms (number, id, kind, peer) VALUES (7, ?, 1, ?)", [DM.id, BOB.peer_id])
    return db


def put(db: Database, message: Message, hidden: bool = False) -> None:
    header = message.header
    values = [message.id, 7, header.author, header.clock, header.kind, message.raw_header, message.signature]
    more = [message.content, NOW, hidden, not hidden and header.author == BOB.peer_id, 1]
    marks = ", ".join("?" * 12)
    db.execute(f"INSERT INTO messages ({_COLUMNS}) VALUES ({marks})", values + more)


def test_texts_of_the_first_version_are_all_there(first_version: Database, tmp_path: Path) -> None:
    db, texts = first_version, [say(BOB if n % 3 else ME, TEXT, n) for n in range(200)]
    for message in texts:
        put(db, message)
    before = db.rows(f"SELECT seq, {_COLUMNS} FROM messages ORDER BY seq")
    db.close()
    store = Store(Database(tmp_path / "p2pim.db"))
    assert store.database.value("PRAGMA user_version") == len(list(MIGRATIONS.glob("*.sql")))
    assert store.database.rows(f"SELECT seq, {_COLUMNS} FROM messages ORDER BY seq") == before
    assert [s.message for s in store.messages.history(DM.id, 999, None, skip_blocked=False)] == texts
    items = store.messages.items(DM, ME.peer_id, BOB.peer_id)
    assert [key(clock, i) for i, clock in items.entries(0, len(items))] == [
        key(m.header.clock, m.id) for m in texts
    ]
    assert store.messages.count(DM.id, "unread") == 133
    assert store.alerts.of(DM.id) is Alert.ALL
    assert store.messages.add(say(BOB, TEXT, 999), now_ms=NOW) is not None
    store.close()


def test_what_newer_peers_had_sent_takes_effect(first_version: Database, tmp_path: Path) -> None:
    db = first_version
    kept, gone, mine = say(BOB, TEXT, 1), say(BOB, TEXT, 2), say(ME, TEXT, 3)
    reply = say(BOB, TEXT, 4, kept.id)
    reactions = [say(BOB, REACTION, n, kept.id) for n in range(100, 102 + REACTIONS_COUNTED)]
    late = say(BOB, EDIT, 90_000_000, kept.id)
    others = [
        say(BOB, EDIT, 6, kept.id),
        say(BOB, EDIT, 5, kept.id),
        say(BOB, EDIT, 7, gone.id),
        say(BOB, DELETE, 8, gone.id),
        say(BOB, DELETE, 9, mine.id),
        say(BOB, TOPIC, 10),
    ]
    for message in (kept, gone, mine, reply, *reactions, *others):
        put(db, message)
    put(db, late, hidden=True)
    db.close()
    store = Store(Database(tmp_path / "p2pim.db"))
    store.peers.put(Contact(BOB.peer_id))
    lines = store.messages.history(DM.id, 99, None, skip_blocked=False)
    followers = store.followers.of([s.message for s in lines if s.followed])
    shown = [entry(s.message, followers.get(s.message.id, ())) for s in lines]
    assert [(e.text, e.note) for e in shown] == [
        ("6", None),
        (None, "deleted"),
        ("3", None),
        ("4", None),
        ("10", None),
    ]
    assert shown[3].reply_to == kept.id
    assert len(followers[kept.id]) == 1 + REACTIONS_COUNTED
    erased = store.database.rows("SELECT id FROM messages WHERE content IS NULL")
    assert {i for (i,) in erased} == {gone.id, others[2].id}
    assert store.messages.count(DM.id, "unread") == 2
    store.messages.due(ME.peer_id, NOW + 90_000_000)
    assert [m.id for m in store.followers.of([kept])[kept.id] if m.header.kind == EDIT] == [late.id]
    store.close()
