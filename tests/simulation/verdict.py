"""The end of a story about a team: bad luck ends, and what must hold in the end is looked at."""

from __future__ import annotations

import itertools

from p2pim.cli.output import ARRIVED
from p2pim.protocol.control import Role
from p2pim.protocol.controlset import ControlSet
from p2pim.protocol.identity import PeerId
from p2pim.protocol.message import MessageId, RoomId
from tests.simulation.guild import DAY_MS, Guild, Member
from tests.simulation.world import Broken


def settle(guild: Guild) -> None:
    """Everybody on, one island, all clocks right, everything due; then let them meet and finish."""
    guild.crash_chance = 0.0
    for machine in guild.members:
        machine.island = 0
        machine.clock.skew_ms = 0
        if machine.node is None:
            machine.start()
    guild.run(30)  # what the islands left half open is noticed
    meet(guild)
    guild.now += 1_000 * DAY_MS / 1000  # whatever was written for later is due
    guild.run(12)
    meet(guild)
    check(guild)


def meet(guild: Guild) -> None:
    """Link everybody who has a network in common, again and again: admissions bring new ones."""
    for _ in range(3):
        for a, b in itertools.combinations(guild.members, 2):
            if not guild.linked(a, b) and not guild.linked(b, a):
                guild.dial(a, b)
        guild.run(6)


def members_in_the_end(guild: Guild, room: RoomId) -> set[PeerId]:
    """Who belongs to a room by all that its honest members hold together."""
    authority = united_set(guild, room).authority()
    return set() if authority is None else set(authority.members())


def united_set(guild: Guild, room: RoomId) -> ControlSet:
    """What the honest members of a room hold together; of its team what those of the team do.

    Whoever is out of the team by that, and has not heard of it, has no say in what belongs to its rooms.
    """
    honest = [m for m in guild.members if not m.evil and room in m.rooms()]
    parent = None if room == guild.team else united_set(guild, guild.team)
    for _ in range(4):
        control = ControlSet(room, parent)
        control.add_all({m.id: m for machine in honest for m in machine.control_of(room)}.values())
        authority = control.authority()
        if authority is None:
            break
        honest = [m for m in honest if authority.is_member(m.peer_id)]
    return control


def check(guild: Guild) -> None:
    """I1 to I8 for every room."""
    rooms = {room for m in guild.members if not m.evil for room in m.rooms()}
    for room in sorted(rooms, key=lambda r: r != guild.team):
        inside = members_in_the_end(guild, room)
        holders = [m for m in guild.members if not m.evil and m.peer_id in inside]
        for one in connected(guild, holders):
            check_room(guild, room, one)
            if room == guild.team:
                check_routes(one)
    for machine in guild.members:
        if not machine.evil:
            check_runs(machine)
            check_mail(guild, machine)
    check_secrets(guild)


def connected(guild: Guild, machines: list[Member]) -> list[list[Member]]:
    """Groups that are linked through each other: convergence is asked of those only."""
    groups: list[list[Member]] = []
    left = list(machines)
    while left:
        group, todo = [], [left.pop(0)]
        while todo:
            one = todo.pop()
            group.append(one)
            near = [m for m in left if guild.linked(one, m) or guild.linked(m, one)]
            todo += near
            left = [m for m in left if m not in near]
        groups.append(group)
    return groups


def check_room(guild: Guild, room: RoomId, group: list[Member]) -> None:
    first = group[0]
    if not any(room in machine.rooms() for machine in group):
        return  # nobody has brought it here
    for other in group[1:]:
        if room not in first.rooms() or room not in other.rooms():
            raise Broken(f"I1: {first} or {other} does not have a room of theirs")
        if [m.id for m in first.control_of(room)] != [m.id for m in other.control_of(room)]:
            raise Broken(f"I1: the control sets of {first} and {other} differ")
        if first.held(room) != other.held(room):
            raise Broken(f"I1: {first} and {other} hold {len(first.held(room))} and {len(other.held(room))}")
        if first.visible(room) != other.visible(room):
            raise Broken(f"I1: {first} and {other} see different histories")
        if shown(first, room) != shown(other, room):
            raise Broken(f"I1: {first} and {other} read different things")
    check_erased(guild, room, group)
    for machine in group:
        check_void(machine, room)
        check_written(guild, room, machine, group)
        check_told_complete(guild, room, machine, group)


def check_routes(group: list[Member]) -> None:
    """Whoever is linked, by however many others between them, knows where every other one is."""
    for machine in group:
        assert machine.node is not None
        known = {key for key, route in machine.node.routes.held().items() if route.addresses}
        for other in group:
            assert other.node is not None
            mate = machine.node.rooms.is_mate(other.peer_id) and other.node.rooms.is_mate(machine.peer_id)
            if mate and other.peer_id != machine.peer_id and (other.peer_id, other.node.boot_id) not in known:
                raise Broken(f"{machine} does not know where {other} is")


def shown(machine: Member, room: RoomId) -> list[object]:
    """A room as its reader sees it, but for names and what is of this machine only."""
    assert machine.node is not None
    views = machine.node.history(room, 10_000)
    return [
        (v.id, v.text, v.edited, v.deleted_by, [(r.emoji, sorted(r.by)) for r in v.reactions]) for v in views
    ]


def check_written(guild: Guild, room: RoomId, machine: Member, group: list[Member]) -> None:
    """I1, I2: what it wrote there is with everybody, and it knows that."""
    ticks = machine.delivered()
    for message_id in [i for i, where in machine.written.items() if where == room]:
        if message_id in machine.taken_back or (machine.restored and not machine.holds(message_id)):
            continue
        for other in group:
            if not other.holds(message_id):
                raise Broken(f"I2: what {machine} wrote is lost to {other}")
            linked = guild.linked(machine, other) or guild.linked(other, machine)
            if linked and machine.peer_id != other.peer_id and (message_id, other.peer_id) not in ticks:
                raise Broken(f"I1: {machine} does not know that {other} has its message")


def check_told_complete(guild: Guild, room: RoomId, machine: Member, group: list[Member]) -> None:
    """All hold the same by now, and it says so; what a hostile member made up may be missing for good."""
    assert machine.node is not None
    told = machine.node.completeness.of(room)
    if told.missing and not guild.evil:
        raise Broken(f"I1: {machine} says that {told.missing} messages are missing")
    honest = {other.peer_id for other in group}
    for member in told.members:
        if member.peer_id in honest and member.state not in ("complete", "away"):
            raise Broken(f"I1: {machine} takes {member.name} for {member.state}: {member.lacks}")
        guild.count[f"told {member.state}"] += 1


def check_void(machine: Member, room: RoomId) -> None:
    """I6, I7: shown is exactly what its author had the right to write."""
    authority = machine.control_set(room).authority()
    assert authority is not None
    sql = (
        "SELECT author, clock, void, unread FROM messages m JOIN rooms r ON m.room = r.number WHERE r.id = ?"
    )
    for author, clock, void, unread in machine.disk.execute(sql, [room]):
        if (authority.role_at(author, clock) < Role.MEMBER) != bool(void):
            raise Broken(f"I6: {machine} shows or hides a message against the roles")
        if unread and author == machine.peer_id:
            raise Broken(f"I3: {machine} counts its own as unread")


def check_erased(guild: Guild, room: RoomId, group: list[Member]) -> None:
    """I2: nobody keeps what its author deleted or a rule erased; what somebody has of all else, everybody has."""
    oldest = expired_below(guild, group[0])
    kept = set[MessageId]()
    erased = set[MessageId]()
    for machine in group:
        rows = machine.disk.execute(
            "SELECT id, content IS NULL, kind NOT IN (3, 6) AND clock < ?, kind IN (1, 2) AND EXISTS "
            "(SELECT 1 FROM messages AS d WHERE d.kind = 3 AND d.void = 0 AND d.author = m.author AND d.room = m.room "
            "AND d.target = iif(m.kind = 1, m.id, m.target)) FROM messages AS m WHERE room = ?",
            [oldest, machine.rooms()[room]],
        )
        for message_id, hollow, expired, deleted in rows:
            guild.count["erased by a rule"] += expired
            if not hollow and (expired or deleted):
                raise Broken(f"I2: {machine} keeps what is deleted or too old")
            if not (expired or deleted):
                (erased if hollow else kept).add(message_id)
    guild.count["erased too early everywhere"] += len(erased - kept)
    if erased & kept:
        raise Broken("I2: somebody lacks what others have")


def expired_below(guild: Guild, machine: Member) -> int:
    """Clock below which the rules of the team have erased everything, put together afresh."""
    authority = machine.control_set(guild.team).authority()
    assert authority is not None
    rulings, below = authority.rulings.get("retention_days", ()), 0
    for number, rule in enumerate(rulings, 1):
        end = rulings[number].start if number < len(rulings) else machine.clock.wall_ms()
        assert isinstance(rule.value, int)
        below = max(below, end - rule.value * DAY_MS)
    return below


def check_runs(machine: Member) -> None:
    assert machine.node is not None
    for session in machine.node.sync.sessions.values():
        if session.asked or session.to_ask or session.to_serve or session.drives:
            raise Broken(
                f"I1: {machine} still waits: {session.drives} {len(session.asked)} {len(session.to_serve)}"
            )


def check_mail(guild: Guild, machine: Member) -> None:
    """What it wrote to one person is with them, or it says that it is not."""
    assert machine.node is not None
    for message_id, peer in machine.mail.items():
        stored = machine.node.store.messages.get([message_id])
        if not stored:
            if message_id in machine.taken_back or machine.restored:
                continue
            raise Broken(f"I2: {machine} lost what it wrote itself")
        state = machine.node.views.message(stored[0]).state
        guild.count[f"mail {state}"] += 1
        theirs = [m for m in guild.members if m.peer_id == peer and not m.evil]
        arrived = [m for m in theirs if m.holds(message_id)]
        if state in ARRIVED and theirs and not arrived and not any(m.restored for m in theirs):
            raise Broken(f"I2: {machine} shows as delivered what nobody has")
        for other in theirs:
            linked = guild.linked(machine, other) or guild.linked(other, machine)
            if linked and (state not in ARRIVED or other not in arrived) and not is_strange(machine, other):
                raise Broken(f"I1: what {machine} wrote to {other} is {state} although they are linked")


def is_strange(machine: Member, other: Member) -> bool:
    assert other.node is not None
    return other.node.people.is_stranger(machine.peer_id)


def check_secrets(guild: Guild) -> None:
    """I6: who was removed, and is honest, does not know the newest secret unless somebody let them in again."""
    if guild.evil:
        return
    inside = members_in_the_end(guild, guild.team)
    control = united_set(guild, guild.team)
    authority = control.authority()
    if authority is None or len(authority.secrets) == 1:
        return
    for machine in guild.members:
        if guild.team not in machine.rooms() or machine.peer_id in inside:
            continue
        steps = authority.timelines.get(machine.peer_id, ())
        if not steps or steps[-1].by not in authority.counting:
            continue
        own = machine.control_set(guild.team).authority()
        removed = next(d.message for d in control.deeds() if d.message.id == steps[-1].by)
        if removed.header.author == machine.peer_id:
            continue  # left by themselves: the secret changes with the next removal
        if own is not None and authority.secrets[-1] in own.secrets:
            raise Broken(f"I6: {machine} was removed and knows the newest secret")
