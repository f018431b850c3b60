"""The published vectors of control messages and authority, by our code; tests/interop has them by the text alone."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from p2pim.errors import DecodeError
from p2pim.protocol.authority import Authority, network_secrets
from p2pim.protocol.control import KINDS, consent, decode, encode, kind_of
from p2pim.protocol.controlset import ControlSet, Verdict
from p2pim.protocol.identity import Identity
from p2pim.protocol.message import Message
from p2pim.protocol.records import Signed
from tests.wire import open_message

FOLDER = Path(__file__).resolve().parents[2] / "vectors"
CONTROL = json.loads((FOLDER / "control.json").read_text(encoding="utf-8"))
AUTHORITY = json.loads((FOLDER / "authority.json").read_text(encoding="utf-8"))
PEOPLE = {name: bytes.fromhex(person["peer_id"]) for name, person in AUTHORITY["people"].items()}
raw = bytes.fromhex


# control.json


def as_packed(value: Any, like: Any) -> Any:
    """A field as the file has it, in the form in which MessagePack has it."""
    if isinstance(like, bytes):
        return raw(value)
    if isinstance(like, list):
        return [as_packed(one, other) for one, other in zip(value, like, strict=True)]
    return value


@pytest.mark.parametrize("given", CONTROL["contents"], ids=lambda given: given["name"])
def test_contents(given: dict[str, Any]) -> None:
    content = raw(given["content"])
    body = decode(given["kind"], content)
    assert body is not None
    assert type(body).__name__ == given["name"]
    assert list(body.__struct_fields__) == list(given["fields"])
    assert encode(body) == content
    elements = msgspec.msgpack.decode(content)
    fields = [as_packed(v, e) for v, e in zip(given["fields"].values(), elements, strict=True)]
    assert msgspec.msgpack.Encoder(order="sorted").encode(fields) == content


def test_every_kind_has_its_example() -> None:
    assert {given["kind"] for given in CONTROL["contents"]} == set(KINDS)


def test_what_says_the_same_and_what_says_nothing() -> None:
    for given in CONTROL["accepted"]:
        body = decode(given["kind"], raw(given["content"]))
        assert body is not None
        assert (kind_of(body), encode(body).hex()) == (given["kind"], given["same_as"]), given["why"]
    for given in CONTROL["refused"]:
        with pytest.raises(DecodeError):
            decode(given["kind"], raw(given["content"]))


def test_consents() -> None:
    for given in CONTROL["consents"]:
        invite, proof, name = raw(given["invite"]), raw(given["proof"]), given["name"]
        key = Ed25519PrivateKey.from_private_bytes(raw(given["seed"]))
        data = b"p2pim/1 consent\0" + invite + proof + (name or "").encode()
        assert key.sign(data).hex() == given["consent"]
        assert consent(Identity(raw(given["seed"])), invite, proof, name).hex() == given["consent"]


# authority.json


def test_secrets() -> None:
    given = AUTHORITY["secrets"]
    made = network_secrets(raw(given["team"]), raw(given["first"]), map(raw, given["removals"]))
    assert [secret.hex() for secret in made] == given["secrets"]


def opened(given: dict[str, Any]) -> Message:
    message = open_message(Signed(raw(given["header"]), raw(given["signature"]), raw(given["content"])))
    assert message.id.hex() == given["id"]
    assert message.header.author in PEOPLE.values()
    return message


def rooms_of(story: dict[str, Any]) -> dict[str, ControlSet]:
    team = ControlSet(raw(story["rooms"]["team"]))
    others = {name: ControlSet(raw(i), team) for name, i in story["rooms"].items() if name != "team"}
    return {"team": team} | others


def plain(control: ControlSet, authority: Authority, given: dict[str, Any]) -> dict[str, Any]:
    now = given["now"]
    return {
        "room": given["room"],
        "now": now,
        "timelines": {
            p.hex(): [[s.gen, s.start, s.role, s.by.hex()] for s in steps]
            for p, steps in authority.timelines.items()
        },
        "roles": {name: authority.role(p) for name, p in PEOPLE.items()},
        "roles_at": {c: [authority.role_at(p, int(c)) for p in PEOPLE.values()] for c in given["roles_at"]},
        "served": None if now is None else [n for n, p in PEOPLE.items() if control.is_member(p, now)],
        "ever_named": [name for name, p in PEOPLE.items() if p in control.ever],
        "names": {p.hex(): name for p, name in authority.names.items()},
        "name": authority.name,
        "policy": authority.policy,
        "rulings": {key: [list(one) for one in found] for key, found in authority.rulings.items()},
        "maybe_expired_below": authority.maybe_expired_below(max(map(int, given["expired_below"]))),
        "expired_below": {t: authority.expired_below(int(t)) for t in given["expired_below"]},
        "policy_gen": authority.policy_gen,
        "gens": {p.hex(): gen for p, gen in authority.gens.items()},
        "invites": {
            i.hex(): {"admits": [a.id.hex() for a in s.admits], "too_many": s.over, "revoked": s.revoked}
            for i, s in authority.invites.items()
        },
        "counting": sorted(i.hex() for i in authority.counting),
        "secrets": [secret.hex() for secret in authority.secrets],
    }


@pytest.mark.parametrize("story", AUTHORITY["stories"], ids=lambda story: story["name"])
def test_stories(story: dict[str, Any]) -> None:
    rooms = rooms_of(story)
    for given in story["messages"]:
        assert rooms[given["room"]].add(opened(given)).name.lower() == given["verdict"]
    for given in story["results"]:
        control = rooms[given["room"]]
        authority = control.authority(given["now"])
        assert authority is not None
        assert plain(control, authority, given) == given


@pytest.mark.parametrize("story", AUTHORITY["stories"], ids=lambda story: story["name"])
def test_stories_told_in_another_order(story: dict[str, Any]) -> None:
    rooms = rooms_of(story)
    waiting = [(rooms[m["room"]], opened(m)) for m in story["messages"] if m["verdict"] == "enters"]
    rng = random.Random(story["name"])
    while waiting:
        rng.shuffle(waiting)
        waiting = [(r, m) for r, m in waiting if r.add(m) in (Verdict.ORPHAN, Verdict.EARLY, Verdict.REFUSED)]
    for given in story["results"]:
        authority = rooms[given["room"]].authority(given["now"])
        assert authority is not None
        assert plain(rooms[given["room"]], authority, given) == given
