"""Wrong clocks, full disks, lost answers and lost Links: what must happen, one after the other."""

from __future__ import annotations

import pytest

from p2pim.errors import NotNow
from p2pim.node import events, link, sync
from p2pim.node.disk import PROBE_SECONDS
from p2pim.node.session import Session, SetId
from p2pim.node.sync import Sync
from p2pim.protocol.message import MessageId, RoomId
from p2pim.protocol.records import CONTENT, MAX_DONE, Ack, Have
from p2pim.protocol.room import LOBBY, LOBBY_MS
from tests.node.company import Colleague, Company

DAY = 24 * 3600 * 1000
YEAR = 365 * DAY


def session(one: Colleague, other: Colleague) -> Session:
    (link,) = one.links_to(other)
    return one.me.sync.sessions[link]


# clocks


def test_a_message_from_the_future_is_taken_but_hidden_until_it_is_due() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    ann.clock.skew_ms = DAY + 2_000
    early = ann.write(bob, "from tomorrow")
    company.run(0.5)
    assert ann.state_of(early.id) == "delivered"
    assert (bob.reads(ann), bob.said(events.MessageAdded), bob.me.status().unread) == ([], [], 0)
    answer = bob.write(ann, "what time is it?")
    assert answer.clock < early.clock  # what is hidden pushes no clock, and is nobody's parent
    assert early.id not in bob.me.store.messages.get([answer.id])[0].message.header.parents
    company.run(3)
    assert bob.reads(ann) == ["what time is it?", "from tomorrow"]
    assert [e.message.text for e in bob.said(events.MessageAdded) if not e.message.mine] == ["from tomorrow"]
    assert bob.me.status().unread == 1


def test_what_nobody_took_is_sealed_anew_once_the_clock_is_right_again() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    company.part(ann, bob)
    ann.clock.skew_ms = 2 * YEAR
    wrong = [ann.write(bob, f"{n}") for n in range(3)]
    ann.clock.skew_ms = 0
    company.run(2)
    company.meet(ann, bob)
    assert bob.reads(ann) == ann.reads(bob) == ["0", "1", "2"]
    views = bob.me.history(bob.room(ann))
    assert not {view.id for view in wrong} & {view.id for view in views}
    assert all(abs(view.wall_ms - bob.clock.wall_ms()) < DAY for view in views)


def test_one_boot_with_a_wrong_clock_silences_no_conversation() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    ann.clock.skew_ms = 2 * YEAR
    ann.write(bob, "taken and hidden")
    ann.announce("everywhere hidden")
    company.run(2)
    ann.clock.skew_ms = 0
    ann.crash()
    ann.start()
    company.meet(ann, bob)
    ann.write(bob, "my clock was wrong")
    ann.announce("sorry")
    company.run(2)
    assert bob.reads(ann) == ["my clock was wrong"]
    assert bob.lobby() == ["sorry"]


def test_a_clock_that_goes_back_never_reorders_what_is_written() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    for text, skew in (("one", 0), ("two", -DAY), ("three", -DAY + 5_000), ("four", 1000)):
        ann.clock.skew_ms = skew
        ann.write(bob, text)
        company.run(1)
    bob.write(ann, "five")
    company.run(1)
    ann.clock.skew_ms = -9 * DAY  # what somebody else wrote shows that it is this clock which is wrong
    ann.write(bob, "six")
    company.run(1)
    assert bob.reads(ann) == ann.reads(bob) == ["one", "two", "three", "four", "five", "six"]


# the disk


def fill(machine: Colleague) -> None:
    (pages,) = machine.disk.execute("PRAGMA page_count").fetchone()
    machine.disk.execute(f"PRAGMA max_page_count = {pages}")


def free(machine: Colleague) -> None:
    machine.disk.execute("PRAGMA max_page_count = 1000000")


def test_a_full_disk_takes_nothing_acknowledges_nothing_and_recovers_by_itself() -> None:
    company = Company()
    ann, bob, cleo = company.friends("ann", "bob", "cleo")
    bob.write(ann, "say all")
    company.run(1)
    fill(bob)
    views = [ann.write(bob, f"{n} " + "x" * 20_000) for n in range(5)]
    company.run(2)
    assert not bob.me.writable
    assert bob.me.status().storage == "full"
    assert bob.reads(ann) == ["say all"]
    assert {ann.state_of(view.id) for view in views} <= {"waiting", "no-space"}
    assert [e.state for e in bob.said(events.StorageChanged)] == ["full"]
    for deed in (
        lambda: bob.write(ann, "hello"),
        lambda: bob.me.accept(cleo.peer_id),
        lambda: bob.me.set_nickname("Bob"),
        lambda: bob.me.set_presence("busy", None, None),
    ):
        with pytest.raises(NotNow, match="disk"):
            deed()
    company.meet(ann, bob)  # still there, still refusing
    cleo.write(ann, "others go on")
    company.run(2)
    assert ann.reads(cleo) == ["others go on"]
    company.run(2 * PROBE_SECONDS)
    assert not bob.me.writable
    free(bob)
    company.run(2 * PROBE_SECONDS)
    assert bob.me.writable
    company.meet(ann, bob)
    assert [str(text)[0] for text in bob.reads(ann)] == ["s", "0", "1", "2", "3", "4"]
    assert [ann.state_of(view.id) for view in views] == ["delivered"] * 5
    assert [e.state for e in bob.said(events.StorageChanged)] == ["full", "ok"]
    told = [e.message.id for e in bob.said(events.MessageAdded) if not e.message.mine]
    assert sorted(told) == sorted(view.id for view in views)


def test_a_full_disk_while_a_run_is_under_way_promises_nothing() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    bob.write(ann, "say all")
    company.run(1)
    company.part(ann, bob)
    views = [ann.write(bob, "x" * 9_000) for _ in range(20)]
    fill(bob)
    company.meet(bob, ann)
    held = set(bob.me.store.messages.held([view.id for view in views]))
    assert len(held) < 20
    assert {view.id for view in views if ann.state_of(view.id) == "delivered"} <= held
    free(bob)
    company.run(2 * PROBE_SECONDS)
    company.meet(bob, ann)
    assert len(bob.reads(ann)) == 21
    assert {ann.state_of(view.id) for view in views} == {"delivered"}


# answers and Links that are lost


def test_a_lost_ack_is_made_good_by_the_end_of_the_next_run(monkeypatch: pytest.MonkeyPatch) -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    for room in (ann.room(bob), LOBBY):
        with monkeypatch.context() as patch:
            patch.setattr(Sync, "ack", lambda *_: None)
            view = ann.me.send_text(room, "did you get it?")
            company.run(2)
        assert bob.me.store.messages.held([view.id])
        assert ann.state_of(view.id) == "waiting"
        for dialler, other in ((ann, bob), (bob, ann)):
            company.part(ann, bob)
            company.meet(dialler, other)
            assert ann.state_of(view.id) == "delivered"


def test_a_run_that_leaves_out_old_lobby_messages_says_nothing_about_them() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    company.part(ann, bob)
    old = ann.announce("a week ago")
    bob.clock.skew_ms = LOBBY_MS + 60_000  # for bob it is too old to compare
    for dialler, other in ((bob, ann), (ann, bob)):
        company.meet(dialler, other)
        assert bob.lobby() == []
        assert ann.state_of(old.id) == "waiting"
        company.part(ann, bob)


def test_what_was_asked_on_a_link_that_died_is_asked_on_another() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    twin = company.hire("twin", like=ann)
    company.meet(twin, ann)
    company.part(ann, bob)
    view = ann.write(bob, "by one way or the other")
    company.run(2)
    assert twin.reads(bob) == ["by one way or the other"]
    company.meet(twin, bob)  # bob has it from the twin now; forget that, as if only the asking had happened
    again = ann.write(bob, "second")
    company.run(0.0)
    company.connect(ann, bob)
    company.until(lambda: bool(bob.me.sync._awaited) or bool(bob.me.store.messages.held([again.id])), 5)
    company.part(ann, bob)
    company.run(3)
    assert bob.reads(ann) == ["by one way or the other", "second"]
    assert twin.state_of(view.id) == "delivered"


def test_a_wish_that_dies_with_its_link_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    with monkeypatch.context() as patch:
        patch.setattr(
            Sync, "pump", lambda self, link: self.runs.tell(self.sessions[link], 1)
        )  # serves nothing
        company.part(ann, bob)
        ann.write(bob, "wanted")
        company.meet(ann, bob)
        assert session(bob, ann).asked
        assert session(ann, bob).to_serve
    company.part(ann, bob)
    assert not bob.me.sync._awaited
    company.meet(bob, ann)
    assert bob.reads(ann) == ["wanted"]


@pytest.mark.parametrize("seed", range(10))
def test_of_two_links_made_at_once_one_stays_and_nothing_is_lost(seed: int) -> None:
    company = Company(seed)
    ann, bob = company.friends("ann", "bob")
    company.part(ann, bob)
    view = ann.write(bob, "hello")
    company.connect(ann, bob)
    company.connect(bob, ann)
    company.run(3)
    (one,), (other,) = ann.links_to(bob), bob.links_to(ann)
    lower = min(ann, bob, key=lambda m: m.peer_id)
    assert (one if lower is ann else other).initiator
    assert bob.reads(ann) == ["hello"]
    assert ann.state_of(view.id) == "delivered"
    company.run(10)
    company.connect(
        *((bob, ann) if lower is ann else (ann, bob))
    )  # much later: the newer stays, whoever dialled
    company.run(3)
    assert not (ann.links_to(bob) if lower is ann else bob.links_to(ann))[0].initiator


def test_an_offer_that_is_taken_back_leaves_the_link_in_order() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    missing: MessageId = bytes(31) + b"\x01"
    room: RoomId = bob.room(ann)
    (link,) = bob.links_to(ann)
    link.send(Have(room, CONTENT, [(missing, bob.clock.wall_ms())]))
    link.flush()
    company.run(2)
    assert not session(ann, bob).asked  # ann asked, bob said LACK
    link.send(Ack(room, CONTENT, [missing]))
    link.flush()
    ann.write(bob, "all is well")
    company.run(2)
    assert bob.reads(ann) == ["all is well"]


def test_a_lost_ack_is_made_good_however_much_else_is_lacking() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    before = [ann.write(bob, f"before {n}") for n in range(5)]
    company.until(lambda: bob.reads(ann)[-1:] == ["before 4"])
    company.part(ann, bob)  # the Acks are on their way, or not even that
    assert {ann.state_of(view.id) for view in before} == {"waiting"}
    with ann.me.store.transaction():
        after = [ann.write(bob, f"after {n}") for n in range(MAX_DONE + 10)]
    company.meet(ann, bob)
    company.run(30)
    assert {ann.state_of(view.id) for view in before + after} == {"delivered"}


def test_offers_beyond_memory_are_found_again_and_nothing_is_promised_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    company.part(ann, bob)
    views = [ann.write(bob, f"{n}") for n in range(30)]
    with monkeypatch.context() as patch:
        patch.setattr(sync, "MAX_OFFERED", 20)
        company.connect(ann, bob)
        company.until(
            lambda: any(d.overflowed for s in bob.me.sync.sessions.values() for d in s.driven.values())
        )
        assert bob.reads(ann) == []
        assert {ann.state_of(view.id) for view in views} == {"waiting"}
        company.run(5)  # nothing else is awaited, so what was too much is looked for
        assert bob.reads(ann) == [f"{n}" for n in range(30)]
        assert {ann.state_of(view.id) for view in views} == {"delivered"}
    assert {ann.state_of(view.id) for view in views} == {"delivered"}
    for who in (ann, bob):
        assert who.me.completeness.of(ann.room(bob)).state == "complete"
        assert not any(session.drives or session.driven for session in who.me.sync.sessions.values())


def test_a_new_conversation_of_the_other_machine_waits_for_a_disk_that_is_full() -> None:
    company = Company()
    bob, cleo = company.hire("bob"), company.hire("cleo")
    twin = company.hire("twin", like=bob)
    company.meet(twin, bob)
    twin.me.disk.writable = False
    twin.me.disk.next_probe = company.now + 30
    bob.write(cleo, "hello")
    company.run(2)
    assert twin.reads(cleo) == []
    assert twin.links_to(bob)
    company.run(40)
    assert twin.me.writable
    company.part(twin, bob)
    company.meet(bob, twin)
    assert twin.reads(cleo) == ["hello"]


def test_what_waits_is_not_sealed_anew_when_it_is_todays_clock_that_is_wrong() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    bob.write(ann, "today")
    company.run(1)
    company.part(ann, bob)
    ann.clock.skew_ms = -9 * DAY
    view = ann.write(bob, "by a clock far behind")
    company.run(5)
    assert ann.me.history(ann.room(bob))[-1].id == view.id
    company.meet(ann, bob)
    assert bob.reads(ann) == ["today", "by a clock far behind"]


def test_an_offer_to_a_full_disk_is_answered_for() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    company.part(ann, bob)
    view = ann.write(bob, "no room for me")
    bob.me.disk.writable = False
    bob.me.disk.next_probe = company.now + 10
    company.meet(ann, bob)
    assert ann.state_of(view.id) == "no-space"
    company.run(20)
    assert bob.reads(ann) == ["no room for me"]
    assert ann.state_of(view.id) == "delivered"


def test_a_room_that_the_other_end_no_longer_serves_is_left_alone() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    bob.me.open_network = False  # as if switched off while they are linked
    with ann.me.store.transaction():
        ann.me.store.on_commit(lambda: ann.me.sync.reconcile(SetId(LOBBY, CONTENT)))
    company.run(1)
    assert not session(ann, bob).drives
    ann.announce("nobody hears")
    company.run(1)
    assert bob.lobby() == []
    assert company.linked(ann, bob)


def test_a_whole_room_is_offered_no_faster_than_the_network_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A newcomer that lacks everything: all offers at once would be more than may be queued, again and again."""
    monkeypatch.setattr(link, "MAX_QUEUED", 120_000)
    monkeypatch.setattr(sync, "SERVE_BELOW", 20_000)
    company = Company()
    ann, bob = company.friends("ann", "bob")
    company.part(ann, bob)
    with ann.me.store.transaction():
        for number in range(3_000):
            ann.write(bob, f"{number}")
    company.meet(ann, bob)  # ann dials, so ann drives
    first = ann.links_to(bob)
    company.run(30)
    assert len(bob.reads(ann)) == 50  # a page of history
    assert bob.sees(ann).unread >= 3_000
    assert ann.links_to(bob) == first, "no Link was dropped as too slow"
    assert ann.me.status().waiting == 0
