"""Two or three nodes that mean well: lobby, presence, typing, names, what is told and when."""

from __future__ import annotations

import pytest

from p2pim.config import Settings
from p2pim.errors import AmbiguousTarget, BadInput, NotNow, UnknownTarget
from p2pim.node import events
from p2pim.node.fading import TRIM_MS
from p2pim.protocol.identity import encode_peer_id, short_id
from p2pim.protocol.room import LOBBY, LOBBY_MS
from tests.node.company import Colleague, Company


def test_a_text_arrives_once_is_delivered_and_is_read() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    view = ann.write(bob, "hello")
    assert view.state == "waiting"
    company.run(1)
    assert bob.reads(ann) == ["hello"]
    (delivery,) = ann.me.views.messages_at([view.seq])[0].deliveries
    assert (delivery.peer_id, delivery.state) == (bob.peer_id, "delivered")
    assert (ann.sees(bob).waiting, bob.sees(ann).unread) == (0, 1)
    (added,) = bob.said(events.MessageAdded)
    assert (added.message.id, added.notify, added.message.mine) == (view.id, True, False)
    bob.me.mark_read(bob.room(ann), added.message.seq)
    assert bob.said(events.RoomRead) == [events.RoomRead(bob.room(ann), 0)]
    assert bob.me.status().unread == 0
    assert next(room.name for room in bob.me.conversations()) == bob.sees(ann).name


def test_history_goes_back_page_by_page() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    for n in range(7):
        ann.write(bob, f"{n}")
    company.run(1)
    newest = bob.me.history(bob.room(ann), 3)
    older = bob.me.history(bob.room(ann), 3, (newest[0].clock, newest[0].id))
    assert [view.text for view in older + newest] == ["1", "2", "3", "4", "5", "6"]


def test_the_same_token_sends_once() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    one = ann.me.send_text(ann.room(bob), "hello", "token 1")
    assert ann.me.send_text(ann.room(bob), "hello", "token 1") == one
    company.run(1)
    assert bob.reads(ann) == ["hello"]
    for token in ("", "x" * 129):
        with pytest.raises(BadInput, match="token"):
            ann.me.send_text(ann.room(bob), "hello", token)


def test_one_transaction_of_many_sends_is_one_commit_and_is_told_after_it() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    with ann.me.store.transaction():
        for n in range(3):
            ann.write(bob, f"{n}")
        assert not ann.said(events.MessageAdded)
    assert len(ann.said(events.MessageAdded)) == 3
    company.run(1)
    assert bob.reads(ann) == ["0", "1", "2"]


# the lobby


def test_the_lobby_carries_what_its_two_ends_wrote_and_nothing_else() -> None:
    company = Company()
    ann, bob, cleo = (company.hire(name) for name in ("ann", "bob", "cleo"))
    company.meet(ann, bob)
    company.meet(bob, cleo)  # ann and cleo have not met
    view = ann.announce("hello from ann")
    bob.announce("hello from bob")
    company.run(2)
    assert (sorted(map(str, ann.lobby())), cleo.lobby()) == (
        ["hello from ann", "hello from bob"],
        ["hello from bob"],
    )
    assert [d.peer_id for d in ann.me.views.messages_at([view.seq])[0].deliveries] == [bob.peer_id]
    company.meet(cleo, ann)
    assert cleo.lobby() == ann.lobby() == bob.lobby()
    assert not ann.me.store.messages.get([view.id])[0].message.header.parents


def test_without_the_open_network_there_is_no_lobby() -> None:
    company = Company()
    ann = company.hire("ann", settings=Settings(open_network=False))
    with pytest.raises(NotNow, match="open network"):
        ann.announce("hello")
    assert ann.me.networks() == ()
    bob = company.hire("bob")
    company.meet(bob, ann)
    assert not company.linked(bob, ann)


def test_the_lobby_fades_after_a_week() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    ann.announce("old")
    company.run(2)
    for machine in (ann, bob):
        machine.clock.skew_ms = LOBBY_MS + TRIM_MS
    company.run(2)
    assert (ann.lobby(), bob.lobby()) == ([], [])
    ann.announce("new")
    company.part(ann, bob)
    company.meet(bob, ann)
    assert bob.lobby() == ["new"]


# presence and typing


def test_presence_is_seen_and_ends_with_the_link() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    assert bob.sees(ann).presence == "online"
    ann.me.set_presence("busy", "writing tests", None)
    company.run(1)
    assert (bob.sees(ann).presence, bob.sees(ann).status_text) == ("busy", "writing tests")
    assert bob.said(events.PeerChanged)[-1].peer.presence == "busy"
    company.part(ann, bob)
    assert bob.sees(ann).presence == "offline"
    assert bob.sees(ann).last_seen_ms is not None
    assert bob.said(events.PeerChanged)[-1].peer.presence == "offline"
    company.meet(ann, bob)
    assert bob.sees(ann).presence == "busy"


def test_who_is_invisible_looks_offline_and_is_still_served() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    ann.me.set_presence("invisible", None, None)
    company.run(1)
    assert (bob.sees(ann).presence, bob.sees(ann).address) == ("offline", None)
    ann.me.typing(ann.room(bob))
    view = bob.write(ann, "are you there?")
    company.run(1)
    assert not bob.said(events.Typing)
    assert bob.state_of(view.id) == "delivered"
    assert ann.reads(bob) == ["are you there?"]


@pytest.mark.parametrize("seed", range(5))
def test_who_comes_invisible_is_not_seen_for_a_moment(seed: int) -> None:
    company = Company(seed)
    ann, bob = company.hire("ann"), company.hire("bob")
    ann.me.set_presence("invisible", None, None)
    for dialler, other in ((ann, bob), (bob, ann)):
        company.meet(dialler, other)
        company.part(ann, bob)
    assert bob.said(events.PeerChanged)
    assert {event.peer.presence for event in bob.said(events.PeerChanged)} == {"offline"}


def test_a_presence_with_an_end_goes_back_to_online() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    ann.me.set_presence("away", "lunch", ann.clock.wall_ms() + 10_000)
    company.run(5)
    assert bob.sees(ann).presence == "away"
    company.run(8)
    assert (bob.sees(ann).presence, bob.sees(ann).status_text) == ("online", "")
    for presence, until in (("asleep", None), ("away", 5)):
        with pytest.raises(BadInput):
            ann.me.set_presence(presence, None, until)


def test_typing_is_told_in_the_conversation_it_is_about() -> None:
    company = Company()
    ann, bob, cleo = company.friends("ann", "bob", "cleo")
    ann.me.typing(ann.room(bob))
    company.run(1)
    assert bob.said(events.Typing) == [events.Typing(bob.room(ann), ann.peer_id)]
    assert not cleo.said(events.Typing)
    ann.me.typing(LOBBY)
    company.run(1)
    assert cleo.said(events.Typing) == [events.Typing(LOBBY, ann.peer_id)]


def test_a_strangers_typing_is_not_shown() -> None:
    company = Company()
    ann, bob = company.hire("ann"), company.hire("bob")
    company.meet(ann, bob)
    ann.me.typing(ann.room(bob))
    company.run(1)
    assert not bob.said(events.Typing)


# names


def test_a_new_nickname_reaches_those_who_are_linked_and_those_who_come() -> None:
    company = Company()
    ann, bob, cleo = (company.hire(name) for name in ("ann", "bob", "cleo"))
    company.meet(ann, bob)
    assert bob.sees(ann).name == short_id(ann.peer_id)
    ann.me.set_nickname("  Ann   Other ")
    company.run(1)
    assert bob.sees(ann).nickname == "Ann Other"
    assert bob.sees(ann).name == f"Ann Other ({short_id(ann.peer_id)})"
    company.meet(cleo, ann)
    assert cleo.sees(ann).nickname == "Ann Other"
    ann.me.set_nickname("")
    company.run(1)
    assert bob.sees(ann).nickname == ""
    for bad in ("x" * 65, "a\u202eb", "tab\x07"):
        with pytest.raises(BadInput):
            ann.me.set_nickname(bad)


def test_a_petname_wins_and_two_petnames_differ() -> None:
    company = Company()
    ann, bob, cleo = company.friends("ann", "bob", "cleo")
    ann.me.set_petname(bob.peer_id, "Bobby")
    assert ann.sees(bob).name == "Bobby"
    with pytest.raises(BadInput, match="Bobby"):
        ann.me.set_petname(cleo.peer_id, "b\u043ebby")  # the o is Cyrillic
    ann.me.set_petname(bob.peer_id, "")
    assert ann.sees(bob).name == short_id(bob.peer_id)


def test_who_looks_like_a_known_contact_is_shown_as_such() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    bob.me.set_nickname("Robert")
    mallory = company.hire("mallory")
    mallory.me.set_nickname("R\u043eb\u0435rt")  # both vowels are Cyrillic
    company.meet(mallory, ann)
    company.run(1)
    assert ann.sees(mallory).lookalike == "Robert"
    assert ann.sees(bob).lookalike is None
    assert {p.peer_id: p.lookalike for p in ann.me.peers()}[mallory.peer_id] == "Robert"


def test_verifying_raises_trust_and_is_taken_back() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    assert ann.me.safety_number(bob.peer_id) == bob.me.safety_number(ann.peer_id)
    ann.me.verify(bob.peer_id, True)
    assert ann.sees(bob).trust == "verified"
    ann.me.accept(bob.peer_id)
    assert ann.sees(bob).trust == "verified"
    ann.me.verify(bob.peer_id, False)
    assert ann.sees(bob).trust == "accepted"


# who is meant


def named(company: Company, name: str) -> Colleague:
    machine = company.hire(name)
    machine.me.set_nickname(name)
    return machine


def test_somebody_is_found_by_id_short_id_petname_and_nickname() -> None:
    company = Company()
    ann, bob = named(company, "Ann"), named(company, "Bob")
    company.meet(ann, bob)
    ann.me.set_petname(bob.peer_id, "the boss")
    short = short_id(bob.peer_id)
    for text in (encode_peer_id(bob.peer_id), short, short[:4], "the boss", "THE BOSS", "bob", "@Bob"):
        assert ann.me.find_peer(text) == bob.peer_id
        assert ann.me.resolve(text) == ann.room(bob)
    assert ann.me.resolve("#lobby") == ann.me.resolve("lobby") == LOBBY
    for text in ("nobody", short[:3], "#general", ""):
        with pytest.raises(UnknownTarget):
            ann.me.resolve(text)
    for text in ("p2pim1qqqq", encode_peer_id(ann.peer_id)):
        with pytest.raises(BadInput):
            ann.me.resolve(text)


def test_two_of_one_name_are_told_apart_by_id() -> None:
    company = Company()
    ann, one, two = named(company, "Ann"), named(company, "Bob"), named(company, "Bob")
    company.meet(ann, one)
    company.meet(ann, two)
    with pytest.raises(AmbiguousTarget) as caught:
        ann.me.find_peer("bob")
    assert short_id(one.peer_id) in str(caught.value)
    assert short_id(two.peer_id) in str(caught.value)


def test_somebody_never_seen_can_be_written_to_by_full_id() -> None:
    company = Company()
    ann, bob = company.hire("ann"), company.hire("bob")
    room = ann.me.resolve(encode_peer_id(bob.peer_id))
    ann.me.send_text(room, "when you come")
    company.meet(bob, ann)
    assert bob.reads(ann) == ["when you come"]


def test_shutting_down_says_goodbye_and_nothing_is_lost() -> None:
    company = Company()
    ann, bob = company.friends("ann", "bob")
    ann.me.shut_down()
    company.run(1)
    assert not company.linked(bob, ann)
    with pytest.raises(NotNow):
        ann.me.add_address("10.0.0.1", 26747)
    bob.write(ann, "later then")
    company.meet(bob, ann)
    assert ann.reads(bob) == ["later then"]


def test_how_far_away_somebody_is() -> None:
    company = Company()
    anna, ben = company.friends("anna", "ben")
    assert anna.sees(ben).reach == "linked"
    ben.me.set_presence("invisible", None, None)
    company.run(1)
    assert anna.sees(ben).reach == "away", "as who is invisible wants it"
    company.part(anna, ben)
    assert anna.sees(ben).reach == "away"
    anna.me.views.reach = lambda peer_id: "no-answer"
    assert anna.sees(ben).reach == "no-answer"


def test_who_was_named_by_others_alone_was_never_met() -> None:
    company = Company()
    anna, stranger = company.hire("anna"), company.hire("ben")
    with anna.me.store.transaction():
        anna.me.people.ensure_room(stranger.peer_id)
    anna.me.set_petname(stranger.peer_id, "Ben")
    assert anna.sees(stranger).reach == "never-met"


def test_a_conversation_is_known_by_its_id_before_anything_was_said_in_it() -> None:
    company = Company()
    ann, bob = company.hire("ann"), company.hire("bob")
    company.meet(ann, bob)
    (peer,) = [peer for peer in ann.me.peers() if peer.peer_id == bob.peer_id]
    assert ann.me.history(ann.me.resolve(peer.room.hex())) == []
    ann.me.send_text(ann.me.resolve(peer.room.hex()), "hello")
    company.run(1)
    assert bob.reads(ann) == ["hello"]
    assert ann.me.resolve("00" * 32) == bytes(32)  # whoever uses it is told that there is none
