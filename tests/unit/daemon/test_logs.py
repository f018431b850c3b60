from __future__ import annotations

import asyncio
import gc
import logging
import stat
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from p2pim.daemon import logs
from p2pim.errors import ProfileError
from p2pim.protocol.identity import encode_peer_id
from tests.fakes import identity

SECRET = "the merger is on friday"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "p2pim.log"


@pytest.fixture
def log(file: Path) -> Iterator[Any]:
    """A function that ends the logging and gives what was logged."""
    stop = logs.start_logging(file, "info")
    stopped: list[None] = []

    def read() -> str:
        if not stopped:
            stopped.append(None)
            stop()
        return file.read_text(encoding="utf-8")

    yield read
    read()


def fail(value: str) -> None:
    raise ValueError(f"cannot digest {value}")


def test_a_line_has_time_level_and_origin(log: Any) -> None:
    logging.getLogger("p2pim.node").info("link up with %s", "abc")
    logging.getLogger("p2pim.node").debug("not this")
    (line,) = log().splitlines()
    assert line.split(" ", 1)[1] == "info    p2pim.node link up with abc"


def test_the_file_is_private(log: Any, file: Path) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_ids_codes_and_controls_are_cut(log: Any) -> None:
    peer = encode_peer_id(identity("ben").peer_id)
    logging.getLogger("x").info("%s %s %s %s", peer, "ab" * 32, "K7QM-2XPA-94TR-6WHC", "a\nb\x1b[2J")
    text = log()
    assert peer[6:14] in text
    assert peer[6:16] not in text
    assert "abababab…" in text
    assert "ab" * 6 not in text
    assert "K7QM" not in text
    assert text.count("\n") == 1
    assert "\x1b" not in text


def test_an_exception_is_its_type_and_place_never_its_text(log: Any) -> None:
    try:
        fail(SECRET)
    except ValueError:
        logging.getLogger("x").exception("something failed")
    text = log()
    assert "ValueError at test_logs.py:" in text
    assert " fail" in text
    assert "merger" not in text


def test_causes_are_named_and_numbers_of_the_system() -> None:
    try:
        try:
            raise OSError(28, SECRET)
        except OSError as error:
            raise RuntimeError(SECRET) from error
    except RuntimeError as error:
        text = logs.frames_of(error)
    assert text.startswith("RuntimeError from OSError at ")
    assert logs.frames_of(OSError(28, SECRET)) == "OSError errno 28 at unknown"


def test_uncaught_errors_are_logged_likewise(log: Any) -> None:
    thread = threading.Thread(target=fail, args=[SECRET])
    thread.start()
    thread.join()

    class Bad:
        def __del__(self) -> None:
            fail(SECRET)

    Bad()
    gc.collect()
    try:
        fail(SECRET)
    except ValueError:
        sys.excepthook(*sys.exc_info())
    text = log()
    assert text.count("uncaught ValueError") == 3
    assert "merger" not in text


def test_faults_of_the_loop_are_logged_likewise(log: Any) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(logs.log_loop_fault)
        loop.call_soon(fail, SECRET)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        loop.call_exception_handler({"message": "odd"})

    asyncio.run(main())
    text = log()
    assert "ValueError at" in text
    assert "odd: no exception" in text
    assert "merger" not in text


def test_everything_is_as_before_afterwards(file: Path) -> None:
    before = sys.excepthook, threading.excepthook, sys.unraisablehook, list(logging.getLogger().handlers)
    logs.start_logging(file, "debug")()
    after = sys.excepthook, threading.excepthook, sys.unraisablehook, list(logging.getLogger().handlers)
    assert after == before


def test_it_rotates(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "LARGEST_FILE", 1000)
    stop = logs.start_logging(file, "info")
    for _ in range(100):
        logging.getLogger("x").info("y" * 100)
    stop()
    files = sorted(path.name for path in file.parent.iterdir())
    assert files == ["p2pim.log", "p2pim.log.1", "p2pim.log.2", "p2pim.log.3"]
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in file.parent.iterdir())


def test_a_full_disk_ends_nothing(file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file.symlink_to("/dev/full")
    stop = logs.start_logging(Path("/dev/full"), "info")
    logging.getLogger("x").info("y")
    stop()
    assert capfd.readouterr() == ("", "")


def test_no_log_no_start(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="Cannot write"):
        logs.start_logging(tmp_path / "no" / "p2pim.log", "info")
