from __future__ import annotations

import pytest

from p2pim.api.team_schema import MemberState, RoomState
from p2pim.node.events import Completeness, MemberCompleteness
from tests.fakes import identity
from tests.served import Served
from tests.unit.cli.conftest import P2pim


def member(
    name: str, state: str, lacks: int | None = 0, offers: int = 0, seen: int | None = 1
) -> MemberCompleteness:
    return MemberCompleteness(identity(name).peer_id, name, state, lacks, offers, seen)  # type: ignore[arg-type]


class Known:
    """Answers with what a test says."""

    def __init__(
        self, state: str, missing: int, members: list[MemberCompleteness], full: bool = False
    ) -> None:
        self.answer = state, missing, full, tuple(members)

    def of(self, room: bytes, /) -> Completeness:
        return Completeness(room, *self.answer)  # type: ignore[arg-type]


ALL = [
    member("ben", "complete"),
    member("cy", "behind", 12),
    member("dan", "behind", 1),
    member("eve", "comparing", None),
    member("fay", "away", 1),
    member("gus", "away", None, seen=None),
    member("hal", "cut off", 2),
]


@pytest.mark.parametrize(
    ("known", "sentence"),
    [
        (Known("complete", 0, ALL[:2]), "complete, compared with ben, cy."),
        (
            Known("missing", 3, [member("ben", "complete", offers=3)]),
            "3 messages known to be missing here, to be had from ben.",
        ),
        (
            Known("missing", 1, [member("ben", "complete")]),
            "1 message known to be missing here, and nobody who is connected has them.",
        ),
        (
            Known(
                "missing", 1, [ALL[1], member("gus", "away", offers=1), member("hal", "cut off", offers=1)]
            ),
            "1 message known to be missing here, and nobody who is connected has them; seen with gus, hal.",
        ),
        (
            Known("missing", 2, [member("ben", "behind", 1, offers=1), member("gus", "away", offers=2)]),
            "2 messages known to be missing here, to be had from ben.",
        ),
        (
            Known("unfinished", 0, [ALL[0], ALL[6]]),
            "not known: hal left before all was compared, and may have more.",
        ),
        (Known("comparing", 0, ALL), "still being compared with eve."),
        (
            Known("alone", 0, ALL[4:6]),
            "nobody else is connected, so nobody can tell whether there is more.",
        ),
    ],
)
def test_the_room_in_one_sentence(p2pim: P2pim, profile: Served, known: Known, sentence: str) -> None:
    profile.do(lambda: profile.node.teams.create("Blue"))
    profile.node.completeness = known  # type: ignore[assignment]
    assert p2pim("room", "state", "#Blue").out.splitlines()[0] == f"#Blue: {sentence}"


def test_each_member_on_a_line(p2pim: P2pim, profile: Served) -> None:
    profile.do(lambda: profile.node.teams.create("Blue"))
    profile.node.completeness = Known("complete", 0, ALL, full=True)  # type: ignore[assignment]
    lines = p2pim("room", "state", "#Blue").out.splitlines()
    assert lines[1].startswith("The disk is full")
    assert [line.split(None, 1) for line in lines[2:]] == [
        ["ben", "complete"],
        ["cy", "12 messages behind"],
        ["dan", "1 message behind"],
        ["eve", "comparing"],
        ["fay", "away since 1970-01-01 00:00; 1 message of yours not known to be there"],
        ["gus", "never met"],
        [
            "hal",
            "away since 1970-01-01 00:00, before all was compared; 2 messages of yours not known to be there",
        ],
    ]
    shown: RoomState = p2pim("room", "state", "#Blue", "--json").json
    assert (shown["state"], shown["missing"], shown["full"]) == ("complete", 0, True)
    first: MemberState = shown["members"][0]
    assert (first["name"], first["state"], first["lacks"], first["offers"]) == ("ben", "complete", 0, 0)


def test_a_room_that_is_not_here(p2pim: P2pim, profile: Served) -> None:
    assert p2pim("room", "state", "nowhere").code == 3
