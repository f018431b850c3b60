"""A few real nodes on simulated wires and time, and a puppet that says only what it is told to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from p2pim.config import Settings
from p2pim.config.policy import NO_POLICY, MachinePolicy
from p2pim.node import events
from p2pim.node.link import Link
from p2pim.node.node import Node
from p2pim.protocol.events import Closed
from p2pim.protocol.identity import Identity
from p2pim.protocol.message import (
    REACTION,
    TEXT,
    Message,
    MessageId,
    RoomId,
    reaction_content,
    seal,
    text_content,
)
from p2pim.protocol.network import OPEN, Network
from p2pim.protocol.records import Hello, Record
from p2pim.protocol.room import LOBBY, dm_room
from p2pim.store.store import Store
from tests.simulation.world import Machine, SimAuthor, SimDatabase, World

R = TypeVar("R")


class Colleague(Machine):
    """A machine whose node is used directly, and that remembers every event."""

    settings = Settings()
    policy = NO_POLICY

    def start(self) -> None:
        super().start()
        assert self.node is not None
        self.me = self.node
        if self.settings != Settings() or self.policy != NO_POLICY:
            self.me = self.node = Node(
                self.identity,
                Store(SimDatabase(self)),
                self.clock,
                self.world.rng.randbytes,
                self.settings,
                machine=self.policy,
            )
            self.node.author = SimAuthor(self, self.node)
        self.events: list[events.Event] = []
        self.me.subscribe(self.events.append)

    def said(self, kind: type[R]) -> list[R]:
        """Events of one kind so far."""
        return [event for event in self.events if isinstance(event, kind)]

    def room(self, other: Machine) -> RoomId:
        """The DM with somebody."""
        return dm_room(self.peer_id, other.peer_id)

    def write(self, other: Machine, text: str) -> events.MessageView:
        """Send somebody a text."""
        with self.me.store.transaction():
            self.me.people.ensure_room(other.peer_id)
        return self.me.send_text(self.room(other), text)

    def announce(self, text: str) -> events.MessageView:
        """Send a text to the lobby."""
        return self.me.send_text(LOBBY, text)

    def reads(self, other: Machine) -> list[str | None]:
        """What the DM with somebody shows."""
        known = self.me.store.messages.room(self.room(other))
        return [view.text for view in self.me.history(self.room(other))] if known else []

    def lobby(self) -> list[str | None]:
        """What the lobby shows."""
        return [view.text for view in self.me.history(LOBBY, 10_000)]

    def state_of(self, message_id: MessageId) -> str:
        """What this machine shows about the delivery of a message."""
        (stored,) = self.me.store.messages.get([message_id])
        return self.me.views.message(stored).state

    def sees(self, other: Machine) -> events.PeerView:
        """How somebody is shown here."""
        return self.me.views.peer(other.peer_id)

    def links_to(self, other: Machine) -> list[Link]:
        """The ready Links that lead to somebody."""
        return [link for link in self.me.sync.sessions if link.peer_id == other.peer_id]


class PuppetNode(Node):
    """Shakes hands like any other, then only listens."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(
            machine.identity,
            Store(SimDatabase(machine)),
            machine.clock,
            machine.world.rng.randbytes,
            Settings(),
        )
        self.links_up: list[Link] = []
        self.heard: list[Record] = []
        self.byes: list[int] = []

    def link_ready(self, link: Link, hello: Hello) -> None:
        self.links_up.append(link)

        def gone(_: Link, closed: Closed) -> None:
            self.byes.append(closed.code)

        link._on_closed = gone

    def link_closed(self, link: Link) -> None:
        self.links_up.remove(link)

    def record_received(self, link: Link, record: Record) -> None:
        self.heard.append(record)


class Puppet(Machine):
    """A peer with a valid identity and no manners."""

    def start(self) -> None:
        self.strings = self.node = PuppetNode(self)

    def say(self, *records: Record) -> None:
        """Send records on its newest Link, and let the answers come."""
        link = self.strings.links_up[-1]
        for record in records:
            link.send(record)
        link.flush()
        self.world.run(1)

    def heard(self, kind: type[R]) -> list[R]:
        """Records of one kind received so far."""
        return [record for record in self.strings.heard if isinstance(record, kind)]

    @property
    def bye(self) -> int | None:
        """The code of the last BYE it got."""
        return self.strings.byes[-1] if self.strings.byes else None

    def text(self, room: RoomId, text: str, clock: int | None = None, **more: list[MessageId]) -> Message:
        """A text of its own, signed as it should be."""
        now = self.clock.wall_ms()
        content = text_content(text, now, self.world.rng.randbytes)
        parents = more.get("parents", [])
        return seal(self.identity, room, parents=parents, clock=clock or now, kind=TEXT, content=content)

    def about(self, kind: int, target: Message, room: RoomId | None = None) -> Message:
        """An edit, a delete or a reaction of its own."""
        now = self.clock.wall_ms()
        content = text_content("x", now, self.world.rng.randbytes)
        if kind == REACTION:
            content = reaction_content("x", True, now, self.world.rng.randbytes)
        room = room or target.header.room
        return seal(self.identity, room, parents=[], clock=now, kind=kind, content=content, target=target.id)


class Company(World):
    """The world of these tests: nobody loses power unless told to."""

    def __init__(self, seed: int = 1) -> None:
        super().__init__(seed)

    def hire(
        self,
        name: str,
        *,
        like: Machine | None = None,
        settings: Settings | None = None,
        policy: MachinePolicy = NO_POLICY,
    ) -> Colleague:
        """Switch on a new machine; ``like``: of the same person as that one."""
        identity = like.identity if like else Identity.generate(self.rng.randbytes)
        machine = Colleague(self, name, identity)
        machine.settings, machine.policy = settings or Settings(), policy
        self.machines.append(machine)
        machine.start()
        return machine

    def puppet(self) -> Puppet:
        """Switch on a peer without manners."""
        machine = Puppet(self, "puppet", Identity.generate(self.rng.randbytes))
        self.machines.append(machine)
        machine.start()
        return machine

    def meet(self, a: Machine, b: Machine, network: Network = OPEN) -> None:
        """Link two machines and let them finish."""
        self.connect(a, b, network)
        self.run(3)

    def join(self, joiner: Colleague, member: Colleague, code: str) -> None:
        """Enter a code, and meet a member of the team with it."""
        join, _ = joiner.me.joining.begin(code)
        self.meet(joiner, member, joiner.me.nets.of_join(join))

    def friends(self, *names: str) -> list[Colleague]:
        """Machines of people who have accepted each other, all linked."""
        machines = [self.hire(name) for name in names]
        for i, a in enumerate(machines):
            for b in machines[:i]:
                for one, other in ((a, b), (b, a)):
                    with one.me.store.transaction():
                        one.me.people.ensure_room(other.peer_id)
                    one.me.accept(other.peer_id)
                self.meet(b, a)
        return machines

    def part(self, a: Machine, b: Machine) -> None:
        """Break every wire between two machines, at once and for both."""
        for wire in [w for w in a.wires if w.other.machine is b]:
            self.cut(wire)
        self.run(1)

    def until(self, holds: Callable[[], bool], seconds: float = 60.0) -> None:
        """Let time pass until something holds; it must."""
        end = self.now + seconds
        while not holds():
            assert self.now < end, "it never came true"
            self.run(0.001)
