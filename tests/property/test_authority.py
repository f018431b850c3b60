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


def story(seed: int, length: int) -> Council:
    """Random control messages by anybody, with old parents, odd gens, wrong clocks and forged proofs."""
    rng = random.Random(seed)
    c = Council(PEOPLE, seed)
    known: list[Message] = [c.genesis]
    invites: list[tuple[Message, Identity]] = []
    control = ControlSet(c.team)
    control.add(c.genesis)
    for _ in range(length):
        author, subject = rng.choice(PEOPLE), rng.choice(PEOPLE)
        after = rng.sample(known, min(len(known), rng.randrange(1, 4)))
        least = max(m.header.clock for m in after) + 1
        clock = rng.choice([least, max(least, c.now + 1), least + rng.randrange(40 * DAY)])
        deed = rng.random()
        if deed < 0.6:
            gen = rng.choice([1, 1, 2, 3, control_gen(control, c.id(subject)) + 1, 10**6])
            message = c.grant(author, subject, gen, Role(rng.randrange(3)), *after, clock=clock)
        elif deed < 0.7 or not invites:
            invite = c.invite(author, *after, uses=rng.randrange(1, 3), approval=rng.random() < 0.2)
            invites.append(invite)
            message = invite[0]
        elif deed < 0.85:
            invite = rng.choice(invites)
            if rng.random() < 0.2:
                invite = (invite[0], c.people[author])
            message = c.admit(
                author, subject, invite, *after, invite[0], clock=max(clock, invite[0].header.clock + 1)
            )
        elif deed < 0.93:
            admits = [m for m in known if isinstance(body_of(control, m), Admit)]
            invite = rng.choice(invites)
            message = c.revoke(author, invite[0], rng.sample(admits, rng.randrange(len(admits) + 1)), *after)
        else:
            message = c.policy(author, rng.choice([1, 2, 3, 10**6]), {"relay": rng.random() < 0.5}, *after)
        if control.add(message) is Verdict.ENTERS:
            known.append(message)
    c.messages = known
    return c


def body_of(control: ControlSet, message: Message) -> object:
    deed = control.deed(message.id)
    return deed.body if deed else None


def control_gen(control: ControlSet, subject: PeerId) -> int:
    authority = control.authority()
    return authority.gens.get(subject, 0) if authority else 0


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
