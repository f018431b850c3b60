"""The people this machine knows, and the addresses at which it met them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from p2pim.protocol.identity import PeerId
from p2pim.protocol.trust import Request, Trust
from p2pim.store.database import Database, Row

#: Strangers remembered; the ones not seen for longest go first (those who wrote something stay).
MAX_NEW: Final = 500
MAX_ADDRESSES: Final = 512
#: An address that was typed, or came with an invite, and has led nowhere for so long is forgotten.
TYPED_MS: Final = 30 * 24 * 3600 * 1000

_COLUMNS: Final = "id, nickname, petname, trust, blocked, request, last_seen"


@dataclass(frozen=True, slots=True)
class Contact:
    """One identity and what the user decided about it."""

    peer_id: PeerId
    nickname: str = ""
    petname: str = ""
    trust: Trust = Trust.NEW
    blocked: bool = False
    request: Request = Request.NONE
    last_seen_ms: int | None = None


def _contact(row: Row) -> Contact:
    peer_id, nickname, petname, trust, blocked, request, last_seen = row
    return Contact(peer_id, nickname, petname, Trust(trust), bool(blocked), Request(request), last_seen)


class Peers:
    """The ``peers`` and ``addresses`` tables."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def get(self, peer_id: PeerId) -> Contact:
        """What is known of an identity; a blank contact for one never seen."""
        row = self._db.row(f"SELECT {_COLUMNS} FROM peers WHERE id = ?", [peer_id])
        return _contact(row) if row else Contact(peer_id)

    def all(self) -> list[Contact]:
        """Every identity known."""
        return [_contact(row) for row in self._db.rows(f"SELECT {_COLUMNS} FROM peers ORDER BY id")]

    def put(self, contact: Contact) -> None:
        """Write a contact as it is now."""
        values = [
            contact.peer_id,
            contact.nickname,
            contact.petname,
            contact.trust,
            contact.blocked,
            contact.request,
            contact.last_seen_ms,
        ]
        self._db.execute(
            f"INSERT INTO peers ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
            "nickname = excluded.nickname, petname = excluded.petname, trust = excluded.trust, "
            "blocked = excluded.blocked, request = excluded.request, last_seen = excluded.last_seen",
            values,
        )

    def evict_strangers(self) -> int:
        """Forget the strangers beyond the limit who left nothing here; returns how many."""
        return self._db.execute(
            "DELETE FROM peers WHERE id IN (SELECT id FROM peers WHERE trust = 0 AND blocked = 0 AND request = 0 "
            "AND petname = '' AND id NOT IN (SELECT peer FROM rooms WHERE peer IS NOT NULL) "
            "ORDER BY last_seen DESC LIMIT -1 OFFSET ?)",
            [MAX_NEW],
        ).rowcount

    def pending_requests(self) -> int:
        """How many strangers wait for an answer."""
        count: int = self._db.value("SELECT count(*) FROM peers WHERE request = ?", [Request.PENDING], 0)
        return count

    # -- address book

    def address_worked(self, host: str, port: int, peer_id: PeerId, now_ms: int) -> None:
        """A handshake with somebody succeeded at this address: at no other port of that host any more."""
        self._db.execute(
            "DELETE FROM addresses WHERE host = ? AND peer = ? AND port <> ?", [host, peer_id, port]
        )
        self._db.execute(
            "INSERT INTO addresses (host, port, peer, last_ok) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
            "peer = excluded.peer, last_ok = excluded.last_ok",
            [host, port, peer_id, now_ms],
        )
        self._trim_addresses()

    def address_typed(self, host: str, port: int, now_ms: int) -> None:
        """The user wants this address tried, whoever is there."""
        self._db.execute(
            "INSERT INTO addresses (host, port, peer, last_ok) VALUES (?, ?, NULL, ?) ON CONFLICT DO NOTHING",
            [host, port, now_ms],
        )
        self._db.execute("DELETE FROM addresses WHERE peer IS NULL AND last_ok < ?", [now_ms - TYPED_MS])
        self._trim_addresses()

    def _trim_addresses(self) -> None:
        self._db.execute(
            "DELETE FROM addresses WHERE (host, port) IN "
            "(SELECT host, port FROM addresses ORDER BY last_ok DESC LIMIT -1 OFFSET ?)",
            [MAX_ADDRESSES],
        )

    def addresses(self) -> list[tuple[str, int, PeerId | None]]:
        """Addresses that worked, and those that were typed and did not yet (None), the latest first."""
        rows = self._db.rows("SELECT host, port, peer FROM addresses ORDER BY last_ok DESC")
        return [(host, port, peer) for host, port, peer in rows]
