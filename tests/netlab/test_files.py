"""Files on a switch of one's own: whole whatever is killed meanwhile, almost nothing twice, shared by who fetches.

The sizes are small, for every run; P2PIM_FILE_BYTES and P2PIM_FILE_KILLS make the same ordeal longer.
"""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from p2pim.api import file_schema
from tests.daemons import Daemon, start_together
from tests.netlab.conftest import BuildOffice
from tests.netlab.lab import Host
from tests.netlab.test_team import ROOM, found
from tests.plugin import Figure

BYTES = int(os.environ.get("P2PIM_FILE_BYTES") or 120_000_000)
KILLS = int(os.environ.get("P2PIM_FILE_KILLS") or 4)
#: What may come twice in all: what was under way at each kill.
TWICE = 16 << 20
#: So slow that every kill finds it under way, however fast the machine is.
RATE = max(20_000_000, BYTES // 40)
PATIENCE = 60.0 + 4 * BYTES / RATE


def planted(path: Path, size: int) -> str:
    """A file of so many bytes of which no two chunks are alike; its hash."""
    digest = hashlib.sha256()
    with path.open("wb") as file:
        while size:
            block = os.urandom(min(size, 1 << 20))
            file.write(block)
            digest.update(block)
            size -= len(block)
    return digest.hexdigest()


def hash_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def file_at(daemon: Daemon, message: str) -> file_schema.File:
    """An offer as somebody sees it."""
    files = {each["id"]: each["file"] for each in daemon.client.search("", files=True)["messages"]}
    found_file = files.get(message)
    assert found_file is not None
    return found_file


def until_offered(daemon: Daemon, message: str) -> None:
    def is_there() -> bool:
        return any(each["id"] == message for each in daemon.client.search("", files=True)["messages"])

    daemon.until(is_there, "the offer is there")


def until_done(daemon: Daemon, message: str) -> Path:
    daemon.until(lambda: file_at(daemon, message)["state"] == "done", "the file is there", PATIENCE)
    return Path(file_at(daemon, message)["path"])


def delivered(daemon: Daemon, message: str) -> None:
    """Wait for the event that tells so."""
    for event in daemon.client.events(timeout=10):
        changed = event["message"] if event["type"] == "message.changed" else None
        if changed is not None and (changed["id"], changed["state"]) == (message, "delivered"):
            return
    raise AssertionError("not delivered")


def received(host: Host) -> int:
    return int(host.run(["cat", "/sys/class/net/eth0/statistics/rx_bytes"]).stdout)


def sent(host: Host) -> int:
    return int(host.run(["cat", "/sys/class/net/eth0/statistics/tx_bytes"]).stdout)


@pytest.mark.timeout(120 + 2 * PATIENCE)
def test_a_file_survives_kills_another_address_and_a_source_that_leaves(
    build_office: BuildOffice, short_tmp: Path, figure: Figure
) -> None:
    office = build_office(3)
    ann, cid = office.hire("ann"), office.hire("cid")
    ben = office.hire("ben", host=3, settings=f"download_rate = {RATE}\n")
    start_together(ann, cid, ben)
    found(ann, cid, ben, closed=False)
    source = short_tmp / "image.iso"
    digest = planted(source, BYTES)
    offer = ann.client.send_file(ROOM, str(source))["id"]
    before = received(office.lab.host(2))
    until_offered(cid, offer)
    cid.client.file("accept", offer)
    assert hash_of(until_done(cid, offer)) == digest
    clean = received(office.lab.host(2)) - before
    until_offered(ben, offer)
    before = received(office.lab.host(3))
    ben.client.file("accept", offer)
    for number in range(KILLS):
        goal = BYTES * (number + 1) // (KILLS + 2)
        ben.until(lambda goal=goal: file_at(ben, offer)["done"] >= goal, f"{goal} bytes", PATIENCE)  # type: ignore[misc]
        victim = ben if number % 2 == 0 else ann
        victim.kill()
        victim.start()
        if number == KILLS // 2:
            office.lab.host(3).readdress(33)
        if number == KILLS - 1:
            cid.stop()
    assert hash_of(until_done(ben, offer)) == digest
    twice = received(office.lab.host(3)) - before - clean
    figure("a file through kills", f"{BYTES:,} bytes, {KILLS} kills: {twice / 1e6:.1f} MB more than without")
    assert twice <= TWICE
    assert not list(Path(ben.paths.downloads()).glob(".p2pim-partial/*"))


@pytest.mark.timeout(180)
def test_five_who_fetch_one_file_take_it_from_each_other(
    build_office: BuildOffice, short_tmp: Path, figure: Figure
) -> None:
    office = build_office(6)
    ann = office.hire("ann", settings="upload_rate = 40000000\n")
    others = [office.hire(name) for name in ("ben", "cid", "dora", "eve", "finn")]
    start_together(ann, *others)
    found(ann, *others, closed=False)
    source = short_tmp / "image.iso"
    size = 60_000_000
    digest = planted(source, size)
    before = sent(office.lab.host(1))
    offer = ann.client.send_file(ROOM, str(source))["id"]
    for other in others:
        until_offered(other, offer)
    began = time.monotonic()
    for other in others:
        other.client.file("accept", offer)
    for other in others:
        assert hash_of(until_done(other, offer)) == digest
    served = sent(office.lab.host(1)) - before
    figure(
        "five fetch one file",
        f"{served / size:.2f} of its size by the author, {time.monotonic() - began:.1f} s",
    )
    assert served <= 2 * size


@pytest.mark.timeout(120)
def test_chat_does_not_wait_for_a_file(build_office: BuildOffice, short_tmp: Path, figure: Figure) -> None:
    office = build_office(2)
    ann, ben = office.friends("ann", "ben")
    source = short_tmp / "image.iso"
    planted(source, 400_000_000)
    offer = ann.client.send_file(ben.peer_id, str(source))["id"]
    until_offered(ben, offer)
    ben.client.file("accept", offer)
    taken: list[float] = []
    while file_at(ben, offer)["state"] != "done":
        for number in range(20):
            began = time.monotonic()
            (message,) = ann.say(ben.peer_id, f"are you there? {len(taken)}.{number}")
            delivered(ann, message["id"])
            taken.append(time.monotonic() - began)
    taken.sort()
    p50, p99 = (taken[int(len(taken) * share)] * 1000 for share in (0.5, 0.99))
    figure("chat while a file passes", f"{len(taken)} messages: p50 {p50:.1f} ms, p99 {p99:.1f} ms")
    assert len(taken) > 20, "the file was too fast to say anything"
    assert p99 <= 50.0
