"""Make a profile of a backup: ``python -m p2pim.daemon.restore [--home DIR] FILE``, the passphrase on standard input.

Nothing in a backup is believed. Its parts have their names in the profile only once all of it was decrypted and every
message verified; the key comes last, so that a profile without one is what a crash leaves. One line of JSON on standard
output says what became of it, as of a daemon's start.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from p2pim.api import exits
from p2pim.config import Paths
from p2pim.daemon import sealed
from p2pim.daemon.backup import LARGEST_MANIFEST, LENGTH, Manifest
from p2pim.daemon.files import sync_folder, write_private
from p2pim.daemon.keyfile import KeyFile
from p2pim.daemon.lock import ProfileLock
from p2pim.daemon.logs import frames_of
from p2pim.daemon.signals import forbid_core_dumps
from p2pim.errors import BadInput, NotNow, P2pimError, StoreCorrupt
from p2pim.protocol.identity import ID_LENGTH, Identity, encode_peer_id
from p2pim.store import snapshot
from p2pim.store.database import Database
from p2pim.store.recheck import Rechecked, recheck


class Restored(NamedTuple):
    """What was made of a backup. ``settings``: restored, kept (those that were here) or none."""

    identity: Identity
    messages: Rechecked
    settings: str
    has_passphrase: bool


def restore(paths: Paths, file: Path, passphrase: str, key: KeyFile) -> Restored:
    """Fill an empty profile, whose lock the caller holds, from a backup.

    A key that had a passphrase gets that of the backup: it is never left with less than it had.

    Raises:
        BadInput: the profile is in use, or the file no whole backup, or not of this passphrase; nothing was written.
        StoreTooNew: the database is a newer one's; nothing was written.
        NotNow: it cannot be written; nothing was.
    """
    for used in (paths.identity_key, paths.database):
        if used.is_symlink() or used.exists():
            raise BadInput(
                f"This profile is in use ({used} is there): restore into an empty one with --home DIR, "
                "or move its folder away."
            )
    key.discard_draft()
    snapshot.discard(paths.snapshot_file)
    try:
        manifest = _unpack(file, passphrase, paths.snapshot_file)
        identity = Identity.from_seed(manifest.seed)
        messages = _verified(paths.snapshot_file, file, identity)
        settings = _put(paths, manifest, key, identity, passphrase)
    except OSError as error:
        raise NotNow(f"Cannot restore ({error.strerror or 'failed'}): nothing was written.") from None
    finally:
        snapshot.discard(paths.snapshot_file)
    return Restored(identity, messages, settings, manifest.has_passphrase)


def _unpack(file: Path, passphrase: str, database: Path) -> Manifest:
    """Decrypt all of the file, its database to a file of that name."""
    try:
        stream = file.open("rb")
    except OSError as error:
        raise BadInput(f"Cannot read {file} ({(error.strerror or 'failed').lower()}).") from None
    with stream:
        source = _Source(sealed.unseal(sealed.BACKUP, passphrase, stream, str(file)), file)
        size = int.from_bytes(source.take(LENGTH), "big")
        if size > LARGEST_MANIFEST:
            raise source.damaged()
        try:
            manifest = msgspec.msgpack.decode(source.take(size), type=Manifest)
        except msgspec.MsgspecError:
            raise source.damaged() from None
        if len(manifest.seed) != ID_LENGTH:
            raise source.damaged()
        write_private(database, source.pieces(manifest.database))
        source.end()
    return manifest


class _Source:
    """Takes bytes from pieces of any size."""

    def __init__(self, pieces: Iterator[bytes], file: Path) -> None:
        self._pieces = pieces
        self._file = file
        self._waiting = b""

    def damaged(self) -> BadInput:
        return BadInput(f"{self._file} is damaged: its parts do not fit.")

    def pieces(self, size: int) -> Iterator[bytes]:
        """The next so many bytes, as they come."""
        while size > 0:
            if not self._waiting and not (piece := next(self._pieces, b"")):
                raise self.damaged()
            elif not self._waiting:
                self._waiting = piece
            taken, self._waiting = self._waiting[:size], self._waiting[size:]
            size -= len(taken)
            yield taken

    def take(self, size: int) -> bytes:
        """The next so many bytes."""
        return b"".join(self.pieces(size))

    def end(self) -> None:
        """Raise BadInput unless that was all; reads on to where the file proves to be whole."""
        if self._waiting or next(self._pieces, b""):
            raise self.damaged()


def _verified(copy: Path, file: Path, identity: Identity) -> Rechecked:
    """Verify every message; the copy is then one closed file, brought to the schema of this version."""
    try:
        database = Database(copy)
        with contextlib.closing(database):
            found = recheck(database, identity.peer_id)
    except StoreCorrupt as error:
        raise BadInput(f"The messages in {file} cannot be used, nothing was restored: {error}") from None
    return found


def _put(paths: Paths, manifest: Manifest, key: KeyFile, identity: Identity, passphrase: str) -> str:
    """Give the parts their names, the key last; if that fails nothing has happened. What became of the settings."""
    with paths.snapshot_file.open("rb+") as file:
        os.fsync(file.fileno())
    settings = "kept" if paths.config_file.exists() else "none" if manifest.config is None else "restored"
    placed = [paths.database, *([paths.config_file] if settings == "restored" else [])]
    try:
        paths.snapshot_file.replace(paths.database)
        if settings == "restored" and manifest.config is not None:
            paths.config_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(paths.config_file, [manifest.config])
        sync_folder(paths.data)
        key.write(identity, passphrase if manifest.has_passphrase else None)
    except BaseException:
        for file_put in placed:
            file_put.unlink(missing_ok=True)
        raise
    return settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Restore; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m p2pim.daemon.restore",
        description="Restore a backup; the passphrase is read from standard input.",
    )
    parser.add_argument("--home", metavar="DIR", help="the profile to fill")
    parser.add_argument("file", metavar="FILE")
    options = parser.parse_args(arguments)
    forbid_core_dumps()
    os.umask(0o077)
    try:
        outcome = _run(Paths.chosen(options.home), Path(options.file))
    except P2pimError as error:
        outcome = {"error": str(error), "exit": exits.exit_of(error)}
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    except Exception as error:
        sentence = f"The restore failed unexpectedly: {frames_of(error)}."
        outcome = {"error": sentence, "exit": exits.FAILED}
    print(json.dumps(outcome), flush=True)  # noqa: T201
    return int(outcome.get("exit", exits.OK))


def _run(paths: Paths, file: Path) -> dict[str, Any]:
    try:
        passphrase = sys.stdin.buffer.read(1 << 16).decode()
    except UnicodeDecodeError:
        raise BadInput("A passphrase must be UTF-8 text.") from None
    paths.prepare()
    lock = ProfileLock(paths.lock_file)
    lock.acquire()
    try:
        done = restore(paths, file, passphrase, KeyFile(paths.identity_key))
    finally:
        lock.release()
    return {
        "peer_id": encode_peer_id(done.identity.peer_id),
        "messages": done.messages.kept,
        "left_out": done.messages.left_out,
        "settings": done.settings,
        "passphrase": done.has_passphrase,
    }


if __name__ == "__main__":
    sys.exit(main())
