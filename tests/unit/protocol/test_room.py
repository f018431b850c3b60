"""Rooms of the open network: ids, admission, and who carries what."""

from __future__ import annotations

import pytest

from p2pim.protocol.identity import Identity, digest
from p2pim.protocol.message import TEXT, Message, seal, text_content
from p2pim.protocol.room import Room, RoomKind, dm, dm_room, lobby

ME, BOB, CLEO = (Identity(bytes([n]) * 32) for n in (1, 2, 3))
DM = dm(ME.peer_id, BOB.peer_id)
NOW = 1_000_000_000


def text(author: Identity, room: Room, what: str = "hi", clock: int = NOW, **more: list[bytes]) -> Message:
    content = text_content(what, 7, bytes)
    return seal(author, room.id, parents=more.get("parents", []), clock=clock, kind=TEXT, content=content)


def opaque(author: Identity, room: Room, kind: int, content: bytes = b"?", clock: int = NOW) -> Message:
    return seal(author, room.id, parents=[], clock=clock, kind=kind, content=content)


def test_a_dm_has_one_id_seen_from_either_end() -> None:
    lower, higher = sorted((ME.peer_id, BOB.peer_id))
    assert (
        dm_room(ME.peer_id, BOB.peer_id) == dm_room(BOB.peer_id, ME.peer_id) == digest("dm", lower + higher)
    )
    assert dm(BOB.peer_id, ME.peer_id).id == DM.id
    assert (DM.kind, DM.peer) == (RoomKind.DM, BOB.peer_id)
    assert lobby() == Room(digest("lobby", b""), RoomKind.LOBBY, None)


@pytest.mark.parametrize(
    ("room", "message", "admitted"),
    [
        (DM, text(ME, DM), True),
        (DM, text(BOB, DM, parents=[bytes(32)]), True),
        (DM, text(CLEO, DM), False),
        (DM, text(BOB, lobby()), False),
        (DM, opaque(BOB, DM, 127), True),
        (DM, opaque(BOB, DM, 128), False),
        (lobby(), text(CLEO, lobby()), True),
        (lobby(), text(CLEO, lobby(), parents=[bytes(32)]), False),
        (lobby(), opaque(CLEO, lobby(), 200), False),
        (lobby(), text(CLEO, DM), False),
    ],
)
def test_what_a_room_admits(room: Room, message: Message, admitted: bool) -> None:
    assert room.admits(message.header, ME.peer_id) is admitted


def test_who_carries_whose_words() -> None:
    me, bob, cleo = ME.peer_id, BOB.peer_id, CLEO.peer_id
    for author in (me, bob):
        assert DM.carries(author, me, bob)
        assert DM.carries(author, me, me)  # my other machine
        assert not DM.carries(author, me, cleo)
    assert lobby().carries(me, me, bob)
    assert lobby().carries(bob, me, bob)
    assert not lobby().carries(cleo, me, bob)
