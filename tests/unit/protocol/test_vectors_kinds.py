"""The published vectors of what messages say and what a reader sees, against the specification alone and our code.

What is built here from SPEC.md, sections 7 and 8, shares no line with p2pim.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from p2pim.protocol import fold
from p2pim.protocol.identity import PeerId
from p2pim.protocol.message import Message, reopen, text_content
from p2pim.protocol.names import is_reaction, received_topic
from p2pim.protocol.room import dm

VECTORS = json.loads(
    (Path(__file__).resolve().parents[2] / "vectors" / "messages.json").read_text(encoding="utf-8")
)
CONTENTS, FOLDS = VECTORS["contents"], VECTORS["folds"]
ANN, BOB = (bytes.fromhex(peer) for peer in VECTORS["rooms"][0]["peers"])
DM = bytes.fromhex(VECTORS["rooms"][0]["id"])
TEXT, EDIT, DELETE, REACTION, TOPIC = 1, 2, 3, 4, 6
DAY = 86_400_000
raw = bytes.fromhex


def clean(text: str, most: int) -> bool:
    return (
        len(text.encode()) <= most
        and unicodedata.normalize("NFC", text) == text
        and not {unicodedata.category(c) for c in text} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    )


def words(content: bytes | None) -> dict[str, Any] | None:
    """The table "Words"."""
    try:
        fields = msgspec.msgpack.decode(content or b"")
        salt, wall, text = fields[:3]
    except (msgspec.DecodeError, ValueError, TypeError):
        return None
    mentions = fields[3] if len(fields) > 3 else []
    everyone = fields[4] if len(fields) > 4 else False
    fine = (
        isinstance(salt, bytes)
        and len(salt) == 16
        and type(wall) is int
        and isinstance(text, str)
        and isinstance(mentions, list)
        and len(mentions) <= 64
        and all(isinstance(one, bytes) and len(one) == 32 for one in mentions)
        and isinstance(everyone, bool)
    )
    return {"wall": wall, "text": text, "mentions": mentions, "everyone": everyone} if fine else None


def reaction(content: bytes | None) -> tuple[str, bool] | None:
    """The paragraph "Reaction"."""
    try:
        salt, wall, emoji, stands, *_ = msgspec.msgpack.decode(content or b"")
    except (msgspec.DecodeError, ValueError, TypeError):
        return None
    if not (len(salt) == 16 and type(wall) is int and isinstance(emoji, str) and isinstance(stands, bool)):
        return None
    parts = emoji.split("\u200d")
    joined = len(parts) == 1 or not any(c.isalpha() or c.isdigit() for c in emoji)
    fine = 1 <= len(emoji.encode()) <= 32 and all(part and clean(part, 32) for part in parts) and joined
    return (emoji, stands) if fine and emoji.strip() == emoji else None


class Said:
    """A message, read with nothing but MessagePack and SHA-256."""

    def __init__(self, given: dict[str, Any]) -> None:
        header = raw(given["header"])
        _, self.room, self.author, self.clock, _, self.kind, _, _, self.target = msgspec.msgpack.decode(
            header
        )
        self.id = hashlib.sha256(b"p2pim/1 message\0" + header).digest()
        self.content = None if given["content"] is None else raw(given["content"])
        key = Ed25519PublicKey.from_public_bytes(self.author)
        if self.author in (ANN, BOB):
            key.verify(raw(given["signature"]), b"p2pim/1 message\0" + header)

    @property
    def place(self) -> tuple[int, bytes]:
        return self.clock, self.id


def erases(delete: Said, other: Said) -> bool:
    """The paragraph "Erasing"."""
    what = {TEXT: other.id, EDIT: other.target}.get(other.kind)
    return (
        delete.kind == DELETE
        and what is not None
        and delete.target == what
        and delete.author == other.author
        and delete.room == other.room
    )


def spec_shown(messages: list[Said], now: int) -> list[dict[str, Any]]:
    """The paragraph "What a reader sees", word by word."""
    due = [m for m in messages if m.author in (ANN, BOB) and m.clock <= now + DAY]
    lines = []
    for line in sorted((m for m in due if m.kind not in (EDIT, DELETE, REACTION)), key=lambda m: m.place):
        deletes = {d.author for d in messages if line.kind == TEXT and erases(d, line)}
        if line.content is None and not deletes:
            continue
        shown: dict[str, Any] = {
            "id": line.id.hex(),
            "text": None,
            "note": None,
            "wall": line.clock,
            "reply_to": line.target.hex() if line.target and line.kind == TEXT else None,
            "edited": False,
            "deleted_by": None,
            "reactions": [],
            "mentions": [],
        }
        lines.append(shown)
        if line.kind not in (TEXT, TOPIC):
            shown["note"] = "needs a newer version"
        elif deletes:
            shown["note"] = "deleted"
            shown["deleted_by"] = (line.author if line.author in deletes else min(deletes)).hex()
        else:
            about = [m for m in due if m.target == line.id and line.kind == TEXT]
            show_words(shown, line, about)
            if line.kind == TOPIC and shown["text"] is not None:
                shown["text"] = shown["text"] if clean(shown["text"], 256) else ""
    return lines


def show_words(shown: dict[str, Any], line: Said, about: list[Said]) -> None:
    edits = sorted((m for m in about if m.kind == EDIT and m.author == line.author), key=lambda m: m.place)
    shown["edited"] = bool(edits)
    now, then = words([line, *edits][-1].content), words(line.content)
    shown["wall"] = then["wall"] if then else line.clock
    if now is None:
        shown["note"] = "cannot be read"
    else:
        shown["text"], shown["mentions"] = now["text"], [one.hex() for one in now["mentions"]]
    standing: list[tuple[tuple[int, bytes], str, bytes]] = []
    for author in {m.author for m in about}:
        last = sorted((m for m in about if m.kind == REACTION and m.author == author), key=lambda m: m.place)[
            -64:
        ]
        said = {}
        for one in last:
            if (read := reaction(one.content)) is not None:
                said[read[0]] = (one.place, read[0], author, read[1])
        standing += sorted(one[:3] for one in said.values() if one[3])[-20:]
    found: dict[str, list[str]] = {}
    for _, emoji, author in sorted(standing):
        found.setdefault(emoji, []).append(author.hex())
    shown["reactions"] = [[emoji, by] for emoji, by in found.items()]


@pytest.mark.parametrize(
    "given", CONTENTS["words"], ids=lambda given: str(given["says"] and given["says"]["text"])
)
def test_words(given: dict[str, Any]) -> None:
    read = words(raw(given["content"]))
    if read is None:
        assert given["says"] is None
        return
    assert given["says"] == {**read, "mentions": [one.hex() for one in read["mentions"]]}
    if "newer" not in read["text"]:
        again = text_content(
            read["text"],
            read["wall"],
            lambda size: bytes(range(size)),
            tuple(read["mentions"]),
            read["everyone"],
        )
        assert again.hex() == given["content"]


@pytest.mark.parametrize("given", CONTENTS["reactions"], ids=lambda given: str(given["says"]))
def test_reactions(given: dict[str, Any]) -> None:
    read = reaction(raw(given["content"]))
    assert given["says"] == (None if read is None else {"emoji": read[0], "stands": read[1]})
    assert read is None or is_reaction(read[0])


def test_topics() -> None:
    for given in CONTENTS["topics"]:
        shown = given["text"] if clean(given["text"], 256) else ""
        assert given["shown"] == shown == received_topic(given["text"])


@pytest.mark.parametrize("given", FOLDS["rooms"], ids=lambda given: given["name"])
def test_folds(given: dict[str, Any]) -> None:
    messages, now = [Said(each) for each in given["messages"]], FOLDS["now"]
    assert {m.room for m in messages} == {DM}
    assert spec_shown(messages, now) == given["shown"]
    in_order = sorted(messages, key=lambda m: m.place)
    topics = [m for m in in_order if m.kind == TOPIC and m.clock <= now + DAY]
    newest = (words(topics[-1].content) or {"text": ""})["text"] if topics else ""
    assert given["topic"] == (newest if clean(newest, 256) else "")
    assert given["erased"] == [m.id.hex() for m in in_order if any(erases(d, m) for d in messages)]


@pytest.mark.parametrize("given", FOLDS["rooms"], ids=lambda given: given["name"])
def test_our_folds(given: dict[str, Any]) -> None:
    messages: list[Message] = []
    for each, said in zip(given["messages"], map(Said, given["messages"]), strict=True):
        messages.append(reopen(said.id, raw(each["header"]), raw(each["signature"]), said.content))
    me: PeerId = ANN
    for some in (messages, messages[::-1]):
        shown = fold.fold(dm(ANN, BOB), me, some, FOLDS["now"])
        assert [(e.id.hex(), e.text, e.note, e.edited) for e in shown] == [
            (line["id"], line["text"], line["note"], line["edited"]) for line in given["shown"]
        ]
        assert [[[r.emoji, [by.hex() for by in r.by]] for r in e.reactions] for e in shown] == [
            line["reactions"] for line in given["shown"]
        ]
        assert fold.topic(some, FOLDS["now"]) == given["topic"]
