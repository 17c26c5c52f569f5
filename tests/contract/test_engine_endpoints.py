"""What the document says that Forge asks of Docker is what it asks: a socket filter allows just that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import docker
import pytest
import requests

from forge.domain.project import Volume, VolumeKind
from forge.ports import Engine
from tests.contract.engine_worlds import RUNNING, Bench, RealWorld
from tests.parts.engine import Engine as EnginePart
from tests.parts.filter import Endpoint, documented, row_of
from tests.parts.registry import Registry as RegistryPart

pytestmark = pytest.mark.real


class Noting:
    """An engine, and the names of the calls that were made of it."""

    def __init__(self, engine: Engine) -> None:
        self.called: set[str] = set()
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        self.called.add(name)
        return getattr(self._engine, name)


class Recorder:
    """What clients of Docker ask. While `removing`, a removal is answered as if somebody else were at it already."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: set[Endpoint] = set()
        self.removing = False
        send = docker.APIClient.send

        def recorded(client: docker.APIClient, request: requests.PreparedRequest, **more: Any) -> requests.Response:
            self.asked.add((request.method or "", urlsplit(request.url or "").path))
            answer: requests.Response = send(client, request, **more)
            if self.removing and request.method == "DELETE":
                answer.status_code = 409
            return answer

        monkeypatch.setattr(docker.APIClient, "send", recorded)


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    return Recorder(monkeypatch)


@pytest.fixture
def world(engine_part: EnginePart, registry_part: RegistryPart) -> Iterator[RealWorld]:
    made = RealWorld(engine_part, registry_part)
    yield made
    made.engine.close()
    engine_part.clear()


def live(engine: Any, bench: Bench, recorder: Recorder) -> None:
    """All that Forge ever asks of an engine."""
    engine.version()
    engine.ping()
    engine.free_disk()
    named = Volume(kind=VolumeKind.NAMED, path="/data", source=f"forge-{bench.home}-data")
    theirs = f"theirs-{bench.home}"
    bench.world.strange_network(theirs)
    bench.world.strange_volume(theirs)
    external = Volume(kind=VolumeKind.EXTERNAL, path="/theirs", source=theirs)
    spec = bench.spec("good", network=f"forge-{bench.home}", networks=(theirs,), volumes=(named, external))
    with engine.events():
        made = engine.create(spec)
    engine.start(made)
    engine.join(made, f"forge-{bench.home}.names", ("shop",), bench.labels)
    engine.differences(made, spec)
    engine.stats(made)
    engine.strangers()
    engine.describe(made)
    engine.probe(made, 8080, RUNNING)
    with engine.logs(made, tail=1) as lines:
        list(lines)
    engine.leave(made, f"forge-{bench.home}.names")
    engine.restart(made, 1)
    engine.stop(made, 1)
    engine.inspect(made)
    engine.find(bench.labels)
    recorder.removing = True
    engine.remove(made)
    recorder.removing = False
    for name in engine.volumes(bench.labels):
        engine.remove_volume(name)
    for name in engine.networks({next(iter(bench.labels)): bench.home}):
        engine.remove_network(name)
    engine.image(spec.image)
    engine.images(spec.image.partition("@")[0])
    engine.remove_image(spec.image)
    engine.close()


def test_the_document_names_all_that_is_asked_of_docker_and_nothing_else(world: RealWorld, recorder: Recorder) -> None:
    """Pitfall 26."""
    engine = Noting(world.engine)
    world.engine = engine  # type: ignore[assignment]
    live(engine, Bench(world), recorder)
    ports = {name for name in vars(Engine) if not name.startswith("_")}
    assert engine.called >= ports, "every call of the port is part of this"
    assert [asked for asked in sorted(recorder.asked) if row_of(*asked) is None] == []
    assert [row for row in documented() if row not in {row_of(*asked) for asked in recorder.asked}] == []
