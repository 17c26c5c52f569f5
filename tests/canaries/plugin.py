"""After each test: of every Forge that has ended by then, nothing holds a secret that does not belong there."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.canaries.watch import over
from tests.promises import shown

_counts = {"Forges": 0, "secrets": 0, "bytes": 0}
_took = [0.0]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Iterator[None]:
    """What a test's fixtures ended, they ended by now."""
    yield
    began, hits = time.monotonic(), []
    for watch in over():
        found = watch.verdict()
        shown("secrets", "tests/canaries/plugin.py::each Forge of a story", holds=not found)
        hits += found
        for name, more in (("Forges", 1), ("secrets", len(watch.secrets)), ("bytes", watch.searched)):
            _counts[name] += more
    _took[0] += time.monotonic() - began
    if hits:
        pytest.fail("Secrets leaked:\n" + "\n".join(hits), pytrace=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How much was looked at."""
    if _counts["Forges"]:
        terminalreporter.write_line(
            f"{_counts['secrets']} secrets of {_counts['Forges']} Forges were looked for in "
            f"{_counts['bytes'] / 1e6:.0f} MB of what they said and kept ({_took[0]:.1f} s at their ends)."
        )
