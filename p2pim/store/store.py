"""Everything a profile keeps, in one place."""

from __future__ import annotations

from contextlib import AbstractContextManager

from p2pim.store.alerts import Alerts
from p2pim.store.boxes import Boxes
from p2pim.store.control import Control
from p2pim.store.database import Database
from p2pim.store.deliveries import Deliveries
from p2pim.store.files import Files
from p2pim.store.gaps import Gaps
from p2pim.store.lobby import Lobby
from p2pim.store.messages import Messages
from p2pim.store.peers import Peers
from p2pim.store.reads import Reads
from p2pim.store.routes import Routes
from p2pim.store.search import Search
from p2pim.store.standing import Standing


class Store:
    """The database of one profile, by concept."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.messages = Messages(self.database)
        self.followers = self.messages.followers
        self.lobby = Lobby(self.database, self.messages)
        self.standing = Standing(self.database, self.messages)
        self.alerts = Alerts(self.database)
        self.deliveries = Deliveries(self.database)
        self.reads = Reads(self.database, self.messages.number)
        self.gaps = Gaps(self.database, self.messages.number)
        self.routes = Routes(self.database)
        self.search = Search(self.database, self.messages.number)
        self.files = Files(self.database)
        self.peers = Peers(self.database)
        self.control = Control(self.database)
        self.boxes = Boxes(self.database)
        self.on_commit = self.database.on_commit
        self._profile: dict[str, str] = {}

    def transaction(self, *, lasting: bool = True) -> AbstractContextManager[None]:
        """See Database.transaction."""
        return self.database.transaction(lasting=lasting)

    def profile(self, key: str) -> str:
        """A value of the profile, "" where there is none."""
        value = self._profile.get(key)
        if value is None:
            value = self._known(
                key, self.database.value("SELECT value FROM profile WHERE key = ?", [key], "")
            )
        return value

    def set_profile(self, key: str, value: str) -> None:
        """Keep a value of the profile."""
        self.database.execute("INSERT OR REPLACE INTO profile (key, value) VALUES (?, ?)", [key, value])
        self._profile.pop(key, None)  # read again inside this transaction, remembered after it
        self._known(key, value)

    def _known(self, key: str, value: str) -> str:
        self.database.on_known(lambda: self._profile.__setitem__(key, value))
        return value

    def scrub(self) -> None:
        """Outside of transactions: be rid for good of what was erased, a part of it if that is much."""
        if self.search.has_rest():
            with self.transaction():
                self.search.scrub()
        self.database.scrub()

    def close(self) -> None:
        """Close the file."""
        self.database.close()
