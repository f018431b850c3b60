"""The log of a team: what it says, and that no change of what is stored escapes it."""

from __future__ import annotations

import pytest

from p2pim.node import audit
from p2pim.protocol.control import Genesis, Grant, Policy, Role, RoomType, encode
from p2pim.protocol.controlset import ControlSet, Verdict
from p2pim.protocol.identity import PeerId
from p2pim.protocol.message import FUTURE_MS, Message, seal
from tests.council import START, Council

NONE, MEMBER, ADMIN = Role.NONE, Role.MEMBER, Role.ADMIN
NAMES = {"O": "Olga", "A": "Anna", "B": "Ben", "C": "Cleo", "D": "Dora", "E": "Emil"}
DAY = 24 * 3600 * 1000


def told(c: Council, control: ControlSet | None = None, now_ms: int = START + DAY) -> list[tuple[bool, str]]:
    """What the log says, and whether each line counts."""
    names: dict[PeerId, str] = {c.id(letter): NAMES[letter] for letter in c.people}
    lines = audit.lines(c.held() if control is None else control, now_ms, names.__getitem__)
    assert [line.author_name for line in lines] == [names[line.author] for line in lines]
    return [(line.counts, line.sentence) for line in lines]


def test_the_life_of_a_team() -> None:
    c = Council()
    c.grant("O", "A", 1, ADMIN)
    once = c.invite("A", label="Cleo C.", expiry=START + 7 * DAY)
    c.admit("O", "C", once)
    many = c.invite("A", uses=5, approval=True, expiry=START + DAY)
    admitted = c.admit("A", "D", many)
    c.grant("A", "C", 1, MEMBER, name="Cleo")
    c.revoke("O", many[0], [admitted], c.messages[-1])
    c.grant("A", "D", 1, NONE)
    c.grant("A", "E", 1, MEMBER, name="Emil E.")
    c.grant("E", "E", 2, NONE)
    c.policy("A", 1, {"retention_days": 30, "relay": False, "kinds": ["pdf", "txt"]})
    c.policy("A", 2, {"name": "Red", "archived": True})
    c.policy("A", 3, {"archived": False})
    c.policy("A", 4, {})
    c.merge("O")
    c.grant("O", "A", 2, MEMBER)
    assert told(c) == [
        (True, "Olga founded the team team"),
        (True, "Olga made Anna an admin"),
        (True, "Anna made an invite for Cleo C. (good once, for 7 days)"),
        (True, "Cleo came in by an invite of Anna for Cleo C., through Olga"),
        (True, "Anna made an invite (good 5 times, for 24 hours, with approval)"),
        (True, "Dora came in by an invite of Anna"),
        (True, "Anna certified that Cleo is called Cleo"),
        (True, "Olga revoked an invite of Anna"),
        (True, "Anna removed Dora and changed the secret"),
        (True, "Anna made Emil a member, certified as Emil E."),
        (True, "Emil left"),
        (True, "Anna set kinds to pdf, txt, set relay to off, set retention_days to 30"),
        (True, "Anna archived it, renamed it to Red"),
        (True, "Anna took it out of the archive"),
        (True, "Anna set no rule"),
        (True, "Olga brought together what several had done at the same time"),
        (True, "Olga made Anna a member who is no admin any more"),
    ]


def test_what_does_not_count_says_why() -> None:
    c = Council()
    a = c.grant("O", "A", 1, ADMIN)
    c.grant("O", "B", 1, ADMIN, a)
    c.grant("A", "C", 1, ADMIN)
    c.grant("A", "B", 2, NONE, a, c.messages[-2])
    c.admit("O", "D", c.invite("A", expiry=START))
    twice = c.invite("O", uses=2)
    first = c.admit("O", "D", twice)
    c.admit("A", "D", twice, twice[0], clock=first.header.clock + 1)
    c.now += 1
    demoted = c.grant("O", "A", 2, MEMBER, first, c.messages[-1])
    c.policy("A", 1, {"relay": True}, demoted)
    c.grant("A", "E", 1, MEMBER, demoted)
    c.grant("O", "E", 1, NONE, demoted, clock=c.now + 1)
    c.grant("O", "E", 1, MEMBER, demoted, clock=c.now + 2)
    assert [sentence for counts, sentence in told(c) if not counts] == [
        "void: Anna (who is not the owner) made Cleo an admin",
        "void: Anna (who is not the owner) removed Ben and changed the secret",
        "void: Dora (the invite was not good any more) came in by an invite of Anna, through Olga",
        "void: Dora (was let in already) came in by an invite of Olga, through Anna",
        "void: Anna (no admin then) set relay to on",
        "void: Anna (no admin then) made Emil a member",
        "void: Olga (overruled by another decision at the same time) made Emil a member",
    ]


def test_what_is_not_due_or_not_understood_is_told_as_such() -> None:
    c = Council()
    content = b"\x91\x01"
    newer = seal(c.owner, c.team, parents=[c.genesis.id], clock=START + 5, kind=200, content=content)
    c.messages.append(newer)
    c.now = newer.header.clock
    c.revoke("O", newer, [])
    c.write("O", Policy(1, {"relay": True}), clock=START + DAY + FUTURE_MS + 1)
    assert told(c)[1:] == [
        (True, "Olga did something that only a newer version understands (kind 200)"),
        (True, "Olga revoked an invite that is not here"),
        (False, "not yet: Olga (by a clock that was far ahead) set relay to on"),
    ]


def test_long_values_are_cut() -> None:
    c = Council()
    c.policy("O", 1, {"motd": "x" * 500})
    assert told(c)[1] == (True, f"Olga set motd to {'x' * 80}")


def test_rooms_of_a_team_have_logs_of_their_own() -> None:
    c = Council()
    c.grant("O", "A", 1, ADMIN)
    for kind, called in ((RoomType.CHANNEL, "channel"), (RoomType.GROUP, "private group")):
        body = Genesis(bytes(16), kind, "news", c.team)
        genesis = seal(c.people["A"], bytes(32), parents=[], clock=START + 9, kind=128, content=encode(body))
        control = ControlSet(genesis.id, c.held())
        assert control.add(genesis) is Verdict.ENTERS
        assert told(c, control) == [(True, f"Anna founded the {called} news")]


def test_without_its_first_message_there_is_nothing_to_tell() -> None:
    c = Council()
    assert told(c, ControlSet(c.team)) == []


# -- checking


Row = tuple[bytes, bytes, bytes, bytes]


def row(message: Message) -> Row:
    assert message.content is not None
    return message.id, message.raw_header, message.signature, message.content


def history() -> Council:
    c = Council()
    c.grant("O", "A", 1, ADMIN)
    c.admit("O", "C", c.invite("A", uses=3))
    c.policy("A", 1, {"relay": False})
    c.grant("A", "C", 1, NONE)
    return c


def check(c: Council, rows: list[Row]) -> list[audit.Fault]:
    return audit.check(ControlSet(c.team), rows)


def test_what_was_not_touched_passes_in_any_order() -> None:
    c = history()
    rows = [row(m) for m in c.messages]
    control = ControlSet(c.team)
    assert audit.check(control, reversed(rows)) == []
    assert len(control) == len(rows)
    assert audit.fingerprint(control) == audit.fingerprint(c.held())
    assert len(audit.fingerprint(control)) == 32


@pytest.mark.parametrize("column", range(4))
def test_every_edit_of_every_row_is_found(column: int) -> None:
    c = history()
    for number, message in enumerate(c.messages):
        for place in (0, 1, -2, -1):
            rows = [row(m) for m in c.messages]
            value = bytearray(rows[number][column])
            value[place] ^= 0x40
            edited = list(rows[number])
            edited[column] = bytes(value)
            rows[number] = (edited[0], edited[1], edited[2], edited[3])
            faults = check(c, rows)
            blamed = bytes(value) if column == 0 else message.id
            assert any(fault.id == blamed and fault.why.startswith("was changed") for fault in faults)


def test_what_was_taken_away_shows_in_what_follows_it() -> None:
    c = history()
    for number, message in enumerate(c.messages[:-1]):
        rows = [row(m) for m in c.messages if m is not message]
        faults = check(c, rows)
        assert audit.Fault(c.messages[number + 1].id, "follows a message that is not here") in faults
        assert (number == 0) is faults[0].why.startswith("is missing")


def test_the_newest_can_go_unnoticed_and_shows_only_in_the_fingerprint() -> None:
    c = history()
    control = ControlSet(c.team)
    assert audit.check(control, [row(m) for m in c.messages[:-1]]) == []
    assert audit.fingerprint(control) != audit.fingerprint(c.held())


def test_what_somebody_signed_but_had_no_right_to_add_is_named() -> None:
    c = history()
    by_nobody = c.write("E", Policy(2, {"relay": True}))
    elsewhere = Council("OABCDE", seed=2).write("O", Grant(c.id("A"), 1, ADMIN))
    faults = check(c, [row(m) for m in [*c.messages, elsewhere]])
    assert {fault.id for fault in faults} == {by_nobody.id, elsewhere.id}
    assert {fault.why for fault in faults} == {"is none that may be in this log"}
    twice = check(c, [row(m) for m in [*c.messages[:-1], c.messages[0]]])
    assert [fault.why for fault in twice] == ["is here twice"]
