"""What a node reports upward, always after the commit that made it true, and the views its use cases return."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from p2pim.protocol.fold import Reacted
from p2pim.protocol.identity import PeerId
from p2pim.protocol.message import MessageId, RoomId

Presence = Literal["online", "away", "busy", "offline"]
MessageState = Literal["received", "waiting", "not-accepted", "no-space", "held", "delivered", "read"]
Change = Literal["delivery", "edit", "delete", "reaction", "quote", "file"]


class Delivery(Struct, frozen=True):
    """What one peer answered for one of my messages; held or handed over: they have it in a box for somebody else."""

    peer_id: PeerId
    name: str
    state: MessageState | Literal["handed-over"]
    at_ms: int


class Quote(Struct, frozen=True):
    """What a reply answers; ``author`` and ``text`` are None where that is not here, or is gone."""

    id: MessageId
    author: PeerId | None
    author_name: str
    text: str | None


class FileReport(Struct, frozen=True):
    """How it is with a file of mine at somebody it was offered to, as they say."""

    peer_id: PeerId
    name: str
    state: str
    at_ms: int


class FileView(Struct, frozen=True):
    """A file or folder that was offered.

    ``state``: of another's, offered, wanted (nobody who has it is here), fetching, paused, done, declined, cancelled,
    failed; of mine, sent or withdrawn (it is not there any more, or was changed). ``done``: bytes that are here.
    """

    name: str
    size: int
    folder: bool
    entries: int
    root: bytes
    state: str
    done: int
    path: str
    detail: str
    reports: tuple[FileReport, ...] = ()


class MessageView(Struct, frozen=True):
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
    reply_to: Quote | None = None
    edited: bool = False
    deleted_by: PeerId | None = None
    reactions: tuple[Reacted, ...] = ()
    mentions_me: bool = False
    file: FileView | None = None


class PeerView(Struct, frozen=True):
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
    #: Who carries the Link to them, if there is no direct one.
    via: str | None = None
    #: linked, connecting, no-answer (off, or a firewall), away, never-met
    reach: str = "away"


class RoomView(Struct, frozen=True):
    """A conversation in a list.

    ``team``: that a channel or group belongs to. ``role``: ours; "damaged" where it cannot be known any more; "" where
    there are no roles. ``alerts``: "all", "mentions" or "none" of it draw the user's attention.
    """

    room: RoomId
    kind: str
    name: str
    peer_id: PeerId | None
    unread: int
    waiting: int
    last_ms: int | None
    mentions: int = 0
    topic: str = ""
    team: RoomId | None = None
    role: str = ""
    members: int | None = None
    archived: bool = False
    alerts: str = "all"


#: comparing: not both ends have said what they lack yet. away: not connected.
HowFar = Literal["complete", "behind", "comparing", "away", "cut off"]
#: missing: something is known to exist and is not here. unfinished: somebody left before all was compared.
#: alone: nobody is connected whom one could ask.
RoomState = Literal["complete", "missing", "comparing", "unfinished", "alone"]


class MemberCompleteness(Struct, frozen=True):
    """How far somebody is in a room, as far as is known. ``lacks``: messages they lack that are here, None: not known.

    ``offers``: messages they have that are missing here.
    """

    peer_id: PeerId
    name: str
    state: HowFar
    lacks: int | None
    offers: int
    last_seen_ms: int | None


class Completeness(Struct, frozen=True):
    """Whether all that is known to exist in a room is here; ``full``: nothing can be stored at present."""

    room: RoomId
    state: RoomState
    missing: int
    full: bool
    members: tuple[MemberCompleteness, ...]


class MemberView(Struct, frozen=True):
    """Somebody in a room of ours. ``certified``: what an owner or admin certifies they are called."""

    peer_id: PeerId
    name: str
    certified: str
    role: str
    since_ms: int | None
    mine: bool
    presence: Presence


class InviteView(Struct, frozen=True):
    """An invite. ``over``: how many came in by it whom it could not let in any more."""

    id: MessageId
    by: str
    label: str
    uses: int
    left: int
    over: int
    expiry_ms: int
    approval: bool
    state: str
    admitted: tuple[str, ...]


class Status(Struct, frozen=True):
    """The node in one look. ``unread``: of each room as much as is to draw the user's attention."""

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


class Check(Struct, frozen=True):
    """One line of the doctor's report. ``level``: ok, warn, fail or skip."""

    name: str
    level: str
    text: str
    cure: str | None = None


class MessageAdded(Struct, frozen=True):
    """A message is now stored; ``notify``: it deserves somebody's attention, and the user lets its room have it."""

    message: MessageView
    notify: bool


class MessageChanged(Struct, frozen=True):
    """A message reads differently, or more is known of its delivery; ``what`` says which."""

    message: MessageView
    what: Change = "delivery"


class PeerChanged(Struct, frozen=True):
    """Something about a peer changed: presence, name, trust, request."""

    peer: PeerView


class Typing(Struct, frozen=True):
    """Somebody is typing in a room."""

    room: RoomId
    peer_id: PeerId


class RoomRead(Struct, frozen=True):
    """The user read a room, or what was unread there was deleted; so many are left."""

    room: RoomId
    unread: int
    mentions: int = 0


class StorageChanged(Struct, frozen=True):
    """The disk became full ("full") or writable again ("ok")."""

    state: str


class NetworkChanged(Struct, frozen=True):
    """The sentence that describes the network changed."""

    text: str


class ProfileChanged(Struct, frozen=True):
    """The user's own name or presence changed."""


class RoomChanged(Struct, frozen=True):
    """A room's members, rules, alerts or visible messages may have changed."""

    room: RoomId


class JoinChanged(Struct, frozen=True):
    """A code led into its team ("joined"), waits for an admin ("pending"), or is no good ("refused"): why."""

    join: bytes
    state: str
    text: str
    team: RoomId | None = None


class PolicyChanged(Struct, frozen=True):
    """The rules in force changed."""


Event = (
    MessageAdded
    | MessageChanged
    | PeerChanged
    | Typing
    | RoomRead
    | StorageChanged
    | NetworkChanged
    | ProfileChanged
    | RoomChanged
    | JoinChanged
    | PolicyChanged
)
