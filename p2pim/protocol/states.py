"""The states of a connection and the ways between them; what they mean is told in ``connection``.

This table does not know which side it serves: a responder starts in PREAMBLE, an initiator in MESSAGE_2.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import inf
from typing import Final

from p2pim.protocol.frames import MAX_FRAME, MIN_FRAME, TAG_LENGTH
from p2pim.protocol.handshake import MAX_MESSAGE
from p2pim.protocol.network import PREAMBLE_LENGTH
from p2pim.protocol.records import MAX_HELLO


class ConnectionState(Enum):
    """What the connection waits for."""

    PREAMBLE = "preamble"
    MESSAGE_1 = "message 1"
    MESSAGE_2 = "message 2"
    MESSAGE_3 = "message 3"
    HELLO = "hello"
    READY = "ready"
    CLOSED = "closed"


NEXT: Final = {
    ConnectionState.PREAMBLE: ConnectionState.MESSAGE_1,
    ConnectionState.MESSAGE_1: ConnectionState.MESSAGE_3,
    ConnectionState.MESSAGE_2: ConnectionState.HELLO,
    ConnectionState.MESSAGE_3: ConnectionState.HELLO,
    ConnectionState.HELLO: ConnectionState.READY,
}
"""From every state here and from READY, CLOSED is reached too; from CLOSED, nothing."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a state allows: seconds (None: those of the state before go on) and the sizes of a frame."""

    patience: float | None
    least: int
    most: int


LIMITS: Final = {
    ConnectionState.PREAMBLE: Limits(3.0, PREAMBLE_LENGTH, PREAMBLE_LENGTH),
    ConnectionState.MESSAGE_1: Limits(None, 0, MAX_MESSAGE),
    ConnectionState.MESSAGE_2: Limits(5.0, 0, MAX_MESSAGE),
    ConnectionState.MESSAGE_3: Limits(5.0, 0, MAX_MESSAGE),
    ConnectionState.HELLO: Limits(5.0, MIN_FRAME, MAX_HELLO + TAG_LENGTH),
    ConnectionState.READY: Limits(inf, MIN_FRAME, MAX_FRAME),
}
