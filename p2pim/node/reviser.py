"""What the user says about messages that are here: edits, deletes, reactions; and the topic of a room."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from p2pim.errors import AmbiguousTarget, BadInput, UnknownTarget
from p2pim.node import events
from p2pim.protocol.fold import REACTIONS_SHOWN
from p2pim.protocol.identity import PeerId
from p2pim.protocol.message import (
    DELETE,
    EDIT,
    REACTION,
    SAYING,
    TEXT,
    TOPIC,
    MessageId,
    RoomId,
    reaction_content,
    text_content,
)
from p2pim.protocol.names import MAX_TOPIC_BYTES, is_reaction, own_name
from p2pim.store.messages import Stored

if TYPE_CHECKING:
    from p2pim.node.node import Node

#: Digits that name a message; fewer would name another one tomorrow.
MIN_DIGITS: Final = 6


class Reviser:
    """Use cases about messages that are here; each stores one message, or none where nothing would change."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._store = node.store

    def find(self, digits: str) -> MessageId:
        """The message whose id is, or begins with, these hexadecimal digits.

        Raises:
            BadInput: these are no such digits, or too few.
            UnknownTarget: there is none here.
            AmbiguousTarget: there are several.
        """
        digits = digits.strip().lower()
        if not re.fullmatch(f"[0-9a-f]{{{MIN_DIGITS},64}}", digits):
            raise BadInput(
                f"{digits[:70]!r} is no message id: give at least {MIN_DIGITS} of its hexadecimal digits, "
                "as `p2pim history --ids` shows them."
            )
        found = self._store.messages.beginning_with(digits, 2)
        if not found:
            raise UnknownTarget(
                f"No message here begins with {digits}: `p2pim history NAME --ids` shows their ids."
            )
        if len(found) > 1:
            raise AmbiguousTarget(f"Several messages begin with {digits}: give more digits of the id.")
        return found[0].message.id

    def edit(
        self, message_id: MessageId, text: str, mentions: Sequence[PeerId] = (), everyone: bool = False
    ) -> events.MessageView:
        """Put other words in place of those of an own message.

        Raises:
            BadInput: not the user's, deleted, or no text that may be sent.
            NotNow: the peer is blocked, or the disk is full.
            UnknownTarget: no such message.
        """
        author = self._node.author
        with self._node.writing():
            target = self._text(message_id)
            if target.message.header.kind != TEXT:
                raise BadInput("Only texts can be edited.")
            if target.message.header.author != self._node.peer_id:
                raise BadInput("Only its author can edit a message. Write what you think of it instead.")
            meant = author.check_words(self._node.room(target.message.header.room), text, mentions)
            now = self._node.clock.wall_ms()
            return self._say(target, EDIT, text_content(text, now, self._node.random, meant, everyone))

    def delete(self, message_id: MessageId) -> events.MessageView:
        """Erase a message here, and ask everybody else who has it to do the same.

        Raises:
            BadInput: the user may not delete it.
            NotNow: the peer is blocked, or the disk is full.
            UnknownTarget: no such message.
        """
        with self._node.writing():
            target = self._get(message_id)
            if target.message.content is None:
                return self._node.views.message(target)
            if not self._store.followers.may_delete(self._node.peer_id, target.message.header):
                raise BadInput("Only its author can delete a message.")
            now = self._node.clock.wall_ms()
            return self._say(target, DELETE, text_content("", now, self._node.random))

    def react(self, message_id: MessageId, emoji: str, remove: bool = False) -> events.MessageView:
        """Put an emoji or a short word to a message, or take it back.

        Raises:
            BadInput: no such emoji, too many, or the message was deleted.
            NotNow: the peer is blocked, or the disk is full.
            UnknownTarget: no such message.
        """
        emoji = unicodedata.normalize("NFC", emoji.strip())
        if not is_reaction(emoji):
            raise BadInput(
                "A reaction is one emoji or a short word of at most 32 bytes. Write a reply instead."
            )
        with self._node.writing():
            target = self._text(message_id)
            mine = [r.emoji for r in self._node.views.entry(target).reactions if self._node.peer_id in r.by]
            if (emoji in mine) is not remove:
                return self._node.views.message(target)
            if not remove and len(mine) >= REACTIONS_SHOWN:
                raise BadInput(
                    f"You have put {REACTIONS_SHOWN} reactions to this message. Take one back first."
                )
            content = reaction_content(emoji, not remove, self._node.clock.wall_ms(), self._node.random)
            return self._say(target, REACTION, content)

    def set_topic(self, room_id: RoomId, topic: str) -> events.RoomView:
        """Say what a room is about; "" takes it away.

        Raises:
            BadInput: too long, or with invisible characters.
            NotNow: the peer is blocked, or the disk is full.
            UnknownTarget: no such room.
        """
        topic = own_name(topic, MAX_TOPIC_BYTES)
        with self._node.writing():
            room = self._node.room(room_id)
            if self._node.views.topic(room) != topic:
                self._node.author.check_room(room)
                content = text_content(topic, self._node.clock.wall_ms(), self._node.random)
                self._node.changes.made_by(self._node.author.write(room, TOPIC, content))
            return self._node.views.room(room)

    def _get(self, message_id: MessageId) -> Stored:
        found = [s for s in self._store.messages.get([message_id]) if not s.hidden]
        if not found:
            raise UnknownTarget(
                "There is no such message here. p2pim history NAME --ids shows which there are."
            )
        if found[0].message.header.kind not in SAYING:
            raise BadInput("Only texts and files can be deleted or reacted to.")
        return found[0]

    def _text(self, message_id: MessageId) -> Stored:
        stored = self._get(message_id)
        if stored.message.content is None:
            raise BadInput("That message was deleted: nothing can be done with it any more.")
        return stored

    def _say(self, target: Stored, kind: int, content: bytes) -> events.MessageView:
        """Write a message about another one; how that is shown now."""
        room = self._node.room(target.message.header.room)
        self._node.author.check_room(room)
        stored = self._node.author.write(room, kind, content, target.message.id)
        if kind == DELETE:
            self._node.delivery.explain(stored.message.header)
        self._node.changes.made_by(stored)
        (now,) = self._store.messages.get([target.message.id])
        return self._node.views.message(now)
