"""Route records of team-mates, kept over restarts: whoever comes back finds the others without whoever told of them."""

from __future__ import annotations

from typing import Final

from p2pim.protocol.route import Route, RouteKey, SignedRoute
from p2pim.store.database import Database

#: Records of one person that are kept, the newest: a machine has another one after each start.
PER_PEER: Final = 2


class Routes:
    """The ``routes`` table. What is in it was verified."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def all(self) -> list[SignedRoute]:
        """Every record."""
        rows = self._db.rows("SELECT record, signature FROM routes ORDER BY peer, boot")
        return [SignedRoute(*row) for row in rows]

    def get(self, key: RouteKey) -> SignedRoute | None:
        """One record."""
        row = self._db.row("SELECT record, signature FROM routes WHERE peer = ? AND boot = ?", key)
        return SignedRoute(*row) if row else None

    def put(self, route: Route, signed: SignedRoute) -> list[RouteKey]:
        """Keep one in place of an older one of the same machine; returns which went for it: of one person few stay."""
        self._db.execute(
            "INSERT OR REPLACE INTO routes (peer, boot, seq, record, signature) VALUES (?, ?, ?, ?, ?)",
            [*route.key, route.seq, signed.record, signed.signature],
        )
        rows = self._db.rows(
            "SELECT peer, boot FROM routes WHERE peer = ? ORDER BY seq DESC LIMIT -1 OFFSET ?",
            [route.peer_id, PER_PEER],
        )
        gone = [RouteKey(*row) for row in rows]
        for key in gone:
            self.drop(key)
        return gone

    def drop(self, key: RouteKey) -> None:
        """Forget one."""
        self._db.execute("DELETE FROM routes WHERE peer = ? AND boot = ?", key)
