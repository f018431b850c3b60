"""Vectors of files: roots, offers, manifests, names, and the records of a bulk connection."""

from __future__ import annotations

from typing import Any

from blake3 import blake3

from p2pim.errors import DecodeError
from p2pim.protocol import bulk
from p2pim.protocol.filename import safe_filename, safe_path, unique
from p2pim.protocol.offer import (
    CHUNK,
    ManifestEntry,
    decode_offer,
    encode_manifest,
    make_offer,
    offer_content,
    root_of,
)

NAMES = [
    *(
        "report.pdf",
        "../x",
        "..\\x",
        "/etc/passwd",
        "C:\\x.txt",
        "\\\\host\\share\\x",
        "a.txt:evil",
        "CON",
        "con.txt",
    ),
    *(
        "COM\u00b9.log",
        "a. ",
        ".bashrc",
        "-rf",
        "~x",
        "photo\u202egpj.exe",
        "a\nb\x1b[31m.txt",
        "",
        "...",
        "e\u0301.txt",
    ),
    *(
        "a" * 300 + ".txt",
        "\u00e9" * 150,
        "x.lnk",
        "desktop.ini",
        "x.LNK",
        "NUL .txt",
        "\u200b",
        "LPT9.tar.gz",
    ),
]
PATHS = ["a/b.txt", "a\\b/c", "/a", "a//b", "../a", "a/./b", "a/..", "", "a/" * 32 + "b"]
TREES = [["a.txt", "A.txt", "a.TXT"], ["d/x", "D/x", "d/y"], ["x", "x/y"], ["e\u0301", "\u00e9"]]


def _content(size: int) -> bytes:
    """So many bytes that are not all alike."""
    block = b"".join(number.to_bytes(4, "big") for number in range(1 << 14))
    return (block * (size // len(block) + 1))[:size]


def _file(size: int) -> dict[str, Any]:
    data = _content(size)
    listing = b"".join(blake3(data[i : i + CHUNK]).digest() for i in range(0, size, CHUNK))
    return {"size": size, "listing": listing.hex(), "root": root_of(size, listing).hex()}


def _folder() -> dict[str, Any]:
    entries = [ManifestEntry("a/one.txt", 3), ManifestEntry("b", None), ManifestEntry("two.bin", 5)]
    manifest = encode_manifest(entries)
    listing = blake3(b"onetwo..").digest() + manifest
    offer = make_offer(
        "folder", 8, listing, 2, wall_ms=1_700_000_000_000, random=lambda size: bytes(range(size))
    )
    return {
        "manifest": manifest.hex(),
        "entries": [[path, size] for path, size in entries],
        "data": b"onetwo..".hex(),
        "listing": listing.hex(),
        "root": offer.root.hex(),
        "content": offer_content(offer).hex(),
    }


def _path(path: str) -> dict[str, Any]:
    try:
        return {"path": path, "parts": list(safe_path(path))}
    except DecodeError:
        return {"path": path, "parts": None}


def file_vectors() -> dict[str, Any]:
    """All of it."""
    root = bytes(range(32))
    records = {
        "FLIST": bulk.ask(bulk.FLIST, 1, root, 2),
        "FHASH": bulk.hashes(1, b"page"),
        "FGET": bulk.ask(bulk.FGET, 7, root, 1_048_575),
        "FDATA": bulk.data_head(7, 61_696) + b"piece",
        "FERR": bulk.refused(7, bulk.CHANGED),
        "FHAVE": bulk.have(root, 8, b"\xa0"),
        "FOPEN": bulk.opening(bulk.SERVES),
    }
    folder = _folder()
    assert decode_offer(bytes.fromhex(folder["content"])) is not None
    return {
        "files": [_file(size) for size in (0, 1, CHUNK, 2 * CHUNK + 1)],
        "content": "the numbers 0 to 16,383 as u32 BE, over and over, as many bytes as the size says",
        "folder": folder,
        "records": {name: plaintext.hex() for name, plaintext in records.items()},
        "refused": [
            raw.hex()
            for raw in (
                b"",
                b"\x40",
                b"\x43" + bytes(8),
                b"\x46\x03",
                b"\x45" + bytes(35) + b"\x01\xff",
                b"\x80",
            )
        ],
        "names": [{"name": name, "safe": safe_filename(name)} for name in NAMES],
        "paths": [_path(path) for path in PATHS],
        "trees": [
            {"paths": paths, "safe": ["/".join(path) for path in unique(map(safe_path, paths))]}
            for paths in TREES
        ],
    }
