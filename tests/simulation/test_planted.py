"""The simulator is worth its time: bugs planted in the product are each caught within the seeds of CI."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from p2pim.node import author
from p2pim.node.session import Session, SetId
from p2pim.node.sync import Sync
from p2pim.protocol.message import Message, MessageId
from p2pim.protocol.records import Ack
from p2pim.store.followers import Followers
from p2pim.store.messages import Messages, Stored
from tests.simulation.office import play
from tests.simulation.test_office import SEEDS
from tests.simulation.world import Broken

Plant = Callable[[pytest.MonkeyPatch], None]


def ack_before_commit(patch: pytest.MonkeyPatch) -> None:
    """Answer as soon as a message was looked at."""

    def ack(self: Sync, session: Session, place: SetId, message_id: MessageId, code: int) -> None:
        session.link.send(Ack(place.room, place.set, [message_id], code))
        session.link.flush()

    patch.setattr(Sync, "ack", ack)


def gap_forgotten_with_its_link(patch: pytest.MonkeyPatch) -> None:
    """What was asked on a Link that died counts as asked for ever."""
    patch.setattr(Sync, "_release", lambda self, session: set())


def no_dedupe(patch: pytest.MonkeyPatch) -> None:
    """Take every message for a new one."""
    add, held = Messages.add, Messages.held

    def add_again(self: Messages, message: Message, **how: Any) -> Stored:
        return add(self, message, **how) or self.get([message.id])[0]

    def held_never(self: Messages, ids: Sequence[MessageId]) -> set[MessageId]:
        return set() if len(ids) == 1 else held(self, ids)

    patch.setattr(Messages, "add", add_again)
    patch.setattr(Messages, "held", held_never)


def clock_not_raised(patch: pytest.MonkeyPatch) -> None:
    """Stamp a message with the time of day alone."""
    patch.setattr(author, "next_clock", lambda now_ms, highest: now_ms)


def reason_never_found(patch: pytest.MonkeyPatch) -> None:
    """A delete that comes later does not explain why content was missing."""
    patch.setattr(Followers, "explained", lambda self, delete: [])


def nothing_erased(patch: pytest.MonkeyPatch) -> None:
    """What is deleted is hidden, but stays on the disk."""
    patch.setattr(Followers, "_erase", lambda self, delete: None)


@pytest.mark.timeout(300)  # some take dozens of stories to be caught
@pytest.mark.parametrize(
    ("plant", "invariant"),
    [
        (ack_before_commit, "I2"),
        (gap_forgotten_with_its_link, "I1"),
        (no_dedupe, "I3"),
        (clock_not_raised, "I4"),
        (reason_never_found, "I1"),
        (nothing_erased, "I2"),
    ],
)
def test_a_planted_bug_is_caught(plant: Plant, invariant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    found = next(((seed, broken) for seed in range(SEEDS) if (broken := first_fault(seed))), None)
    print(f"{plant.__name__}: {found}")
    assert found is not None, f"unnoticed in {SEEDS} seeds"
    assert invariant in found[1]


def first_fault(seed: int) -> str | None:
    try:
        play(seed)
    except Broken as broken:
        return str(broken)
    return None
