"""Fixtures for tests in the lab."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest

from tests.netlab.lab import Lab, missing


@pytest.fixture
def build_lab() -> Iterator[Callable[[int], Lab]]:
    """Build a lab of so many hosts; it is gone after the test."""
    reason = missing()
    if reason is not None:
        pytest.skip(reason)
    with contextlib.ExitStack() as stack:
        yield lambda hosts: stack.enter_context(Lab(hosts))
