"""Control messages, networks and joins in the store."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from p2pim.protocol.control import Role
from p2pim.protocol.room import Room, RoomKind
from p2pim.store.control import MAX_SERVED, SERVED_MS, Join
from p2pim.store.database import Database
from p2pim.store.store import Store
from tests.council import START, Council


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store(Database())
    yield store
    store.close()


def test_control_messages_are_kept_once_and_come_back_as_they_were(store: Store) -> None:
    council = Council()
    grant = council.grant("O", "A", 1, Role.MEMBER)
    store.messages.ensure_room(Room(council.team, RoomKind.TEAM))
    for message in (council.genesis, grant, grant):
        store.control.add(council.team, message, START)
    assert sorted(store.control.of(council.team), key=lambda m: m.order) == [council.genesis, grant]
    assert store.control.of(bytes(32)) == []


def test_a_room_keeps_the_team_it_belongs_to(store: Store) -> None:
    team, channel = Room(bytes(32), RoomKind.TEAM), Room(bytes([1]) * 32, RoomKind.CHANNEL, None, bytes(32))
    for room in (team, channel):
        store.messages.ensure_room(room)
    assert store.messages.rooms() == [team, channel]
    assert store.messages.room(channel.id) == channel


def test_secrets_are_served_for_a_while_after_another_took_their_place(store: Store) -> None:
    team = bytes(32)
    old, newer, newest = (bytes([n]) * 32 for n in (1, 2, 3))
    for secret, since in ((old, 1_000), (newer, 2_000), (newest, 3_000)):
        store.control.note_secret(team, secret, since)
    assert store.control.former_secrets(team, 4_000) == [newest, newer, old]
    assert store.control.former_secrets(team, 2_000 + SERVED_MS + 1) == [newest, newer]
    assert store.control.former_secrets(team, 3_000 + SERVED_MS + 1) == [newest]
    store.control.note_secret(team, old, 5_000)  # current once more
    assert store.control.former_secrets(team, 5_001)[0] == old
    for n in range(50):
        store.control.note_secret(team, bytes([9, n]) * 16, 6_000 + n)
    assert len(store.control.former_secrets(team, 7_000)) == MAX_SERVED
    assert store.control.former_secrets(bytes([7]) * 32, 7_000) == []


def test_joins_wait_until_they_are_done_and_are_not_printed(store: Store) -> None:
    join = Join(bytes(32), bytes([1]) * 32, bytes([2]) * 32, 5)
    store.control.put_join(join)
    store.control.put_join(join)
    assert store.control.joins() == [join]
    assert "0" not in repr(join)
    store.control.drop_join(join.secret)
    assert store.control.joins() == []
