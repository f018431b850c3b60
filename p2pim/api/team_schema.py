"""The part of the local API that is about teams, channels and groups; see ``schema``, where its methods are listed.

A ``team`` or ``room`` is given by its id or by what a person would type: ``Blue``, ``#Blue``, ``Blue/news``. Control
messages and invites are 64 hexadecimal digits; an invite may be given by the first 4 or more.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

PolicyValue = bool | int | str | list[str]


class NameParams(TypedDict):
    """What the new team is called."""

    name: str


class TeamParams(TypedDict):
    """One team."""

    team: str


class Founded(TypedDict):
    """The new team."""

    team: str
    name: str


class Team(TypedDict):
    """A team that is here. ``mine``: one is in it still. ``role``: as in Room."""

    team: str
    name: str
    role: str
    members: int | None
    mine: bool
    unread: int
    waiting: int


class MemberState(TypedDict):
    """How far somebody is in a room. ``state``: complete, behind, comparing, away, cut off (away too soon).

    ``lacks``: messages they lack that are here, as far as they said; of who is away, one's own only; None: not known.
    ``offers``: messages they have that are missing here.
    """

    peer_id: str
    name: str
    state: str
    lacks: int | None
    offers: int
    last_seen_ms: int | None


class RoomState(TypedDict):
    """Whether all that is known to exist in a room is here. ``full``: the disk is, and nothing can be stored.

    ``state``: complete (all is here, as everybody who is connected says), missing (so many messages are), comparing
    (not everybody has said yet), unfinished (somebody left before all was compared, and may have more), alone (nobody
    is connected, so nobody can tell).
    """

    room: str
    state: str
    missing: int
    full: bool
    members: list[MemberState]


class Member(TypedDict):
    """Somebody in a team or room. ``certified``: what an owner or admin says they are called ("": nothing).

    ``role``: owner, admin, member. ``mine``: it is oneself.
    """

    peer_id: str
    short_id: str
    name: str
    certified: str
    role: str
    since_ms: int | None
    mine: bool
    presence: str


class InviteParams(TypedDict):
    """A new invite: how many may come in by it, for how long, and whether an admin must approve each.

    ``label``: the name to certify, of an invite for one.
    """

    team: str
    uses: NotRequired[int]
    days: NotRequired[float]
    approval: NotRequired[bool]
    label: NotRequired[str]


class Invited(TypedDict):
    """Both are secrets, and kept nowhere here: the code, and a link with the code and addresses of this machine."""

    code: str
    link: str
    id: str


class Invite(TypedDict):
    """An invite. ``over``: how many came in by it at once beyond what it allows, and are out again.

    ``state``: open, used up, expired, revoked. ``admitted``: the names of those who came in by it.
    """

    id: str
    by: str
    label: str
    uses: int
    left: int
    over: int
    expiry_ms: int
    approval: bool
    state: str
    admitted: list[str]


class RevokeParams(TypedDict):
    """An invite of a team."""

    team: str
    invite: str


class JoinParams(TypedDict):
    """A code or link as it was given."""

    invitation: str


class Begun(TypedDict):
    """A join that is under way from now on; the addresses of the link that are tried, as HOST:PORT."""

    join: str
    addresses: list[str]


class Join(TypedDict):
    """A code that was entered and has not led into its team yet."""

    join: str
    since_ms: int


class GiveUpParams(TypedDict):
    """A join under way."""

    join: str


class GrantParams(TypedDict):
    """Somebody's role from now on, and perhaps the name to certify."""

    room: str
    peer: str
    role: Literal["member", "admin"]
    name: NotRequired[str | None]


class MemberParams(TypedDict):
    """Somebody in a team or room."""

    room: str
    peer: str


class RenameParams(TypedDict):
    """Another name for a team or room."""

    room: str
    name: str


class PolicyParams(TypedDict):
    """Rules to set; without any they are only shown."""

    room: str
    values: NotRequired[dict[str, PolicyValue] | None]


class Policy(TypedDict):
    """The rules in force, and how often they were changed."""

    values: dict[str, PolicyValue]
    gen: int


class LogParams(TypedDict):
    """A log, and whether to check it from the disk up. ``limit``: so many of the newest lines."""

    room: str
    verify: NotRequired[bool]
    limit: NotRequired[int]


class LogLine(TypedDict):
    """What somebody did. ``counts``: whether they had the right to, and nothing overruled it."""

    id: str
    clock: int
    author: str
    author_name: str
    text: str
    counts: bool


class LogFault(TypedDict):
    """A stored control message that was changed, or follows one that is gone."""

    id: str
    why: str


class Log(TypedDict):
    """The newest lines of a log, oldest first, as many as fit; ``total``: all there are.

    ``fingerprint``: 64 digits that are the same wherever the same control messages are held. ``faults``: None unless it
    was checked, and where a room is damaged.
    """

    room: str
    name: str
    lines: list[LogLine]
    total: int
    fingerprint: str
    faults: list[LogFault] | None


class CreateRoomParams(TypedDict):
    """A channel that is open to its team, or a private group of some of its members."""

    team: str
    name: str
    private: NotRequired[bool]
    members: NotRequired[list[str]]


class ArchiveParams(TypedDict):
    """Whether a room is closed to new messages."""

    room: str
    archived: bool
