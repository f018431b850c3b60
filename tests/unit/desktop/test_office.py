"""The daemon's world as last told, and the list at the left."""

from __future__ import annotations

from typing import Any

from p2pim.desktop.office import Entry, Office, fits, reach_of
from tests.unit.desktop.made import event, message, peer, room, snapshot


def loaded(*things: Any, **more: Any) -> Office:
    office = Office()
    office.load(snapshot(*things, **more))
    return office


def lines(entries: list[Entry]) -> list[str]:
    return [entry.name if entry.room else f"-- {entry.name}" for entry in entries]


def test_the_list() -> None:
    office = loaded(
        peer("zoe"),
        peer("Ben", presence="offline", reach="no-answer"),
        peer("Cy", request="pending"),
        peer("Dan", blocked=True),
        room(),
        room("#Blue", kind="team", role="owner", members=2),
        room("#Blue/news", kind="channel", team="#Blue", role="member", unread=3, mentions=1),
        room("#left", kind="channel", team="#Blue", role="none"),
        room("#away", kind="channel", team="elsewhere", role="none"),
    )
    assert lines(office.entries()) == [
        "-- Requests", "Cy", "-- Rooms", "#Blue", "#news", "#lobby", "#away", "-- People", "zoe", "Ben",
    ]  # fmt: skip
    assert lines(office.entries("BE")) == ["-- People", "Ben"]
    assert lines(office.entries("nobody")) == []
    news = next(entry for entry in office.entries() if entry.room == "#Blue/news")
    assert (news.kind, news.unread, news.mentions, news.muted) == ("channel", 3, 1, False)
    assert office.name_of("#Blue/news") == "#Blue/news"
    assert office.name_of("dm-zoe") == "zoe"
    assert office.name_of("unknown") == ""


def test_a_conversation_of_two_has_the_counts_of_its_room() -> None:
    dm = room("Ben", room="dm-Ben", kind="dm", peer_id="id-Ben", unread=2, alerts="none")
    entry = loaded(peer("Ben", lookalike="Bem"), dm).entries()[-1]
    assert (entry.unread, entry.muted, entry.trust, entry.about) == (2, True, "lookalike", "online")
    assert loaded(peer("Ben", unread=1)).entries()[-1].unread == 1


def test_rooms_say_what_they_are() -> None:
    abouts = {
        entry.name: entry.about
        for entry in loaded(
            room("#a", archived=True),
            room("#b", topic="the\nmove"),
            room("#c", role="none"),
            room("#d", role="damaged"),
        ).entries()
    }
    assert abouts["#a"] == "archived"
    assert abouts["#b"] == "the move"
    assert abouts["#c"] == "you are no member any more"
    assert abouts["#d"].startswith("damaged")


def test_events() -> None:
    dm = room("Ben", room="dm-Ben", kind="dm", unread=2)
    office = loaded(peer("Ben"), dm, seq=5)
    assert office.is_old(event("typing", 5))
    assert not office.is_old(event("typing", 6))
    renamed = peer("Benno", peer_id="id-Ben", room="dm-Ben")
    assert office.apply(event("peer.changed", peer=renamed)) == frozenset()
    assert office.rooms["dm-Ben"]["name"] == office.name_of("dm-Ben") == "Benno"
    assert office.apply(event("peer.changed", peer=peer("Cy", request="pending"))) == {"self"}
    assert office.apply(event("room.read", room="dm-Ben", unread=0, mentions=0)) == {"self"}
    assert office.rooms["dm-Ben"]["unread"] == 0
    assert office.apply(event("room.read", room="new", unread=0, mentions=0)) == {"rooms", "self"}
    assert office.apply(event("message.added", message=message())) == {"rooms", "self"}
    assert office.apply(event("typing", room="r", peer_id="x")) == frozenset()


def test_the_badge() -> None:
    assert Office().unread == 0
    assert loaded(unread=3, requests=1).unread == 4


def test_where_somebody_is() -> None:
    assert reach_of(peer(presence="busy")) == "busy"
    assert reach_of(peer(via="Cleo")) == "online, through Cleo"
    assert reach_of(peer(presence="offline", reach="connecting")) == "connecting …"
    assert reach_of(peer(presence="offline", reach="away")) == "offline"


def test_names_are_found_without_case_and_accents() -> None:
    assert fits("zoe m", "Zoë Müller")
    assert not fits("zoe x", "Zoë Müller")
