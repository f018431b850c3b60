"""Fixtures for attacks on real daemons."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.loopback import own_loopback


@pytest.fixture(scope="module")
def alone() -> Iterator[None]:
    """A loopback interface on which nobody else talks; for modules whose daemons count what they see."""
    with own_loopback():
        yield
