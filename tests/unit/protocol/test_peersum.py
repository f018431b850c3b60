from __future__ import annotations

from p2pim.protocol.identity import digest
from p2pim.protocol.peersum import SUM_LENGTH, sum_of

ANNA, BEN = b"a" * 32, b"b" * 32


def test_the_sum_is_over_subjects_and_seqs_whatever_their_order() -> None:
    rows = ANNA + (7).to_bytes(8, "big") + BEN + (1).to_bytes(8, "big")
    assert sum_of([(BEN, 1), (ANNA, 7)]) == digest("peers", rows)[:SUM_LENGTH]
    assert sum_of([]) == digest("peers", b"")[:SUM_LENGTH]
    assert sum_of([(ANNA, 7)]) != sum_of([(ANNA, 8)])
