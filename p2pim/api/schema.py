"""The local API, typed: every method, what it takes and gives, and every event.

Peers are bech32m text, rooms and messages 64 hexadecimal digits. Wherever a method takes a ``peer`` or a
``room`` it also takes what a person would type: a petname, a unique nickname, the beginning of an id,
``#lobby``. Times are milliseconds since 1970; ``None`` means "never" or "not known".
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, NotRequired, TypedDict

OwnPresence = Literal["online", "away", "busy", "invisible"]


class Nothing(TypedDict):
    """No parameters, or no result worth telling."""


class HelloParams(TypedDict):
    """The first request on every connection."""

    api: int
    version: str


class Hello(TypedDict):
    """Who answers."""

    api: int
    version: str
    pid: int


class Status(TypedDict):
    """One's own state at a glance. ``storage``: ok, or full (nothing can be stored)."""

    peer_id: str
    short_id: str
    nickname: str
    presence: str
    status_text: str
    port: int | None
    links: int
    waiting: int
    requests: int
    unread: int
    storage: str
    state_line: str
    version: str
    pid: int


class Peer(TypedDict):
    """Somebody known here.

    ``trust``: new, accepted, team, verified. ``request`` (theirs, to write to us): none, pending, declined.
    ``presence``: online, away, busy, offline. ``lookalike``: the known contact this name resembles.
    """

    peer_id: str
    short_id: str
    name: str
    nickname: str
    petname: str
    trust: str
    blocked: bool
    request: str
    presence: str
    status_text: str
    last_seen_ms: int | None
    address: str | None
    room: str
    unread: int
    waiting: int
    lookalike: str | None


class Room(TypedDict):
    """A set of messages. ``kind``: dm, lobby."""

    room: str
    kind: str
    name: str
    peer_id: str | None
    unread: int
    waiting: int
    last_ms: int | None


class Delivery(TypedDict):
    """How far a message of one's own got with one person; ``state`` as in Message, or handed-over.

    held, handed-over: they hold it sealed for somebody who is away, or say they have handed it over.
    """

    peer_id: str
    name: str
    state: str
    at_ms: int


class Message(TypedDict):
    """One message as it is shown. ``text`` is None where ``note`` says why there is none.

    ``kind``: 1 is text. ``state``: received (others'); of one's own: waiting, not-accepted, no-space,
    held (sealed, by the people in ``deliveries``, for somebody who is away), delivered. Order by (clock, id);
    ``seq`` is the order of arrival here, for ``rooms.read``.
    """

    seq: int
    id: str
    room: str
    author: str
    author_name: str
    mine: bool
    clock: int
    wall_ms: int
    kind: int
    text: str | None
    note: str | None
    unread: bool
    deliveries: list[Delivery]
    state: str


class Check(TypedDict):
    """One line of the doctor's report. ``level``: ok, warn, fail, skip."""

    name: str
    level: str
    text: str
    cure: str | None


class Snapshot(TypedDict):
    """All that a front end draws, at one moment of the event sequence."""

    seq: int
    status: Status
    peers: list[Peer]
    rooms: list[Room]


class Subscribed(TypedDict):
    """Events follow; the next one has a higher number than this."""

    seq: int


class PeerParams(TypedDict):
    """One peer."""

    peer: str


class PeerNameParams(TypedDict):
    """A name of my own for a peer; the empty text takes it away."""

    peer: str
    name: str


class VerifyParams(TypedDict):
    """Whether the safety numbers were compared and are equal."""

    peer: str
    verified: bool


class Named(TypedDict):
    """The peer that was meant."""

    peer_id: str
    name: str


class SafetyNumber(TypedDict):
    """60 digits that two people compare by voice."""

    peer_id: str
    name: str
    number: str


class Identity(TypedDict):
    """Oneself."""

    peer_id: str
    short_id: str
    nickname: str


class NicknameParams(TypedDict):
    """The name others see."""

    nickname: str


class PresenceParams(TypedDict):
    """One's presence, perhaps until a moment; without a text the text stays as it is."""

    presence: OwnPresence
    text: NotRequired[str | None]
    until_ms: NotRequired[int | None]


class RoomParams(TypedDict):
    """One room."""

    room: str


class ReadParams(TypedDict):
    """A room and the ``seq`` of the last message that was shown."""

    room: str
    seq: int


class SendParams(TypedDict):
    """A text. The same token again stores nothing and gives the message stored first."""

    room: str
    text: str
    token: NotRequired[str | None]


class HistoryParams(TypedDict):
    """The newest ``limit`` messages before the position [clock, id]; fewer when they are large."""

    room: str
    limit: NotRequired[int]
    before: NotRequired[tuple[int, str] | None]


class AddressParams(TypedDict):
    """Where a colleague may be found."""

    host: str
    port: int


class Config(TypedDict):
    """The settings in use, which may be older than the file."""

    file: str
    settings: dict[str, Any]


class Stopping(TypedDict):
    """The process that is about to end."""

    pid: int


class Event(TypedDict):
    """What happened; which keys are there depends on the type, see ``EVENTS``."""

    seq: int
    type: str
    message: NotRequired[Message]
    notify: NotRequired[bool]
    peer: NotRequired[Peer]
    room: NotRequired[str]
    peer_id: NotRequired[str]
    unread: NotRequired[int]
    state: NotRequired[str]
    text: NotRequired[str]


class Method(NamedTuple):
    """One method of the API."""

    params: type
    result: object
    writes: bool
    doc: str


METHODS: dict[str, Method] = {
    "hello": Method(HelloParams, Hello, False, "Must come first; refuses another API version."),
    "status": Method(Nothing, Status, False, "One's own state at a glance."),
    "subscribe": Method(Nothing, Subscribed, False, "Send events on this connection from now on."),
    "resync": Method(Nothing, Snapshot, False, "All that is drawn, at one moment of the event sequence."),
    "peers.list": Method(Nothing, list[Peer], False, "Everybody known here."),
    "peers.name": Method(PeerNameParams, Named, True, "Give a peer a name of one's own."),
    "peers.accept": Method(PeerParams, Named, True, "Accept a message request."),
    "peers.decline": Method(PeerParams, Named, True, "Decline a message request."),
    "peers.block": Method(PeerParams, Named, True, "Hear and tell nothing any more."),
    "peers.unblock": Method(PeerParams, Named, True, "Take a block back."),
    "peers.verify": Method(VerifyParams, Named, True, "Say that the safety numbers are equal, or not."),
    "peers.safety_number": Method(PeerParams, SafetyNumber, False, "The number to compare with a peer."),
    "identity.get": Method(Nothing, Identity, False, "One's own id and name."),
    "identity.name": Method(NicknameParams, Identity, True, "Choose the name others see."),
    "presence.set": Method(PresenceParams, Status, True, "Set one's presence."),
    "rooms.list": Method(Nothing, list[Room], False, "Every room."),
    "rooms.get": Method(RoomParams, Room, False, "The room a person means by a text."),
    "rooms.read": Method(ReadParams, Nothing, True, "All up to a message has been shown."),
    "rooms.typing": Method(RoomParams, Nothing, False, "A person is typing here."),
    "message.send": Method(SendParams, Message, True, "Write; the answer comes when it is on disk."),
    "message.history": Method(HistoryParams, list[Message], False, "Messages, oldest first."),
    "config.get": Method(Nothing, Config, False, "The settings in use."),
    "doctor.run": Method(Nothing, list[Check], False, "Find out what hinders."),
    "network.add": Method(AddressParams, Nothing, True, "Try an address, and keep it."),
    "daemon.stop": Method(Nothing, Stopping, False, "End the daemon; taken from any API version."),
}

EVENTS: dict[str, str] = {
    "message.added": "message, notify: a message was stored, one's own or another's.",
    "message.changed": "message: its delivery went on.",
    "peer.changed": "peer: name, trust, presence or anything else of a peer changed.",
    "typing": "room, peer_id: somebody is typing.",
    "room.read": "room, unread: how many are unread now.",
    "storage.changed": "state: ok, or full (nothing can be stored).",
    "network.changed": "text: the state line of the network.",
    "profile.changed": "one's own name or presence changed.",
    "resync": "events up to seq were dropped, for this subscriber was too slow: call resync.",
}
