"""Test vectors of SPEC.md, sections 7 and 8: what kinds of messages say, and what a reader sees. Used by vectors.py."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
from _vectors_sync import ANN, BOB, CLEO, CLOCK, DM, text

from p2pim.protocol.fold import Entry, deletes_of, fold, subject, topic
from p2pim.protocol.identity import Identity
from p2pim.protocol.message import (
    DELETE,
    EDIT,
    FUTURE_MS,
    REACTION,
    TEXT,
    TOPIC,
    Message,
    decode_reaction,
    decode_text,
    reaction_content,
    seal,
    text_content,
)
from p2pim.protocol.names import received_topic
from p2pim.protocol.room import dm

pack = msgspec.msgpack.encode


def _salt(what: str) -> Any:
    return lambda size: hashlib.sha256(what.encode()).digest()[:size]


def say(author: Identity, kind: int, after: int, what: str = "", target: Message | None = None) -> Message:
    """A message in the DM, so many milliseconds after the beginning; its salt follows from what it says."""
    clock = CLOCK + after
    if kind == REACTION:
        content = reaction_content(what.lstrip("-"), not what.startswith("-"), clock, _salt(f"{what}{after}"))
    else:
        content = text_content(what, clock, _salt(f"{what}{after}"))
    target_id = target.id if target is not None else None
    return seal(author, DM, parents=[], clock=clock, kind=kind, content=content, target=target_id)


def opaque(author: Identity, kind: int, after: int, content: bytes, target: Message) -> Message:
    """A message whose content nobody can read."""
    return seal(author, DM, parents=[], clock=CLOCK + after, kind=kind, content=content, target=target.id)


def without(message: Message) -> Message:
    """The same as it comes from somebody who has erased it."""
    return Message(message.id, message.header, message.raw_header, message.signature, None)


def contents() -> dict[str, Any]:
    """Contents of every kind, and what they say."""
    salt, many = bytes(range(16)), [bytes([n]) * 32 for n in range(65)]
    words = [
        text_content("hello", CLOCK, lambda size: salt),
        text_content("@ann hello", CLOCK, lambda size: salt, (ANN.peer_id,)),
        text_content("@room hello", CLOCK, lambda size: salt, (), True),
        text_content("", -1, lambda size: salt),
        pack([salt, CLOCK, "newer", many[:64], False, "more"]),
        pack([salt, CLOCK, "too many", many]),
        pack([salt, CLOCK, "short", [bytes(31)]]),
        pack([salt, CLOCK, "no list", bytes(32)]),
        pack([salt, CLOCK, "no boolean", [], 1]),
    ]
    emoji = [
        "👍",
        "+1",
        "so so",
        "👩‍🔬",
        "❤️",
        "🇩🇪",
        "x" * 32,
        "x" * 33,
        "",
        " 👍",
        "a\nb",
        "a\u200db",
        "👍\u200d",
        "e\u0301",
    ]
    reactions = [reaction_content(one, n % 2 == 0, CLOCK, lambda size: salt) for n, one in enumerate(emoji)]
    reactions += [
        pack([salt, CLOCK, "👍"]),
        pack([salt, CLOCK, "👍", 1]),
        pack([salt, CLOCK, "👍", True, "more"]),
    ]
    topics = ["", "the move", " x", "x" * 256, "x" * 257, "two\nlines"]
    return {
        "words": [{"content": raw.hex(), "says": _words(raw)} for raw in words],
        "reactions": [{"content": raw.hex(), "says": _reaction(raw)} for raw in reactions],
        "topics": [{"text": one, "shown": received_topic(one)} for one in topics],
    }


def _words(raw: bytes) -> dict[str, Any] | None:
    read = decode_text(raw)
    if read is None:
        return None
    mentions = [peer_id.hex() for peer_id in read.mentions]
    return {"wall": read.wall_ms, "text": read.text, "mentions": mentions, "everyone": read.everyone}


def _reaction(raw: bytes) -> dict[str, Any] | None:
    read = decode_reaction(raw)
    return None if read is None else {"emoji": read.text, "stands": read.stands}


def _rooms() -> dict[str, list[Message]]:
    one, two = say(ANN, TEXT, 1, "one"), say(BOB, TEXT, 2, "two")
    reply = say(BOB, TEXT, 3, "an answer", one)
    meant = seal(
        BOB,
        DM,
        parents=[],
        clock=CLOCK + 4,
        kind=EDIT,
        content=text_content("@ann two", CLOCK, _salt("meant"), (ANN.peer_id,)),
        target=two.id,
    )
    edits = [
        say(ANN, EDIT, 9, "newest", one),
        say(ANN, EDIT, 5, "older", one),
        say(BOB, EDIT, 99, "his", one),
    ]
    tie = [say(ANN, EDIT, 9, f"tie {n}", one) for n in range(3)]
    late = say(ANN, EDIT, FUTURE_MS + 50, "not due", one)
    delete = say(ANN, DELETE, 0, "", one)
    reactions = [
        say(BOB, REACTION, 10, "👍", one),
        say(ANN, REACTION, 11, "👍", one),
        say(BOB, REACTION, 12, "-👍", one),
        say(BOB, REACTION, 13, "🎉", one),
        say(ANN, REACTION, 14, "🎉", one),
        say(ANN, REACTION, 15, "a\nb", one),
        say(ANN, REACTION, FUTURE_MS + 50, "🕐", one),
    ]
    return {
        "texts and a reply": [reply, two, one],
        "edits": [*edits, one, two, meant, late],
        "edits at the same time": [*tie, one],
        "an edit that cannot be read": [one, opaque(ANN, EDIT, 7, b"?", one)],
        "an edit of what cannot be read": [
            broken := opaque(ANN, TEXT, 6, b"?", two),
            say(ANN, EDIT, 7, "mended", broken),
        ],
        "edits of an edit and of nothing": [
            one,
            edits[1],
            say(ANN, EDIT, 9, "x", edits[1]),
            say(ANN, EDIT, 9, "y", say(ANN, TEXT, 0, "elsewhere")),
        ],
        "a delete older than all that it erases": [delete, one, *edits[:2], *reactions, reply],
        "a delete of what has come without content": [delete, without(one), without(edits[0]), reply],
        "a delete that is not due": [one, say(ANN, DELETE, FUTURE_MS + 50, "", one)],
        "deletes that do not count": [
            one,
            two,
            say(BOB, DELETE, 8, "", one),
            say(ANN, DELETE, 8, "", edits[0]),
            edits[0],
            without(say(BOB, TEXT, 20, "gone, nobody says why")),
        ],
        "reactions": [*reactions, one],
        "more reactions than are shown": [one, *(say(BOB, REACTION, 20 + n, f"{n}", one) for n in range(25))],
        "more reactions than count": [
            one,
            say(BOB, REACTION, 19, "first", one),
            *(say(BOB, REACTION, 20 + n, "x" if n % 2 else "-x", one) for n in range(64)),
        ],
        "topics": [say(ANN, TOPIC, 1, "one"), say(BOB, TOPIC, 3, "two\n"), say(BOB, TOPIC, 2, "zwei"), two],
        "an author who is neither, and a kind nobody knows": [
            text(CLEO, DM, CLOCK, "not hers", []),
            opaque(BOB, 77, 5, b"?", one),
            one,
        ],
    }


def _line(shown: Entry) -> dict[str, Any]:
    return {
        "id": shown.id.hex(),
        "text": shown.text,
        "note": shown.note,
        "wall": shown.wall_ms,
        "reply_to": shown.reply_to.hex() if shown.reply_to else None,
        "edited": shown.edited,
        "deleted_by": shown.deleted_by.hex() if shown.deleted_by else None,
        "reactions": [[each.emoji, [by.hex() for by in each.by]] for each in shown.reactions],
        "mentions": [peer_id.hex() for peer_id in shown.content.mentions] if shown.content else [],
    }


def folds() -> dict[str, Any]:
    """Sets of messages, and what a reader of the DM sees of them."""
    now = CLOCK + 40
    rooms = []
    for name, some in _rooms().items():
        erased = [
            m.id.hex()
            for m in sorted(some, key=lambda m: m.order)
            if any(deletes_of_subject(m, other) for other in some)
        ]
        rooms.append(
            {
                "name": name,
                "messages": [
                    {
                        "header": m.raw_header.hex(),
                        "signature": m.signature.hex(),
                        "content": None if m.content is None else m.content.hex(),
                    }
                    for m in some
                ],
                "shown": [
                    _line(entry) for entry in fold(dm(ANN.peer_id, BOB.peer_id), ANN.peer_id, some, now)
                ],
                "topic": topic(some, now),
                "erased": erased,
            }
        )
    return {"now": now, "rooms": rooms}


def deletes_of_subject(message: Message, delete: Message) -> bool:
    """Whether ``delete`` erases ``message``."""
    return (
        delete.header.target is not None
        and delete.header.target == subject(message.id, message.header)
        and bool(deletes_of(msgspec.structs.replace(message.header, kind=TEXT), [delete]))
    )
