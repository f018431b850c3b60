"""Section 12.1 and 12.2: the contents of control messages, and what may enter a control set."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .invites import proves
from .keys import refused, verify
from .messages import Message
from .packing import Map, Refused, Value, unpack
from .records import Check, blob, ident, many, maybe, number, row, text

GENESIS, GRANT, POLICY, INVITE, REVOKE, ADMIT, MERGE = range(128, 135)
TEAM, CHANNEL, GROUP = 1, 2, 3
MAX_GEN = 2**32 - 1
Fields = dict[str, Any]


def _key(value: Value) -> bytes:
    key: bytes = ident(value)
    if refused(key):
        raise Refused("a refused key")
    return key


def _boolean(value: Value) -> bool:
    if not isinstance(value, bool):
        raise Refused("no boolean")
    return value


def _policy_value(value: Value) -> Value:
    if isinstance(value, tuple):
        return tuple(text(4_096)(each) for each in value)
    if isinstance(value, bool | str):
        return value
    return int(number(-(2**63), 2**64 - 1)(value))


def _policies(value: Value) -> dict[str, Value]:
    if not isinstance(value, Map) or len(value.pairs) > 64:
        raise Refused("no map of at most 64 pairs")
    return {text(4_096)(key): _policy_value(item) for key, item in value.pairs}


_name = (maybe(text(64)), None)
_secret = (maybe(ident), None)
_sixteen, _signature = blob(16, 16), blob(64, 64)
ELEMENTS: dict[int, tuple[str, Check]] = {
    GENESIS: (
        "salt type name parent secret",
        row(_sixteen, number(1, 3), text(64), optional=((maybe(ident), None), _secret)),
    ),
    GRANT: (
        "subject gen role name secret",
        row(_key, number(1, MAX_GEN), number(0, 2), optional=(_name, _secret)),
    ),
    POLICY: ("gen values", row(number(1, MAX_GEN), _policies)),
    INVITE: (
        "key secret bind expiry uses approval label",
        row(_key, ident, ident, number(0, 2**53 - 1), number(1, 1_000), _boolean, optional=(_name,)),
    ),
    REVOKE: ("invite keep", row(ident, many(ident, 1_000))),
    ADMIT: (
        "subject invite proof consent name",
        row(_key, ident, _signature, _signature, optional=(_name,)),
    ),
    MERGE: ("salt", row(_sixteen)),
}


def read(kind: int, content: bytes) -> Fields | None:
    """Read a content; None if nobody knows the kind yet."""
    if kind not in ELEMENTS:
        return None
    if len(content) > (49_152 if kind == REVOKE else 4_096):
        raise Refused("too long")
    names, check = ELEMENTS[kind]
    body: Fields = dict(zip(names.split(), check(unpack(content)), strict=True))
    if kind == GENESIS:
        team, channel = body["type"] == TEAM, body["type"] == CHANNEL
        if team != (body["secret"] is not None) or (team and body["parent"] is not None):
            raise Refused("no team")
        if channel and body["parent"] is None:
            raise Refused("a channel of nothing")
    if kind == GRANT and body["secret"] is not None and body["role"] != 0:
        raise Refused("a secret with a role")
    return body


def consents(subject: bytes, invite: bytes, proof: bytes, name: str | None, consent: bytes) -> bool:
    """Say whether the joiner agreed (11.4)."""
    return verify(subject, "consent", invite + proof + (name or "").encode(), consent)


@dataclass(frozen=True)
class Entry:
    """A message that has entered, with all that it follows."""

    message: Message
    body: Fields | None
    follows: frozenset[bytes]

    @property
    def id(self) -> bytes:
        return self.message.id

    @property
    def kind(self) -> int:
        return self.message.kind

    @property
    def author(self) -> bytes:
        return self.message.author

    @property
    def clock(self) -> int:
        return self.message.clock

    @property
    def place(self) -> tuple[int, bytes]:
        return self.message.place

    def says(self, name: str) -> Any:
        """Give an element of its content, None if there is no such."""
        return self.body.get(name) if self.body is not None else None


@dataclass
class Room:
    """The control set of a room."""

    id: bytes
    team: Room | None = None
    entries: dict[bytes, Entry] = field(default_factory=dict)

    @property
    def genesis(self) -> Entry:
        return self.entries[self.id]

    @property
    def owner(self) -> bytes:
        return self.genesis.author

    @property
    def type(self) -> int:
        return int(self.genesis.says("type"))

    def of_kind(self, *kinds: int) -> list[Entry]:
        """Give all entries of these kinds, the first in (clock, id) first."""
        return sorted((e for e in self.entries.values() if e.kind in kinds), key=lambda e: e.place)

    def ever_named(self) -> set[bytes]:
        """Give everybody whose content may be stored."""
        named = {
            e.says("subject") for e in self.of_kind(GRANT, ADMIT) if e.kind == ADMIT or e.says("role") > 0
        }
        return named | {self.owner} if self.entries else named

    def ever_admin(self) -> set[bytes]:
        """Give everybody whom the owner ever made admin."""
        made = [e for e in self.of_kind(GRANT) if e.author == self.owner and e.says("role") == 2]
        return {e.says("subject") for e in made}

    def enter(self, message: Message) -> str:
        """Take a message in if it may enter; say whether: enters, held, orphan, early, or refused."""
        if message.id in self.entries:
            return "held"
        try:
            body = self._body(message)
            follows = frozenset[bytes]()
            if message.kind == GENESIS:
                answer = self._founds(message, body or {})
            elif message.room != self.id or not message.parents:
                return "refused"
            elif any(parent not in self.entries for parent in message.parents):
                return "orphan"
            else:
                parents = [self.entries[parent] for parent in message.parents]
                follows = frozenset(message.parents).union(*(parent.follows for parent in parents))
                answer = self._is_of(message, body, follows)
        except Refused:
            return "refused"
        if answer == "enters":
            self.entries[message.id] = Entry(message, body, follows)
        return answer

    @staticmethod
    def _body(message: Message) -> Fields | None:
        if message.kind < 128 or message.content is None:
            raise Refused("no control message")
        return read(message.kind, message.content)

    def _founds(self, message: Message, body: Fields) -> str:
        if message.id != self.id or message.room != bytes(32) or message.parents:
            return "refused"
        if body["parent"] is None:
            return "enters" if self.team is None else "refused"
        if (
            self.team is None
            or self.team.id != body["parent"]
            or not self.team.entries
            or self.team.type != TEAM
        ):
            return "refused"
        return "enters" if message.author in self.team.ever_named() else "early"

    def _is_of(self, message: Message, body: Fields | None, follows: frozenset[bytes]) -> str:
        past = [self.entries[id_] for id_ in follows]
        author = message.author
        if any(message.clock <= self.entries[parent].clock for parent in message.parents):
            return "refused"
        if self.type == CHANNEL and self.team is not None:
            may = {self.owner, self.team.owner} | self.team.ever_admin()
            return "enters" if author in may else "early"
        if message.kind == ADMIT and body is not None:
            return "enters" if self._is_genuine(body, follows) else "refused"
        about_me = [e for e in past if e.says("subject") == author]
        made = any(e.kind == GRANT and e.says("role") == 2 and e.author == self.owner for e in about_me)
        if made or author == self.owner:
            return "enters"
        leaves = message.kind == GRANT and body is not None and (body["subject"], body["role"]) == (author, 0)
        named = any(e.kind == ADMIT or (e.kind == GRANT and e.says("role") > 0) for e in about_me)
        return "enters" if leaves and named else "refused"

    def _is_genuine(self, body: Fields, follows: frozenset[bytes]) -> bool:
        if body["invite"] not in follows or (invite := self.entries[body["invite"]]).kind != INVITE:
            return False
        proof: bytes = body["proof"]
        return proves(invite.says("key"), self.id, body["subject"], proof) and consents(
            body["subject"], body["invite"], proof, body["name"], body["consent"]
        )
