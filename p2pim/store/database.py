"""One SQLite file, one writer, and the rule of effects: commit, then tell.

Whatever is to happen after a write (an Ack, a notification, a push) is given to ``on_commit`` inside the transaction
and runs only once the data is durable (WAL, synchronous=FULL). A failed transaction forgets it.

What others can tell again (that they have stored something) may be written without waiting for the disk: a crash of
this program loses none of it, a power cut the latest of it, and the next comparison with them brings it back.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from p2pim.errors import StoreCorrupt, StoreError, StoreFull, StoreTooNew
from p2pim.protocol.message import target_of
from p2pim.store.folding import offer_root, search_terms

APPLICATION_ID: Final = 0x7032706D  # "p2pm"
MIGRATIONS: Final = Path(__file__).parent / "migrations"

Row = tuple[Any, ...]

_FULL: Final = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}
_CORRUPT: Final = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


#: Steps of SQLite's machine between two looks at the clock.
_STEPS: Final = 2_000
#: SQLite takes 999 variables in old builds.
_CHUNK: Final = 500
_T = TypeVar("_T")


def chunks(values: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """Cut values into parts that fit one statement."""
    return (values[i : i + _CHUNK] for i in range(0, len(values), _CHUNK))


def marks(count: int) -> str:
    """Placeholders for so many values."""
    return ",".join("?" * count)


def explain(error: sqlite3.Error, path: Path | None) -> StoreError:
    """Turn SQLite's error into one a person can act on."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _FULL:
        return StoreFull(
            f"Cannot write to the disk that holds {path} ({error}). Free some space or mend its permissions: "
            "nothing is lost, and what is waiting goes on by itself."
        )
    if code in _CORRUPT:
        return StoreCorrupt(
            f"The database {path} is damaged ({error}). Nothing was changed: move it away to start empty, "
            "or put a backup in its place; colleagues send again what they hold."
        )
    if code == sqlite3.SQLITE_BUSY:
        return StoreError(f"Another program is using {path}. Close it and start again.")
    return StoreError(f"The database {path} cannot be used: {error}")


class Database:
    """A connection with numbered migrations and re-entrant transactions.

    Args:
        path: the file; None keeps everything in memory.
        connection: an open connection to use instead (the simulator's crashed machines come back on theirs).
    """

    def __init__(self, path: Path | None = None, connection: sqlite3.Connection | None = None) -> None:
        self.path = path
        self._depth = 0
        self._lasting = True
        self._to_scrub = False
        self._known: list[Callable[[], None]] = []
        self._after: list[tuple[Callable[[], None], Hashable]] = []
        #: Called after every outermost commit, when the store's mirrors are right and when all effects have run.
        self.settled: Callable[[], None] = lambda: None
        #: Called after anything was taken back: what mirrors the store in memory must be read again.
        self.undone: Callable[[], None] = lambda: None
        #: Called after a transaction was taken back because nothing can be written, whoever wanted to write.
        self.full: Callable[[StoreFull], None] = lambda error: None
        try:
            if connection is None:
                connection = sqlite3.connect(str(path or ":memory:"), isolation_level=None, timeout=0.5)
            self.connection = connection
            self._prepare()
        except sqlite3.Error as error:
            raise explain(error, path) from None

    def _prepare(self) -> None:
        if self.connection.in_transaction:
            self.connection.rollback()  # what a crash left behind
        version = self.connection.execute("PRAGMA user_version").fetchone()[0]
        application = self.connection.execute("PRAGMA application_id").fetchone()[0]
        known = sorted(MIGRATIONS.glob("[0-9]*.sql"))
        if version > len(known):
            raise StoreTooNew(
                f"The database {self.path} was written by a newer p2pim (schema {version}, "
                f"this one knows {len(known)}). Nothing was changed: update p2pim."
            )
        if version and application != APPLICATION_ID:
            raise StoreCorrupt(f"{self.path} is a database of another program. Move it away.")
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = FULL")
        self.connection.execute("PRAGMA foreign_keys = ON")
        self.connection.execute("PRAGMA secure_delete = ON")
        with suppress(sqlite3.OperationalError):  # a full disk: later, then
            self.connection.execute(
                "PRAGMA wal_checkpoint(TRUNCATE)"
            )  # what a crash kept from being scrubbed
        self.connection.create_function("target_of", 1, target_of, deterministic=True)
        self.connection.create_function("search_terms", 1, search_terms, deterministic=True)
        self.connection.create_function("offer_root", 1, offer_root, deterministic=True)
        for number, script in enumerate(known[version:], version + 1):
            statements = script.read_text(encoding="utf-8")
            self.connection.executescript(
                f"BEGIN IMMEDIATE; {statements}; PRAGMA user_version = {number}; "
                f"PRAGMA application_id = {APPLICATION_ID}; COMMIT;"
            )

    @contextmanager
    def transaction(self, *, lasting: bool = True) -> Iterator[None]:
        """Write something. Inside another transaction it is a savepoint of it: its failure undoes only itself.

        Args:
            lasting: wait for the disk; False only for what others can tell again.

        Raises:
            StoreFull: no space left; nothing was written.
            StoreError: the database cannot be used.
        """
        nested, marks, done = self._depth > 0, (len(self._known), len(self._after)), False
        try:
            if not nested:
                self._wait_for_disk(lasting)
            self.execute("SAVEPOINT nested" if nested else "BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
                if not nested:
                    self.execute("COMMIT")
                    done = True
                else:
                    self.execute("RELEASE nested")
            finally:
                self._depth -= 1
        except BaseException as error:
            del self._known[marks[0] :], self._after[marks[1] :]
            self._undo(nested)
            self.undone()
            if isinstance(error, StoreFull) and not nested:
                self.full(error)
            raise
        if done:
            self._tell()

    def _wait_for_disk(self, lasting: bool) -> None:
        """Say what the next commit is to wait for."""
        if lasting != self._lasting:
            self.execute(f"PRAGMA synchronous = {'FULL' if lasting else 'NORMAL'}")
            self._lasting = lasting

    def _tell(self) -> None:
        """What was waiting for the commit: first what this program keeps in memory of the store, then the world.

        What is to be sent is sent in between: the way to a peer and back is what people wait for.
        """
        known, after = self._known, self._after
        self._known, self._after = [], []
        for effect in known:
            effect()
        self.settled()
        done: set[Hashable] = set()
        for effect, name in after:
            if name is None or name not in done:
                done.add(name)
                effect()
        self.settled()

    def _undo(self, nested: bool) -> None:
        """Roll back; a full disk may have done so already."""
        if not self.connection.in_transaction:
            return
        if nested:
            self.connection.execute("ROLLBACK TO nested")
            self.connection.execute("RELEASE nested")
        else:
            self.connection.rollback()

    def on_commit(self, effect: Callable[[], None], name: Hashable = None) -> None:
        """Run ``effect`` after the outermost commit; at once where no transaction is open.

        Args:
            name: of several effects of one name the first alone is run, for it shows what all of them changed.
        """
        if self._depth:
            self._after.append((effect, name))
        else:
            effect()

    def on_known(self, effect: Callable[[], None]) -> None:
        """As on_commit, but before every effect of that: for what mirrors the store in memory or waits to be sent."""
        if self._depth:
            self._known.append(effect)
        else:
            effect()

    def _require_transaction(self) -> None:
        """A full disk makes SQLite take a whole transaction back: what is left of it must not commit by itself."""
        if self._depth and not self.connection.in_transaction:
            raise StoreFull(f"Cannot write to the disk that holds {self.path}: nothing was changed.")

    def execute(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run one statement. Raises StoreError and its kin."""
        self._require_transaction()
        try:
            return self.connection.execute(sql, values)
        except sqlite3.Error as error:
            raise explain(error, self.path) from None

    def execute_many(self, sql: str, values: Iterable[Sequence[Any]]) -> None:
        """Run one statement once for each of many values. Raises StoreError and its kin."""
        self._require_transaction()
        try:
            self.connection.executemany(sql, values)
        except sqlite3.Error as error:
            raise explain(error, self.path) from None

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """All rows of a query."""
        try:
            return self.connection.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise explain(error, self.path) from None

    def rows_within(self, sql: str, values: Sequence[Any], seconds: float) -> tuple[list[Row], bool]:
        """The rows of a query that are found in so long; and whether that are all."""
        found: list[Row] = []
        end = time.monotonic() + seconds
        self.connection.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
        try:
            found.extend(self.connection.execute(sql, values))
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise explain(error, self.path) from None
            return found, False
        except sqlite3.Error as error:
            raise explain(error, self.path) from None
        finally:
            self.connection.set_progress_handler(None, 0)
        return found, True

    def row(self, sql: str, values: Sequence[Any] = ()) -> Row | None:
        """The first row of a query."""
        try:
            found: Row | None = self.connection.execute(sql, values).fetchone()
        except sqlite3.Error as error:
            raise explain(error, self.path) from None
        return found

    def value(self, sql: str, values: Sequence[Any] = (), default: Any = None) -> Any:
        """The first column of the first row."""
        found = self.row(sql, values)
        return default if found is None or found[0] is None else found[0]

    def check(self) -> None:
        """Raise StoreCorrupt if SQLite finds damage (reads the whole file)."""
        result = self.value("PRAGMA quick_check(1)")
        if result != "ok":
            raise StoreCorrupt(f"The database {self.path} is damaged ({result}). Put a backup in its place.")

    def probe(self) -> None:
        """Write and take back a little: raises StoreFull while there is no space."""
        with self.transaction():
            self.execute("INSERT OR REPLACE INTO profile (key, value) VALUES ('probe', ?)", ["x" * 65_536])
            self.execute("DELETE FROM profile WHERE key = 'probe'")

    def erased(self) -> None:
        """Content was erased that the log still holds."""
        self._to_scrub = True

    def scrub(self) -> None:
        """Empty the log, outside of transactions, if it holds what was erased. The pages themselves are zeroed already.

        Raises:
            StoreFull: no space left; it is tried again next time.
        """
        if self._to_scrub:
            self.value("PRAGMA wal_checkpoint(TRUNCATE)")
            self._to_scrub = False

    def close(self) -> None:
        """Close the file; safe to call twice."""
        self.connection.close()
