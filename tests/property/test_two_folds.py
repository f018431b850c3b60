"""Authority as p2pim computes it and as somebody does who has read SPEC.md only: the same, whatever was written."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from p2pim.protocol.authority import Authority
from p2pim.protocol.control import Body, Grant, Invite, Merge, Policy, Role, RoomType
from p2pim.protocol.controlset import ControlSet
from p2pim.protocol.message import Message
from tests.council import START, Council
from tests.interop import authority as other
from tests.interop.control import Room
from tests.interop.messages import Message as OtherMessage
from tests.interop.messages import open_message
from tests.property.test_authority import DAY, PEOPLE, story

VERDICTS = {"enters": "ENTERS", "held": "HELD", "orphan": "ORPHAN", "early": "EARLY", "refused": "REFUSED"}


def opened(message: Message) -> OtherMessage:
    return open_message(message.raw_header, message.signature, message.content)


def ours(authority: Authority | None, clocks: list[int], people: list[bytes]) -> dict[str, Any]:
    assert authority is not None
    return {
        "timelines": {p: [tuple(step) for step in steps] for p, steps in authority.timelines.items()},
        "names": authority.names,
        "name": authority.name,
        "policy": {k: tuple(v) if isinstance(v, list) else v for k, v in authority.policy.items()},
        "policy_gen": authority.policy_gen,
        "gens": authority.gens,
        "counting": set(authority.counting),
        "secrets": list(authority.secrets),
        "invites": {i: ([a.id for a in s.admits], s.over, s.revoked) for i, s in authority.invites.items()},
        "roles": [[int(authority.role_at(p, c)) for c in clocks] + [int(authority.role(p))] for p in people],
        "members": set(authority.members()),
    }


def theirs(fold: other.Fold, clocks: list[int], people: list[bytes]) -> dict[str, Any]:
    return {
        "timelines": {p: [tuple(step) for step in steps] for p, steps in fold.timelines.items()},
        "names": fold.names(),
        "name": fold.name(),
        "policy": fold.policy(),
        "policy_gen": fold.policy_gen(),
        "gens": fold.gens(),
        "counting": fold.counting(),
        "secrets": fold.secrets(),
        "invites": {i: ([a.id for a in c.admits], c.too_many, c.revoked) for i, c in fold.invites.items()},
        "roles": [[fold.role_at(p, c) for c in [*clocks, None]] for p in people],
        "members": fold.members(),
    }


def compare(control: ControlSet, room: Room, c: Council, rng: random.Random) -> None:
    people = [c.id(name) for name in PEOPLE]
    clocks = [START + rng.randrange(50 * DAY) for _ in range(4)]
    clocks += [deed.clock + late for deed in control.deeds() for late in (-1, 0)]
    now = START + rng.randrange(50 * DAY)
    assert control.ever == room.ever_named()
    for time in (None, now):
        one = ours(control.authority(time), clocks, people)
        assert one == theirs(other.Fold(room, time), clocks, people)
    assert [control.is_member(p, now) for p in people] == [other.is_served(room, p, now) for p in people]


def enters_alike(control: ControlSet, room: Room, message: Message) -> None:
    assert control.add(message).name == VERDICTS[room.enter(opened(message))]


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 40))
def test_a_team_is_the_same_to_both(seed: int, length: int) -> None:
    c, rng = story(seed, length), random.Random(seed)
    control, room = ControlSet(c.team), Room(c.team)
    for message in rng.sample(c.tried, len(c.tried)) + c.tried:  # orphans first, then everything
        enters_alike(control, room, message)
    assert len(control) == len(c.messages)
    compare(control, room, c, rng)


def body(rng: random.Random, c: Council, control: ControlSet, after: list[Message]) -> Body:
    """Something to say in a channel or group."""
    subject, parents = c.id(rng.choice(PEOPLE)), [m.id for m in after]
    kind = rng.random()
    if kind < 0.5:
        role, gen = Role(rng.randrange(3)), control.next_gen(subject, parents)
        return Grant(subject, rng.choice([1, gen, gen]), role, None, bytes(32) if role is Role.NONE else None)
    if kind < 0.8:
        return Policy(control.next_gen(None, parents), {"name": rng.choice(["plan", "", "news"])})
    if kind < 0.9:
        return Merge(rng.randbytes(16))
    return Invite(subject, rng.randbytes(32), rng.randbytes(32), START + 60 * DAY, 1, False)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 25), st.sampled_from([RoomType.CHANNEL, RoomType.GROUP]))
def test_a_room_of_a_team_is_the_same_to_both(seed: int, length: int, kind: RoomType) -> None:
    c, rng = story(seed, length), random.Random(seed)
    team, over = ControlSet(c.team), Room(c.team)
    early = rng.randrange(len(c.tried) + 1)
    for message in c.tried[:early]:
        enters_alike(team, over, message)
    writer = ControlSet(c.team)
    writer.add_all(c.messages)
    founder = rng.choice([name for name in PEOPLE if c.id(name) in writer.ever])
    written, genesis = c.room(founder, kind, writer, START + rng.randrange(5 * DAY))
    known, tried = [genesis], [genesis]
    for _ in range(length):
        author = founder if rng.random() < 0.5 else rng.choice(PEOPLE)
        after = rng.sample(known, rng.randrange(1, min(len(known), 3) + 1))
        least = max(m.header.clock for m in after) + 1
        clock = least + rng.choice([0, 0, rng.randrange(10 * DAY)])
        message = c.write_in(written, author, body(rng, c, written, after), *after, clock=clock)
        tried.append(message)
        if written.add(message).name == "ENTERS":
            known.append(message)
    control, room = ControlSet(genesis.id, team), Room(genesis.id, over)
    for message in tried if team.genesis is not None else []:
        enters_alike(control, room, message)
    for message in c.tried[early:]:
        enters_alike(team, over, message)
    for message in tried:
        enters_alike(control, room, message)
    assert len(control) == len(known)
    compare(control, room, c, rng)
