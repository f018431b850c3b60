"""To whom files are served, and who says to have what: the answers to what others ask about files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from p2pim.node.session import Session
from p2pim.protocol.filetalk import Fcall, Fhold, Fseek, Fstate
from p2pim.protocol.identity import PeerId
from p2pim.protocol.offer import Root
from p2pim.protocol.room import Room

if TYPE_CHECKING:
    from p2pim.node.files.server import Holding
    from p2pim.node.node import Node
    from p2pim.node.transfers import Transfers


class Serving:
    """The side of whoever has something."""

    def __init__(self, node: Node, transfers: Transfers) -> None:
        self._node = node
        self._store = node.store
        self._transfers = transfers

    def takers(self) -> dict[type, Callable[[Session, Any], None]]:
        """The records that are ours."""
        said = self._transfers.offers.said
        return {Fseek: self._sought, Fhold: self._held, Fcall: self._called, Fstate: said}

    def source_changed(self, root: Root) -> None:
        """What was offered is not there any more, or is another: it cannot be served."""
        if self._node.writable:
            with self._node.writing():
                self._store.files.let_go(root)

    def permitted(self, peer_id: PeerId, root: Root, before: Holding | None = None) -> Holding | None:
        """What somebody may have: all or a part of a root that is here and was offered where they can see it.

        Args:
            before: what they had a moment ago; the same again where it still holds.
        """
        if not self._may_have(peer_id, root):
            return None
        from p2pim.node.files.stock import OwnFiles, PartOfJob  # noqa: PLC0415  (who serves nothing needs no memory)

        job = self._transfers.job(root)
        if job is not None and job.ready and not job.is_over:
            return before if isinstance(before, PartOfJob) and before.job is job else PartOfJob(job)
        if isinstance(before, OwnFiles) and self._store.files.holds(root):
            return before
        held = self._store.files.holding(root)
        return None if held is None else OwnFiles(held)

    def _may_have(self, peer_id: PeerId, root: Root) -> bool:
        sessions = self._transfers.sessions(peer_id)
        if not sessions or self._node.policy.value("files") is False:
            return False
        return any(self._transfers.offers.shares(sessions[0], room) for room in self._offered_in(root))

    def _offered_in(self, root: Root) -> Iterator[Room]:
        for stored in self._store.messages.offers(root):
            if not stored.hidden and not stored.void:
                yield self._node.room(stored.message.header.room)

    def _sought(self, session: Session, record: Fseek) -> None:
        session.slow(session.serving, self._node.clock.monotonic())
        if not self._may_have(session.link.peer_id, record.root):
            return
        fetching = self._transfers.found(session, record.root, fetching=True)
        if fetching or self._store.files.holds(record.root):
            session.link.send(Fhold(record.root, fetching))

    def _held(self, session: Session, record: Fhold) -> None:
        session.slow(session.serving, self._node.clock.monotonic())
        if self._may_have(session.link.peer_id, record.root):
            self._transfers.found(session, record.root, fetching=record.fetching)

    def _called(self, session: Session, _record: Fcall) -> None:
        session.slow(session.serving, self._node.clock.monotonic())
        if self._transfers.mover is not None:
            self._transfers.mover.connect(session.link, False)
