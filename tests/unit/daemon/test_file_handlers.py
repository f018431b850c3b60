from __future__ import annotations

from pathlib import Path

import pytest

from p2pim.daemon.file_handlers import FileHandlers
from p2pim.errors import BadInput
from tests.fake_transfers import offered
from tests.fakes import FakeNode


def an_offer(node: FakeNode) -> str:
    return node.receive("ben", "plan.pdf", file=offered("plan.pdf", 5)).id.hex()


async def test_a_file_is_sent(tmp_path: Path) -> None:
    node = FakeNode()
    path = tmp_path / "a.txt"
    path.write_bytes(b"12345")
    message = await FileHandlers(node).file_send("#lobby", str(path))
    assert message["file"] is not None
    assert (message["file"]["name"], message["file"]["size"], message["file"]["state"]) == (
        "a.txt",
        5,
        "sent",
    )
    with pytest.raises(BadInput, match="must be absolute"):
        await FileHandlers(node).file_send("#lobby", "a.txt")


def test_what_is_done_with_an_offer(tmp_path: Path) -> None:
    node = FakeNode()
    offer = an_offer(node)
    methods = FileHandlers(node).methods
    for act, state in (
        ("accept", "wanted"),
        ("pause", "paused"),
        ("resume", "wanted"),
        ("cancel", "cancelled"),
        ("decline", "declined"),
    ):
        assert methods[f"file.{act}"](message=offer)["file"]["state"] == state
    methods["file.accept"](message=offer, folder=str(tmp_path))
    assert node.transfers.folders == [None, None, tmp_path]
    with pytest.raises(BadInput, match="must be absolute"):
        methods["file.accept"](message=offer, folder="here")
