"""Transactions over the lists of the fake node."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from p2pim.errors import StoreFull

if TYPE_CHECKING:
    from tests.fakes import FakeNode


class FakeStore:
    """Transactions over the fake's lists: nested ones are savepoints, effects run after the commit."""

    def __init__(self, node: FakeNode) -> None:
        self._node = node
        self._depth = 0
        self._effects: list[Callable[[], None]] = []
        self.commits = 0
        self.full = False

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """As the store's: see its contract."""
        before, mark = list(self._node.messages), len(self._effects)
        self._depth += 1
        try:
            yield
            if self._depth == 1 and self.full:
                raise StoreFull("No space is left on the disk: free some and send it again.")
        except BaseException:
            self._node.messages[:] = before
            del self._effects[mark:]
            raise
        finally:
            self._depth -= 1
        if self._depth == 0:
            self.commits += 1
            effects, self._effects = self._effects, []
            for effect in effects:
                effect()

    def on_commit(self, effect: Callable[[], None]) -> None:
        """After the commit, or now when nothing is open."""
        if self._depth:
            self._effects.append(effect)
        else:
            effect()
