from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from blake3 import blake3

from p2pim.errors import BadInput
from p2pim.node.files import offering as module
from p2pim.node.files.offering import look_through
from p2pim.protocol.offer import CHUNK, HASH_LENGTH, ManifestEntry, decode_manifest


def hashes(data: bytes) -> bytes:
    return b"".join(blake3(data[i : i + CHUNK]).digest() for i in range(0, len(data), CHUNK))


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(data := os.urandom(CHUNK + 7))
    found = look_through(path)
    assert (found.name, found.size, found.is_folder, found.skipped) == ("a.bin", CHUNK + 7, False, [])
    assert found.listing == hashes(data)


def test_a_large_one_is_hashed_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_RUN", 2)
    path = tmp_path / "a.bin"
    path.write_bytes(data := os.urandom(7 * CHUNK + 7))
    assert look_through(path).listing == hashes(data)


def test_a_folder_in_a_fixed_order(tmp_path: Path) -> None:
    top = tmp_path / "top"
    (top / "b" / "deep").mkdir(parents=True)
    (top / "empty").mkdir()
    (top / "b" / "deep" / "x").write_bytes(b"deep")
    (top / "a").write_bytes(b"first")
    (top / "link").symlink_to("/etc")
    (top / "file-link").symlink_to("/etc/hostname")
    os.mkfifo(top / "pipe")
    with socket.socket(socket.AF_UNIX) as sock:
        os.chdir(top)
        sock.bind("socket")
    found = look_through(top)
    assert found.is_folder
    assert sorted(found.skipped) == ["file-link", "link", "pipe", "socket"]
    manifest = decode_manifest(found.listing[HASH_LENGTH:], 9)
    assert manifest == [
        ManifestEntry("a", 5),
        ManifestEntry("b/deep/x", 4),
        ManifestEntry("empty", None),
    ]
    assert found.listing[:HASH_LENGTH] == hashes(b"firstdeep")


def test_a_link_to_a_file_is_that_file(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert look_through(tmp_path / "link").name == "real"


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    (top / os.fsdecode(b"a\xff")).write_bytes(b"x")
    found = look_through(top)
    assert decode_manifest(found.listing[HASH_LENGTH:], 1) == [ManifestEntry("a?", 1)]


def test_what_cannot_be_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput, match="cannot be read: No such file"):
        look_through(tmp_path / "missing")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadInput, match="neither a file nor a folder"):
        look_through(tmp_path / "pipe")
    top = tmp_path / "top"
    top.mkdir()
    for name in "abc":
        (top / name).write_bytes(b"x")
    with pytest.raises(BadInput, match="was changed just now"):
        look_through(top, stopped=lambda: True)
    monkeypatch.setattr(module, "MAX_SIZE", 2)
    with pytest.raises(BadInput, match="too large"):
        look_through(top)
    monkeypatch.setattr(module, "MAX_ENTRIES", 2)
    with pytest.raises(BadInput, match="more than 2 files"):
        look_through(top)


def test_a_folder_that_cannot_be_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_top: Path, onerror: object) -> object:
        assert callable(onerror)
        return onerror(PermissionError(13, "Permission denied"))

    monkeypatch.setattr("os.walk", refused)
    with pytest.raises(BadInput, match="Permission denied"):
        look_through(tmp_path)
