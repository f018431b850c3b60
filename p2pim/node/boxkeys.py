"""Box keys and peer records: to which key one seals for whom (SPEC section 13).

Everybody signs a record about themselves with their box key and gives it to whoever they meet. Members of a team pass
on each other's, so that one can seal for somebody whom one has met through others only.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from p2pim.errors import RemoteProtocolError
from p2pim.node.session import Session
from p2pim.protocol.box import PeerRecord, is_genuine, public_key, read_record, write_record
from p2pim.protocol.identity import PeerId
from p2pim.protocol.names import received_name
from p2pim.protocol.peersum import Peersum, sum_of
from p2pim.protocol.records import MAX_PEERS, Peers, SignedPeer

if TYPE_CHECKING:
    from p2pim.node.node import Node

DAY_MS: Final = 24 * 3600 * 1000
#: A box key is used for so long, and can open what was sealed to it for so long after.
KEY_MS: Final = 30 * DAY_MS
RETIRED_MS: Final = 60 * DAY_MS
#: Seconds between two looks for records that the other ends do not have yet.
TELL_SECONDS: Final = 60.0
#: Bytes of records in one PEERS.
MAX_BYTES: Final = 60_000
#: Subjects of whom it is remembered what the other end of a Link has.
MAX_TOLD: Final = 4_096


class BoxKeys:
    """Our own keys, and the records of others."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._store = node.store
        self._next = 0.0

    # -- ours

    def private_keys(self) -> list[bytes]:
        """The keys that can open a box, the likeliest first."""
        return [private for private, _ in self._store.boxes.own_keys()]

    def own(self) -> PeerRecord:
        """Our own record; made anew, inside this transaction, when its key is too old or our name is another."""
        boxes, me, now = self._store.boxes, self._node.peer_id, self._node.clock.wall_ms()
        keys = boxes.own_keys()
        if not keys or not -DAY_MS <= now - keys[0][1] < KEY_MS:
            boxes.forget_keys(now - RETIRED_MS)
            boxes.change_key(self._node.random(32), now)
            keys = boxes.own_keys()
        signed, key = boxes.record_of(me), public_key(keys[0][0])
        record = None if signed is None else read_record(signed)
        if record is None or (record.box_key, record.nickname) != (key, self._node.nickname):
            seq = max(now, 1, (record.seq if record else 0) + 1)
            signed = write_record(self._node.identity, seq, self._node.nickname, key, max(0, now))
            boxes.put_record(me, seq, signed, now)
            record = read_record(signed)
        return record

    # -- telling

    def tick(self) -> None:
        """Once a minute: tell on each Link what became known, and forget what is of no use."""
        now = self._node.clock.monotonic()
        if now < self._next:
            return
        self._next = now + TELL_SECONDS
        self.own()
        self._store.boxes.forget_records({self._node.peer_id, *self._node.rooms.mates()})
        for session in self._node.sync.sessions.values():
            self.tell(session)

    def link_up(self, session: Session) -> None:
        """Send our own record; who dialled finds out whether the other end holds the same of others."""
        self.tell(session, ask=session.link.initiator)

    def tell(self, session: Session, *, ask: bool = True) -> None:
        """Send our own record, if it is news to the other end; ``ask``: and a sum, if ours of others may be."""
        if not session.boxing.able or not self._node.writable:
            return
        self.own()
        self._send(session, self._news(session, {self._node.peer_id}))
        if ask and self._is_mate(session):
            seqs, told = self._common(session), session.boxing.told
            if not session.boxing.compared or any(seq > told.get(peer, 0) for peer, seq in seqs.items()):
                session.link.send(Peersum(sum_of(seqs.items()), ask=True))
                self._node.sync.touch(session)

    def summed(self, session: Session, record: Peersum) -> None:
        """The other end holds what makes this sum: if ours is another, send what is news there."""
        session.slow(session.boxing.costly, self._node.clock.monotonic())
        if not (session.boxing.able and self._is_mate(session) and self._node.writable):
            return
        seqs = self._common(session)
        ours = sum_of(seqs.items())
        if record.ask:
            session.link.send(Peersum(ours, ask=False))
            self._node.sync.touch(session)
        session.boxing.compared = True
        if ours == record.sum:
            session.boxing.told.update(seqs)
        else:
            self._send(session, self._news(session, seqs))

    def _is_mate(self, session: Session) -> bool:
        return session.link.peer_id != self._node.peer_id and self._node.rooms.is_mate(session.link.peer_id)

    def _common(self, session: Session) -> dict[PeerId, int]:
        """Of whom in a team with both ends there is a record here, and its number."""
        peers = self._node.rooms.common(session.link.peer_id) - {session.link.peer_id, self._node.peer_id}
        return {peer: seq for peer, seq in self._store.boxes.seqs().items() if peer in peers}

    def _news(self, session: Session, peers: Iterable[PeerId]) -> list[SignedPeer]:
        """The records of these that the other end is not known to have."""
        told, news = session.boxing.told, list[SignedPeer]()
        for peer in sorted(peers):
            seq = self._store.boxes.seq_of(peer)
            signed = self._store.boxes.record_of(peer) if seq > told.get(peer, 0) else None
            if signed is not None:
                told[peer] = seq
                news.append(signed)
        return news

    def _send(self, session: Session, news: list[SignedPeer]) -> None:
        part: list[SignedPeer] = []
        size = 0
        for signed in news:
            cost = len(signed.record) + len(signed.signature) + 16
            if part and (len(part) == MAX_PEERS or size + cost > MAX_BYTES):
                session.link.send(Peers(part))
                part, size = [], 0
            part.append(signed)
            size += cost
        if part:
            session.link.send(Peers(part))
            self._node.sync.touch(session)

    # -- being told

    def received(self, session: Session, record: Peers) -> None:
        """Somebody gives records, their own or others'.

        Raises:
            RemoteProtocolError: one is malformed or not signed by whom it is about.
        """
        for signed in record.peers:
            said = read_record(signed)
            told = session.boxing.told
            if said.peer_id in told or len(told) < MAX_TOLD:
                told[said.peer_id] = max(said.seq, told.get(said.peer_id, 0))
            if said.peer_id == self._node.peer_id or not self._node.writable:
                continue  # our other machine has a key of its own
            if said.seq > self._store.boxes.seq_of(said.peer_id):
                session.slow(session.boxing.costly, self._node.clock.monotonic())
                if not is_genuine(signed, said):
                    raise RemoteProtocolError("a peer record that its subject did not sign")
                self._keep(signed, said)

    def _keep(self, signed: SignedPeer, said: PeerRecord) -> None:
        peer = said.peer_id
        self._store.boxes.put_record(peer, said.seq, signed, self._node.clock.wall_ms())
        known = self._node.people.contact(peer)
        if not known.nickname and received_name(said.nickname) and self._node.rooms.is_mate(peer):
            self._node.people.calls_themselves(peer, said.nickname)

    def key_of(self, peer: PeerId) -> bytes | None:
        """To which key one seals for somebody."""
        signed = self._store.boxes.record_of(peer)
        return None if signed is None else read_record(signed).box_key
