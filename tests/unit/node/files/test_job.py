from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from p2pim.node.files import job as module
from p2pim.node.files.job import Job
from p2pim.node.files.landing import Landing
from p2pim.node.files.offering import Offered, look_through
from p2pim.node.files.ports import Outcome
from p2pim.protocol.offer import CHUNK, ManifestEntry, Offer, encode_manifest, make_offer
from tests.wire import Dice

ANN, BEN = b"a" * 32, b"b" * 32
NAME = "0123456789abcdef"


def offer_of(found: Offered) -> Offer:
    count = len(found.entries) if found.is_folder else 0
    return make_offer(found.name, found.size, found.listing, count, wall_ms=0, random=Dice("job"))


def job_of(
    offer: Offer,
    folder: Path,
    listing: bytes | None = None,
    forbidden: Callable[[str], str] = lambda name: "",
) -> Job:
    landing = Landing(folder)
    return Job(offer, ANN, BEN, landing, landing.new_folder(NAME), listing=listing, forbidden=forbidden)


def run(job: Job, feed: Callable[[], None] = lambda: None) -> Job:
    thread = threading.Thread(target=job.run)
    thread.start()
    while thread.is_alive() and not (job.ready or job.is_over):
        thread.join(0.001)
    feed()
    thread.join(10)
    assert not thread.is_alive()
    return job


def feed(job: Job, data: bytes) -> Callable[[], None]:
    def go() -> None:
        while (chunk := job.sharing.next_from(None)) is not None:
            job.write(chunk, [memoryview(data[chunk * CHUNK : (chunk + 1) * CHUNK])])

    return go


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.bin"
    path.write_bytes(os.urandom(3 * CHUNK + 5))
    return path


def test_chunks_become_a_file(source: Path, tmp_path: Path) -> None:
    found = look_through(source)
    job = job_of(offer_of(found), tmp_path / "in", found.listing)
    run(job, feed(job, source.read_bytes()))
    assert (job.outcome, job.path) == (Outcome.DONE, tmp_path / "in" / "source.bin")
    assert job.path is not None
    assert job.path.read_bytes() == source.read_bytes()
    assert job.bytes_here == 3 * CHUNK + 5
    assert job.placed() == [(job.path, 3 * CHUNK + 5, job.path.stat().st_mtime_ns)]
    job.write(0, [memoryview(b"late")])
    assert job.path.read_bytes() == source.read_bytes()


def test_what_was_written_before_is_here_and_what_is_wrong_is_not(source: Path, tmp_path: Path) -> None:
    found, data = look_through(source), source.read_bytes()
    first = job_of(offer_of(found), tmp_path / "in", found.listing)

    def some() -> None:
        for chunk in (2, 0):
            first.write(chunk, [memoryview(data[chunk * CHUNK : (chunk + 1) * CHUNK])])
        first.end(Outcome.STOPPED)

    run(first, some)
    partial = tmp_path / "in" / ".p2pim-partial" / NAME / "data"
    with partial.open("r+b") as file:
        file.write(b"somebody has changed it")
    second = job_of(offer_of(found), tmp_path / "in", found.listing)
    asked: list[int] = []

    def look() -> None:
        while (chunk := second.sharing.next_from(None)) is not None:
            asked.append(chunk)
        second.end(Outcome.STOPPED)

    run(second, look)
    assert asked == [0, 1, 3]
    assert second.bytes_here == CHUNK
    third = job_of(offer_of(found), tmp_path / "in", found.listing)
    run(third, feed(third, data))
    assert third.path is not None
    assert third.path.read_bytes() == data


def test_a_listing_that_is_another_is_refused(source: Path, tmp_path: Path) -> None:
    found = look_through(source)
    job = job_of(offer_of(found), tmp_path / "in")
    assert not job.listed(found.listing[:-1] + b"x")
    assert not job.listed(found.listing + b"x")
    assert not job.is_right(0, found.listing[:32])
    assert job.listed(found.listing)
    assert job.is_right(1, found.listing[32:64])
    assert not job.is_right(1, found.listing[:32])


def test_an_end_before_it_began(source: Path, tmp_path: Path) -> None:
    job = job_of(offer_of(look_through(source)), tmp_path / "in")
    job.end(Outcome.STOPPED)
    job.end(Outcome.FULL, "the first word counts")
    assert (run(job).outcome, job.detail) == (Outcome.STOPPED, "")


def test_a_full_disk_keeps_what_has_come(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = look_through(source)
    job = job_of(offer_of(found), tmp_path / "in", found.listing)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("p2pim.node.files.tree.Partial.write", full)
    run(job, feed(job, source.read_bytes()))
    assert (job.outcome, job.detail) == (Outcome.FULL, "The disk is full.")

    def broken(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("p2pim.node.files.tree.Partial.write", broken)
    job = job_of(offer_of(found), tmp_path / "in", found.listing)
    run(job, feed(job, source.read_bytes()))
    assert (job.outcome, job.detail) == (Outcome.BROKEN, "It cannot be written: Input/output error.")


def folder_offer(entries: list[ManifestEntry], data: bytes) -> tuple[Offer, bytes]:
    from blake3 import blake3  # noqa: PLC0415

    listing = blake3(data).digest() + encode_manifest(entries)
    return make_offer("f", len(data), listing, len(entries), wall_ms=0, random=Dice("f")), listing


def test_a_manifest_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    offer, listing = folder_offer([ManifestEntry("../x", 4)], b"evil")
    job = run(job_of(offer, tmp_path / "in", listing))
    assert job.outcome is Outcome.BROKEN
    assert "leads elsewhere" in job.detail
    assert not (tmp_path / "x").exists()


def test_names_in_a_folder_are_made_safe_and_kept_apart(tmp_path: Path) -> None:
    entries = [ManifestEntry("CON", 1), ManifestEntry("a", 1), ManifestEntry("A", 1), ManifestEntry("a/b", 1)]
    offer, listing = folder_offer([*entries, ManifestEntry("hollow", None)], b"1234")
    job = job_of(offer, tmp_path / "in", listing)
    run(job, feed(job, b"1234"))
    assert job.path is not None
    found = {str(p.relative_to(job.path)): p.read_bytes() for p in job.path.rglob("*") if p.is_file()}
    assert found == {"_CON": b"1", "a": b"2", "A (1)": b"3", "a (2)/b": b"4"}


def test_a_rule_against_a_file_in_it(tmp_path: Path) -> None:
    offer, listing = folder_offer([ManifestEntry("a.exe", 2)], b"MZ")
    job = run(job_of(offer, tmp_path / "in", listing, forbidden=lambda name: "no" if "exe" in name else ""))
    assert (job.outcome, job.detail) == (Outcome.FORBIDDEN, "a.exe in it: no")


def test_an_empty_file_whose_root_is_not_that_of_one(tmp_path: Path) -> None:
    offer = Offer(bytes(16), 0, "x", 0, b"r" * 32)
    assert run(job_of(offer, tmp_path / "in")).outcome is Outcome.BROKEN


def test_a_fault_of_ours_ends_it_and_is_logged(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = look_through(source)
    monkeypatch.setattr(module, "hash_of", lambda *_: 1 / 0)
    job = job_of(offer_of(found), tmp_path / "in", found.listing)
    data = tmp_path / "in" / ".p2pim-partial" / NAME / "data"
    data.write_bytes(source.read_bytes())
    data.chmod(0o600)
    assert run(job).detail == "Something failed here: the log tells what."


def test_many_files_are_brought_to_the_disk_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    monkeypatch.setattr("os.sync", lambda: called.append("sync"))
    entries = [ManifestEntry(f"{n}", 0) for n in range(65)]
    offer = make_offer("f", 0, encode_manifest(entries), 65, wall_ms=0, random=Dice("f"))
    assert run(job_of(offer, tmp_path / "in", encode_manifest(entries))).outcome is Outcome.DONE
    assert called == ["sync"]
