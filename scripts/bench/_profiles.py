"""Profiles of two colleagues made without a daemon: their identities, and a long conversation in a store."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from _contest import TEXT

from p2pim.config import Paths
from p2pim.daemon.keyfile import KeyFile
from p2pim.protocol.identity import Identity, PeerId
from p2pim.protocol.message import TEXT as KIND_TEXT
from p2pim.protocol.message import seal, text_content
from p2pim.protocol.room import dm
from p2pim.protocol.trust import Trust
from p2pim.store.database import Database
from p2pim.store.store import Store

_AT_ONCE = 1000


@dataclass(frozen=True)
class Profile:
    """A home folder and whose it is."""

    home: Path
    identity: Identity

    @property
    def paths(self) -> Paths:
        """Where everything of it is."""
        return Paths(self.home)

    def store(self) -> Store:
        """Open what it keeps."""
        return Store(Database(self.paths.database))


def make(home: Path) -> Profile:
    """Make an empty profile."""
    home.mkdir(mode=0o700, exist_ok=True)
    paths = Paths(home)
    paths.prepare()
    profile = Profile(home, KeyFile(paths.identity_key).load_or_make())
    _with_store(profile, lambda store: store.set_profile("identity", profile.identity.peer_id.hex()))
    return profile


def empty_copy(profile: Profile, home: Path) -> Profile:
    """Make a profile of the same identity with nothing in it."""
    home.mkdir(mode=0o700)
    paths = Paths(home)
    paths.prepare()
    paths.identity_key.touch(mode=0o600)
    paths.identity_key.write_bytes(profile.paths.identity_key.read_bytes())
    copy = Profile(home, profile.identity)
    _with_store(copy, lambda store: store.set_profile("identity", copy.identity.peer_id.hex()))
    return copy


def accept(profile: Profile, peer_id: PeerId) -> None:
    """Let somebody write to this profile."""

    def write(store: Store) -> None:
        store.peers.put(replace(store.peers.get(peer_id), trust=Trust.ACCEPTED))
        store.messages.ensure_room(dm(profile.identity.peer_id, peer_id))

    _with_store(profile, write)


def write_conversation(author: Profile, reader: Profile, texts: int, *holders: Profile) -> None:
    """Put a conversation in which only one spoke into stores, as if it had been held."""
    room = dm(author.identity.peer_id, reader.identity.peer_id)
    start = int(time.time() * 1000) - texts
    parents: list[bytes] = []
    stores = [(holder, holder.store()) for holder in holders]
    for first in range(0, texts, _AT_ONCE):
        part = []
        for number in range(first, min(first + _AT_ONCE, texts)):
            content = text_content(TEXT, start + number, os.urandom)
            message = seal(
                author.identity,
                room.id,
                parents=parents,
                clock=start + number,
                kind=KIND_TEXT,
                content=content,
            )
            parents = [message.id]
            part.append(message)
        for holder, store in stores:
            with store.transaction():
                for message in part:
                    store.messages.add(message, now_ms=message.header.clock, waiting=holder is author)
    for _, store in stores:
        store.close()


def _with_store(profile: Profile, write: Callable[[Store], None]) -> None:
    store = profile.store()
    with store.transaction():
        write(store)
    store.close()
