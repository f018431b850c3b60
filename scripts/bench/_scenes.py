"""What the benches of networks are played on: real daemons on hosts that are network namespaces."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.daemons import Daemon, start_together
from tests.netlab.lab import Lab
from tests.netlab.office import Office, meet

TEAM = "Blue"


@contextlib.contextmanager
def office(hosts: int) -> Iterator[Office]:
    """Hosts on a switch, and people to come."""
    with tempfile.TemporaryDirectory(prefix="p2b-") as folder, Lab(hosts) as lab:
        homes = Path(folder, "homes")
        homes.mkdir()
        env = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        with Office(lab, homes, env) as seats:
            yield seats


def since_start(*people: Daemon, others: Sequence[Daemon] = ()) -> float:
    """Start them; seconds from when the last one listened until all see all, ``others`` too, who run."""
    start_together(*people)
    return max(0.0, meet(*people, *others) - max(one.serving_at for one in people))


def teamed(seats: Office, *names: str) -> list[Daemon]:
    """New people in one team, who see each other."""
    people = [seats.hire(name) for name in names]
    start_together(*people)
    team(*people)
    meet(*people)
    return people


def team(*people: Daemon) -> float:
    """A team of running daemons, by the link of the first one's invite; the moment when the last one was in."""
    founder, *others = people
    founder.client.call("team.create", name=TEAM)
    link = founder.client.invite(TEAM, uses=len(people))["link"]
    moment = time.monotonic()
    for one in others:
        one.client.join(link)
        moment = one.until(lambda one=one: any(t["mine"] for t in one.client.teams()), "it is in")  # type: ignore[misc]
    return moment


def stop(*people: Daemon) -> None:
    """End those who run."""
    for one in people:
        if one.runs:
            one.stop()


def line(what: str, value: float, limit: float) -> str:
    """A line of the table for a figure that is measured once."""
    verdict = "holds" if value <= limit else "FAILS"
    return f"{what:<64}{'':>7}{value:>7.2f}    {'':<20} <= {limit:<13g} {verdict}"
