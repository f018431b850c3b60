"""Control messages, the networks they made, and joins under way, as they are kept."""

from __future__ import annotations

import logging
from typing import NamedTuple

from p2pim.errors import DecodeError
from p2pim.protocol.message import Message, MessageId, RoomId, examine, id_of, reopen
from p2pim.protocol.records import Signed
from p2pim.store.database import Database

log = logging.getLogger(__name__)

#: Networks that were once a team's current one here are served for so long, and so many of them at most.
SERVED_MS = 90 * 24 * 3600 * 1000
MAX_SERVED = 31


class Join(NamedTuple):
    """A code that was entered here and has not led into its team yet. All three are secrets."""

    secret: bytes
    seed: bytes
    bind: bytes
    since_ms: int

    def __repr__(self) -> str:
        return "<Join>"


class StoredControl(NamedTuple):
    """A control message just as the file holds it, whatever became of it there."""

    id: MessageId
    header: bytes
    signature: bytes
    content: bytes


class Control:
    """The ``control``, ``secrets`` and ``joins`` tables."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, room: RoomId, message: Message, now_ms: int) -> None:
        """Keep a control message of a room that exists; once, and over whatever damage is in its place."""
        self._db.execute(
            "INSERT INTO control (id, room, header, signature, content, received) VALUES "
            "(?, (SELECT number FROM rooms WHERE rooms.id = ?), ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
            "room = excluded.room, header = excluded.header, signature = excluded.signature, "
            "content = excluded.content",
            [message.id, room, message.raw_header, message.signature, message.content, now_ms],
        )

    def of(self, room: RoomId) -> list[Message]:
        """All of a room that are what their ids say. Damaged ones are left out: colleagues send them again."""
        sound = []
        for stored in self.stored(room):
            if _is_sound(stored):
                sound.append(reopen(*stored))
            else:
                log.error("a control message is damaged in the database: %s", stored.id.hex()[:8])
        return sound

    def stored(self, room: RoomId) -> list[StoredControl]:
        """All of a room as the file holds them, unchecked."""
        rows = self._db.rows(
            "SELECT control.id, header, signature, content FROM control JOIN rooms ON room = number WHERE rooms.id = ?",
            [room],
        )
        return [StoredControl(*row) for row in rows]

    def set_due(self, room: RoomId, due: int) -> None:
        """So many control messages of a room were due when the messages in it were last judged."""
        self._db.execute("UPDATE rooms SET due = ? WHERE id = ? AND due IS NOT ?", [due, room, due])

    def due(self, room: RoomId) -> int | None:
        """How many; None: it is not known."""
        due: int | None = self._db.value("SELECT due FROM rooms WHERE id = ?", [room])
        return due

    # -- networks

    def note_secret(self, team: RoomId, secret: bytes, now_ms: int) -> None:
        """This is the current secret of a team's network here."""
        self._db.execute(
            "INSERT INTO secrets (secret, team, since) VALUES (?, ?, ?) "
            "ON CONFLICT DO UPDATE SET since = excluded.since",
            [secret, team, now_ms],
        )

    def former_secrets(self, team: RoomId, now_ms: int) -> list[bytes]:
        """Secrets that were current here, newest first, while they are still served.

        One ceased to be current when the next began.
        """
        rows = self._db.rows(
            "SELECT secret, since FROM secrets WHERE team = ? ORDER BY since DESC LIMIT ?", [team, MAX_SERVED]
        )
        ends = [now_ms, *(since for _, since in rows)]
        return [secret for (secret, _), end in zip(rows, ends, strict=False) if end > now_ms - SERVED_MS]

    # -- joins

    def put_join(self, join: Join) -> None:
        """Remember a code that was entered."""
        self._db.execute("INSERT OR REPLACE INTO joins (secret, seed, bind, since) VALUES (?, ?, ?, ?)", join)

    def drop_join(self, secret: bytes) -> None:
        """It led into its team, or was given up."""
        self._db.execute("DELETE FROM joins WHERE secret = ?", [secret])

    def joins(self) -> list[Join]:
        """All that are under way."""
        return [
            Join(*row) for row in self._db.rows("SELECT secret, seed, bind, since FROM joins ORDER BY since")
        ]


def _is_sound(stored: StoredControl) -> bool:
    signed = Signed(stored.header, stored.signature, stored.content)
    try:
        examine(signed)
    except DecodeError:
        return False
    return id_of(signed) == stored.id
