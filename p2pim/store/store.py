"""Everything a profile keeps, in one place."""

from __future__ import annotations

from contextlib import AbstractContextManager

from p2pim.store.database import Database
from p2pim.store.deliveries import Deliveries
from p2pim.store.messages import Messages
from p2pim.store.peers import Peers


class Store:
    """The database of one profile, by concept."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.messages = Messages(self.database)
        self.deliveries = Deliveries(self.database)
        self.peers = Peers(self.database)
        self.on_commit = self.database.on_commit

    def transaction(self) -> AbstractContextManager[None]:
        """See Database.transaction."""
        return self.database.transaction()

    def profile(self, key: str) -> str:
        """A value of the profile, "" where there is none."""
        value: str = self.database.value("SELECT value FROM profile WHERE key = ?", [key], "")
        return value

    def set_profile(self, key: str, value: str) -> None:
        """Keep a value of the profile."""
        self.database.execute("INSERT OR REPLACE INTO profile (key, value) VALUES (?, ?)", [key, value])

    def close(self) -> None:
        """Close the file."""
        self.database.close()
