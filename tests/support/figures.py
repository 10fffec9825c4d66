"""The figures that tests have measured, which are shown at the end of `make soak`.

The figures travel with the reports of the tests, so that they also arrive from the processes of pytest-xdist.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.soak import RUNS_LONG_TESTS

_PROPERTY = "figure"


@pytest.fixture
def figures(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Record a line with measured figures."""
    return lambda line: record_property(_PROPERTY, line)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the measured figures, if the long tests run."""
    if not RUNS_LONG_TESTS:
        return
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport) and report.when == "teardown":
                for name, line in report.user_properties:
                    if name == _PROPERTY:
                        terminalreporter.write_line(f"{report.nodeid.rpartition('::')[2]}: {line}")
