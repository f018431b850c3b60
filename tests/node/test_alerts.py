"""Muted conversations, and those of which only mentions matter: what is announced and counted, and what stays."""

from __future__ import annotations

import pytest

from p2pim.errors import BadInput, NotNow, UnknownTarget
from p2pim.node import events
from p2pim.protocol.message import RoomId
from p2pim.protocol.room import LOBBY
from tests.node.company import Colleague, Company
from tests.node.test_teams import founded

DAY = 24 * 3600 * 1000


def announced(machine: Colleague) -> list[str | None]:
    """The texts that were to draw attention, and forget all events."""
    found = [e.message.text for e in machine.said(events.MessageAdded) if e.notify]
    machine.events.clear()
    return found


def room(machine: Colleague, room_id: RoomId) -> events.RoomView:
    (found,) = [r for r in machine.me.conversations() if r.room == room_id]
    return found


def unread(machine: Colleague, room_id: RoomId) -> tuple[int, int, int]:
    """(unread, mentions) of a room; and unread in all."""
    shown = room(machine, room_id)
    return shown.unread, shown.mentions, machine.me.status().unread


def speak(who: Colleague, whom: Colleague, room_id: RoomId) -> None:
    """A word to nobody in particular, one to somebody, one to all."""
    who.me.send_text(room_id, "hello")
    who.me.send_text(room_id, "@you hello", mentions=[whom.peer_id])
    who.me.send_text(room_id, "@room hello", everyone=True)


ANNOUNCED = {
    "all": ["hello", "@you hello", "@room hello"],
    "mentions": ["@you hello", "@room hello"],
    "none": [],
}


@pytest.mark.parametrize("alerts", ANNOUNCED)
@pytest.mark.parametrize("kind", ["dm", "lobby"])
def test_only_what_was_chosen_is_announced_and_counted(kind: str, alerts: str) -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    place = LOBBY if kind == "lobby" else bob.room(ann)
    assert bob.me.set_alerts(place, alerts).alerts == alerts
    speak(ann, bob, place)
    company.run(1)
    expected = ANNOUNCED[alerts]
    assert (room(bob, place).kind, announced(bob)) == (kind, expected)
    assert unread(bob, place) == (3, 2, len(expected))
    assert [v.text for v in bob.me.history(place)] == ANNOUNCED["all"]
    assert ann.sees(bob).waiting == 0
    bob.me.mark_read(place, bob.me.store.messages.last_seq())
    assert bob.said(events.RoomRead) == [events.RoomRead(place, 0, 0)]
    assert unread(bob, place) == (0, 0, 0)


@pytest.mark.parametrize("kind", ["team", "channel", "group"])
def test_every_room_of_a_team_has_a_choice_of_its_own(kind: str) -> None:
    company = Company()
    team, (ann, bob) = founded(company, "ann", "bob")
    rooms = {
        "team": team,
        "channel": ann.me.teams.create_room(team, "news", private=False),
        "group": ann.me.teams.create_room(team, "plan", private=True, members=[bob.peer_id]),
    }
    company.run(2)
    assert {name: room(bob, place).kind for name, place in rooms.items()} == {k: k for k in rooms}
    bob.me.set_alerts(rooms[kind], "none")
    announced(bob)
    for name, place in rooms.items():
        ann.me.send_text(place, name)
    company.run(1)
    assert sorted(filter(None, announced(bob))) == sorted(rooms.keys() - {kind})
    assert unread(bob, rooms[kind]) == (1, 0, 2)
    assert {name: room(bob, place).alerts for name, place in rooms.items()} == {
        name: "none" if name == kind else "all" for name in rooms
    }


def test_another_choice_counts_anew_what_is_unread_already() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    speak(ann, bob, LOBBY)
    ann.write(bob, "and this")
    company.run(1)
    for alerts, total in (("none", 1), ("mentions", 3), ("all", 4)):
        bob.me.set_alerts(LOBBY, alerts)
        assert unread(bob, LOBBY) == (3, 2, total)


def test_an_edit_that_comes_to_mention_the_user_counts_and_is_not_announced() -> None:
    """As everywhere: what is here already is changed, not added."""
    company = Company()
    ann, bob = company.friends("ann", "bob")
    bob.me.set_alerts(LOBBY, "mentions")
    one, two = ann.announce("one"), ann.announce("two")
    company.run(1)
    assert unread(bob, LOBBY) == (2, 0, 0)
    ann.me.edit(one.id, "@bob one", [bob.peer_id])
    ann.me.edit(two.id, "@room two", everyone=True)
    company.run(1)
    assert announced(bob) == []
    assert unread(bob, LOBBY) == (2, 2, 2)
    ann.me.edit(one.id, "one after all")
    company.run(1)
    assert unread(bob, LOBBY) == (2, 1, 1)


@pytest.mark.parametrize("mentions", [True, False])
def test_what_was_edited_before_it_came_is_announced_as_it_reads_now(mentions: bool) -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    text = ann.me.send_text(ann.room(bob), "hello", mentions=[] if mentions else [bob.peer_id])
    ann.me.edit(text.id, "hello you", [bob.peer_id] if mentions else [])
    held = bob.me.store.messages
    company.run(1)
    (line,) = [s.message for s in held.history(bob.room(ann), 9, None, skip_blocked=False)]
    (edit,) = bob.me.store.followers.of([line])[line.id]
    twin = company.hire("twin", like=bob)
    with twin.me.store.transaction():
        twin.me.people.ensure_room(ann.peer_id)
        stored = twin.me.store.messages.add(edit, now_ms=twin.clock.wall_ms())
        assert stored is not None
        twin.me.changes.made_by(stored)
    twin.me.accept(ann.peer_id)
    twin.me.set_alerts(bob.room(ann), "mentions")
    twin.events.clear()
    company.meet(twin, bob)
    assert twin.reads(ann) == ["hello you"]
    assert announced(twin) == (["hello you"] if mentions else [])
    assert unread(twin, bob.room(ann)) == (1, int(mentions), int(mentions))


def test_what_somebody_blocked_wrote_in_the_lobby_neither_counts_nor_is_announced() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    twin = company.hire("twin", like=bob)
    twin.me.block(ann.peer_id)
    for machine in (bob, twin):
        machine.me.set_alerts(LOBBY, "mentions")
    speak(ann, bob, LOBBY)
    company.run(1)
    company.meet(twin, bob)
    assert len(announced(bob)) == 2
    assert announced(twin) == []
    assert (unread(bob, LOBBY), unread(twin, LOBBY)) == ((3, 2, 2), (0, 0, 0))
    bob.me.block(ann.peer_id)
    assert unread(bob, LOBBY) == (0, 0, 0)


def test_what_becomes_due_in_a_muted_room_is_not_announced_either() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    bob.me.set_alerts(bob.room(ann), "none")
    ann.clock.skew_ms = DAY + 2_000
    ann.me.send_text(ann.room(bob), "@bob from tomorrow", mentions=[bob.peer_id])
    company.run(4)
    assert (announced(bob), bob.reads(ann)) == ([], ["@bob from tomorrow"])
    assert unread(bob, bob.room(ann)) == (1, 1, 0)


def test_a_change_is_told_once_here_and_to_nobody_else() -> None:
    company = Company()
    ann, puppet = company.hire("ann"), company.puppet()
    company.meet(ann, puppet)
    twin = company.hire("twin", like=ann)
    company.meet(ann, twin)
    with ann.me.store.transaction():
        ann.me.people.ensure_room(puppet.peer_id)
    company.run(2)
    heard = len(puppet.strings.heard)
    for machine in (ann, twin):
        machine.events.clear()
    place = ann.room(puppet)
    for alerts in ("none", "none", "mentions"):
        ann.me.set_alerts(place, alerts)
    company.run(2)
    assert ann.events == [events.RoomChanged(place)] * 2
    assert (twin.events, len(puppet.strings.heard)) == ([], heard)
    assert [r.alerts for r in twin.me.conversations()] == ["all"]


def test_it_outlasts_a_power_cut_and_a_room_with_nothing_in_it_is_listed_for_it() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    place = ann.room(bob)
    assert place not in [r.room for r in ann.me.conversations()]
    ann.me.set_alerts(place, "none")
    ann.me.set_alerts(LOBBY, "mentions")
    ann.crash()
    ann.start()
    assert {r.room: r.alerts for r in ann.me.conversations()} == {place: "none", LOBBY: "mentions"}
    ann.me.set_alerts(place, "all")
    assert place not in [r.room for r in ann.me.conversations()]


def test_what_cannot_be_chosen_is_said_in_a_sentence() -> None:
    company = Company()
    (ann,) = company.friends("ann")
    for word in ("", "ALL", "loud" * 100):
        with pytest.raises(BadInput, match="Choose one of: all, mentions, none") as refused:
            ann.me.set_alerts(LOBBY, word)
        assert len(str(refused.value)) < 200
    with pytest.raises(UnknownTarget):
        ann.me.set_alerts(bytes(32), "none")
    ann.me.disk.writable = False
    with pytest.raises(NotNow, match="disk"):
        ann.me.set_alerts(LOBBY, "none")
    assert room(ann, LOBBY).alerts == "all"


def test_a_channel_is_not_left_but_muted() -> None:
    company = Company()
    team, (ann, bob) = founded(company, "ann", "bob")
    news = ann.me.teams.create_room(team, "news", private=False)
    company.run(1)
    with pytest.raises(NotNow, match="p2pim mute '#Blue/news'"):
        bob.me.teams.leave(news)


def test_who_is_busy_is_not_disturbed_and_finds_it_all_counted_later() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    bob.me.set_presence("busy", None, None)
    speak(ann, bob, LOBBY)
    company.run(1)
    assert announced(bob) == []
    assert unread(bob, LOBBY) == (3, 2, 3)
    bob.me.set_presence("online", None, None)
    ann.me.send_text(LOBBY, "and now")
    company.run(1)
    assert announced(bob) == ["and now"]
