"""The threads that move files: one for each channel and one for each job. The node's own thread never waits for them.

Whatever threads have to ask or to tell the node goes through ``ask`` and ``tell``, which run it in the node's thread.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from p2pim.node.files.channel import Channel, ChannelClosed
from p2pim.node.files.connect import open_as
from p2pim.node.files.job import Job
from p2pim.node.files.pace import Pace
from p2pim.node.files.ports import Outcome
from p2pim.node.files.puller import Puller
from p2pim.node.files.server import Holding, Server
from p2pim.protocol import bulk
from p2pim.protocol.handshake import Session
from p2pim.protocol.identity import PeerId

log = logging.getLogger(__name__)

#: Connections for files with one process of a peer, and in all.
MAX_PER_PROCESS: Final = 2
MAX_CHANNELS: Final = 16
#: How long threads may take to notice that all is over.
_JOIN_SECONDS: Final = 1.0


class Process(NamedTuple):
    """A process of a peer: what a main Link is made with."""

    peer_id: PeerId
    boot_id: bytes


class Keeper(Protocol):
    """Who keeps the books: the node, in its own thread."""

    def permitted(self, peer_id: PeerId, root: bytes, before: Holding | None) -> Holding | None:
        """What somebody may have under a root; ``before``, if that still holds."""

    def source_changed(self, root: bytes) -> None:
        """Files of ours are no longer what was offered."""

    def refused(self, peer_id: PeerId, job: Job, code: int) -> None:
        """Somebody does not serve a job (codes of FERR)."""

    def over(self, job: Job) -> None:
        """A job has ended, one way or another."""

    def channel_closed(self, process: Process, pulls: bool) -> None:
        """A connection is gone."""


@dataclass(eq=False)
class _Line:
    process: Process
    pulls: bool | None
    channel: Channel | None = None


class Engine:
    """See the top of this module. All public methods are called in the node's thread.

    Args:
        tell: run something in the node's thread, soon.
        ask: run something there and wait for what it returns.
    """

    def __init__(
        self,
        keeper: Keeper,
        *,
        tell: Callable[[Callable[[], None]], None],
        ask: Callable[[Callable[[], Holding | None]], Holding | None],
        now: Callable[[], float],
        download_rate: int = 0,
        upload_rate: int = 0,
    ) -> None:
        self._keeper, self._tell, self._ask, self._now = keeper, tell, ask, now
        self._down, self._up = Pace(download_rate, now), Pace(upload_rate, now)
        self._jobs: dict[bytes, Job] = {}
        self._peers: dict[bytes, frozenset[PeerId]] = {}
        self._lines: set[_Line] = set()
        self._threads: set[threading.Thread] = set()
        self._closed = False

    # -- jobs

    def begin(self, job: Job) -> None:
        """Start a job; from whom to fetch is told by ``peers_of``."""
        self._jobs = {**self._jobs, job.root: job}
        self._start(lambda: self._run(job), "job")

    def peers_of(self, root: bytes, peers: frozenset[PeerId]) -> None:
        """Others may have something of a job."""
        self._peers[root] = peers

    def job(self, root: bytes) -> Job | None:
        """The job under way for a root."""
        return self._jobs.get(root)

    def _run(self, job: Job) -> None:
        job.run()
        self._tell(lambda: self._over(job))

    def _over(self, job: Job) -> None:
        if self._jobs.get(job.root) is job:
            self._jobs = {root: other for root, other in self._jobs.items() if other is not job}
            self._peers.pop(job.root, None)
        if not self._closed:
            self._keeper.over(job)

    # -- channels

    def has_line(self, process: Process, pulls: bool) -> bool:
        """Whether there is a connection that fetches from (``pulls``) or serves a process; or one is being made."""
        return any(line.process == process and line.pulls is pulls for line in self._lines)

    def dial(self, process: Process, pulls: bool, connect: Callable[[], Channel]) -> None:
        """Make a connection to fetch over, or to serve over."""
        line = self._new_line(process, pulls)
        if line is not None:
            role = bulk.FETCHES if pulls else bulk.SERVES
            self._start(lambda: self._work(line, connect, role), "files")

    def accept(self, process: Process, session: Session, sock: socket.socket) -> bool:
        """Take a connection somebody has made to us; False, and it is closed, if there are too many."""
        line = self._new_line(process, None)
        if line is None:
            sock.close()
            return False
        self._start(lambda: self._work(line, lambda: Channel(sock, session), bulk.RESPONDER), "files")
        return True

    def _new_line(self, process: Process, pulls: bool | None) -> _Line | None:
        same = sum(line.process == process for line in self._lines)
        if self._closed or same >= MAX_PER_PROCESS or len(self._lines) >= MAX_CHANNELS:
            return None
        line = _Line(process, pulls)
        self._lines.add(line)
        return line

    def _work(self, line: _Line, connect: Callable[[], Channel], role: int) -> None:
        try:
            line.channel = channel = connect()
            if self._closed:
                channel.close()
            theirs = open_as(channel, role)
            if role == bulk.RESPONDER:
                line.pulls = theirs == bulk.SERVES
            self._pull(line, channel) if line.pulls else self._serve(line, channel)
        except ChannelClosed as closed:
            log.info("files with %s: %s", line.process.peer_id.hex()[:8], closed)
        finally:
            if line.channel is not None:
                line.channel.close()
            self._tell(lambda: self._gone(line))

    def _pull(self, line: _Line, channel: Channel) -> None:
        peer_id = line.process.peer_id
        Puller(
            channel,
            peer_id,
            jobs=lambda: [job for job in self._jobs.values() if peer_id in self._peers.get(job.root, ())],
            pace=self._down,
            refused=lambda peer, job, code: self._tell(lambda: self._keeper.refused(peer, job, code)),
            now=self._now,
        ).run()

    def _serve(self, line: _Line, channel: Channel) -> None:
        peer_id = line.process.peer_id

        def permitted(root: bytes, before: Holding | None) -> Holding | None:
            try:
                return self._ask(lambda: self._keeper.permitted(peer_id, root, before))
            except CancelledError:  # the node ends
                raise ChannelClosed("p2pim ends.") from None

        def changed(root: bytes) -> None:
            self._tell(lambda: self._keeper.source_changed(root))

        Server(channel, permitted, changed, self._up, self._now).run()

    def _gone(self, line: _Line) -> None:
        self._lines.discard(line)
        if not self._closed:
            self._keeper.channel_closed(line.process, bool(line.pulls))

    def part_from(self, process: tuple[PeerId, bytes]) -> None:
        """The main Link with a process is gone: so are its others."""
        for line in self._lines:
            if line.process == process and line.channel is not None:
                line.channel.close()

    # -- threads

    def _start(self, run: Callable[[], None], name: str) -> None:
        thread = threading.Thread(target=run, name=name, daemon=True)
        self._threads = {other for other in self._threads if other.is_alive()} | {thread}
        thread.start()

    def close(self) -> None:
        """End everything; what is written stays for the next time."""
        self._closed = True
        for job in self._jobs.values():
            job.end(Outcome.STOPPED)
        for line in list(self._lines):
            if line.channel is not None:
                line.channel.close()
        end = self._now() + _JOIN_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, end - self._now()))
