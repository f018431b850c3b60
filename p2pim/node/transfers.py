"""Files on their way here: what is wanted, from whom it can be had, how it ends. The books; threads do the moving.

An offer is a message like any other (see ``offers``). Whoever wants what it names asks everybody connected who shares
the room; who has something of it says so, and it is fetched from all of them at once. What is asked here by others
is the matter of ``serving``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from p2pim.errors import BadInput, Forbidden, NotNow, UserError
from p2pim.node.files.ports import Mover, Outcome
from p2pim.node.link import Link
from p2pim.node.networks import FEATURE_FILES
from p2pim.node.offers import Offers, offer_of
from p2pim.node.serving import Serving
from p2pim.node.session import Session
from p2pim.protocol import filetalk
from p2pim.protocol.bulk import CHANGED
from p2pim.protocol.filetalk import Fcall, Fseek, Fstate
from p2pim.protocol.identity import PeerId
from p2pim.protocol.message import MessageId
from p2pim.protocol.offer import Root
from p2pim.protocol.records import Hello
from p2pim.protocol.room import Room
from p2pim.protocol.trust import Trust
from p2pim.store import files
from p2pim.store.files import StoredEntry, Transfer
from p2pim.store.messages import Stored

if TYPE_CHECKING:
    from p2pim.node.files.engine import Process
    from p2pim.node.files.job import Job
    from p2pim.node.node import Node

#: Jobs at once; others wait, the newest first.
MAX_JOBS: Final = 4
#: What was decided on so long ago is still told to its author when they come.
TOLD_MS: Final = 14 * 24 * 3600 * 1000
#: Seconds without progress after which an author is asked for what others should have brought.
STALLED_SECONDS: Final = 2.0
_NAME_BYTES: Final = 8

_SAID: Final = {
    files.WANTED: filetalk.FETCHING,
    files.PAUSED: filetalk.PAUSED,
    files.DONE: filetalk.DONE,
    files.DECLINED: filetalk.DECLINED,
    files.CANCELLED: filetalk.CANCELLED,
    files.FAILED: filetalk.FAILED,
    files.FULL: filetalk.DISK_FULL,
    files.FORBIDDEN: filetalk.FORBIDDEN,
}


_FAILED: Final = {Outcome.FULL: files.FULL, Outcome.FORBIDDEN: files.FORBIDDEN}


class Transfers:
    """See the top of this module."""

    #: Set by whoever runs the threads; without it everything waits.
    mover: Mover | None = None
    #: Where received files go, set likewise.
    folder = Path()

    def __init__(self, node: Node) -> None:
        self._node = node
        self._store = node.store
        #: Who has something of what is fetched here, and who of them fetches it too.
        self._holders: dict[Root, dict[PeerId, bool]] = {}
        self._progress: dict[Root, tuple[int, float]] = {}
        self.offers = Offers(node)
        self.serving = Serving(node, self)
        self.takers = self.serving.takers
        self.send, self.shown, self.view = self.offers.send, self.offers.shown, self.offers.view
        self.permitted, self.source_changed = self.serving.permitted, self.serving.source_changed

    def offered(self, stored: Stored) -> None:
        """Something was offered; inside the transaction. Unasked only what is small and of a team-mate is fetched."""
        offer, settings = offer_of(stored), self._node.settings
        author = stored.message.header.author
        if offer is None or not stored.unread or settings.accept_files != "team":
            return
        trusted = self._node.people.trust(self._node.people.contact(author)) >= Trust.TEAM
        if (
            trusted
            and offer.size <= settings.accept_max_bytes
            and not self.offers.forbidden(offer.name, offer.size)
        ):
            self._want(stored.message.id, offer.root, None, self.folder)
            self._store.on_commit(self.tick, ("files", "tick"))

    # -- deciding

    def accept(self, message_id: MessageId, folder: Path | None = None) -> None:
        """Fetch it, into this folder, as soon as somebody who has it is connected; or go on with what was paused.

        Raises:
            Forbidden: a rule is against it.
            BadInput: it is one's own.
        """
        stored, offer = self.offers.find(message_id)
        if stored.message.header.author == self._node.peer_id and self._store.files.holds(offer.root):
            raise BadInput("That is your own: it is where you sent it from.")
        if reason := self.offers.forbidden(offer.name, offer.size):
            raise Forbidden(reason)
        old = self._store.files.transfer(message_id)
        if old is not None and old.state in (files.WANTED, files.DONE):
            return
        with self._node.writing():
            self._want(message_id, offer.root, old, folder or self.folder)
        self.tick()

    def _want(self, message_id: MessageId, root: Root, old: Transfer | None, folder: Path) -> None:
        """From now on it is fetched; where something of it has come before, it goes on there."""
        name = (old.name if old is not None else "") or self._node.random(_NAME_BYTES).hex()
        place = (old.folder if old is not None else "") or str(folder)
        self._note(Transfer(message_id, root, files.WANTED, place, name, "", "", 0))

    def decline(self, message_id: MessageId) -> None:
        """Not wanted; its author is told."""
        self._stop(message_id, files.DECLINED)

    def cancel(self, message_id: MessageId) -> None:
        """No longer wanted: what has come of it is thrown away."""
        self._stop(message_id, files.CANCELLED)

    def pause(self, message_id: MessageId) -> None:
        """Not now: what has come stays."""
        transfer = self._store.files.transfer(message_id)
        if transfer is None or transfer.state != files.WANTED:
            raise NotNow("It is not on its way here.")
        self._stop(message_id, files.PAUSED)

    def _stop(self, message_id: MessageId, state: str) -> None:
        _, offer = self.offers.find(message_id)
        old = self._store.files.transfer(message_id)
        if old is not None and old.state == files.DONE:
            raise NotNow("It is here already.")
        with self._node.writing():
            kept = old or Transfer(message_id, offer.root, state, "", "", "", "", 0)
            self._note(kept._replace(state=state, detail=""))
        job = self.job(offer.root)
        if job is not None:
            job.end(Outcome.STOPPED)
        elif state == files.CANCELLED and kept.name:
            _discard(kept)

    def _note(self, transfer: Transfer) -> None:
        self._store.files.note(transfer._replace(at_ms=self._node.clock.wall_ms()))
        self._store.on_commit(lambda: self._tell(transfer.offer))

    def _tell(self, message_id: MessageId) -> None:
        """Its author, and whoever looks."""
        for stored in self._store.messages.get([message_id]):
            self._node.changes.tell([stored.seq], "file")
            transfer = self._store.files.transfer(message_id)
            if transfer is not None:
                for session in self.sessions(stored.message.header.author):
                    session.link.send(Fstate([_state_of(transfer)]))
                    session.link.flush()

    def sessions(self, peer_id: PeerId) -> list[Session]:
        """The Links with somebody on which files are talked of."""
        return [s for s in self._node.sync.sessions.values() if s.link.peer_id == peer_id and s.moving.able]

    # -- links

    def link_up(self, session: Session, hello: Hello) -> None:
        """Say what is wanted, and how it is with what they offered."""
        session.moving.able = FEATURE_FILES in hello.features
        if not session.moving.able:
            return
        since = self._node.clock.wall_ms() - TOLD_MS
        theirs = [
            _state_of(transfer)
            for transfer in self._store.files.recent(since)[: filetalk.MAX_STATES]
            if self._author(transfer.offer) == session.link.peer_id
        ]
        if theirs:
            session.link.send(Fstate(theirs))
        self._store.on_commit(self.tick, ("files", "tick"))

    def link_down(self, session: Session) -> None:
        """Nothing is fetched from there any more."""
        peer_id = session.link.peer_id
        if self.mover is not None:
            self.mover.part_from(session.link)
        if not self._node.is_linked(peer_id):
            for root, holders in self._holders.items():
                job = self.job(root) if holders.pop(peer_id, None) is not None else None
                if job is not None:
                    self._regroup(root)
                    self._node.changes.tell(self._seqs(job.offer_id), "file")

    def _author(self, message_id: MessageId) -> PeerId | None:
        found = self._store.messages.get([message_id])
        return found[0].message.header.author if found else None

    # -- fetching

    def tick(self) -> None:
        """Start what is wanted and can be had; see to it that what is under way has all its sources."""
        if self.mover is None:
            return
        running = 0
        for transfer in self._store.files.transfers(files.WANTED):
            job = self.job(transfer.root)
            found = self._store.messages.get([transfer.offer])
            if not found or offer_of(found[0]) is None:
                self._offer_is_gone(transfer, job)
                continue
            if job is None and running < MAX_JOBS:
                job = self._begin(transfer)
            if job is not None:
                running += 1
                self._seek(job)

    def _offer_is_gone(self, transfer: Transfer, job: Job | None) -> None:
        """Its author has deleted it, or it has expired: nobody would serve it any more."""
        self._note(transfer._replace(state=files.CANCELLED, detail="The offer was taken back."))
        if job is not None:
            job.end(Outcome.STOPPED)
        else:
            _discard(transfer)

    def look(self) -> bool:
        """How far is what is under way? False if nothing is."""
        jobs = [job for root in self._holders if (job := self.job(root)) is not None]
        for job in jobs:
            self._watch(job)
        return bool(jobs)

    def job(self, root: Root) -> Job | None:
        """What is under way for a root."""
        return self.mover.job(root) if self.mover is not None else None

    def has_source(self, root: Root) -> bool:
        """Whether somebody is there who has something of what is under way."""
        return bool(self._holders.get(root))

    def _begin(self, transfer: Transfer) -> Job | None:
        stored, offer = self.offers.find(transfer.offer)
        room = self._node.room(stored.message.header.room)
        if not any(True for _ in self._able(room)):
            return None
        from p2pim.node.files.job import Job  # noqa: PLC0415  (who fetches nothing needs no memory for it)
        from p2pim.node.files.landing import Landing  # noqa: PLC0415

        assert self.mover is not None
        author = stored.message.header.author
        landing = Landing(Path(transfer.folder))
        try:
            folder = landing.new_folder(transfer.name)
        except UserError as error:
            self._note(transfer._replace(state=files.FAILED, detail=str(error)))
            return None
        job = Job(
            offer,
            author,
            self._node.peer_id,
            landing,
            folder,
            in_order=room.peer is not None,
            forbidden=self.offers.forbidden,
        )
        job.offer_id = transfer.offer
        self._holders[offer.root] = {}
        self.mover.begin(job)
        return job

    def _able(self, room: Room) -> Iterator[Session]:
        """The Links over which something of a room could be had; a third person carries no files."""
        for session in self._node.sync.sessions.values():
            if session.moving.able and session.link.via is None and self.offers.shares(session, room):
                yield session

    def _seek(self, job: Job) -> None:
        """Ask everybody who may have it, once on each Link; the author has it anyway."""
        stored, _ = self.offers.find(job.offer_id)
        room = self._node.room(stored.message.header.room)
        for session in self._able(room):
            if job.root not in session.moving.sought:
                session.moving.sought.add(job.root)
                session.link.send(Fseek(job.root))
                session.link.flush()
            if session.link.peer_id == job.author:
                self._holders[job.root].setdefault(job.author, False)
            if session.link.peer_id in self._holders[job.root]:
                self._pull(session.link)
        self._regroup(job.root)

    def _pull(self, link: Link) -> None:
        """Have a connection to fetch over; if only the other end can make one, ask for it."""
        assert self.mover is not None
        if not self.mover.connect(link, True):
            link.send(Fcall())
            link.flush()

    def found(self, session: Session, root: Root, *, fetching: bool) -> bool:
        """Somebody has something of a root, or fetches it too; whether it is fetched here."""
        holders = self._holders.get(root)
        if holders is None:
            return False
        holders[session.link.peer_id] = fetching
        self._regroup(root)
        self._pull(session.link)
        return True

    def _regroup(self, root: Root) -> None:
        holders, job = self._holders.get(root), self.job(root)
        if holders is not None and job is not None and self.mover is not None:
            self.mover.peers_of(root, frozenset(holders))
            job.sharing.among(peer for peer, fetching in holders.items() if fetching)

    def _watch(self, job: Job) -> None:
        """Where nothing comes any more, the author is asked for everything."""
        now, count = self._node.clock.monotonic(), job.sharing.have.count
        before, since = self._progress.get(job.root, (-1, now))
        if count != before:
            self._progress[job.root] = count, now
            self._node.changes.tell(self._seqs(job.offer_id), "file")
        elif now - since > STALLED_SECONDS:
            job.sharing.stalled()

    def _seqs(self, message_id: MessageId) -> list[int]:
        return [stored.seq for stored in self._store.messages.get([message_id])]

    # -- from the threads, in the node's own

    def over(self, job: Job) -> None:
        """A job has ended."""
        self._holders.pop(job.root, None)
        self._progress.pop(job.root, None)
        for session in self._node.sync.sessions.values():
            session.moving.sought.discard(job.root)
        transfer = self._store.files.transfer(job.offer_id)
        if transfer is None or not self._node.writable:
            return
        if job.outcome is Outcome.STOPPED:
            if transfer.state in (files.CANCELLED, files.DECLINED) and transfer.name:
                _discard(transfer)
            self._node.changes.tell(self._seqs(job.offer_id), "file")
            return
        with self._node.writing():
            if job.outcome is Outcome.DONE and job.path is not None:
                self._keep(job)
                self._note(transfer._replace(state=files.DONE, path=str(job.path), detail="", name=""))
            else:
                assert job.outcome is not None
                failed = _FAILED.get(job.outcome, files.FAILED)
                self._note(transfer._replace(state=failed, detail=job.detail))

    def _keep(self, job: Job) -> None:
        """What has come is served to the others of the room from where it is now."""
        assert job.listing is not None
        entries = [StoredEntry(str(path), size, mtime) for path, size, mtime in job.placed()]
        self._store.files.hold(job.root, job.offer.size, job.listing, entries)

    def channel_closed(self, process: Process, pulls: bool) -> None:
        """A connection is gone: what it brought is sought anew."""
        if self._node.writable:
            with self._node.store.transaction():
                self.tick()

    def refused(self, peer_id: PeerId, job: Job, code: int) -> None:
        """Somebody does not serve it (any more)."""
        others = set(self._holders.get(job.root, ())) - {peer_id}
        if code == CHANGED and peer_id == job.author and not others:
            name = self._node.people.name(peer_id)
            job.end(Outcome.CHANGED, f"{name} has changed or moved it: ask them to send it again.")


def _discard(transfer: Transfer) -> None:
    """Throw away what has come of it."""
    from p2pim.node.files.landing import PARTIAL, Landing  # noqa: PLC0415

    folder = Path(transfer.folder)
    Landing(folder).discard(folder / PARTIAL / transfer.name)


def _state_of(transfer: Transfer) -> filetalk.State:
    return filetalk.State(transfer.offer, _SAID[transfer.state])
