"""Names that a user gave as addresses: each may stand for many machines, and all of them are dialled.

An administrator can so keep a list of colleagues in the DNS that they have anyhow; it is looked up again now and then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from p2pim.node.net.address import Endpoint
from p2pim.node.net.book import AddressBook, Entry
from p2pim.node.net.dialer import resolve
from p2pim.node.net.reach import Source
from p2pim.node.net.trouble import why_no_connection

#: Addresses of one name that are dialled, and seconds until it is looked up again.
MOST: Final = 64
AGAIN: Final = 300.0


class Names:
    """Looks names up and puts their addresses into the book."""

    def __init__(self, book: AddressBook, now: Callable[[], float], on_news: Callable[[], None]) -> None:
        self._book, self._now, self._on_news = book, now, on_news
        self._tasks: set[asyncio.Task[None]] = set()

    def look_up(self, entry: Entry) -> None:
        """Begin to find out what the name of an entry stands for."""
        entry.dialling = True
        task = asyncio.get_running_loop().create_task(self._look_up(entry))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Give up what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _look_up(self, entry: Entry) -> None:
        try:
            found = await resolve(entry.endpoint, MOST)
        except TimeoutError:
            self._book.failed(entry, self._now(), "no name server answers")
        except OSError as error:
            self._book.failed(entry, self._now(), why_no_connection(error))
        else:
            hosts = dict.fromkeys(str(address[0]) for address in found)
            self._found(entry, [Endpoint(host, entry.endpoint.port) for host in hosts])
        self._on_news()

    def _found(self, entry: Entry, endpoints: list[Endpoint]) -> None:
        now = self._now()
        refusals = [self._book.add(endpoint, Source.NAMED, now) for endpoint in endpoints]
        if refusals and all(refusals):
            self._book.failed(entry, now, f"{endpoints[0].host}: {refusals[0]}")
        else:
            entry.dialling, entry.failures, entry.failing_since, entry.trouble = False, 0, None, None
            entry.due = now + AGAIN
