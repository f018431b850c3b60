"""Strangers: one message each until they are accepted, whatever they try."""

from __future__ import annotations

import pytest

from p2pim.errors import BadInput, NotNow, UnknownTarget
from p2pim.node import events
from p2pim.protocol.room import LOBBY
from tests.node.company import Company


def test_a_strangers_first_text_arrives_as_a_request_and_the_next_waits() -> None:
    company = Company()
    ann, bob = company.hire("ann"), company.hire("bob")
    company.meet(ann, bob)
    first, second = ann.write(bob, "hello"), ann.write(bob, "are you there?")
    company.run(2)
    assert bob.reads(ann) == ["hello"]
    assert (ann.state_of(first.id), ann.state_of(second.id)) == ("delivered", "not-accepted")
    assert bob.sees(ann).request == "pending"
    assert bob.me.status().requests == 1
    assert [(e.message.text, e.notify) for e in bob.said(events.MessageAdded)] == [("hello", False)]
    assert (ann.sees(bob).trust, bob.sees(ann).trust) == ("accepted", "new")
    assert ann.sees(bob).waiting == 1


def test_accepting_fetches_what_waited() -> None:
    company = Company()
    ann, bob = company.hire("ann"), company.hire("bob")
    company.meet(ann, bob)
    written = [ann.write(bob, text) for text in ("one", "two", "three")]
    company.run(2)
    bob.me.accept(ann.peer_id)
    company.run(2)
    assert bob.reads(ann) == ["one", "two", "three"]
    assert [ann.state_of(view.id) for view in written] == ["delivered"] * 3
    assert (bob.sees(ann).trust, bob.sees(ann).request) == ("accepted", "none")
    assert [e.notify for e in bob.said(events.MessageAdded)] == [False, True, True]


def test_what_was_written_while_apart_is_found_by_comparing_and_kept_back_just_the_same() -> None:
    company = Company()
    ann, bob = company.hire("ann"), company.hire("bob")
    views = [ann.write(bob, text) for text in ("one", "two", "three")]
    company.meet(bob, ann)
    assert bob.reads(ann) == ["one"]
    assert [ann.state_of(view.id) for view in views] == ["delivered", "not-accepted", "not-accepted"]
    company.part(ann, bob)
    company.meet(ann, bob)
    assert bob.reads(ann) == ["one"]
    bob.me.accept(ann.peer_id)
    company.run(2)
    assert bob.reads(ann) == ["one", "two", "three"]


def test_answering_accepts() -> None:
    company = Company()
    ann, bob = company.hire("ann"), company.hire("bob")
    company.meet(ann, bob)
    ann.write(bob, "hello")
    ann.write(bob, "more")
    company.run(2)
    bob.write(ann, "hello yourself")
    company.run(2)
    assert bob.sees(ann).trust == "accepted"
    assert bob.reads(ann) == ann.reads(bob)
    assert sorted(map(str, bob.reads(ann))) == ["hello", "hello yourself", "more"]


def test_declining_puts_a_request_away_without_telling() -> None:
    company = Company()
    ann, bob = company.hire("ann"), company.hire("bob")
    company.meet(ann, bob)
    ann.write(bob, "hello")
    company.run(2)
    bob.me.decline(ann.peer_id)
    assert (bob.sees(ann).request, bob.me.status().requests) == ("declined", 0)
    later = ann.write(bob, "please")
    company.run(2)
    assert bob.reads(ann) == ["hello"]
    assert ann.state_of(later.id) == "not-accepted"
    with pytest.raises(BadInput):
        bob.me.decline(ann.peer_id)


def test_a_first_message_is_short() -> None:
    company = Company()
    ann, bob = company.hire("ann"), company.hire("bob")
    with pytest.raises(BadInput, match="hello first"):
        ann.write(bob, "x" * 961)
    ann.write(bob, "x" * 960)
    company.meet(ann, bob)
    assert bob.reads(ann) == ["x" * 960]
    ann.write(bob, "y" * 5000)  # known there now: what is too much for a stranger waits
    company.run(2)
    assert bob.reads(ann) == ["x" * 960]
    bob.me.accept(ann.peer_id)
    company.run(2)
    assert bob.reads(ann) == ["x" * 960, "y" * 5000]


def test_two_who_write_to_each_other_at_once_need_no_acceptance() -> None:
    company = Company()
    ann, bob = company.hire("ann"), company.hire("bob")
    ann.write(bob, "hi bob")
    ann.write(bob, "and")
    bob.write(ann, "hi ann")
    company.meet(ann, bob)
    assert ann.reads(bob) == bob.reads(ann)
    assert len(ann.reads(bob)) == 3


def test_blocked_is_neither_linked_nor_read_until_unblocked() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    bob.me.block(ann.peer_id)
    company.run(1)
    assert not company.linked(ann, bob)
    ann.write(bob, "hello?")
    for dialler, other in ((ann, bob), (bob, ann)):
        company.meet(dialler, other)
        assert not company.linked(ann, bob)
    assert bob.sees(ann).blocked
    with pytest.raises(NotNow, match="blocked"):
        bob.write(ann, "no")
    bob.me.unblock(ann.peer_id)
    company.meet(ann, bob)
    assert bob.reads(ann) == ["hello?"]


def test_blocked_peoples_words_in_the_lobby_are_hidden_and_come_back() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    ann.announce("buy this")
    company.run(1)
    assert (bob.lobby(), bob.me.status().unread) == (["buy this"], 1)
    bob.me.block(ann.peer_id)
    assert (bob.lobby(), bob.me.status().unread) == ([], 0)
    bob.me.unblock(ann.peer_id)
    assert (bob.lobby(), bob.me.status().unread) == (["buy this"], 1)
    assert [event.unread for event in bob.said(events.RoomRead)] == [0, 1]
    assert bob.said(events.RoomChanged) == [events.RoomChanged(LOBBY)] * 2


def test_both_machines_of_one_person_have_all_their_direct_messages() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    twin = company.hire("twin", like=bob)
    ann.write(bob, "before the twin met anyone")
    company.run(1)
    company.meet(twin, bob)
    assert twin.reads(ann) == ["before the twin met anyone"]
    ann.write(bob, "while both are linked")
    bob.write(ann, "from one")
    company.run(2)
    twin.write(ann, "from the other")
    company.run(2)
    assert len(twin.reads(ann)) == 4
    assert twin.reads(ann) == bob.reads(ann)
    company.meet(ann, twin)
    assert ann.reads(bob) == bob.reads(ann)


def test_a_conversation_begun_while_the_twin_is_linked_reaches_it() -> None:
    company = Company()
    bob, cleo = company.hire("bob"), company.hire("cleo")
    twin = company.hire("twin", like=bob)
    company.meet(twin, bob)
    bob.write(cleo, "hello cleo")
    company.run(2)
    assert twin.reads(cleo) == ["hello cleo"]
    assert twin.sees(cleo).trust == "accepted"  # it is the same person who wrote
    company.meet(cleo, bob)
    cleo.me.accept(bob.peer_id)
    cleo.write(bob, "hello bob")
    company.run(2)
    assert twin.reads(cleo) == ["hello cleo", "hello bob"]


def test_a_strangers_request_shows_on_both_machines() -> None:
    company = Company()
    ann, bob = company.hire("ann"), company.hire("bob")
    twin = company.hire("twin", like=bob)
    company.meet(twin, bob)
    company.meet(ann, bob)
    ann.write(bob, "hello")
    company.run(2)
    assert twin.reads(ann) == ["hello"]
    assert (bob.sees(ann).request, twin.sees(ann).request) == ("pending", "pending")
    assert [e.notify for e in twin.said(events.MessageAdded)] == [False]
    twin.write(ann, "hello yourself")
    company.run(2)
    assert (bob.sees(ann).request, bob.sees(ann).trust) == ("none", "accepted")


def test_nobody_writes_to_nobody() -> None:
    company = Company()
    ann = company.hire("ann")
    with pytest.raises(UnknownTarget):
        ann.me.send_text(bytes(32), "hello")
    for text in ("", " \n"):
        with pytest.raises(BadInput, match="empty"):
            ann.announce(text)
    with pytest.raises(BadInput, match="UTF-8"):
        ann.announce("\ud800")
    with pytest.raises(BadInput, match="too long"):
        ann.announce("x" * 49_089)
    ann.announce("x" * 49_088)
