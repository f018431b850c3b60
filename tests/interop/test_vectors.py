"""Every vector that the specification names, made again by the small implementation."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from . import boxes, invites, records, routes
from .keys import (
    OPEN_SECRET,
    Identity,
    Network,
    digest,
    from_text,
    refused,
    safety_number,
    to_text,
    verify,
)
from .messages import LOBBY, dm, open_message, read_text, seal
from .noise_xx import Cipher, Handshake, payload, public, read_payload
from .packing import Refused, Value, pack, unpack
from .reconcile import END, Bound, Driver, answer, fingerprint, key

VECTORS = Path(__file__).parent.parent / "vectors"
un = bytes.fromhex


def vectors(name: str) -> Any:
    """Read a file of vectors."""
    path = VECTORS / f"{name}.json"
    if not path.exists():
        pytest.skip(f"no {path.name} here")
    return json.loads(path.read_text(encoding="utf-8"))


def refuses(call: Callable[..., object], *args: Any) -> bool:
    """Say whether this is refused."""
    try:
        call(*args)
    except Refused:
        return True
    return False


def test_keys() -> None:
    v = vectors("keys")
    for each in v["identities"]:
        peer_id = Identity(un(each["seed"])).peer_id
        assert peer_id.hex() == each["peer_id"]
        assert to_text(peer_id) == each["text"]
        assert from_text(each["text"]) == from_text(each["text"].upper()) == peer_id
        assert each["text"][6:14] == each["short_id"]
    for each in v["digests"]:
        assert digest(each["context"], un(each["data"])).hex() == each["digest"]
    for each in v["signatures"]:
        identity = Identity(un(each["seed"]))
        assert identity.sign(each["context"], un(each["data"])).hex() == each["signature"]
        assert verify(identity.peer_id, each["context"], un(each["data"]), un(each["signature"]))
        assert not verify(identity.peer_id, "peer", un(each["data"]), un(each["signature"]))
    for each in v["safety_numbers"]:
        assert safety_number(*map(un, each["peer_ids"])) == each["digits"]
    assert all(refused(un(each)) for each in v["refused_peer_ids"])
    assert all(refuses(from_text, each) for each in v["refused_texts"])


def test_preamble() -> None:
    v = vectors("preamble")
    networks = {each["name"]: Network(un(each["secret"])) for each in v["networks"]}
    assert v["networks"][0]["secret"] == OPEN_SECRET.hex()
    for each in v["networks"]:
        network = networks[each["name"]]
        assert [network.psk.hex(), network.dial.hex(), network.mdns.hex()] == [
            each[info] for info in ("psk", "dial", "mdns")
        ]
    for each in v["preambles"]:
        made = networks[each["network"]].preamble(un(each["nonce"]), each["flags"])
        assert made.hex() == each["preamble"]
        assert networks[each["network"]].dialled_by(made) == each["accepted"]
    for each in v["slots"]:
        assert networks[each["network"]].slot(each["label"]).hex() == each["slot"]
    shown = v["advertisement"]
    slots = un(shown["slots"])
    assert base64.urlsafe_b64encode(slots).rstrip(b"=").decode() == shown["txt"]["t"]
    held = {slots[i : i + 8] for i in range(0, 64, 8)}
    assert {networks[name].slot(shown["label"]) for name in shown["networks"]} <= held


def test_handshake() -> None:
    for v in vectors("handshake")["handshakes"]:
        sides = []
        for name in ("initiator", "responder"):
            static, ephemeral = (
                X25519PrivateKey.from_private_bytes(un(v[name][f"{which}_private"]))
                for which in ("static", "ephemeral")
            )
            sides.append(
                Handshake(
                    initiator=name == "initiator",
                    prologue=b"p2pim/1" + un(v["preamble"]),
                    psk=un(v["psk"]),
                    static=static,
                    ephemeral=ephemeral,
                )
            )
            made = payload(
                Identity(un(v[name]["seed"])),
                public(static),
                un(v[name]["boot_id"]),
                initiator=name == "initiator",
            )
            assert made.hex() == v[name]["payload"]
            proof = read_payload(made, public(static), of_initiator=name == "initiator")
            assert (proof.peer_id.hex(), proof.boot_id.hex()) == (v[name]["peer_id"], v[name]["boot_id"])
        payloads = [b"", un(v["responder"]["payload"]), un(v["initiator"]["payload"])]
        for i, expected in enumerate(v["messages"]):
            message = sides[i % 2].write(payloads[i])
            assert message.hex() == expected
            assert sides[1 - i % 2].read(message) == payloads[i]
        first, second = sides
        assert first.rs.hex() == v["responder"]["static_public"]
        assert first.h == second.h == un(v["handshake_hash"])
        assert [c.key for c in first.split()] == [c.key for c in second.split()][::-1]
        there, back = first.split()
        assert (there.key.hex(), back.key.hex()) == (
            v["initiator_to_responder_key"],
            v["responder_to_initiator_key"],
        )
        framed = [f"{len(m) // 2:04x}{m}" for m in v["messages"]]
        assert v["sent_by_initiator"] == v["preamble"] + framed[0] + framed[2]
        assert v["sent_by_responder"] == framed[1]


@pytest.mark.parametrize("direction", ["initiator_to_responder", "responder_to_initiator"])
def test_transport(direction: str) -> None:
    v = vectors("transport")
    sending, receiving = (Cipher(un(v[direction + "_key"])) for _ in range(2))
    shown = {each["index"]: each for each in v[direction]}
    for i in range(max(shown) + 1):
        frame = sending.encrypt(records.encode(records.PING, i.to_bytes(8, "big")))
        plaintext = receiving.decrypt(frame)
        if i in shown:
            assert plaintext.hex() == shown[i]["plaintext"]
            assert (len(frame).to_bytes(2, "big") + frame).hex() == shown[i]["frame"]


def as_value(field: Any, name: str = "") -> Value:
    """Turn a field of records.json into what is packed: all strings but these are bytes in hex."""
    if isinstance(field, str):
        return field if name in ("nickname", "software", "status", "name") else un(field)
    if isinstance(field, dict):
        return tuple(as_value(each, inner) for inner, each in field.items())
    return tuple(as_value(each) for each in field) if isinstance(field, list) else field


def test_records() -> None:
    v = vectors("records")
    for each in v["records"]:
        fields = tuple(as_value(field, name) for name, field in each["fields"].items())
        assert records.encode(each["type"], *fields).hex() == each["plaintext"], each["name"]
        assert records.decode(un(each["plaintext"])) == (each["type"], fields), each["name"]
    for each in v["with_newer_fields"]:
        assert records.decode(un(each["plaintext"])) == records.decode(un(each["same_as"]))
    assert all(records.decode(un(each))[1] == () for each in v["ignored"])
    assert not [each["why"] for each in v["refused"] if not refuses(records.decode, un(each["plaintext"]))]


def test_messages() -> None:
    v = vectors("messages")
    for each in v["rooms"]:
        assert (dm(*map(un, each["peers"])) if each["peers"] else LOBBY).hex() == each["id"]
    for each in v["messages"]:
        fields = each["fields"]
        message = seal(
            Identity(un(each["seed"])),
            un(fields["room"]),
            un(each["content"]),
            clock=fields["clock"],
            parents=tuple(map(un, fields["parents"])),
            kind=fields["kind"],
            target=un(fields["target"]) if fields["target"] else None,
        )
        assert [message.header.hex(), message.signature.hex(), message.id.hex()] == [
            each["header"],
            each["signature"],
            each["id"],
        ]
        assert message.text == each["text"]
    newer = v["with_newer_elements"]
    opened = open_message(un(newer["header"]), un(newer["signature"]), un(newer["content"]))
    assert (opened.id.hex(), opened.text) == (newer["id"], "hello Bob")
    author = Identity(un(v["messages"][0]["seed"]))
    deep = un(v["with_32_levels"]["header"])
    assert open_message(deep, author.sign("message", deep), None).id.hex() == v["with_32_levels"]["id"]
    for each in v["refused_headers"]:
        signature = author.sign("message", un(each["header"]))
        assert refuses(open_message, un(each["header"]), signature, None), each["why"]
    for each in v["refused_messages"]:
        assert refuses(open_message, *(un(each[k]) for k in ("header", "signature", "content"))), each["why"]
    assert {read_text(un(each)) for each in v["contents_that_are_no_text"]} == {None}
    places = [(each["clock"], un(each["id"])) for each in v["in_order"]]
    assert sorted(places) == places


def numbered(spans: list[list[int]]) -> list[Bound]:
    """Make the items of reconcile.json, in order."""
    numbers = [n for span in spans for n in range(*span)]
    return sorted(
        (1_700_000_000_000 + n // 2, hashlib.sha256(n.to_bytes(8, "big")).digest()) for n in numbers
    )


def test_reconcile() -> None:
    v = vectors("reconcile")
    assert key(END).hex() == v["end"]
    for each in v["items"]:
        assert key(numbered([[each["number"], each["number"] + 1, 1]])[0]).hex() == each["key"]
    for each in v["fingerprints"]:
        assert fingerprint(numbered([each["items"]])).hex() == each["fingerprint"]
    room = un(vectors("messages")["rooms"][0]["id"])
    for each in v["runs"]:
        mine, theirs = numbered(each["driver"]), numbered(each["answerer"])
        driver = Driver(mine, each["floor"])
        made = []
        question = driver.question
        while True:
            reply = answer(theirs, question)
            made += [
                records.encode(records.RECONCILE, room, 1, 3, i, r) for i, r in enumerate((question, reply))
            ]
            following = driver.take(mine, reply)
            if following is None:
                break
            question = following
        shown = (
            [hashlib.sha256(m).hexdigest() for m in made]
            if each["records_are_hashes"]
            else [m.hex() for m in made]
        )
        assert shown == each["records"], each["name"]
        assert driver.rounds == each["rounds"]
        for name, ids in (("needed", driver.needed), ("lacking", [id_ for _, id_ in driver.lacking])):
            assert len(ids) == each[name]
            assert hashlib.sha256(b"".join(sorted(ids))).hexdigest() == each[f"{name}_hash"]


def test_invites() -> None:
    v = vectors("invites")
    for each in v["new"]:
        assert invites.code_of(un(each["random"])) == each["code"]
    for each in v["codes"]:
        assert invites.text_of(each["symbols"]) == each["code"]
        assert invites.read_code(each["code"]) == each["symbols"]
    for each in v["typed"]:
        assert invites.read_code(each["text"]) == each["symbols"]
    for each in v["keys"]:
        keys = invites.Keys(each["symbols"])
        team = un(each["team_id"])
        network = Network(keys.secret)
        assert [keys.seed.hex(), keys.identity.peer_id.hex(), keys.secret.hex(), keys.bind(team).hex()] == [
            each["invite_seed"],
            each["invite_public"],
            each["secret"],
            each["bind"],
        ]
        assert {info: getattr(network, info).hex() for info in each["network"]} == each["network"]
        for one in each["proofs"]:
            joiner, proof = un(one["joiner"]), un(one["proof"])
            assert keys.prove(team, joiner) == proof
            assert invites.proves(keys.identity.peer_id, team, joiner, proof)
            assert not invites.proves(keys.identity.peer_id, joiner, team, proof)
    for each in v["written"]:
        assert invites.read(each["link"]) == (each["code"], each["name"], list(map(tuple, each["addresses"])))
    for each in v["read"]:
        assert invites.read(each["text"]) == (each["code"], each["name"], list(map(tuple, each["addresses"])))
    assert not [each["why"] for each in v["refused"] if not refuses(invites.read, each["text"])]


def test_boxes() -> None:
    v = vectors("boxes")
    for each in v["peer_records"]:
        peer_id, seq, nickname, box_key, made = each["fields"]
        record, signature = boxes.write_peer_record(
            Identity(un(each["seed"])), seq, nickname, un(box_key), made
        )
        assert [record.hex(), signature.hex()] == [each["record"], each["signature"]]
        fields = boxes.read_peer_record(record, signature)
        assert fields == (un(peer_id), seq, nickname, un(box_key), made)
    read = boxes.read_peer_record
    taken = [x for x in v["refused_peer_records"] if not refuses(read, un(x["record"]), un(x["signature"]))]
    assert not [each["why"] for each in taken]
    for each in v["boxes"]:
        key = X25519PrivateKey.from_private_bytes(un(each["box_private"]))
        ephemeral = X25519PrivateKey.from_private_bytes(un(each["ephemeral_private"]))
        recipient = un(each["recipient"])
        box = boxes.seal_box(recipient, public(key), un(each["plaintext"]), ephemeral)
        assert box.hex() == each["box"]
        assert digest("box", box).hex() == each["digest"]
        messages = [[part.hex() for part in message] for message in boxes.open_box(recipient, key, box)]
        assert messages == each["messages"]
    wrong = [
        x["why"]
        for x in v["malformed"] + v["unopened"]
        if not refuses(boxes.open_box, recipient, key, un(x["box"]))
    ]
    assert not wrong


def test_packing_reads_back_what_it_writes() -> None:
    values: list[Value] = [None, True, False, "é" * 40, b"x" * 300, (1,) * 20, ()]
    values += [sign * (2**bits + off) for bits in range(63) for off in (-1, 0) for sign in (1, -1)]
    assert [unpack(pack(value)) for value in values] == values


def test_routes() -> None:
    v = vectors("routes")
    for each in v["records"]:
        peer_id, boot, seq, expiry, addresses = each["fields"]
        where = tuple((un(address), port) for address, port in addresses)
        record, signature = routes.write_route(Identity(un(each["seed"])), un(boot), seq, expiry, where)
        assert [record.hex(), signature.hex()] == [each["record"], each["signature"]]
        assert routes.read_route(record, signature) == (un(peer_id), un(boot), seq, expiry, where)
    read = routes.read_route
    taken = [x for x in v["refused"] if not refuses(read, un(x["record"]), un(x["signature"]))]
    assert not [each["why"] for each in taken]
    for each in v["sums"]:
        items = [(un(peer_id), un(boot), seq) for peer_id, boot, seq in each["items"]]
        assert routes.sum_of(items).hex() == each["sum"]
