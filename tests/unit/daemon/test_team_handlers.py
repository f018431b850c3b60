"""The team methods of the API over a real node in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from p2pim.api import schema
from p2pim.config import Paths, Settings
from p2pim.daemon import team_handlers
from p2pim.daemon.handlers import Handlers
from p2pim.errors import AmbiguousTarget, BadInput, NotNow, UnknownTarget
from p2pim.protocol.identity import encode_peer_id, short_id
from tests.fakes import FakeNode, identity
from tests.served import care_of
from tests.unit.daemon.test_views import fits

BEN = identity("ben").peer_id


@pytest.fixture
def node() -> FakeNode:
    return FakeNode()


class Api:
    """The handlers; every result must be just what the schema says."""

    def __init__(self, node: FakeNode) -> None:
        care = care_of(Paths("/nowhere"), node.identity)
        self.handlers = Handlers(node, Settings(), Path("/c/config.toml"), lambda: None, care)

    def __call__(self, method: str, **params: Any) -> Any:
        result = self.handlers.call(method, params)
        form: Any = schema.METHODS[method].result
        whole = isinstance(result, list)
        assert all(fits(one, form.__args__[0]) for one in result) if whole else fits(result, form)
        return result


@pytest.fixture
def api(node: FakeNode) -> Api:
    return Api(node)


@pytest.fixture
def blue(api: Api) -> str:
    team: str = api("team.create", name="Blue")["team"]
    return team


def test_founding_and_listing(api: Api, blue: str) -> None:
    assert api("team.list") == [
        {
            "team": blue,
            "name": "Blue",
            "role": "owner",
            "members": 1,
            "mine": True,
            "unread": 0,
            "waiting": 0,
        }
    ]
    (room,) = (room for room in api("rooms.list") if room["kind"] == "team")
    assert (room["room"], room["name"], room["team"]) == (blue, "#Blue", None)
    for target in (blue, "#Blue", "#blue"):
        assert api("rooms.get", room=target) == room
    with pytest.raises(BadInput, match="already"):
        api("team.create", name="blue")


def test_a_team_is_meant_by_its_name_with_or_without_the_sign(api: Api, blue: str) -> None:
    members = api("team.members", room="Blue")
    assert members == api("team.members", room="#blue") == api("team.members", room=blue)
    assert [(m["name"], m["role"], m["mine"]) for m in members] == [("ann", "owner", True)]
    api("room.create", team="Blue", name="news")
    with pytest.raises(BadInput, match="not a team"):
        api("team.invites", team="#Blue/news")
    for nothing in ("#lobby", "Red", "00" * 32):
        with pytest.raises(UnknownTarget, match="no room"):
            api("team.members", room=nothing)


def test_people_come_get_a_role_and_go(api: Api, blue: str) -> None:
    assert api("team.grant", room="Blue", peer="ben", role="member", name="Ben B.") == {
        "peer_id": encode_peer_id(BEN),
        "name": "ben",
    }
    assert [m["certified"] for m in api("team.members", room="Blue")] == ["", "Ben B."]
    api("team.grant", room="Blue", peer="Ben B.", role="admin")
    assert [m["role"] for m in api("team.members", room="Blue")] == ["owner", "admin"]
    assert api("team.remove", room="Blue", peer=short_id(BEN))["peer_id"] == encode_peer_id(BEN)
    assert len(api("team.members", room="Blue")) == 1
    with pytest.raises(NotNow, match="founded it"):
        api("team.leave", room="Blue")
    with pytest.raises(BadInput, match="leave instead"):
        api("team.remove", room="Blue", peer="ann")


def test_an_invite_names_where_this_machine_is(api: Api, blue: str) -> None:
    made = api("team.invite", team="Blue", uses=3, days=2, approval=True, label="For all")
    assert made["code"] in made["link"]
    assert made["link"].endswith("&n=Blue&a=192.168.1.5:26747&a=%5Bfd00::5%5D:26747")
    (invite,) = api("team.invites", team="Blue")
    assert (invite["id"], invite["label"], invite["uses"], invite["approval"]) == (
        made["id"],
        "For all",
        3,
        True,
    )
    assert invite["state"] == "open"
    api("team.revoke", team="Blue", invite=made["id"][:4])
    assert api("team.invites", team="Blue")[0]["state"] == "revoked"
    plain = api("team.invite", team="Blue")
    shown = next(i for i in api("team.invites", team="Blue") if i["id"] == plain["id"])
    assert (shown["uses"], shown["approval"], shown["label"]) == (1, False, "")


def test_which_invite_is_meant_must_be_clear(api: Api, blue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ("abc", "xyz0", ""):
        with pytest.raises(BadInput, match="at least 4 digits"):
            api("team.revoke", team="Blue", invite=wrong)
    with pytest.raises(UnknownTarget, match="no such invite"):
        api("team.revoke", team="Blue", invite="abcd")
    made = api("team.invite", team="Blue")
    (view,) = api.handlers._node.teams.invites(bytes.fromhex(blue))
    other = bytes.fromhex(made["id"][:62]) + b"\x00"
    monkeypatch.setattr(api.handlers._node.teams, "invites", lambda team: [view, replace(view, id=other)])
    with pytest.raises(AmbiguousTarget, match="more digits"):
        api("team.revoke", team="Blue", invite=made["id"][:4])


def test_joining(api: Api, node: FakeNode) -> None:
    other = FakeNode()
    team = other.teams.create("Red")
    code, link, _ = other.teams.invite(team, addresses=[("10.1.2.3", 26747), ("fd00::9", 2000)])
    begun = api("team.join", invitation=link)
    assert begun["addresses"] == ["10.1.2.3:26747", "[fd00::9]:2000"]
    assert node.tried == [("10.1.2.3", 26747), ("fd00::9", 2000)]
    assert api("team.join", invitation=f" {code.lower()}\n") == begun | {"addresses": []}
    (join,) = api("team.joins")
    assert join["join"] == begun["join"]
    for wrong in ("", "abc", "00" * 32):
        with pytest.raises(UnknownTarget, match="no such join"):
            api("team.give_up", join=wrong)
    api("team.give_up", join=begun["join"][:8])
    assert api("team.joins") == []
    with pytest.raises(BadInput, match="mistyped"):
        api("team.join", invitation=code[:-1] + ("0" if code[-1] != "0" else "1"))


def test_an_address_that_is_no_good_stops_no_join(
    api: Api, node: FakeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = FakeNode()
    _, link, _ = other.teams.invite(
        other.teams.create("Red"), addresses=[("10.1.2.3", 26747), ("x.lan", 2000)]
    )

    def refuse(host: str, port: int) -> None:
        if host == "10.1.2.3":
            raise BadInput("this node itself")

    monkeypatch.setattr(node, "add_address", refuse)
    assert api("team.join", invitation=link)["addresses"] == ["x.lan:2000"]
    assert len(api("team.joins")) == 1


def test_rooms_of_a_team(api: Api, blue: str) -> None:
    api("team.grant", room="Blue", peer="ben", role="member")
    news = api("room.create", team="Blue", name="news")
    assert (news["kind"], news["name"], news["team"], news["members"]) == ("channel", "#Blue/news", blue, 2)
    plan = api("room.create", team="Blue", name="plan", private=True, members=["ben"])
    assert (plan["kind"], plan["members"]) == ("group", 2)
    with pytest.raises(BadInput, match="open to its whole team"):
        api("room.create", team="Blue", name="x", members=["ben"])
    assert api("room.archive", room="news", archived=True)["archived"]
    assert not api("room.archive", room="#Blue/news", archived=False)["archived"]
    assert api("team.rename", room="Blue", name="Red")["name"] == "#Red"
    assert api("rooms.get", room=news["room"])["name"] == "#Red/news"


def test_rules(api: Api, blue: str) -> None:
    assert api("team.policy", room="Blue") == {"values": {}, "gen": 0}
    values = {"relay": False, "retention_days": 30, "file_types_allowed": ["pdf"], "minimum_version": "1.2"}
    assert api("team.policy", room="Blue", values=values) == {"values": values, "gen": 1}
    assert api("team.policy", room="Blue", values={}) == {"values": values, "gen": 1}


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"retention_day": 3}, "There is no rule 'retention_day': did you mean 'retention_days'?"),
        ({"motd": "hi"}, "There is no rule 'motd': known: open_network, relay, "),
        ({"retention_days": "a week"}, "Rule 'retention_days': expected a whole number of at least 1."),
        ({"relay": True, "subnets": ["10.0.0.0/8"]}, "subnets is for the policy of a machine"),
    ],
)
def test_a_rule_that_would_bind_nobody_is_not_set(
    api: Api, blue: str, values: dict[str, object], says: str
) -> None:
    with pytest.raises(BadInput) as refused:
        api("team.policy", room="Blue", values=values)
    assert says in str(refused.value)
    assert api("team.policy", room="Blue")["values"] == {}


def test_a_rule_is_taken_back_and_is_for_a_whole_team(api: Api, blue: str) -> None:
    api("team.policy", room="Blue", values={"retention_days": 30})
    taken_back = {"retention_days": False}
    assert api("team.policy", room="Blue", values=taken_back) == {"values": taken_back, "gen": 2}
    api("room.create", team="Blue", name="news")
    with pytest.raises(BadInput, match="a whole team"):
        api("team.policy", room="news", values={"relay": False})


def test_the_log(api: Api, blue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("Red", "Green"):
        api("team.rename", room=blue, name=name)
    log = api("team.log", room=blue)
    assert [line["text"] for line in log["lines"]] == [
        "ann founded the team Blue",
        "ann renamed it to Red",
        "ann renamed it to Green",
    ]
    assert (log["name"], log["total"], log["faults"]) == ("#Green", 3, None)
    checked = api("team.log", room=blue, verify=True, limit=2)
    assert (checked["lines"], checked["total"], checked["faults"]) == (log["lines"][1:], 3, [])
    assert checked["fingerprint"] == log["fingerprint"]
    monkeypatch.setattr(team_handlers, "LARGEST_ANSWER", 400)
    assert api("team.log", room=blue)["lines"] == log["lines"][-1:]
    with pytest.raises(BadInput, match="at least 1"):
        api("team.log", room=blue, limit=0)


def test_a_damaged_log_names_what_fails(api: Api, node: FakeNode, blue: str) -> None:
    node.real.store.database.execute("UPDATE control SET signature = zeroblob(64)")
    log = api("team.log", room=blue, verify=True)
    assert [fault["id"] for fault in log["faults"]] == [blue, blue]
    assert log["lines"] == []
