"""The worlds that the contracts of the engine and of the proxy are held in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from forge.domain.route import Target
from forge.http import Session
from forge.ports import (
    Engine,
)
from tests.contract.engine_worlds import (
    Bench,
    FakeWorld,
    RealWorld,
    World,
)
from tests.contract.proxy_places import CaddyPlace, FakePlace, NpmPlace, Place, TraefikPlace
from tests.contract.proxy_targets import who
from tests.npm.releases import RECORDED
from tests.parts.engine import Engine as EnginePart
from tests.small_server import SmallServer


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.real)])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param == "fake":
        yield FakeWorld()
        return
    part: EnginePart = request.getfixturevalue("engine_part")
    world = RealWorld(part, request.getfixturevalue("registry_part"))
    yield world
    world.engine.close()
    part.clear()


@pytest.fixture
def engine(world: World) -> Engine:
    return world.engine


@pytest.fixture
def bench(world: World) -> Bench:
    return Bench(world)


PLACES = [
    "fake", *(pytest.param(name, marks=pytest.mark.real) for name in ("caddy", *map(str, RECORDED), "traefik")),
]  # fmt: skip


@pytest.fixture
def http_session() -> Iterator[Session]:
    session = Session()
    yield session
    session.close()


@pytest.fixture
def alive() -> dict[Target, int]:
    """The targets that answer, and with what: the fake asks it."""
    return {}


@pytest.fixture
def targets(alive: dict[Target, int]) -> Iterator[list[SmallServer]]:
    """Two targets that say who they are and what they were asked."""
    servers = [SmallServer(who(name)) for name in ("one", "two")]
    alive.update({server.target: 200 for server in servers})
    yield servers
    for server in servers:
        server.close()


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, alive: dict[Target, int], http_session: Session) -> Iterator[Place]:
    """A proxy with a stranger's route, and none of Forge's."""
    made = _place(request, alive, http_session)
    yield made
    made.close()


def _place(request: pytest.FixtureRequest, alive: dict[Target, int], http_session: Session) -> Place:
    if request.param == "fake":
        return FakePlace(alive)
    if request.param == "caddy":
        return CaddyPlace(request.getfixturevalue("caddy_part"), http_session)
    if request.param == "traefik":
        return TraefikPlace(request.getfixturevalue("traefik_part"), http_session)
    release = next(one for one in RECORDED if str(one) == request.param)
    return NpmPlace(release, request.getfixturevalue("nginx_part"), http_session)
