"""The lab itself: what it claims about its network must be true, or the tests in it prove nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.netlab import talker
from tests.netlab.lab import Host, Lab, LabError

BuildLab = Callable[[int], Lab]
TALKER = [sys.executable, talker.__file__]
BURST = 200  # datagrams that a socket's buffer holds for certain
ROOT = Path(__file__).resolve().parents[2]


def start(host: Host, what: str) -> subprocess.Popen[str]:
    process = host.popen([*TALKER, what])
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def answers(host: Host, address: str, count: int = 1) -> int:
    done = host.run([*TALKER, "ask", address, str(count)])
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def namespaces() -> str:
    return subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout


def test_every_host_reaches_every_other(build_lab: BuildLab) -> None:
    lab = build_lab(3)
    for host in lab.hosts:
        start(host, "echo")
    assert [answers(one, other.address) for one in lab.hosts for other in lab.hosts] == [1] * 9


def test_there_is_no_way_out(build_lab: BuildLab) -> None:
    done = build_lab(1).host(1).run([*TALKER, "ask", "192.0.2.1", "1"])
    assert "Network is unreachable" in done.stderr


def test_multicast_reaches_all_others(build_lab: BuildLab) -> None:
    lab = build_lab(3)
    heard = [start(lab.host(number), "hear").stdout for number in (2, 3)]
    lab.host(1).run([*TALKER, "shout", "good morning"])
    assert [stdout and stdout.readline() for stdout in heard] == ["10.77.1.1 good morning\n"] * 2


def test_loss_is_random_and_as_large_as_said(build_lab: BuildLab) -> None:
    lab = build_lab(2)
    start(lab.host(2), "echo")
    lab.host(2).lose(20)
    assert 125 < answers(lab.host(1), lab.host(2).address, BURST) < 190  # 160 expected, standard deviation 6
    lab.host(2).lose(0)
    assert answers(lab.host(1), lab.host(2).address, BURST) == BURST


@pytest.mark.parametrize(("cut", "mend"), [("unplug", "plug"), ("down", "up")])
def test_a_cut_link_carries_nothing_until_it_is_mended(build_lab: BuildLab, cut: str, mend: str) -> None:
    lab = build_lab(2)
    start(lab.host(2), "echo")
    getattr(lab.host(2), cut)()
    assert answers(lab.host(1), lab.host(2).address) == 0
    getattr(lab.host(2), mend)()
    assert answers(lab.host(1), lab.host(2).address) == 1


def test_multicast_works_again_after_down_and_up(build_lab: BuildLab) -> None:
    lab = build_lab(2)
    lab.host(1).down()
    lab.host(1).up()
    heard = start(lab.host(2), "hear").stdout
    lab.host(1).run([*TALKER, "shout", "back"])
    assert heard is not None
    assert heard.readline() == "10.77.1.1 back\n"


def test_a_new_address_replaces_the_old_one(build_lab: BuildLab) -> None:
    lab = build_lab(2)
    start(lab.host(2), "echo")
    lab.host(2).readdress(50)
    assert lab.host(2).address == "10.77.1.50"
    assert answers(lab.host(1), "10.77.1.50") == 1
    assert answers(lab.host(1), "10.77.1.2") == 0


def test_a_capture_holds_each_packet_once(build_lab: BuildLab, tmp_path: Path) -> None:
    lab = build_lab(2)
    heard = start(lab.host(2), "hear").stdout
    with lab.capture(tmp_path / "lan.pcap"):
        lab.host(1).run([*TALKER, "shout", "planted-text"])
        assert heard is not None
        assert heard.readline()
    lab.host(1).run([*TALKER, "shout", "said-later"])
    assert heard.readline()
    captured = (tmp_path / "lan.pcap").read_bytes()
    assert captured.count(b"planted-text") == 1
    assert b"said-later" not in captured


def test_a_capture_that_cannot_start_is_an_error(build_lab: BuildLab, tmp_path: Path) -> None:
    lab = build_lab(1)
    with pytest.raises(LabError, match="tcpdump"), lab.capture(tmp_path / "lan.pcap", "no such filter"):
        pass


def test_nothing_remains_after_a_failed_test(build_lab: BuildLab) -> None:
    build_lab(1)  # only to be skipped where labs cannot be built
    lab = Lab(1)
    started = []

    def failing_test() -> None:
        with lab:
            started.append(start(lab.host(1), "echo"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        failing_test()
    assert lab.name not in namespaces()
    assert [process.returncode for process in started] == [-9]


def test_a_lab_whose_process_was_killed_is_cleared_away(build_lab: BuildLab) -> None:
    build_lab(1)
    abandon = (
        "import os; from tests.netlab.lab import Lab; lab = Lab(1); lab.__enter__(); os.kill(os.getpid(), 9)"
    )
    with subprocess.Popen([sys.executable, "-c", abandon], cwd=ROOT) as killed:
        killed.wait()
    assert f"p2lab-{killed.pid}-" in namespaces()
    build_lab(1)
    assert f"p2lab-{killed.pid}-" not in namespaces()
