"""The published vectors of files, against the specification alone and against our code."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import msgspec
import pytest
from blake3 import blake3

from p2pim.errors import DecodeError
from p2pim.protocol import bulk
from p2pim.protocol.filename import safe_filename, safe_path, unique
from p2pim.protocol.offer import decode_manifest, decode_offer, root_of

FILES = json.loads(
    (Path(__file__).resolve().parents[2] / "vectors" / "files.json").read_text(encoding="utf-8")
)
raw = bytes.fromhex
CHUNK = 1_048_576


def spec_root(size: int, listing: bytes) -> bytes:
    head = b"p2pim/1 file\0" + size.to_bytes(8, "big") + CHUNK.to_bytes(4, "big")
    return hashlib.sha256(head + listing).digest()


def test_files() -> None:
    block = b"".join(n.to_bytes(4, "big") for n in range(16_384))
    for given in FILES["files"]:
        size = given["size"]
        data = (block * (size // len(block) + 1))[:size]
        listing = b"".join(blake3(data[i : i + CHUNK]).digest() for i in range(0, size, CHUNK))
        assert listing.hex() == given["listing"]
        assert spec_root(size, listing).hex() == given["root"] == root_of(size, listing).hex()


def test_the_folder() -> None:
    given = FILES["folder"]
    manifest = msgspec.msgpack.encode(given["entries"])
    assert manifest.hex() == given["manifest"]
    assert (blake3(raw(given["data"])).digest() + manifest).hex() == given["listing"]
    assert spec_root(8, raw(given["listing"])).hex() == given["root"]
    content = msgspec.msgpack.decode(raw(given["content"]))
    assert content[2:] == ["folder", 8, raw(given["root"]), 1, len(manifest), 2]
    offer = decode_offer(raw(given["content"]))
    assert offer is not None
    assert offer.is_folder
    assert [list(entry) for entry in decode_manifest(manifest, 8)] == given["entries"]


def test_records_of_a_bulk_connection() -> None:
    for name, plaintext in FILES["records"].items():
        assert raw(plaintext)[0] == getattr(bulk, name)
        bulk.decode(raw(plaintext))
    for plaintext in FILES["refused"]:
        with pytest.raises(DecodeError):
            bulk.decode(raw(plaintext))


def test_names() -> None:
    for given in FILES["names"]:
        assert safe_filename(given["name"]) == given["safe"]
    for given in FILES["paths"]:
        if given["parts"] is None:
            with pytest.raises(DecodeError):
                safe_path(given["path"])
        else:
            assert list(safe_path(given["path"])) == given["parts"]
    for given in FILES["trees"]:
        assert ["/".join(path) for path in unique(map(safe_path, given["paths"]))] == given["safe"]
