"""Writes control messages as any machine of a team could, honest or not: for tests of what they amount to."""

from __future__ import annotations

import random
from collections.abc import Sequence

from p2pim.protocol.authority import Authority
from p2pim.protocol.control import (
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
from p2pim.protocol.controlset import ControlSet, Verdict
from p2pim.protocol.identity import Identity, PeerId
from p2pim.protocol.message import Message, MessageId, RoomId, seal

START = 1_800_000_000_000


class Council:
    """Some people, a team of the first of them, and everything that was ever written about it.

    Args:
        names: one letter each; the first founds the team.
    """

    def __init__(self, names: str = "OABCDE", seed: int = 1) -> None:
        self.rng = random.Random(seed)
        self.people = {name: Identity.generate(self.rng.randbytes) for name in names}
        self.now = START
        self.owner = self.people[names[0]]
        self.genesis = self._seal(
            self.owner,
            NO_ROOM,
            Genesis(self.rng.randbytes(16), RoomType.TEAM, "team", None, self.rng.randbytes(32)),
            [],
        )
        self.team: RoomId = self.genesis.id
        self.messages: list[Message] = [self.genesis]
        self.tried: list[Message] = []

    def id(self, name: str) -> PeerId:
        return self.people[name].peer_id

    def _seal(
        self,
        author: Identity,
        room: RoomId,
        body: Body,
        parents: Sequence[MessageId],
        clock: int | None = None,
    ) -> Message:
        self.now += 1
        return seal(
            author, room, parents=parents, clock=clock or self.now, kind=kind_of(body), content=encode(body)
        )

    def write(self, author: str, body: Body, *after: Message, clock: int | None = None) -> Message:
        """Any control message, after some others (none: after the last one written)."""
        parents = [message.id for message in after or self.messages[-1:]]
        message = self._seal(self.people[author], self.team, body, parents, clock)
        self.messages.append(message)
        return message

    def room(
        self, author: str, kind: RoomType, team: ControlSet | None = None, clock: int | None = None
    ) -> tuple[ControlSet, Message]:
        """A channel or group that somebody founded, with nothing but its genesis."""
        body = Genesis(self.rng.randbytes(16), kind, "room", team.room if team else None)
        message = self._seal(self.people[author], NO_ROOM, body, [], clock)
        control = ControlSet(message.id, team)
        assert control.add(message) is Verdict.ENTERS
        return control, message

    def write_in(
        self, room: ControlSet, author: str, body: Body, *after: Message, clock: int | None = None
    ) -> Message:
        """A control message in such a room."""
        return self._seal(self.people[author], room.room, body, [m.id for m in after], clock)

    def grant(
        self,
        author: str,
        subject: str,
        gen: int,
        role: Role,
        *after: Message,
        clock: int | None = None,
        name: str | None = None,
    ) -> Message:
        secret = self.rng.randbytes(32) if role is Role.NONE and author != subject else None
        return self.write(author, Grant(self.id(subject), gen, role, name, secret), *after, clock=clock)

    def invite(self, author: str, *after: Message, uses: int = 1, **more: object) -> tuple[Message, Identity]:
        """An invite, and the identity that its code stands for."""
        key = Identity.generate(self.rng.randbytes)
        approval, label = bool(more.get("approval")), more.get("label")
        expiry = more.get("expiry", START + 10**9)
        assert isinstance(expiry, int)
        assert label is None or isinstance(label, str)
        body = Invite(
            key.peer_id, self.rng.randbytes(32), self.rng.randbytes(32), expiry, uses, approval, label
        )
        return self.write(author, body, *after), key

    def admit(
        self,
        author: str,
        subject: str,
        invite: tuple[Message, Identity],
        *after: Message,
        clock: int | None = None,
        name: str | None = None,
    ) -> Message:
        """Let somebody in who holds the code."""
        message, key = invite
        proof = key.sign("join", self.team + self.id(subject))
        agreed = consent(self.people[subject], message.id, proof, name)
        body = Admit(self.id(subject), message.id, proof, agreed, name)
        return self.write(author, body, *(after or (message,)), clock=clock)

    def revoke(self, author: str, invite: Message, keep: Sequence[Message], *after: Message) -> Message:
        return self.write(author, Revoke(invite.id, [message.id for message in keep]), *after)

    def policy(
        self, author: str, gen: int, values: dict[str, bool | int | str | list[str]], *after: Message
    ) -> Message:
        return self.write(author, Policy(gen, values), *after)

    def merge(self, author: str, *after: Message) -> Message:
        return self.write(author, Merge(self.rng.randbytes(16)), *after)

    # -- reading

    def held(self, *messages: Message) -> ControlSet:
        """A control set of these (none: everything written); all of it must be fit to enter."""
        control = ControlSet(self.team)
        for message in sorted(messages or self.messages, key=lambda m: m.order):
            assert control.add(message) is Verdict.ENTERS
        return control

    def authority(self, *messages: Message) -> Authority:
        authority = self.held(*messages).authority()
        assert authority is not None
        return authority

    def roles(self, names: str, *messages: Message) -> list[int]:
        authority = self.authority(*messages)
        return [authority.role(self.id(name)) for name in names]
