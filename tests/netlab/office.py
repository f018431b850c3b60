"""Real daemons on the hosts of a lab: colleagues who have plugged in a cable and started p2pim, no more."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from tests.daemons import ClockedDaemon, Daemon, befriend
from tests.netlab.lab import Host, Lab

D = TypeVar("D", bound=Daemon)

#: Makes the planted name the host's, and the planted files the host's own, for one program only: the lab gives each
#: program a mount namespace of its own.
_DISGUISE = """
hostname "$1" && mount --bind "$2" /etc/passwd && mount --bind "$3" /etc/resolv.conf && shift 3 && exec "$@"
"""


class Office:
    """A lab with people in it; all their daemons end with it."""

    def __init__(self, lab: Lab, folder: Path, env: Mapping[str, str]) -> None:
        self.lab = lab
        self._folder, self._env = folder, {**env, "HOME": str(folder)}
        self._ends = contextlib.ExitStack()

    def __enter__(self) -> Office:
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()

    def hire(
        self, name: str, host: int | None = None, wrap: tuple[str, ...] = (), settings: str = ""
    ) -> Daemon:
        """Somebody with a new profile, at a host (the next one); nothing is configured and nothing runs yet."""
        return self._seat(Daemon, name, host, wrap=wrap, settings=settings)

    def hire_with_clock(self, name: str) -> ClockedDaemon:
        """The same, at the next host, with a clock that can be set."""
        return self._seat(ClockedDaemon, name, None)

    def _seat(self, kind: type[D], name: str, host: int | None, **how: Any) -> D:
        number = len(list(self._folder.iterdir())) + 1 if host is None else host
        spawn = self.lab.host(number).popen
        daemon = kind(self._folder / name, spawn=spawn, env=self._env, **how)
        self._ends.push(daemon)
        return daemon

    def friends(self, *names: str) -> list[Daemon]:
        """Colleagues, a host each, who run and have accepted each other."""
        people = [self.hire(name) for name in names]
        for daemon in people:
            daemon.launch()
        for daemon in people:
            daemon.ready()
        for number, daemon in enumerate(people):
            for other in people[:number]:
                befriend(other, daemon)
        return people


def disguise(folder: Path, user: str, hostname: str, resolver: Host) -> tuple[str, ...]:
    """What to put before a program so that user, host and DNS server are what is planted here."""
    passwd, resolv = folder / "passwd", folder / "resolv.conf"
    passwd.write_text(f"{user}:x:0:0:{user}:/home/{user}:/bin/sh\n", encoding="utf-8")
    resolv.write_text(f"nameserver {resolver.address}\noptions timeout:1 attempts:1\n", encoding="utf-8")
    names = ["env", f"USER={user}", f"LOGNAME={user}", f"HOSTNAME={hostname}"]
    return ("unshare", "--uts", "sh", "-c", _DISGUISE, "sh", hostname, str(passwd), str(resolv), *names)


def agree(room_by_daemon: Mapping[Daemon, str]) -> list[str]:
    """All hold the same of a room, in the same order, each message once; its texts."""
    first, *others = [daemon.said(room) for daemon, room in room_by_daemon.items()]
    assert all(other == first for other in others)
    assert len({message_id for message_id, _ in first}) == len(first)
    return [text for _, text in first]


def meet(*people: Daemon) -> float:
    """Wait until all show all others as reachable, at all of them at the same time; the moment."""
    assert all(one.peer_id for one in people), "asked for now, not by all at once"

    def sees(one: Daemon) -> float:
        return one.until_sees(*(other for other in people if other is not one))

    with ThreadPoolExecutor(len(people)) as pool:
        return max(pool.map(sees, people))


def talk(one: Daemon, other: Daemon) -> None:
    """A message each way, and the same held by both."""
    before = len(one.texts(other.peer_id))
    one.say(other.peer_id, "there")
    other.until_holds(one.peer_id, before + 1)
    other.say(one.peer_id, "and back")
    one.until_holds(other.peer_id, before + 2)
    agree_on_dm(one, other)


def agree_on_dm(one: Daemon, other: Daemon) -> list[str]:
    """The same of a conversation of two."""
    return agree({one: other.peer_id, other: one.peer_id})
