"""What a connection tells whoever owns it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from p2pim.protocol.identity import PeerId
from p2pim.protocol.network import Network
from p2pim.protocol.records import Hello, Record


class Reason(StrEnum):
    """Why a connection closed."""

    LOCAL = "closed here"
    BYE = "closed by the other side"
    ENDED = "the stream ended"
    NO_NETWORK = "no network in common"
    HANDSHAKE = "the handshake failed"
    REFUSED = "refused by policy"
    SESSION = "a frame could not be opened"
    PROTOCOL = "a rule of the protocol was broken"
    TIMEOUT = "too slow"
    DEAD = "no sign of life"
    AGE = "too old"


@dataclass(frozen=True, slots=True)
class Ready:
    """Both sides are proven and have said HELLO: records may be sent."""

    peer_id: PeerId
    boot_id: bytes
    network: Network
    hello: Hello


@dataclass(frozen=True, slots=True)
class RecordReceived:
    """A record for the layers above."""

    record: Record


@dataclass(frozen=True, slots=True)
class Closed:
    """The last event. ``code`` is the BYE code, said or not; 0 if the stream just ended."""

    reason: str
    code: int
    remote: bool


Event = Ready | RecordReceived | Closed
