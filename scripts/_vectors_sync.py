"""Test vectors of SPEC.md, sections 7 to 9: messages and reconciliation. Used by vectors.py."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from p2pim.protocol.identity import Identity, digest
from p2pim.protocol.message import MAX_CLOCK, Message, seal, text_content
from p2pim.protocol.reconcile import ItemSet, Run, answer, key
from p2pim.protocol.records import ANSWER, ASK, CONTENT, Range, Reconcile, encode
from p2pim.protocol.room import LOBBY, dm_room

ANN, BOB, CLEO = (Identity(bytes([n]) * 32) for n in (0x0A, 0x0B, 0x0C))
DM = dm_room(ANN.peer_id, BOB.peer_id)
CLOCK = 1_700_000_000_000
pack = msgspec.msgpack.encode


def text(author: Identity, room: bytes, clock: int, what: str, parents: list[bytes]) -> Message:
    """A text whose salt follows from its words."""
    content = text_content(what, clock, lambda size: hashlib.sha256(what.encode()).digest()[:size])
    return seal(author, room, parents=parents, clock=clock, kind=1, content=content)


def _shown(author: Identity, message: Message, what: str | None) -> dict[str, Any]:
    header = message.header
    return {
        "seed": author.seed.reveal().hex(),
        "text": what,
        "fields": {
            "version": header.version,
            "room": header.room.hex(),
            "author": header.author.hex(),
            "clock": header.clock,
            "parents": [parent.hex() for parent in header.parents],
            "kind": header.kind,
            "content_hash": header.content_hash.hex(),
            "content_size": header.content_size,
            "target": header.target.hex() if header.target else None,
        },
        "content": (message.content or b"").hex(),
        "header": message.raw_header.hex(),
        "id": message.id.hex(),
        "signature": message.signature.hex(),
    }


def _refused_headers() -> dict[str, bytes]:
    good: list[Any] = [1, DM, ANN.peer_id, CLOCK, [], 1, bytes(32), 0, None]

    def but(place: int, value: Any) -> bytes:
        return pack([*good[:place], value, *good[place + 1 :]])

    some = [digest("test", bytes([n])) for n in range(17)]
    return {
        "version 2": but(0, 2),
        "a room of 31 bytes": but(1, bytes(31)),
        "an author as text": but(2, "x" * 32),
        "clock 0": but(3, 0),
        "clock 2^53": but(3, 2**53),
        "a clock that is no integer": but(3, 1.5),
        "17 parents": but(4, some),
        "one parent twice": but(4, [some[0], some[0]]),
        "kind 0": but(5, 0),
        "kind 256": but(5, 256),
        "a content hash of 33 bytes": but(6, bytes(33)),
        "a content of 49,153 bytes": but(7, 49_153),
        "a target of 31 bytes": but(8, bytes(31)),
        "seven elements": pack(good[:7]),
        "a byte too many": pack(good) + b"\x00",
        "1,025 bytes": pack([*good, bytes(1_025 - len(pack(good)) - 3)]),
        "a map": pack({"version": 1}),
        "nothing": b"",
        "33 levels": pack([*good, 1])[:-1] + b"\x91" * 32 + b"\x01",
    }


def messages() -> dict[str, Any]:
    """Rooms, messages, what must be refused, and in which order they stand."""
    first = text(ANN, DM, CLOCK, "hello Bob", [])
    second = text(BOB, DM, CLOCK + 1, "héllo 🦊", [first.id])
    lobby = text(CLEO, LOBBY, CLOCK, "hello everyone", [])
    later = seal(
        ANN,
        DM,
        parents=[second.id, first.id],
        clock=CLOCK + 2,
        kind=2,
        content=pack([bytes(16), CLOCK, "new"]),
        target=first.id,
    )
    same_clock = [text(ANN, LOBBY, CLOCK, f"{n}", []) for n in range(4)]
    written = [
        (ANN, first, "hello Bob"),
        (BOB, second, "héllo 🦊"),
        (CLEO, lobby, "hello everyone"),
        (ANN, later, None),
    ]
    newer = pack(
        [1, DM, ANN.peer_id, CLOCK, [], 1, first.header.content_hash, first.header.content_size, None, "new"]
    )
    deep = newer[:-4] + b"\x91" * 31 + b"\x01"
    order = sorted([first, second, *same_clock, lobby], key=lambda m: m.order)
    return {
        "rooms": [
            {"kind": "dm", "peers": [one.peer_id.hex(), other.peer_id.hex()], "id": DM.hex()}
            for one, other in ((ANN, BOB), (BOB, ANN))
        ]
        + [{"kind": "lobby", "peers": [], "id": LOBBY.hex()}],
        "messages": [_shown(*one) for one in written],
        "with_newer_elements": {
            "header": newer.hex(),
            "id": digest("message", newer).hex(),
            "signature": ANN.sign("message", newer).hex(),
            "content": (first.content or b"").hex(),
        },
        "with_32_levels": {"header": deep.hex(), "id": digest("message", deep).hex()},
        "refused_headers": [{"why": why, "header": raw.hex()} for why, raw in _refused_headers().items()],
        "refused_messages": [
            {"why": why, "header": raw.hex(), "signature": signature.hex(), "content": content.hex()}
            for why, raw, signature, content in (
                ("the signature of another", first.raw_header, second.signature, first.content or b""),
                ("another content", first.raw_header, first.signature, second.content or b""),
                (
                    "signed in another context",
                    first.raw_header,
                    ANN.sign("static", first.raw_header),
                    first.content or b"",
                ),
                (
                    "a refused key",
                    pack([1, DM, bytes(32), 1, [], 1, digest("content", b""), 0, None]),
                    bytes(64),
                    b"",
                ),
            )
        ],
        "contents_that_are_no_text": [
            raw.hex()
            for raw in (
                b"",
                pack([bytes(15), CLOCK, "short salt"]),
                pack([bytes(16), CLOCK]),
                pack([bytes(16), "now", "x"]),
                b"\x93\xc4\x10" + bytes(16) + b"\x07\xa1\xff",
            )
        ],
        "in_order": [{"clock": m.header.clock, "id": m.id.hex()} for m in order],
    }


def numbered(n: int) -> bytes:
    """Item number n of the sets below."""
    return key(CLOCK + n // 2, hashlib.sha256(n.to_bytes(8, "big")).digest())


SETS: dict[str, tuple[list[range], list[range], int]] = {
    "both empty": ([], [], 0),
    "equal": ([range(300)], [range(300)], 0),
    "one end has nothing": ([], [range(3)], 0),
    "few": ([range(5)], [range(3, 8)], 0),
    "many, three missing on each side": (
        [range(100), range(101, 1000), range(1001, 2003)],
        [range(500), range(501, 2000)],
        0,
    ),
    "so different that an answer does not fit": ([range(0, 7800, 2)], [range(1, 7800, 2)], 0),
    "so different that more than sixteen ranges are open": ([range(0, 9000, 2)], [range(1, 9000, 2)], 0),
    "above a floor": ([range(10), range(20, 24)], [range(5, 22)], CLOCK + 9),
}


def _run(name: str) -> dict[str, Any]:
    mine, theirs, floor = SETS[name]
    driver, answerer = (ItemSet(numbered(n) for part in parts for n in part) for parts in (mine, theirs))
    run, need, have, records = Run(floor), list[bytes](), list[bytes](), list[str]()
    asks: list[Range] = run.start(driver)
    while asks:
        records.append(encode(Reconcile(DM, CONTENT, 3, ASK, asks)).hex())
        answered = answer(answerer, asks)
        records.append(encode(Reconcile(DM, CONTENT, 3, ANSWER, answered)).hex())
        found, lacking, asks = run.step(driver, answered)
        need += found
        have += [i for i, _ in lacking]
    long = sum(map(len, records)) > 40_000
    return {
        "name": name,
        "driver": [[part.start, part.stop, part.step] for part in mine],
        "answerer": [[part.start, part.stop, part.step] for part in theirs],
        "floor": floor,
        "rounds": run.rounds,
        # a long one by its hashes, or this file would be as long
        "records": [hashlib.sha256(bytes.fromhex(r)).hexdigest() if long else r for r in records],
        "records_are_hashes": long,
        "needed": len(need),
        "needed_hash": hashlib.sha256(b"".join(sorted(need))).hexdigest(),
        "lacking": len(have),
        "lacking_hash": hashlib.sha256(b"".join(sorted(have))).hexdigest(),
    }


def reconcile() -> dict[str, Any]:
    """Fingerprints, and whole runs of two honest ends."""
    return {
        "comment": "Item n has the clock 1700000000000 + n // 2 and the id SHA-256(n as 8 bytes, big-endian). Sets are "
        "[start, stop, step] of n. Runs are in the DM of messages.json and have number 3; records alternate between "
        "question and answer; long ones are given by their SHA-256. needed and lacking: how many ids the driver finds "
        "to be at the other end only and here only, and SHA-256 over them, sorted and one after the other.",
        "end": key(MAX_CLOCK, b"").hex(),
        "items": [{"number": n, "key": numbered(n).hex()} for n in (0, 1, 2, 300)],
        "fingerprints": [
            {
                "items": [0, stop, 1],
                "fingerprint": (s := ItemSet(map(numbered, range(stop)))).fingerprint(0, len(s)).hex(),
            }
            for stop in (0, 1, 2, 300)
        ],
        "runs": [_run(name) for name in SETS],
    }
