"""Between the node's event loop and the threads that move files: who dials, who is taken in, and how they talk."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from p2pim.node.net.tcp import SocketTransport
from p2pim.protocol.connection import Connection
from p2pim.protocol.identity import PeerId
from p2pim.protocol.network import Network
from p2pim.protocol.records import Hello

if TYPE_CHECKING:
    from p2pim.node.files.channel import Channel
    from p2pim.node.files.engine import Engine, Process
    from p2pim.node.files.job import Job
    from p2pim.node.files.offering import Offered
    from p2pim.node.files.server import Holding
    from p2pim.node.link import Link
    from p2pim.node.node import Node
    from p2pim.protocol.events import Handed

#: How long a thread waits for the loop, which never takes that long.
_ASK_SECONDS = 10.0
#: How often whoever looks is told how far it is.
_LOOK_SECONDS = 0.2


class Expected:
    """A policy that wants one process of one peer, and nobody else."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def refuses(self, peer_id: PeerId, boot_id: bytes, network: Network) -> bool:
        """See ``Policy``."""
        return (peer_id, boot_id) != self._process


class FileMover:
    """The ``Mover`` of a node on the network. Made, used and closed in the event loop's thread."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._loop = asyncio.get_running_loop()
        self._made: Engine | None = None
        self._looking = self._closed = False

    @property
    def _engine(self) -> Engine:
        """Made when the first file is to be moved: who moves none needs no memory for it."""
        if self._made is None:
            from p2pim.node.files.engine import Engine  # noqa: PLC0415

            settings = self._node.settings
            self._made = Engine(
                self._node.transfers,
                tell=self._tell,
                ask=self._ask,
                now=time.monotonic,
                download_rate=settings.download_rate,
                upload_rate=settings.upload_rate,
            )
        return self._made

    def peers_of(self, root: bytes, peers: frozenset[PeerId]) -> None:
        """These may have something of a job."""
        self._engine.peers_of(root, peers)

    def job(self, root: bytes) -> Job | None:
        """The job under way for a root."""
        return None if self._made is None else self._made.job(root)

    def begin(self, job: Job) -> None:
        """Start a job, and look how far it is while it runs."""
        self._engine.begin(job)
        if not self._looking:
            self._looking = True
            self._loop.call_later(_LOOK_SECONDS, self._look)

    def _look(self) -> None:
        self._looking = self._node.transfers.look()
        if self._looking:
            self._loop.call_later(_LOOK_SECONDS, self._look)

    def _tell(self, call: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody is left to be told
            self._loop.call_soon_threadsafe(call)

    def _ask(self, call: Callable[[], Holding | None]) -> Holding | None:
        from concurrent.futures import CancelledError  # noqa: PLC0415

        async def answer() -> Holding | None:
            return call()

        try:
            return asyncio.run_coroutine_threadsafe(answer(), self._loop).result(_ASK_SECONDS)
        except (TimeoutError, RuntimeError):
            raise CancelledError from None

    async def look_through(self, path: Path) -> Offered:
        """Find and hash what is to be offered, while others are served.

        Raises:
            BadInput: see ``offering``.
        """
        from p2pim.node.files.offering import look_through  # noqa: PLC0415

        return await asyncio.to_thread(look_through, path, lambda: self._closed)

    def connect(self, link: Link, pulls: bool) -> bool:
        """Have a connection with the other end of a Link; False if only they can make it.

        What could be dialled once can be dialled again, at the same place: so it is the initiator of the Link who
        dials, whoever fetches.
        """
        from p2pim.node.files.connect import dial, prefers_aes  # noqa: PLC0415
        from p2pim.node.files.engine import Process  # noqa: PLC0415

        process = Process(link.peer_id, link.boot_id)
        if link.via is not None or self._engine.has_line(process, pulls):
            return True
        if not link.initiator or link.address is None:
            return False
        endpoint, network = link.address, link.network
        transport = link.transport
        segment = transport.segment_size if isinstance(transport, SocketTransport) else None

        def make() -> Connection:
            assert network is not None
            return Connection(
                initiator=True,
                identity=self._node.identity,
                static=self._node.static,
                boot_id=self._node.boot_id,
                networks=[network],
                hello=lambda: Hello([], 0, "", ""),  # never said here
                now=time.monotonic(),
                random=os.urandom,
                policy=Expected(process),
                bulk=True,
                aes=prefers_aes(),
            )

        def connect() -> Channel:
            return dial(endpoint, segment, make, time.monotonic)

        self._engine.dial(process, pulls, connect)
        return True

    def take(self, link: Link, handed: Handed) -> None:
        """A connection for files was made to us: only from a process that a main Link is up with."""
        from p2pim.node.files.engine import Process  # noqa: PLC0415

        process = Process(handed.peer_id, handed.boot_id)
        known = any((s.link.peer_id, s.link.boot_id) == process for s in self._node.sync.sessions.values())
        transport = link.transport
        sock = transport.detach() if known and isinstance(transport, SocketTransport) else None
        link.hand_over()
        if sock is not None:
            self._engine.accept(process, handed.session, sock)

    def part_from(self, link: Link) -> None:
        """A main Link is gone."""
        if self._made is not None:
            self._made.part_from((link.peer_id, link.boot_id))

    def close(self) -> None:
        """End all threads."""
        self._closed = True
        if self._made is not None:
            self._made.close()
