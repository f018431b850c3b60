"""Section 12.3 to 12.8: what a control set amounts to. Written to be read beside the text, not to be quick."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any, NamedTuple

from .control import ADMIT, CHANNEL, GRANT, GROUP, INVITE, POLICY, REVOKE, Entry, Room
from .keys import digest

DAY = 86_400_000


class Step(NamedTuple):
    """An entry of a timeline."""

    gen: int
    start: int
    role: int
    by: bytes


class Tenure(NamedTuple):
    """One grant of the owner that began it, and everything that bounds it."""

    begun_by: Entry
    bounds: list[Entry]

    def holds(self, entry: Entry) -> bool:
        """Say whether a message lies within."""
        return all(entry.id in bound.follows for bound in self.bounds)


class Came(NamedTuple):
    """An invite that counts: the ADMITs by which people came in, how many were too many, whether it was revoked."""

    admits: list[Entry]
    too_many: int
    revoked: bool


def clean(name: Any) -> str:
    """Give a name if it may be shown."""
    if not isinstance(name, str) or len(name.encode()) > 64 or name != name.strip():
        return ""
    bad = {unicodedata.category(c) for c in name} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    return "" if bad or unicodedata.normalize("NFC", name) != name else name


class Fold:
    """The result for the messages of a room that are due at a time (None: for all)."""

    def __init__(self, room: Room, now: int | None = None) -> None:
        self.room = room
        self.team = Fold(room.team, now) if room.team is not None else None
        self.owner = room.owner
        self.entries = [
            e
            for e in room.of_kind(*range(128, 256))
            if now is None or e.clock <= now + DAY or e.id == room.id
        ]
        self.is_channel, self.is_group = room.type == CHANNEL, room.type == GROUP
        self.good: list[Entry] = []
        self._find_good()
        self.tenures = {subject: self._tenures(subject) for subject in self._subjects(GRANT)}
        self.invites = {i.id: self._came_by(i) for i in self._all(INVITE) if self.is_authorised(i)}
        self.winners: dict[bytes, list[Entry]] = {}
        self.timelines: dict[bytes, list[Step]] = {}
        for subject in self._subjects(GRANT, ADMIT) - {self.owner}:
            self._walk(subject)

    def _all(self, *kinds: int) -> list[Entry]:
        if self.is_channel:
            kinds = tuple(kind for kind in kinds if kind not in (GRANT, INVITE, REVOKE, ADMIT))
        return [e for e in self.entries if e.kind in kinds]

    def _subjects(self, *kinds: int) -> set[bytes]:
        return {e.says("subject") for e in self._all(*kinds)}

    # -- 12.3

    def _find_good(self) -> None:
        for entry in self._all(GRANT, POLICY):
            before = [
                g.says("gen")
                for g in self.good
                if g.kind == entry.kind
                and g.says("subject") == entry.says("subject")
                and g.id in entry.follows
            ]
            if entry.says("gen") == 1 + max(before, default=0) and entry.says("subject") != self.owner:
                self.good.append(entry)

    def _good_about(self, subject: bytes) -> list[Entry]:
        return [g for g in self.good if g.kind == GRANT and g.says("subject") == subject]

    def gens(self) -> dict[bytes, int]:
        """Give the highest good gen about each."""
        subjects = {g.says("subject") for g in self.good if g.kind == GRANT}
        return {s: max(g.says("gen") for g in self._good_about(s)) for s in subjects}

    def policy_gen(self) -> int:
        """Give the highest good gen of policies."""
        return max((g.says("gen") for g in self.good if g.kind == POLICY), default=0)

    def _best(self, candidates: Iterable[Entry]) -> Entry:
        return min(candidates, key=lambda e: (e.author != self.owner, _role(e), e.place))

    # -- 12.4

    def _tenures(self, subject: bytes) -> list[Tenure]:
        about = self._good_about(subject)
        words: dict[int, Entry] = {}
        for gen in {g.says("gen") for g in about if g.author == self.owner}:
            words[gen] = self._best(g for g in about if g.author == self.owner and g.says("gen") == gen)
        leaves = [g for g in about if _is_leave(g) and g.says("gen") not in words]
        tenures = []
        for gen, word in words.items():
            if word.says("role") == 2:
                lower = [g for g in sorted(words) if g > gen and words[g].says("role") < 2]
                end = words[lower[0]] if lower else None
                later = [g for g in leaves if g.says("gen") > gen and (end is None or g.id in end.follows)]
                tenures.append(Tenure(word, later + ([end] if end else [])))
        return tenures

    def _done_in(self, entry: Entry) -> list[Tenure]:
        return [
            t for t in self.tenures.get(entry.author, []) if t.begun_by.id in entry.follows and t.holds(entry)
        ]

    def is_authorised(self, entry: Entry) -> bool:
        """Say whether it is the deed of somebody who might."""
        if self.team is not None:
            above = self.team.role_at(entry.author, entry.clock)
            if self.is_channel:
                return above >= (1 if entry.author == self.owner else 2)
            if above == 0:
                return False
        return entry.author == self.owner or bool(self._done_in(entry))

    def _came_by(self, invite: Entry) -> Came:
        valid = [a for a in self._all(ADMIT) if a.says("invite") == invite.id and self._is_valid(a, invite)]
        revokes = [r for r in self._all(REVOKE) if r.says("invite") == invite.id and self.is_authorised(r)]
        if not revokes:
            people = list(dict.fromkeys(a.says("subject") for a in valid))
            return Came(
                [_first(valid, person) for person in people[: invite.says("uses")]],
                max(0, len(people) - invite.says("uses")),
                False,
            )
        lists = [[a for a in valid if a.id in r.says("keep")] for r in revokes]
        named = [a for a in valid if any(a in kept for kept in lists)]
        people = list(dict.fromkeys(a.says("subject") for a in named))
        stay = [p for p in people if all(p in {a.says("subject") for a in kept} for kept in lists)]
        return Came([_first(named, person) for person in stay], 0, True)

    def _is_valid(self, admit: Entry, invite: Entry) -> bool:
        if admit.clock > invite.says("expiry"):
            return False
        if invite.says("approval") and not self.is_authorised(admit):
            return False
        return invite.author == self.owner or any(t.holds(admit) for t in self._done_in(invite))

    # -- 12.6

    def _walk(self, subject: bytes) -> None:
        at_gen: dict[int, list[Entry]] = {0: []}
        for came in self.invites.values():
            at_gen[0] += [a for a in came.admits if a.says("subject") == subject]
        for grant in self._good_about(subject):
            by_owner_or_lower = grant.author == self.owner or grant.says("role") < 2
            if _is_leave(grant) or (self.is_authorised(grant) and by_owner_or_lower):
                at_gen.setdefault(grant.says("gen"), []).append(grant)
        steps: list[Step] = []
        winners: list[Entry] = []
        for gen in sorted(at_gen):
            candidates = at_gen[gen]
            if winners and _role(winners[-1]) == 2:
                candidates = [c for c in candidates if c.author == self.owner or _is_leave(c)]
            if candidates:
                best = self._best(candidates)
                winners.append(best)
                steps = [step for step in steps if step.start < best.clock]
                steps.append(Step(gen, best.clock, _role(best), best.id))
        if winners:
            self.winners[subject], self.timelines[subject] = winners, steps

    def role_at(self, person: bytes, clock: int | None = None) -> int:
        """Give somebody's role at a clock, or now."""
        steps = [s for s in self.timelines.get(person, []) if clock is None or s.start <= clock]
        own = 3 if person == self.owner else steps[-1].role if steps else 0
        if self.team is None:
            return own
        above = self.team.role_at(person, clock)
        if self.is_channel:
            return max(above, 2) if above and person == self.owner else above
        return own if above else 0

    def members(self) -> set[bytes]:
        """Give everybody who belongs to the room now."""
        people = {self.owner} | set(self.timelines) | (self.team.members() if self.team else set())
        return {person for person in people if self.role_at(person)}

    # -- the rest

    def counting(self) -> set[bytes]:
        """Give the ids of all that counts: what won, and deeds that are no GRANT or ADMIT."""
        acts = {e.id for e in self.entries if e.kind not in (GRANT, ADMIT) and self.is_authorised(e)}
        return acts | {w.id for winners in self.winners.values() for w in winners}

    def names(self) -> dict[bytes, str]:
        """Give the certified names."""
        names = {}
        for person, winners in self.winners.items():
            given = [clean(self._certifies(w)) for w in winners]
            if any(given):
                names[person] = [name for name in given if name][-1]
        return names

    def _certifies(self, winner: Entry) -> Any:
        if winner.kind == GRANT:
            return winner.says("name")
        invite = self.room.entries[winner.says("invite")]
        return invite.says("label") if invite.says("uses") == 1 else None

    def policy(self) -> dict[str, Any]:
        """Give the value of each key."""
        policies = [g for g in self.good if g.kind == POLICY and self.is_authorised(g)]
        policies.sort(key=lambda p: (-p.says("gen"), p.author != self.owner, p.place))
        values: dict[str, Any] = {}
        for policy in policies:
            for key, value in policy.says("values").items():
                values.setdefault(key, value)
        return values

    def rulings(self) -> dict[str, list[list[Any]]]:
        """Give for each key the winner at every gen that has one."""
        policies = [g for g in self.good if g.kind == POLICY and self.is_authorised(g)]
        policies.sort(key=lambda p: (p.author != self.owner, p.place))
        found: dict[str, dict[int, list[Any]]] = {}
        for policy in policies:
            for key, value in policy.says("values").items():
                gen = policy.says("gen")
                found.setdefault(key, {}).setdefault(gen, [gen, policy.clock, value])
        return {key: [at[gen] for gen in sorted(at)] for key, at in found.items()}

    def expired_below(self, reader: int) -> int:
        """Give the clock below which content is expired for a reader at that time."""
        days = self.rulings().get("retention_days", [])
        ends = [*(min(clock, reader) for _, clock, _ in days[1:]), reader]
        found = [
            e - d * 86_400_000 for e, (_, _, d) in zip(ends, days, strict=False) if type(d) is int and d > 0
        ]
        return int(max([0, *found]))

    def expiry(self, readers: list[int]) -> dict[str, Any]:
        """Give, for readers at these times, below which clock content is expired, and for the last, may be."""
        said = [e.says("values").get("retention_days") for e in self.entries if e.kind == POLICY]
        days = [d for d in said if type(d) is int and d > 0]
        maybe = readers[-1] - min(days) * 86_400_000 if days else 0
        return {
            "expired_below": {str(t): self.expired_below(t) for t in readers},
            "maybe_expired_below": maybe,
        }

    def name(self) -> str:
        """Give what the room is called."""
        return clean(self.policy().get("name")) or clean(self.room.genesis.says("name"))

    def secrets(self) -> list[bytes]:
        """Give the secrets of the team's network (section 2)."""
        first = self.room.genesis.says("secret")
        if first is None:
            return []
        removals = [g for g in self.good if g.says("secret") is not None and self.is_authorised(g)]
        parts = [first] + [removal.says("secret") for removal in sorted(removals, key=lambda r: r.place)]
        return [digest("net", self.room.id + b"".join(parts[: i + 1])) for i in range(len(parts))]


def is_served(room: Room, person: bytes, now: int) -> bool:
    """Say whether somebody is a member by what is due and by all that is held."""
    return all(Fold(room, time).role_at(person) > 0 for time in (now, None))


def _role(entry: Entry) -> int:
    return 1 if entry.kind == ADMIT else int(entry.says("role"))


def _is_leave(grant: Entry) -> bool:
    return bool(grant.says("role") == 0 and grant.says("subject") == grant.author)


def _first(admits: list[Entry], person: bytes) -> Entry:
    return next(a for a in admits if a.says("subject") == person)
