"""Holders, senders and peers without manners (attacks 20 and 38): they cost nothing but time."""

from __future__ import annotations

import pytest

from p2pim.node.boxes import ANSWER_SECONDS, MAX_HOLDERS, PATIENCE
from p2pim.node.boxkeys import TELL_SECONDS
from p2pim.node.holding import MAX_BOXES, MAX_BYTES, WINDOW
from p2pim.node.session import COSTLY_BURST
from p2pim.protocol.box import HOLD_MS, PROLOGUE, box_digest, public_key, read_record, seal_box, write_record
from p2pim.protocol.control import Grant, Role, encode, kind_of
from p2pim.protocol.handshake import seal_to
from p2pim.protocol.message import TEXT, Message, RoomId, seal, text_content
from p2pim.protocol.records import (
    BOX_HANDED_OVER,
    BOX_KEEP,
    BOX_REFUSED,
    BOX_STORED,
    Box,
    Boxack,
    Boxput,
    Peers,
    Signed,
)
from p2pim.protocol.room import dm_room
from tests.node.company import Colleague, Company, Puppet
from tests.node.test_boxes import answers, count, leaves, states

LONG = PATIENCE + 10


def team_with(company: Company, puppet: Puppet | None, *names: str) -> tuple[RoomId, list[Colleague]]:
    """A team of these and the puppet, everybody on the open network too, and everybody linked."""
    people = [company.hire(name) for name in names]
    for person, name in zip(people, names, strict=True):
        person.me.set_nickname(name)
    team = people[0].me.teams.create("Blue")
    for person in people[1:]:
        code, _, _ = people[0].me.teams.invite(team)
        company.join(person, people[0], code)
    if puppet is not None:
        people[0].me.teams.grant(team, puppet.peer_id, Role.MEMBER)
    for number, person in enumerate(people):
        for other in people[:number]:
            company.meet(person, other)
    company.run(TELL_SECONDS + 5)
    return team, people


def tell_record(puppet: Puppet, to: Colleague, company: Company) -> None:
    """Link a puppet, and have it give a record of its own, with the key of ``PUPPETS``."""
    company.meet(puppet, to)
    puppet.say(Peers([write_record(puppet.identity, 1, "puppet", public_key(PUPPETS), 1)]))


PUPPETS = b"\7" * 32


def key_of(who: Colleague) -> bytes:
    signed = who.me.store.boxes.record_of(who.peer_id)
    assert signed is not None
    return read_record(signed).box_key


def box_for(who: Colleague, *messages: Message | Signed) -> Box:
    signed = [one.signed() if isinstance(one, Message) else one for one in messages]
    return Box(seal_box(who.peer_id, key_of(who), signed, who.world.rng.randbytes))


def answer(puppet: Puppet, box: Box) -> int:
    """What is answered for a box."""
    puppet.say(box)
    last = puppet.heard(Boxack)[-1]
    assert last.digest == box_digest(box.box)
    return last.code


# -- a holder that lies, withholds, invents


def test_a_holder_that_lies_makes_no_tick() -> None:
    company = Company()
    puppet = company.puppet()
    _, (anna, ben) = team_with(company, puppet, "anna", "ben")
    company.meet(puppet, anna)
    leaves(company, ben)
    room = anna.write(ben, "hi").room
    company.run(LONG)
    (put,) = puppet.heard(Boxput)
    digest = box_digest(put.box)
    puppet.say(Boxack(digest, BOX_HANDED_OVER))
    assert states(anna, room) == ["held"]
    assert [d.state for d in anna.me.history(room)[0].deliveries] == ["handed-over"]
    for code in (BOX_STORED, BOX_REFUSED, BOX_KEEP, 77, 255):
        puppet.say(Boxack(digest, code), Boxack(bytes(32), code))
    assert states(anna, room) == ["held"]
    assert anna.me.status().waiting == 1
    assert puppet.bye is None
    company.meet(ben, anna)  # withheld by it, delivered all the same
    assert states(anna, room) == ["delivered"]
    assert ben.reads(anna) == ["hi"]


def test_who_was_not_asked_cannot_claim_to_hold_anything() -> None:
    company = Company()
    puppet = company.puppet()
    _, (anna, ben, cleo) = team_with(company, puppet, "anna", "ben", "cleo")
    leaves(company, ben)
    room = anna.write(ben, "hi").room
    company.run(LONG)
    assert answers(anna, room) == [["cleo held"]]
    company.part(anna, cleo)
    digest = anna.me.store.boxes.sent_to(ben.peer_id)[0]
    anna.me.boxes.tick = lambda: None  # type: ignore[method-assign]  # nothing is put to the puppet
    company.meet(puppet, anna)
    for code in (BOX_STORED, BOX_HANDED_OVER):
        puppet.say(Boxack(digest, code))
    assert answers(anna, room) == [["cleo held"]]


def test_a_box_is_asked_of_a_refusing_holder_once_on_a_link() -> None:
    company = Company()
    puppet = company.puppet()
    _, (anna, ben) = team_with(company, puppet, "anna", "ben")
    leaves(company, ben)
    company.meet(puppet, anna)
    anna.write(ben, "hi")
    company.run(LONG)
    (put,) = puppet.heard(Boxput)
    puppet.say(Boxack(box_digest(put.box), BOX_REFUSED))
    company.run(LONG)
    assert len(puppet.heard(Boxput)) == 1
    company.part(puppet, anna)
    company.meet(puppet, anna)
    company.run(LONG)
    assert len(puppet.heard(Boxput)) == 2


def test_holders_that_never_answer_are_not_waited_for() -> None:
    company = Company()
    puppets = [company.puppet() for _ in range(MAX_HOLDERS)]
    team, (anna, ben, cleo) = team_with(company, None, "anna", "ben", "cleo")
    for puppet in puppets:
        anna.me.teams.grant(team, puppet.peer_id, Role.MEMBER)
    leaves(company, ben, cleo)
    for each in (*puppets, cleo):  # cleo comes last
        company.meet(each, anna)
    room = anna.write(ben, "hi").room
    company.run(LONG)
    assert all(len(puppet.heard(Boxput)) == 1 for puppet in puppets)
    assert states(anna, room) == ["waiting"]
    company.run(ANSWER_SECONDS)
    assert answers(anna, room) == [["cleo held"]]


def test_nothing_goes_to_or_for_somebody_blocked() -> None:
    company = Company()
    _, (anna, ben, cleo) = team_with(company, None, "anna", "ben", "cleo")
    leaves(company, ben)
    anna.write(ben, "hi")
    anna.me.block(ben.peer_id)
    company.run(LONG)
    assert count(anna, "sent_boxes") == count(cleo, "held_boxes") == 0


def test_boxes_that_a_holder_repeats_or_invents_change_nothing() -> None:
    company = Company()
    puppet = company.puppet()
    _, (anna, ben) = team_with(company, puppet, "anna", "ben")
    company.meet(puppet, ben)
    company.part(anna, ben)
    note = text_of(anna, dm_room(anna.peer_id, ben.peer_id), "hi")
    box = box_for(ben, note)
    assert [answer(puppet, box) for _ in range(3)] == [BOX_HANDED_OVER] * 3
    assert ben.reads(anna) == ["hi"]
    assert ben.sees(anna).unread == 1
    mine, private = PROLOGUE + ben.peer_id, company.rng.randbytes(32)
    junk = {
        "noise": (Box(company.rng.randbytes(200)), BOX_KEEP),
        "for somebody else's key": (Box(seal_to(public_key(private), mine, b"x", bytes_of)), BOX_KEEP),
        "for somebody else": (Box(seal_to(key_of(ben), PROLOGUE + bytes(32), b"x", bytes_of)), BOX_KEEP),
        "no messages": (Box(seal_to(key_of(ben), mine, b"\x90", bytes_of)), BOX_REFUSED),
        "no MessagePack": (Box(seal_to(key_of(ben), mine, b"\xc1" * 999, bytes_of)), BOX_REFUSED),
        "no header": (box_for(ben, Signed(b"h", bytes(64), b"")), BOX_REFUSED),
        "forged": (box_for(ben, Signed(note.raw_header[:-1] + b"\1", bytes(64), note.content)), BOX_REFUSED),
        "no signature": (box_for(ben, forged(text_of(anna, note.header.room, "forged"))), BOX_REFUSED),
        "no content": (
            box_for(ben, Signed(note.raw_header, note.signature, None)),
            BOX_REFUSED,
        ),
        "by ben himself": (box_for(ben, text_of(ben, note.header.room, "me")), BOX_KEEP),
        "of another DM": (box_for(ben, text_of(anna, dm_room(anna.peer_id, bytes(32)), "x")), BOX_KEEP),
        "of no room": (box_for(ben, text_of(anna, bytes(32), "x")), BOX_KEEP),
        "a control kind": (box_for(ben, control_of(anna, note.header.room)), BOX_REFUSED),
    }
    for why, (box, expected) in junk.items():
        assert answer(puppet, box) == expected, why
    assert ben.reads(anna) == ["hi"]
    assert puppet.bye is None


def bytes_of(size: int) -> bytes:
    return b"\x42" * size


def text_of(who: Colleague, room: RoomId, text: str) -> Message:
    content = text_content(text, who.clock.wall_ms(), who.world.rng.randbytes)
    return seal(who.identity, room, parents=[], clock=who.clock.wall_ms(), kind=TEXT, content=content)


def forged(message: Message) -> Signed:
    return Signed(message.raw_header, bytes(64), message.content)


def control_of(who: Colleague, room: RoomId) -> Message:
    body = Grant(who.peer_id, 1, Role.ADMIN)
    return seal(who.identity, room, parents=[], clock=1, kind=kind_of(body), content=encode(body))


def test_a_flood_of_boxes_is_read_ever_more_slowly() -> None:
    company = Company()
    puppet = company.puppet()
    _, (anna, ben) = team_with(company, puppet, "anna", "ben")
    company.meet(puppet, ben)
    link = puppet.strings.links_up[-1]
    most = int(COSTLY_BURST) + 200
    for _ in range(most):
        link.send(Box(company.rng.randbytes(100)))
    link.flush()
    company.run(3)
    assert COSTLY_BURST <= len(puppet.heard(Boxack)) < most
    assert {ack.code for ack in puppet.heard(Boxack)} == {BOX_KEEP}
    anna.write(ben, "still there?")
    company.run(2)
    assert ben.reads(anna) == ["still there?"]


def test_a_box_from_somebody_in_no_team_is_not_even_tried() -> None:
    company = Company()
    puppet = company.puppet()
    _, (anna, ben) = team_with(company, None, "anna", "ben")
    company.meet(puppet, ben)
    assert answer(puppet, box_for(ben, text_of(anna, dm_room(anna.peer_id, ben.peer_id), "hi"))) == BOX_KEEP
    assert ben.reads(anna) == []


# -- a sender without manners


def test_a_flood_of_boxes_to_hold_ends_at_the_quota_of_its_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("p2pim.node.holding.MAX_BYTES", 20_100)
    company = Company()
    puppet = company.puppet()
    _, (anna, ben, cleo) = team_with(company, puppet, "anna", "ben", "cleo")
    leaves(company, ben)
    company.meet(puppet, cleo)
    expiry = cleo.clock.wall_ms() + HOLD_MS
    boxes = [Boxput(ben.peer_id, expiry, company.rng.randbytes(100)) for _ in range(MAX_BOXES + 10)]
    puppet.say(*boxes)
    assert [ack.code for ack in puppet.heard(Boxack)] == [BOX_STORED] * MAX_BOXES + [BOX_REFUSED] * 10
    puppet.say(boxes[0])  # again: it is here already
    assert puppet.heard(Boxack)[-1].code == BOX_STORED
    room = anna.write(ben, "hi").room  # others have a quota of their own, and there is one for all
    company.run(LONG)
    assert (states(anna, room), count(cleo, "held_boxes")) == (["waiting"], MAX_BOXES)
    with cleo.me.store.transaction():
        cleo.me.store.boxes.drop([box_digest(put.box) for put in boxes[:150]])
    company.part(anna, cleo)
    company.meet(anna, cleo)
    company.run(LONG)
    assert states(anna, room) == ["held"]
    assert MAX_BYTES == 64 * 1024 * 1024
    company.meet(cleo, ben)
    company.run(3)
    assert count(cleo, "held_boxes", "box IS NOT NULL") == 50  # junk that ben could not open is kept
    assert ben.reads(anna) == ["hi"]  # it came last, and was not held up by it
    assert len(ben.links_to(cleo)) == 1


def test_what_nobody_may_ask_to_hold() -> None:
    company = Company()
    puppet = company.puppet()
    _, (anna, ben, cleo) = team_with(company, puppet, "anna", "ben", "cleo")
    company.meet(puppet, cleo)
    now = cleo.clock.wall_ms()
    later = now + 60_000
    box = company.rng.randbytes(100)
    cleo.me.block(ben.peer_id)
    for recipient, expiry in (
        (ben.peer_id, later),  # blocked there
        (bytes(32), later),  # in no team
        (cleo.peer_id, later),  # the holder
        (puppet.peer_id, later),  # the sender
        (anna.peer_id, now),  # expired
    ):
        puppet.say(Boxput(recipient, expiry, box))
    assert [ack.code for ack in puppet.heard(Boxack)] == [BOX_REFUSED] * 5
    leaves(company, anna)
    puppet.say(Boxput(anna.peer_id, later, box))
    assert puppet.heard(Boxack)[-1].code == BOX_STORED
    other = company.puppet()
    company.meet(other, cleo)
    other.say(Boxput(anna.peer_id, later, box))
    assert other.heard(Boxack)[-1].code == BOX_REFUSED  # no member
    assert count(cleo, "held_boxes") == 1


def test_a_box_is_held_for_the_first_who_brought_it() -> None:
    company = Company()
    one, other = company.puppet(), company.puppet()
    _, (anna, ben, cleo) = team_with(company, one, "anna", "ben", "cleo")
    anna.me.teams.grant(anna.me.resolve("#Blue"), other.peer_id, Role.MEMBER)
    company.run(1)
    leaves(company, ben)
    put = Boxput(ben.peer_id, cleo.clock.wall_ms() + HOLD_MS, company.rng.randbytes(100))
    for puppet, expected in ((one, BOX_STORED), (other, BOX_REFUSED), (one, BOX_STORED)):
        company.meet(puppet, cleo)
        puppet.say(put)
        assert puppet.heard(Boxack)[-1].code == expected
        company.part(puppet, cleo)
    company.meet(one, cleo)
    cleo.me.boxes.tick = lambda: None  # type: ignore[method-assign]  # its sender is not told yet
    with cleo.me.store.transaction():
        cleo.me.store.boxes.handed_over(box_digest(put.box))
    one.say(put)
    assert one.heard(Boxack)[-1].code == BOX_HANDED_OVER


def test_a_box_of_somebody_blocked_is_refused_and_nobody_is_told() -> None:
    company = Company()
    _, (anna, ben, cleo) = team_with(company, None, "anna", "ben", "cleo")
    ben.me.block(anna.peer_id)
    company.run(1)
    room = anna.write(ben, "let me explain").room
    leaves(company, ben)
    company.run(LONG)
    assert answers(anna, room) == [["cleo held"]]
    company.meet(cleo, ben)
    assert ben.reads(anna) == []
    assert count(cleo, "held_boxes") == 0
    assert answers(anna, room) == [["cleo held"]]


def test_a_strangers_box_is_a_strangers_message() -> None:
    company = Company()
    puppet = company.puppet()
    _, (_, ben) = team_with(company, puppet, "anna", "ben")
    company.meet(puppet, ben)
    eve = company.hire("eve")  # in no team with ben
    room = dm_room(eve.peer_id, ben.peer_id)
    long = text_of(eve, room, "x" * 2_000)
    assert answer(puppet, box_for(ben, long)) == BOX_REFUSED
    assert answer(puppet, box_for(ben, text_of(eve, room, "hello"), text_of(eve, room, "and more"))) == (
        BOX_HANDED_OVER
    )
    assert ben.reads(eve) == ["hello"]
    assert ben.sees(eve).request == "pending"
    assert answer(puppet, box_for(ben, text_of(eve, room, "answer me"))) == BOX_REFUSED
    ben.me.accept(eve.peer_id)
    assert answer(puppet, box_for(ben, long)) == BOX_HANDED_OVER


def test_a_recipient_that_never_answers_gets_no_more_than_a_few() -> None:
    company = Company()
    puppet = company.puppet()
    _, (anna, cleo) = team_with(company, puppet, "anna", "cleo")
    tell_record(puppet, anna, company)
    company.part(puppet, anna)
    for number in range(WINDOW + 3):
        anna.write(puppet, f"{number}")
        company.run(LONG)
    assert count(cleo, "held_boxes") == WINDOW + 3
    company.meet(puppet, cleo)
    boxes = puppet.heard(Box)
    assert len(boxes) == WINDOW
    puppet.say(Boxack(box_digest(boxes[0].box), BOX_KEEP), Boxack(box_digest(boxes[1].box), BOX_HANDED_OVER))
    assert len(puppet.heard(Box)) == WINDOW + 2
    assert answers(anna, anna.room(puppet))[1][0].endswith("handed-over")
    company.part(puppet, cleo)
    company.meet(puppet, cleo)
    assert puppet.heard(Box)[-WINDOW].box == boxes[0].box  # from the first again
