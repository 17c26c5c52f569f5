"""What only the real engine can get wrong."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from forge.domain.errors import EngineError, EngineUnavailable
from forge.domain.secret import Secret
from forge.engines.docker import DockerEngine
from forge.ports import (
    Login,
)
from tests.contract.engine_worlds import (
    Bench,
    Reading,
    RealWorld,
    eventually,
    never,
    nothing,
)
from tests.parts import images
from tests.parts.engine import Engine as EnginePart
from tests.parts.registry import Registry as RegistryPart
from tests.reaching import at

pytestmark = pytest.mark.real


class TestRealDocker:
    def test_a_refused_login_is_told_and_shown_nowhere(self, engine_part: EnginePart, tmp_path: Path) -> None:
        registry = RegistryPart(tmp_path / "registry", login=("ada-lovelace", "hunter2-planted"))
        registry.start()
        engine = DockerEngine("local", at(engine_part.url))
        try:
            image = f"{registry.address}/shop@{images.push(registry, 'shop', 'v1')}"
            for login in (None, Login(username="ada-lovelace", password=Secret("wrong-planted"))):
                with pytest.raises(EngineError) as error:
                    engine.pull(image, login, nothing, never)
                assert error.value.code == "registry_login"
                assert "planted" not in repr(error.value) + str(error.value.__cause__) + str(error.value.__context__)
            engine.pull(image, Login(username="ada-lovelace", password=Secret("hunter2-planted")), nothing, never)
            assert engine.image(image)
            engine.remove_image(image)
        finally:
            registry.stop()
            engine.close()

    def test_a_secret_of_the_environment_reaches_the_instance(
        self, engine_part: EnginePart, registry_part: RegistryPart
    ) -> None:
        world = RealWorld(engine_part, registry_part)
        spec = Bench(world).spec("good", environment={"PLAIN": "yes", "TOKEN": Secret("s3cret-planted")})
        made = world.engine.create(spec)
        with contextlib.closing(engine_part.client()) as client:
            config = client.api.inspect_container(made)
        assert {"PLAIN=yes", "TOKEN=s3cret-planted"} <= set(config["Config"]["Env"])
        assert config["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"
        assert config["HostConfig"]["LogConfig"]["Config"]["max-size"] == "10m"
        world.engine.remove(made)
        world.engine.close()

    def test_a_closed_follower_leaves_nothing_open_in_the_engine(
        self, engine_part: EnginePart, registry_part: RegistryPart
    ) -> None:
        world = RealWorld(engine_part, registry_part)
        made = Bench(world).running()
        before = connections(engine_part.url)
        for _ in range(5):
            follower = Reading(world.engine.logs(made, follow=True))
            follower.leave()
            follower.join()
        assert eventually(lambda: connections(engine_part.url) <= before + 1, within=1)
        world.engine.remove(made)
        world.engine.close()

    def test_docker_killed_and_started_again_is_noticed(
        self, engine_part: EnginePart, registry_part: RegistryPart
    ) -> None:
        world = RealWorld(engine_part, registry_part)
        made = Bench(world).running()
        events = Reading(world.engine.events())
        engine_part.kill()
        events.join()
        assert isinstance(events.error, EngineUnavailable)
        with pytest.raises(EngineUnavailable):
            world.engine.version()
        engine_part.start()
        assert world.engine.inspect(made)
        world.engine.remove(made)
        world.engine.close()


def connections(url: str) -> int:
    """How many connections the engine has accepted at its socket."""
    path = url.removeprefix("unix://")
    return sum(line.split()[-1] == path and line.split()[5] == "03" for line in unix_sockets())


def unix_sockets() -> list[str]:
    return Path("/proc/net/unix").read_text().splitlines()[1:]
