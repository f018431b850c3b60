from __future__ import annotations

import pytest

OPTIONS = ("-p", "tests.plugin", "-p", "no:asyncio", "-p", "no:xdist")
SKIPPERS = {
    "call": "import pytest\ndef test_it(): pytest.skip('no reason')",
    "mark": "import pytest\n@pytest.mark.skip(reason='no reason')\ndef test_it(): pass",
    "fixture": "import pytest\n@pytest.fixture\ndef it(): pytest.skip('no reason')\ndef test_it(it): pass",
}


@pytest.mark.parametrize("how", SKIPPERS)
def test_a_skip_fails_in_ci_only(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    pytester.makepyfile(SKIPPERS[how])
    monkeypatch.setenv("CI", "true")
    in_ci = pytester.runpytest(*OPTIONS)
    assert in_ci.ret == pytest.ExitCode.TESTS_FAILED or in_ci.parseoutcomes().get("errors") == 1
    in_ci.stdout.fnmatch_lines(["*nothing may be skipped in CI: *no reason*"])
    monkeypatch.delenv("CI")
    pytester.runpytest(*OPTIONS).assert_outcomes(skipped=1)


def test_a_skipped_module_fails_in_ci(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    pytester.makepyfile("import pytest\npytest.importorskip('no_such_module_anywhere')\ndef test_it(): pass")
    monkeypatch.setenv("CI", "true")
    assert pytester.runpytest(*OPTIONS).ret == pytest.ExitCode.INTERRUPTED


def test_an_expected_failure_is_no_skip(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    pytester.makepyfile("import pytest\n@pytest.mark.xfail\ndef test_it(): assert False")
    monkeypatch.setenv("CI", "true")
    pytester.runpytest(*OPTIONS).assert_outcomes(xfailed=1)


def test_figures_are_printed_at_the_end_also_of_a_failed_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "def test_it(figure): figure('speed', '3 m/s')\n"
        "def test_that(figure): figure('height', '2 m'); assert False"
    )
    done = pytester.runpytest(*OPTIONS)
    done.stdout.fnmatch_lines_random(["speed: 3 m/s", "height: 2 m"])
