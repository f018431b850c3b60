"""What the benches of networks are played on: real daemons on hosts that are network namespaces."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
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


def since_start(*people: Daemon) -> float:
    """Start them; seconds from when the last one listened until all see all."""
    start_together(*people)
    return max(0.0, meet(*people) - max(one.serving_at for one in people))


def since_start_of(late: Daemon, *others: Daemon) -> float:
    """Start one; seconds from when it listened until it and all others, who run, see each other."""
    start_together(late)
    return max(0.0, meet(late, *others) - late.serving_at)


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
