"""The two threads between the window and the daemon, and one program a profile."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from p2pim.api.client import is_listening
from p2pim.api.jsonrpc import NotRunning
from p2pim.config import Paths
from p2pim.desktop.app import App
from p2pim.desktop.bridge import Bridge
from p2pim.desktop.dialogs import UnlockWindow
from p2pim.desktop.single import Single
from p2pim.errors import P2pimError, UnknownTarget
from tests.daemons import LOOPBACK, Daemon
from tests.served import Served, served


@pytest.fixture
def bridge(profile: Served, qtbot: QtBot) -> Iterator[Bridge]:
    made = Bridge(profile.paths, start=lambda paths: None)
    yield made
    made.stop()


def gone(paths: Paths) -> None:
    """Wait until no daemon serves a profile: it closes its socket when it has ended, and tells nobody."""
    deadline = time.monotonic() + 20
    while is_listening(paths):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_snapshot_then_events(bridge: Bridge, profile: Served, qtbot: QtBot) -> None:
    with qtbot.waitSignal(bridge.connected) as connected:
        bridge.start()
    assert connected.args is not None
    assert {peer["name"] for peer in connected.args[0]["peers"]} >= {"ben", "dee"}
    with qtbot.waitSignal(bridge.happened) as happened:
        profile.do(lambda: profile.node.receive("ben", "hi"))
    assert happened.args is not None
    assert happened.args[0]["message"]["text"] == "hi"


def test_answers_and_errors_come_to_who_asked(bridge: Bridge, qtbot: QtBot) -> None:
    bridge.start()
    results: list[Any] = []
    errors: list[P2pimError] = []
    bridge.call("identity.get", results.append, errors.append)
    bridge.call("rooms.get", results.append, errors.append, room="nobody at all")
    bridge.call("rooms.get", None, None, room="nobody at all")  # nobody wants to know
    bridge.call("status", results.append, errors.append)
    qtbot.waitUntil(lambda: len(results) == 2)
    assert [result["nickname"] for result in results] == ["ann", "ann"]
    assert [type(error) for error in errors] == [UnknownTarget]


def test_a_daemon_that_comes_late_is_waited_for(short_tmp: Path, qtbot: QtBot) -> None:
    started: list[Paths] = []

    def start(paths: Paths) -> None:
        started.append(paths)
        raise NotRunning("It could not start.")

    paths = Paths(short_tmp)
    bridge = Bridge(paths, start=lambda p: started.append(p) if len(started) else start(p))
    with qtbot.waitSignal(bridge.lost) as lost:
        bridge.start()
    assert lost.args == ["It could not start."]
    errors: list[P2pimError] = []
    bridge.call("status", None, errors.append)
    qtbot.waitUntil(lambda: len(errors) == 1)
    with served(short_tmp), qtbot.waitSignal(bridge.connected):
        pass
    bridge.stop()
    assert started[0] is paths


def test_a_daemon_that_is_restarted_is_found_again(profile: Served, bridge: Bridge, qtbot: QtBot) -> None:
    with qtbot.waitSignal(bridge.connected):
        bridge.start()
    results: list[Any] = []
    errors: list[P2pimError] = []
    bridge.call("status", results.append)
    qtbot.waitUntil(lambda: len(results) == 1)
    with qtbot.waitSignal(bridge.lost):
        profile.loop.call_soon_threadsafe(profile.stopping.set)
    bridge.call("status", results.append, errors.append)
    qtbot.waitUntil(lambda: len(errors) == 1)
    home = profile.paths.home
    assert home is not None
    with served(home):
        with qtbot.waitSignal(bridge.connected):
            pass
        bridge.call("status", results.append, errors.append)
        qtbot.waitUntil(lambda: len(results) == 2)


def test_a_second_start_shows_the_first(short_tmp: Path, qtbot: QtBot) -> None:
    paths = Paths(short_tmp)
    paths.runtime.mkdir(mode=0o700)
    first, second = Single(paths), Single(paths)
    assert first.is_first()
    with qtbot.waitSignal(first.asked):
        assert not second.is_first()
    first.close()
    assert second.is_first()
    second.close()


def test_what_a_killed_one_left_is_no_hindrance(short_tmp: Path, qtbot: QtBot) -> None:
    paths = Paths(short_tmp)
    paths.runtime.mkdir(mode=0o700)
    (paths.runtime / "desktop.sock").touch()
    single = Single(paths)
    assert single.is_first()
    single.close()


def test_a_locked_identity_is_opened_with_its_passphrase(short_tmp: Path, qtbot: QtBot) -> None:
    daemon = Daemon(short_tmp / "a", settings=LOOPBACK)
    with daemon:
        daemon.start()
        daemon.client.call("identity.passphrase", old=None, new="open sesame")
        daemon.stop()
        app = App(daemon.paths, Bridge(daemon.paths))
        app.settings.setValue("greeted", True)
        with qtbot.waitSignal(app.bridge.locked, timeout=20_000):
            app.start()
        window = app._dialogs["unlock"]
        assert isinstance(window, UnlockWindow)
        window.line.setText("wrong")
        QTest.keyClick(window.line, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: "passphrase" in window.state.text(), timeout=20_000)
        assert window.line.text() == ""
        window.line.setText("open sesame")
        QTest.keyClick(window.line, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: app.desk.is_reachable, timeout=20_000)
        qtbot.waitUntil(lambda: "unlock" not in app._dialogs)
        app.quit()
        gone(daemon.paths)


def test_a_daemon_that_was_started_from_here_ends_with_it_if_so_wanted(short_tmp: Path, qtbot: QtBot) -> None:
    paths = Paths(short_tmp)
    paths.prepare()
    paths.config_file.write_text(LOOPBACK, encoding="utf-8")
    for wanted in (False, True):
        bridge = Bridge(paths)
        with qtbot.waitSignal(bridge.connected, timeout=20_000):
            bridge.start()
        bridge.is_ours = True
        bridge.stop(daemon=wanted)
        if not wanted:
            assert is_listening(paths)
    gone(paths)
