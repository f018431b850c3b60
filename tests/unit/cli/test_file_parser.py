from __future__ import annotations

import pytest

from p2pim.cli.parser import parse


def test_what_the_commands_take() -> None:
    sent = parse(["send-file", "ben", "a.txt"])
    assert (sent.act, sent.room, sent.path) == ("files:send_file", "ben", "a.txt")
    got = parse(["get", "a.txt", "--from", "ben", "--to", "here"])
    assert (got.name, got.author, got.to) == ("a.txt", "ben", "here")
    shown = parse(["files", "plan", "--in", "#team", "-n", "3"])
    assert (shown.words, shown.room, shown.count) == (["plan"], "#team", 3)
    assert parse(["file"]).act == "files:files"
    for act in ("accept", "decline", "pause", "resume", "cancel"):
        assert parse(["file", act, "abcdef"]).act == f"files:{act}"
    assert parse(["file", "accept", "abcdef", "--wait"]).wait


def test_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["get", "a.txt"], ["send-file", "ben"], ["file", "accept"]):
        with pytest.raises(SystemExit):
            parse(words)
    assert "--from" in capsys.readouterr().err
