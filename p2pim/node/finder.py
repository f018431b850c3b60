"""Search over everything held here: the index says where to look, and what is shown now decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from p2pim.node.events import MessageView
from p2pim.protocol.identity import PeerId
from p2pim.protocol.message import RoomId
from p2pim.store.folding import holds, words_of
from p2pim.store.search import Hit, Query

if TYPE_CHECKING:
    from p2pim.node.node import Node

#: Hits looked at together.
_BATCH: Final = 100


class Finder:
    """A use case that only reads."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def find(
        self,
        text: str,
        limit: int,
        *,
        room: RoomId | None = None,
        author: PeerId | None = None,
        since_ms: int | None = None,
        until_ms: int | None = None,
        files: bool = False,
    ) -> tuple[list[MessageView], bool]:
        """Messages that say all words of a text as they are shown now, the newest first; whether there may be more.

        No text is wrong: what is no word is looked for as it stands. Without words it is all that the rest asks for,
        and nothing at all if that is nothing.
        """
        query = Query(words_of(text), room, author, since_ms, until_ms, files)
        hits, more = self._node.store.search.find(query)
        found: dict[bytes, MessageView] = {}
        for start in range(0, len(hits), _BATCH):
            for view in self._shown(hits[start : start + _BATCH]):
                if _answers(view, query):
                    found.setdefault(view.id, view)
            if len(found) > limit:
                break
        newest = sorted(found.values(), key=lambda view: (view.clock, view.id), reverse=True)
        return newest[:limit], more or len(newest) > limit

    def _shown(self, hits: Sequence[Hit]) -> list[MessageView]:
        ids = dict.fromkeys(hit.target or hit.id for hit in hits)
        return self._node.views.lines(self._node.store.messages.get(list(ids)))


def _answers(view: MessageView, query: Query) -> bool:
    """Whether it is what was asked for: an edit may have changed its words, and an edit is younger than it."""
    low = 0 if query.since is None else query.since
    in_time = low <= view.clock and (query.until is None or view.clock <= query.until)
    by = query.author is None or view.author == query.author
    return view.text is not None and in_time and by and holds(view.text, query.words)
