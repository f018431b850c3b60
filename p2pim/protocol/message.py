"""A message: signed, immutable, the same bytes on every machine (SPEC section 7).

``header`` is a MessagePack array that names everything else; its hash is the message's id, the signature is over
the same exact bytes, and both are stored and forwarded unchanged. ``content`` hangs on the header by a salted hash,
so that it can be erased later without breaking anything that refers to the message.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from p2pim.errors import DecodeError, LocalProtocolError
from p2pim.protocol import records
from p2pim.protocol.identity import ID_LENGTH, Identity, PeerId, digest, verify
from p2pim.protocol.names import is_reaction
from p2pim.protocol.nesting import is_plain_array, is_shallow
from p2pim.protocol.records import Signed

MessageId = bytes
RoomId = bytes

VERSION: Final = 1
MAX_PARENTS: Final = 16
MAX_HEADER: Final = records.MAX_HEADER
MAX_CONTENT: Final = records.MAX_CONTENT
MAX_CLOCK: Final = records.CLOCK_END
SALT: Final = 16
#: A clock further ahead of the reader's than this is stored and acknowledged, but hidden until it is due.
FUTURE_MS: Final = 24 * 3600 * 1000

TEXT: Final = 1
EDIT: Final = 2
DELETE: Final = 3
REACTION: Final = 4
FILE: Final = 5
TOPIC: Final = 6
FIRST_CONTROL_KIND: Final = 128
#: Kinds that say something about another message and are no lines of their own.
FOLLOWERS: Final = frozenset((EDIT, DELETE, REACTION))
#: Kinds that deserve nobody's attention by themselves.
SILENT: Final = FOLLOWERS | {TOPIC}
#: Kinds that say something of their own, and can be deleted and reacted to.
SAYING: Final = frozenset((TEXT, FILE))
#: Kinds whose content a delete erases.
ERASABLE: Final = frozenset((TEXT, EDIT, FILE))
#: Kinds that do not expire: what a room is about, and that something was deleted.
LASTING: Final = frozenset((DELETE, TOPIC))
MAX_MENTIONS: Final = 64


class Header(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is hashed and signed. Field order is the wire order; further elements are ignored."""

    version: int
    room: RoomId
    author: PeerId
    clock: int
    parents: tuple[MessageId, ...]
    kind: int
    content_hash: bytes
    content_size: int
    target: MessageId | None = None


class Text(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Content of kinds 1, 2, 3 and 6: what a person wrote, and when by their own clock (milliseconds since 1970).

    ``mentions`` and ``everyone``: who is meant in particular, as the author's client understood it.
    """

    salt: bytes
    wall_ms: int
    text: str
    mentions: tuple[PeerId, ...] = ()
    everyone: bool = False

    def means(self, peer_id: PeerId) -> bool:
        """Whether somebody is mentioned."""
        return self.everyone or peer_id in self.mentions


class Reaction(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Content of kind 4: an emoji or a short word that its author puts to a message (``stands``) or takes back."""

    salt: bytes
    wall_ms: int
    text: str
    stands: bool


@dataclass(frozen=True, slots=True)
class Message:
    """One verified message. ``content`` is None while it is not here (or was erased)."""

    id: MessageId
    header: Header
    raw_header: bytes
    signature: bytes
    content: bytes | None

    @property
    def order(self) -> tuple[int, MessageId]:
        """Sort key: causal, near wall time, the same on every machine."""
        return (self.header.clock, self.id)

    def signed(self) -> Signed:
        """The form in which it travels."""
        return Signed(self.raw_header, self.signature, self.content)


_FIELDS: Final = len(Header.__struct_fields__)
_header_decoder = msgspec.msgpack.Decoder(Header)
_text_decoder = msgspec.msgpack.Decoder(Text)
_reaction_decoder = msgspec.msgpack.Decoder(Reaction)
_encoder = msgspec.msgpack.Encoder()


def next_clock(now_ms: int, highest: int) -> int:
    """Clock of a new message: above everything it follows, and not behind the writer's own time."""
    return max(now_ms, highest + 1)


def is_future(clock: int, now_ms: int) -> bool:
    """Whether a message with this clock must stay hidden for now (rule 3 of the sets)."""
    return clock > now_ms + FUTURE_MS


def text_content(
    text: str,
    wall_ms: int,
    random: Callable[[int], bytes],
    mentions: tuple[PeerId, ...] = (),
    everyone: bool = False,
) -> bytes:
    """Encode the content of a text (an edit, a delete, a topic) with a fresh salt."""
    more = (mentions, everyone) if mentions or everyone else ()  # what says nothing is left out
    return _encoder.encode((random(SALT), wall_ms, text, *more))


def decode_text(content: bytes) -> Text | None:
    """Read the content of a text (an edit, a topic); None if its author wrote something else."""
    try:
        text = _text_decoder.decode(content)
    except (msgspec.MsgspecError, ValueError, RecursionError):  # ValueError: text that is no UTF-8
        return None
    if len(text.mentions) > MAX_MENTIONS or any(len(peer_id) != ID_LENGTH for peer_id in text.mentions):
        return None
    return text if len(text.salt) == SALT else None


def reaction_content(text: str, stands: bool, wall_ms: int, random: Callable[[int], bytes]) -> bytes:
    """Encode the content of a reaction with a fresh salt."""
    return _encoder.encode(Reaction(random(SALT), wall_ms, text, stands))


def decode_reaction(content: bytes) -> Reaction | None:
    """Read the content of a reaction; None if it is none that may be shown."""
    try:
        reaction = _reaction_decoder.decode(content)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return reaction if len(reaction.salt) == SALT and is_reaction(reaction.text) else None


def seal(
    identity: Identity,
    room: RoomId,
    *,
    parents: Sequence[MessageId],
    clock: int,
    kind: int,
    content: bytes,
    target: MessageId | None = None,
) -> Message:
    """Write and sign a message.

    Raises:
        LocalProtocolError: content too long, too many parents, or a clock out of range.
    """
    if len(content) > MAX_CONTENT or len(parents) > MAX_PARENTS or not 0 < clock < MAX_CLOCK:
        raise LocalProtocolError("the message exceeds a limit of the protocol")
    header = Header(
        VERSION,
        room,
        identity.peer_id,
        clock,
        tuple(parents),
        kind,
        digest("content", content),
        len(content),
        target,
    )
    raw = _encoder.encode(header)
    return Message(digest("message", raw), header, raw, identity.sign("message", raw), content)


def read_header(raw: bytes) -> Header:
    """Decode a header and check every bound that needs no key.

    Raises:
        DecodeError: not a header, or out of bounds.
    """
    if len(raw) > MAX_HEADER:
        raise DecodeError("message header too long")
    if not (is_plain_array(raw, _FIELDS) or is_shallow(raw)):
        raise DecodeError("message header too deep")
    try:
        header = _header_decoder.decode(raw)
    except msgspec.MsgspecError:
        raise DecodeError("malformed message header") from None
    ids = (header.room, header.author, header.content_hash, *header.parents)
    if any(len(x) != 32 for x in ids) or (header.target is not None and len(header.target) != 32):
        raise DecodeError("an id in a message header is not 32 bytes long")
    if header.version != VERSION or not 1 <= header.kind <= 255 or not 0 < header.clock < MAX_CLOCK:
        raise DecodeError("message header out of range")
    if len(header.parents) > MAX_PARENTS or len(set(header.parents)) != len(header.parents):
        raise DecodeError("bad parents in a message header")
    if not 0 <= header.content_size <= MAX_CONTENT:
        raise DecodeError("bad content size in a message header")
    return header


def check_content(header: Header, content: bytes) -> None:
    """Raise DecodeError unless the content is the one the header names."""
    if len(content) != header.content_size or digest("content", content) != header.content_hash:
        raise DecodeError("content does not match its header")


def id_of(signed: Signed) -> MessageId:
    """The id of a message that came from elsewhere."""
    return digest("message", signed.header)


def examine(signed: Signed) -> Header:
    """Check what a message that came from elsewhere says of itself: bounds and content hash, not yet its signature.

    Raises:
        DecodeError: one of them is wrong.
    """
    header = read_header(signed.header)
    if signed.content is not None:
        check_content(header, signed.content)
    return header


def prove(signed: Signed, message_id: MessageId, header: Header) -> Message:
    """Check the signature, by far the dearest step, of a message that was examined.

    Raises:
        DecodeError: its author did not sign it.
    """
    if not verify(header.author, "message", signed.header, signed.signature):
        raise DecodeError("bad signature on a message")
    return Message(message_id, header, signed.header, signed.signature, signed.content)


def target_of(raw_header: bytes) -> MessageId | None:
    """The message that a stored one is about."""
    return _header_decoder.decode(raw_header).target


def reopen(message_id: MessageId, raw_header: bytes, signature: bytes, content: bytes | None) -> Message:
    """Rebuild a message that was verified before it was stored."""
    return Message(message_id, _header_decoder.decode(raw_header), raw_header, signature, content)
