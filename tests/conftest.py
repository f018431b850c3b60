"""Fixtures and settings for all tests."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.plugin import (  # noqa: F401  pytest finds its hooks and fixtures by name
    figure,
    pytest_collection_modifyitems,
    pytest_make_collect_report,
    pytest_runtest_makereport,
    pytest_terminal_summary,
)

pytest_plugins = ["pytester"]

# no deadline: a loaded machine is not a bug; the blob printed with a failure repeats exactly that example
hypothesis.settings.register_profile("p2pim", deadline=None, print_blob=True)
hypothesis.settings.register_profile(
    "search", parent=hypothesis.settings.get_profile("p2pim"), max_examples=5000
)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "p2pim"))


@pytest.fixture
def short_tmp() -> Iterator[Path]:
    """An empty folder with a short path: a Unix socket's has 104 bytes at most, and tmp_path eats them."""
    parent = Path("/tmp")
    folder = Path(tempfile.mkdtemp(prefix="p2-", dir=parent if parent.is_dir() else None))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def plain_environment() -> dict[str, str]:
    """The environment for a child process whose speed is measured: without the coverage that slows it."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}


@pytest.fixture(scope="session")
def python() -> str:
    """The interpreter for child processes: this one."""
    return sys.executable
