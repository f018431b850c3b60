"""Files: what can be served from here, what is on its way here, and what others said of what was offered to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from p2pim.protocol.identity import PeerId
from p2pim.protocol.message import MessageId
from p2pim.protocol.offer import Root
from p2pim.store.database import Database

#: States of a transfer: on its way or waiting for somebody who has it; stopped by the user; in its place; not wanted;
#: thrown away by the user; not possible, as its detail says.
WANTED: Final = "wanted"
PAUSED: Final = "paused"
DONE: Final = "done"
DECLINED: Final = "declined"
CANCELLED: Final = "cancelled"
FAILED: Final = "failed"
#: The same: for want of space, and against a rule.
FULL: Final = "full"
FORBIDDEN: Final = "forbidden"

_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(list[tuple[str, int, int]])


class StoredEntry(NamedTuple):
    """A file that can be served, as it was when it was hashed."""

    path: str
    size: int
    mtime_ns: int


class StoredHolding(NamedTuple):
    """A file or folder that can be served."""

    size: int
    listing: bytes
    packed: bytes

    def entries(self) -> list[StoredEntry]:
        """Its files; that may take a while."""
        return [StoredEntry(*entry) for entry in _decoder.decode(self.packed)]


class Transfer(NamedTuple):
    """Something offered to us that was decided on. ``name``: of its private folder; ``path``: where it is now."""

    offer: MessageId
    root: Root
    state: str
    folder: str
    name: str
    path: str
    detail: str
    at_ms: int


_COLUMNS: Final = "offer, root, state, folder, name, path, detail, at_ms"


class Files:
    """The tables ``holdings``, ``transfers`` and ``reports``."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def hold(self, root: Root, size: int, listing: bytes, entries: Sequence[StoredEntry]) -> None:
        """Something can be served from here; from these places now, whatever was known before."""
        self._db.execute(
            "INSERT OR REPLACE INTO holdings (root, size, listing, entries) VALUES (?, ?, ?, ?)",
            [root, size, listing, _encode([tuple(entry) for entry in entries])],
        )

    def holding(self, root: Root) -> StoredHolding | None:
        """What can be served under a root."""
        for size, listing, entries in self._db.rows(
            "SELECT size, listing, entries FROM holdings WHERE root = ?", [root]
        ):
            return StoredHolding(size, listing, entries)
        return None

    def holds(self, root: Root) -> bool:
        """Whether something can be served under a root."""
        return self._db.value("SELECT 1 FROM holdings WHERE root = ?", [root]) is not None

    def let_go(self, root: Root) -> None:
        """It can be served no more."""
        self._db.execute("DELETE FROM holdings WHERE root = ?", [root])

    def note(self, transfer: Transfer) -> None:
        """Keep how it is with a transfer."""
        self._db.execute(
            f"INSERT OR REPLACE INTO transfers ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", list(transfer)
        )

    def transfer(self, offer: MessageId) -> Transfer | None:
        """How it is with something offered, if that was decided on."""
        return next(iter(self._transfers("offer = ?", [offer])), None)

    def transfers(self, state: str) -> list[Transfer]:
        """All in one state, the newest first."""
        return self._transfers("state = ?", [state])

    def recent(self, since_ms: int) -> list[Transfer]:
        """All that changed since, the newest first."""
        return self._transfers("at_ms >= ?", [since_ms])

    def _transfers(self, where: str, values: list[str | bytes | int]) -> list[Transfer]:
        rows = self._db.rows(f"SELECT {_COLUMNS} FROM transfers WHERE {where} ORDER BY at_ms DESC", values)
        return [Transfer(*row) for row in rows]

    def report(self, offer: MessageId, peer: PeerId, state: int, now_ms: int) -> bool:
        """Note what somebody says of an offer of ours; False if that is known."""
        known = self._db.value("SELECT state FROM reports WHERE offer = ? AND peer = ?", [offer, peer])
        if known == state:
            return False
        self._db.execute(
            "INSERT OR REPLACE INTO reports (offer, peer, state, at_ms) VALUES (?, ?, ?, ?)",
            [offer, peer, state, now_ms],
        )
        return True

    def reports(self, offer: MessageId) -> list[tuple[PeerId, int, int]]:
        """Who said what of an offer of ours, and when."""
        return self._db.rows("SELECT peer, state, at_ms FROM reports WHERE offer = ? ORDER BY at_ms", [offer])
