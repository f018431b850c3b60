"""PEERSUM: whether two ends of a Link hold the same peer records of others, without sending any (SPEC section 13.1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final

from msgspec import Meta, Struct

from p2pim.protocol.identity import PeerId, digest

SUM_LENGTH: Final = 8


class Peersum(Struct, frozen=True, array_like=True, gc=False):
    """0x33: a sum over the records held of those in a team with both ends, the two left out; ``ask``: and yours?"""

    sum: Annotated[bytes, Meta(min_length=SUM_LENGTH, max_length=SUM_LENGTH)]
    ask: bool


def sum_of(items: Iterable[tuple[PeerId, int]]) -> bytes:
    """The sum over subjects and the seqs of their records."""
    rows = sorted(peer + seq.to_bytes(8, "big") for peer, seq in items)
    return digest("peers", b"".join(rows))[:SUM_LENGTH]
