from __future__ import annotations

import dataclasses

import pytest

from p2pim.protocol.events import Closed, Ready, Reason, RecordReceived
from p2pim.protocol.network import OPEN
from p2pim.protocol.records import Hello, State


@pytest.mark.parametrize(
    "event",
    [
        Ready(b"p" * 32, b"b" * 8, OPEN, Hello([], 0, "", "")),
        RecordReceived(State(0, "")),
        Closed(Reason.DEAD, 6, False),
    ],
)
def test_events_are_values(event: Ready | RecordReceived | Closed) -> None:
    assert dataclasses.replace(event) == event
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(event, dataclasses.fields(event)[0].name, None)


def test_a_reason_reads_as_text() -> None:
    assert f"{Reason.TIMEOUT}" == "too slow"
    assert all(reason == str(reason) for reason in Reason)
