"""The published vectors: what the code gives, and what the specifications give without any of our code."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from p2pim.errors import DecodeError, HandshakeError
from p2pim.protocol import records
from p2pim.protocol.connection import Connection, Ready, RecordReceived
from p2pim.protocol.handshake import Handshake, Session, StaticKey
from p2pim.protocol.identity import Identity, check_peer_id, decode_peer_id, digest, verify
from p2pim.protocol.network import Network, match_preamble, matching
from tests import reference_noise
from tests.wire import Dice, Rules

ROOT = Path(__file__).resolve().parents[3]


def load(name: str) -> Any:
    return json.loads((ROOT / "tests" / "vectors" / f"{name}.json").read_text(encoding="utf-8"))


def raw(text: str) -> bytes:
    return bytes.fromhex(text)


def test_the_code_still_gives_the_published_vectors() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "vectors.py"), "--check"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, result.stderr) == (0, "")


# keys.json


def test_identities() -> None:
    for given in load("keys")["identities"]:
        private = Ed25519PrivateKey.from_private_bytes(raw(given["seed"]))
        assert private.public_key().public_bytes_raw() == raw(given["peer_id"])
        assert decode_peer_id(given["text"]) == raw(given["peer_id"])
        assert given["text"][6:14] == given["short_id"]


def test_digests_and_signatures() -> None:
    given = load("keys")
    for item in given["digests"]:
        prefix = b"p2pim/1 " + item["context"].encode() + b"\0"
        assert hashlib.sha256(prefix + raw(item["data"])).hexdigest() == item["digest"]
        assert digest(item["context"], raw(item["data"])).hex() == item["digest"]
    for item in given["signatures"]:
        key = Ed25519PrivateKey.from_private_bytes(raw(item["seed"])).public_key()
        prefix = b"p2pim/1 " + item["context"].encode() + b"\0"
        key.verify(raw(item["signature"]), prefix + raw(item["data"]))
        assert verify(key.public_bytes_raw(), item["context"], raw(item["data"]), raw(item["signature"]))


def test_safety_numbers() -> None:
    for given in load("keys")["safety_numbers"]:
        digits = ""
        for peer_id in sorted(map(raw, given["peer_ids"])):
            state = b"\0\1" + peer_id
            for _ in range(5200):
                state = hashlib.sha512(state + peer_id).digest()
            digits += "".join(
                f"{int.from_bytes(state[i : i + 5], 'big') % 100_000:05}" for i in range(0, 30, 5)
            )
        assert digits == given["digits"]


def test_what_is_no_identity() -> None:
    given = load("keys")
    for peer_id in given["refused_peer_ids"]:
        with pytest.raises(DecodeError):
            check_peer_id(raw(peer_id))
    for text in given["refused_texts"]:
        with pytest.raises(DecodeError):
            decode_peer_id(text)


# preamble.json


def test_network_keys() -> None:
    for given in load("preamble")["networks"]:
        for name in ("psk", "dial", "mdns"):
            hkdf = HKDF(SHA256(), 32, salt=b"p2pim/1 net", info=name.encode())
            assert hkdf.derive(raw(given["secret"])).hex() == given[name]


def test_preambles() -> None:
    given = load("preamble")
    networks = {item["name"]: item for item in given["networks"]}
    ours = [Network(name, raw(item["secret"])) for name, item in networks.items()]
    for item in given["preambles"]:
        head = b"P2PM\x01" + bytes((item["flags"], 0, 0)) + raw(item["nonce"])
        tag = hmac.digest(raw(networks[item["network"]]["dial"]), head, "sha256")[:16]
        assert raw(item["preamble"]) == head + tag
        found = match_preamble(raw(item["preamble"]), ours)
        assert (found is not None) is item["accepted"]
        assert found is None or found.name == item["network"]


def test_slots() -> None:
    given = load("preamble")
    advertised = given["advertisement"]
    found = raw(advertised["slots"])
    keys = {item["name"]: raw(item["mdns"]) for item in given["networks"]}
    for item in given["slots"]:
        assert hmac.digest(keys[item["network"]], item["label"].encode(), "sha256")[:8] == raw(item["slot"])
        assert raw(item["slot"]) in [found[i : i + 8] for i in range(0, 64, 8)]
    text = advertised["txt"]["t"]
    assert base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) == found
    team = Network("team", raw(given["networks"][1]["secret"]))
    assert matching([team], advertised["label"], found) is team


# handshake.json and transport.json


@pytest.mark.parametrize("given", load("handshake")["handshakes"], ids=lambda given: given["network"])
def test_handshakes_by_the_noise_specification_alone(given: dict[str, Any]) -> None:
    parties = {}
    for name in ("initiator", "responder"):
        parties[name] = reference_noise.Party(
            name == "initiator",
            raw(given["prologue"]),
            raw(given["psk"]),
            raw(given[name]["static_private"]),
            raw(given[name]["ephemeral_private"]),
        )
        fields = msgspec.msgpack.decode(raw(given[name]["payload"]), strict=True)
        assert fields[0] == raw(given[name]["peer_id"])
        static = raw(given[name]["static_public"])
        Ed25519PublicKey.from_public_bytes(fields[0]).verify(fields[1], b"p2pim/1 static\0" + static)
        assert fields[2] == raw(given[name]["boot_id"])
        assert fields.get(3) == (0 if name == "initiator" else None)
    a, b = parties["initiator"], parties["responder"]
    payloads = [b"", raw(given["responder"]["payload"]), raw(given["initiator"]["payload"])]
    for (writer, reader), payload, message in zip(
        ((a, b), (b, a), (a, b)), payloads, given["messages"], strict=True
    ):
        assert writer.write(payload) == raw(message)
        assert reader.read(raw(message)) == payload
    assert a.h == b.h == raw(given["handshake_hash"])
    assert [cipher.key.hex() for cipher in a.split()] == [
        given["initiator_to_responder_key"],
        given["responder_to_initiator_key"],
    ]


def make_session(given: dict[str, Any], *, initiator: bool) -> Session:
    """Go through a published handshake on one side, with the other side's messages from the file."""
    made_of = given["initiator" if initiator else "responder"]
    side = Handshake(
        initiator=initiator,
        psk=raw(given["psk"]),
        preamble=raw(given["preamble"]),
        identity=Identity(raw(made_of["seed"])),
        static=StaticKey(raw(made_of["static_private"])),
        boot_id=raw(made_of["boot_id"]),
        random=lambda _size: raw(made_of["ephemeral_private"]),
    )
    for index, message in enumerate(given["messages"]):
        if (index % 2 == 0) is initiator:
            assert side.write() == raw(message)
        else:
            side.read(raw(message))
    other = given["responder" if initiator else "initiator"]
    assert side.remote is not None
    assert side.remote.peer_id == raw(other["peer_id"])
    assert side.remote.boot_id == raw(other["boot_id"])
    assert side.session is not None
    assert side.session.handshake_hash == raw(given["handshake_hash"])
    return side.session


@pytest.mark.parametrize("initiator", [True, False])
def test_handshakes_by_our_code(initiator: bool) -> None:
    for given in load("handshake")["handshakes"]:
        make_session(given, initiator=initiator)


@pytest.mark.parametrize("direction", ["initiator_to_responder", "responder_to_initiator"])
def test_transport_by_the_noise_specification_alone(direction: str) -> None:
    given = load("transport")
    cipher = reference_noise.Cipher(raw(given[f"{direction}_key"]))
    index = 0
    for item in given[direction]:
        for passed in range(index, item["index"]):
            if (passed + 1) % 65_536 == 0:
                cipher.rekey()
        index = item["index"]
        cipher.count = index
        frame = raw(item["frame"])
        assert frame[:2] == len(frame[2:]).to_bytes(2, "big")
        assert cipher.decrypt(frame[2:]) == raw(item["plaintext"])
        assert raw(item["plaintext"]) == b"\x02" + index.to_bytes(8, "big")
    assert index > 2 * 65_536


def test_transport_by_our_code() -> None:
    given = load("transport")
    handshake = load("handshake")["handshakes"][0]
    assert handshake["handshake_hash"] == given["handshake_hash"]
    for direction, initiator in (("initiator_to_responder", True), ("responder_to_initiator", False)):
        session = make_session(handshake, initiator=initiator)
        published = {item["index"]: raw(item["frame"])[2:] for item in given[direction]}
        for index in range(max(published) + 1):
            sealed = session.encrypt(b"\x02" + index.to_bytes(8, "big"))
            assert published.get(index, sealed) == sealed


def test_a_session_of_the_file_refuses_a_frame_of_the_other_direction() -> None:
    given = load("transport")
    session = make_session(load("handshake")["handshakes"][0], initiator=True)
    with pytest.raises(HandshakeError):
        session.decrypt(raw(given["initiator_to_responder"][0]["frame"])[2:])


def test_the_published_bytes_make_a_connection_ready() -> None:
    """A whole responder, met with nothing but what the files hold and a HELLO."""
    given = load("handshake")["handshakes"][0]
    made_of = given["responder"]
    values = iter([b"\x80", raw(made_of["ephemeral_private"])])  # the jitter of its pings, then its ephemeral
    responder = Connection(
        initiator=False,
        identity=Identity(raw(made_of["seed"])),
        static=StaticKey(raw(made_of["static_private"])),
        boot_id=raw(made_of["boot_id"]),
        networks=[Network("open", raw(load("preamble")["networks"][0]["secret"]))],
        hello=lambda: records.Hello([1], 0, "bob", "test"),
        now=0.0,
        random=lambda size: next(values, Dice("later")(size)),
        policy=Rules(),
    )
    responder.receive_data(raw(given["sent_by_initiator"]), 0.0)
    assert responder.data_to_send().startswith(raw(given["sent_by_responder"]))
    cipher = reference_noise.Cipher(raw(given["initiator_to_responder_key"]))
    hello, text = records.Hello([1], 0, "alice", "test"), records.State(0, "hi")
    for record in (hello, text):
        sealed = cipher.encrypt(records.encode(record))
        responder.receive_data(len(sealed).to_bytes(2, "big") + sealed, 0.0)
    event = responder.next_event()
    assert isinstance(event, Ready)
    assert event.hello == hello
    assert event.peer_id == raw(given["initiator"]["peer_id"])
    assert responder.next_event() == RecordReceived(text)


# records.json


def test_records() -> None:
    given = load("records")
    for item in given["records"]:
        plaintext = raw(item["plaintext"])
        record = records.decode(plaintext)
        assert plaintext[0] == item["type"]
        assert type(record).__name__ == item["name"]
        assert list(item["fields"]) == list(record.__struct_fields__)
        assert not isinstance(record, records.Unknown)
        assert records.encode(record) == plaintext
    assert {item["type"] for item in given["records"]} == set(records.TYPES.values())
    for item in given["with_newer_fields"]:
        assert records.decode(raw(item["plaintext"])) == records.decode(raw(item["same_as"]))
    for item in given["ignored"]:
        assert records.decode(raw(item)) == records.Unknown(raw(item)[0])
    for item in given["refused"]:
        with pytest.raises(DecodeError):
            records.decode(raw(item["plaintext"]))
