"""The worlds that the engine's contract is held in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from forge.ports import (
    Engine,
)
from tests.contract.engine_worlds import (
    Bench,
    FakeWorld,
    RealWorld,
    World,
)
from tests.parts.engine import Engine as EnginePart


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
