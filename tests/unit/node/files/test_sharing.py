from __future__ import annotations

import random

from p2pim.node.files.sharing import Bitmap, Sharing
from p2pim.protocol.offer import CHUNK

ANN, BEN, CID = (name * 32 for name in (b"a", b"b", b"c"))


def drained(sharing: Sharing, source: Bitmap | None) -> list[int]:
    found = []
    while (chunk := sharing.next_from(source)) is not None:
        found.append(chunk)
    return found


def sharing_of(chunks: int, me: bytes = BEN, *, in_order: bool = True) -> Sharing:
    sharing = Sharing(chunks * CHUNK, me, in_order=in_order)
    sharing.start()
    return sharing


def bitmap(chunks: int, *have: int) -> Bitmap:
    made = Bitmap(chunks)
    for chunk in have:
        made.add(chunk)
    return made


def test_a_bitmap_counts_each_chunk_once() -> None:
    made = bitmap(10, 0, 9)
    assert bytes(made.bits) == b"\x80\x40"
    assert not made.add(9)
    assert (made.count, made.is_full, 9 in made, 8 in made) == (2, False, True, False)
    assert made.merge(8, b"\xff\xff") == [8], "9 was there, and there is no 10"
    assert made.merge(0, b"\x80") == []
    assert made.merge(64, b"\xff") == []


def test_alone_everything_comes_from_the_author_in_order() -> None:
    sharing = sharing_of(5)
    assert drained(sharing, None) == [0, 1, 2, 3, 4]
    sharing.failed([3, 1])
    assert sorted(drained(sharing, None)) == [1, 3]


def test_what_is_here_is_not_asked_for() -> None:
    sharing = Sharing(3 * CHUNK, BEN)
    sharing.have.add(1)
    sharing.start()
    assert drained(sharing, None) == [0, 2]
    sharing.failed([1])
    assert drained(sharing, None) == []


def test_in_any_order_all_the_same() -> None:
    random.seed(1)
    found = drained(sharing_of(50, in_order=False), None)
    assert sorted(found) == list(range(50))
    assert found != sorted(found)


def test_each_of_three_takes_its_own_share_from_the_author() -> None:
    taken = []
    for me in (ANN, BEN, CID):
        sharing = sharing_of(9, me)
        sharing.among([ANN, BEN, CID])
        taken.append(drained(sharing, None))
    assert taken == [[0, 3, 6], [1, 4, 7], [2, 5, 8]]


def test_what_others_have_is_left_to_them_until_nothing_comes() -> None:
    sharing = sharing_of(4, ANN)
    sharing.among([BEN])
    source = Bitmap(4)
    sharing.told(source, 0, b"\xe0")
    assert drained(sharing, None) == [], "0 and 2 are ours to ask for, but Ben has them"
    assert sharing.next_from(source) in (0, 1, 2)
    sharing.stalled()
    sharing.among([BEN])
    assert len(drained(sharing, None)) == 3
    sharing.failed([0, 1, 2])
    sharing.among([BEN, CID])
    assert drained(sharing, None) == [], "it is others now: the shares are others, too"
    sharing.lost(source)
    assert drained(sharing, None) == [0], "Ben is gone"


def test_two_who_have_the_same_are_counted_apart() -> None:
    sharing = sharing_of(2, ANN)
    sharing.among([BEN, CID])
    one, two = Bitmap(2), Bitmap(2)
    sharing.told(one, 0, b"\x80")
    sharing.told(two, 0, b"\x80")
    sharing.lost(one)
    assert drained(sharing, None) == []
    sharing.lost(two)
    assert drained(sharing, None) == [0]


def test_complete() -> None:
    sharing = sharing_of(2)
    for chunk in drained(sharing, None):
        assert not sharing.is_complete
        sharing.arrived(chunk)
    assert sharing.is_complete
    assert sharing_of(0).is_complete
