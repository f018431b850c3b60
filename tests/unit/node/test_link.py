"""The skin between a Connection and what carries its bytes."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from p2pim.errors import LocalProtocolError
from p2pim.node import link as module
from p2pim.node.link import MAX_QUEUED, Link
from p2pim.protocol import records
from p2pim.protocol.events import Closed, Reason
from p2pim.protocol.records import Record, State
from p2pim.protocol.room import LOBBY
from tests.node.company import Colleague, Company
from tests.simulation.world import Wire


def linked() -> tuple[Company, Colleague, Colleague, Link]:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    (link,) = ann.links_to(bob)
    return company, ann, bob, link


def wire_of(machine: Colleague, link: Link) -> Wire:
    (wire,) = (wire for wire in machine.wires if wire.link is link)
    return wire


def test_a_link_knows_whom_it_joins() -> None:
    _, ann, bob, link = linked()
    assert (link.peer_id, link.boot_id, link.ready, link.closed) == (bob.peer_id, bob.me.boot_id, True, False)
    assert bob.links_to(ann)[0].initiator is not link.initiator
    assert repr(link) == f"<Link {bob.peer_id.hex()[:8]} {'out' if link.initiator else 'in'}>"


def test_closing_says_why_once_and_both_ends_hear_of_it() -> None:
    company, ann, bob, link = linked()
    (theirs,) = bob.links_to(ann)
    told: list[tuple[Link, Closed]] = []
    link._on_closed = theirs._on_closed = lambda which, closed: told.append((which, closed))
    for _ in range(2):
        link.close(records.SHUTDOWN)
        link.abort("again")
    company.run(1)
    assert told == [
        (link, Closed(Reason.LOCAL, records.SHUTDOWN, remote=False)),
        (theirs, Closed(Reason.BYE, records.SHUTDOWN, remote=True)),
    ]
    assert (link.reason, theirs.reason) == (Reason.LOCAL, Reason.BYE)
    assert not ann.links_to(bob)
    assert "closed" in repr(link)


def test_nothing_happens_on_a_closed_link() -> None:
    company, _, _, link = linked()
    link.abort("its address is gone")
    company.run(1)
    before = company._queue[:]
    link.send(State(0, ""))
    link.received(b"x" * 50)
    link.closed_by_peer()
    link.writable()
    link.tick(company.now)
    link.ping(company.now)
    link.rest(1.0)
    link.flush()
    assert company._queue == before


def test_a_link_that_the_network_refuses_is_none_to_the_node(monkeypatch: pytest.MonkeyPatch) -> None:
    company = Company()
    ann, bob = company.hire("ann"), company.hire("bob")
    made = Link.__init__

    def refused(link: Link, *arguments: Any, **more: Any) -> None:
        made(link, *arguments, **more)
        link._on_ready = lambda link: link.close(records.LIMIT)

    monkeypatch.setattr(Link, "__init__", refused)
    company.meet(ann, bob)
    for one, other in ((ann, bob), (bob, ann)):
        assert one.links_to(other) == []
        assert not one.me.is_linked(other.peer_id)
        assert len(one.me.links) == 0


def test_a_reader_that_is_too_slow_is_dropped_and_syncs_later() -> None:
    company, ann, bob, link = linked()
    wire_of(ann, link).queued = MAX_QUEUED
    ann.announce("hello")
    assert not link.closed  # messages wait until there is room
    ann.me.set_presence("busy", None, None)
    assert link.closed
    assert link.reason == "too slow"
    company.run(1)
    company.meet(ann, bob)
    assert bob.lobby() == ["hello"]


def test_only_the_thread_that_made_it_may_use_it() -> None:
    _, _, _, link = linked()
    caught: list[BaseException] = []

    def intrude() -> None:
        try:
            link.flush()
        except LocalProtocolError as error:
            caught.append(error)

    thread = threading.Thread(target=intrude)
    thread.start()
    thread.join()
    assert len(caught) == 1


def test_long_work_is_done_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TURN_SECONDS", -1.0)  # every record ends its turn
    company, ann, bob, link = linked()
    commits: list[int] = []
    settled = bob.me.store.database.settled

    def count() -> None:
        commits.append(1)
        settled()

    bob.me.store.database.settled = count
    for n in range(5):
        link.send(State(0, f"{n}"))
    link.flush()
    company.run(1)
    assert len(commits) >= 5
    assert bob.sees(ann).status_text == "4"


def test_only_answers_for_mine_need_not_wait_for_the_disk() -> None:
    company, ann, bob, link = linked()
    database = ann.me.store.database
    waits: list[int] = []
    settled = database.settled

    def note() -> None:
        waits.append(database.value("PRAGMA synchronous"))
        settled()

    mine = ann.write(bob, "one")
    company.run(1)
    database.settled = note
    full, normal = 2, 1
    (theirs,) = bob.links_to(ann)
    answer: Record = records.Ack(bob.room(ann), records.CONTENT, [mine.id], records.STORED)
    cases: list[tuple[list[Record], set[int]]] = [
        ([answer], {normal}),
        ([answer, State(0, "busy")], {normal, full}),
        ([State(0, "back"), answer], {full}),
    ]
    for said, expected in cases:
        waits.clear()
        wire_of(ann, link).pause_reading()  # whatever the pieces, they are read in one go
        for record in said:
            theirs.send(record)
        theirs.flush()
        company.run(0.4)
        wire_of(ann, link).resume_reading()
        company.run(0.1)
        assert set(waits) == expected
    assert ann.state_of(mine.id) == "delivered"
    assert ann.links_to(bob) == [link]


def test_a_link_that_rests_takes_nothing_until_its_time_is_over() -> None:
    company, ann, bob, _ = linked()
    bob.links_to(ann)[0].rest(5.0)
    bob.links_to(ann)[0].rest(0.0)  # resting already
    ann.announce("hello")
    company.run(4)
    assert bob.lobby() == []
    company.run(2)
    assert bob.lobby() == ["hello"]


def test_silence_is_asked_about_and_ends_the_link() -> None:
    company, ann, bob, link = linked()
    company.run(60)
    assert ann.links_to(bob) == [link]  # pings keep it
    bob.island = 1
    company.run(30)
    assert not ann.links_to(bob)
    assert not bob.links_to(ann)


def test_an_urgent_ping_finds_a_dead_path_soon() -> None:
    company, ann, bob, link = linked()
    link.ping(company.now)
    company.run(3)
    assert ann.links_to(bob)
    bob.island = 1
    link.ping(company.now)
    company.run(4)
    assert not ann.links_to(bob)


def test_a_turn_that_cannot_be_stored_ends_the_link() -> None:
    company, ann, bob, _ = linked()
    (pages,) = bob.disk.execute("PRAGMA page_count").fetchone()
    bob.disk.execute(f"PRAGMA max_page_count = {pages}")
    (theirs,) = bob.links_to(ann)
    for n in range(300):
        ann.me.send_text(LOBBY, "x" * 900 + f"{n}")
    company.run(1)
    assert theirs.closed
    assert theirs.reason == "storage"
    assert not bob.me.writable
