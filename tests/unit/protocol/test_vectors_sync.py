"""The published vectors of messages and reconciliation, against the specification alone and against our code.

What is built here from SPEC.md shares no line with p2pim: plain hashlib, msgpack and Ed25519.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from p2pim.errors import DecodeError
from p2pim.protocol.message import decode_text, read_header
from p2pim.protocol.reconcile import ItemSet, answer
from p2pim.protocol.records import Reconcile, Signed, decode, encode
from p2pim.protocol.room import LOBBY, dm_room
from tests.wire import open_message

FOLDER = Path(__file__).resolve().parents[2] / "vectors"
MESSAGES = json.loads((FOLDER / "messages.json").read_text(encoding="utf-8"))
RECONCILE = json.loads((FOLDER / "reconcile.json").read_text(encoding="utf-8"))
END = (2**53).to_bytes(8, "big")
raw = bytes.fromhex
pack = msgspec.msgpack.encode


def h(context: str, data: bytes) -> bytes:
    return hashlib.sha256(b"p2pim/1 " + context.encode() + b"\0" + data).digest()


# messages.json


def test_rooms() -> None:
    for given in MESSAGES["rooms"]:
        peers = [raw(peer) for peer in given["peers"]]
        if given["kind"] == "dm":
            assert raw(given["id"]) == h("dm", b"".join(sorted(peers))) == dm_room(*peers)
        else:
            assert raw(given["id"]) == h("lobby", b"") == LOBBY


@pytest.mark.parametrize("given", MESSAGES["messages"], ids=lambda given: str(given["text"]))
def test_messages(given: dict[str, Any]) -> None:
    fields, content, header = given["fields"], raw(given["content"]), raw(given["header"])
    key = Ed25519PrivateKey.from_private_bytes(raw(given["seed"]))
    assert header == pack(
        [
            fields["version"],
            raw(fields["room"]),
            key.public_key().public_bytes_raw(),
            fields["clock"],
            [raw(parent) for parent in fields["parents"]],
            fields["kind"],
            h("content", content),
            len(content),
            raw(fields["target"]) if fields["target"] else None,
        ]
    )
    assert raw(given["id"]) == h("message", header)
    assert raw(given["signature"]) == key.sign(b"p2pim/1 message\0" + header)
    opened = open_message(Signed(header, raw(given["signature"]), content))
    assert opened.id == raw(given["id"])
    if given["text"] is not None:
        text = decode_text(content)
        assert text is not None
        assert text.text == given["text"]
        assert content == pack([text.salt, fields["clock"], given["text"]])


def test_newer_elements_are_ignored_and_signed() -> None:
    given = MESSAGES["with_newer_elements"]
    opened = open_message(Signed(raw(given["header"]), raw(given["signature"]), raw(given["content"])))
    assert opened.id == raw(given["id"]) == h("message", raw(given["header"]))
    assert opened.signed().header == raw(given["header"])
    deep = raw(MESSAGES["with_32_levels"]["header"])
    assert read_header(deep).clock == opened.header.clock
    assert h("message", deep).hex() == MESSAGES["with_32_levels"]["id"]


@pytest.mark.parametrize("given", MESSAGES["refused_headers"], ids=lambda given: given["why"])
def test_refused_headers(given: dict[str, str]) -> None:
    with pytest.raises(DecodeError):
        read_header(raw(given["header"]))


@pytest.mark.parametrize("given", MESSAGES["refused_messages"], ids=lambda given: given["why"])
def test_refused_messages(given: dict[str, str]) -> None:
    read_header(raw(given["header"]))
    with pytest.raises(DecodeError):
        open_message(Signed(raw(given["header"]), raw(given["signature"]), raw(given["content"])))


def test_contents_that_are_no_text() -> None:
    assert [decode_text(raw(content)) for content in MESSAGES["contents_that_are_no_text"]] == [None] * 5


def test_order() -> None:
    places = [(given["clock"], raw(given["id"])) for given in MESSAGES["in_order"]]
    assert places == sorted(places)


# reconcile.json


def item(n: int) -> bytes:
    clock = 1_700_000_000_000 + n // 2
    return clock.to_bytes(8, "big") + hashlib.sha256(n.to_bytes(8, "big")).digest()


def items(parts: list[list[int]]) -> list[bytes]:
    return sorted(item(n) for start, stop, step in parts for n in range(start, stop, step))


def fingerprint(keys: list[bytes]) -> bytes:
    return h("fingerprint", b"".join(key[8:] for key in keys))


def test_items_and_fingerprints() -> None:
    assert raw(RECONCILE["end"]) == END
    for given in RECONCILE["items"]:
        assert raw(given["key"]) == item(given["number"])
    for given in RECONCILE["fingerprints"]:
        assert raw(given["fingerprint"]) == fingerprint(items([given["items"]]))


Range = list[Any]  # clock, prefix, mode, payload


def bound(r: Range) -> bytes:
    return bytes(r[0].to_bytes(8, "big") + r[1])


def new(high: bytes, mode: int, payload: bytes = b"") -> Range:
    return [int.from_bytes(high[:8], "big"), high[8:], mode, payload]


def between(keys: list[bytes], low: bytes, high: bytes) -> list[bytes]:
    return [key for key in keys if low <= key < high]


def spec_answer(keys: list[bytes], asked: list[Range]) -> list[Range]:
    """Section 9.2, "Answer", word by word."""
    out, low, budget = list[Range](), b"", 60_000 - 96 * len(asked)
    for r in asked:
        high, inside = bound(r), between(keys, low, bound(r))
        size = -(-len(inside) // 16)
        parts = [inside[i : i + size] for i in range(0, len(inside), size or 1)]
        cost = 32 * len(inside) if len(inside) <= 256 else 96 * len(parts)
        if r[2] == 0 or r[3] == fingerprint(inside):
            out.append(new(high, 0))
        elif cost > budget:
            out.append(new(high, 1, fingerprint(inside)))
        else:
            budget -= cost
            if len(inside) <= 256:
                out.append(new(high, 2, b"".join(key[8:] for key in inside)))
            else:
                bounds = [part[0] for part in parts[1:]] + [high]
                out += [new(b, 1, fingerprint(part)) for b, part in zip(bounds, parts, strict=True)]
        low = high
    merged = list[Range]()
    for r in out:
        if merged and merged[-1][2] == r[2] == 0:
            merged.pop()
        merged.append(r)
    return merged[:-1] if merged and merged[-1][2] == 0 else merged


def spec_run(
    mine: list[bytes], theirs: list[bytes], floor: int
) -> tuple[list[list[Range]], set[bytes], set[bytes]]:
    """Section 9.2 as a whole: what is said, what is needed, what is lacking."""
    start = floor.to_bytes(8, "big")
    said, need, lacking = list[list[Range]](), set[bytes](), set[bytes]()
    still_open = [(start, END)]
    while still_open:
        asked, still_open, question, last = still_open[:16], still_open[16:], list[Range](), bytes(8)
        for low, high in asked:
            if low > last:
                question.append(new(low, 0))
            question.append(new(high, 1, fingerprint(between(mine, low, high))))
            last = high
        answered, low, found = spec_answer(theirs, question), b"", list[tuple[bytes, bytes]]()
        for r in answered:
            high, inside = bound(r), between(mine, low, bound(r))
            if r[2] == 1 and r[3] != fingerprint(inside):
                found.append((low, high))
            elif r[2] == 2:
                listed, held = (
                    {r[3][i : i + 32] for i in range(0, len(r[3]), 32)},
                    {key[8:] for key in inside},
                )
                need |= listed - held
                lacking |= held - listed
            low = high
        said += [question, answered]
        still_open = found + still_open
    return said, need, lacking


def test_the_runs_meet_what_is_rarely_met() -> None:
    """Answers cut short by the budget, and more open ranges than are asked about at once."""
    runs = {
        run["name"]: spec_run(items(run["driver"]), items(run["answerer"]), 0)[0] for run in RECONCILE["runs"]
    }
    short = runs["so different that an answer does not fit"][3]
    assert {r[2] for r in short} == {1, 2}
    questions = runs["so different that more than sixteen ranges are open"][::2]
    assert [sum(r[2] == 1 for r in question) for question in questions][:4] == [1, 16, 16, 16]


@pytest.mark.parametrize("given", RECONCILE["runs"], ids=lambda given: given["name"])
def test_runs(given: dict[str, Any]) -> None:
    room = raw(next(r["id"] for r in MESSAGES["rooms"] if r["kind"] == "dm"))
    said, need, lacking = spec_run(items(given["driver"]), items(given["answerer"]), given["floor"])
    records = [b"\x10" + pack([room, 1, 3, i % 2, ranges]) for i, ranges in enumerate(said)]
    shown = [hashlib.sha256(r).hexdigest() if given["records_are_hashes"] else r.hex() for r in records]
    assert shown == given["records"]
    assert len(records) == 2 * given["rounds"]
    for ids, name in ((need, "needed"), (lacking, "lacking")):
        assert (len(ids), hashlib.sha256(b"".join(sorted(ids))).hexdigest()) == (
            given[name],
            given[f"{name}_hash"],
        )
    answerer = ItemSet(items(given["answerer"]))
    for question, answered in zip(records[::2], records[1::2], strict=True):
        asked, reply = decode(question), decode(answered)
        assert isinstance(asked, Reconcile)
        assert isinstance(reply, Reconcile)
        assert answer(answerer, asked.ranges) == reply.ranges
        assert encode(reply) == answered
