"""Full-text search over what is here, also for parts of words: SQLite's FTS5 over terms of one to three letters.

The index follows ``messages`` by triggers (migration 10) and holds no text. So what it finds is where to look: all
terms of a word may be there without the word, and an edit may have put others in its place. Whoever shows a hit looks
at its text of now.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct

from p2pim.protocol.identity import PeerId
from p2pim.protocol.message import EDIT, FILE, TEXT, MessageId, RoomId
from p2pim.store.database import Database
from p2pim.store.folding import terms_of

#: Terms of a query that the index is asked for.
MAX_TERMS: Final = 64
#: Of more hits than these the ones that came last to this machine are ordered by time and shown.
MAX_HITS: Final = 5_000
#: Seconds that one search may take.
PATIENCE: Final = 0.5
#: Pages of the index that are written anew at once, to be rid of what was erased.
_PAGES: Final = 200
#: Fewer changes say that there was nothing to merge (FTS5's documentation, section 6.8).
_WORKED: Final = 2
#: From here on FTS5 can erase for good by itself.
_ERASES: Final = (3, 42)


class Query(Struct, frozen=True):
    """What is looked for: all the words, in a room, by an author, with a clock in a range (both ends in it).

    ``files``: offers alone.
    """

    words: list[str]
    room: RoomId | None = None
    author: PeerId | None = None
    since: int | None = None
    until: int | None = None
    files: bool = False


class Hit(Struct, frozen=True):
    """A message that may say what was looked for, or an edit that may: then ``target`` is the message."""

    clock: int
    id: MessageId
    target: MessageId | None


class Search:
    """The ``search`` table."""

    def __init__(self, database: Database, number: Callable[[RoomId], int]) -> None:
        self._db = database
        self._number = number
        self._erases = sqlite3.sqlite_version_info >= _ERASES
        # kept in the file: written once, for a full disk must keep nobody from opening
        if self._erases and not database.value("SELECT v FROM search_config WHERE k = 'secure-delete'"):
            database.execute("INSERT INTO search (search, rank) VALUES ('secure-delete', 1)")

    def find(self, query: Query) -> tuple[list[Hit], bool]:
        """Messages and edits that may say it, the newest first; whether there may be more of them."""
        if query == Query([]):
            return [], False
        sql, values = self._sql(query)
        rows, whole = self._db.rows_within(sql, values, PATIENCE)
        rows.sort(reverse=True)
        hits = [Hit(clock, i, target if kind == EDIT else None) for clock, i, target, kind in rows]
        return hits, not whole or len(hits) == MAX_HITS

    def has_rest(self) -> bool:
        """Whether something that was erased may still lie in the index."""
        return self._db.value("SELECT 1 FROM profile WHERE key = 'search_erased'") is not None

    def scrub(self) -> None:
        """Be rid of it, some pages at a time; inside a transaction."""
        if not self._erases:
            before = self._db.connection.total_changes
            self._db.execute("INSERT INTO search (search, rank) VALUES ('merge', ?)", [-_PAGES])
            if self._db.connection.total_changes - before >= _WORKED:
                return
        self._db.execute("DELETE FROM profile WHERE key = 'search_erased'")
        self._db.on_known(self._db.erased)

    def _sql(self, query: Query) -> tuple[str, list[Any]]:
        parts = dict.fromkeys(part for word in query.words for part in word.split())
        found = dict.fromkeys(term for part in parts for term in terms_of(part))
        terms: list[tuple[str, Any]] = []
        source, rowid = "messages m", "m.seq"
        if found:
            source, rowid = "search s CROSS JOIN messages m ON m.seq = s.rowid", "s.rowid"
            terms.append(("search MATCH ?", " ".join(f'"{term}"' for term in list(found)[:MAX_TERMS])))
        if query.room is not None:
            terms.append(("m.room = ?", self._number(query.room)))
        # an edit is younger than what it changes: that is looked at by whoever shows it
        limits: list[tuple[str, Any]] = [
            ("m.author = ?", query.author),
            ("m.clock >= ?", query.since),
            (f"(m.kind = {EDIT} OR m.clock <= ?)", query.until),
        ]
        terms += [(term, value) for term, value in limits if value is not None]
        shown = "".join(f" AND {term}" for term, _ in terms)
        kinds = str(FILE) if query.files else f"{TEXT}, {EDIT}, {FILE}"
        sql = (
            f"SELECT m.clock, m.id, m.target, m.kind FROM {source} WHERE m.hidden = 0 AND m.void = 0 "
            f"AND m.content NOT NULL AND m.kind IN ({kinds}){shown} ORDER BY {rowid} DESC LIMIT {MAX_HITS}"
        )
        return sql, [value for _, value in terms]
