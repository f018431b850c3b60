"""Boxes held for others, boxes that others hold for us, and the keys that belong to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from p2pim.protocol.identity import PeerId
from p2pim.protocol.message import FUTURE_MS, RoomId
from p2pim.protocol.records import BOX_HANDED_OVER, MAX_LIST, Signed, SignedPeer
from p2pim.store.database import Database, chunks, marks

#: Peer records kept of people who are in no team with us; the ones that came first go first.
MAX_OTHERS = 1_000


class Held(NamedTuple):
    """A box that is held here for somebody; ``box`` None: it was handed over, and its sender is to be told."""

    digest: bytes
    sender: PeerId
    recipient: PeerId
    box: bytes | None


class Unboxed(NamedTuple):
    """A message of ours that its recipient does not have and that is in no box for them."""

    seq: int
    room: RoomId
    clock: int
    signed: Signed


_HELD = "SELECT digest, sender, recipient, box FROM held_boxes"
_UNBOXED = (
    "SELECT seq, clock, header, signature, content FROM messages INDEXED BY {} "
    "WHERE room = (SELECT number FROM rooms WHERE id = ?) AND sealed = 1 AND void = 0 AND content IS NOT NULL "
    "AND {} AND clock <= ? AND NOT EXISTS "
    "(SELECT 1 FROM deliveries WHERE message = seq AND deliveries.peer = ?) AND NOT EXISTS "
    "(SELECT 1 FROM boxed JOIN sent_boxes ON digest = boxed.box WHERE message = seq AND recipient = ?) "
    "ORDER BY clock DESC, id DESC LIMIT ?"
)


class Boxes:
    """The tables of boxes, box keys and peer records."""

    def __init__(self, database: Database) -> None:
        self._db = database

    # -- keys

    def own_keys(self) -> list[tuple[bytes, int]]:
        """(private key, when made), the current one first."""
        rows = self._db.rows(
            "SELECT private, made FROM box_keys ORDER BY retired IS NOT NULL, retired DESC, made DESC"
        )
        return [(private, made) for private, made in rows]

    def change_key(self, private: bytes, now_ms: int) -> None:
        """Have a new current key; the one before is kept for what was sealed to it."""
        self._db.execute("UPDATE box_keys SET retired = ? WHERE retired IS NULL", [now_ms])
        self._db.execute("INSERT INTO box_keys (private, made) VALUES (?, ?)", [private, now_ms])

    def forget_keys(self, before_ms: int) -> None:
        """Delete keys that were retired before a time."""
        self._db.execute("DELETE FROM box_keys WHERE retired < ?", [before_ms])

    # -- peer records

    def seq_of(self, peer: PeerId) -> int:
        """The number of the newest record of somebody; 0 without one."""
        seq: int = self._db.value("SELECT seq FROM peer_records WHERE peer = ?", [peer], 0)
        return seq

    def seqs(self) -> dict[PeerId, int]:
        """The same of everybody of whom there is one."""
        return dict(self._db.rows("SELECT peer, seq FROM peer_records"))

    def record_of(self, peer: PeerId) -> SignedPeer | None:
        """The newest record of somebody."""
        row = self._db.row("SELECT record, signature FROM peer_records WHERE peer = ?", [peer])
        return SignedPeer(*row) if row else None

    def put_record(self, peer: PeerId, seq: int, signed: SignedPeer, now_ms: int) -> None:
        """Keep somebody's record instead of the one before."""
        self._db.execute(
            "INSERT OR REPLACE INTO peer_records (peer, seq, record, signature, received) VALUES (?, ?, ?, ?, ?)",
            [peer, seq, signed.record, signed.signature, now_ms],
        )

    def forget_records(self, keep: Iterable[PeerId]) -> None:
        """Keep the records of these, and a bounded number of others."""
        kept = set(keep)
        rows = self._db.rows("SELECT peer FROM peer_records ORDER BY received DESC, peer")
        others = [peer for (peer,) in rows if peer not in kept]
        for part in chunks(others[MAX_OTHERS:]):
            self._db.execute(f"DELETE FROM peer_records WHERE peer IN ({marks(len(part))})", part)

    # -- boxes held for others

    def hold(self, digest: bytes, sender: PeerId, recipient: PeerId, expiry_ms: int, box: bytes) -> None:
        """Take a box in."""
        self._db.execute(
            "INSERT INTO held_boxes (digest, sender, recipient, expiry, size, box) VALUES (?, ?, ?, ?, ?, ?)",
            [digest, sender, recipient, expiry_ms, len(box), box],
        )

    def held(self, digest: bytes) -> Held | None:
        """A box that is here, or was."""
        row = self._db.row(f"{_HELD} WHERE digest = ?", [digest])
        return Held(*row) if row else None

    def held_for(self, recipient: PeerId) -> list[bytes]:
        """The boxes for somebody, in the order in which they came."""
        sql = "SELECT digest FROM held_boxes WHERE recipient = ? AND box IS NOT NULL ORDER BY rowid"
        return [digest for (digest,) in self._db.rows(sql, [recipient])]

    def usage(self, sender: PeerId) -> tuple[int, int, int]:
        """How many boxes of somebody are here, their bytes, and the bytes of all."""
        row = self._db.row("SELECT count(*), total(size) FROM held_boxes WHERE sender = ?", [sender])
        assert row is not None
        return row[0], int(row[1]), int(self._db.value("SELECT total(size) FROM held_boxes"))

    def handed_over(self, digest: bytes) -> None:
        """Its recipient has what was in it: the box goes, that it was here stays until its sender is told."""
        self._db.execute("UPDATE held_boxes SET box = NULL, size = 0 WHERE digest = ?", [digest])

    def to_tell(self, sender: PeerId) -> list[bytes]:
        """Boxes of somebody that were handed over, who is to be told."""
        sql = "SELECT digest FROM held_boxes WHERE sender = ? AND box IS NULL ORDER BY rowid"
        return [digest for (digest,) in self._db.rows(sql, [sender])]

    def drop(self, digests: Sequence[bytes]) -> None:
        """Hold these no longer."""
        self._db.execute_many("DELETE FROM held_boxes WHERE digest = ?", [(digest,) for digest in digests])

    def drop_expired(self, now_ms: int) -> None:
        """Hold nothing beyond its time."""
        self._db.execute("DELETE FROM held_boxes WHERE expiry <= ?", [now_ms])

    # -- boxes of ours

    def unboxed(self, room: RoomId, peer: PeerId, now_ms: int, since_ms: int | None = None) -> list[Unboxed]:
        """Messages sealed here that somebody has not answered for and that are in no box for them, newest first.

        Args:
            since_ms: no older ones; None: those that nobody has stored, however old.
        """
        which = ("messages_waiting", "waiting = 1") if since_ms is None else ("messages_sealed", "clock >= ?")
        values: list[object] = [room, *([] if since_ms is None else [since_ms])]
        rows = self._db.rows(_UNBOXED.format(*which), [*values, now_ms + FUTURE_MS, peer, peer, MAX_LIST])
        return [Unboxed(seq, room, clock, Signed(*signed)) for seq, clock, *signed in rows]

    def send(self, digest: bytes, recipient: PeerId, expiry_ms: int, box: bytes, seqs: Sequence[int]) -> None:
        """Keep a box of ours, with what is in it."""
        self._db.execute(
            "INSERT INTO sent_boxes (digest, recipient, expiry, box) VALUES (?, ?, ?, ?)",
            [digest, recipient, expiry_ms, box],
        )
        self._db.execute_many(
            "INSERT INTO boxed (message, box) VALUES (?, ?)", [(seq, digest) for seq in seqs]
        )

    def sent(self) -> list[tuple[bytes, PeerId]]:
        """(digest, recipient) of every box of ours, in the order in which they were made."""
        return [
            (row[0], row[1])
            for row in self._db.rows("SELECT digest, recipient FROM sent_boxes ORDER BY rowid")
        ]

    def sent_to(self, recipient: PeerId) -> list[bytes]:
        """Our boxes for somebody, in the order in which they were made."""
        sql = "SELECT digest FROM sent_boxes WHERE recipient = ? ORDER BY rowid"
        return [digest for (digest,) in self._db.rows(sql, [recipient])]

    def sent_box(self, digest: bytes) -> tuple[PeerId, int, bytes] | None:
        """(recipient, expiry in ms, box) of one of ours."""
        row = self._db.row("SELECT recipient, expiry, box FROM sent_boxes WHERE digest = ?", [digest])
        return (row[0], row[1], row[2]) if row else None

    def sent_usage(self) -> tuple[int, int]:
        """How many boxes of ours there are, and their bytes."""
        row = self._db.row("SELECT count(*), total(length(box)) FROM sent_boxes")
        assert row is not None
        return row[0], int(row[1])

    def rooms_in(self, digest: bytes) -> list[RoomId]:
        """The rooms of the messages in a box of ours."""
        sql = (
            "SELECT DISTINCT rooms.id FROM boxed JOIN messages ON seq = message JOIN rooms ON room = number "
            "WHERE boxed.box = ?"
        )
        return [room for (room,) in self._db.rows(sql, [digest])]

    def finished(self, now_ms: int) -> list[bytes]:
        """Boxes of ours whose time is over, or whose recipient has answered for all that is in them."""
        rows = self._db.rows(
            "SELECT digest FROM sent_boxes WHERE expiry <= ? OR NOT EXISTS (SELECT 1 FROM boxed WHERE "
            "boxed.box = digest AND NOT EXISTS (SELECT 1 FROM deliveries WHERE deliveries.message = boxed.message "
            "AND deliveries.peer = recipient AND code = 0)) ORDER BY sent_boxes.rowid",
            [now_ms],
        )
        return [digest for (digest,) in rows]

    def forget_sent(self, digest: bytes) -> list[int]:
        """A box of ours counts no more; returns the messages in it."""
        seqs = self._seqs(digest)
        self._db.execute("DELETE FROM sent_boxes WHERE digest = ?", [digest])
        return seqs

    def _seqs(self, digest: bytes) -> list[int]:
        return [
            seq
            for (seq,) in self._db.rows("SELECT message FROM boxed WHERE box = ? ORDER BY message", [digest])
        ]

    # -- who holds them

    def holders(self, digest: bytes) -> list[PeerId]:
        """Who holds a box of ours, or says to have handed it over."""
        rows = self._db.rows("SELECT holder FROM box_holders WHERE box = ? ORDER BY at, holder", [digest])
        return [holder for (holder,) in rows]

    def note_holder(self, digest: bytes, holder: PeerId, code: int, now_ms: int) -> list[int]:
        """Somebody answered for a box of ours; returns the messages for which that says something new.

        That it is handed over is not taken back by an older answer.
        """
        changed = self._db.execute(
            "INSERT INTO box_holders (box, holder, code, at) SELECT digest, ?, ?, ? FROM sent_boxes WHERE digest = ? "
            "ON CONFLICT DO UPDATE SET code = excluded.code, at = excluded.at WHERE code < excluded.code",
            [holder, code, now_ms, digest],
        ).rowcount
        return self._seqs(digest) if changed else []

    def forget_holder(self, digest: bytes, holder: PeerId) -> list[int]:
        """Somebody is no longer counted on for a box of ours; returns the messages in it."""
        self._db.execute("DELETE FROM box_holders WHERE box = ? AND holder = ?", [digest, holder])
        return self._seqs(digest)

    def holders_of(self, seqs: Sequence[int]) -> dict[int, list[tuple[PeerId, bool, int]]]:
        """(holder, handed over, when in ms) for each of these messages that its recipient has not answered for."""
        found: dict[int, list[tuple[PeerId, bool, int]]] = {}
        for part in chunks(seqs):
            rows = self._db.rows(
                "SELECT message, holder, min(code), min(at) FROM boxed JOIN sent_boxes ON digest = boxed.box "
                "JOIN box_holders ON box_holders.box = digest "
                f"WHERE message IN ({marks(len(part))}) AND NOT EXISTS (SELECT 1 FROM deliveries WHERE "
                "deliveries.message = boxed.message AND deliveries.peer = recipient) GROUP BY message, holder "
                "ORDER BY min(at), holder",
                part,
            )
            for seq, holder, code, at in rows:
                found.setdefault(seq, []).append((holder, code == BOX_HANDED_OVER, at))
        return found
