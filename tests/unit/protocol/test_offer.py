from __future__ import annotations

import msgspec
import pytest

from p2pim.errors import DecodeError
from p2pim.protocol import offer as o
from p2pim.protocol.identity import digest
from tests.wire import Dice

SALT = bytes(range(16))
ROOT = b"r" * 32


def test_chunks_and_pages() -> None:
    assert [o.chunks_of(size) for size in (0, 1, o.CHUNK, o.CHUNK + 1)] == [0, 1, 1, 2]
    assert [o.chunk_size(o.CHUNK + 5, chunk) for chunk in (0, 1)] == [o.CHUNK, 5]
    assert [o.pages_of(size) for size in (0, 1, o.PAGE, o.PAGE + 1)] == [0, 1, 1, 2]
    assert o.hash_of(b"a" * 32 + b"b" * 32 + b"manifest", 1) == b"b" * 32


def test_a_root_covers_size_and_listing() -> None:
    expected = digest("file", (5).to_bytes(8, "big") + (1 << 20).to_bytes(4, "big") + b"h" * 32)
    assert o.root_of(5, b"h" * 32) == expected
    assert o.root_of(6, b"h" * 32) != expected


def test_an_offer_round_trips() -> None:
    folder = o.make_offer("folder", 8, b"h" * 32 + b"manifest", 2, wall_ms=5, random=Dice("salt"))
    assert (folder.manifest, folder.is_folder, folder.listing_size) == (8, True, 40)
    assert o.decode_offer(o.offer_content(folder)) == folder
    file = o.make_offer("file", 8, b"h" * 32, 0, wall_ms=5, random=Dice("salt"))
    assert (file.is_folder, file.listing_size, file.root) == (False, 32, o.root_of(8, b"h" * 32))


def packed(*changes: tuple[int, object]) -> bytes:
    fields: list[object] = [SALT, 5, "name", 8, ROOT, 1, 0, 0]
    for place, value in changes:
        fields[place] = value
    return msgspec.msgpack.encode(fields)


def test_what_is_optional_may_be_missing_and_what_is_newer_is_passed_over() -> None:
    whole = o.decode_offer(packed())
    assert whole is not None
    assert o.decode_offer(msgspec.msgpack.encode([SALT, 5, "name", 8, ROOT])) == whole
    assert o.decode_offer(msgspec.msgpack.encode([SALT, 5, "name", 8, ROOT, 1, 0, 0, "newer"])) == whole


@pytest.mark.parametrize(
    "change",
    [
        (0, b"short"),
        (1, "time"),
        (2, ""),
        (2, "é" * 128),
        (2, b"bytes"),
        (3, -1),
        (3, o.MAX_SIZE + 1),
        (4, ROOT[1:]),
        (5, 256),
        (6, o.MAX_MANIFEST + 1),
        (7, o.MAX_ENTRIES + 1),
    ],
)
def test_what_breaks_a_bound_is_no_offer(change: tuple[int, object]) -> None:
    assert o.decode_offer(packed(change)) is None


def test_what_is_no_offer() -> None:
    assert o.decode_offer(b"") is None
    assert o.decode_offer(msgspec.msgpack.encode([SALT, 5, "a text"])) is None
    assert o.decode_offer(packed().replace(b"name", b"na\xffe")) is None


def test_a_manifest_round_trips() -> None:
    entries = [o.ManifestEntry("a/b", 5), o.ManifestEntry("empty", None), o.ManifestEntry("c", 0)]
    assert o.decode_manifest(o.encode_manifest(entries), 5) == entries


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xc1",
        msgspec.msgpack.encode([["a", -1]]),
        msgspec.msgpack.encode([["a"]]),
        msgspec.msgpack.encode([[b"a", 1]]),
        msgspec.msgpack.encode([["", 5]]),
        msgspec.msgpack.encode([["a" * (o.MAX_PATH + 1), 5]]),
        msgspec.msgpack.encode([["a", 4]]),
        msgspec.msgpack.encode([["a", 5], *[["b", None]] * o.MAX_ENTRIES]),
        b"\x91" * 2000 + b"\x90",
    ],
    ids=["nothing", "no code", "size", "short", "bytes", "empty", "long", "sum", "many", "deep"],
)
def test_what_is_no_manifest(raw: bytes) -> None:
    with pytest.raises(DecodeError):
        o.decode_manifest(raw, 5)
