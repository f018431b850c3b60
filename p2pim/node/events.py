"""What a node reports upward, always after the commit that made it true, and the views its use cases return."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from p2pim.protocol.identity import PeerId
from p2pim.protocol.message import MessageId, RoomId

Presence = Literal["online", "away", "busy", "offline"]
MessageState = Literal["received", "waiting", "not-accepted", "no-space", "delivered"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What one peer answered for one of my messages."""

    peer_id: PeerId
    name: str
    state: MessageState
    at_ms: int


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message as a reader sees it. ``text`` is None where ``note`` says why there is none."""

    seq: int
    id: MessageId
    room: RoomId
    author: PeerId
    author_name: str
    mine: bool
    clock: int
    wall_ms: int
    kind: int
    text: str | None
    note: str | None
    unread: bool
    state: MessageState
    deliveries: tuple[Delivery, ...] = ()


@dataclass(frozen=True, slots=True)
class PeerView:
    """Somebody, with what is true about them now. ``lookalike`` names the known contact they could be taken for."""

    peer_id: PeerId
    name: str
    nickname: str
    petname: str
    short_id: str
    trust: str
    blocked: bool
    request: str
    presence: Presence
    status_text: str
    last_seen_ms: int | None
    address: str | None
    room: RoomId
    unread: int
    waiting: int
    lookalike: str | None


@dataclass(frozen=True, slots=True)
class RoomView:
    """A conversation in a list."""

    room: RoomId
    kind: str
    name: str
    peer_id: PeerId | None
    unread: int
    waiting: int
    last_ms: int | None


@dataclass(frozen=True, slots=True)
class Status:
    """The node in one look."""

    peer_id: PeerId
    nickname: str
    short_id: str
    presence: str
    status_text: str
    port: int | None
    links: int
    waiting: int
    unread: int
    requests: int
    storage: str
    state_line: str


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the doctor's report. ``level``: ok, warn, fail or skip."""

    name: str
    level: str
    text: str
    cure: str | None = None


@dataclass(frozen=True, slots=True)
class MessageAdded:
    """A message is now stored; ``notify``: it deserves somebody's attention."""

    message: MessageView
    notify: bool


@dataclass(frozen=True, slots=True)
class MessageChanged:
    """What is known of a message's delivery changed."""

    message: MessageView


@dataclass(frozen=True, slots=True)
class PeerChanged:
    """Something about a peer changed: presence, name, trust, request."""

    peer: PeerView


@dataclass(frozen=True, slots=True)
class Typing:
    """Somebody is typing in a room."""

    room: RoomId
    peer_id: PeerId


@dataclass(frozen=True, slots=True)
class RoomRead:
    """The user read a room."""

    room: RoomId
    unread: int


@dataclass(frozen=True, slots=True)
class StorageChanged:
    """The disk became full ("full") or writable again ("ok")."""

    state: str


@dataclass(frozen=True, slots=True)
class NetworkChanged:
    """The sentence that describes the network changed."""

    text: str


@dataclass(frozen=True, slots=True)
class ProfileChanged:
    """The user's own name or presence changed."""


Event = (
    MessageAdded
    | MessageChanged
    | PeerChanged
    | Typing
    | RoomRead
    | StorageChanged
    | NetworkChanged
    | ProfileChanged
)
