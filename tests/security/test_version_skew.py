"""Attack 34: a newer peer says more than we know; it stays connected, and what we cannot read stays whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from p2pim.protocol import records
from p2pim.protocol.connection import Connection
from p2pim.protocol.identity import decode_peer_id, encode_peer_id
from p2pim.protocol.records import CONTENT, Ack, Messages, Reconcile, State, Want
from p2pim.protocol.room import LOBBY, dm_room
from tests.daemons import Daemon
from tests.security.hostile import Hostile, forged, id_of, messages, pack, text
from tests.security.test_costs import QUIET, port_of

MORE = ["from the future", {"k": [1, {"deep": b"x"}]}, None, 2**60]


@pytest.fixture
def anna(alone: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with Daemon(tmp_path_factory.mktemp("anna"), settings=QUIET) as daemon:
        yield daemon.start()


class Newer(Hostile):
    """A peer of a later version: more in its HELLO, more features."""

    def make_connection(self, initiator: bool) -> Connection:
        connection = super().make_connection(initiator)
        connection._write = self._write_more(connection)  # type: ignore[method-assign]
        return connection

    def _write_more(self, connection: Connection) -> Any:
        def write(record: records.Record) -> None:
            connection._out.append(self.with_more(record))

        return write

    def with_more(self, record: records.Record) -> bytes:
        """A record with fields appended that we do not know."""
        if isinstance(record, records.Ping | records.Pong):
            return self.sealed(records.encode(record))
        body = msgspec.to_builtins(record, builtin_types=(bytes,))
        return self.sealed(bytes((records.TYPES[type(record)],)) + pack([*body, *MORE]))

    def say(self, *said: records.Record) -> None:
        self.write(b"".join(self.with_more(record) for record in said))


def test_34_more_features_and_more_in_every_record_are_ignored(anna: Daemon) -> None:
    with Newer(port_of(anna), name="newer", features=[1, 7, 4_000_000_000]).greet() as newer:
        peer_id = encode_peer_id(newer.peer_id)
        room = dm_room(newer.peer_id, bytes.fromhex(_hex(anna)))
        anna.say(peer_id, "hello to the future")
        sent = newer.hears(Messages).messages[0]
        newer.say(
            State(1, "away in 2040", None, "newest"),
            Ack(room, CONTENT, [id_of(sent)], records.STORED),
            messages(room, text(newer.identity, room, "hello to the past").signed()),
            Want(room, CONTENT, [id_of(sent)]),
            Reconcile(LOBBY, CONTENT, 1, records.ASK, []),
            records.Have(LOBBY, CONTENT, []),
            records.Lack(LOBBY, CONTENT, []),
            records.Done(LOBBY, CONTENT, 999, []),
            records.Read(LOBBY, [(1, 2)]),
        )
        newer.settle()
        assert anna.texts(peer_id) == ["hello to the future", "hello to the past"]
        assert anna.states(peer_id) == {"hello to the future": "delivered"}
        shown = next(p for p in anna.client.peers() if p["peer_id"] == peer_id)
        assert (shown["presence"], shown["status_text"], shown["nickname"]) == (
            "away",
            "away in 2040",
            "newest",
        )
        assert newer.closed is None


@pytest.mark.parametrize(
    "body", [b"", b"\xc1", bytes(60_000), b"\x91" * 5000], ids=["empty", "no MessagePack", "large", "deep"]
)
def test_34_unknown_records_from_0x80_on_are_ignored_and_below_end_the_link(
    anna: Daemon, body: bytes
) -> None:
    with Hostile(port_of(anna)).greet() as newer:
        for kind in range(0x80, 0x100):
            newer.say_raw(kind, body)
        newer.settle()
        newer.say_raw(0x7F, body)
        assert newer.is_cut_off().code == records.PROTOCOL


def test_34_unknown_kinds_and_longer_headers_are_kept_and_passed_on_unchanged(anna: Daemon) -> None:
    with Hostile(port_of(anna)).greet() as newer:
        peer_id = encode_peer_id(newer.peer_id)
        room = dm_room(newer.peer_id, bytes.fromhex(_hex(anna)))
        anna.say(peer_id, "hi")
        newer.settle()
        plain = text(newer.identity, room, "longer header")
        header = pack([*msgspec.to_builtins(plain.header, builtin_types=(bytes,)), *MORE])
        longer = records.Signed(header, newer.identity.sign("message", header), plain.content)
        sent = [forged(newer.identity, room, kind=kind, clock=kind) for kind in (7, 64, 127)] + [longer]
        newer.say(messages(room, *sent))
        newer.settle()
        assert newer.closed is None
        shown = [m["text"] or m["note"] for m in anna.history(room.hex())]
        assert shown == ["needs a newer version"] * 3 + ["hi", "longer header"]
        newer.received.clear()
        newer.say(Want(room, CONTENT, [id_of(s) for s in sent]))
        newer.settle()
        back = [m for r in newer.received if isinstance(r, Messages) for m in r.messages]
        assert sorted(m.header for m in back) == sorted(s.header for s in sent)
        assert {(m.signature, m.content) for m in back} == {(s.signature, s.content) for s in sent}


def _hex(daemon: Daemon) -> str:
    return decode_peer_id(daemon.peer_id).hex()
