"""The identity key: 32 secret bytes in a file that nobody else can read."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from p2pim.errors import ProfileError
from p2pim.protocol.identity import ID_LENGTH, Identity, short_id


def load_or_make(path: Path, random: Callable[[int], bytes], expected: str = "") -> Identity:
    """Read the identity, or make one where this profile has none yet.

    Args:
        path: the key file, 64 hexadecimal digits.
        random: a source of secret bytes.
        expected: the peer id (hex) that the profile's database was written by; "" for a new database.

    Raises:
        ProfileError: the file is missing, damaged, open to others or of another identity; the text says what to do.
    """
    try:
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        if expected:
            raise ProfileError(
                f"The identity key {path} is missing, but the messages of this profile are here. Put the key back "
                "from a backup; or move the whole folder away to start as somebody new."
            ) from None
        return _make(path, random)
    except (OSError, UnicodeDecodeError) as error:
        raise ProfileError(
            f"Cannot read the identity key {path} ({error}). Mend it or put back a backup."
        ) from None
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise ProfileError(f"The identity key {path} is open to other users: run `chmod 600 {path}`.")
    try:
        seed = bytes.fromhex(text.strip())
    except ValueError:
        seed = b""
    if len(seed) != ID_LENGTH:
        raise ProfileError(f"The identity key {path} is damaged. Put back a backup of it.")
    identity = Identity.from_seed(seed)
    if expected and identity.peer_id.hex() != expected:
        raise ProfileError(
            f"The identity key {path} belongs to somebody else ({short_id(identity.peer_id)}) than the messages of "
            "this profile. Put back the right key."
        )
    return identity


def _make(path: Path, random: Callable[[int], bytes]) -> Identity:
    """Write a new key so that a crash leaves either none or all of it."""
    identity = Identity.generate(random)
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    try:
        number = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(number, "w", encoding="ascii") as file:
            file.write(identity.seed.reveal().hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise ProfileError(
            f"Cannot write the identity key {path} ({error}). Free some space, then try again."
        ) from None
    return identity


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # Windows has no such thing
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
