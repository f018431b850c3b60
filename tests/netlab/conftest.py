"""Fixtures for tests in the lab."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.netlab.lab import Lab, missing
from tests.netlab.office import Office


@pytest.fixture
def build_lab() -> Iterator[Callable[[int], Lab]]:
    """Build a lab of so many hosts; it is gone after the test."""
    reason = missing()
    if reason is not None:
        pytest.skip(reason)
    with contextlib.ExitStack() as stack:
        yield lambda hosts: stack.enter_context(Lab(hosts))


BuildOffice = Callable[[int], Office]


@pytest.fixture
def build_office(
    build_lab: Callable[[int], Lab], short_tmp: Path, plain_environment: dict[str, str]
) -> Iterator[BuildOffice]:
    """Build a lab of so many hosts, for people who are hired later."""
    offices: list[Office] = []

    def build(hosts: int) -> Office:
        folder = short_tmp / "homes"
        folder.mkdir()
        offices.append(Office(build_lab(hosts), folder, plain_environment))
        return offices[-1]

    yield build
    for office in offices:
        with office:
            pass
