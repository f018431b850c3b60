from __future__ import annotations

import pytest

from p2pim.protocol.states import LIMITS, NEXT, ConnectionState


@pytest.mark.parametrize("start", [ConnectionState.PREAMBLE, ConnectionState.MESSAGE_2])
def test_every_way_leads_to_ready_without_a_loop(start: ConnectionState) -> None:
    state, passed = start, [start]
    while state in NEXT:
        state = NEXT[state]
        assert state not in passed
        passed.append(state)
    assert state is ConnectionState.READY


def test_every_state_but_the_last_has_its_limits() -> None:
    assert set(LIMITS) == set(ConnectionState) - {ConnectionState.CLOSED}
    assert set(NEXT) == set(LIMITS) - {ConnectionState.READY}


def test_before_the_handshake_ends_a_frame_is_small_and_time_is_short() -> None:
    for state, limits in LIMITS.items():
        if state is not ConnectionState.READY:
            assert limits.most <= 4_096 + 16
            assert limits.patience is None or limits.patience <= 5
