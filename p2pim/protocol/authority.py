"""Authority: who may do what in a room, a pure function of its control set (SPEC section 12).

Theory of operation
-------------------
What may enter a ``ControlSet`` is decided by a message's bytes and its causal past alone, so that sets only grow, and
any two machines that unite them hold the same. Whether a message in the set *counts* is decided by ``fold``, and may
change as it grows:

* Every grant says its **gen**: one more than the highest good one for its subject in its past; another is void for
  ever. An ADMIT is gen 0. Of grants with one gen the owner's wins, then the lower role, then the first by (clock, id).
* An admin's deed counts if an owner's winning grant(admin) is in its past, and what ended that tenure, if anything did,
  has the deed in its own past. So what a demoted admin writes later, by whatever clock, is void.
* While somebody is admin only the owner's grants for them count, and their own leave.
* The **timeline** of a person is what won at each gen, in order, each from its own clock on: it puts an end to whatever
  would begin later. What they wrote counts by the role they had at its clock.
* A policy says its gen in the same way; of each key the highest gen holds.
* The secrets of a team's network are mixed from its id, the genesis' secret and those of all removals that count, in
  order of (clock, id): of two removals at once, neither of the removed knows the result.

A channel has the roles of its team, over it, and no others; its founder is admin there too. A private group has roles
of its own, and needs the membership of its team as well, if it has one, for deeds as for anything else.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NamedTuple

from p2pim.protocol.control import Admit, Genesis, Grant, Invite, Policy, Revoke, Role, RoomType
from p2pim.protocol.deed import ALL, Deed, rank, tenures
from p2pim.protocol.identity import PeerId, running_digest
from p2pim.protocol.message import MessageId, RoomId
from p2pim.protocol.names import received_name

__all__ = [
    "DAY_MS",
    "NAME",
    "RETENTION",
    "Authority",
    "Deed",
    "PolicyValue",
    "Ruling",
    "Standing",
    "Step",
    "fold",
    "network_secrets",
]

#: Keys of policies: what renames a room, and for how many days a team keeps what is written.
NAME: Final = "name"
RETENTION: Final = "retention_days"
DAY_MS: Final = 24 * 3600 * 1000

PolicyValue = bool | int | str | list[str]


class Step(NamedTuple):
    """One entry of a timeline: from this clock on, this role, by this message."""

    gen: int
    start: int
    role: Role
    by: MessageId


class Ruling(NamedTuple):
    """What was decided about one key of the policy, from this clock on."""

    gen: int
    start: int
    value: PolicyValue


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
    #: Of each key what won at each gen, in that order: the last one is in force.
    rulings: dict[str, tuple[Ruling, ...]]
    policy_gen: int
    #: The shortest retention that anybody who could once has set, in days; 0: none.
    shortest_retention: int
    invites: dict[MessageId, Standing]
    counting: frozenset[MessageId]
    gens: dict[PeerId, int]
    #: The secrets of the network, oldest first; the last one is the current one.
    secrets: tuple[bytes, ...] = field(repr=False)
    over: Authority | None = None

    @cached_property
    def policy(self) -> dict[str, PolicyValue]:
        """What is in force."""
        return {key: rulings[-1].value for key, rulings in self.rulings.items()}

    def expired_below(self, now_ms: int) -> int:
        """Clock below which a team's rules have erased what is written in its rooms (SPEC section 12.7)."""
        below, rulings = 0, self.rulings.get(RETENTION, ())
        for number, ruling in enumerate(rulings, 1):
            end = min(now_ms, rulings[number].start) if number < len(rulings) else now_ms
            if days := _days(ruling.value):
                below = max(below, end - days * DAY_MS)
        return below

    def maybe_expired_below(self, now_ms: int) -> int:
        """Clock below which a rule may have erased what is written, where it was in force for a while."""
        return now_ms - self.shortest_retention * DAY_MS if self.shortest_retention else 0

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

    @cached_property
    def everybody(self) -> frozenset[PeerId]:
        """Who belongs to the room now."""
        named = self.timelines.keys() | {self.owner}
        if self.over is not None and self.genesis.type == RoomType.CHANNEL:
            named |= self.over.everybody
        return frozenset(p for p in named if self.role(p) >= Role.MEMBER)

    def is_member(self, peer_id: PeerId) -> bool:
        """Whether somebody belongs to the room now."""
        return peer_id in self.everybody

    def members(self) -> list[PeerId]:
        """Everybody who belongs to the room now, the highest roles first."""
        return sorted(self.everybody, key=lambda p: (-self.role(p), p))


def network_secrets(team: RoomId, first: bytes, removals: Iterable[bytes]) -> tuple[bytes, ...]:
    """Secrets of a team's network, at first and after each removal: each mixes all before it.

    With the team's id in it none can be made to equal that of another network, whose Links it would take.
    """
    mix = running_digest("net", team)
    return tuple(mix(part) for part in (first, *removals))


_SUBJECTS: Final = (Grant, Admit)


class _Fold:
    """One computation over some deeds, in the order of (clock, id)."""

    def __init__(
        self, genesis: Genesis, owner: PeerId, deeds: Sequence[Deed], over: Authority | None
    ) -> None:
        self.genesis, self.owner, self.deeds, self.over = genesis, owner, deeds, over
        self.is_channel = over is not None and genesis.type == RoomType.CHANNEL
        self.grants: dict[PeerId, list[Deed]] = defaultdict(list)
        for deed in deeds:
            if (
                isinstance(deed.body, Grant)
                and deed.good
                and deed.body.subject != owner
                and not self.is_channel
            ):
                self.grants[deed.body.subject].append(deed)
        self.tenures = {subject: tenures(owner, good) for subject, good in self.grants.items()}
        self._within: dict[int, int] = {}
        self.timelines: dict[PeerId, tuple[Step, ...]] = {}
        self.names: dict[PeerId, str] = {}
        self.winning: set[MessageId] = set()

    # -- who was owner or admin then

    def counts(self, deed: Deed) -> bool:
        """Whether it is a deed of an owner or admin who was one then."""
        return self.within(deed) != 0

    def within(self, deed: Deed) -> int:
        """Mask of the deeds within the tenures in which this one was done; 0 if in none."""
        if (known := self._within.get(deed.number)) is None:
            known = self._within[deed.number] = self._find_within(deed)
        return known

    def _find_within(self, deed: Deed) -> int:
        if self.over is not None:
            above = self.over.role_at(deed.author, deed.clock)
            if self.is_channel:
                return ALL if above >= (Role.MEMBER if deed.author == self.owner else Role.ADMIN) else 0
            if above < Role.MEMBER:
                return 0
        if deed.author == self.owner:
            return ALL
        found = 0
        for tenure in self.tenures.get(deed.author, ()):
            if tenure.has(deed):
                found |= tenure.within
        return found

    # -- invites

    def standings(self) -> dict[MessageId, Standing]:
        """Every invite that counts, with the ADMITs that count by it."""
        if self.is_channel:
            return {}
        invites = {d.id: d for d in self.deeds if isinstance(d.body, Invite) and self.counts(d)}
        revokes: dict[MessageId, list[Revoke]] = defaultdict(list)
        uses: dict[MessageId, list[Deed]] = defaultdict(list)
        for deed in self.deeds:
            body = deed.body
            if not isinstance(body, Revoke | Admit) or (invite := invites.get(body.invite)) is None:
                continue
            if isinstance(body, Revoke) and self.counts(deed):
                revokes[invite.id].append(body)
            elif isinstance(body, Admit) and self._is_valid(deed, invite):
                uses[invite.id].append(deed)
        return {i: _standing(invite, uses[i], revokes[i]) for i, invite in invites.items()}

    def _is_valid(self, admit: Deed, invite: Deed) -> bool:
        """In time, by who may, and before its inviter ceased to be admin."""
        assert isinstance(invite.body, Invite)
        if admit.clock > invite.body.expiry_ms or (invite.body.approval and not self.counts(admit)):
            return False
        return bool(self.within(invite) >> admit.number & 1)

    # -- timelines

    def follow(self, subject: PeerId, admits: Sequence[Deed], standings: dict[MessageId, Standing]) -> None:
        """Walk what won at each gen. While somebody is admin, only the owner's word counts, and their own leave."""
        by_gen: dict[int, list[Deed]] = {0: list(admits)} if admits else {}
        for deed in self.grants.get(subject, ()):
            if deed.is_leave or ((deed.author == self.owner or deed.role < Role.ADMIN) and self.counts(deed)):
                by_gen.setdefault(deed.gen, []).append(deed)
        steps: list[Step] = []
        name = ""
        for gen in sorted(by_gen):
            deeds = by_gen[gen]
            if steps and steps[-1].role is Role.ADMIN:
                deeds = [d for d in deeds if d.author == self.owner or d.is_leave]
            if deeds:
                best = min(deeds, key=lambda deed: rank(self.owner, deed))
                while steps and steps[-1].start >= best.clock:
                    steps.pop()  # it never came to that: nobody puts off their removal by a word of theirs
                steps.append(Step(gen, best.clock, best.role, best.id))
                self.winning.add(best.id)
                name = _certified(best, standings) or name
        if steps:
            self.timelines[subject] = tuple(steps)
        if name:
            self.names[subject] = name

    # -- the rest

    def rulings(self) -> tuple[dict[str, tuple[Ruling, ...]], int]:
        """Of each key what won at each gen: the owner's word, else the first; and the highest gen."""
        good = [d for d in self.deeds if isinstance(d.body, Policy) and d.good]
        counting = [d for d in good if self.counts(d)]
        counting.sort(key=lambda d: (d.gen, d.author != self.owner))
        won: dict[str, dict[int, Ruling]] = defaultdict(dict)
        for deed in counting:
            assert isinstance(deed.body, Policy)
            for key, value in deed.body.values.items():
                won[key].setdefault(deed.gen, Ruling(deed.gen, deed.clock, value))
        rulings = {key: tuple(by_gen.values()) for key, by_gen in won.items()}
        return rulings, max((d.gen for d in good), default=0)

    def shortest_retention(self) -> int:
        """Of all rules about it, also those that do not count (any more)."""
        bodies = [deed.body for deed in self.deeds if isinstance(deed.body, Policy)]
        days = [_days(body.values[RETENTION]) for body in bodies if RETENTION in body.values]
        return min(filter(None, days), default=0)

    def secrets(self) -> tuple[bytes, ...]:
        """The secrets of the network, as all removals that count have mixed them."""
        if self.genesis.secret is None:
            return ()
        removals = [
            (deed.message.order, deed.body.secret)
            for good in self.grants.values()
            for deed in good
            if isinstance(deed.body, Grant) and deed.body.secret is not None and self.counts(deed)
        ]
        team = self.deeds[0].id
        return network_secrets(team, self.genesis.secret, [secret for _, secret in sorted(removals)])

    def result(self) -> Authority:
        """Everything together."""
        standings = self.standings()
        admitted: dict[PeerId, list[Deed]] = defaultdict(list)
        for standing in standings.values():
            for deed in standing.admits:
                assert isinstance(deed.body, Admit)
                admitted[deed.body.subject].append(deed)
        for subject in (self.grants.keys() | admitted.keys()) - {self.owner}:
            self.follow(subject, admitted.get(subject, ()), standings)
        rulings, policy_gen = self.rulings()
        acts = {d.id for d in self.deeds if not isinstance(d.body, _SUBJECTS) and self.counts(d)}
        return Authority(
            genesis=self.genesis,
            owner=self.owner,
            timelines=self.timelines,
            names=self.names,
            rulings=rulings,
            policy_gen=policy_gen,
            shortest_retention=self.shortest_retention(),
            invites=standings,
            counting=frozenset(self.winning | acts),
            gens={subject: max(deed.gen for deed in good) for subject, good in self.grants.items()},
            secrets=self.secrets(),
            over=self.over,
        )


def _days(rule: PolicyValue) -> int:
    """What a rule of retention says; 0 if nothing that is understood."""
    return rule if isinstance(rule, int) and rule is not True and rule > 0 else 0


def _certified(deed: Deed, standings: dict[MessageId, Standing]) -> str:
    """The name that an owner or admin certified: by a grant, or by the label of an invite for one."""
    if isinstance(deed.body, Grant):
        return received_name(deed.body.name or "")
    assert isinstance(deed.body, Admit)
    invite = standings[deed.body.invite].invite
    return received_name(invite.label or "") if invite.uses == 1 else ""


def _standing(invite: Deed, uses: Sequence[Deed], revokes: Sequence[Revoke]) -> Standing:
    """The ADMITs that count: the first subjects by (clock, id), or exactly those that every REVOKE keeps.

    A REVOKE keeps subjects, by any ADMIT of theirs: whoever copies one cannot make two REVOKEs disagree.
    """
    assert isinstance(invite.body, Invite)
    subjects = {deed.id: deed.body.subject for deed in uses if isinstance(deed.body, Admit)}
    kept = [subjects.keys() & revoke.keep for revoke in revokes]
    named = set[MessageId]().union(*kept) if revokes else subjects.keys()
    first: dict[PeerId, Deed] = {}
    for deed in uses:  # in order already
        if deed.id in named:
            first.setdefault(subjects[deed.id], deed)
    for ids in kept:
        stay = {subjects[i] for i in ids}
        first = {subject: deed for subject, deed in first.items() if subject in stay}
    admits = tuple(first.values())
    allowed = admits if revokes else admits[: invite.body.uses]
    return Standing(invite, invite.body, allowed, len(admits) - len(allowed), bool(revokes))


def fold(genesis: Genesis, owner: PeerId, deeds: Sequence[Deed], over: Authority | None = None) -> Authority:
    """What these deeds, in the order of (clock, id) and with all their ancestors, amount to.

    Source: SPEC section 12; the rules were found and checked by simulation.
    """
    return _Fold(genesis, owner, deeds, over).result()
