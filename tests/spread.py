"""Tests in two processes (`make test`): a file is run by one of them, and what takes long is begun first."""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

# What waits for Docker, browsers and builds goes first; quick files fill the gaps at the end.
FIRST = ("tests/frozen/", "tests/e2e/", "tests/browser/", "tests/contract/", "tests/window/", "tests/oidc/")


class ByFile(LoadScopeScheduling):
    """One file is one piece of work; those of tests/frozen are one together, since the executable is built for them."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return FIRST[0] if file.startswith(FIRST[0]) else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """How work is dealt out."""
    config.option.loadscopereorder = False  # in the order below, not by the number of tests
    return ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The order in which files are begun."""
    items.sort(key=lambda item: _rank(item.nodeid))


def _rank(nodeid: str) -> int:
    return next((rank for rank, folder in enumerate(FIRST) if nodeid.startswith(folder)), len(FIRST))
