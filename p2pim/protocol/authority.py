"""Authority: who may do what in a room, a pure function of its control set (SPEC section 12).

Theory of operation
-------------------
A ``ControlSet`` takes control messages whose parents it has, and keeps of each its causal past, as a bit mask. What may
enter the set is decided by a message's bytes and that past alone, so that sets only grow, and any two machines that
unite them hold the same. Whether a message in the set *counts* is decided by ``fold``, and may change as it grows:

* Every grant says its **gen**: one more than the highest good one for its subject in its past; another is void for
  ever. An ADMIT is gen 0. Of grants with one gen the owner's wins, then the lower role, then the lower id.
* An admin's deed counts if an owner's winning grant(admin) is in its past, and what ended that tenure, if anything did,
  has the deed in its own past. So what a demoted admin writes later, by whatever clock, is void.
* While somebody is admin only the owner's grants for them count, and their own leave.
* The **timeline** of a person is what won at each gen, in order; what they wrote counts by the role they had at its
  clock.
* A policy says its gen in the same way; of each key the highest gen holds.
* The secrets of a team's network are mixed from the genesis' and those of all removals that count, in order of (clock,
  id): of two removals at once, neither of the removed knows the result.

A channel has the roles of its team, over it; its founder is admin there too. A private group has roles of its own, and
needs the membership of its team as well, if it has one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from p2pim.protocol.control import Admit, Body, Genesis, Grant, Invite, Policy, Revoke, Role, RoomType
from p2pim.protocol.identity import PeerId, digest
from p2pim.protocol.message import Message, MessageId
from p2pim.protocol.names import received_name

#: The policy that renames a room.
NAME: Final = "name"

PolicyValue = bool | int | str | list[str]


class Deed(NamedTuple):
    """A control message as the set keeps it. ``past``: bit i is set if message number i is an ancestor."""

    number: int
    message: Message
    body: Body | None
    past: int

    @property
    def id(self) -> MessageId:
        """Its message's id."""
        return self.message.id

    @property
    def author(self) -> PeerId:
        """Who did it."""
        return self.message.header.author

    @property
    def clock(self) -> int:
        """When, by its author's word."""
        return self.message.header.clock

    def follows(self, other: Deed) -> bool:
        """Whether the other one is in this one's causal past."""
        return bool(self.past >> other.number & 1)


class Step(NamedTuple):
    """One entry of a timeline: from this clock on, this role, by this message."""

    gen: int
    start: int
    role: Role
    by: MessageId


@dataclass(frozen=True)
class Standing:
    """An invite that counts: who came in by it, and whether it was revoked."""

    deed: Deed
    invite: Invite
    admits: tuple[Deed, ...]
    over: int
    revoked: bool

    @property
    def left(self) -> int:
        """How often it can still be used."""
        return 0 if self.revoked else self.invite.uses - len(self.admits)


@dataclass(frozen=True)
class Authority:
    """What a control set amounts to."""

    genesis: Genesis
    owner: PeerId
    timelines: dict[PeerId, tuple[Step, ...]]
    names: dict[PeerId, str]
    policy: dict[str, PolicyValue]
    policy_gen: int
    invites: dict[MessageId, Standing]
    counting: frozenset[MessageId]
    gens: dict[PeerId, int]
    #: The secrets of the network, oldest first; the last one is the current one.
    secrets: tuple[bytes, ...] = field(repr=False)
    over: Authority | None = None

    @property
    def name(self) -> str:
        """What the room is called; "" if nobody gave it a name that may be shown."""
        renamed = self.policy.get(NAME)
        return received_name(renamed if isinstance(renamed, str) else "") or received_name(self.genesis.name)

    def role(self, peer_id: PeerId) -> Role:
        """What somebody is now."""
        above = self.over.role(peer_id) if self.over is not None else None
        return self._role(peer_id, len(self.timelines.get(peer_id, ())), above)

    def role_at(self, peer_id: PeerId, clock: int) -> Role:
        """What somebody was at a clock."""
        above = self.over.role_at(peer_id, clock) if self.over is not None else None
        found = bisect_right(self.timelines.get(peer_id, ()), clock, key=lambda step: step.start)
        return self._role(peer_id, found, above)

    def _role(self, peer_id: PeerId, step: int, above: Role | None) -> Role:
        """The role after so many steps of somebody's timeline, given the one in the team over this room."""
        own = self.timelines[peer_id][step - 1].role if step else Role.NONE
        own = Role.OWNER if peer_id == self.owner else own
        if above is None:
            return own
        if above is Role.NONE:
            return Role.NONE
        if self.genesis.type == RoomType.GROUP:
            return own
        return max(above, Role.ADMIN) if peer_id == self.owner else above

    def is_member(self, peer_id: PeerId) -> bool:
        """Whether somebody belongs to the room now."""
        return self.role(peer_id) >= Role.MEMBER

    def members(self) -> list[PeerId]:
        """Everybody who belongs to the room now, the highest roles first."""
        named = self.timelines.keys() | {self.owner}
        if self.over is not None and self.genesis.type == RoomType.CHANNEL:
            named |= set(self.over.members())
        return sorted((p for p in named if self.is_member(p)), key=lambda p: (-self.role(p), p))


def network_secrets(first: bytes, removals: Sequence[bytes]) -> tuple[bytes, ...]:
    """Secrets of a team's network after each removal, the first included: each mixes all before it."""
    return (
        first,
        *(digest("net", first + b"".join(removals[: i + 1])) for i in range(len(removals))),
    )


_SUBJECTS: Final = (Grant, Admit)


class _Fold:
    """One computation over some deeds, in the order of (clock, id)."""

    def __init__(
        self, genesis: Genesis, owner: PeerId, deeds: Sequence[Deed], over: Authority | None
    ) -> None:
        self.genesis, self.owner, self.deeds, self.over = genesis, owner, deeds, over
        self.good: dict[PeerId, list[Deed]] = defaultdict(list)
        self.admits: list[Deed] = []
        for deed in deeds:
            self._sort(deed)
        self.gens = {
            subject: max((_gen(deed) for deed in good), default=0) for subject, good in self.good.items()
        }
        self.tenures = {subject: _walk(owner, good) for subject, good in self.good.items()}

    def _sort(self, deed: Deed) -> None:
        """Keep a grant whose gen is right, and every ADMIT. Ancestors come first: their clocks are lower."""
        if isinstance(deed.body, Admit):
            self.admits.append(deed)
        elif isinstance(deed.body, Grant) and deed.body.subject != self.owner:
            known = self.good[deed.body.subject]
            highest = max((_gen(other) for other in known if deed.follows(other)), default=0)
            if deed.body.gen == highest + 1:
                known.append(deed)

    def tenure(self, deed: Deed) -> tuple[bool, Deed | None]:
        """Whether this is the deed of an owner or admin, and what ended the tenure it was done in."""
        if self.over is not None and self.genesis.type == RoomType.CHANNEL:
            least = Role.MEMBER if deed.author == self.owner else Role.ADMIN
            return self.over.role_at(deed.author, deed.clock) >= least, None
        if deed.author == self.owner:
            return True, None
        walk = self.tenures.get(deed.author, [])
        for place, grant in enumerate(walk):
            if _role(grant) is Role.ADMIN and deed.follows(grant):
                end = next((later for later in walk[place + 1 :] if _role(later) < Role.ADMIN), None)
                if end is None or end.follows(deed):
                    return True, end
        return False, None

    def counts(self, deed: Deed) -> bool:
        """Whether it is a deed of an owner or admin who was one then."""
        return self.tenure(deed)[0]

    # -- invites

    def standings(self) -> dict[MessageId, Standing]:
        """Every invite that counts, with the ADMITs that count by it."""
        invites = {d.id: d for d in self.deeds if isinstance(d.body, Invite) and self.counts(d)}
        revokes: dict[MessageId, list[Revoke]] = defaultdict(list)
        for deed in self.deeds:
            if isinstance(deed.body, Revoke) and deed.body.invite in invites and self.counts(deed):
                revokes[deed.body.invite].append(deed.body)
        uses: dict[MessageId, list[Deed]] = defaultdict(list)
        for deed in self.admits:
            assert isinstance(deed.body, Admit)
            if (invite := invites.get(deed.body.invite)) is not None and self._is_valid(deed, invite):
                uses[invite.id].append(deed)
        return {i: _standing(invite, uses[i], revokes[i]) for i, invite in invites.items()}

    def _is_valid(self, admit: Deed, invite: Deed) -> bool:
        """In time, by who may, and before its inviter ceased to be admin."""
        assert isinstance(invite.body, Invite)
        if admit.clock > invite.body.expiry_ms or (invite.body.approval and not self.counts(admit)):
            return False
        _, end = self.tenure(invite)
        return end is None or end.follows(admit)

    # -- timelines

    def timeline(self, subject: PeerId, admits: Iterable[Deed]) -> tuple[Step, ...]:
        """What won at each gen. While somebody is admin, only the owner's word counts, and their own leave."""
        by_gen: dict[int, list[Deed]] = defaultdict(list)
        by_gen[0] = list(admits)
        for deed in self.good.get(subject, []):
            if _is_leave(deed) or (
                self.counts(deed) and (deed.author == self.owner or _role(deed) < Role.ADMIN)
            ):
                by_gen[_gen(deed)].append(deed)
        steps: list[Step] = []
        for gen in sorted(by_gen):
            deeds = by_gen[gen]
            if steps and steps[-1].role is Role.ADMIN:
                deeds = [d for d in deeds if d.author == self.owner or _is_leave(d)]
            if deeds:
                best = min(deeds, key=self._rank)
                start = max(best.clock, steps[-1].start + 1) if steps else best.clock
                steps.append(Step(gen, start, _role(best), best.id))
        return tuple(steps)

    def _rank(self, deed: Deed) -> tuple[bool, Role, MessageId]:
        return deed.author != self.owner, _role(deed), deed.id

    # -- the rest

    def policy(self) -> tuple[dict[str, PolicyValue], int]:
        """Of each key the value of the highest gen, then the owner's, then of the lowest id; and the highest gen."""
        good: list[Deed] = []
        for deed in self.deeds:
            if isinstance(deed.body, Policy) and self.counts(deed):
                highest = max((_policy_gen(other) for other in good if deed.follows(other)), default=0)
                if deed.body.gen == highest + 1:
                    good.append(deed)
        good.sort(key=lambda d: (_policy_gen(d), d.author == self.owner, [-byte for byte in d.id]))
        values: dict[str, PolicyValue] = {}
        for deed in good:  # the one that wins is last
            assert isinstance(deed.body, Policy)
            values.update(deed.body.values)
        return values, max(map(_policy_gen, good), default=0)

    def secrets(self) -> tuple[bytes, ...]:
        """The secrets of the network, as all removals that count have mixed them."""
        if self.genesis.secret is None:
            return ()
        removals = [
            deed
            for good in self.good.values()
            for deed in good
            if isinstance(deed.body, Grant) and deed.body.secret is not None and self.counts(deed)
        ]
        removals.sort(key=lambda deed: deed.message.order)
        return network_secrets(self.genesis.secret, [_secret(deed) for deed in removals])

    def result(self) -> Authority:
        """Everything together."""
        standings = self.standings()
        admitted: dict[PeerId, list[Deed]] = defaultdict(list)
        for standing in standings.values():
            for deed in standing.admits:
                assert isinstance(deed.body, Admit)
                admitted[deed.body.subject].append(deed)
        subjects = (self.good.keys() | admitted.keys()) - {self.owner}
        timelines = {s: self.timeline(s, admitted.get(s, [])) for s in subjects}
        by_id = {deed.id: deed for deed in self.deeds}
        policy, policy_gen = self.policy()
        winning = {step.by for steps in timelines.values() for step in steps}
        acts = {d.id for d in self.deeds if not isinstance(d.body, _SUBJECTS) and self.counts(d)}
        return Authority(
            genesis=self.genesis,
            owner=self.owner,
            timelines={subject: steps for subject, steps in timelines.items() if steps},
            names=self._names(timelines, by_id, standings),
            policy=policy,
            policy_gen=policy_gen,
            invites=standings,
            counting=frozenset(winning | acts),
            gens=self.gens,
            secrets=self.secrets(),
            over=self.over,
        )

    @staticmethod
    def _names(
        timelines: dict[PeerId, tuple[Step, ...]],
        by_id: dict[MessageId, Deed],
        standings: dict[MessageId, Standing],
    ) -> dict[PeerId, str]:
        """Names that an owner or admin certified: by a grant, or by the label of an invite for one."""
        names: dict[PeerId, str] = {}
        for subject, steps in timelines.items():
            for step in steps:
                body = by_id[step.by].body
                name: str | None = None
                if isinstance(body, Grant):
                    name = body.name
                elif isinstance(body, Admit) and (invite := standings[body.invite].invite).uses == 1:
                    name = invite.label
                names[subject] = received_name(name or "") or names.get(subject, "")
        return {subject: name for subject, name in names.items() if name}


def _gen(deed: Deed) -> int:
    return deed.body.gen if isinstance(deed.body, Grant) else 0


def _policy_gen(deed: Deed) -> int:
    assert isinstance(deed.body, Policy)
    return deed.body.gen


def _secret(deed: Deed) -> bytes:
    assert isinstance(deed.body, Grant)
    assert deed.body.secret is not None
    return deed.body.secret


def _role(deed: Deed) -> Role:
    return Role(deed.body.role) if isinstance(deed.body, Grant) else Role.MEMBER


def _is_leave(deed: Deed) -> bool:
    return isinstance(deed.body, Grant) and deed.body.subject == deed.author and deed.body.role == Role.NONE


def _walk(owner: PeerId, good: Iterable[Deed]) -> list[Deed]:
    """What the owner decided about somebody at each gen, and their own leaves: these alone begin and end a tenure."""
    best: dict[int, Deed] = {}
    for deed in good:
        if deed.author == owner or _is_leave(deed):
            other = best.get(_gen(deed))
            if other is None or _precedes(owner, deed, other):
                best[_gen(deed)] = deed
    return [best[gen] for gen in sorted(best)]


def _precedes(owner: PeerId, one: Deed, other: Deed) -> bool:
    return (one.author != owner, _role(one), one.id) < (other.author != owner, _role(other), other.id)


def _standing(invite: Deed, uses: Sequence[Deed], revokes: Sequence[Revoke]) -> Standing:
    """The ADMITs that count: the first subjects by (clock, id), or exactly those that every REVOKE keeps."""
    assert isinstance(invite.body, Invite)
    first: dict[PeerId, Deed] = {}
    for deed in uses:  # in order already
        assert isinstance(deed.body, Admit)
        if not revokes or all(deed.id in revoke.keep for revoke in revokes):
            first.setdefault(deed.body.subject, deed)
    admits = tuple(first.values())
    allowed = admits if revokes else admits[: invite.body.uses]
    return Standing(invite, invite.body, allowed, len(admits) - len(allowed), bool(revokes))


def fold(genesis: Genesis, owner: PeerId, deeds: Iterable[Deed], over: Authority | None = None) -> Authority:
    """What these deeds amount to. Deeds without their ancestors give nonsense: see ControlSet.

    Source: SPEC section 12; the rules were found and checked by simulation.
    """
    ordered = sorted(deeds, key=lambda deed: deed.message.order)
    return _Fold(genesis, owner, ordered, over).result()
