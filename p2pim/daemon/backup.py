"""A backup: everything that makes a profile, in one file that a passphrase opens.

What is sealed (see ``sealed``, the file begins with ``P2PIMBAK``) is, one after the other:

::

    4 bytes   length of the manifest, big-endian
    manifest  MessagePack map: made_ms, program, seed (32 bytes), has_passphrase (had the key one of its own?),
              config (the bytes of config.toml, or nil), database (its length in bytes); more keys may come
    database  a whole SQLite file

Reading is the business of ``restore``.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

import msgspec

from p2pim import __version__
from p2pim.config import Paths
from p2pim.daemon import sealed
from p2pim.daemon.files import sync_folder, write_private
from p2pim.daemon.keyfile import KeyFile
from p2pim.errors import BadInput, NotNow, P2pimError
from p2pim.protocol.identity import Identity
from p2pim.store import snapshot

LENGTH: Final = 4
LARGEST_SETTINGS: Final = 1 << 20
LARGEST_MANIFEST: Final = 2 << 20


class Manifest(msgspec.Struct, frozen=True):
    """What comes before the database."""

    made_ms: int
    program: str
    seed: bytes
    has_passphrase: bool
    config: bytes | None
    database: int


class Written(NamedTuple):
    """What a backup has become."""

    size: int
    messages: int


class Backup:
    """Writes backups of a profile, one at a time.

    Args:
        cost: what one try at a passphrase is to cost.
        random: a source of secret bytes.
    """

    def __init__(
        self,
        paths: Paths,
        identity: Identity,
        key: KeyFile,
        *,
        cost: sealed.Cost = sealed.STANDARD,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._paths = paths
        self._identity = identity
        self._key = key
        self._cost = cost
        self._random = random
        self._one = threading.Lock()

    def write(self, target: Path, passphrase: str, now_ms: int, stopped: Callable[[], bool]) -> Written:
        """Write a backup to a file that is not there yet; for any thread, while the profile is in use.

        Args:
            stopped: asked now and then; True breaks it off.

        Raises:
            BadInput: the name or the passphrase cannot be used.
            NotNow: no space, another backup is being written, or this one was broken off.
            StoreError: the database cannot be read.
        """
        sealed.check_new_passphrase(passphrase)
        if not self._one.acquire(blocking=False):
            raise NotNow("A backup is being written already: wait for its end.")
        try:
            _refuse_existing(target)
            messages = snapshot.take(self._paths.database, self._paths.snapshot_file, stopped)
            with self._paths.snapshot_file.open("rb") as database:
                plain = self._plain(database, now_ms)
                parts = sealed.seal(sealed.BACKUP, passphrase, plain, cost=self._cost, random=self._random)
                return Written(_write(target, _until(stopped, parts)), messages)
        finally:
            snapshot.discard(self._paths.snapshot_file)
            self._one.release()

    def _plain(self, database: BinaryIO, now_ms: int) -> Iterator[bytes]:
        config = None
        with contextlib.suppress(FileNotFoundError):
            config = self._paths.config_file.read_bytes()
        if config is not None and len(config) > LARGEST_SETTINGS:
            raise BadInput(f"{self._paths.config_file} is too large for a settings file: shorten it.")
        manifest = msgspec.msgpack.encode(
            Manifest(
                made_ms=now_ms,
                program=f"p2pim {__version__}",
                seed=self._identity.seed.reveal(),
                has_passphrase=self._key.has_passphrase,
                config=config,
                database=os.fstat(database.fileno()).st_size,
            )
        )
        yield len(manifest).to_bytes(LENGTH, "big") + manifest
        while piece := database.read(sealed.CHUNK):
            yield piece


def _until(stopped: Callable[[], bool], parts: Iterator[bytes]) -> Iterator[bytes]:
    for part in parts:
        if stopped():
            raise NotNow("The backup was broken off: nothing was written.")
        yield part


def _refuse_existing(target: Path) -> None:
    if target.is_symlink() or target.exists():
        raise BadInput(f"{target} is there already: choose another name, or move it away.")


def _write(target: Path, parts: Iterator[bytes]) -> int:
    """Write beside and rename: what has the name of a backup is a whole one; its size."""
    draft = target.with_name(target.name + ".part")
    try:
        draft.unlink(missing_ok=True)  # what a crash left
        size = write_private(draft, parts)
        _refuse_existing(target)
        draft.replace(target)
        sync_folder(target.parent)
    except OSError as error:
        raise _unwritable(target, error) from None
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
    return size


def _unwritable(target: Path, error: OSError) -> P2pimError:
    sentence = f"Cannot write {target} ({(error.strerror or 'failed').lower()})."
    full = error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
    return NotNow(sentence) if full else BadInput(sentence)
