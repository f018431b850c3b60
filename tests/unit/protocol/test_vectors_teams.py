"""The published vectors of invitations, against the specification alone and against our code.

What is built here from SPEC.md shares no line with p2pim: plain hashlib, hmac and Ed25519.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from p2pim.errors import BadInput
from p2pim.protocol.invite import (
    code_text,
    derive,
    make_link,
    new_code,
    parse_code,
    parse_invitation,
    prove,
    proves,
)
from p2pim.protocol.network import Network

INVITES = json.loads(
    (Path(__file__).resolve().parents[2] / "vectors" / "invites.json").read_text(encoding="utf-8")
)
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
raw = bytes.fromhex


def spec_text(symbols: str) -> str:
    """Section 11.1: the check symbol, and groups of four."""
    check = hashlib.sha256(b"p2pim/1 code" + symbols.encode()).digest()[0] & 31
    return "-".join(re.findall("....", symbols + ALPHABET[check]))


def test_codes() -> None:
    for given in INVITES["new"]:
        bits = "".join(f"{byte:08b}" for byte in raw(given["random"]))[:75]
        symbols = "".join(ALPHABET[int(five, 2)] for five in re.findall(".....", bits))
        assert given["code"] == spec_text(symbols)
        assert new_code(lambda size, given=given: raw(given["random"])[:size]) == given["code"]  # type: ignore[misc]
    for given in INVITES["codes"]:
        assert given["code"] == spec_text(given["symbols"]) == code_text(given["symbols"])
        assert parse_code(given["code"]) == given["symbols"]
    for given in INVITES["typed"]:
        read = re.sub(r"[-\s]", "", given["text"]).upper().translate(str.maketrans("OIL", "011"))
        assert read[:15] == given["symbols"] == parse_code(given["text"])
        assert spec_text(read[:15])[-1] == read[15]


@pytest.mark.parametrize("given", INVITES["keys"], ids=lambda given: given["symbols"])
def test_keys(given: dict[str, Any]) -> None:
    made = hashlib.scrypt(
        given["symbols"].encode(), salt=b"p2pim/1 invite", n=2**15, r=8, p=1, maxmem=2**26, dklen=96
    )
    seed, secret, bind = made[:32], made[32:64], made[64:]
    assert (seed.hex(), secret.hex()) == (given["invite_seed"], given["secret"])
    private, team = Ed25519PrivateKey.from_private_bytes(seed), raw(given["team_id"])
    public = private.public_key().public_bytes_raw()
    assert public.hex() == given["invite_public"]
    assert hmac.digest(bind, b"p2pim/1 bind\0" + team, "sha256").hex() == given["bind"]
    extracted = hmac.digest(b"p2pim/1 net", secret, "sha256")
    for name, value in given["network"].items():
        assert hmac.digest(extracted, name.encode() + b"\x01", "sha256").hex() == value
    keys = derive(given["symbols"])
    assert (keys.identity.peer_id, keys.secret, keys.bind(team)) == (public, secret, raw(given["bind"]))
    assert Network("invite", keys.secret).psk.hex() == given["network"]["psk"]
    for one in given["proofs"]:
        joiner, proof = raw(one["joiner"]), raw(one["proof"])
        assert private.sign(b"p2pim/1 join\0" + team + joiner) == proof == prove(keys, team, joiner)
        assert proves(public, team, joiner, proof)


def test_links_as_they_are_written() -> None:
    for given in INVITES["written"]:
        link = "p2pim:join?c=" + given["code"]
        values = [("n", given["name"])] if given["name"] else []
        values += [
            ("a", f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
            for host, port in given["addresses"]
        ]
        for key, value in values:
            link += f"&{key}=" + "".join(
                c if re.fullmatch("[0-9A-Za-z._~:-]", c) else "".join(f"%{b:02X}" for b in c.encode())
                for c in value
            )
        assert link == given["link"]
        assert make_link(given["code"], given["name"], [(h, p) for h, p in given["addresses"]]) == link
        assert as_read(link) == {key: given[key] for key in ("code", "name", "addresses")}


def as_read(text: str) -> dict[str, Any]:
    link = parse_invitation(text)
    return {"code": link.code, "name": link.name, "addresses": [list(address) for address in link.addresses]}


@pytest.mark.parametrize("given", INVITES["read"], ids=lambda given: given["text"].strip())
def test_what_is_read(given: dict[str, Any]) -> None:
    assert as_read(given["text"]) == {key: given[key] for key in ("code", "name", "addresses")}


@pytest.mark.parametrize("given", INVITES["refused"], ids=lambda given: given["why"])
def test_what_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(BadInput):
        parse_invitation(given["text"])
