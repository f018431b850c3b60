"""The local API, typed: every method, what it takes and gives, and every event.

Peers are bech32m text, rooms and messages 64 hexadecimal digits. Wherever a method takes a ``peer`` or a
``room`` it also takes what a person would type: a petname, a unique nickname, the beginning of an id,
``#lobby``, ``#team``, ``#team/room``. Times are milliseconds since 1970; ``None`` means "never" or "not known".
"""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

from p2pim.api import file_schema as files
from p2pim.api import team_schema as team
from p2pim.api.method import Method
from p2pim.api.params import (
    AddressParams,
    AlertsParams,
    BackupParams,
    EditParams,
    HelloParams,
    HistoryParams,
    MessageParams,
    NicknameParams,
    PassphraseParams,
    PeerNameParams,
    PeerParams,
    PresenceParams,
    ReactParams,
    ReadParams,
    RoomParams,
    SearchParams,
    SendParams,
    TopicParams,
    UnlockParams,
    VerifyParams,
)


class Nothing(TypedDict):
    """No parameters, or no result worth telling."""


class Hello(TypedDict):
    """Who answers."""

    api: int
    version: str
    pid: int


class Status(TypedDict):
    """One's own state at a glance.

    ``state``: running, or locked (the identity key waits for its passphrase: the rest is not known yet and empty).
    ``unread``: over all rooms, each counting as its ``alerts`` say: what is unread there, only the mentions of
    oneself among it, nothing. ``storage``: ok, or full (nothing can be stored).
    """

    state: str
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
    ``via``: who carries the connection to them, where none can be made directly.
    ``reach``: linked, connecting, no-answer (they are off, or behind a firewall), away, never-met.
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
    via: str | None
    reach: str


class Room(TypedDict):
    """A set of messages. ``kind``: dm, lobby, team, channel, group. ``mentions``: unread ones that mention oneself.

    Of a channel or group ``team`` says which team it belongs to. ``role``: owner, admin, member; none (left or
    removed); damaged (see team.log); "" where there are no roles, and then ``members`` is None. ``alerts``: what of it
    draws attention, and is counted in totals: all, mentions (of oneself), none (it is muted); ``unread`` and
    ``mentions`` are exact whatever that is.
    """

    room: str
    kind: str
    name: str
    peer_id: str | None
    unread: int
    mentions: int
    waiting: int
    last_ms: int | None
    topic: str
    team: str | None
    role: str
    members: int | None
    archived: bool
    alerts: str


class Delivery(TypedDict):
    """How far a message of one's own got with one person; ``state`` as in Message, or handed-over; since when.

    held, handed-over: they hold it sealed for somebody who is away, or say they have handed it over.
    """

    peer_id: str
    name: str
    state: str
    at_ms: int


class Quote(TypedDict):
    """What a reply answers, at most its first 200 characters; ``author`` None: not here, ``text`` None: nor shown."""

    id: str
    author: str | None
    author_name: str
    text: str | None


class Reacted(TypedDict):
    """One emoji below a message, and who put it there."""

    emoji: str
    by: list[str]


class Message(TypedDict):
    """One message as it is shown. ``text`` is None where ``note`` says why there is none.

    ``kind``: 1 is text, 5 offers ``file``, 6 says that the topic of the room is ``text`` from here on. ``deleted``: who
    deleted it, or None. ``state``: received (others'); of one's own: waiting, not-accepted, no-space, held (sealed, by
    the people in ``deliveries``, for somebody who is away), delivered, read. Order by (clock, id); ``seq`` is the order
    of arrival here, for ``rooms.read``.
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
    reply_to: Quote | None
    edited: bool
    deleted: str | None
    reactions: list[Reacted]
    mentions_me: bool
    file: files.File | None


class Found(TypedDict):
    """What a search found, the newest first; ``more``: there may be older ones."""

    messages: list[Message]
    more: bool


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


class Backup(TypedDict):
    """The backup that was written."""

    file: str
    bytes: int
    messages: int


class Config(TypedDict):
    """The settings in use, which may be older than the file."""

    file: str
    settings: dict[str, Any]


class Address(TypedDict):
    """Where somebody may be reached."""

    host: str
    port: int


class Rule(TypedDict):
    """One rule of a policy in force, and whose it is; the type of the value goes with the key."""

    key: str
    value: bool | int | str | list[str]
    source: str


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
    mentions: NotRequired[int]
    what: NotRequired[str]
    state: NotRequired[str]
    text: NotRequired[str]
    join: NotRequired[str]
    team: NotRequired[str | None]


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
    "identity.unlock": Method(
        UnlockParams, Status, False, "Open the identity key of a locked daemon and start.", slow=True
    ),
    "identity.passphrase": Method(
        PassphraseParams, Nothing, False, "Set, change or remove the key's passphrase.", slow=True
    ),
    "backup.write": Method(
        BackupParams, Backup, False, "Write identity, messages and settings to one file.", slow=True
    ),
    "presence.set": Method(PresenceParams, Status, True, "Set one's presence."),
    "rooms.list": Method(Nothing, list[Room], False, "Every room."),
    "rooms.get": Method(RoomParams, Room, False, "The room a person means by a text."),
    "rooms.read": Method(ReadParams, Nothing, True, "All up to a message has been shown."),
    "rooms.topic": Method(TopicParams, Room, True, "Say what a room is about."),
    "rooms.alerts": Method(
        AlertsParams, Room, True, "Choose what of a room draws attention; nobody else is told."
    ),
    "rooms.state": Method(
        RoomParams, team.RoomState, False, "Whether all of it is here, and who lacks what."
    ),
    "rooms.typing": Method(RoomParams, Nothing, False, "A person is typing here."),
    "message.send": Method(SendParams, Message, True, "Write; the answer comes when it is on disk."),
    "message.edit": Method(EditParams, Message, True, "Put other words in place of one's own."),
    "message.delete": Method(MessageParams, Message, True, "Erase it here; others are asked to."),
    "message.react": Method(ReactParams, Message, True, "Put an emoji to a message, or take it back."),
    "message.history": Method(HistoryParams, list[Message], False, "Messages, oldest first."),
    "message.search": Method(SearchParams, Found, False, "Full text of all that is here. No text is wrong."),
    "file.send": Method(files.SendFileParams, Message, False, "Hash and offer a file or folder.", slow=True),
    "file.accept": Method(files.AcceptParams, Message, True, "Fetch it as soon as somebody has it here."),
    "file.decline": Method(files.OfferParams, Message, True, "Not wanted; its author is told."),
    "file.pause": Method(files.OfferParams, Message, True, "Not now; what has come stays."),
    "file.resume": Method(files.OfferParams, Message, True, "Go on where it stopped."),
    "file.cancel": Method(files.OfferParams, Message, True, "Throw away what has come of it."),
    "room.create": Method(team.CreateRoomParams, Room, True, "Found a channel or private group in a team."),
    "room.archive": Method(team.ArchiveParams, Room, True, "Close a room to new messages, or open it again."),
    "team.create": Method(team.NameParams, team.Founded, True, "Found a team."),
    "team.list": Method(Nothing, list[team.Team], False, "Every team that is here, those left included."),
    "team.members": Method(RoomParams, list[team.Member], False, "Who belongs to a team or room."),
    "team.invite": Method(team.InviteParams, team.Invited, True, "Make an invite: a code and a link."),
    "team.invites": Method(team.TeamParams, list[team.Invite], False, "The invites of a team."),
    "team.revoke": Method(team.RevokeParams, Nothing, True, "End an invite; who came in by it stays."),
    "team.join": Method(
        team.JoinParams, team.Begun, True, "Begin to join by a code or link: see join.changed."
    ),
    "team.joins": Method(Nothing, list[team.Join], False, "The joins under way."),
    "team.give_up": Method(team.GiveUpParams, Nothing, True, "Try a code no longer."),
    "team.grant": Method(team.GrantParams, Named, True, "Make somebody a member or an admin."),
    "team.remove": Method(team.MemberParams, Named, True, "Remove somebody."),
    "team.leave": Method(RoomParams, Room, True, "Leave; what was written stays here."),
    "team.rename": Method(team.RenameParams, Room, True, "Call a team or room otherwise."),
    "team.policy": Method(
        team.PolicyParams, team.Policy, True, "Set rules, if any are given; those in force."
    ),
    "team.log": Method(team.LogParams, team.Log, False, "Who did what, and whether the log is sound."),
    "config.get": Method(Nothing, Config, False, "The settings in use."),
    "policy.get": Method(Nothing, list[Rule], False, "The rules in force: this machine's and one's teams'."),
    "doctor.run": Method(Nothing, list[Check], False, "Find out what hinders.", slow=True),
    "network.addresses": Method(
        Nothing, list[Address], False, "Where others may reach this machine, the best first."
    ),
    "network.add": Method(AddressParams, Nothing, True, "Try an address, and keep it."),
    "daemon.stop": Method(Nothing, Stopping, False, "End the daemon; taken from any API version."),
}

EVENTS: dict[str, str] = {
    "message.added": "message, notify: a message was stored, one's own or another's. notify: it is new to the user, "
    "and the alerts of its room let it draw attention, while one is not busy.",
    "message.changed": "message, what: it was changed by an edit, a delete or a reaction, its delivery went on, "
    "the quote in it, or how far a file is.",
    "peer.changed": "peer: name, trust, presence or anything else of a peer changed.",
    "typing": "room, peer_id: somebody is typing.",
    "room.changed": "room: its members, rules, name, alerts or visible messages may have changed.",
    "join.changed": "join, state, text, team: a code led into its team (joined), waits for an admin (pending), "
    "or is no good (refused).",
    "room.read": "room, unread, mentions: how many are unread now, and mention oneself.",
    "storage.changed": "state: ok, or full (nothing can be stored).",
    "network.changed": "text: the state line of the network.",
    "profile.changed": "one's own name or presence changed.",
    "profile.unlocked": "the passphrase was given, p2pim runs: call resync.",
    "policy.changed": "the rules in force changed: call policy.get.",
    "resync": "events up to seq were dropped, for this subscriber was too slow: call resync.",
}
