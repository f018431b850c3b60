"""What a machine says of how complete a room is must be true while it says so, not only in the end."""

from __future__ import annotations

import random

from p2pim.protocol.message import RoomId
from tests.simulation.guild import Guild, Member
from tests.simulation.world import Broken


def check_claims(guild: Guild, chance: random.Random) -> None:
    """I2: somebody looks up the state of one of their rooms."""
    machine = chance.choice(guild.members)
    if machine.node is None or machine.evil or machine.restored or not (rooms := machine.rooms()):
        return
    room = chance.choice(sorted(rooms))
    told = machine.node.completeness.of(room)
    guild.count[f"said {told.state}"] += 1
    complete = {member.peer_id for member in told.members if member.state == "complete"}
    for other in guild.members:
        if other.evil or other.restored or not guild.linked(machine, other):
            continue
        if other.peer_id in complete:
            _has_all(guild, room, other, machine, f"{machine} says that {other} has all")
        if told.state == "complete" and _all_is_told(guild, machine, other, room):
            _has_all(guild, room, machine, other, f"{machine} says to have all that {other} has")


def _all_is_told(guild: Guild, one: Member, other: Member, room: RoomId) -> bool:
    """Whether nothing is on its way, no word was lost unnoticed, and each takes the other for a member."""
    if guild.is_busy or guild.count["partition"] or not guild.linked(other, one):
        return False
    return all(
        a.node is not None and room in a.rooms() and a.node.rooms.is_member(room, b.peer_id)
        for a, b in ((one, other), (other, one))
    )


def _has_all(guild: Guild, room: RoomId, one: Member, other: Member, words: str) -> None:
    guild.count["claims looked at"] += 1
    taken_back = {message_id for member in guild.members for message_id in member.taken_back}
    lacking = {message_id for _, message_id in other.held(room)} - {i for _, i in one.held(room)} - taken_back
    if lacking:
        raise Broken(f"I2: {words}; {len(lacking)} are not there")
