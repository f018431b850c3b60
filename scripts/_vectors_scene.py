"""Writes stories of teams for the vectors of SPEC.md, section 12. Used by vectors.py."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from p2pim.protocol.authority import Authority
from p2pim.protocol.control import (
    GENESIS,
    NO_ROOM,
    Admit,
    Body,
    Genesis,
    Grant,
    Invite,
    Merge,
    Policy,
    Revoke,
    Role,
    RoomType,
    consent,
    encode,
    kind_of,
)
from p2pim.protocol.controlset import ControlSet
from p2pim.protocol.identity import Identity
from p2pim.protocol.message import Message, seal

NONE, MEMBER, ADMIN = Role.NONE, Role.MEMBER, Role.ADMIN
START: Final = 1_700_000_000_000
DAY: Final = 86_400_000
EXPIRY_AT: Final = tuple(START + days * DAY for days in (0, 1, 15, 25, 50, 1_000))


def fixed(name: str, size: int = 32) -> bytes:
    """Bytes that look random and never change."""
    return hashlib.shake_256(name.encode()).digest(size)


PEOPLE: Final = {name: Identity(fixed(f"person {name}")) for name in "OABCDE"}


def who(name: str) -> bytes:
    """Somebody's peer_id."""
    return PEOPLE[name].peer_id


class Scene:
    """A team founded by O and what is written about it. Clocks are START and some, given or the next one."""

    def __init__(self, name: str) -> None:
        self.name, self.now, self.count = name, 0, 0
        self.sets: dict[str, ControlSet] = {}
        self.written: list[dict[str, Any]] = []
        self.last: Message = self.found("team", "O", RoomType.TEAM)

    def fresh(self, size: int = 32) -> bytes:
        """The next random bytes of this story."""
        self.count += 1
        return fixed(f"{self.name} {self.count}", size)

    def found(self, room: str, author: str, kind: RoomType, at: int | None = None) -> Message:
        """Found a room."""
        team = self.sets.get("team")
        secret = self.fresh() if kind is RoomType.TEAM else None
        body = Genesis(self.fresh(16), kind, room, team.room if team else None, secret)
        message = seal(
            PEOPLE[author],
            NO_ROOM,
            parents=[],
            clock=self.clock(at),
            kind=GENESIS,
            content=encode(body),
        )
        self.sets[room] = ControlSet(message.id, team)
        return self.send(message, room)

    def clock(self, at: int | None) -> int:
        """START and so much, or the next."""
        self.now = self.now + 1 if at is None else self.now
        return START + (self.now if at is None else at)

    def send(self, message: Message, room: str) -> Message:
        """Offer a message to a room, and note whether it enters."""
        verdict = self.sets[room].add(message)
        self.written.append(
            {
                "room": room,
                "verdict": verdict.name.lower(),
                "id": message.id.hex(),
                "header": message.raw_header.hex(),
                "signature": message.signature.hex(),
                "content": None if message.content is None else message.content.hex(),
            }
        )
        return message

    def write(
        self,
        author: str,
        body: Body,
        *after: Message,
        at: int | None = None,
        room: str = "team",
        kind: int = 0,
        content: bytes | None = None,
        parents: list[bytes] | None = None,
    ) -> Message:
        """Any control message (nothing given: after the last one)."""
        named = [message.id for message in after or (self.last,)] if parents is None else parents
        self.last = seal(
            PEOPLE[author],
            self.sets[room].room,
            parents=named,
            clock=self.clock(at),
            kind=kind or kind_of(body),
            content=encode(body) if content is None else content,
        )
        return self.send(self.last, room)

    def grant(
        self,
        author: str,
        subject: str,
        gen: int,
        role: Role,
        *after: Message,
        name: str | None = None,
        at: int | None = None,
        room: str = "team",
    ) -> Message:
        """A grant; a removal by another brings a secret."""
        secret = self.fresh() if role is NONE and author != subject and room == "team" else None
        return self.write(author, Grant(who(subject), gen, role, name, secret), *after, at=at, room=room)

    def invite(
        self,
        author: str,
        *after: Message,
        uses: int = 1,
        days: int = 7,
        approval: bool = False,
        label: str | None = None,
    ) -> tuple[Message, Identity]:
        """An invite and its key."""
        key = Identity(self.fresh())
        expiry = START + days * DAY
        body = Invite(key.peer_id, self.fresh(), self.fresh(), expiry, uses, approval, label)
        return self.write(author, body, *after), key

    def admit(
        self,
        author: str,
        subject: str,
        invite: tuple[Message, Identity],
        *after: Message,
        name: str | None = None,
        at: int | None = None,
    ) -> Message:
        """Let somebody in who has the code."""
        proof = invite[1].sign("join", self.sets["team"].room + who(subject))
        agreed = consent(PEOPLE[subject], invite[0].id, proof, name)
        body = Admit(who(subject), invite[0].id, proof, agreed, name)
        return self.write(author, body, *(after or (invite[0],)), at=at)

    def revoke(
        self,
        author: str,
        invite: tuple[Message, Identity],
        keep: list[Message],
        *after: Message,
        at: int | None = None,
    ) -> Message:
        """End an invite."""
        return self.write(author, Revoke(invite[0].id, [message.id for message in keep]), *after, at=at)

    def policy(
        self, author: str, gen: int, values: dict[str, Any], *after: Message, at: int | None = None
    ) -> Message:
        """Set rules."""
        return self.write(author, Policy(gen, values), *after, at=at)

    def merge(self, author: str, *after: Message, at: int | None = None) -> Message:
        """Nothing but parents."""
        return self.write(author, Merge(self.fresh(16)), *after, at=at)

    def told(self, times: tuple[int | None, ...]) -> dict[str, Any]:
        """The story, with what it amounts to at some times."""
        results = [
            _result(room, control, time)
            for room, control in self.sets.items()
            for time in times
            if control.genesis is not None
        ]
        return {
            "name": self.name,
            "rooms": {room: control.room.hex() for room, control in self.sets.items()},
            "messages": self.written,
            "results": results,
        }


def _result(room: str, control: ControlSet, time: int | None) -> dict[str, Any]:
    now = None if time is None else START + time
    authority = control.authority(now)
    assert authority is not None
    steps = [step for steps in authority.timelines.values() for step in steps]
    clocks = sorted({clock for step in steps for clock in (step.start - 1, step.start)})
    return {
        "room": room,
        "now": now,
        "timelines": {
            person.hex(): [[s.gen, s.start, int(s.role), s.by.hex()] for s in authority.timelines[person]]
            for person in sorted(authority.timelines)
        },
        "roles": {n: int(authority.role(who(n))) for n in PEOPLE},
        "roles_at": {str(clock): [int(authority.role_at(who(n), clock)) for n in PEOPLE] for clock in clocks},
        "served": [n for n in PEOPLE if control.is_member(who(n), now)] if now is not None else None,
        "ever_named": [n for n in PEOPLE if who(n) in control.ever],
        **_rest(authority),
    }


def _rest(authority: Authority) -> dict[str, Any]:
    return {
        "names": {person.hex(): authority.names[person] for person in sorted(authority.names)},
        "name": authority.name,
        "policy": dict(sorted(authority.policy.items())),
        "rulings": {key: [list(one) for one in found] for key, found in sorted(authority.rulings.items())},
        "expired_below": {str(t): authority.expired_below(t) for t in EXPIRY_AT},
        "maybe_expired_below": authority.maybe_expired_below(EXPIRY_AT[-1]),
        "policy_gen": authority.policy_gen,
        "gens": {person.hex(): authority.gens[person] for person in sorted(authority.gens)},
        "invites": {
            i.hex(): {
                "admits": [deed.id.hex() for deed in s.admits],
                "too_many": s.over,
                "revoked": s.revoked,
            }
            for i, s in sorted(authority.invites.items())
        },
        "counting": sorted(i.hex() for i in authority.counting),
        "secrets": [secret.hex() for secret in authority.secrets],
    }
