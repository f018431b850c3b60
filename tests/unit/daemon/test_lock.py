from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from p2pim.daemon.lock import ProfileLock
from p2pim.errors import AlreadyRunning, ProfileError

HOLD = """
import sys
from pathlib import Path
from p2pim.daemon.lock import ProfileLock
lock = ProfileLock(Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""


def holder(file: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_second_is_told_who_has_it(tmp_path: Path) -> None:
    process = holder(tmp_path / "lock")
    with process:
        with pytest.raises(AlreadyRunning, match=f"process {process.pid}.*p2pim stop"):
            ProfileLock(tmp_path / "lock").acquire(patience=0.0)
        process.kill()
    lock = ProfileLock(tmp_path / "lock")
    lock.acquire(patience=0.0)  # a killed process holds nothing
    lock.release()


def test_one_that_is_just_ending_is_waited_for(tmp_path: Path) -> None:
    with holder(tmp_path / "lock") as process:
        assert process.stdin is not None
        process.stdin.close()
        lock = ProfileLock(tmp_path / "lock")
        lock.acquire(patience=10.0)
        lock.release()


def test_it_can_be_taken_again(tmp_path: Path) -> None:
    first, second = ProfileLock(tmp_path / "lock"), ProfileLock(tmp_path / "lock")
    first.acquire()
    assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"
    with pytest.raises(AlreadyRunning):
        second.acquire(patience=0.0)
    first.release()
    first.release()
    second.acquire(patience=0.0)
    second.release()


def test_it_is_not_taken_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("precious")
    (tmp_path / "lock").symlink_to(tmp_path / "theirs")
    with pytest.raises(ProfileError, match="Cannot lock"):
        ProfileLock(tmp_path / "lock").acquire()
    assert (tmp_path / "theirs").read_text() == "precious"
