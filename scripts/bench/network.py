"""How soon people see each other, on networks as they are, beside what is asked of it.

    python3 scripts/bench/network.py [--short] [ROW...]

Real daemons on hosts that are network namespaces: it needs Linux, root and the packages of the network tests. The clock
starts when the daemons listen. Half an hour; with --short one round of each. ROW is the beginning of a row's name. It
ends with 0 whatever it finds.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import _common

_common.enter_venv(__file__)

from _fifty import FEW, MANY, crowd  # noqa: E402  only the project's environment has what these need
from _scenes import office, since_start, stop, team, teamed  # noqa: E402
from _virtual import FEW_VIRTUAL, MANY_VIRTUAL, virtual_crowd  # noqa: E402

from tests.daemons import Daemon, start_together  # noqa: E402
from tests.netlab import avahi, wireguard  # noqa: E402
from tests.netlab.lab import Host, Lab, missing  # noqa: E402
from tests.netlab.office import Office, meet  # noqa: E402
from tests.netlab.wireguard import Vpn  # noqa: E402

#: Rounds of which a median, or a 95th percentile, means something.
MEDIAN_OF, P95_OF = 5, 20
HUB = 12


@dataclass(frozen=True)
class Row:
    """One line of the table. ``measure`` yields a figure in seconds for each round that is asked for."""

    name: str
    measure: Callable[[int], Iterator[float]]
    limit: float
    share: float = 0.5
    most: float | None = None

    def run(self, short: bool) -> str:
        """Measure it; the line."""
        rounds = 1 if short else P95_OF if self.share > 0.5 else MEDIAN_OF
        values = list(self.measure(rounds))
        value = _common.quantile(values, self.share) if self.share > 0.5 else statistics.median(values)
        holds = value <= self.limit and (self.most is None or max(values) <= self.most)
        what = f"p{self.share * 100:.0f}" if self.share > 0.5 else "median"
        asked = f"<= {self.limit:g}" + (f", all <= {self.most:g}" if self.most else "")
        spread = f"{min(values):.2f} to {max(values):.2f}"
        verdict = "holds" if holds else "FAILS"
        return (
            f"{self.name:<64}{what:>7}{value:>7.2f} s  {spread:<14} of {len(values):<3} {asked:<16} {verdict}"
        )


# -- a LAN


def _pair(seats: Office, number: int) -> list[Daemon]:
    """Two new people, at the first two hosts."""
    return [seats.hire(f"{name}{number}", host) for host, name in ((1, "ann"), (2, "ben"))]


def _pairs(rounds: int, prepare: Callable[[Lab], None] = lambda lab: None) -> Iterator[float]:
    with office(2) as seats:
        prepare(seats.lab)
        for number in range(rounds):
            pair = _pair(seats, number)
            yield since_start(*pair)
            stop(*pair)


def _lossy(lab: Lab) -> None:
    for host in lab.hosts:
        host.lose(20)


def _lan(rounds: int) -> Iterator[float]:
    return _pairs(rounds)


def _firewalled(rounds: int) -> Iterator[float]:
    return _pairs(rounds, lambda lab: lab.host(2).shut())


def _beside_avahi(rounds: int) -> Iterator[float]:
    with tempfile.TemporaryDirectory() as folder:

        def prepare(lab: Lab) -> None:
            for host in lab.hosts:
                avahi.start(host, Path(folder))

        yield from _pairs(rounds, prepare)


def _mtu_hole(rounds: int) -> Iterator[float]:
    with office(2) as seats:
        seats.lab.host(2).swallow(1300)
        for number in range(rounds):
            pair = _pair(seats, number)
            start_together(*pair)
            began = max(one.serving_at for one in pair)
            for one in pair:
                one.say("#lobby", "x" * 20_000)
            yield max(one.until_holds("#lobby", 2) for one in pair) - began
            stop(*pair)


def _loss(rounds: int) -> Iterator[float]:
    return _pairs(rounds, _lossy)


def _frozen(seconds: float) -> Callable[[int], Iterator[float]]:
    def measure(rounds: int) -> Iterator[float]:
        with office(2) as seats:
            ann, ben = seats.hire("ann"), seats.hire("ben")
            since_start(ann, ben)
            for _ in range(rounds):
                ben.freeze()
                time.sleep(seconds)
                ben.thaw()
                began = time.monotonic()
                ann.say("#lobby", "are you there?")
                _answered(ben, ann)
                yield time.monotonic() - began

    return measure


def _answered(one: Daemon, other: Daemon) -> None:
    """Both hold the same number of lines in the lobby."""
    held = len(other.texts("#lobby"))
    one.until_holds("#lobby", held, within=60)


def _cable(rounds: int) -> Iterator[float]:
    with office(2) as seats:
        ann, ben = seats.hire("ann"), seats.hire("ben")
        since_start(ann, ben)
        for _ in range(rounds):
            seats.lab.host(2).unplug()
            time.sleep(15)
            ann.say("#lobby", "gone?")
            seats.lab.host(2).plug()
            began = time.monotonic()
            _answered(ben, ann)
            yield time.monotonic() - began


def _disturbed(disturb: Callable[[Host, int], None]) -> Callable[[int], Iterator[float]]:
    """Until a message passes, from the beginning of what happens to the second host."""

    def measure(rounds: int) -> Iterator[float]:
        with office(2) as seats:
            ann, ben = seats.hire("ann"), seats.hire("ben")
            since_start(ann, ben)
            for number in range(rounds):
                began = time.monotonic()
                disturb(seats.lab.host(2), number)
                ann.say("#lobby", "where are you?")
                _answered(ben, ann)
                yield time.monotonic() - began

    return measure


_new_address = _disturbed(lambda host, number: host.readdress(50 + number))
_made_anew = _disturbed(lambda host, number: host.replace())


def _seen_on_what_was_made_anew(rounds: int) -> Iterator[float]:
    with office(2) as seats:
        ben = seats.hire("ben", 2)
        start_together(ben)
        for number in range(rounds):
            seats.lab.host(2).replace()
            ann = seats.hire(f"ann{number}", 1)
            yield since_start(ann, others=[ben])
            stop(ann)


def _crash(rounds: int) -> Iterator[float]:
    with office(2) as seats:
        ann, ben = seats.hire("ann"), seats.hire("ben")
        for _ in range(rounds):
            since_start(*(one for one in (ann, ben) if not one.runs))
            meet(ann, ben)
            began = time.monotonic()
            ben.kill()
            yield ann.until_misses(ben) - began


def _vanish(rounds: int) -> Iterator[float]:
    with office(2) as seats:
        ann, ben = seats.hire("ann"), seats.hire("ben")
        since_start(ann, ben)
        for _ in range(rounds):
            seats.lab.host(2).unplug()
            began = time.monotonic()
            yield ann.until_misses(ben, within=60) - began
            seats.lab.host(2).plug()
            meet(ann, ben)


# -- firewalls


def _closed(*closed: int) -> Callable[[int], Iterator[float]]:
    """Three in a team, of whom these let nobody in and start anew."""

    def measure(rounds: int) -> Iterator[float]:
        with office(3) as seats:
            people = teamed(seats, "ann", "ben", "cleo")
            for host in closed:
                seats.lab.host(host).shut()
            for _ in range(rounds):
                late = [people[host - 1] for host in closed]
                stop(*late)
                yield since_start(*late, others=[one for one in people if one not in late])

    return measure


# -- a VPN without multicast


def _vpn(seats: Office, folder: str) -> None:
    Vpn(seats.lab, Path(folder))


def _joined(rounds: int) -> Iterator[float]:
    with office(HUB) as seats, tempfile.TemporaryDirectory() as folder:
        _vpn(seats, folder)
        for number in range(rounds):
            people = [seats.hire(f"p{host}-{number}", host) for host in range(1, HUB + 1)]
            start_together(*people)
            moment = team(*people)
            yield max(0.0, meet(*people) - moment)
            stop(*people)


def _late_vpn(rounds: int) -> Iterator[float]:
    with office(3) as seats, tempfile.TemporaryDirectory() as folder:
        _vpn(seats, folder)
        people = teamed(seats, "ann", "ben", "cleo")
        for _ in range(rounds):
            stop(people[1])
            seats.lab.host(2).switch("wg0", on=False)
            start_together(people[1])
            began = time.monotonic()
            seats.lab.host(2).switch("wg0", on=True)
            yield meet(*people) - began


def _vpn_again(rounds: int) -> Iterator[float]:
    with office(3) as seats, tempfile.TemporaryDirectory() as folder:
        _vpn(seats, folder)
        people = teamed(seats, "ann", "ben", "cleo")
        ann, ben, _ = people
        for _ in range(rounds):
            seats.lab.host(2).switch("wg0", on=False)
            ann.until_misses(ben, within=60)
            began = time.monotonic()
            seats.lab.host(2).switch("wg0", on=True)
            yield meet(*people) - began


def _again(rounds: int) -> Iterator[float]:
    with office(HUB) as seats, tempfile.TemporaryDirectory() as folder:
        _vpn(seats, folder)
        first, *others = teamed(seats, *(f"p{host}" for host in range(1, HUB + 1)))
        stop(first)
        for _ in range(rounds):
            stop(*others)
            yield since_start(*others)


ROWS = (
    Row("LAN of two: from the start until both see each other", _lan, 0.5, share=0.95),
    Row("LAN of two, one lets nobody in", _firewalled, 1.0),
    Row("LAN of two, avahi-daemon at both", _beside_avahi, 1.0),
    Row("LAN of two that swallows packets above 1,300 bytes: 20 kB", _mtu_hole, 6.0),
    Row("LAN of two, a fifth of all packets lost at both", _loss, 2.0, share=0.95, most=6.0),
    Row("back after 20 s asleep", _frozen(20), 3.0),
    Row("back after 60 s asleep", _frozen(60), 3.0),
    Row("cable back in after 15 s", _cable, 5.0),
    Row("another address", _new_address, 2.0),
    Row("interface made anew, same address: a message passes", _made_anew, 3.0),
    Row("interface made anew: who starts then is seen (mDNS)", _seen_on_what_was_made_anew, 3.0),
    Row("a crash is seen", _crash, 1.0),
    Row("one who vanishes is missed", _vanish, 30.0),
    Row("one lets nobody in, of three who start anew", _closed(2), 3.0),
    Row("two let nobody in: through the third", _closed(1, 2), 5.0),
    Row("VPN comes up after the start", _late_vpn, 2.0),
    Row("VPN down and up with the same address", _vpn_again, 3.0),
    Row(f"VPN hub of {HUB}: the last one has joined by a link", _joined, 2.0),
    Row(f"VPN hub of {HUB}: all start again without the first", _again, 2.0),
)


def main() -> int:
    """Run the rows."""
    parser = _common.parser(__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW")
    options = parser.parse_args()
    if (reason := missing() or wireguard.missing() or avahi.missing()) is not None:
        print(f"not measured: {reason}")
        return 0
    print(_common.machine(), flush=True)
    for row in ROWS:
        if not options.rows or row.name.startswith(tuple(options.rows)):
            print(row.run(options.short), flush=True)
    count = FEW if options.short else MANY
    if not options.rows or f"{count} on a LAN".startswith(tuple(options.rows)):
        for line in crowd(count, *((2.0, 3.0) if options.short else (30.0, 60.0))):
            print(line, flush=True)
    count = FEW_VIRTUAL if options.short else MANY_VIRTUAL
    if not options.rows or f"{count} virtual".startswith(tuple(options.rows)):
        for line in virtual_crowd(count):
            print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
