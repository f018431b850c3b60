from __future__ import annotations

import pytest

from p2pim.errors import DecodeError
from p2pim.protocol import bulk
from p2pim.protocol.offer import CHUNK, MAX_CHUNKS, PAGE

ROOT = bytes(range(32))


def test_round_trips() -> None:
    assert bulk.decode(bulk.ask(bulk.FLIST, 1, ROOT, 2)) == bulk.Ask(bulk.FLIST, 1, ROOT, 2)
    assert bulk.decode(bulk.ask(bulk.FGET, 2**32 - 1, ROOT, MAX_CHUNKS - 1)).which == MAX_CHUNKS - 1  # type: ignore[union-attr]
    assert bulk.decode(bulk.hashes(3, b"page")) == bulk.Hashes(3, b"page")
    assert bulk.decode(bulk.hashes(3, b"")) == bulk.Hashes(3, b"")
    assert bulk.decode(bulk.refused(4, bulk.CHANGED)) == bulk.Refused(4, bulk.CHANGED)
    assert bulk.decode(bulk.have(ROOT, 16, b"\x80")) == bulk.Have(ROOT, 16, b"\x80")
    assert bulk.decode(bulk.opening(bulk.SERVES)) == bulk.Open(bulk.SERVES)
    data = bulk.decode(bulk.data_head(5, 7) + b"bytes")
    assert isinstance(data, bulk.Data)
    assert (data.number, data.offset, bytes(data.piece)) == (5, 7, b"bytes")


def test_a_chunk_takes_seventeen_pieces() -> None:
    assert bulk.PIECES == 17
    assert bulk.PIECE * 16 < CHUNK <= bulk.PIECE * 17


@pytest.mark.parametrize(
    "plaintext",
    [
        b"",
        b"\x00",
        b"\x80",
        bulk.ask(bulk.FGET, 1, ROOT, 0)[:-1],
        bulk.ask(bulk.FGET, 1, ROOT, MAX_CHUNKS),
        bulk.ask(bulk.FLIST, 1, ROOT, 0) + b"x",
        bulk.hashes(1, bytes(PAGE + 1)),
        bulk.data_head(1, 0),
        bulk.data_head(1, 0) + bytes(bulk.PIECE + 1),
        bulk.data_head(1, CHUNK) + b"x",
        bulk.refused(1, 1) + b"x",
        bulk.have(ROOT, 0, b""),
        bulk.have(ROOT, 4, b"\xff"),
        bulk.have(ROOT, 0, bytes(bulk.HAVE_CHUNKS // 8 + 1)),
        b"\x46",
        b"\x46\x03",
    ],
)
def test_what_breaks_a_rule(plaintext: bytes) -> None:
    with pytest.raises(DecodeError):
        bulk.decode(plaintext)
