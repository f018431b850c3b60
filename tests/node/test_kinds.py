"""Replies, mentions, edits, reactions and topics between nodes: what is shown, told and kept."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from p2pim.config import Settings
from p2pim.errors import AmbiguousTarget, BadInput, NotNow, UnknownTarget
from p2pim.node import events
from p2pim.node.reviser import MIN_DIGITS
from p2pim.protocol.fold import REACTIONS_SHOWN, Reacted
from p2pim.protocol.message import EDIT, MAX_MENTIONS, TOPIC, MessageId, RoomId
from p2pim.protocol.room import LOBBY
from tests.node.company import Colleague, Company

DAY = 24 * 3600 * 1000


def view(machine: Colleague, message_id: MessageId) -> events.MessageView:
    """How a message is shown there."""
    (stored,) = machine.me.store.messages.get([message_id])
    return machine.me.views.message(stored)


def unread(machine: Colleague, room: RoomId) -> tuple[int, int]:
    """(unread, mentions) of a room."""
    (found,) = [r for r in machine.me.conversations() if r.room == room]
    return found.unread, found.mentions


def changes(machine: Colleague, what: events.Change) -> list[str | None]:
    """The texts told of as changed in one way, and forget all events."""
    found = [e.message.text for e in machine.said(events.MessageChanged) if e.what == what]
    machine.events.clear()
    return found


# edits


def test_an_edit_replaces_the_text_everywhere_and_is_told_once() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    text = ann.write(bob, "helo")
    company.run(1)
    bob.events.clear()
    edited = ann.me.edit(text.id, "hello")
    assert (edited.id, edited.text, edited.edited, edited.seq) == (text.id, "hello", True, text.seq)
    company.run(1)
    assert ann.reads(bob) == bob.reads(ann) == ["hello"]
    assert (view(bob, text.id).edited, view(bob, text.id).wall_ms) == (True, text.wall_ms)
    assert not bob.said(events.MessageAdded)
    assert changes(bob, "edit") == ["hello"]
    assert unread(bob, bob.room(ann)) == (1, 0)
    assert ann.sees(bob).waiting == 0


def test_an_edit_of_what_was_read_leaves_it_read_and_the_newest_edit_stays() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    text = ann.write(bob, "one")
    company.run(1)
    bob.me.mark_read(bob.room(ann), bob.me.store.messages.last_seq())
    company.part(ann, bob)
    for words in ("two", "three", "four"):
        ann.me.edit(text.id, words)
    company.meet(bob, ann)
    assert bob.reads(ann) == ["four"]
    assert unread(bob, bob.room(ann)) == (0, 0)


def test_what_was_said_about_a_text_before_it_came_is_shown_with_it() -> None:
    """Bob's two machines: the one hears of the edit and the reply first."""
    company = Company()
    ann, bob = company.friends("ann", "bob")
    text = ann.write(bob, "one")
    ann.me.edit(text.id, "two")
    ann.me.react(text.id, "👍")
    reply = ann.me.send_text(ann.room(bob), "as I said", reply_to=text.id)
    company.run(1)
    messages = bob.me.store.messages
    held = [s.message for s in messages.history(bob.room(ann), 9, None, skip_blocked=False)]
    followers = [m for some in bob.me.store.followers.of(held).values() for m in some]
    puppet = company.hire("twin", like=bob)
    with puppet.me.store.transaction():
        puppet.me.people.ensure_room(ann.peer_id)
        for message in [*followers, held[1]]:
            stored = puppet.me.store.messages.add(message, now_ms=puppet.clock.wall_ms(), unread=True)
            assert stored is not None
            puppet.me.changes.made_by(stored)
    assert [e.message.text for e in puppet.said(events.MessageAdded)] == ["as I said"]
    assert view(puppet, reply.id).reply_to == events.Quote(text.id, None, "", None)
    puppet.events.clear()
    company.meet(puppet, bob)
    (added,) = puppet.said(events.MessageAdded)
    assert (added.message.text, added.message.edited) == ("two", True)
    assert added.message.reactions == (Reacted("👍", (ann.peer_id,)),)
    assert changes(puppet, "quote") == ["as I said"]
    quote = view(puppet, reply.id).reply_to
    assert quote is not None
    assert (quote.text, quote.author) == ("two", ann.peer_id)


@pytest.mark.parametrize("deed", ["edit", "delete", "react"])
def test_what_cannot_be_revised_is_said_in_a_sentence(deed: str) -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    theirs = bob.write(ann, "mine")
    company.run(1)
    ann.me.set_topic(ann.room(bob), "a topic")
    (topic,) = [v for v in ann.me.history(ann.room(bob)) if v.kind == TOPIC]
    do: dict[str, Callable[[MessageId], object]] = {
        "edit": lambda message_id: ann.me.edit(message_id, "yours"),
        "delete": ann.me.delete,
        "react": lambda message_id: ann.me.react(message_id, "x" * 33),
    }
    with pytest.raises(BadInput):
        do[deed](theirs.id)
    with pytest.raises((UnknownTarget, BadInput)):
        do[deed](bytes(32))
    with pytest.raises(BadInput):
        do[deed](topic.id)
    assert view(ann, theirs.id).text == "mine"


def test_edits_obey_the_rules_of_texts() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    text = ann.write(bob, "one")
    many = [bytes([n]) * 32 for n in range(MAX_MENTIONS)]
    with pytest.raises(BadInput, match="may have 0 bytes"):
        ann.me.edit(text.id, "@all of you", many)
    company.run(1)
    for bad in ("", " ", "\ud800", "x" * 49_089):
        with pytest.raises(BadInput):
            ann.me.edit(text.id, bad)
    with pytest.raises(BadInput, match="too long"):
        ann.me.edit(text.id, "x" * 49_088, many[:1])
    ann.me.edit(text.id, "x" * (49_088 - 34 * MAX_MENTIONS), many, True)
    ann.me.block(bob.peer_id)
    for deed in (
        lambda: ann.me.edit(text.id, "two"),
        lambda: ann.me.delete(text.id),
        lambda: ann.me.react(text.id, "👍"),
        lambda: ann.me.set_topic(ann.room(bob), "x"),
    ):
        with pytest.raises(NotNow, match="blocked"):
            deed()
    ann.me.disk.writable = False
    with pytest.raises(NotNow, match="disk"):
        ann.me.delete(text.id)


# reactions


def test_reactions_of_several_people_are_counted_and_taken_back() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    text = ann.write(bob, "cake in the kitchen")
    company.run(1)
    bob.events.clear()
    ann.me.react(text.id, "🎂")
    company.run(1)
    shown = bob.me.react(text.id, " 🎂 ")
    company.run(1)
    both = (Reacted("🎂", (ann.peer_id, bob.peer_id)),)
    assert shown.reactions == view(ann, text.id).reactions == both
    assert not bob.said(events.MessageAdded)
    assert changes(bob, "reaction") == ["cake in the kitchen"] * 2
    assert unread(bob, bob.room(ann)) == (1, 0)
    before = bob.me.store.messages.last_seq()
    assert bob.me.react(text.id, "🎂").reactions == both  # once more says nothing new
    assert bob.me.react(text.id, "🍰", remove=True).reactions == both
    assert bob.me.store.messages.last_seq() == before
    assert bob.me.react(text.id, "🎂", remove=True).reactions == (Reacted("🎂", (ann.peer_id,)),)
    company.run(1)
    assert view(ann, text.id).reactions == (Reacted("🎂", (ann.peer_id,)),)


def test_nobody_puts_more_reactions_than_are_shown() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    text = ann.write(bob, "?")
    for n in range(REACTIONS_SHOWN):
        ann.me.react(text.id, f"{n}")
    with pytest.raises(BadInput, match="Take one back"):
        ann.me.react(text.id, "more")
    assert len(view(ann, text.id).reactions) == REACTIONS_SHOWN
    ann.me.react(text.id, "0", remove=True)
    ann.me.react(text.id, "more")


def test_a_reaction_in_the_lobby_reaches_who_meets_its_author_and_not_from_the_blocked() -> None:
    company = Company()
    ann, bob, cleo = company.friends("ann", "bob", "cleo")
    text = ann.announce("hello all")
    company.run(1)
    bob.me.react(text.id, "👋")
    cleo.me.edit(cleo.announce("helo").id, "hello")
    company.run(1)
    assert view(cleo, text.id).reactions == (Reacted("👋", (bob.peer_id,)),)
    assert ann.lobby() == bob.lobby() == ["hello all", "hello"]
    cleo.me.block(bob.peer_id)
    assert view(cleo, text.id).reactions == ()


# replies and mentions


def test_a_reply_shows_what_it_answers_as_it_reads_now() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    text = ann.write(bob, "lunch at noon?")
    company.run(1)
    reply = bob.me.send_text(bob.room(ann), "yes", reply_to=text.id)
    company.run(1)
    quote = view(ann, reply.id).reply_to
    assert quote == events.Quote(text.id, ann.peer_id, ann.me.people.name(ann.peer_id), "lunch at noon?")
    ann.events.clear()
    ann.me.edit(text.id, "lunch at one? " + "x" * 300)
    quote = view(ann, reply.id).reply_to
    assert quote is not None
    assert quote.text == ("lunch at one? " + "x" * 300)[:200]
    assert changes(ann, "quote") == ["yes"]
    lobby = ann.announce("elsewhere")
    for unknown in (bytes(32), lobby.id):
        with pytest.raises(UnknownTarget):
            ann.me.send_text(ann.room(bob), "yes", reply_to=unknown)


def test_mentions_are_counted_while_unread_and_follow_edits() -> None:
    company = Company()
    ann, bob, cleo = company.friends("ann", "bob", "cleo")
    one = ann.me.send_text(LOBBY, "@bob look", mentions=[bob.peer_id, bob.peer_id])
    ann.me.send_text(LOBBY, "@room look", everyone=True)
    plain = ann.announce("nobody in particular")
    company.run(1)
    assert (unread(bob, LOBBY), unread(cleo, LOBBY), unread(ann, LOBBY)) == ((3, 2), (3, 1), (0, 0))
    assert [v.mentions_me for v in bob.me.history(LOBBY)] == [True, True, False]
    assert not any(v.mentions_me for v in ann.me.history(LOBBY))
    ann.me.edit(plain.id, "@cleo after all", [cleo.peer_id])
    ann.me.edit(one.id, "look")
    company.run(1)
    assert (unread(bob, LOBBY), unread(cleo, LOBBY)) == ((3, 1), (3, 2))
    ann.me.delete(plain.id)
    company.run(1)
    assert (unread(bob, LOBBY), unread(cleo, LOBBY)) == ((2, 1), (2, 1))
    bob.me.mark_read(LOBBY, bob.me.store.messages.last_seq())
    assert unread(bob, LOBBY) == (0, 0)
    assert bob.said(events.RoomRead)[-1] == events.RoomRead(LOBBY, 0, 0)
    ann.me.edit(one.id, "@bob again", [bob.peer_id])
    company.run(1)
    assert unread(bob, LOBBY) == (0, 0)  # it was read
    with pytest.raises(BadInput, match="@room"):
        ann.me.send_text(LOBBY, "all", mentions=[bytes([n]) * 32 for n in range(MAX_MENTIONS + 1)])


def test_a_mention_from_a_clock_far_ahead_counts_once_it_is_due() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    ann.clock.skew_ms = DAY + 2_000
    ann.me.send_text(ann.room(bob), "@bob", mentions=[bob.peer_id])
    company.run(0.5)
    assert bob.me.status().unread == 0
    company.run(4)
    assert unread(bob, bob.room(ann)) == (1, 1)


# topics


def test_the_newest_topic_is_that_of_the_room_and_a_line_without_sound() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    assert ann.me.set_topic(ann.room(bob), "  the   move ").topic == "the move"
    company.run(1)
    assert bob.me.set_topic(bob.room(ann), "the move").topic == "the move"  # nothing new
    (told,) = bob.said(events.MessageAdded)
    assert (told.message.kind, told.message.text, told.notify, told.message.unread) == (
        TOPIC,
        "the move",
        False,
        False,
    )
    assert bob.reads(ann) == ["the move"]
    bob.me.set_topic(bob.room(ann), "")
    company.run(1)
    assert [r.topic for r in ann.me.conversations() if r.room == ann.room(bob)] == [""]
    for bad in ("x" * 257, "a\x07b"):
        with pytest.raises(BadInput):
            ann.me.set_topic(LOBBY, bad)
    ann.me.set_topic(LOBBY, "everybody")
    company.run(1)
    assert bob.me.views.topic(bob.me.lobby) == "everybody"
    bob.me.block(ann.peer_id)
    assert bob.me.views.topic(bob.me.lobby) == ""


def test_without_the_open_network_the_lobby_stays_as_it_is() -> None:
    company = Company()
    ann = company.hire("ann", settings=Settings(open_network=False))
    with pytest.raises(NotNow, match="open network"):
        ann.me.set_topic(LOBBY, "x")


# who is meant


def test_a_message_is_found_by_the_beginning_of_its_id() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    text = ann.write(bob, "one")
    ann.me.edit(text.id, "two")
    digits = text.id.hex()
    for given in (digits, digits[:MIN_DIGITS], digits[:7], digits[:9].upper(), f" {digits[:10]} "):
        assert ann.me.find_message(given) == text.id
    (edit,) = ann.disk.execute("SELECT id FROM messages WHERE kind = ?", [EDIT]).fetchone()
    for unknown in (edit.hex(), "0" * 64):
        with pytest.raises(UnknownTarget):
            ann.me.find_message(unknown)
    for bad in (digits[: MIN_DIGITS - 1], "", "xyzxyz", digits + "0", "-" * 7):
        with pytest.raises(BadInput, match="digits"):
            ann.me.find_message(bad)
    ann.disk.execute(
        "UPDATE messages SET id = ? WHERE id = ?", [text.id[:31] + bytes([text.id[31] ^ 1]), edit]
    )
    ann.disk.execute("UPDATE messages SET kind = 1")
    with pytest.raises(AmbiguousTarget, match="more digits"):
        ann.me.find_message(digits[:10])
    assert ann.me.find_message(digits) == text.id
