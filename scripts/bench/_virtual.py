"""A team of hundreds on virtual machines: the bytes that real nodes, Links and handshakes exchange, in virtual time.

Counted is what arrives at one machine and leaves it: every packet (what is sent at one moment, at most 1,448 bytes)
with 66 bytes of headers (Ethernet, IPv4, TCP with time stamps), and as much the other way for every second one, as TCP
acknowledges what no answer does (RFC 1122, section 4.2.3.2).
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final

from _scenes import line

from p2pim.config.settings import DEFAULT_PORT
from p2pim.node.net.dialer import AT_ONCE
from tests.node.company import Colleague, Company
from tests.simulation.world import Machine

FEW_VIRTUAL, MANY_VIRTUAL = 20, 200
#: kB a second, kB.
TRAFFIC_GOAL, JOIN_GOAL = 5.0, 900.0
HEADERS: Final = 66
SEGMENT: Final = 1_448
#: Seconds that a handshake and what follows takes.
SETTLED: Final = 0.05
#: Seconds after which all that a joining brings with it has been said: from then on a Link is idle.
MEETING: Final = 1.0
WATCHED: Final = 120.0
_FIRST: Final = int(ip_address("10.99.0.1"))


class Metered(Company):
    """Counts what arrives at and leaves each machine."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived: Counter[str] = Counter()
        self.left: Counter[str] = Counter()
        #: When the last packet from one to another was sent, and how much more it takes.
        self._open_packet: dict[tuple[str, str], tuple[float, int]] = {}

    def latency(self) -> float:
        return 0.001

    def _tick(self, machine: Machine) -> None:
        """As a real network does: a Link is looked at when it has something to do."""
        if machine.node is not None:
            machine.node.tick()
            for wire in list(machine.wires):
                if wire.link is not None and self.now >= wire.link.connection.deadline():
                    wire.link.tick(self.now)

    def passed(self, source: Machine, target: Machine, size: int) -> None:
        moment, room = self._open_packet.get((source.name, target.name), (-1.0, 0))
        room = room if moment == self.now else 0
        packets = -(-max(0, size - room) // SEGMENT)
        self._open_packet[source.name, target.name] = self.now, room + packets * SEGMENT - size
        for one, other in ((self.arrived, target), (self.left, source)):
            one[other.name] += size + packets * HEADERS
        for one, other in ((self.arrived, source), (self.left, target)):
            one[other.name] += packets * HEADERS // 2


def virtual_crowd(count: int) -> Iterator[str]:
    """The lines of the table."""
    company = Metered()
    people = [_hire(company, number) for number in range(count)]
    founder, *others = people
    team = founder.me.teams.create("Blue")
    code, _, _ = founder.me.teams.invite(team, uses=count)
    for one in others[:-1]:
        company.join(one, founder, code)
    late = others[-1]
    network = founder.me.networks()[0]
    early = people[:-1]
    # all learn from one what has become of the team meanwhile, before they meet each other
    for one in early[1:]:
        company.connect(one, founder, network)
    company.run(10.0, most=10_000_000)
    for number, one in enumerate(early[1:]):
        for other in early[1 : number + 1]:
            company.connect(one, other, network)
        company.run(0.1, most=10_000_000)
    company.run(90.0, most=10_000_000)
    _all_linked(early)
    company.arrived.clear()
    company.run(WATCHED, most=10_000_000)
    idle = statistics.median(company.arrived[one.name] for one in early) / WATCHED / 1000
    yield line(f"{count} virtual machines: traffic into each when idle, kB/s", idle, TRAFFIC_GOAL)
    company.join(late, founder, code)
    for number, other in enumerate(early):
        company.connect(late, other, network)
        if number % AT_ONCE == 0:  # who let it in first: that is where it learns of the others
            company.run(SETTLED, most=10_000_000)
    company.run(MEETING, most=10_000_000)
    _all_linked(people)
    joined = company.arrived[late.name] + company.left[late.name]
    yield line(
        f"{count} virtual machines: traffic of one that joins, both ways, kB", joined / 1000, JOIN_GOAL
    )


def _hire(company: Company, number: int) -> Colleague:
    one = company.hire(f"p{number}")
    address = str(ip_address(_FIRST + number))
    one.me.addresses = lambda: [(address, DEFAULT_PORT)]
    return one


def _all_linked(people: list[Colleague]) -> None:
    for one in people:
        linked = {link.peer_id for link in one.me.sync.sessions}
        assert len(linked) == len(people) - 1, (one.name, len(linked))
