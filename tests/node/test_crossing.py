"""Two tell each other of a message while word of it is under way: both come to know that the other has it."""

from __future__ import annotations

from p2pim.node.session import SetId
from p2pim.protocol.message import Message, RoomId, seal, text_content
from p2pim.protocol.records import CONTENT
from tests.node.company import Colleague, Company
from tests.node.test_completeness import how_far
from tests.node.test_teams import founded, says


def written_by(who: Colleague, room: RoomId) -> Message:
    """A message of somebody's that is nowhere yet."""
    now, content = who.clock.wall_ms(), text_content("x", 5, bytes)
    return seal(who.me.identity, room, parents=[], clock=now, kind=1, content=content)


def learns(who: Colleague, message: Message) -> None:
    """Store a message as if it had just come from somebody whom nobody else here knows."""
    sync, place = who.me.sync, SetId(message.header.room, CONTENT)
    with who.me.store.transaction():
        who.me.store.messages.add(message, now_ms=who.clock.wall_ms())
        others = sync.sharing.with_whom(message.header.room)
        who.me.store.on_commit(lambda: sync.announce(message, place, others, None))


def test_an_author_whose_offer_another_was_quicker_to_fulfil_is_told_all_the_same() -> None:
    company = Company()
    team, (ann, bob, cleo) = founded(company, "ann", "bob", "cleo")
    company.part(bob, cleo)
    company.latency = lambda: 0.05  # type: ignore[method-assign]
    message, place = written_by(bob, team), SetId(team, CONTENT)
    for who in (cleo, bob):  # as after a backup was restored: its own message comes back to it from others
        learns(who, message)
        company.until(lambda: message.id in ann.me.sync._awaited)
    (offering,) = (s for s in ann.me.sync.sessions.values() if s.link.peer_id == bob.peer_id)
    company.until(lambda: message.id in offering.offered.get(place, ()))
    assert not ann.me.store.messages.held([message.id])
    company.run(1)
    assert ann.me.store.messages.held([message.id])
    assert how_far(bob, team)["ann"] == ("complete", 0, 0)


def test_two_who_tell_each_other_of_the_same_message_both_have_it() -> None:
    company = Company()
    team, (ann, bob, cleo) = founded(company, "ann", "bob", "cleo")
    company.part(ann, cleo)
    company.part(bob, cleo)
    message = written_by(cleo, team)
    learns(ann, message)
    learns(bob, message)
    assert how_far(ann, team)["bob"] == how_far(bob, team)["ann"] == ("behind", 1, 0)
    company.run(1)
    assert how_far(ann, team)["bob"] == how_far(bob, team)["ann"] == ("complete", 0, 0)


def test_an_author_who_is_told_of_what_they_are_sending_has_it() -> None:
    company = Company()
    team, (ann, bob) = founded(company, "ann", "bob")
    message, place = written_by(bob, team), SetId(team, CONTENT)
    learns(ann, message)
    with bob.me.store.transaction():
        bob.me.store.messages.add(message, now_ms=bob.clock.wall_ms())
        bob.me.sync.push(message, place, bob.me.sync.sharing.with_whom(team))
    assert how_far(ann, team) == {"bob": ("behind", 1, 0)}
    company.run(1)
    assert how_far(ann, team) == {"bob": ("complete", 0, 0)}


def test_what_was_told_while_the_word_of_all_before_it_was_on_its_way_is_not_meant_by_it() -> None:
    company = Company()
    team, (ann, bob, cleo) = founded(company, "ann", "bob", "cleo")
    company.part(ann, cleo)
    company.part(bob, cleo)
    company.part(ann, bob)
    company.latency = lambda: 0.01  # type: ignore[method-assign]
    says(bob, team, "before")
    company.connect(ann, bob, ann.me.networks()[0])
    company.until(lambda: any(team in s.compared for s in bob.me.sync.sessions.values()))
    assert how_far(ann, team)["bob"] == ("comparing", None, 0)
    learns(ann, written_by(cleo, team))
    company.until(lambda: how_far(ann, team)["bob"][0] != "comparing")
    assert how_far(ann, team)["bob"] == ("behind", 1, 0)
    company.run(1)
    assert how_far(ann, team)["bob"] == ("complete", 0, 0)


def test_who_learns_during_a_run_what_the_other_had_before_it_is_told_so() -> None:
    company = Company()
    team, (ann, bob, cleo) = founded(company, "ann", "bob", "cleo")
    company.part(bob, cleo)
    company.part(ann, bob)
    company.part(ann, cleo)
    message = written_by(cleo, team)
    for n in range(300):  # more than are listed at once
        says(ann, team, f"{n}")
        says(bob, team, f"{n}")
    learns(ann, message)
    company.latency = lambda: 0.01  # type: ignore[method-assign]
    company.connect(ann, bob, ann.me.networks()[0])
    company.until(lambda: any(SetId(team, CONTENT) in s.driven for s in bob.me.sync.sessions.values()))
    learns(bob, message)
    company.run(3)
    assert how_far(bob, team)["ann"] == how_far(ann, team)["bob"] == ("complete", 0, 0)
