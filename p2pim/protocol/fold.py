"""From a set of messages to what a reader sees: a pure function, whatever the order of arrival (SPEC section 8).

A text is shown with what others say about it, its *followers*: the newest edit, the reactions that stand, a delete.
``entry`` may be given more of them than count: it picks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Final

from msgspec import Struct

from p2pim.protocol.identity import PeerId
from p2pim.protocol.message import (
    DELETE,
    EDIT,
    FILE,
    FOLLOWERS,
    REACTION,
    SAYING,
    TEXT,
    TOPIC,
    Header,
    Message,
    MessageId,
    Text,
    decode_reaction,
    decode_text,
    is_future,
)
from p2pim.protocol.names import received_topic
from p2pim.protocol.offer import decode_offer
from p2pim.protocol.room import Room

#: Of an author's reactions to one message so many count, the newest; of those that stand so many are shown.
REACTIONS_COUNTED: Final = 64
REACTIONS_SHOWN: Final = 20

MayDelete = Callable[[PeerId, Header], bool]


def authors_only(who: PeerId, header: Header) -> bool:
    """Who may delete where nobody administers the room: only the author."""
    return who == header.author


class Reacted(Struct, frozen=True):
    """One emoji below a message, and who put it there, the first first."""

    emoji: str
    by: tuple[PeerId, ...]


class Entry(Struct, frozen=True, gc=False):
    """What a reader sees of one message: its text, or a note saying why there is none.

    ``content`` is what the text came from: that of the newest edit, where there is one.
    """

    id: MessageId
    author: PeerId
    clock: int
    wall_ms: int
    text: str | None
    note: str | None
    reply_to: MessageId | None = None
    edited: bool = False
    deleted_by: PeerId | None = None
    reactions: tuple[Reacted, ...] = ()
    content: Text | None = None

    def means(self, peer_id: PeerId) -> bool:
        """Whether it mentions somebody."""
        return self.content is not None and self.content.means(peer_id)


def subject(message_id: MessageId, header: Header) -> MessageId | None:
    """The message whose delete erases this one: itself for a text or an offer, the one it edits for an edit."""
    if header.kind in SAYING:
        return message_id
    return header.target if header.kind == EDIT else None


def deletes_of(
    header: Header, followers: Iterable[Message], may_delete: MayDelete = authors_only
) -> list[Message]:
    """The deletes that count for a text: those by whoever may."""
    if header.kind not in SAYING:
        return []
    return [f for f in followers if f.header.kind == DELETE and may_delete(f.header.author, header)]


def newest_edit(header: Header, followers: Iterable[Message]) -> Message | None:
    """The edit that counts: the newest by the author of the text."""
    edits = (
        f
        for f in followers
        if f.header.kind == EDIT and f.header.author == header.author and f.content is not None
    )
    return max(edits, key=lambda f: f.order, default=None)


def _standing(followers: Iterable[Message]) -> tuple[Reacted, ...]:
    """The reactions to show, those in front whose first author was first."""
    by_author: dict[PeerId, list[Message]] = {}
    for message in followers:
        if message.header.kind == REACTION and message.content is not None:
            by_author.setdefault(message.header.author, []).append(message)
    shown = [one for reactions in by_author.values() for one in _standing_of_one(reactions)]
    found: dict[str, list[PeerId]] = {}
    for message, emoji in sorted(shown, key=lambda one: one[0].order):
        found.setdefault(emoji, []).append(message.header.author)
    return tuple(Reacted(emoji, tuple(by)) for emoji, by in found.items())


def _standing_of_one(reactions: list[Message]) -> list[tuple[Message, str]]:
    """What one author's reactions to one message come to: for each emoji the newest word counts."""
    newest = sorted(reactions, key=lambda m: m.order, reverse=True)[:REACTIONS_COUNTED]
    said: dict[str, bool] = {}
    standing = []
    for message in newest:
        reaction = decode_reaction(message.content or b"")
        if reaction is not None and reaction.text not in said:
            said[reaction.text] = reaction.stands
            if reaction.stands:
                standing.append((message, reaction.text))
    return standing[:REACTIONS_SHOWN]


def entry(
    message: Message, followers: Collection[Message] = (), may_delete: MayDelete = authors_only
) -> Entry:
    """Say what a message means to this version. ``followers``: those of its room that name it as target."""
    header = message.header
    if header.kind in SAYING:
        return _said(message, followers, may_delete)
    if header.kind != TOPIC:
        return _note(message, "needs a newer version")
    content = decode_text(message.content or b"")
    if content is None:
        return _note(message, "cannot be read")
    topic = received_topic(content.text)
    return Entry(message.id, header.author, header.clock, content.wall_ms, topic, None)


def _note(message: Message, note: str, deleted_by: PeerId | None = None) -> Entry:
    header, reply_to = message.header, message.header.target if message.header.kind == TEXT else None
    return Entry(
        message.id, header.author, header.clock, header.clock, None, note, reply_to, deleted_by=deleted_by
    )


def _said(message: Message, followers: Collection[Message], may_delete: MayDelete) -> Entry:
    header, content = message.header, message.content
    deletes = deletes_of(header, followers, may_delete) if followers else []
    if deletes:
        who = {f.header.author for f in deletes}
        return _note(message, "deleted", header.author if header.author in who else min(who))
    if content is None:
        return _note(message, "no longer kept")
    if header.kind == FILE:
        return _file(message, content, followers)
    written = shown = decode_text(content)
    edit = newest_edit(header, followers) if followers else None
    if edit is not None:
        shown = decode_text(edit.content or b"")
    return Entry(
        message.id,
        header.author,
        header.clock,
        header.clock if written is None else written.wall_ms,
        None if shown is None else shown.text,
        "cannot be read" if shown is None else None,
        reply_to=header.target,
        edited=edit is not None,
        reactions=_standing(followers) if followers else (),
        content=shown,
    )


def _file(message: Message, content: bytes, followers: Collection[Message]) -> Entry:
    """An offer reads as the name of what is offered."""
    header, offer = message.header, decode_offer(content)
    if offer is None:
        return _note(message, "cannot be read")
    return Entry(
        message.id,
        header.author,
        header.clock,
        offer.wall_ms,
        offer.name,
        None,
        reactions=_standing(followers) if followers else (),
    )


def fold(
    room: Room,
    me: PeerId,
    messages: Iterable[Message],
    now_ms: int,
    may_delete: MayDelete = authors_only,
) -> list[Entry]:
    """Everything visible in a room, in order. A delete counts at once, whatever its clock.

    A message whose content is not here, without a delete that says why, is not shown.
    """
    unique: dict[MessageId, Message] = {}
    for message in messages:
        known = unique.get(message.id)
        if room.admits(message.header, me) and (known is None or known.content is None):
            unique[message.id] = message
    followers: dict[MessageId | None, list[Message]] = {}
    for message in unique.values():
        kind, due = message.header.kind, not is_future(message.header.clock, now_ms)
        if kind in FOLLOWERS and (due or kind == DELETE):
            followers.setdefault(message.header.target, []).append(message)
    shown = []
    for message in sorted(unique.values(), key=lambda m: m.order):
        header, about = message.header, followers.get(message.id, [])
        here = message.content is not None or deletes_of(header, about, may_delete)
        if here and header.kind not in FOLLOWERS and not is_future(header.clock, now_ms):
            shown.append(entry(message, about, may_delete))
    return shown


def topic(messages: Iterable[Message], now_ms: int) -> str:
    """The topic of a room: the newest that was set; "" where it was taken away or breaks the rules."""
    topics = (
        m
        for m in messages
        if m.header.kind == TOPIC and m.content is not None and not is_future(m.header.clock, now_ms)
    )
    newest = max(topics, key=lambda m: m.order, default=None)
    return "" if newest is None else entry(newest).text or ""
