"""``send-file``, ``files``, ``file`` and ``get``."""

from __future__ import annotations

import io
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from p2pim.api import exits
from p2pim.cli.files import Bar, how_far, readable
from p2pim.node.events import FileReport, MessageView
from tests.fake_transfers import offered
from tests.fakes import identity
from tests.served import Served
from tests.unit.cli.conftest import P2pim


def offer(profile: Served, name: str = "plan.pdf", size: int = 12_345, **more: Any) -> MessageView:
    room = profile.node.resolve("ben")
    return profile.do(lambda: profile.node.receive("ben", name, room, file=offered(name, size, **more)))


def test_sending(p2pim: P2pim, profile: Served, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"12345")
    assert p2pim("send-file", "ben", str(path)).out == "-- offered: a.txt (5 B)\n"
    assert p2pim("send-file", "ben", str(path), "--json").json["file"]["size"] == 5
    done = p2pim("send-file", "ben", str(tmp_path / "missing"))
    assert (done.code, "cannot be read" in done.err) == (exits.REFUSED, True)


def test_what_there_is(p2pim: P2pim, profile: Served) -> None:
    assert p2pim("files").out == "-- no files\n"
    view = offer(profile)
    offer(profile, "folder", 5_000_000, folder=True, entries=12, state="fetching", done=2_500_000)
    first, second = p2pim("files").out.splitlines()
    assert first.startswith(view.id.hex()[:8])
    assert (
        first.endswith("plan.pdf (12 kB)  offered".replace("  ", "                      "))
        or "plan.pdf (12 kB)" in first
    )
    assert "folder/ (12 files, 5.0 MB)" in second
    assert second.endswith("fetching, 50 %")
    assert p2pim("file").out == p2pim("files").out
    assert "plan.pdf" not in p2pim("files", "folder").out
    assert "plan.pdf" in p2pim("files", "--in", "ben", "-n", "5").out
    assert p2pim("files", "--in", "lobby").out == "-- no files\n"


def test_acts(p2pim: P2pim, profile: Served, tmp_path: Path) -> None:
    digits = offer(profile).id.hex()[:10]
    assert p2pim("file", "accept", digits).out == (
        "-- plan.pdf (12 kB): waits until somebody who has it is here\n"
    )
    p2pim("file", "accept", digits, "--to", str(tmp_path))
    assert profile.node.transfers.folders[-1] == tmp_path
    for act, said in (("pause", "paused, 0 %"), ("cancel", "cancelled"), ("decline", "declined")):
        assert p2pim("file", act, digits).out == f"-- plan.pdf (12 kB): {said}\n"
    assert p2pim("file", "resume", digits, "--json").json["file"]["state"] == "wanted"
    assert p2pim("file", "pause", "ffffff").code != 0


class Progress(threading.Thread):
    """The file comes once it is wanted."""

    def __init__(self, profile: Served, view: MessageView, last: dict[str, Any]) -> None:
        super().__init__()
        self._profile, self._id, self._last = profile, view.id, last
        self.wanted = threading.Event()
        profile.do(lambda: profile.node.subscribe(lambda _: self.wanted.set()))
        self.start()

    def run(self) -> None:
        assert self.wanted.wait(10)
        node = self._profile.node
        for changes in ({"state": "fetching", "done": 5_000}, self._last):
            self._profile.do(lambda changes=changes: self._change(node, changes))  # type: ignore[misc]

    def _change(self, node: Any, changes: dict[str, Any]) -> None:
        with node.store.transaction():
            node.transfers.change(self._id, **changes)


def test_waiting_until_it_is_here(p2pim: P2pim, profile: Served) -> None:
    view = offer(profile)
    progress = Progress(profile, view, {"state": "done", "done": 12_345, "path": "/in/plan.pdf"})
    done = p2pim("file", "accept", view.id.hex(), "--wait")
    progress.join()
    assert done.out == "-- plan.pdf (12 kB): here: /in/plan.pdf\n"


def test_get(p2pim: P2pim, profile: Served) -> None:
    view = offer(profile)
    progress = Progress(profile, view, {"state": "done", "done": 12_345, "path": "/in/plan.pdf"})
    lines = p2pim("get", "plan.pdf", "--from", "ben", "--json").out.splitlines()
    progress.join()
    assert '"type": "message.changed"' in lines[0]
    assert '"state": "done"' in lines[-1]
    done = p2pim("get", "plan", "--from", "ben")
    assert (done.code, done.err) == (
        exits.UNKNOWN_TARGET,
        "p2pim: ben has offered no plan: `p2pim files` shows what there is.\n",
    )


def test_a_wait_that_cannot_end_well_is_an_error(p2pim: P2pim, profile: Served) -> None:
    view = offer(profile)
    progress = Progress(profile, view, {"state": "failed", "detail": "The disk is full."})
    done = p2pim("file", "accept", view.id.hex(), "--wait")
    progress.join()
    assert done.code != 0
    assert done.err == "p2pim: plan.pdf is not here: The disk is full.\n"


def test_words() -> None:
    assert [readable(n) for n in (0, 999, 1000, 12_345, 999_600, 5 * 10**9, 10**16)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "12 kB",
        "1.0 MB",
        "5.0 GB",
        "10000 TB",
    ]
    from p2pim.daemon import views  # noqa: PLC0415

    report = FileReport(identity("ben").peer_id, "ben", "done", 5)
    assert how_far(views.file(offered("x", 1, state="sent", reports=(report,)))) == "ben: done"
    assert how_far(views.file(offered("x", 1, state="sent"))) == "sent"
    assert "send it again" in how_far(views.file(offered("x", 1, state="withdrawn")))


def test_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)
    bar = Bar(True)
    bar.show(0, 100)
    bar.show(50, 100)
    bar.show(0, 0)
    bar.end()
    quiet = Bar(False)
    quiet.show(1, 2)
    quiet.end()
    lines = shown.getvalue().split("\r")
    assert lines[2].startswith("[############            ] 50 B of 100 B")
    assert lines[3].startswith("[########################] 0 B of 0 B")
    assert shown.getvalue().endswith("\n")
