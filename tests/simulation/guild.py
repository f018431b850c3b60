"""A team with bad luck and bad members, and the invariants that hold all the same (I1 to I8), mail for the absent too.

Everybody runs the product's code on simulated wires; one person may be hostile: it signs whatever it likes and
pushes it to whom it likes, but cannot sign for others.
"""

from __future__ import annotations

import hashlib
import random
from functools import partial
from typing import Any

import pytest

from p2pim.config import Settings
from p2pim.errors import UserError
from p2pim.node import boxes, boxkeys
from p2pim.node.node import Node
from p2pim.protocol.authority import PolicyValue
from p2pim.protocol.control import Role
from p2pim.protocol.controlset import ControlSet
from p2pim.protocol.identity import Identity, PeerId
from p2pim.protocol.message import Message, MessageId, RoomId, reopen
from p2pim.protocol.records import CONTENT, Messages
from p2pim.protocol.room import dm_room
from p2pim.store.store import Store
from tests.simulation import misfortune
from tests.simulation.misfortune import HOUR_MS, UnluckyWorld
from tests.simulation.revising import revise
from tests.simulation.world import Broken, Machine, SimAuthor, SimDatabase

DAY_MS = 24 * HOUR_MS
SKEWS = (*misfortune.SKEWS, 72 * HOUR_MS, 40 * DAY_MS)
CLOSED = Settings(open_network=False)


class Member(Machine):
    """A machine of the team, or of somebody who has a code at most."""

    evil = False
    letter = "?"
    #: Direct messages it wrote, and to whom.
    mail: dict[MessageId, PeerId]

    def __post_init__(self) -> None:
        super().__post_init__()
        self.mail = {}

    def start(self) -> None:
        self.node = Node(
            self.identity, Store(SimDatabase(self)), self.clock, self.world.rng.randbytes, CLOSED
        )
        self.node.subscribe(self._seen)
        self.node.author = SimAuthor(self, self.node)
        self.node.splices.asks = (
            self.world.seed % 3 == 0
        )  # else there would be no islands of their own making
        self.node.addresses = lambda: [(f"10.0.0.{self.world.machines.index(self) + 1}", 26747)]
        if self.evil and isinstance(self.world, Guild):
            from tests.simulation.mischief import lie  # noqa: PLC0415  it needs this module

            lie(self.world, self.node)

    # -- what is on the disk

    def rooms(self) -> dict[RoomId, int]:
        """Governed rooms and their numbers in the store, teams first."""
        return dict(self.disk.execute("SELECT id, number FROM rooms WHERE kind >= 3 ORDER BY number"))

    def control_of(self, room: RoomId) -> list[Message]:
        sql = "SELECT c.id, header, signature, content FROM control c JOIN rooms r ON c.room = r.number WHERE r.id = ?"
        return sorted((reopen(*row) for row in self.disk.execute(sql, [room])), key=lambda m: m.order)

    def control_set(self, room: RoomId) -> ControlSet:
        """What it holds, put together afresh."""
        row = self.disk.execute("SELECT parent FROM rooms WHERE id = ?", [room]).fetchone()
        control = ControlSet(room, self.control_set(row[0]) if row[0] is not None else None)
        for message in self.control_of(room):
            control.add(message)
        return control

    def visible(self, room: RoomId) -> list[MessageId]:
        sql = "SELECT m.id FROM messages m JOIN rooms r ON m.room = r.number WHERE r.id = ? AND hidden = 0 AND void = 0"
        return [row[0] for row in self.disk.execute(f"{sql} ORDER BY clock, m.id", [room])]


class Guild(UnluckyWorld):
    """One team of 4 to 7 people, two more with codes at most; some have two machines."""

    def __init__(self, seed: int, *, reading: bool = True) -> None:
        super().__init__(seed)
        #: Whether people look at what arrives; with a chance of its own.
        self.readers = random.Random(seed) if reading else None
        #: Who looks up how complete a room is, and which; with a chance of its own.
        self.doubters = random.Random(seed)
        self.codes: list[str] = []
        self.written = 0
        rng = self.rng
        letters = "OABCDE"[: rng.randrange(4, 7)] + "JK"
        self.people = {letter: Identity.generate(rng.randbytes) for letter in letters}
        evil = rng.choice(["", "", "A", "C", "D", "J"])
        owners = [*letters, *rng.sample(letters, k=rng.choice((0, 0, 1, 2)))]
        for number, letter in enumerate(owners):
            machine = Member(self, f"{letter}{number}", self.people[letter])
            machine.letter, machine.evil = letter, letter == evil
            machine.clock.skew_ms = rng.choice(SKEWS)
            self.machines.append(machine)
            machine.start()
        self.evil = evil
        self._found()

    @property
    def members(self) -> list[Member]:
        return [m for m in self.machines if isinstance(m, Member)]

    def _found(self) -> None:
        """O's team: A and B are admins, everybody but J and K is in."""
        owner = self.members[0]
        owner.clock.skew_ms = self.rng.choice((0, 500, -700, 5_000))
        assert owner.node is not None
        self.team = owner.node.teams.create("Blue")
        for letter, identity in self.people.items():
            if letter not in "OJK":
                owner.node.teams.grant(
                    self.team, identity.peer_id, Role.ADMIN if letter in "AB" else Role.MEMBER
                )
        if self.rng.random() < 0.4:
            owner.node.teams.set_policy(self.team, {"retention_days": 7})
        everything = owner.control_of(self.team)
        for machine in self.members[1:]:
            if machine.letter not in "JK":
                assert machine.node is not None
                trial = ControlSet(self.team)
                entered = trial.add_all(everything)
                with machine.node.store.transaction():
                    machine.node.control.take_up(trial, entered, None)

    # -- what happens

    def act(self) -> None:
        """One random event."""
        machine = self.rng.choice(self.members)
        deeds = (
            (26, self._write),
            (14, self._mail),
            (24, self._dial),
            (10, self._revise),
            (12, self._deed),
            (8, self._join),
            (6, self._cut),
            (3, self._crash),
            (2, self._partition),
            (3, self._backup),
            (1, self._restore),
            (2, self._jump_clock),
            (1, self._wait),
            (2, self._let_days_pass),
        )
        deed = self.rng.choices([d for _, d in deeds], [w for w, _ in deeds])[0]
        if machine.evil and deed in (self._write, self._mail, self._deed):
            deed = self._mischief
        self.guarded(lambda: deed(machine))
        if self.readers is not None and self.readers.random() < 0.5:
            self.guarded(partial(self._read, self.readers.choice(self.members), self.readers))
        self.run(self.rng.choice((0.0001, 0.001, 0.01, 0.1, 0.5, 3.0)))
        for idle in self.machines:
            if idle.node is None and self.rng.random() < 0.3:
                idle.start()

    @staticmethod
    def _read(machine: Member, chance: random.Random) -> None:
        """Look at some of what has arrived in a room."""
        if machine.node is not None:
            room = chance.choice(machine.node.store.messages.rooms())
            last = machine.node.store.messages.last_seq()
            machine.node.mark_read(room.id, chance.choice((last, chance.randint(0, last))))

    def _rooms(self, machine: Member) -> list[RoomId]:
        assert machine.node is not None
        return [r for r in machine.rooms() if machine.node.rooms.role(r) >= Role.MEMBER]

    def _write(self, machine: Member) -> None:
        if machine.node is None or not (rooms := self._rooms(machine)):
            return
        room = self.rng.choice(rooms)
        if (message_id := self._say(machine, machine.node, room)) is not None:
            machine.written[message_id] = room

    def _say(self, machine: Member, node: Node, room: RoomId) -> MessageId | None:
        self.written += 1
        before = [clock for clock, _ in machine.counted(room)]
        try:
            view = node.send_text(room, f"message {self.written}")
        except UserError:
            self.count["not now"] += 1
            return None
        self.count["texts"] += 1
        if before and view.clock <= max(before):
            raise Broken(f"I4: {machine} wrote a message that sorts before one it held")
        return view.id

    def _mail(self, machine: Member) -> None:
        """Write to one person alone."""
        peer = self.rng.choice([i.peer_id for i in self.people.values() if i.peer_id != machine.peer_id])
        if machine.node is None:
            return
        with machine.node.store.transaction():
            machine.node.people.ensure_room(peer)
        message_id = self._say(machine, machine.node, dm_room(machine.peer_id, peer))
        if message_id is not None:
            machine.mail[message_id] = peer
            self.count["mail"] += 1

    def _revise(self, machine: Member) -> None:
        revise(self, machine, self.written)

    def dial(self, a: Member, b: Member) -> None:
        """Link two machines on a network that both serve, as whoever dials finds by trying them in turn."""
        if a.node is None or b.node is None:
            return
        theirs = {network.name for network in b.node.networks()}
        common = [network for network in a.node.dialled_networks() if network.name in theirs]
        if common:
            self.connect(a, b, self.rng.choice(common))

    def _dial(self, machine: Member) -> None:
        self.dial(machine, self.rng.choice(self.members))

    def _deed(self, machine: Member) -> None:
        """Something that an owner, admin or member may do, or may not and is told so."""
        if machine.node is None or not (rooms := self._rooms(machine)):
            return
        node, rng = machine.node, self.rng
        room, subject = rng.choice(rooms), rng.choice(list(self.people.values())).peer_id
        role = rng.choice((Role.MEMBER, Role.MEMBER, Role.ADMIN))
        deed = rng.random()
        try:
            if deed < 0.3:
                node.teams.grant(room, subject, role)
                self.count["grants"] += 1
            elif deed < 0.5:
                node.teams.remove(room, subject)
                self.count["removals"] += 1
            elif deed < 0.55:
                node.teams.leave(room)
                self.count["leaves"] += 1
            elif deed < 0.75:
                code, _, _ = node.teams.invite(
                    self.team, uses=rng.choice((1, 1, 2)), approval=rng.random() < 0.2
                )
                self.codes.append(code)
            elif deed < 0.78:
                invites = list(node.rooms.authority(self.team).invites)
                node.teams.revoke(self.team, rng.choice(invites) if invites else bytes(32))
            elif deed < 0.92:
                node.teams.set_policy(rng.choice((self.team, room)), some_rules(rng))
            else:
                inside = [
                    p for p in node.rooms.members(self.team) if rng.random() < 0.5 and p != machine.peer_id
                ]
                node.teams.create_room(self.team, f"room {self.written} {deed}", rng.random() < 0.5, inside)
                self.count["rooms"] += 1
        except UserError:
            self.count["not allowed"] += 1

    def _join(self, machine: Member) -> None:
        """Somebody who has a code tries it with whoever is there."""
        joiners = [m for m in self.members if m.letter in "JK" and m.node is not None]
        if not joiners or not self.codes or machine.node is None:
            return
        joiner = self.rng.choice(joiners)
        assert joiner.node is not None
        joins = joiner.node.store.control.joins()
        if not joins:
            try:
                join, _ = joiner.node.joining.begin(self.rng.choice(self.codes))
            except UserError:
                return
            joins = [join]
        network = joiner.node.nets.of_join(self.rng.choice(joins))
        self.count["tries to join"] += 1
        self.connect(joiner, machine, network)

    def _mischief(self, machine: Member) -> None:
        from tests.simulation.mischief import mischief  # noqa: PLC0415  it needs this module

        mischief(self, machine)

    def _jump_clock(self, machine: Member) -> None:
        if machine is not self.members[0]:
            machine.clock.skew_ms = self.rng.choice(SKEWS)

    def _wait(self, machine: Member) -> None:
        self.run(self.rng.choice((20.0, 60.0)))

    def _let_days_pass(self, machine: Member) -> None:
        self.now += self.rng.choice((2, 5, 9)) * DAY_MS / 1000
        self.run(12)

    # -- what must hold at every step

    def sent(self, machine: Machine, to: PeerId, record: Messages) -> None:
        """I5, I6: by what the sender has on its disk, the other one is a member."""
        assert isinstance(machine, Member)
        if machine.evil or record.set != CONTENT:
            return
        if record.room in machine.rooms() and not machine.control_set(record.room).is_member(
            to, machine.clock.wall_ms()
        ):
            raise Broken(f"I5: {machine} sent a message to somebody who is no member")

    def committed(self, machine: Machine) -> None:
        ticks = machine.delivered()
        for message_id, peer in ticks - machine.ticks:
            theirs = [m for m in self.members if m.peer_id == peer]
            if not any(m.holds(message_id) or m.restored or m.evil for m in theirs):
                raise Broken(f"I2: {machine} shows a message as delivered that nobody there holds")
        machine.ticks = ticks
        readings = machine.read_by()
        for message_id, peer in readings - machine.readings:
            theirs = [m for m in self.members if m.peer_id == peer]
            self.count["read"] += 1
            if not any(m.has_read(message_id) or m.restored or m.evil for m in theirs):
                raise Broken(f"I2: {machine} shows a message as read that nobody there has looked at")
        machine.readings = readings


def some_rules(rng: random.Random) -> dict[str, PolicyValue]:
    """What a policy may say: days that are over in the middle of a story, at its end, or never."""
    if rng.random() < 0.3:
        return {"relay": rng.random() < 0.5}
    return {"retention_days": rng.choice((7, 30, 3_000))}


def quicken(patch: pytest.MonkeyPatch) -> None:
    """A story is short: what waits is sealed soon, and a code costs little, which is not what is tested here."""
    scrypt = hashlib.scrypt

    def cheap(*args: Any, **how: Any) -> bytes:
        return scrypt(*args, **{**how, "n": 16})

    patch.setattr(hashlib, "scrypt", cheap)
    patch.setattr(boxes, "PATIENCE", 1.0)
    patch.setattr(boxes, "GROUP_PATIENCE", 2.0)
    patch.setattr(boxes, "LOOK_SECONDS", 1.0)
    patch.setattr(boxkeys, "TELL_SECONDS", 3.0)


def play(seed: int, steps: int = 92, *, reading: bool = True) -> Guild:
    """One whole story from one seed."""
    from tests.simulation.claims import check_claims  # noqa: PLC0415  it needs this module
    from tests.simulation.verdict import settle  # noqa: PLC0415  it needs this module

    guild = Guild(seed, reading=reading)
    guild.crash_chance = guild.rng.choice((0.0, 0.002, 0.02))
    for _ in range(steps):
        guild.act()
        check_claims(guild, guild.doubters)
    settle(guild)
    return guild
