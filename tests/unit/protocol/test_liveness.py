from __future__ import annotations

from math import inf

import pytest

from p2pim.protocol import records as r
from p2pim.protocol.liveness import DEAD_AFTER, RECORD_PATIENCE, Liveness, Verdict
from tests.wire import exchange, ready_pair

OLD_AT = 1_000.0


@pytest.fixture
def liveness() -> Liveness:
    started = Liveness(15.0)
    started.start(100.0, OLD_AT)
    return started


def test_nothing_is_due_before_the_start_and_after_the_stop(liveness: Liveness) -> None:
    liveness.frame_begun(100.0)
    liveness.ask_urgently(b"echo", 100.0, 2.0)
    liveness.stop()
    for idle in (liveness, Liveness(15.0)):
        idle.heard(100.0)
        assert idle.deadline() == inf
        assert idle.verdict(1e9) is None


def test_a_silent_peer_is_asked_and_then_dead(liveness: Liveness) -> None:
    assert liveness.deadline() == 115.0
    assert liveness.verdict(114.9) is None
    assert liveness.verdict(115.0) is Verdict.ASK
    liveness.ask(b"echo", 115.0)
    assert liveness.deadline() == 115.0 + DEAD_AFTER
    assert liveness.verdict(124.9) is None
    assert liveness.verdict(125.0) is Verdict.DEAD


def test_anything_heard_answers_a_question(liveness: Liveness) -> None:
    liveness.ask(b"echo", 115.0)
    liveness.heard(124.0)
    assert liveness.deadline() == 139.0


def test_whoever_is_heard_is_not_asked(liveness: Liveness) -> None:
    liveness.heard(110.0)
    assert liveness.deadline() == 125.0


def test_an_urgent_question_wants_its_own_answer(liveness: Liveness) -> None:
    liveness.ask_urgently(b"echo", 100.0, 2.0)
    liveness.heard(101.0)
    liveness.answered(b"another")
    assert liveness.deadline() == 102.0
    liveness.answered(b"echo")
    assert liveness.deadline() == 116.0


def test_asking_again_gains_no_time(liveness: Liveness) -> None:
    liveness.ask_urgently(b"one", 100.0, 2.0)
    liveness.ask_urgently(b"two", 101.0, 2.0)
    assert liveness.verdict(102.0) is Verdict.DEAD


def test_an_urgent_question_shortens_a_patient_one(liveness: Liveness) -> None:
    liveness.ask(b"one", 115.0)
    liveness.ask_urgently(b"two", 116.0, 2.0)
    assert liveness.deadline() == 118.0


def test_a_frame_begun_must_end(liveness: Liveness) -> None:
    liveness.frame_begun(105.0)
    liveness.frame_begun(110.0)
    liveness.heard(130.0)
    assert liveness.verdict(105.0 + RECORD_PATIENCE) is Verdict.SLOW


def test_a_frame_that_ended_in_time_stops_the_count(liveness: Liveness) -> None:
    liveness.frame_begun(105.0)
    liveness.heard(130.0)
    liveness.frame_ended()
    assert liveness.verdict(136.0) is None


def test_age_counts_whatever_is_heard(liveness: Liveness) -> None:
    liveness.heard(OLD_AT - 1)
    assert liveness.deadline() == OLD_AT
    assert liveness.verdict(OLD_AT) is Verdict.OLD


def test_a_ping_is_answered_and_nobody_above_hears_of_it() -> None:
    a, b = ready_pair()
    a.connection.send(r.Ping(b"x" * 8_192))
    exchange(a, b)
    assert a.events == []
    assert b.events == []


def test_a_large_ping_that_came_back_shows_that_the_path_lets_it_pass() -> None:
    a, b = ready_pair()
    assert a.connection.large_passed
    a.connection.ping_large(1_448)
    a.connection.ping(0.0)
    assert not a.connection.large_passed
    exchange(a, b)
    assert a.connection.large_passed
    a.connection.close(r.SHUTDOWN)
    a.connection.ping_large(1_448)
    assert a.connection.large_passed
