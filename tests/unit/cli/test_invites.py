"""Invites and joins: what is printed, what is asked, and how long is waited."""

from __future__ import annotations

import io
import threading
from typing import Any

import pytest

from p2pim.cli import invites
from p2pim.node.events import JoinChanged
from tests.fakes import FakeNode
from tests.served import Served
from tests.unit.cli.conftest import Done, P2pim


@pytest.fixture
def blue(profile: Served) -> str:
    return profile.do(lambda: profile.node.teams.create("Blue")).hex()


def test_an_invite_is_printed_once_with_its_terms(p2pim: P2pim, profile: Served, blue: str) -> None:
    lines = p2pim("team", "invite").out.splitlines()
    (known,) = p2pim("team", "invites", "--json").json
    assert lines[0].startswith("Invite to Blue, good once, until 2")
    code = lines[2].strip()
    assert [len(group) for group in code.split("-")] == [4, 4, 4, 4]
    assert lines[6].strip().startswith(f"p2pim:join?c={code}&n=Blue&a=192.168.1.5:26747")
    assert "any member's p2pim must run" in lines[8]
    assert lines[9].endswith(f"`p2pim team revoke {known['id'][:8]}` ends it.")
    out = p2pim("team", "invite", "--uses", "3", "--days", "0.5", "--approval", "--label", "Cleo").out
    assert "Invite to Blue, good 3 times, until " in out
    assert "an admin's p2pim must run" in out


def test_an_invite_as_json_has_no_drawing(p2pim: P2pim, profile: Served, blue: str) -> None:
    made = p2pim("team", "invite", "Blue", "--uses", "2", "--json").json
    assert set(made) == {"code", "link", "id", "expiry_ms", "uses"}
    assert made["uses"] == 2


def test_the_link_is_drawn_on_a_terminal(
    p2pim: P2pim, profile: Served, blue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []

    def draw(output: object, text: str) -> bool:
        drawn.append(text)
        return True

    monkeypatch.setattr("p2pim.cli.qr.print_qr", draw)
    lines = p2pim("team", "invite").out.splitlines()
    assert drawn == [lines[6].strip()]
    assert lines[8] == ""


def test_terms_that_cannot_be(p2pim: P2pim, profile: Served, blue: str) -> None:
    for words in (["--days", "0"], ["--days", "1000"], ["--uses", "5000"]):
        done = p2pim("team", "invite", *words)
        assert done.code == 4
        assert done.err.startswith("p2pim: An invite ")


def test_the_list_of_invites(p2pim: P2pim, profile: Served, blue: str) -> None:
    assert p2pim("team", "invites").out == "Blue has no invites: p2pim team invite.\n"
    p2pim("team", "invite", "--label", "Cleo", "--approval")
    (known,) = p2pim("team", "invites", "--json").json
    rows = p2pim("team", "invites").out.splitlines()
    assert rows[0].split()[:4] == ["ID", "STATE", "USED", "GOOD"]
    assert rows[1].startswith(f"{known['id'][:8]}  open (approval)  0 of 1")
    assert rows[1].split()[-2:] == ["ann", "Cleo"]
    assert p2pim("team", "revoke", known["id"][:6]).out.startswith(f"Invite {known['id'][:6]} is revoked.")
    assert " revoked " in p2pim("team", "invites").out.splitlines()[1]
    assert p2pim("team", "revoke", "ffff").code == 3
    assert p2pim("team", "revoke", "nope").code == 4


# -- joining


@pytest.fixture
def code() -> str:
    other = FakeNode()
    return other.teams.invite(other.teams.create("Red"), addresses=[("10.1.2.3", 26747)])[1]


def joining(p2pim: P2pim, profile: Served, state: str, text: str, *words: str, stdin: str) -> Done:
    """Run `team join`, and have this become of it while it waits."""
    begun = threading.Event()
    original = profile.node.joining.begin

    def begin(invitation: str) -> Any:
        result = original(invitation)
        begun.set()
        return result

    profile.do(lambda: setattr(profile.node.joining, "begin", begin))
    done: list[Done] = []
    thread = threading.Thread(
        target=lambda: done.append(p2pim("team", "join", *words, "--wait", "20", stdin=stdin.encode()))
    )
    thread.start()
    assert begun.wait(10)
    (join,) = profile.do(profile.node.joining.under_way)
    team = profile.do(lambda: profile.node.teams.create("Red")) if state == "joined" else None
    profile.do(lambda: profile.node.emit(JoinChanged(b"another", "refused", "Not this one.")))
    profile.do(lambda: profile.node.emit(JoinChanged(join.secret, state, text, team)))
    thread.join(15)
    return done[0]


def test_a_code_from_a_pipe_leads_in(p2pim: P2pim, profile: Served, code: str) -> None:
    done = joining(p2pim, profile, "joined", "You are in Red now.", stdin=f"  {code}\n")
    assert done == (
        0,
        "Looking for a member of the team, also at 10.1.2.3:26747 ...\n"
        "You are in Red now.\n    p2pim chat '#Red'   opens its room\n",
        "",
    )
    assert profile.node.tried == [("10.1.2.3", 26747)]


def test_joined_as_json(p2pim: P2pim, profile: Served, code: str) -> None:
    done = joining(p2pim, profile, "joined", "You are in Red now.", "-", "--json", stdin=code)
    assert (done.code, done.json["name"]) == (0, "#Red")


@pytest.mark.parametrize(("state", "exit_code"), [("refused", 4), ("pending", 6)])
def test_what_they_answer_is_one_sentence(
    p2pim: P2pim, profile: Served, code: str, state: str, exit_code: int
) -> None:
    done = joining(p2pim, profile, state, "They say why.", stdin=code)
    assert (done.code, done.err) == (exit_code, "p2pim: They say why.\n")


def test_nobody_answers_and_it_goes_on(p2pim: P2pim, profile: Served, code: str) -> None:
    assert p2pim("team", "joins").out == "No join is under way.\n"
    done = p2pim("team", "join", code, "--wait", "0.01")
    assert (done.code, done.err) == (6, f"p2pim: {invites.NOBODY_YET}\n")
    (join,) = p2pim("team", "joins", "--json").json
    assert p2pim("team", "joins").out.splitlines()[1].startswith(join["join"][:8])
    assert p2pim("team", "give-up", join["join"][:8]).out == "That code is no longer tried.\n"
    assert p2pim("team", "give-up", join["join"][:8]).code == 3
    assert p2pim("team", "joins", "--json").json == []


def test_a_code_typed_wrong_is_refused_at_once(p2pim: P2pim, profile: Served) -> None:
    done = p2pim("team", "join", stdin=b"K7QM-2XPA-94TR-6WHA")
    assert done.code == 4
    assert "mistyped somewhere" in done.err
    assert "K7QM" not in done.err
    assert p2pim("team", "join", "K7QM", "2XPA").err.startswith("p2pim: An invite code has 16 letters")
    assert p2pim("team", "join", stdin=b" \n").code == 2


def test_at_a_terminal_it_asks(
    p2pim: P2pim, profile: Served, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    told = io.StringIO()
    monkeypatch.setattr(
        "p2pim.cli.invites.sys", type("sys", (), {"stdin": Terminal(f"{code}\nrest"), "stderr": told})
    )
    assert p2pim("team", "join", "--wait", "0.01").code == 6
    assert told.getvalue() == "Invite code or link: "
