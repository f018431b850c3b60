"""The lobby keeps a week, and no more than so much of each author and in all."""

from __future__ import annotations

from p2pim.protocol.identity import PeerId
from p2pim.protocol.room import LOBBY, LOBBY_PER_AUTHOR, LOBBY_TOTAL
from p2pim.store.database import Database
from p2pim.store.messages import Messages


class Lobby:
    """What goes from the lobby, and what is not to come again."""

    def __init__(self, database: Database, messages: Messages) -> None:
        self._db = database
        self._messages = messages

    def trim(self, oldest_ms: int) -> int:
        """Forget messages that are too old or too many (the largest author's oldest go first)."""
        number = self._messages.number(LOBBY)
        self._messages.followers.drop_stubs_below(number, oldest_ms)
        old = [
            r[0]
            for r in self._db.rows(
                "SELECT seq FROM messages WHERE room = ? AND clock < ?", [number, oldest_ms]
            )
        ]
        counts: dict[PeerId, int] = dict(
            self._db.rows(
                "SELECT author, count(*) FROM messages WHERE room = ? AND clock >= ? GROUP BY author",
                [number, oldest_ms],
            )
        )
        keep = {author: min(count, LOBBY_PER_AUTHOR) for author, count in counts.items()}
        while sum(keep.values()) > LOBBY_TOTAL:
            largest = max(keep, key=lambda author: keep[author])
            keep[largest] -= min(sum(keep.values()) - LOBBY_TOTAL, max(1, keep[largest] // 10))
        for author, count in counts.items():
            if count > keep[author]:
                old += [
                    r[0]
                    for r in self._db.rows(
                        "SELECT seq FROM messages WHERE room = ? AND author = ? AND clock >= ? "
                        "ORDER BY clock, id LIMIT ?",
                        [number, author, oldest_ms, count - keep[author]],
                    )
                ]
        if old:
            self._messages.forget(old)
        return len(old)

    def floors(self) -> dict[PeerId, int]:
        """For each author of whom all is kept that may be: the oldest clock kept."""
        rows = self._db.rows(
            "SELECT author, count(*), min(clock) FROM messages WHERE room = ? GROUP BY author",
            [self._messages.number(LOBBY)],
        )
        full = sum(count for _, count, _ in rows) >= LOBBY_TOTAL
        return {author: oldest for author, count, oldest in rows if full or count >= LOBBY_PER_AUTHOR}
