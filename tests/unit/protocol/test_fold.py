"""What a room shows: texts with their edits, deletes and reactions, whatever the order of arrival."""

from __future__ import annotations

import dataclasses
import itertools

import msgspec
import pytest

from p2pim.protocol.fold import (
    REACTIONS_COUNTED,
    REACTIONS_SHOWN,
    Entry,
    Reacted,
    authors_only,
    entry,
    fold,
    subject,
    topic,
)
from p2pim.protocol.identity import Identity, PeerId
from p2pim.protocol.message import (
    DELETE,
    EDIT,
    FILE,
    FUTURE_MS,
    REACTION,
    TEXT,
    TOPIC,
    Header,
    Message,
    MessageId,
    decode_text,
    reaction_content,
    seal,
    text_content,
)
from p2pim.protocol.room import LOBBY, dm, lobby

ME, BOB, CLEO = (Identity(bytes([n]) * 32) for n in (1, 2, 3))
DM = dm(ME.peer_id, BOB.peer_id)
NOW = 1_000_000_000


def say(
    author: Identity,
    what: str = "hi",
    clock: int = NOW,
    kind: int = TEXT,
    target: MessageId | None = None,
    room: bytes = DM.id,
    mentions: tuple[PeerId, ...] = (),
) -> Message:
    content = text_content(what, 7, bytes, mentions)
    return seal(author, room, parents=[], clock=clock, kind=kind, content=content, target=target)


def react(
    author: Identity, target: Message, emoji: str, clock: int, stands: bool = True, room: bytes = DM.id
) -> Message:
    content = reaction_content(emoji, stands, 7, bytes)
    return seal(author, room, parents=[], clock=clock, kind=REACTION, content=content, target=target.id)


def opaque(author: Identity, kind: int, content: bytes = b"?", target: MessageId | None = None) -> Message:
    return seal(author, DM.id, parents=[], clock=NOW + 9, kind=kind, content=content, target=target)


def without(message: Message) -> Message:
    return dataclasses.replace(message, content=None)


def shown(*messages: Message, now: int = NOW) -> list[Entry]:
    """What the room shows: the same in every order of arrival, and with everything twice."""
    found = [fold(DM, ME.peer_id, order, now) for order in itertools.permutations(messages)]
    assert all(one == found[0] for one in found)
    assert fold(DM, ME.peer_id, [*messages, *messages], now) == found[0]
    return found[0]


def one(*messages: Message, now: int = NOW) -> Entry:
    (entry,) = shown(*messages, now=now)
    return entry


def test_what_a_message_says() -> None:
    message = say(BOB, "hello")
    found = entry(message)
    assert (found.id, found.author, found.clock, found.wall_ms) == (message.id, BOB.peer_id, NOW, 7)
    assert (found.text, found.note, found.reply_to, found.edited, found.deleted_by) == (
        "hello",
        None,
        None,
        False,
        None,
    )
    for unreadable, note in (
        (opaque(BOB, 7), "needs a newer version"),
        (opaque(BOB, FILE), "cannot be read"),
        (opaque(BOB, TOPIC), "cannot be read"),
        (opaque(BOB, TEXT, msgspec.msgpack.encode([b"short", 1, "x"])), "cannot be read"),
    ):
        found = entry(unreadable)
        assert (found.text, found.note, found.wall_ms) == (None, note, NOW + 9)
        assert not found.means(ME.peer_id)


def test_the_order_is_that_of_clock_and_id_and_what_is_not_due_is_hidden() -> None:
    some = [
        say(BOB, "b", NOW + 1),
        say(ME, "a", NOW),
        say(BOB, "future", NOW + FUTURE_MS + 1),
        say(CLEO, "not hers", NOW),
        say(ME, "c", NOW + 1),
    ]
    visible = sorted((some[0], some[1], some[4]), key=lambda m: m.order)
    assert [e.id for e in shown(*some)] == [m.id for m in visible]
    assert len(shown(*some, now=NOW + 1)) == 4


def test_a_reply_names_what_it_answers_and_a_text_whom_it_means() -> None:
    first = say(BOB, "coffee?")
    reply = say(ME, "yes", NOW + 1, target=first.id, mentions=(BOB.peer_id,))
    assert [e.reply_to for e in shown(first, reply)] == [None, first.id]
    assert entry(reply).means(BOB.peer_id)
    assert not entry(reply).means(CLEO.peer_id)


# edits


def test_the_newest_edit_by_the_author_counts_and_names_whom_it_means() -> None:
    text = say(BOB, "one", NOW + 1, mentions=(ME.peer_id,))
    second = say(BOB, "two", NOW + 2, EDIT, text.id)
    third = say(BOB, "three", NOW + 3, EDIT, text.id, mentions=(CLEO.peer_id,))
    others = say(ME, "not mine", NOW + 9, EDIT, text.id)
    of_an_edit = say(BOB, "no", NOW + 9, EDIT, second.id)
    found = one(text, second, third, others, of_an_edit)
    assert (found.text, found.edited, found.wall_ms, found.id) == ("three", True, 7, text.id)
    assert (found.means(ME.peer_id), found.means(CLEO.peer_id)) == (False, True)
    assert one(text, second).text == "two"
    assert not one(text, others, of_an_edit).edited


def test_an_edit_counts_whatever_its_clock_once_it_is_due_and_its_target_is_here() -> None:
    text = say(BOB, "one", NOW + 5)
    assert one(text, say(BOB, "earlier", NOW, EDIT, text.id)).text == "earlier"
    later = say(BOB, "later", NOW + FUTURE_MS + 1, EDIT, text.id)
    assert one(text, later).text == "one"
    assert one(text, later, now=NOW + 1).text == "later"
    assert shown(later, say(BOB, "x", NOW, EDIT)) == []


def test_of_two_edits_at_once_the_higher_id_counts() -> None:
    text = say(BOB, "one")
    edits = [say(BOB, f"{n}", NOW + 1, EDIT, text.id) for n in range(3)]
    highest = max(edits, key=lambda m: m.id)
    assert one(text, *edits).content == decode_text(highest.content or b"")


def test_an_edit_that_cannot_be_read_or_mends_what_could_not_be() -> None:
    text = say(BOB, "one")
    broken = opaque(BOB, EDIT, b"?", text.id)
    assert (one(text, broken).text, one(text, broken).note) == (None, "cannot be read")
    unreadable = opaque(BOB, TEXT)
    mended = say(BOB, "mended", NOW + 10, EDIT, unreadable.id)
    found = one(unreadable, mended)
    assert (found.text, found.note, found.wall_ms) == ("mended", None, NOW + 9)


# deletes


def test_a_delete_by_the_author_wins_over_everything_whatever_its_clock() -> None:
    text = say(BOB, "one", NOW + 5)
    edit = say(BOB, "two", NOW + 9, EDIT, text.id)
    delete = say(BOB, "", NOW, DELETE, text.id)
    again = say(BOB, "", NOW + FUTURE_MS * 2, DELETE, text.id)
    found = one(text, edit, delete, react(ME, text, "👍", NOW + 6), say(ME, "", NOW + 1, DELETE, edit.id))
    assert (found.text, found.note, found.deleted_by) == (None, "deleted", BOB.peer_id)
    assert (found.edited, found.reactions, found.content) == (False, (), None)
    assert one(text, edit, again) == found  # at once, though it is not due
    assert one(without(text), without(edit), delete, again) == found


def test_nobody_else_deletes_but_who_may() -> None:
    text = say(BOB, "one")
    by_me = say(ME, "", NOW + 1, DELETE, text.id)
    assert one(text, by_me).deleted_by is None
    assert one(text, say(BOB, "", NOW + 1, DELETE, say(BOB, "another").id)).text == "one"

    def everybody(who: PeerId, header: Header) -> bool:
        return True

    (found,) = fold(DM, ME.peer_id, [text, by_me], NOW, everybody)
    assert (found.deleted_by, found.author) == (ME.peer_id, BOB.peer_id)
    both = [text, by_me, say(BOB, "", NOW + 2, DELETE, text.id)]
    assert fold(DM, ME.peer_id, both, NOW, everybody)[0].deleted_by == BOB.peer_id
    assert authors_only(BOB.peer_id, text.header)


def test_a_reply_to_what_was_deleted_still_names_it() -> None:
    first = say(BOB, "one")
    reply = say(BOB, "two", NOW + 1, target=first.id)
    gone = say(BOB, "", NOW + 2, DELETE, reply.id)
    assert shown(first, reply, gone)[1].reply_to == first.id


def test_content_that_is_missing_without_a_reason_is_not_shown() -> None:
    text = say(BOB, "one")
    edit = say(BOB, "two", NOW + 1, EDIT, text.id)
    assert shown(without(text)) == shown(without(text), edit) == shown(without(opaque(BOB, 77))) == []
    assert shown(without(text), say(ME, "", NOW, DELETE, text.id)) == []
    assert one(text, without(edit)).text == "one"
    assert one(text, without(react(BOB, text, "👍", NOW + 1))).reactions == ()
    assert one(without(text), text) == entry(text)


def test_only_texts_are_deleted_edited_and_reacted_to() -> None:
    for line in (opaque(BOB, 77), say(BOB, "topic", kind=TOPIC)):
        about = [
            say(BOB, "", NOW + 1, DELETE, line.id),
            say(BOB, "new", NOW + 1, EDIT, line.id),
            react(BOB, line, "👍", NOW + 1),
        ]
        assert one(line, *about) == entry(line)
    text = say(BOB)
    assert subject(text.id, text.header) == text.id
    edit = say(BOB, "new", NOW, EDIT, text.id)
    assert subject(edit.id, edit.header) == text.id
    assert subject(text.id, react(BOB, text, "👍", NOW).header) is None


# reactions


def test_the_newest_word_of_each_author_about_each_emoji_counts() -> None:
    text = say(BOB)
    reactions = [
        react(BOB, text, "👍", NOW + 1),
        react(ME, text, "👍", NOW + 2),
        react(BOB, text, "👍", NOW + 3, stands=False),
        react(ME, text, "🎉", NOW + 3),
        react(BOB, text, "🎉", NOW + 4),
    ]
    assert one(text, *reactions).reactions == (
        Reacted("👍", (ME.peer_id,)),
        Reacted("🎉", (ME.peer_id, BOB.peer_id)),
    )
    again = react(BOB, text, "👍", NOW + 5)
    assert one(text, *reactions, again).reactions[0] == Reacted("👍", (ME.peer_id, BOB.peer_id))


@pytest.mark.parametrize("emoji", ["a\nb", "x" * 33, "", "\u202e"])
def test_a_reaction_that_breaks_the_rules_is_not_shown(emoji: str) -> None:
    text = say(BOB)
    assert one(text, react(ME, text, emoji, NOW + 1)).reactions == ()


def test_so_many_reactions_of_an_author_count_and_are_shown() -> None:
    text = say(BOB)
    many = [react(ME, text, f"{n}", NOW + n) for n in range(30)]
    found = {r.emoji for r in entry(text, many).reactions}
    assert found == {f"{n}" for n in range(30 - REACTIONS_SHOWN, 30)}
    first = react(ME, text, "first", NOW)
    toggles = [react(ME, text, "x", NOW + 1 + n, stands=n % 2 == 0) for n in range(REACTIONS_COUNTED)]
    assert [r.emoji for r in entry(text, [first, *toggles[1:]]).reactions] == ["first"]
    assert entry(text, [first, *toggles]).reactions == ()


# topics


def test_the_newest_topic_counts() -> None:
    one, two = say(BOB, "one", NOW, TOPIC), say(ME, "two", NOW + 1, TOPIC)
    late = say(ME, "late", NOW + FUTURE_MS + 1, TOPIC)
    for some in itertools.permutations([one, two, late, say(ME, "no topic", NOW + 5)]):
        assert (topic(some, NOW), topic(some, NOW + 1)) == ("two", "late")
    assert topic([], NOW) == topic([two, say(BOB, "", NOW + 2, TOPIC)], NOW) == ""
    assert topic([two, say(BOB, "a\nb", NOW + 2, TOPIC)], NOW) == topic([two, opaque(BOB, TOPIC)], NOW) == ""
    assert topic([two, without(say(BOB, "x", NOW + 2, TOPIC))], NOW) == "two"
    assert [e.text for e in shown(one, two)] == ["one", "two"]


def test_the_lobby_folds_in_the_same_way() -> None:
    text = say(CLEO, "hello", room=LOBBY)
    edit = say(CLEO, "hello all", NOW + 1, EDIT, text.id, room=LOBBY)
    reaction = react(BOB, text, "👋", NOW + 2, room=LOBBY)
    (found,) = fold(lobby(), ME.peer_id, [reaction, edit, text], NOW)
    assert (found.text, found.reactions) == ("hello all", (Reacted("👋", (BOB.peer_id,)),))
