"""What the methods of the local API take; see ``schema``, where they are listed."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

OwnPresence = Literal["online", "away", "busy", "invisible"]


class HelloParams(TypedDict):
    """The first request on every connection."""

    api: int
    version: str


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


class NicknameParams(TypedDict):
    """The name others see."""

    nickname: str


class UnlockParams(TypedDict):
    """What opens the identity key."""

    passphrase: str


class PassphraseParams(TypedDict):
    """The passphrase of the identity key: None for ``old`` sets the first one, None for ``new`` removes it."""

    old: str | None
    new: str | None


class BackupParams(TypedDict):
    """Where to write a backup (a whole path; no file may be there), and the passphrase that will open it."""

    file: str
    passphrase: str


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
    """A text. The same token again stores nothing and gives the message stored first.

    ``reply_to``: the message it answers, by its id or 6 or more leading digits of that, like every ``message``
    below. ``mentions``: peers who are meant in particular; ``mention_room``: all who read it.
    """

    room: str
    text: str
    token: NotRequired[str | None]
    reply_to: NotRequired[str | None]
    mentions: NotRequired[list[str]]
    mention_room: NotRequired[bool]


class EditParams(TypedDict):
    """Other words for a message of one's own; who is mentioned in them, as in SendParams."""

    message: str
    text: str
    mentions: NotRequired[list[str]]
    mention_room: NotRequired[bool]


class MessageParams(TypedDict):
    """One message."""

    message: str


class ReactParams(TypedDict):
    """An emoji or short word to put to a message, or to take back."""

    message: str
    emoji: str
    remove: NotRequired[bool]


class TopicParams(TypedDict):
    """What a room is about; the empty text takes it away."""

    room: str
    topic: str


class AlertsParams(TypedDict):
    """What of a room draws the user's attention: all, mentions (of the user, or of the whole room), none."""

    room: str
    alerts: str


class HistoryParams(TypedDict):
    """The newest ``limit`` messages before the position [clock, id]; fewer when they are large."""

    room: str
    limit: NotRequired[int]
    before: NotRequired[tuple[int, str] | None]


class SearchParams(TypedDict):
    """Messages that have all words of a text (in quotes: as they stand), by whom, where, when: times as clocks are.

    ``files``: only those that offer a file, by its name.
    """

    text: str
    room: NotRequired[str | None]
    author: NotRequired[str | None]
    since_ms: NotRequired[int | None]
    until_ms: NotRequired[int | None]
    files: NotRequired[bool]
    limit: NotRequired[int]


class AddressParams(TypedDict):
    """Where a colleague may be found."""

    host: str
    port: int
