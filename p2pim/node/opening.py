"""Opening a box that somebody hands over (SPEC section 13): what is in it is taken in as if its author had sent it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from p2pim.errors import RemoteProtocolError
from p2pim.node.control import proven
from p2pim.node.session import Session
from p2pim.protocol.box import box_digest, open_box
from p2pim.protocol.control import GENESIS
from p2pim.protocol.identity import PeerId
from p2pim.protocol.message import FIRST_CONTROL_KIND, Header, Message, MessageId, RoomId, examine, id_of
from p2pim.protocol.records import (
    AUTHOR_UNKNOWN,
    BOX_HANDED_OVER,
    BOX_KEEP,
    BOX_REFUSED,
    STORED,
    Box,
    Signed,
)

if TYPE_CHECKING:
    from p2pim.node.node import Node

log = logging.getLogger(__name__)

Examined = tuple[Signed, Header]


class Opening:
    """The recipient's side."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._store = node.store

    def given(self, session: Session, record: Box) -> None:
        """Somebody hands over a box that is for us: answer once what is in it is on the disk."""
        session.slow(session.boxing.costly, self._node.clock.monotonic())
        code = self._open(session, record.box)
        self._node.boxes.holding.answer(session, box_digest(record.box), code)

    def _open(self, session: Session, sealed: bytes) -> int:
        if not self._node.writable or not self._node.rooms.is_mate(session.link.peer_id):
            return BOX_KEEP
        try:
            opened = open_box(self._node.peer_id, self._node.boxes.keys.private_keys(), sealed)
            messages = [(signed, examine(signed)) for signed in opened or ()]
            self._take_control(messages)
            codes = [self._take(session, signed) for signed, header in messages if not _is_control(header)]
        except RemoteProtocolError as error:
            # Whoever sealed it broke a rule, not whoever brings it: they could not look.
            log.info("a box brought by %s: %s", session.link.peer_id.hex()[:8], error)
            return BOX_REFUSED
        if opened is None or AUTHOR_UNKNOWN in codes:
            return BOX_KEEP  # for our other machine, or what makes its author one of us may come later
        return BOX_HANDED_OVER if STORED in codes else BOX_REFUSED

    def _take(self, session: Session, signed: Signed) -> int:
        return self._node.delivery.receive_boxed(session, signed)

    def _take_control(self, messages: Sequence[Examined]) -> None:
        """Groups that we may be in without having heard of it: the author of what is said there shows that we are."""
        authors = {h.room: h.author for _, h in messages if not _is_control(h)}
        shown: dict[RoomId, dict[MessageId, Message]] = {}
        for signed, header in messages:
            message_id = id_of(signed)
            room = message_id if header.kind == GENESIS else header.room
            if _is_control(header) and self._is_news(authors.get(room), room, message_id):
                shown.setdefault(room, {})[message_id] = proven(signed, message_id)
        for room, control in shown.items():
            self._node.control.shown(authors[room], room, control, None)

    def _is_news(self, author: PeerId | None, room: RoomId, message_id: MessageId) -> bool:
        if author is None or self._node.people.contact(author).blocked:
            return False
        known = self._node.rooms.control(room)
        return known is None or message_id not in known


def _is_control(header: Header) -> bool:
    return header.kind >= FIRST_CONTROL_KIND
