"""Twelve machines in three islands for an hour, writing in six rooms: rejoined, all twelve see the same within 30 s."""

from __future__ import annotations

import itertools

import pytest

from p2pim.protocol.control import Role
from p2pim.protocol.controlset import ControlSet
from p2pim.protocol.identity import Identity
from p2pim.protocol.message import MessageId
from tests.simulation.guild import Member
from tests.simulation.world import World

MACHINES, ISLANDS, ROOMS = 12, 3, 6
HOUR = 3600


class Archipelago(World):
    """One team on twelve machines, with five channels."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.people = [Member(self, f"M{n}", Identity.generate(self.rng.randbytes)) for n in range(MACHINES)]
        self.machines += self.people
        for member in self.people:
            member.start()
        first = self.people[0]
        assert first.node is not None
        self.team = first.node.teams.create("Blue")
        for member in self.people[1:]:
            first.node.teams.grant(self.team, member.peer_id, Role.MEMBER)
        for member in self.people[1:]:
            assert member.node is not None
            trial = ControlSet(self.team)
            entered = trial.add_all(first.control_of(self.team))
            with member.node.store.transaction():
                member.node.control.take_up(trial, entered, None)
        self.meant: dict[MessageId, set[Member]] = {}
        self.rooms = [self.team]
        self.rooms += [first.node.teams.create_room(self.team, f"room {n}", False) for n in range(1, ROOMS)]

    def meet(self) -> None:
        for a, b in itertools.combinations(self.people, 2):
            if not self.linked(a, b) and not self.linked(b, a):
                assert a.node is not None
                self.connect(a, b, a.node.dialled_networks()[0])

    def split(self) -> None:
        for n, member in enumerate(self.people):
            member.island = n % ISLANDS
        for member in self.people:
            for wire in list(member.wires):
                if self.is_cut(member, wire.other.machine):
                    self.cut(wire)

    def counts(self, member: Member, column: str) -> list[int]:
        """How many are unread, or mention somebody unread, in each room."""
        assert member.node is not None
        return [member.node.store.messages.count(room, column) for room in self.rooms]


def plus(counts: list[int], more: list[set[MessageId]]) -> list[int]:
    """Room by room."""
    return [count + len(ids) for count, ids in zip(counts, more, strict=True)]


@pytest.mark.timeout(240)
@pytest.mark.parametrize("seed", [1, 2])
def test_islands_that_meet_again_agree_within_thirty_seconds(seed: int) -> None:
    world = Archipelago(seed)
    world.meet()
    world.run(10)
    world.split()
    written = 0
    for _ in range(HOUR // 20):
        for member in world.rng.sample(world.people, 4):
            assert member.node is not None
            room = world.rng.choice(world.rooms)
            meant = [m.peer_id for m in world.rng.sample(world.people, 3)] if written % 5 == 0 else []
            text, all_meant = f"message {written}", written % 50 == 0
            view = member.node.send_text(room, text, mentions=meant, everyone=all_meant)
            member.written[view.id] = room
            world.meant[view.id] = {
                m for m in world.people if m is not member and (all_meant or m.peer_id in meant)
            }
            written += 1
        if world.rng.random() < 0.1:
            reader = world.rng.choice(world.people)
            assert reader.node is not None
            for room in world.rooms:
                reader.node.mark_read(room, reader.node.store.messages.last_seq())
        world.run(20)
    unread = {member: world.counts(member, "unread") for member in world.people}
    mentions = {member: world.counts(member, "mentions") for member in world.people}
    seen = {member: {i for room in world.rooms for i in member.visible(room)} for member in world.people}
    assert max(map(len, seen.values())) < written
    for member in world.people:
        member.island = 0
    world.meet()
    world.run(30)
    first = world.people[0]
    orders = [first.visible(room) for room in world.rooms]
    assert sum(map(len, orders)) == written
    assert set().union(*(member.written for member in world.people)) == {i for o in orders for i in o}
    for member in world.people:
        assert [member.visible(room) for room in world.rooms] == orders
        # everything that came from the other islands is new here, and nothing else is
        came = [set(order) - seen[member] for order in orders]
        about = [{i for i in ids if member in world.meant[i]} for ids in came]
        assert world.counts(member, "unread") == plus(unread[member], came)
        assert world.counts(member, "mentions") == plus(mentions[member], about)
        assert any(about)
    print(f"{written} messages, {world.now:.0f} s of virtual time")
