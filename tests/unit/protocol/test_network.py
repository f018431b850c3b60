from __future__ import annotations

import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from p2pim.protocol.network import (
    AES_GCM,
    OPEN,
    Network,
    make_preamble,
    match_preamble,
    matching,
    names_aes,
    slots,
)
from tests.wire import Dice

TEAM = Network("team", b"t" * 32)
OTHER = Network("other", b"o" * 32)
NONCE = bytes(range(16))


@pytest.mark.parametrize("key", ["psk", "dial", "mdns"])
def test_keys_are_hkdf_of_the_secret(key: str) -> None:
    expected = HKDF(SHA256(), 32, salt=b"p2pim/1 net", info=key.encode()).derive(b"t" * 32)
    assert getattr(TEAM, key) == expected


def test_the_open_network_has_the_published_secret() -> None:
    assert Network("open", hashlib.sha256(b"p2pim/1 open").digest()).psk == OPEN.psk


def test_nothing_prints_a_key() -> None:
    assert repr(TEAM) == "<Network team>"


def test_a_preamble_is_matched_to_its_network() -> None:
    preamble = make_preamble(TEAM, NONCE)
    assert preamble[:24] == b"P2PM\x01\0\0\0" + NONCE
    assert preamble[24:] == hmac.digest(TEAM.dial, preamble[:24], "sha256")[:16]
    assert match_preamble(preamble, [OPEN, TEAM, OTHER]) is TEAM
    assert match_preamble(preamble, [OPEN, OTHER]) is None
    assert match_preamble(preamble, []) is None


def test_one_flag_is_known() -> None:
    asked = make_preamble(OPEN, NONCE, flags=AES_GCM)
    assert asked[5] == 1
    assert match_preamble(asked, [OPEN]) is OPEN
    assert names_aes(asked)
    assert not names_aes(make_preamble(OPEN, NONCE))
    for flags in (2, 3, 0x80):
        assert match_preamble(make_preamble(OPEN, NONCE, flags=flags), [OPEN]) is None


@pytest.mark.parametrize("position", [0, 3, 4, 5, 6, 7])
def test_a_fixed_byte_that_differs_is_refused_even_under_a_right_tag(position: int) -> None:
    head = bytearray(make_preamble(OPEN, NONCE)[:24])
    head[position] ^= 2
    tag = hmac.digest(OPEN.dial, bytes(head), "sha256")[:16]
    assert match_preamble(bytes(head) + tag, [OPEN]) is None


def test_another_length_is_refused() -> None:
    preamble = make_preamble(OPEN, NONCE)
    assert match_preamble(preamble[:-1], [OPEN]) is None
    assert match_preamble(preamble + b"\0", [OPEN]) is None


def test_slots_are_recognised_by_members_only() -> None:
    advertised = slots([OPEN, TEAM], "0123456789abcdef", Dice("slots"))
    assert len(advertised) == 64
    assert matching([TEAM], "0123456789abcdef", advertised) is TEAM
    assert matching([OTHER, TEAM, OPEN], "0123456789abcdef", advertised) is TEAM
    assert matching([OTHER], "0123456789abcdef", advertised) is None
    assert matching([TEAM], "another label", advertised) is None
    assert matching([TEAM], "0123456789abcdef", advertised[:-8]) is None


def test_slots_show_neither_how_many_networks_there_are_nor_which_comes_first() -> None:
    places = set()
    for seed in range(40):
        advertised = slots([TEAM], "label", Dice(f"seed {seed}"))
        assert len({advertised[i : i + 8] for i in range(0, 64, 8)}) == 8
        places.add(advertised.index(TEAM.slot("label")) // 8)
    assert places == set(range(8))


def test_the_ninth_network_is_left_out() -> None:
    networks = [Network(str(i), bytes((i,)) * 32) for i in range(9)]
    advertised = slots(networks, "label", Dice("nine"))
    assert len(advertised) == 64
    assert all(matching([network], "label", advertised) for network in networks[:8])
    assert matching([networks[8]], "label", advertised) is None


def test_a_label_that_is_no_text_is_simply_unknown() -> None:
    assert matching([OPEN], "\udcff", bytes(64)) is None
