"""What is deleted is gone everywhere, whoever hears of it when, and every run ends."""

from __future__ import annotations

import pytest

from p2pim.errors import BadInput
from p2pim.node import events
from p2pim.protocol.fold import Reacted
from p2pim.protocol.message import DELETE, EDIT, REACTION, Message, MessageId, RoomId
from p2pim.protocol.records import CONTENT, PROTOCOL, STORED, Ack, Lack, Messages, Signed, Want
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


# deletes


def test_a_delete_erases_on_every_machine_and_leaves_a_line_that_says_so() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    text = ann.write(bob, "a secret")
    ann.me.edit(text.id, "another secret")
    company.run(1)
    reply = bob.me.send_text(bob.room(ann), "really?", reply_to=text.id)
    company.run(1)
    bob.me.react(text.id, "😮")
    company.run(1)
    assert unread(bob, bob.room(ann)) == (1, 0)
    bob.events.clear()
    shown = ann.me.delete(text.id)
    assert (shown.text, shown.note, shown.deleted_by, shown.reactions) == (None, "deleted", ann.peer_id, ())
    company.run(1)
    for machine, other in ((ann, bob), (bob, ann)):
        assert [v.note for v in machine.me.history(machine.room(other)) if v.id == text.id] == ["deleted"]
        quote = view(machine, reply.id).reply_to
        assert quote == events.Quote(text.id, ann.peer_id, machine.me.people.name(ann.peer_id), None)
        for (content,) in machine.disk.execute("SELECT content FROM messages WHERE content IS NOT NULL"):
            assert b"secret" not in content
    assert unread(bob, bob.room(ann)) == (0, 0)
    assert bob.said(events.RoomRead) == [events.RoomRead(bob.room(ann), 0, 0)]
    assert sorted(e.what for e in bob.said(events.MessageChanged)) == ["delete", "quote"]
    assert ann.me.delete(text.id) == view(ann, text.id)
    with pytest.raises(BadInput, match="deleted"):
        ann.me.edit(text.id, "x")
    with pytest.raises(BadInput, match="deleted"):
        bob.me.react(text.id, "👍")


def test_who_comes_later_never_gets_what_was_deleted_and_all_end_equal() -> None:
    """Ann writes, Bob holds; Ann deletes while Bob is off; her other machine has seen neither."""
    company = Company()
    ann, bob = company.friends("ann", "bob")
    text = ann.write(bob, "a secret")
    ann.me.edit(text.id, "another secret")
    company.run(1)
    company.part(ann, bob)
    ann.me.delete(text.id)
    twin = company.hire("twin", like=ann)
    company.meet(twin, ann)  # from who has erased it
    assert [v.note for v in twin.me.history(twin.room(bob))] == ["deleted"]
    assert [(e.message.note, e.notify) for e in twin.said(events.MessageAdded)] == [("deleted", False)]
    company.meet(bob, twin)  # and on to who still has it
    assert [v.note for v in bob.me.history(bob.room(ann))] == ["deleted"]
    company.meet(ann, bob)
    other = company.hire("bob's", like=bob)
    company.meet(other, bob)
    company.run(5)
    machines = [ann, bob, twin, other]
    assert len({tuple(m.held(ann.room(bob))) for m in machines}) == 1
    for machine in machines:
        assert not machine.disk.execute("SELECT 1 FROM stubs").fetchall()
        assert not any(s.drives or s.asked or s.to_ask for s in machine.me.sync.sessions.values())
        assert machine.disk.execute("SELECT count(*) FROM messages WHERE content IS NULL").fetchone() == (2,)
    assert ann.state_of(text.id) == "delivered"
    assert ann.sees(bob).waiting == twin.sees(bob).waiting == 0


def test_content_from_who_has_not_heard_of_the_delete_is_not_kept() -> None:
    """The twin has the delete alone when somebody sends it the text."""
    company = Company()
    ann, bob = company.friends("ann", "bob")
    text = ann.write(bob, "a secret")
    company.run(1)
    company.part(ann, bob)
    ann.me.delete(text.id)
    delete = ann.me.store.followers.of([ann.me.store.messages.get([text.id])[0].message])[text.id][0]
    twin = company.hire("twin", like=bob)
    with twin.me.store.transaction():
        twin.me.people.ensure_room(ann.peer_id)
        assert twin.me.store.messages.add(delete, now_ms=twin.clock.wall_ms()) is not None
    company.meet(twin, bob)
    for machine in (twin, bob):
        assert [v.note for v in machine.me.history(bob.room(ann))] == ["deleted"]
        assert machine.disk.execute("SELECT count(*) FROM messages WHERE content IS NULL").fetchone() == (1,)
    assert twin.held(bob.room(ann)) == bob.held(bob.room(ann))
    assert [e.notify for e in twin.said(events.MessageAdded)] == [False]


def test_a_delete_from_a_clock_far_ahead_bites_at_once_and_an_edit_waits() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    kept, gone = ann.write(bob, "kept"), ann.write(bob, "gone")
    company.run(1)
    ann.clock.skew_ms = DAY + 3_000
    ann.me.edit(kept.id, "later")
    ann.me.react(kept.id, "👍")
    ann.me.delete(gone.id)
    company.run(1)
    assert [(v.text, v.note) for v in bob.me.history(bob.room(ann))] == [("kept", None), (None, "deleted")]
    assert view(bob, kept.id).reactions == ()
    bob.events.clear()
    company.run(5)
    assert bob.reads(ann) == ["later", None]
    assert view(bob, kept.id).reactions == (Reacted("👍", (ann.peer_id,)),)
    assert {e.what for e in bob.said(events.MessageChanged)} == {"edit", "reaction", "delete"}


def test_the_log_of_the_database_is_emptied_of_what_was_erased() -> None:
    """What that does to the files is the matter of the test of the database."""
    company = Company()
    ann, bob = company.friends("ann", "bob")
    text = ann.write(bob, "a secret")
    ann.me.delete(text.id)
    assert ann.me.store.database._to_scrub
    company.run(1.5)
    assert not ann.me.store.database._to_scrub
    assert not bob.me.store.database._to_scrub


# whom strangers are


def test_a_strangers_deleted_or_wordless_beginnings_do_not_hide_their_request() -> None:
    company = Company()
    ann, bob = company.hire("ann"), company.hire("bob")
    gone = ann.write(bob, "never mind")
    ann.me.delete(gone.id)
    ann.me.set_topic(ann.room(bob), "about us")
    ann.write(bob, "hello")
    ann.write(bob, "and more")
    company.meet(bob, ann)
    assert bob.reads(ann) == ["hello"]
    assert bob.sees(ann).request == "pending"
    assert not bob.disk.execute("SELECT 1 FROM stubs").fetchall()
    bob.me.accept(ann.peer_id)
    company.run(2)
    assert bob.reads(ann) == [None, "about us", "hello", "and more"]
    assert ann.sees(bob).waiting == 0


def test_a_stranger_can_only_write_and_reacting_accepts() -> None:
    company = Company()
    ann, bob = company.hire("ann"), company.hire("bob")
    company.meet(ann, bob)
    text = ann.write(bob, "hello")
    company.run(1)
    ann.me.edit(text.id, "hello Bob")
    ann.me.react(text.id, "👋")
    company.run(1)
    assert bob.reads(ann) == ["hello"]
    bob.me.react(text.id, "👋")
    company.run(2)
    assert bob.sees(ann).trust == "accepted"
    assert bob.reads(ann) == ["hello Bob"]
    assert view(bob, text.id).reactions == view(ann, text.id).reactions
    assert len(view(ann, text.id).reactions[0].by) == 2


# what is sealed anew


def test_what_is_sealed_anew_takes_what_was_said_about_it_along() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    company.part(ann, bob)
    ann.clock.skew_ms = 700 * DAY
    kept, gone = ann.write(bob, "one"), ann.write(bob, "gone")
    ann.me.edit(kept.id, "@bob two", [bob.peer_id])
    ann.me.react(kept.id, "👍")
    ann.me.send_text(ann.room(bob), "reply", reply_to=kept.id)
    ann.me.delete(gone.id)
    ann.clock.skew_ms = 0
    company.run(2)
    company.meet(ann, bob)
    assert bob.reads(ann) == ann.reads(bob) == ["@bob two", "reply"]
    first, second = bob.me.history(bob.room(ann))
    assert (first.mentions_me, first.reactions) == (True, (Reacted("👍", (ann.peer_id,)),))
    assert second.reply_to is not None
    assert second.reply_to.id == first.id
    assert all(abs(v.wall_ms - bob.clock.wall_ms()) < DAY for v in (first, second))


# who may, and who lies


def test_where_others_may_delete_it_is_said_who_did() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    text = ann.write(bob, "not here, please")
    company.run(1)
    for machine in (ann, bob):
        machine.me.store.followers.may_delete = lambda who, header: True
    shown = bob.me.delete(text.id)
    company.run(1)
    assert (shown.note, shown.deleted_by) == (f"deleted by {bob.me.people.name(bob.peer_id)}", bob.peer_id)
    assert view(ann, text.id).note == f"deleted by {ann.me.people.name(bob.peer_id)}"
    assert not ann.disk.execute(
        "SELECT 1 FROM messages WHERE id = ? AND content IS NOT NULL", [text.id]
    ).fetchall()


def hollow(message: Message) -> Messages:
    """A message as somebody sends it who has erased it, or says so."""
    signed = message.signed()
    return Messages(message.header.room, CONTENT, [Signed(signed.header, signed.signature, None)])


def stubs(machine: Colleague) -> int:
    (count,) = machine.disk.execute("SELECT count(*) FROM stubs").fetchone()
    return int(count)


def test_a_message_without_content_is_held_once_a_delete_says_why() -> None:
    company = Company()
    ann, puppet = company.hire("ann"), company.puppet()
    company.meet(puppet, ann)
    first, second = puppet.text(LOBBY, "first"), puppet.text(LOBBY, "second")
    deletes = [puppet.about(DELETE, message) for message in (first, second)]
    puppet.say(hollow(first), hollow(first))
    assert (ann.lobby(), stubs(ann), puppet.heard(Ack)) == ([], 1, [])
    puppet.say(Want(LOBBY, CONTENT, [first.id]))
    assert [lack.ids for lack in puppet.heard(Lack)] == [[first.id]]
    puppet.say(Messages(LOBBY, CONTENT, [deletes[0].signed()]))
    assert (ann.lobby(), stubs(ann)) == ([None], 0)
    assert {i for ack in puppet.heard(Ack) if ack.code == STORED for i in ack.ids} == {
        first.id,
        deletes[0].id,
    }
    puppet.say(Messages(LOBBY, CONTENT, [deletes[1].signed()]), hollow(second))
    assert (ann.lobby(), stubs(ann)) == ([None, None], 0)
    assert second.id in puppet.heard(Ack)[-1].ids
    puppet.strings.heard.clear()
    puppet.say(Want(LOBBY, CONTENT, [second.id]))
    assert [m.content for record in puppet.heard(Messages) for m in record.messages] == [None]
    assert [e.notify for e in ann.said(events.MessageAdded)] == [False, False]


def test_a_message_without_content_is_stored_when_its_content_comes() -> None:
    company = Company()
    ann, puppet = company.hire("ann"), company.puppet()
    company.meet(puppet, ann)
    text = puppet.text(LOBBY, "here after all")
    puppet.say(hollow(text))
    puppet.say(Messages(LOBBY, CONTENT, [text.signed()]))
    assert (ann.lobby(), stubs(ann), ann.me.status().unread) == (["here after all"], 0, 1)
    assert [e.notify for e in ann.said(events.MessageAdded)] == [True]


def test_only_texts_and_edits_may_come_without_content_and_only_signed() -> None:
    company = Company()
    ann, puppet = company.hire("ann"), company.puppet()
    company.meet(puppet, ann)
    text = puppet.text(LOBBY, "?")
    puppet.say(*(hollow(puppet.about(kind, text)) for kind in (DELETE, REACTION, 77)))
    assert (stubs(ann), puppet.heard(Ack)) == (0, [])
    puppet.say(hollow(puppet.about(EDIT, text)))
    assert stubs(ann) == 1
    puppet.say(Messages(LOBBY, CONTENT, [Signed(text.raw_header, bytes(64), None)]))
    assert puppet.bye == PROTOCOL
    assert stubs(ann) == 1


def test_what_names_a_message_of_another_conversation_changes_nothing_there() -> None:
    company = Company()
    ann, puppet = company.hire("ann"), company.puppet()
    company.meet(puppet, ann)
    ann.me.accept(puppet.peer_id)
    text = puppet.text(LOBBY, "in the lobby")
    puppet.say(Messages(LOBBY, CONTENT, [text.signed()]))
    ann.events.clear()
    for kind in (EDIT, DELETE, REACTION):
        about = puppet.about(kind, text, room=ann.room(puppet))
        puppet.say(Messages(ann.room(puppet), CONTENT, [about.signed()]))
    assert ann.lobby() == ["in the lobby"]
    assert not ann.said(events.MessageChanged)
    assert view(ann, text.id).reactions == ()


def test_a_stub_may_be_the_first_that_is_heard_of_a_conversation() -> None:
    """From one's own other machine, which has erased it."""
    company = Company()
    ann, puppet = company.hire("ann"), company.puppet()
    twin = company.hire("twin", like=ann)
    twin.me.people.contact(puppet.peer_id)
    text = puppet.text(ann.room(puppet), "gone")
    with ann.me.store.transaction():
        ann.me.people.ensure_room(puppet.peer_id)
        ann.me.store.messages.add(text, now_ms=ann.clock.wall_ms())
        ann.me.store.messages.add(puppet.about(DELETE, text), now_ms=ann.clock.wall_ms())
    company.meet(twin, ann)
    assert twin.reads(puppet) == [None]
    assert stubs(twin) == 0
