"""Simulated machines, wires and time for the product's own nodes, stores and connections.

Everything random comes from one seed, time is virtual, and a machine may lose power at any instant that matters:
before a commit, between a commit and what follows from it, or between two steps.
"""

from __future__ import annotations

import heapq
import itertools
import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from p2pim.config import Settings
from p2pim.node import events
from p2pim.node.author import Author
from p2pim.node.link import Link
from p2pim.node.node import Node
from p2pim.protocol.identity import Identity, PeerId
from p2pim.protocol.message import FUTURE_MS, MessageId, RoomId
from p2pim.protocol.network import OPEN, Network
from p2pim.protocol.records import Boxack, Messages, Record
from p2pim.store.database import Database
from p2pim.store.messages import Stored
from p2pim.store.store import Store

START_MS = 1_800_000_000_000


class Broken(AssertionError):
    """An invariant does not hold."""


class PowerCut(BaseException):
    """A machine is gone, here and now."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine


class SimDatabase(Database):
    """A disk whose machine can lose power just before a commit and just after it."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        super().__init__(connection=machine.disk)

    def execute(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        if sql == "COMMIT" and self.connection.total_changes:
            self.machine.maybe_lose_power("before a commit")
        return super().execute(sql, values)

    def _tell(self) -> None:
        self.machine.world.committed(self.machine)
        self.machine.maybe_lose_power("after a commit")
        super()._tell()


class SimClock:
    """Virtual time, with the machine's own idea of the date."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.skew_ms = 0

    def monotonic(self) -> float:
        return self._world.now

    def wall_ms(self) -> int:
        return START_MS + int(self._world.now * 1000) + self.skew_ms


class Wire:
    """One end of a simulated TCP connection: bytes in order, in arbitrary pieces, until it is cut."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.world = machine.world
        self.queued = 0
        self.link: Link | None = None
        self.other: Wire = self
        self.broken = False
        self._open = True
        self._paused = False
        self._arrived = bytearray()
        self._last = 0.0

    def write(self, data: bytes) -> None:
        size = max(1, len(data) // self.world.rng.choice((1, 1, 1, 2, 3)))
        for i in range(0, len(data), size):
            piece = data[i : i + size]
            self.queued += len(piece)
            self._in_order(lambda p=piece: self._deliver(p))  # type: ignore[misc]

    def _in_order(self, call: Callable[[], None]) -> None:
        self._last = max(self._last, self.world.now + self.world.latency())
        self.world.at(self._last, call)

    def _deliver(self, piece: bytes) -> None:
        self.queued -= len(piece)
        if self.other._open and not self.broken and not self.world.is_cut(self.machine, self.other.machine):
            self.world.passed(self.machine, self.other.machine, len(piece))
            self.other._arrived += piece
            self.other._hand_over()
        if self._open and self.link is not None:
            self.link.writable()

    def _hand_over(self) -> None:
        if self._arrived and not self._paused and self._open and self.link is not None:
            data = bytes(self._arrived)
            self._arrived.clear()
            self.link.received(data)

    def close(self) -> None:
        if self._open:
            self._open = False
            self.machine.forget_wire(self)
            self._in_order(self.other.end)

    abort = close

    def end(self) -> None:
        """The other end is gone and we are told."""
        if self._open:
            self._open = False
            self.machine.forget_wire(self)
            if self.link is not None:
                self.link.closed_by_peer()

    def pause_reading(self) -> None:
        self._paused = True

    def resume_reading(self) -> None:
        self._paused = False
        self.world.at(self.world.now, self._hand_over)

    def defer(self, call: Callable[[], None], seconds: float = 0.0) -> None:
        self.world.at(self.world.now + seconds, lambda: call() if self.link is not None else None)


class SpiedLink(Link):
    """Shows every record to the world before it is encrypted."""

    machine: Machine

    def send(self, record: Record) -> None:
        if isinstance(record, Messages) and self.ready and not self.closed:
            self.machine.world.sent(self.machine, self.peer_id, record)
        if isinstance(record, Boxack):
            self.machine.world.count[f"box answer {record.code}"] += 1
        super().send(record)


class SimAuthor(Author):
    """Notes what was taken back because it was sealed by a wrong clock: the one case of a message under two ids."""

    def __init__(self, machine: Machine, node: Node) -> None:
        super().__init__(node)
        self._machine = machine

    def seal_anew(self, stored: Sequence[Stored]) -> None:
        self._machine.taken_back.update(s.message.id for s in stored)
        self._machine.world.count["sealed anew"] += len(stored)
        super().seal_anew(stored)


@dataclass(eq=False)
class Machine:
    """One computer: a disk that survives, a node that may not."""

    world: World
    name: str
    identity: Identity
    disk: sqlite3.Connection = field(
        default_factory=lambda: sqlite3.connect(":memory:", isolation_level=None)
    )
    node: Node | None = None
    island: int = 0
    restored: bool = False
    shown: Counter[MessageId] = field(default_factory=Counter)
    written: dict[MessageId, RoomId] = field(default_factory=dict)
    taken_back: set[MessageId] = field(default_factory=set)
    ticks: set[tuple[MessageId, PeerId]] = field(default_factory=set)
    readings: set[tuple[MessageId, PeerId]] = field(default_factory=set)
    wires: list[Wire] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = SimClock(self.world)

    @property
    def peer_id(self) -> PeerId:
        return self.identity.peer_id

    def __repr__(self) -> str:
        return self.name

    def start(self) -> None:
        """Switch on, with whatever is on the disk."""
        self.node = Node(
            self.identity, Store(SimDatabase(self)), self.clock, self.world.rng.randbytes, Settings()
        )
        self.node.subscribe(self._seen)
        self.node.author = SimAuthor(self, self.node)

    def maybe_lose_power(self, when: str) -> None:
        if self.node is not None and self.world.rng.random() < self.world.crash_chance:
            self.world.count[f"crash {when}"] += 1
            raise PowerCut(self)

    def crash(self) -> None:
        """Power off: memory and Links are gone, the disk keeps what was committed."""
        self.node = None
        if self.disk.in_transaction:
            self.disk.rollback()
        for wire in list(self.wires):
            wire.link = None
            wire.close()

    def forget_wire(self, wire: Wire) -> None:
        if wire in self.wires:
            self.wires.remove(wire)

    def _seen(self, event: events.Event) -> None:
        if isinstance(event, events.MessageAdded):
            self.shown[event.message.id] += 1
            if (
                self.shown[event.message.id] > 1
                and not self.restored
                and event.message.id not in self.taken_back
            ):
                raise Broken(f"I3: {self} told of a message twice")

    # -- what is on the disk

    def held(self, room: RoomId) -> list[tuple[int, MessageId]]:
        """(clock, id) of a room's messages, in order."""
        sql = "SELECT clock, m.id FROM messages m JOIN rooms r ON m.room = r.number WHERE r.id = ?"
        return list(self.disk.execute(f"{sql} ORDER BY clock, m.id", [room]))

    def counted(self, room: RoomId) -> list[tuple[int, MessageId]]:
        """As held, but only what a new message must come after: not what it wrote by a clock far ahead."""
        sql = (
            "SELECT clock, m.id, author <> ? FROM messages m JOIN rooms r ON m.room = r.number "
            "WHERE r.id = ? AND hidden = 0 ORDER BY clock, m.id"
        )
        rows = self.disk.execute(sql, [self.peer_id, room]).fetchall()
        horizon = max([self.clock.wall_ms(), *(clock for clock, _, others in rows if others)]) + FUTURE_MS
        return [(clock, message_id) for clock, message_id, _ in rows if clock <= horizon]

    def holds(self, message_id: MessageId) -> bool:
        return self.disk.execute("SELECT 1 FROM messages WHERE id = ?", [message_id]).fetchone() is not None

    def delivered(self) -> set[tuple[MessageId, PeerId]]:
        """The ticks this machine shows."""
        sql = "SELECT m.id, d.peer FROM deliveries d JOIN messages m ON d.message = m.seq WHERE d.code = 0"
        return set(self.disk.execute(sql))

    def read_by(self) -> set[tuple[MessageId, PeerId]]:
        """What it wrote, and who is shown to have read it."""
        sql = (
            "SELECT m.id, d.peer FROM deliveries d JOIN messages m ON d.message = m.seq WHERE d.read NOTNULL"
        )
        return set(self.disk.execute(sql))

    def has_read(self, message_id: MessageId) -> bool:
        """Whether its user has looked at a message."""
        sql = "SELECT unread = 2 FROM messages WHERE id = ?"
        return bool(self.disk.execute(sql, [message_id]).fetchone() == (1,))


class World:
    """Machines, wires, one clock, one source of chance. Subclasses check what is shown to them."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.rng = random.Random(seed)
        self.now = 0.0
        self.machines: list[Machine] = []
        self.count: Counter[str] = Counter()
        self.crash_chance = 0.0
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    # -- to be overridden

    def committed(self, machine: Machine) -> None:
        """A machine has committed something."""

    def sent(self, machine: Machine, to: PeerId, record: Messages) -> None:
        """A machine sends messages."""

    def passed(self, source: Machine, target: Machine, size: int) -> None:
        """Bytes arrive at a machine."""

    # -- time

    def latency(self) -> float:
        return self.rng.choice((0.0002, 0.001, 0.005, 0.05))

    def at(self, when: float, call: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (when, next(self._order), call))

    @property
    def is_busy(self) -> bool:
        """Whether anything is on its way or yet to be done."""
        return bool(self._queue)

    def run(self, seconds: float, most: int = 200_000) -> None:
        """Let virtual time pass, with a tick of every machine each second."""
        end, tick = self.now + seconds, int(self.now) + 1.0
        for _ in range(most):
            due = self._queue[0][0] if self._queue else end + 1
            if min(due, tick) > end:
                self.now = end
                return
            if tick <= due:
                self.now, tick = tick, tick + 1.0
                for machine in self.machines:
                    self.guarded(lambda m=machine: self._tick(m))  # type: ignore[misc]
            else:
                self.now = max(self.now, due)
                self.guarded(heapq.heappop(self._queue)[2])
        raise Broken("I1: an exchange without end")

    def _tick(self, machine: Machine) -> None:
        if machine.node is not None:
            machine.node.tick()
            for wire in list(machine.wires):
                if wire.link is not None:
                    wire.link.tick(self.now)

    def guarded(self, call: Callable[[], object]) -> None:
        """Do something that may cut a machine's power."""
        try:
            call()
        except PowerCut as cut:
            cut.machine.crash()

    # -- wires

    def is_cut(self, a: Machine, b: Machine) -> bool:
        return a.island != b.island

    def connect(self, a: Machine, b: Machine, network: Network = OPEN) -> None:
        """``a`` dials ``b``."""
        if a is b or a.node is None or b.node is None or self.is_cut(a, b):
            return
        ends = Wire(a), Wire(b)
        ends[0].other, ends[1].other = ends[1], ends[0]
        for wire, initiator in zip(ends, (True, False), strict=True):
            machine = wire.machine
            assert machine.node is not None
            machine.wires.append(wire)
            connection = machine.node.connection(initiator, network if initiator else None)
            wire.link = link = SpiedLink(connection, wire, machine.node)
            link.machine = machine

    def cut(self, wire: Wire) -> None:
        """A wire breaks: both ends are told at some time, what was under way is lost."""
        for end in (wire, wire.other):
            end.broken = True
            self.at(self.now + self.latency(), end.end)

    def linked(self, a: Machine, b: Machine) -> bool:
        """Whether a ready Link joins them."""
        return a.node is not None and any(
            w.other.machine is b and w.link is not None and w.link in a.node.sync.sessions for w in a.wires
        )
