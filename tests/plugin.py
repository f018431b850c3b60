"""What every test run of this project does beyond plain pytest; imported by conftest.py."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from typing import Any, TypeVar

import pytest

AnyReport = TypeVar("AnyReport", pytest.TestReport, pytest.CollectReport)
Figure = Callable[[str, str], None]
_FIGURE = "figure "


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that skips itself in CI has not been run there, and must not look as if it had."""
    report = yield
    return _fail_if_skipped(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a whole module."""
    report = yield
    return _fail_if_skipped(report)


def _fail_if_skipped(report: AnyReport) -> AnyReport:
    expected_failure = hasattr(report, "wasxfail")
    if report.skipped and not expected_failure and os.environ.get("CI") == "true":
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"nothing may be skipped in CI: {reason}"
    return report


#: Under xdist all of these folders keep to one process: labs share the kernel and its timing with each other, daemons
#: on the loopback interface find each other whichever test started them, and the kills leave no processor to anybody.
LANES = dict.fromkeys(("netlab", "cli", "interop", "security", "desktop"), "daemons")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep apart what would disturb each other."""
    for item in items:
        if (lane := LANES.get(item.path.parent.name)) is not None:
            item.add_marker(pytest.mark.xdist_group(lane))


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Figure:
    """Note something measured: it is printed at the end of the run, by whichever process it was measured."""
    return lambda name, value: record_property(_FIGURE + name, value)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what was measured, whether the tests passed or not."""
    figures = [
        (name.removeprefix(_FIGURE), value)
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "call"
        for name, value in report.user_properties
        if name.startswith(_FIGURE)
    ]
    if figures:
        terminalreporter.section("figures")
        for name, value in figures:
            terminalreporter.line(f"{name}: {value}")
