"""Two who are never on together: a team-mate holds what one writes for the other, and cannot read it."""

from __future__ import annotations

import contextlib
import sqlite3
import time

import pytest

from p2pim.protocol.identity import decode_peer_id
from tests.daemons import Daemon, start_together
from tests.netlab.conftest import BuildOffice
from tests.netlab.test_team import found
from tests.plugin import Figure

TEXT = "planted: gingerbread at the door"
#: From the recipient's start to the message read, in seconds.
GOAL = 5.0


def held(daemon: Daemon) -> list[tuple[bytes, bytes, int]]:
    """(sender, recipient, size) of what a machine holds for others."""
    with contextlib.closing(sqlite3.connect(f"file:{daemon.paths.database}?mode=ro", uri=True)) as connection:
        return connection.execute(
            "SELECT sender, recipient, size FROM held_boxes WHERE box IS NOT NULL"
        ).fetchall()


def is_on_disk(daemon: Daemon, text: str) -> bool:
    """Whether any file of a profile has this text in it."""
    files = [path for path in daemon.paths.database.parent.rglob("*") if path.is_file()]
    assert files
    return any(text.encode() in path.read_bytes() for path in files)


@pytest.mark.timeout(150)
def test_a_message_reaches_who_was_away_from_its_author_who_is_off(
    build_office: BuildOffice, figure: Figure
) -> None:
    ann, ben, cleo = (office := build_office(3)).hire("ann"), office.hire("ben"), office.hire("cleo")
    start_together(ann, ben, cleo)
    found(ann, ben, cleo)
    ben.stop()
    ann.until_misses(ben)
    ann.say(ben.peer_id, TEXT)
    ann.until(lambda: ann.states(ben.peer_id) == {TEXT: "held"}, "somebody holds it", within=40)
    ann.stop()
    ((sender, recipient, size),) = held(cleo)
    assert (sender, recipient) == (decode_peer_id(ann.peer_id), decode_peer_id(ben.peer_id))
    assert size > len(TEXT)
    assert is_on_disk(ann, TEXT)
    assert not is_on_disk(cleo, TEXT)
    cleo.stop()  # what it holds, it holds on the disk
    cleo.start()
    began = time.monotonic()
    ben.start()
    took = ben.until_holds(ann.peer_id, 1) - began
    figure("from the start of who was away to the message a third one held", f"{took:.2f} s")
    assert ben.texts(ann.peer_id) == [TEXT]
    assert took <= GOAL
    ann.start()
    ann.until_delivered(ben.peer_id)
    assert held(cleo) == []
    assert ben.texts(ann.peer_id) == [TEXT]
