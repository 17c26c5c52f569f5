"""Fixtures for all tests: the real parts, started only when a test asks for one, once for all tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest

from tests.canaries.plugin import pytest_runtest_teardown, pytest_terminal_summary  # noqa: F401  hooks
from tests.parts.caddy import Caddy
from tests.parts.engine import Engine
from tests.parts.nginx import Nginx
from tests.parts.parts import Parts
from tests.parts.process import PartMissing
from tests.parts.registry import Registry
from tests.parts.sshd import Sshd
from tests.parts.traefik import Traefik
from tests.promises import (  # noqa: F401  hooks
    pytest_deselected,
    pytest_itemcollected,
    pytest_runtest_logreport,
    pytest_runtest_makereport,
    pytest_sessionfinish,
    pytest_testnodedown,
)
from tests.spread import pytest_collection_modifyitems, pytest_xdist_make_scheduler  # noqa: F401  hooks

P = TypeVar("P")


@pytest.fixture(scope="session")
def parts() -> Iterator[Parts]:
    """The real parts; none is started until it is asked for."""
    with Parts() as parts:
        yield parts


@pytest.fixture(scope="session")
def engine_part(parts: Parts) -> Engine:
    """A Docker engine of our own."""
    return _or_fail(lambda: parts.private_engine)


@pytest.fixture(scope="session")
def far_engine_part(parts: Parts) -> Engine:
    """Another one, as on another machine."""
    return _or_fail(lambda: parts.far_engine)


@pytest.fixture(scope="session")
def sshd_part(parts: Parts) -> Sshd:
    """An SSH server that leads to the first."""
    return _or_fail(lambda: parts.sshd)


@pytest.fixture(scope="session")
def registry_part(parts: Parts) -> Registry:
    """A registry without logins."""
    return _or_fail(lambda: parts.registry)


@pytest.fixture(scope="session")
def caddy_part(parts: Parts) -> Caddy:
    """A Caddy with a stranger's route."""
    return _or_fail(lambda: parts.caddy)


@pytest.fixture(scope="session")
def nginx_part(parts: Parts) -> Nginx:
    """An nginx without hosts."""
    return _or_fail(lambda: parts.nginx)


@pytest.fixture(scope="session")
def traefik_part(parts: Parts) -> Traefik:
    """A Traefik with a stranger's route."""
    return _or_fail(lambda: parts.traefik)


def _or_fail(start: Callable[[], P]) -> P:
    """A part that cannot be had is a failure with one sentence, never a silent skip."""
    try:
        return start()
    except PartMissing as missing:
        pytest.fail(str(missing), pytrace=False)
