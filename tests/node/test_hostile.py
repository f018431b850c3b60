"""A peer with a valid identity that breaks the rules: it gains nothing, and nobody else loses anything."""

from __future__ import annotations

import pytest

from p2pim.node import events, runs
from p2pim.node.fading import TRIM_AFTER
from p2pim.node.people import LOBBY_NAME
from p2pim.node.session import SetId
from p2pim.protocol import records
from p2pim.protocol.identity import digest
from p2pim.protocol.message import MessageId, seal, text_content
from p2pim.protocol.records import (
    ANSWER,
    ASK,
    CONTENT,
    CONTROL,
    NOT_SERVED,
    Ack,
    Contacts,
    Done,
    Have,
    Lack,
    Messages,
    Range,
    Reconcile,
    Record,
    Signed,
    Want,
)
from p2pim.protocol.room import LOBBY, LOBBY_PER_AUTHOR, dm_room
from tests.node.company import Colleague, Company, Puppet

OTHER = digest("message", b"something else")


def visited() -> tuple[Company, Colleague, Puppet]:
    """Ann, and a puppet linked to her."""
    company = Company()
    ann, puppet = company.hire("ann"), company.puppet()
    company.meet(puppet, ann)
    return company, ann, puppet


def stored(machine: Colleague) -> int:
    (count,) = machine.disk.execute("SELECT count(*) FROM messages").fetchone()
    return int(count)


def closed_for_breaking_a_rule(ann: Colleague, puppet: Puppet) -> bool:
    return puppet.bye == records.PROTOCOL and not ann.links_to(puppet) and stored(ann) == 0


def bad_messages(puppet: Puppet, ann: Colleague) -> dict[str, tuple[bytes, Signed]]:
    """Messages that no honest peer sends: (the room they are sent in, the message)."""
    dm = dm_room(puppet.peer_id, ann.peer_id)
    good = puppet.text(dm, "hello").signed()
    content = text_content("hello", 1, bytes)

    def sealed(kind: int, room: bytes = dm, parents: tuple[MessageId, ...] = ()) -> Signed:
        message = seal(puppet.identity, room, parents=parents, clock=5, kind=kind, content=content)
        return message.signed()

    return {
        "for another room": (dm, puppet.text(LOBBY, "hello").signed()),
        "for a room of other people": (dm, sealed(1, room=OTHER)),
        "content that does not match": (
            dm,
            Signed(good.header, good.signature, b"x" + (good.content or b"")[1:]),
        ),
        "content of another length": (dm, Signed(good.header, good.signature, (good.content or b"") + b"x")),
        "a wrong signature": (dm, Signed(good.header, bytes(64), good.content)),
        "no header": (dm, Signed(b"\x90", good.signature, None)),
        "a control kind in the content set": (dm, sealed(128)),
        "parents in the lobby": (LOBBY, sealed(1, room=LOBBY, parents=(OTHER,))),
    }


@pytest.mark.parametrize("case", list(bad_messages(visited()[2], visited()[1])))
def test_a_bad_message_ends_the_link_and_leaves_nothing(case: str) -> None:
    _, ann, puppet = visited()
    room, signed = bad_messages(puppet, ann)[case]
    puppet.say(Messages(room, CONTENT, [signed]))
    assert closed_for_breaking_a_rule(ann, puppet)


def test_what_came_before_a_bad_message_in_the_same_turn_stays() -> None:
    _, ann, puppet = visited()
    good, bad = puppet.text(LOBBY, "good"), bad_messages(puppet, ann)["a wrong signature"][1]
    puppet.say(Messages(LOBBY, CONTENT, [good.signed()]), Messages(LOBBY, CONTENT, [bad]))
    assert ann.lobby() == ["good"]
    assert puppet.bye == records.PROTOCOL


def descending(mode: int) -> list[Range]:
    payload = bytes(32 * mode)
    return [Range(5, b"", mode, payload), Range(5, b"", mode, payload)]


@pytest.mark.parametrize(
    "record",
    [
        Messages(LOBBY, CONTROL, []),
        Contacts([]),
        Reconcile(LOBBY, CONTENT, 1, ASK, descending(1)),
        Reconcile(LOBBY, CONTENT, 1, ASK, [Range(5, b"", 2, b"")]),
        Reconcile(LOBBY, CONTENT, 1, ASK, [Range(i, b"", 1, bytes(32)) for i in range(1, 700)]),
    ],
    ids=["control messages", "contacts", "ranges that do not rise", "ids in a question", "too many ranges"],
)
def test_a_record_that_no_honest_peer_sends_ends_the_link(record: Record) -> None:
    _, ann, puppet = visited()
    puppet.say(record)
    assert closed_for_breaking_a_rule(ann, puppet)


def test_a_control_set_is_not_served_just_as_a_room_that_is_not_here() -> None:
    _, ann, puppet = visited()
    everything = [Range(2**53, b"", 1, bytes(32))]
    puppet.say(
        Reconcile(LOBBY, CONTROL, 7, ASK, everything),
        Reconcile(OTHER, CONTENT, 9, ASK, everything),
        Want(LOBBY, CONTROL, [OTHER]),
        Want(OTHER, CONTENT, [OTHER]),
        Have(LOBBY, CONTROL, [(OTHER, 5)]),
        Ack(LOBBY, CONTROL, [OTHER]),
    )
    assert [(r.room, r.set, r.run) for r in puppet.heard(Reconcile) if r.kind == NOT_SERVED] == [
        (LOBBY, CONTROL, 7),
        (OTHER, CONTENT, 9),
    ]
    assert [(r.room, r.set, r.ids) for r in puppet.heard(Lack)] == [
        (LOBBY, CONTROL, [OTHER]),
        (OTHER, CONTENT, [OTHER]),
    ]
    assert ann.links_to(puppet)


def test_records_about_rooms_and_messages_that_are_not_here_change_nothing() -> None:
    _, ann, puppet = visited()
    message = puppet.text(OTHER, "hello")
    puppet.say(
        Messages(OTHER, CONTENT, [message.signed()]),
        Have(OTHER, CONTENT, [(OTHER, 5)]),
        Ack(OTHER, CONTENT, [OTHER]),
        Lack(OTHER, CONTENT, [OTHER]),
        Done(OTHER, CONTENT, 3, []),
        Done(OTHER, CONTENT, 4, []),
        Done(LOBBY, CONTENT, 12_345, []),
        Reconcile(LOBBY, CONTENT, 12_346, ANSWER, []),
        Reconcile(OTHER, CONTENT, 12_346, NOT_SERVED, []),
    )
    assert [(a.ids, a.code) for a in puppet.heard(Ack)] == [([message.id], records.AUTHOR_UNKNOWN)]
    # the driver of a run, who would wait for an answer to it, is told that there will be none
    assert [(r.room, r.run) for r in puppet.heard(Reconcile) if r.kind == NOT_SERVED] == [(OTHER, 3)]
    assert stored(ann) == 0
    assert not puppet.heard(Want)
    assert ann.links_to(puppet)


def test_messages_of_one_conversation_are_not_served_in_another() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    secret = ann.write(bob, "between us")
    puppet = company.puppet()
    company.meet(puppet, ann)
    puppet.say(
        Want(dm_room(puppet.peer_id, ann.peer_id), CONTENT, [secret.id]), Want(LOBBY, CONTENT, [secret.id])
    )
    assert [lack.ids for lack in puppet.heard(Lack)] == [[secret.id], [secret.id]]
    assert not puppet.heard(Messages)


def test_nobody_acknowledges_for_somebody_else() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    company.part(ann, bob)
    secret = ann.write(bob, "are you there?")
    puppet = company.puppet()
    company.meet(puppet, ann)
    puppet.say(
        Ack(dm_room(puppet.peer_id, ann.peer_id), CONTENT, [secret.id]), Ack(LOBBY, CONTENT, [secret.id])
    )
    assert ann.state_of(secret.id) == "waiting"
    assert ann.sees(bob).waiting == 1


def test_what_others_wrote_in_the_lobby_is_not_taken_from_a_third() -> None:
    company = Company()
    ann, puppet, bob = company.hire("ann"), company.puppet(), company.puppet()
    company.meet(puppet, ann)
    message = bob.text(LOBBY, "heard from bob")
    puppet.say(Messages(LOBBY, CONTENT, [message.signed()]))
    assert [(a.ids, a.code) for a in puppet.heard(Ack)] == [([message.id], records.AUTHOR_UNKNOWN)]
    assert ann.lobby() == []


def test_a_message_without_content_is_no_message_yet() -> None:
    _, ann, puppet = visited()
    message = puppet.text(LOBBY, "later")
    puppet.say(Messages(LOBBY, CONTENT, [Signed(message.raw_header, message.signature, None)]))
    assert (puppet.heard(Ack), stored(ann)) == ([], 0)
    puppet.say(Messages(LOBBY, CONTENT, [message.signed()]))
    assert [a.ids for a in puppet.heard(Ack)] == [[message.id]]
    assert ann.lobby() == ["later"]


def test_twice_in_one_record_is_stored_once() -> None:
    _, ann, puppet = visited()
    message = puppet.text(LOBBY, "once").signed()
    puppet.say(Messages(LOBBY, CONTENT, [message, message]), Messages(LOBBY, CONTENT, [message]))
    assert ann.lobby() == ["once"]
    assert ann.me.status().unread == 1


def test_a_kind_nobody_knows_is_kept_for_a_newer_version() -> None:
    _, ann, puppet = visited()
    message = seal(puppet.identity, LOBBY, parents=(), clock=puppet.clock.wall_ms(), kind=99, content=b"\x00")
    puppet.say(Messages(LOBBY, CONTENT, [message.signed()]))
    assert [(v.text, v.note) for v in ann.me.history(ann.me.resolve(LOBBY_NAME))] == [
        (None, "needs a newer version")
    ]


def test_a_stranger_who_floods_is_read_slowly_and_ann_stays_usable() -> None:
    company, ann, puppet = visited()
    bob = company.hire("bob")
    company.meet(ann, bob)
    flood = [puppet.text(LOBBY, f"{n}", clock=puppet.clock.wall_ms() + n).signed() for n in range(2_300)]
    puppet.say(*(Messages(LOBBY, CONTENT, flood[i : i + 20]) for i in range(0, len(flood), 20)))
    taken = len(ann.said(events.MessageAdded))
    assert 2_000 <= taken < 2_200
    bob.announce("hello ann")
    company.run(1)
    assert "hello ann" in ann.lobby()
    company.run(60)
    assert len(ann.said(events.MessageAdded)) == 2_301
    assert stored(ann) < LOBBY_PER_AUTHOR + TRIM_AFTER, "what was read slowly is not kept for ever either"


def test_wishes_without_reading_end_the_link() -> None:
    company, ann, puppet = visited()
    views = [ann.announce(f"{n}") for n in range(400)]
    company.run(1)
    ids = [view.id for view in views]
    link = puppet.strings.links_up[-1]
    wires = [w for w in puppet.wires if w.link is link]
    wires[0].pause_reading()
    wires[0].other.queued = 10**6  # what the network has not taken
    puppet.say(*(Want(LOBBY, CONTENT, ids) for _ in range(510)))
    assert not ann.links_to(puppet)


def test_a_text_that_is_no_text_hurts_no_reader() -> None:
    _, ann, puppet = visited()
    no_utf8 = b"\x93\xc4\x10" + bytes(16) + b"\x07\xa1\xff"
    clock = puppet.clock.wall_ms()
    message = seal(puppet.identity, LOBBY, parents=(), clock=clock, kind=1, content=no_utf8)
    puppet.say(Messages(LOBBY, CONTENT, [message.signed()]))
    assert [(v.text, v.note) for v in ann.me.history(LOBBY)] == [(None, "cannot be read")]
    assert ann.links_to(puppet)


def test_a_long_room_is_asked_for_bit_by_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "MAX_AWAITED", 10)
    company = Company()
    ann, bob = company.friends("ann", "bob")
    company.part(ann, bob)
    with ann.me.store.transaction():
        for n in range(700):
            ann.write(bob, f"{n}")
    company.meet(bob, ann)
    company.run(5)
    assert len(bob.me.history(bob.room(ann), 999)) == 700
    assert ann.sees(bob).waiting == 0


def test_a_run_about_what_is_not_taken_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "MAX_REFUSED", 20)
    company = Company()
    ann, bob = company.hire("ann"), company.hire("bob")
    views = [ann.write(bob, f"{n}") for n in range(30)]
    company.meet(bob, ann)  # a stranger's: one is taken
    (link,) = bob.links_to(ann)
    assert SetId(bob.room(ann), CONTENT) not in bob.me.sync.sessions[link].drives
    assert [ann.state_of(view.id) for view in views] == ["delivered"] + ["not-accepted"] * 29
