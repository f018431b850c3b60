"""What a connection tells whoever owns it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from p2pim.protocol.handshake import Session
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
    HANDED = "handed over to who carries files"


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


@dataclass(frozen=True, slots=True)
class Handed:
    """The other side is proven and wants to carry files: the session, and the socket with it, go to who does that.

    The connection is closed with this event; what ``data_to_send`` still returns is to be sent first.
    """

    peer_id: PeerId
    boot_id: bytes
    network: Network
    session: Session


Event = Ready | RecordReceived | Closed | Handed
