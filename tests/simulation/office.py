"""An office of people with bad luck, and the invariants that hold all the same (I1 to I5, I8)."""

from __future__ import annotations

import itertools

from p2pim.errors import UserError
from p2pim.protocol.fold import Entry, fold
from p2pim.protocol.identity import Identity, PeerId
from p2pim.protocol.message import FUTURE_MS, RoomId, read_header, reopen
from p2pim.protocol.records import Messages
from p2pim.protocol.room import LOBBY, LOBBY_MS, dm, dm_room
from tests.simulation.misfortune import SKEWS, UnluckyWorld
from tests.simulation.revising import revise
from tests.simulation.world import START_MS, Broken, Machine


class Office(UnluckyWorld):
    """3 to 12 machines of 2 to 9 people; some people have two machines."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.written = 0
        people = [Identity.generate(self.rng.randbytes) for _ in range(self.rng.randrange(2, 10))]
        owners = people + self.rng.sample(people, k=min(len(people), self.rng.choice((1, 1, 2, 3))))
        for number, identity in enumerate(owners):
            machine = Machine(self, f"{'ABCDEFGHI'[people.index(identity)]}{number}", identity)
            machine.clock.skew_ms = self.rng.choice(SKEWS)
            self.machines.append(machine)
            machine.start()

    # -- what happens

    def act(self) -> None:
        """One random event."""
        machine = self.rng.choice(self.machines)
        deeds = (
            (30, self._write),
            (15, self._revise),
            (20, self._dial),
            (4, self._dial_both),
            (6, self._cut),
            (4, self._crash),
            (2, self._partition),
            (3, self._backup),
            (1, self._restore),
            (2, self._jump_clock),
            (2, self._read),
            (2, self._presence),
        )
        deed = self.rng.choices([d for _, d in deeds], [w for w, _ in deeds])[0]
        self.guarded(lambda: deed(machine))
        self.run(self.rng.choice((0.0001, 0.001, 0.01, 0.1, 0.5, 3.0)))
        for idle in self.machines:
            if idle.node is None and self.rng.random() < 0.3:
                idle.start()

    def _write(self, machine: Machine) -> None:
        node = machine.node
        if node is None:
            return
        other = self.rng.choice([m.peer_id for m in self.machines if m.peer_id != machine.peer_id])
        room = LOBBY if self.rng.random() < 0.3 else dm_room(machine.peer_id, other)
        before = [c for c, _ in machine.counted(room)]
        self.written += 1
        token = f"t{self.written}" if self.rng.random() < 0.2 else None
        try:
            with node.store.transaction():
                if room != LOBBY:
                    node.people.ensure_room(other)
            view = node.send_text(room, f"message {self.written}", token)
            if token and node.send_text(room, f"message {self.written}", token).id != view.id:
                raise Broken("I3: one token, two messages")
        except UserError:
            self.count["not now"] += 1
            return
        machine.written[view.id] = room
        if before and view.clock <= max(before):
            raise Broken(f"I4: {machine} wrote a message that sorts before one it held")

    def _revise(self, machine: Machine) -> None:
        revise(self, machine, self.written)

    def _dial(self, machine: Machine) -> None:
        self.connect(machine, self.rng.choice(self.machines))

    def _dial_both(self, machine: Machine) -> None:
        other = self.rng.choice(self.machines)
        self.connect(machine, other)
        self.connect(other, machine)

    def _jump_clock(self, machine: Machine) -> None:
        machine.clock.skew_ms = self.rng.choice(SKEWS)

    def _read(self, machine: Machine) -> None:
        if machine.node is not None:
            for view in machine.node.conversations():
                machine.node.mark_read(view.room, machine.node.store.messages.last_seq())

    def _presence(self, machine: Machine) -> None:
        if machine.node is not None:
            machine.node.set_presence(self.rng.choice(("online", "busy", "invisible")), "text", None)

    # -- what must hold at every step

    def sent(self, machine: Machine, to: PeerId, record: Messages) -> None:
        for signed in record.messages:
            author = read_header(signed.header).author
            if record.room == LOBBY:
                fine = author in (machine.peer_id, to)
            else:
                partners = {dm_room(machine.peer_id, m.peer_id): m.peer_id for m in self.machines}
                fine = record.room in partners and to in (partners[record.room], machine.peer_id)
            if not fine:
                raise Broken(f"I5: {machine} sent a message of others")

    def committed(self, machine: Machine) -> None:
        ticks = machine.delivered()
        for message_id, peer in ticks - machine.ticks:
            theirs = [m for m in self.machines if m.peer_id == peer]
            if not any(m.holds(message_id) or m.restored for m in theirs):
                raise Broken(f"I2: {machine} shows a message as delivered that nobody there holds")
        machine.ticks = ticks

    # -- what must hold in the end

    def settle(self) -> None:
        """No more bad luck: everybody on, one island, all pairs linked; then let it finish."""
        self.crash_chance = 0.0
        for machine in self.machines:
            machine.island = 0
            if machine.node is None:
                machine.start()
        self.run(40)  # what the islands left half open is noticed
        for _ in range(3):
            for a, b in itertools.combinations(self.machines, 2):
                if not self.linked(a, b) and not self.linked(b, a):
                    self.connect(a, b)
            self.run(8)
            self._become_friends()
        self.run(8)
        self.check()

    def _become_friends(self) -> None:
        """Everybody accepts who wrote to them, else what follows a first message rightly waits."""
        for machine in self.machines:
            assert machine.node is not None
            for peer in machine.node.peers():
                machine.node.accept(peer.peer_id)

    def check(self) -> None:
        """I1, I8: equal histories; nothing lost; every run over; true ticks."""
        for a, b in itertools.combinations(self.machines, 2):
            if not (self.linked(a, b) or self.linked(b, a)):
                raise Broken(f"I1: {a} and {b} are not linked in the end")
            for room in self._rooms_of(a, b):
                if a.held(room) != b.held(room):
                    raise Broken(f"I1: {a} and {b} differ: {len(a.held(room))}, {len(b.held(room))}")
                if self._shown(a, room) != self._shown(b, room):
                    raise Broken(f"I1: {a} and {b} show a conversation differently")
                if a.peer_id != b.peer_id:
                    self._check_ticks(a, b, room)
            self._check_lobby(a, b)
            self._check_runs(a)
        for machine in self.machines:
            for message_id in machine.written:
                if (
                    not machine.holds(message_id)
                    and not machine.restored
                    and message_id not in machine.taken_back
                ):
                    raise Broken(f"I2: {machine} lost what it wrote")
            self._check_unread(machine)
            self._check_erased(machine)

    def _rooms_of(self, a: Machine, b: Machine) -> list[RoomId]:
        if a.peer_id != b.peer_id:
            return [dm_room(a.peer_id, b.peer_id)]
        return [dm_room(a.peer_id, m.peer_id) for m in self.machines if m.peer_id != a.peer_id]

    def _check_ticks(self, a: Machine, b: Machine, room: RoomId) -> None:
        for one, other in ((a, b), (b, a)):
            for message_id, _ in ((i, c) for c, i in one.held(room)):
                if message_id in one.written and (message_id, other.peer_id) not in one.delivered():
                    raise Broken(f"I1: {one} does not know that {other} has its message")

    def _check_lobby(self, a: Machine, b: Machine) -> None:
        oldest = START_MS + int(self.now * 1000) - LOBBY_MS + 3 * FUTURE_MS
        pair = {a.peer_id, b.peer_id}

        def between(m: Machine) -> list[tuple[int, bytes]]:
            sql = (
                "SELECT clock, m.id, author FROM messages m JOIN rooms r ON m.room = r.number WHERE r.id = ?"
            )
            rows = m.disk.execute(sql + " ORDER BY clock, m.id", [LOBBY])
            return [(clock, i) for clock, i, author in rows if author in pair and clock > oldest]

        if between(a) != between(b):
            raise Broken(f"I1: {a} and {b} differ in the lobby")

    def _check_runs(self, machine: Machine) -> None:
        assert machine.node is not None
        for session in machine.node.sync.sessions.values():
            if session.asked or session.to_ask or session.to_serve or session.drives:
                raise Broken(f"I1: {machine} still waits: {session.drives} {len(session.asked)}")

    def _check_unread(self, machine: Machine) -> None:
        """I3: unread is exact: others' messages that are visible and were not read."""
        sql = (
            "SELECT count(*) FROM messages WHERE unread = 1 AND "
            "(author = ? OR hidden = 1 OR content IS NULL OR kind <> 1)"
        )
        if machine.disk.execute(sql, [machine.peer_id]).fetchone()[0]:
            raise Broken(f"I3: {machine} counts what is its own, hidden, deleted or no text as unread")

    def _check_erased(self, machine: Machine) -> None:
        """What a delete here is about has no content, all else has; nothing waits to be explained."""
        wrong = machine.disk.execute(
            "SELECT count(*) FROM messages AS m WHERE (content IS NULL) <> (kind IN (1, 2) AND EXISTS "
            "(SELECT 1 FROM messages AS d WHERE d.kind = 3 AND d.author = m.author AND d.room = m.room "
            "AND d.target = iif(m.kind = 1, m.id, m.target)))"
        ).fetchone()[0]
        if wrong:
            raise Broken(f"I2: {machine} erased what it should not, or did not what it should")
        stubs = machine.disk.execute("SELECT count(*) FROM stubs").fetchone()[0]
        if stubs and not any(each.restored for each in self.machines):
            raise Broken(f"I1: {machine} never learnt why content was missing")

    def _shown(self, machine: Machine, room: RoomId) -> list[Entry]:
        """A conversation as a reader sees it, once everything is due."""
        me = machine.peer_id
        partner = next(m.peer_id for m in self.machines if dm_room(me, m.peer_id) == room)
        rows = machine.disk.execute(
            "SELECT m.id, header, signature, content FROM messages m JOIN rooms r ON m.room = r.number WHERE r.id = ?",
            [room],
        )
        return fold(dm(me, partner), me, [reopen(*row) for row in rows], 2**53)


def play(seed: int, steps: int = 60) -> Office:
    """One whole story from one seed."""
    office = Office(seed)
    office.crash_chance = office.rng.choice((0.0, 0.002, 0.02))
    for _ in range(steps):
        office.act()
    office.settle()
    return office
