"""Attack 15: messages that are wrong in every way, sent to a real daemon that talks with its owner's friends."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from p2pim.protocol import records
from p2pim.protocol.identity import Identity, decode_peer_id, encode_peer_id
from p2pim.protocol.message import MAX_CONTENT, text_content
from p2pim.protocol.records import CLOCK_END, CONTENT, CONTROL, Ack, Have, Messages, Reconcile, Signed, Want
from p2pim.protocol.room import LOBBY, dm_room
from tests.daemons import LOOPBACK, Daemon
from tests.security.hostile import Hostile, forged, id_of, messages, pack, text
from tests.security.test_costs import port_of

YEARS_100 = 100 * 365 * 24 * 3600 * 1000
SOMEBODY = Identity.generate(os.urandom)


@pytest.fixture(scope="module")
def anna(alone: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """One daemon for all: each test brings identities of its own."""
    with Daemon(tmp_path_factory.mktemp("anna"), settings=LOOPBACK + 'visible = "nobody"\n') as daemon:
        yield daemon.start()


_sources = iter(f"127.1.{n // 250}.{1 + n % 250}" for n in range(10_000))


def enter(anna: Daemon, identity: Identity | None = None) -> Hostile:
    """A peer from an address of its own, so that no test meets the limits of another."""
    return Hostile(port_of(anna), source=next(_sources), identity=identity).greet()


def friend(anna: Daemon) -> Hostile:
    """One that has been accepted: the user wrote to it."""
    peer = enter(anna)
    anna.say(encode_peer_id(peer.peer_id), "welcome")
    return peer


def room_with(anna: Daemon, peer: Hostile) -> bytes:
    return dm_room(decode_peer_id(anna.peer_id), peer.peer_id)


def shown(anna: Daemon, room: bytes) -> list[str | None]:
    return [m["text"] if m["text"] is not None else m["note"] for m in anna.history(room.hex())]


def mended(signed: Signed, **changes: Any) -> Signed:
    return msgspec.structs.replace(signed, **changes)


def flipped(raw: bytes, at: int) -> bytes:
    return raw[:at] + bytes((raw[at] ^ 1,)) + raw[at + 1 :]


# What no honest peer can send: one of them ends the Link with BYE 2, and nothing of it is kept.
BROKEN: dict[str, Any] = {
    "signature": lambda me, room: mended(forged(me, room), signature=flipped(forged(me, room).signature, 9)),
    "signature by somebody else": lambda me, room: mended(
        forged(me, room), signature=SOMEBODY.sign("message", forged(me, room).header)
    ),
    "signature for another purpose": lambda me, room: mended(
        s := forged(me, room), signature=me.sign("peer", s.header)
    ),
    "content hash": lambda me, room: forged(me, room, content_hash=os.urandom(32)),
    "content size": lambda me, room: forged(me, room, content_size=7),
    "content of another message": lambda me, room: mended(
        forged(me, room), content=forged(me, room, "other").content
    ),
    "clock 0": lambda me, room: forged(me, room, clock=0),
    "clock 2^53": lambda me, room: forged(me, room, clock=CLOCK_END),
    "clock 2^64 - 1": lambda me, room: forged(me, room, clock=2**64 - 1),
    "clock below 0": lambda me, room: forged(me, room, clock=-1),
    "49,153 bytes": lambda me, room: forged(me, room, content_size=MAX_CONTENT + 1),
    "17 parents": lambda me, room: forged(me, room, parents=tuple(os.urandom(32) for _ in range(17))),
    "a parent twice": lambda me, room: forged(me, room, parents=(bytes(32), bytes(32))),
    "a short parent": lambda me, room: forged(me, room, parents=(bytes(31),)),
    "kind 0": lambda me, room: forged(me, room, kind=0),
    "kind 256": lambda me, room: forged(me, room, kind=256),
    "control kind in the content set": lambda me, room: forged(me, room, kind=128),
    "version 2": lambda me, room: forged(me, room, version=2),
    "small-order author": lambda me, room: forged(me, room, author=b"\1" + bytes(31)),
    "a long target": lambda me, room: forged(me, room, target=bytes(33)),
    "no header": lambda me, room: mended(forged(me, room), header=b"\xc1"),
    "header of 1,025 bytes": lambda me, room: mended(forged(me, room), header=pack([bytes(1022)])),
    "header nested 1,000 deep": lambda me, room: mended(forged(me, room), header=b"\x91" * 1000),
    "another room": lambda me, room: forged(me, os.urandom(32)),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_15_a_broken_message_ends_the_link_and_leaves_nothing(anna: Daemon, kind: str) -> None:
    with friend(anna) as peer:
        room = room_with(anna, peer)
        good = text(peer.identity, room, "good")
        peer.say(messages(room, good.signed()))
        peer.hears(Ack, lambda r: r.ids == [good.id] and r.code == records.STORED)
        peer.say(messages(room, BROKEN[kind](peer.identity, room)))
        assert peer.is_cut_off().code == records.PROTOCOL
        assert shown(anna, room) == ["welcome", "good"]
    with enter(anna, peer.identity) as again:  # who broke a rule is shut out for a minute
        assert again.is_cut_off().code == records.LIMIT


def test_15_more_than_48_kib_of_content_does_not_even_parse(anna: Daemon) -> None:
    with friend(anna) as peer:
        room = room_with(anna, peer)
        peer.say_raw(0x13, [room, CONTENT, [[b"h", bytes(64), bytes(MAX_CONTENT + 1)]]])
        assert peer.is_cut_off().code == records.PROTOCOL


def test_15_control_messages_have_no_place_here(anna: Daemon) -> None:
    with friend(anna) as peer:
        room = room_with(anna, peer)
        peer.say(Messages(room, CONTROL, [forged(peer.identity, room, kind=128)]))
        assert peer.is_cut_off().code == records.PROTOCOL


@pytest.mark.parametrize("room", [LOBBY, None])
def test_15_what_somebody_else_wrote_is_not_taken_from_this_peer(anna: Daemon, room: bytes | None) -> None:
    with friend(anna) as peer:
        place = room or room_with(anna, peer)
        relayed = forged(SOMEBODY, place, "I am not who brought this")
        peer.say(messages(place, relayed))
        if room is None:  # in a DM of two, a third author breaks a rule
            assert peer.is_cut_off().code == records.PROTOCOL
        else:
            peer.hears(Ack, lambda r: r.ids == [id_of(relayed)] and r.code == records.AUTHOR_UNKNOWN)
        assert "I am not who brought this" not in shown(anna, place)


def test_15_rooms_of_others_do_not_exist(anna: Daemon) -> None:
    with friend(anna) as carl, enter(anna) as mallory:
        theirs = room_with(anna, carl)
        secret = text(carl.identity, theirs, "for anna")
        carl.say(messages(theirs, secret.signed()))
        carl.hears(Ack)
        mallory.say(
            Want(theirs, CONTENT, [secret.id]),
            Have(theirs, CONTENT, [(os.urandom(32), 1)]),
            messages(theirs, forged(mallory.identity, theirs)),
        )
        mallory.settle()
        lack = mallory.hears(records.Lack)
        assert lack.ids == [secret.id]
        assert not [r for r in mallory.received if isinstance(r, Messages | Want)]
        # nor is it to be had by its id in a room that is shared
        mallory.say(Want(LOBBY, CONTENT, [secret.id]))
        mallory.settle()
        assert not [r for r in mallory.received if isinstance(r, Messages)]


def test_15_an_ack_for_a_message_of_another_room_changes_nothing(anna: Daemon) -> None:
    with friend(anna) as carl:
        carl_id = encode_peer_id(carl.peer_id)
    sent = anna.say(carl_id, "while you are away")[0]
    with enter(anna) as mallory:
        mallory.say(Ack(LOBBY, CONTENT, [bytes.fromhex(sent["id"])], records.STORED))
        mallory.say(Ack(room_with(anna, mallory), CONTENT, [bytes.fromhex(sent["id"])], records.STORED))
        mallory.settle()
    assert anna.states(carl_id)["while you are away"] == "waiting"


def test_15_clocks_of_all_sorts_leave_the_order_of_others_alone(anna: Daemon) -> None:
    """The far future is stored and acknowledged but hidden, and no honest message follows it."""
    with friend(anna) as peer:
        room, now = room_with(anna, peer), int(time.time() * 1000)
        clocks = {
            "1970": 1,
            "a century ahead": now + YEARS_100,
            "the last": CLOCK_END - 1,
            "yesterday": now - 86_400_000,
            "soon": now + 3_600_000,
        }
        sent = {
            words: text(peer.identity, room, words, clock=clock, parents=[os.urandom(32)])
            for words, clock in clocks.items()
        }
        peer.say(messages(room, *[m.signed() for m in sent.values()]))
        peer.settle()
        acked = {i for r in peer.received if isinstance(r, Ack) and r.code == records.STORED for i in r.ids}
        assert acked == {m.id for m in sent.values()}
        anna.say(encode_peer_id(peer.peer_id), "after all of these")
        assert shown(anna, room) == ["1970", "yesterday", "welcome", "soon", "after all of these"]
        mine = anna.history(room.hex())[-1]
        assert now < mine["clock"] <= now + 3_600_001


def test_15_an_unknown_kind_is_kept_and_named(anna: Daemon) -> None:
    with friend(anna) as peer:
        room = room_with(anna, peer)
        newer = forged(peer.identity, room, kind=99, content=b"\xc1 not even MessagePack")
        peer.say(messages(room, newer))
        peer.hears(Ack, lambda r: r.code == records.STORED)
        assert shown(anna, room) == ["welcome", "needs a newer version"]
        peer.say(Want(room, CONTENT, [id_of(newer)]))
        assert peer.hears(Messages, lambda r: bool(r.messages) and r.messages[0] == newer)


def test_15_content_that_is_no_text_is_kept_and_said_to_be_unreadable(anna: Daemon) -> None:
    with friend(anna) as peer:
        room = room_with(anna, peer)
        odd = [b"", b"\xc1", pack([b"short", 0, "x"]), pack({"text": 1}), b"\x91" * 5000]
        peer.say(
            messages(room, *[forged(peer.identity, room, content=c, clock=n + 1) for n, c in enumerate(odd)])
        )
        peer.settle()
        assert shown(anna, room) == ["cannot be read"] * len(odd) + ["welcome"]


def test_15_the_same_message_a_hundred_times_is_there_once(anna: Daemon) -> None:
    with friend(anna) as peer:
        room = room_with(anna, peer)
        once = text(peer.identity, room, "once").signed()
        peer.say(*[messages(room, once, once) for _ in range(50)])
        peer.settle()
        assert shown(anna, room) == ["welcome", "once"]
        unread = {r["room"]: r["unread"] for r in anna.client.rooms()}
        assert unread[room.hex()] == 1


def test_15_a_stranger_gets_one_request_in_and_no_more(anna: Daemon) -> None:
    with enter(anna) as stranger:
        room = room_with(anna, stranger)
        long = forged(stranger.identity, room, content=text_content("x" * 1100, 0, os.urandom))
        odd = forged(stranger.identity, room, kind=7)
        first, second = (text(stranger.identity, room, t).signed() for t in ("hello", "are you there?"))
        for signed in (long, odd, first, second):
            stranger.say(messages(room, signed))
        stranger.settle()
        codes = {i: r.code for r in stranger.received if isinstance(r, Ack) for i in r.ids}
        refused = records.NOT_ACCEPTED
        assert codes == {id_of(long): refused, id_of(odd): refused, id_of(first): 0, id_of(second): refused}
        assert shown(anna, room) == ["hello"]


def test_15_who_claims_lobby_messages_of_others_does_not_keep_them_from_us(anna: Daemon) -> None:
    """Mallory says she has what Carl wrote, and never sends it; it comes from Carl all the same."""
    carl_id = Identity.generate(os.urandom)
    said = text(carl_id, LOBBY, f"from carl {os.urandom(4).hex()}")
    with enter(anna) as mallory, enter(anna, carl_id) as carl:
        mallory.say(Have(LOBBY, CONTENT, [(said.id, said.header.clock)]))
        mallory.settle()
        carl.say(Have(LOBBY, CONTENT, [(said.id, said.header.clock)]))
        carl.hears(Want, lambda r: said.id in r.ids)
        carl.say(messages(LOBBY, said.signed()))
        carl.hears(Ack, lambda r: r.ids == [said.id])
        assert mallory.closed is None


def test_15_a_backlog_larger_than_what_is_asked_at_once_comes_completely(anna: Daemon) -> None:
    with friend(anna) as peer:
        room, now = room_with(anna, peer), int(time.time() * 1000)
        count = 18_000
        ghosts = [(os.urandom(32), now - n) for n in range(count)]
        peer.settle()
        peer.received.clear()
        for n in range(0, count, 500):
            peer.say(Have(room, CONTENT, ghosts[n : n + 500]))
        wanted: set[bytes] = set()

        def compared_again() -> bool:
            asked = [r for r in peer.received if isinstance(r, Want)]
            again = any(isinstance(r, Reconcile) and r.room == room for r in peer.received)
            peer.received.clear()
            for record in asked:
                wanted.update(record.ids)
                peer.say(records.Lack(room, CONTENT, record.ids))
            return again

        peer.until(compared_again, "all is answered, and then compared again")
        assert 16_000 <= len(wanted) < count
