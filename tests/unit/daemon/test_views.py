from __future__ import annotations

import typing
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from p2pim.api import schema, team_schema
from p2pim.config.policy import Rule
from p2pim.daemon import views
from p2pim.node import events
from p2pim.node.audit import Fault
from p2pim.protocol.identity import decode_peer_id
from tests.fakes import LOBBY, FakeNode, identity


@pytest.fixture
def node() -> FakeNode:
    return FakeNode()


def fits(value: Any, form: Any) -> bool:
    """Whether a value survives the way through JSON as just what the schema says."""
    back = msgspec.json.decode(msgspec.json.encode(value), type=form)
    return bool(back == value) and set(typing.get_type_hints(form)) >= set(value)


def test_every_view_is_what_the_schema_says(node: FakeNode) -> None:
    sent = node.send_text(LOBBY, "x", None)
    node.deliver(sent)
    assert fits(views.status(node.status(), 7), schema.Status)
    assert all(fits(views.peer(view), schema.Peer) for view in node.peers())
    assert all(fits(views.room(view), schema.Room) for view in node.conversations())
    assert fits(views.message(node.messages[0]), schema.Message)
    assert fits(views.check(node.checks[0]), schema.Check)
    for value in (True, 7, "1.2", ("a", "b")):
        assert fits(views.rule(Rule("key", value, "machine policy (/p.toml)")), schema.Rule)


def test_ids_are_text_that_leads_back(node: FakeNode) -> None:
    sent = node.send_text(LOBBY, "x", None)
    node.deliver(sent)
    shown = views.message(node.messages[0])
    assert bytes.fromhex(shown["id"]) == sent.id
    assert bytes.fromhex(shown["room"]) == LOBBY
    assert decode_peer_id(shown["author"]) == node.peer_id
    assert decode_peer_id(shown["deliveries"][0]["peer_id"]) == identity("ben").peer_id


def test_every_event_has_a_type_the_schema_knows(node: FakeNode) -> None:
    message = node.receive("ben", "x")
    happened: list[events.Event] = [
        events.MessageAdded(message, True),
        events.MessageChanged(message, "reaction"),
        events.PeerChanged(node.known["ben"]),
        events.Typing(LOBBY, identity("ben").peer_id),
        events.RoomRead(LOBBY, 3, 2),
        events.StorageChanged("full"),
        events.NetworkChanged("no network"),
        events.ProfileChanged(),
        events.PolicyChanged(),
        events.RoomChanged(LOBBY),
        events.JoinChanged(b"secret", "joined", "You are in Blue now.", LOBBY),
    ]
    assert {type(one) for one in happened} == set(typing.get_args(events.Event))
    shown = [{"seq": 1, **views.event(one)} for one in happened]
    assert {one["type"] for one in shown} == set(schema.EVENTS) - {
        "resync",
        "profile.unlocked",
    }  # the server's own
    assert all(fits(one, schema.Event) for one in shown)
    assert (shown[1]["what"], shown[4]["mentions"]) == ("reaction", 2)


def test_a_dm_names_its_partner(node: FakeNode) -> None:
    room = events.RoomView(LOBBY, "dm", "ben", identity("ben").peer_id, 0, 0, 5)
    partner = views.room(room)["peer_id"]
    assert partner is not None
    assert decode_peer_id(partner) == identity("ben").peer_id
    assert views.room(replace(room, peer_id=None))["peer_id"] is None


def test_all_that_is_said_about_a_message_is_shown(node: FakeNode) -> None:
    first = node.send_text(LOBBY, "x", None)
    reply = node.receive("ben", "@ann y", reply_to=events.Quote(first.id, None, "", None), mentions_me=True)
    node.react(reply.id, "👍")
    changed = views.message(node.edit(reply.id, "@ann z"))
    assert fits(changed, schema.Message)
    quote = {"id": first.id.hex(), "author": None, "author_name": "", "text": None}
    assert (changed["reply_to"], changed["edited"], changed["mentions_me"]) == (quote, True, True)
    (reaction,) = changed["reactions"]
    assert [decode_peer_id(by) for by in reaction["by"]] == [node.peer_id]
    deleted = views.message(node.delete(reply.id))
    assert fits(deleted, schema.Message)
    assert decode_peer_id(str(deleted["deleted"])) == node.peer_id


def test_team_views_are_what_the_schema_says(node: FakeNode) -> None:
    team = node.teams.create("Blue")
    node.teams.invite(team, label="Cleo")
    (room,) = (view for view in node.conversations() if view.room == team)
    assert views.team(room)["mine"]
    assert not views.team(replace(room, role="none"))["mine"]
    assert fits(views.room(room), schema.Room)
    assert fits(views.team(room), team_schema.Team)
    assert all(fits(views.member(view), team_schema.Member) for view in node.teams.members(team))
    assert all(fits(views.invite(view), team_schema.Invite) for view in node.teams.invites(team))
    assert all(fits(views.log_line(line), team_schema.LogLine) for line in node.roster.log(team, False).lines)
    assert fits(views.log_fault(Fault(team, "was changed")), team_schema.LogFault)


def test_a_join_is_not_named_by_its_secret() -> None:
    shown = views.event(events.JoinChanged(b"secret", "refused", "No."))
    assert shown["join"] == views.join_id(b"secret") != b"secret".hex()
    assert shown["team"] is None
