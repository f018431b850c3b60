"""The identity key: 32 secret bytes in a file that nobody else can read, behind a passphrase if its owner wants one.

Plain, the file is 64 hexadecimal digits; with a passphrase it is the seed, sealed (see ``sealed``). Either way it is
replaced as a whole: whatever happens, the old file or the new one is there, complete.
"""

from __future__ import annotations

import contextlib
import io
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from p2pim.daemon import sealed
from p2pim.daemon.files import sync_folder, write_private
from p2pim.errors import BadInput, ProfileError
from p2pim.protocol.identity import ID_LENGTH, Identity, short_id

_LONGEST_FILE = 4096


class KeyFile:
    """The key file of one profile. Its daemon alone writes it; its methods may be called in any thread.

    Args:
        path: the file.
        cost: what one try at a passphrase is to cost from the next change on.
        random: a source of secret bytes.
    """

    def __init__(
        self,
        path: Path,
        *,
        cost: sealed.Cost = sealed.STANDARD,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._path = path
        self._cost = cost
        self._random = random
        # One try at a time: that is what makes guessing slow, and memory scarce for nobody.
        self._one = threading.Lock()

    @property
    def has_passphrase(self) -> bool:
        """Whether a passphrase is needed to use the key.

        Raises:
            ProfileError: the file cannot be read, or not by this version.
        """
        try:
            return self._is_sealed(self._read())
        except FileNotFoundError:
            return False

    def _is_sealed(self, raw: bytes) -> bool:
        if not sealed.is_sealed(raw, sealed.KEY):
            return False
        try:
            sealed.read_header(sealed.KEY, raw[: sealed.HEADER_SIZE], str(self._path))
        except BadInput as error:
            raise ProfileError(str(error)) from None
        return True

    def load_or_make(self, expected: str = "") -> Identity:
        """Read an identity that has no passphrase, or make one where this profile has none yet.

        Args:
            expected: the peer id (hex) that the profile's database was written by; "" for a new database.

        Raises:
            ProfileError: the file is missing, damaged, open to others or of another identity; the text says what to do.
        """
        try:
            raw = self._read()
        except FileNotFoundError:
            if expected:
                raise ProfileError(
                    f"The identity key {self._path} is missing, but the messages of this profile are here. "
                    "Put the key back from a backup; or move the whole folder away to start as somebody new."
                ) from None
            identity = Identity.generate(self._random)
            self.write(identity)
            return identity
        try:
            seed = bytes.fromhex(raw.decode("ascii").strip())
        except ValueError:
            seed = b""
        if len(seed) != ID_LENGTH:
            raise ProfileError(f"The identity key {self._path} is damaged. Put back a backup of it.")
        return self.belonging(Identity.from_seed(seed), expected)

    def belonging(self, identity: Identity, expected: str) -> Identity:
        """The identity, if the profile's messages are its own; ProfileError otherwise."""
        if expected and identity.peer_id.hex() != expected:
            raise ProfileError(
                f"The identity key {self._path} belongs to somebody else ({short_id(identity.peer_id)}) than the "
                "messages of this profile. Put back the right key."
            )
        return identity

    def unlock(self, passphrase: str) -> Identity:
        """Read the identity behind its passphrase. Takes its time, on purpose.

        Raises:
            BadInput: it is not this passphrase, or there is none.
            ProfileError: the file cannot be read.
        """
        with self._one:
            return self._unlock(passphrase)

    def change_passphrase(self, identity: Identity, old: str | None, new: str | None) -> None:
        """Set a passphrase (no old one), change it, or remove it (no new one).

        Raises:
            BadInput: the old one is wrong, or there is one where none was named, or the other way round.
            ProfileError: the file cannot be read or written; then it is as it was.
        """
        with self._one:
            if new is not None:
                sealed.check_new_passphrase(new)
            if old is None and self.has_passphrase:
                raise BadInput("The identity key has a passphrase already: run `p2pim passphrase change`.")
            if old is not None and self._unlock(old).peer_id != identity.peer_id:
                raise BadInput(
                    f"The identity key {self._path} is not that of the running p2pim: nothing was changed."
                )
            self.write(identity, new)

    def write(self, identity: Identity, passphrase: str | None = None) -> None:
        """Write the key so that a crash leaves the old file or the new one, and wipe what was there before.

        Raises:
            ProfileError: it cannot be written; then the file is as it was.
        """
        seed = identity.seed.reveal()
        if passphrase is None:
            raw = seed.hex().encode() + b"\n"
        else:
            sealing = sealed.seal(sealed.KEY, passphrase, [seed], cost=self._cost, random=self._random)
            raw = b"".join(sealing)
        draft = self._draft
        try:
            self.discard_draft()
            write_private(draft, [raw])
            with _wiped_when_replaced(self._path):
                draft.replace(self._path)
                sync_folder(self._path.parent)
        except OSError as error:
            with contextlib.suppress(OSError):
                self.discard_draft()
            raise ProfileError(
                f"Cannot write the identity key {self._path} ({error.strerror or error}). "
                "Free some space, then try again."
            ) from None

    def discard_draft(self) -> None:
        """Wipe what a crash may have left of a key that was being written; for whoever holds the profile's lock."""
        with _wiped_when_replaced(self._draft):
            self._draft.unlink(missing_ok=True)

    @property
    def _draft(self) -> Path:
        return self._path.with_suffix(".new")

    def _read(self) -> bytes:
        try:
            if os.name == "posix" and self._path.stat().st_mode & 0o077:
                raise ProfileError(
                    f"The identity key {self._path} is open to other users: run `chmod 600 {self._path}`."
                )
            with self._path.open("rb") as file:
                return file.read(_LONGEST_FILE)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise ProfileError(
                f"Cannot read the identity key {self._path} ({error}). Mend it or put back a backup."
            ) from None

    def _unlock(self, passphrase: str) -> Identity:
        try:
            raw = self._read()
        except FileNotFoundError:
            raise ProfileError(f"The identity key {self._path} is missing: put it back.") from None
        if not self._is_sealed(raw):
            raise BadInput("The identity key has no passphrase: run `p2pim passphrase set` to give it one.")
        seed = b"".join(sealed.unseal(sealed.KEY, passphrase, io.BytesIO(raw), str(self._path)))
        if len(seed) != ID_LENGTH:
            raise ProfileError(f"The identity key {self._path} is damaged. Put back a backup of it.")
        return Identity.from_seed(seed)


@contextlib.contextmanager
def _wiped_when_replaced(path: Path) -> Iterator[None]:
    """Overwrite what ``path`` held once that is nobody's file any more: the freed blocks would keep the seed.

    The disk may still have older copies (flash does), so this is the little that can be done from here.
    """
    old: int | None = None
    if os.name == "posix":  # an open file cannot be replaced on Windows
        with contextlib.suppress(OSError):
            old = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    try:
        yield
        if old is not None and os.fstat(old).st_nlink == 0:  # else it has another name: somebody's copy
            with contextlib.suppress(OSError):
                os.pwrite(old, bytes(os.fstat(old).st_size), 0)
                os.fsync(old)
    finally:
        if old is not None:
            os.close(old)
