"""The vectors of teams: what governs them, and who is what by it."""

from __future__ import annotations

from typing import Any

import pytest

from . import control
from .authority import Fold, is_served
from .keys import (
    Identity,
    digest,
)
from .messages import open_message
from .test_vectors import refuses, un, vectors


def test_control() -> None:
    v = vectors("control")
    for each in v["contents"]:
        body = control.read(each["kind"], un(each["content"]))
        assert body is not None
        given = list(each["fields"].values())
        for mine, theirs in zip(body.values(), given, strict=True):
            assert _plain(mine) == theirs
    for each in v["accepted"]:
        assert control.read(each["kind"], un(each["content"])) == control.read(
            each["kind"], un(each["same_as"])
        )
    assert not [
        each["why"] for each in v["refused"] if not refuses(control.read, each["kind"], un(each["content"]))
    ]
    for each in v["consents"]:
        joiner = Identity(un(each["seed"]))
        signed = un(each["invite"]), un(each["proof"]), each["name"]
        assert control.consents(joiner.peer_id, *signed, un(each["consent"]))
        assert not control.consents(joiner.peer_id, *signed[:2], "another", un(each["consent"]))


def _plain(value: Any) -> Any:
    """Write a value as the files do."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    return value


def test_secrets_of_a_team() -> None:
    given = vectors("authority")["secrets"]
    parts = [un(part) for part in [given["first"], *given["removals"]]]
    for i, secret in enumerate(given["secrets"], 1):
        assert digest("net", un(given["team"]) + b"".join(parts[:i])).hex() == secret


@pytest.mark.parametrize("story", vectors("authority")["stories"], ids=lambda story: story["name"])
def test_authority(story: dict[str, Any]) -> None:
    people = {n: un(p["peer_id"]) for n, p in vectors("authority")["people"].items()}
    team = control.Room(un(story["rooms"]["team"]))
    rooms = {name: control.Room(un(id_), team) for name, id_ in story["rooms"].items()} | {"team": team}
    for each in story["messages"]:
        message = open_message(un(each["header"]), un(each["signature"]), un(each["content"]))
        assert rooms[each["room"]].enter(message) == each["verdict"]
    for given in story["results"]:
        room, now = rooms[given["room"]], given["now"]
        fold = Fold(room, now)
        came = {
            id_: {"admits": [a.id for a in c.admits], "too_many": c.too_many, "revoked": c.revoked}
            for id_, c in fold.invites.items()
        }
        assert given == _plain(
            {
                "room": given["room"],
                "now": now,
                "timelines": fold.timelines,
                "roles": {n: fold.role_at(p) for n, p in people.items()},
                "roles_at": {
                    c: [fold.role_at(p, int(c)) for p in people.values()] for c in given["roles_at"]
                },
                "served": None if now is None else [n for n, p in people.items() if is_served(room, p, now)],
                "ever_named": [n for n, p in people.items() if p in room.ever_named()],
                "names": fold.names(),
                "name": fold.name(),
                "policy": fold.policy(),
                "rulings": fold.rulings(),
                **fold.expiry([int(t) for t in given["expired_below"]]),
                "policy_gen": fold.policy_gen(),
                "gens": fold.gens(),
                "invites": came,
                "counting": sorted(fold.counting()),
                "secrets": fold.secrets(),
            }
        )
