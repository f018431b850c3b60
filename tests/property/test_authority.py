"""Whatever honest and hostile people write, in any order: everybody sees the same, and nobody gains a role."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from p2pim.protocol.authority import Authority, Deed
from p2pim.protocol.control import Admit, Grant, Role
from p2pim.protocol.controlset import ControlSet, Verdict
from p2pim.protocol.identity import Identity, PeerId
from p2pim.protocol.message import Message
from tests.council import START, Council

PEOPLE = "OABCDE"
DAY = 24 * 3600 * 1000


class Story:
    """Random control messages by anybody, with old parents, odd gens, wrong clocks and forged proofs."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.c = Council(PEOPLE, seed)
        self.known: list[Message] = [self.c.genesis]
        self.invites: list[tuple[Message, Identity]] = []
        self.control = ControlSet(self.c.team)
        self.control.add(self.c.genesis)

    def go_on(self) -> None:
        rng, known = self.rng, self.known
        author = "O" if rng.random() < 0.3 else rng.choice(PEOPLE)
        lately = known[-6:] if rng.random() < 0.5 else known
        after = rng.sample(lately, rng.randrange(1, min(len(lately), 3) + 1))
        least = max(m.header.clock for m in after) + 1
        clock = rng.choice([least, max(least, self.c.now + 1), least + rng.randrange(40 * DAY)])
        deed = rng.random()
        if deed < 0.5:
            message = self.grant(author, after, clock)
        elif deed < 0.62 or not self.invites:
            message = self.invite(author, after)
        elif deed < 0.8:
            message = self.admit(author, after, clock)
        elif deed < 0.88:
            message = self.revoke(author, after)
        elif deed < 0.92:
            message = self.c.merge(author, *after)
        else:
            message = self.policy(author, after)
        if self.control.add(message) is Verdict.ENTERS:
            known.append(message)

    def grant(self, author: str, after: list[Message], clock: int) -> Message:
        rng, subject, role = self.rng, self.rng.choice(PEOPLE), Role(self.rng.randrange(3))
        if rng.random() < 0.15:
            subject, role = author, Role.NONE
        fitting = self.control.next_gen(self.c.id(subject), [m.id for m in after])
        gen = rng.choice([1, 2, 3, *[fitting] * 6, 10**6])
        name = rng.choice([None, None, f"name {rng.randrange(9)}", " ", "\u202e"])
        return self.c.grant(author, subject, gen, role, *after, clock=clock, name=name)

    def invite(self, author: str, after: list[Message]) -> Message:
        rng = self.rng
        label = rng.choice([None, f"label {rng.randrange(9)}"])
        more = {"approval": rng.random() < 0.2, "label": label, "expiry": START + rng.randrange(60 * DAY)}
        self.invites.append(self.c.invite(author, *after, uses=rng.randrange(1, 3), **more))
        return self.invites[-1][0]

    def admit(self, author: str, after: list[Message], clock: int) -> Message:
        invite, key = self.rng.choice(self.invites)
        if self.rng.random() < 0.2:
            key = self.c.people[author]
        parents = dict.fromkeys([*after, invite] if self.rng.random() < 0.9 else after)
        clock = max(clock, invite.header.clock + 1)
        return self.c.admit(author, self.rng.choice(PEOPLE), (invite, key), *parents, clock=clock)

    def revoke(self, author: str, after: list[Message]) -> Message:
        admits = [m for m in self.known if isinstance(body_of(self.control, m), Admit)]
        keep = self.rng.sample(admits, self.rng.randrange(len(admits) + 1))
        return self.c.revoke(author, self.rng.choice(self.invites)[0], keep, *after)

    def policy(self, author: str, after: list[Message]) -> Message:
        choices: list[bool | int | str | list[str]] = [True, -1, "x", "\n", ["a", "b"]]
        fitting = self.control.next_gen(None, [m.id for m in after])
        gen = self.rng.choice([1, 10**6, *[fitting] * 3])
        return self.c.policy(
            author, gen, {self.rng.choice(["relay", "name"]): self.rng.choice(choices)}, *after
        )


def story(seed: int, length: int) -> Council:
    """A team with some history. What may enter is in ``messages``; ``tried`` has the rest too."""
    made = Story(seed)
    for _ in range(length):
        made.go_on()
    made.c.tried, made.c.messages = made.c.messages, made.known
    return made.c


def body_of(control: ControlSet, message: Message) -> object:
    deed = control.deed(message.id)
    return deed.body if deed else None


def shuffled(c: Council, rng: random.Random) -> ControlSet:
    """The same messages in another order that has ancestors first."""
    control = ControlSet(c.team)
    waiting = list(c.messages)
    while waiting:
        rng.shuffle(waiting)
        waiting = [m for m in waiting if control.add(m) is Verdict.ORPHAN]
    return control


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 40))
def test_the_result_does_not_depend_on_the_order_of_arrival(seed: int, length: int) -> None:
    c = story(seed, length)
    rng = random.Random(seed)
    now = START + rng.randrange(50 * DAY)
    one, other = shuffled(c, rng), shuffled(c, rng)
    assert len(one) == len(other) == len(c.messages)
    assert plain(one.authority()) == plain(other.authority())
    assert plain(one.authority(now)) == plain(other.authority(now))
    assert one.heads(now) == other.heads(now)
    assert one.ever == other.ever


def plain(authority: Authority | None) -> tuple[object, ...]:
    """An Authority without the numbers a set gives to its deeds in order of arrival."""
    assert authority is not None
    invites = {
        i: ([deed.id for deed in s.admits], s.over, s.revoked, s.left) for i, s in authority.invites.items()
    }
    return (
        authority.timelines,
        authority.names,
        authority.policy,
        authority.policy_gen,
        invites,
        authority.counting,
        authority.gens,
        authority.secrets,
    )


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 40))
def test_nobody_has_a_role_without_a_deed_that_gives_it(seed: int, length: int) -> None:
    """I7: no admin without the owner's grant, no member without an admin's grant or an ADMIT with its proof."""
    c = story(seed, length)
    control = c.held()
    authority = control.authority()
    assert authority is not None
    deeds = {deed.id: deed for deed in control.deeds()}
    for subject, steps in authority.timelines.items():
        assert subject != c.id("O")
        assert [step.gen for step in steps] == sorted({step.gen for step in steps})
        assert [step.start for step in steps] == sorted({step.start for step in steps})
        for step in steps:
            deed = deeds[step.by]
            if step.role is Role.ADMIN:
                assert deed.author == c.id("O")
            elif isinstance(deed.body, Grant) and deed.author != subject:
                assert was_admin(c, control, deed)
    for deed in control.deeds():
        if deed.id in authority.counting and not isinstance(deed.body, Admit | Grant):
            assert was_admin(c, control, deed)


def was_admin(c: Council, control: ControlSet, deed: Deed) -> bool:
    """Whether, on the deed's own causal past, its author was owner or admin."""
    if deed.author == c.id("O"):
        return True
    past = [other for other in control.deeds() if deed.follows(other)]
    mine = [
        d
        for d in past
        if isinstance(d.body, Grant) and d.body.subject == deed.author and d.author == c.id("O")
    ]
    return any(isinstance(d.body, Grant) and d.body.role == Role.ADMIN for d in mine)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10**9), st.integers(2, 30))
def test_more_messages_only_add_to_who_was_ever_named(seed: int, length: int) -> None:
    c = story(seed, length)
    control = ControlSet(c.team)
    before: set[PeerId] = set()
    for message in sorted(c.messages, key=lambda m: m.order):
        control.add(message)
        assert before <= control.ever
        before = set(control.ever)
