"""Many daemons on one LAN: how soon a late one sees all, and what each of them costs when nothing happens."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from typing import Final

from _scenes import line, office, since_start
from idle import Cost

from tests.daemons import start_together
from tests.netlab.lab import Host
from tests.netlab.office import meet

FEW, MANY = 8, 50
#: Seconds, MiB, per cent of a processor, kB a second.
LATE_GOAL, MEMORY_GOAL, PROCESSOR_GOAL, TRAFFIC_GOAL = 3.0, 60.0, 0.5, 2.0
#: kB of one that joins fifty.
JOIN_GOAL: Final = 200.0
_RECEIVED: Final = "/sys/class/net/eth0/statistics/rx_bytes"
_SENT: Final = "/sys/class/net/eth0/statistics/tx_bytes"


def _passed(host: Host) -> int:
    """Bytes that went in and out of a host so far."""
    return sum(map(int, host.run(["cat", _RECEIVED, _SENT]).stdout.split()))


def crowd(count: int, settle: float, watch: float) -> Iterator[str]:
    """The lines of the table; ``settle``: seconds until what a start brings with it is over."""
    with office(count) as seats:
        *early, late = people = [seats.hire(f"p{number}") for number in range(1, count + 1)]
        start_together(*early)
        meet(*early)
        hosts = list(zip(people, seats.lab.hosts, strict=True))
        before_join = _passed(hosts[-1][1])
        seen = since_start(late, others=early)
        yield line(f"{count} on a LAN: the late one and all others see each other, s", seen, LATE_GOAL)
        join = (_passed(hosts[-1][1]) - before_join) / 1000
        goal = JOIN_GOAL * count / MANY
        yield line(f"{count} on a LAN: traffic of the late one until then, both ways, kB", join, goal)
        for one in people:
            one.hang_up()
        time.sleep(settle)
        before = [(Cost.of(one.process.pid), int(host.run(["cat", _RECEIVED]).stdout)) for one, host in hosts]
        time.sleep(watch)
        after = [(Cost.of(one.process.pid), int(host.run(["cat", _RECEIVED]).stdout)) for one, host in hosts]
        pairs = list(zip(before, after, strict=True))
        memory = statistics.median(cost.memory for cost, _ in after)
        processor = statistics.median((b[0].processor - a[0].processor) / watch * 100 for a, b in pairs)
        traffic = statistics.median((b[1] - a[1]) / watch / 1000 for a, b in pairs)
        yield line(f"{count} on a LAN: memory of each (RSS), MiB", memory, MEMORY_GOAL)
        yield line(f"{count} on a LAN: processor of each, %", processor, PROCESSOR_GOAL)
        yield line(f"{count} on a LAN: traffic into each, kB/s", traffic, TRAFFIC_GOAL)
