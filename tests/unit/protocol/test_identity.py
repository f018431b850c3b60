from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from p2pim.errors import DecodeError
from p2pim.protocol import bech32, identity
from p2pim.protocol.identity import (
    Identity,
    Secret,
    check_peer_id,
    decode_peer_id,
    digest,
    encode_peer_id,
    running_digest,
    safety_number,
    short_id,
    verify,
)
from tests.wire import Dice

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
EIGHTH = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"
OTHER_EIGHTH = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"

# every encoding, proper or not, of the points whose order divides 8; the same with the other sign bit
SMALL_ORDER = [
    bytes(32),
    (1).to_bytes(32, "little"),
    bytes.fromhex(EIGHTH),
    bytes.fromhex(OTHER_EIGHTH),
    (P - 1).to_bytes(32, "little"),
    P.to_bytes(32, "little"),
    (P + 1).to_bytes(32, "little"),
]
SMALL_ORDER += [key[:31] + bytes((key[31] | 0x80,)) for key in SMALL_ORDER]

IDENTITY = Identity.from_seed(bytes(range(32)))


def test_the_key_is_that_of_rfc_8032() -> None:
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    expected = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert Identity.from_seed(seed).peer_id.hex() == expected


def test_a_running_digest_is_that_of_everything_so_far() -> None:
    append = running_digest("net", b"first")
    assert [append(b"one"), append(b"two")] == [digest("net", b"firstone"), digest("net", b"firstonetwo")]


def test_generate_takes_its_seed_from_the_given_randomness() -> None:
    made = Identity.generate(Dice("seed"))
    assert made.seed.reveal() == Dice("seed")(32)
    assert Identity.from_seed(made.seed.reveal()).peer_id == made.peer_id


def test_a_seed_of_another_size_is_refused() -> None:
    with pytest.raises(DecodeError, match="32 bytes"):
        Identity.from_seed(bytes(31))


def test_nothing_prints_a_secret() -> None:
    seed = IDENTITY.seed.reveal()
    for shown in (repr(Secret(seed)), str(IDENTITY.seed), repr(IDENTITY), f"{IDENTITY.seed}"):
        assert repr(seed)[2:-1] not in shown
        assert seed.hex() not in shown
    assert repr(IDENTITY.seed) == "<secret>"


def test_a_signature_holds_for_its_context_data_and_key_only() -> None:
    signature = IDENTITY.sign("message", b"text")
    other = Identity.from_seed(bytes(32))
    assert verify(IDENTITY.peer_id, "message", b"text", signature)
    assert not verify(IDENTITY.peer_id, "static", b"text", signature)
    assert not verify(IDENTITY.peer_id, "message", b"texts", signature)
    assert not verify(other.peer_id, "message", b"text", signature)
    assert not verify(IDENTITY.peer_id, "message", b"text", signature[:-1])
    assert not verify(IDENTITY.peer_id, "message", b"text", b"")
    assert not verify(IDENTITY.peer_id[:-1], "message", b"text", signature)


def test_the_prefix_is_part_of_what_is_signed() -> None:
    signature = IDENTITY.sign("static", b"data")
    Ed25519PublicKey.from_public_bytes(IDENTITY.peer_id).verify(signature, b"p2pim/1 static\0data")


def test_a_second_form_of_a_signature_is_refused() -> None:
    signature = IDENTITY.sign("message", b"text")
    larger = int.from_bytes(signature[32:], "little") + L
    assert not verify(IDENTITY.peer_id, "message", b"text", signature[:32] + larger.to_bytes(32, "little"))


@pytest.mark.parametrize("key", SMALL_ORDER, ids=bytes.hex)
def test_keys_of_small_order_are_refused(key: bytes) -> None:
    with pytest.raises(DecodeError, match="no usable"):
        check_peer_id(key)


def test_the_library_alone_would_accept_a_forgery_under_such_a_key() -> None:
    neutral = (1).to_bytes(32, "little")
    base_point = b"\x58" + b"\x66" * 31
    forged = (
        base_point + neutral
    )  # R = B, S = 1: valid for any text, since k times the neutral point is nothing
    Ed25519PublicKey.from_public_bytes(neutral).verify(forged, b"p2pim/1 message\0anything")
    assert not verify(neutral, "message", b"anything", forged)


@pytest.mark.parametrize("y", [P, P + 5, 2**255 - 1])
def test_keys_with_a_second_form_are_refused(y: int) -> None:
    with pytest.raises(DecodeError, match="no usable"):
        check_peer_id(y.to_bytes(32, "little"))


def test_the_specification_lists_the_same_small_orders() -> None:
    spec = (Path(identity.__file__).parent / "SPEC.md").read_text(encoding="utf-8")
    listed = {
        int.from_bytes(bytes.fromhex(y), "little") for y in re.findall(r"^\| `([0-9a-f]{64})`", spec, re.M)
    }
    assert listed == identity._SMALL_ORDER_Y


def test_check_returns_a_good_key_and_refuses_other_sizes() -> None:
    assert check_peer_id(IDENTITY.peer_id) == IDENTITY.peer_id
    for raw in (b"", IDENTITY.peer_id[:-1], IDENTITY.peer_id + b"\0"):
        with pytest.raises(DecodeError, match="32 bytes"):
            check_peer_id(raw)


def test_the_text_form_round_trips_and_forgives_case_and_blanks() -> None:
    text = encode_peer_id(IDENTITY.peer_id)
    assert len(text) == 64
    assert text.startswith("p2pim1")
    assert decode_peer_id(f" {text.upper()}\n") == decode_peer_id(text) == IDENTITY.peer_id
    assert short_id(IDENTITY.peer_id) == text[6:14]


def test_text_of_something_else_is_refused() -> None:
    with pytest.raises(DecodeError, match="starts with p2pim1"):
        decode_peer_id(bech32.encode("bc", IDENTITY.peer_id))
    with pytest.raises(DecodeError, match="32 bytes"):
        decode_peer_id(bech32.encode("p2pim", bytes(20)))
    with pytest.raises(DecodeError, match="no usable"):
        decode_peer_id(bech32.encode("p2pim", bytes(32)))


def test_digests_are_bound_to_their_context() -> None:
    assert digest("dm", b"ab") == hashlib.sha256(b"p2pim/1 dm\0ab").digest()
    assert digest("dm", b"ab") != digest("lobby", b"ab")


def test_the_safety_number_is_the_same_from_both_sides() -> None:
    other = Identity.from_seed(bytes(32)).peer_id
    number = safety_number(IDENTITY.peer_id, other)
    assert number == safety_number(other, IDENTITY.peer_id)
    assert len(number) == 60
    assert number.isdecimal()
    assert number != safety_number(IDENTITY.peer_id, Identity.from_seed(b"\1" * 32).peer_id)


def test_each_half_of_the_safety_number_is_iterated_as_written() -> None:
    state = b"\0\1" + IDENTITY.peer_id
    for _ in range(5200):
        state = hashlib.sha512(state + IDENTITY.peer_id).digest()
    half = "".join(f"{int.from_bytes(state[5 * i : 5 * i + 5], 'big') % 100000:05}" for i in range(6))
    assert safety_number(IDENTITY.peer_id, IDENTITY.peer_id) == half * 2
