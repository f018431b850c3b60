"""Sections 7 and 8: messages (seal, open, verify) and the ids of rooms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .keys import Identity, digest, refused, verify
from .packing import Refused, Value, pack, unpack
from .records import MAX_CLOCK, blob, ident, many, maybe, number, row, text

LOBBY = digest("lobby", b"")
TEXT = 1

_HEADER = row(
    number(1, 1),
    ident,
    ident,
    number(1, MAX_CLOCK - 1),
    many(ident, 16),
    number(1, 255),
    ident,
    number(0, 49_152),
    optional=((maybe(ident), None),),
)


def dm(one: bytes, other: bytes) -> bytes:
    """Give the id of the room of two."""
    return digest("dm", min(one, other) + max(one, other))


@dataclass(frozen=True)
class Message:
    """A message with the exact bytes that it came in."""

    header: bytes
    signature: bytes
    content: bytes | None
    room: bytes
    author: bytes
    clock: int
    parents: tuple[bytes, ...]
    kind: int

    @property
    def id(self) -> bytes:
        """The name of this message in all places."""
        return digest("message", self.header)

    @property
    def place(self) -> tuple[int, bytes]:
        """Where it stands in its room."""
        return self.clock, self.id

    @property
    def signed(self) -> tuple[Value, ...]:
        """What a MESSAGES record holds of it."""
        return self.header, self.signature, self.content

    @property
    def text(self) -> str | None:
        """What was written, if it can be read."""
        return read_text(self.content) if self.kind == TEXT and self.content is not None else None


def write_text(salt: bytes, wall: int, words: str) -> bytes:
    """Make the content of a text."""
    return pack((salt, wall, words))


def read_text(content: bytes) -> str | None:
    """Read the content of a text; None if it is not one."""
    try:
        fields: tuple[Any, ...] = row(blob(16, 16), number(-(2**63), 2**64 - 1), text(49_152))(
            unpack(content)
        )
    except Refused:
        return None
    words: str = fields[2]
    return words


def seal(
    author: Identity,
    room: bytes,
    content: bytes,
    *,
    clock: int,
    parents: tuple[bytes, ...] = (),
    kind: int = TEXT,
    target: bytes | None = None,
) -> Message:
    """Make a message."""
    named = (digest("content", content), len(content), target)
    header = pack((1, room, author.peer_id, clock, parents, kind, *named))
    return open_message(header, author.sign("message", header), content)


def open_message(header: bytes, signature: bytes, content: bytes | None) -> Message:
    """Check all that section 7 asks for."""
    if not 1 <= len(header) <= 1_024:
        raise Refused("a header of a wrong length")
    _, room, author, clock, parents, kind, content_hash, size, _ = _HEADER(unpack(header))
    if len(set(parents)) != len(parents):
        raise Refused("a parent twice")
    if content is not None and (len(content) != size or digest("content", content) != content_hash):
        raise Refused("another content")
    if refused(author) or not verify(author, "message", header, signature):
        raise Refused("a wrong signature")
    return Message(header, signature, content, room, author, clock, parents, kind)


def heads(held: list[Message]) -> tuple[bytes, ...]:
    """Give the parents of the next message: what nothing held names, the 16 highest."""
    named = {parent for message in held for parent in message.parents}
    return tuple(id_ for _, id_ in sorted(m.place for m in held if m.id not in named)[-16:])
