"""The Engine port's contract, held by the fake and by Docker alike."""

from __future__ import annotations

import threading
import time

import pytest

from forge.domain.errors import EngineError
from forge.domain.project import HealthKind, Volume, VolumeKind
from forge.pool import map_parallel
from forge.ports import (
    HOME_LABEL,
    INSTANCE_LABEL,
    PROJECT_LABEL,
    STAGE_LABEL,
    Engine,
    LayerProgress,
    Probe,
)
from tests.contract.engine_worlds import (
    HTTP,
    IMAGE,
    RUNNING,
    TCP,
    Bench,
    World,
    eventually,
    never,
    nothing,
)


class TestTheEngineItself:
    def test_says_its_versions(self, engine: Engine) -> None:
        version = engine.version()
        assert version.version
        assert version.api_min <= version.api <= version.api_max or "." in version.api
        assert "/" in version.system

    def test_a_ping_says_nothing_while_it_answers(self, engine: Engine) -> None:
        engine.ping()

    def test_says_how_much_disk_is_free(self, engine: Engine) -> None:
        assert (engine.free_disk() or 0) > 1 << 20

    def test_hands_out_a_port_that_nothing_uses(self, world: World, engine: Engine) -> None:
        first = engine.free_port(frozenset())
        assert 1024 < first < 32768
        assert engine.free_port(frozenset({first})) != first

    def test_does_not_hand_out_a_port_that_a_container_has(self, engine: Engine, bench: Bench) -> None:
        made = bench.running()
        state = engine.inspect(made)
        assert state
        every_other = frozenset(range(20000, 30000)) - {state.published}
        with pytest.raises(EngineError):
            engine.free_port(every_other)


class TestImages:
    def test_a_pulled_image_is_there_by_its_digest(self, world: World, engine: Engine) -> None:
        image = world.push("v1", "healthcheck")
        assert engine.image(image) is None
        layers: list[LayerProgress] = []
        engine.pull(image, None, layers.append, never)
        facts = engine.image(image)
        assert facts
        assert image in facts.digests
        assert facts.ports == (8080,)
        assert facts.health_check
        assert facts.health_check.interval == 0.3
        assert facts.health_check.retries == 3
        assert facts.size > 0
        assert {layer.id for layer in layers if layer.status in {"done", "exists"}} == {layer.id for layer in layers}
        assert all(layer.current <= layer.total for layer in layers if layer.total)

    def test_an_image_that_is_there_is_not_asked_of_the_registry(self, world: World, engine: Engine) -> None:
        image = world.push("v1")
        engine.pull(image, None, nothing, never)
        with world.registry_away():
            engine.pull(image, None, nothing, never)

    def test_an_image_without_one_of_its_layers_is_an_error_though_an_older_one_is_there(
        self, world: World, engine: Engine
    ) -> None:
        engine.pull(world.push("v1"), None, nothing, never)
        broken = world.push_without_a_layer("v1")
        with pytest.raises(EngineError) as error:
            engine.pull(broken, None, nothing, never)
        assert error.value.code == "no_image", error.value
        assert engine.image(broken) is None

    def test_an_image_that_is_not_in_the_registry_is_told(self, world: World, engine: Engine) -> None:
        missing = world.push("v1").partition("@")[0] + "@sha256:" + "0" * 64
        with pytest.raises(EngineError) as error:
            engine.pull(missing, None, nothing, never)
        assert error.value.code == "no_image"

    def test_a_pull_can_be_cancelled(self, world: World, engine: Engine) -> None:
        image = world.push_endless("v1")
        begun = threading.Event()
        with pytest.raises(EngineError) as error:
            engine.pull(image, None, lambda _layer: begun.set(), begun.is_set)
        assert error.value.code == "cancelled"
        assert engine.image(image) is None

    def test_all_images_of_a_repository_are_listed(self, world: World, engine: Engine) -> None:
        first, second = world.push("v1"), world.push("v2", "healthcheck")
        for image in (first, second):
            engine.pull(image, None, nothing, never)
        name = first.partition("@")[0]
        assert {digest for facts in engine.images(name) for digest in facts.digests} >= {first, second}
        assert engine.images(f"{name}-other") == ()

    def test_removing_an_image_that_is_gone_or_in_use_is_no_error(
        self, world: World, engine: Engine, bench: Bench
    ) -> None:
        unused = world.push("v9")
        engine.pull(unused, None, nothing, never)
        engine.remove_image(unused)
        engine.remove_image(unused)
        assert engine.image(unused) is None
        spec = bench.spec()
        made = engine.create(spec)
        engine.remove_image(spec.image)
        assert engine.image(spec.image)
        engine.remove(made)


class TestCreating:
    def test_creating_twice_gives_one(self, engine: Engine, bench: Bench) -> None:
        spec = bench.spec()
        made = engine.create(spec)
        assert engine.create(spec) == made
        assert [state.id for state in engine.find(bench.labels)] == [made]

    def test_what_was_created_does_not_run_yet(self, engine: Engine, bench: Bench) -> None:
        spec = bench.spec()
        state = engine.inspect(engine.create(spec))
        assert state
        assert state.status == "created"
        assert (state.name, state.image, state.published) == (spec.name, spec.image, spec.publish)
        assert spec.labels.items() <= state.labels.items()
        assert (state.exit_code, state.started, state.ended) == (None, None, None)
        assert abs(state.created - time.time()) < 60

    def test_the_name_of_a_stranger_is_refused(self, world: World, engine: Engine, bench: Bench) -> None:
        spec = bench.spec()
        world.stranger(spec.name)
        with pytest.raises(EngineError) as error:
            engine.create(spec)
        assert error.value.code == "name_taken"
        assert spec.name in world.strangers()

    def test_a_name_with_other_labels_is_refused(self, engine: Engine, bench: Bench) -> None:
        engine.create(bench.spec(name=f"twice-{bench.home}"))
        with pytest.raises(EngineError) as error:
            engine.create(bench.spec(name=f"twice-{bench.home}"))
        assert error.value.code == "name_taken"

    def test_an_image_that_is_not_there_is_told(self, engine: Engine, bench: Bench) -> None:
        missing = bench.spec().image.partition("@")[0] + "@sha256:" + "1" * 64
        with pytest.raises(EngineError) as error:
            engine.create(bench.spec(image=missing))
        assert error.value.code == "no_image"

    def test_its_network_and_volumes_are_made_and_carry_the_home(self, engine: Engine, bench: Bench) -> None:
        network, volume = f"net-{bench.home}", f"data-{bench.home}"
        volumes = (
            Volume(kind=VolumeKind.NAMED, path="/data", source=volume),
            Volume(kind=VolumeKind.INSTANCE, path="/scratch"),
            Volume(kind=VolumeKind.TMPFS, path="/fast", size=1 << 20),
        )
        made = engine.create(bench.spec(network=network, volumes=volumes))
        other = engine.create(bench.spec(network=network, volumes=volumes))
        engine.start(made)
        assert engine.networks({HOME_LABEL: bench.home}) == (network,)
        assert len(engine.volumes({HOME_LABEL: bench.home})) == 3
        assert volume in engine.volumes(bench.labels)
        engine.remove(made)
        engine.remove(other)
        assert engine.volumes({HOME_LABEL: bench.home}) == (volume,)
        engine.remove_volume(volume)
        engine.remove_network(network)
        engine.remove_volume(volume)
        engine.remove_network(network)
        assert engine.networks({HOME_LABEL: bench.home}) == engine.volumes({HOME_LABEL: bench.home}) == ()

    def test_a_strangers_volume_is_neither_used_nor_removed(self, world: World, engine: Engine, bench: Bench) -> None:
        name = f"theirs-{bench.home}"
        world.strange_volume(name)
        with pytest.raises(EngineError) as error:
            engine.create(bench.spec(volumes=(Volume(kind=VolumeKind.NAMED, path="/data", source=name),)))
        assert error.value.code == "name_taken"
        engine.remove_volume(name)
        assert name in world.strange_volumes()

    def test_a_volume_of_another_stage_is_not_used(self, engine: Engine, bench: Bench) -> None:
        volumes = (Volume(kind=VolumeKind.NAMED, path="/data", source=f"data-{bench.home}"),)
        made = engine.create(bench.spec(volumes=volumes))
        for label in (PROJECT_LABEL, STAGE_LABEL):
            with pytest.raises(EngineError) as error:
                engine.create(bench.spec(volumes=volumes, labels={**bench.labels, label: "another"}))
            assert error.value.code == "name_taken"
        engine.remove(made)

    def test_what_is_in_use_stays(self, engine: Engine, bench: Bench) -> None:
        network, volume = f"net-{bench.home}", f"data-{bench.home}"
        made = bench.running(network=network, volumes=(Volume(kind=VolumeKind.NAMED, path="/data", source=volume),))
        engine.remove_network(network)
        assert engine.networks({HOME_LABEL: bench.home}) == (network,)
        with pytest.raises(EngineError):
            engine.remove_volume(volume)
        engine.remove(made)


class TestLiving:
    def test_it_starts_and_is_healthy(self, engine: Engine, bench: Bench) -> None:
        made = bench.running()
        engine.start(made)
        for probe in (HTTP, TCP, RUNNING):
            assert eventually(lambda probe=probe: engine.probe(made, 8080, probe).healthy is True), probe
        state = engine.inspect(made)
        assert state
        assert state.running
        assert state.started
        assert (state.exit_code, state.ended, state.restarts, state.health) == (None, None, 0, None)

    def test_the_images_own_health_check_is_told(self, engine: Engine, bench: Bench) -> None:
        made = bench.running("healthcheck")
        assert eventually(lambda: engine.probe(made, 8080, IMAGE).healthy is True)
        state = engine.inspect(made)
        assert state
        assert state.health == "healthy"

    def test_what_does_not_listen_is_not_healthy_yet(self, engine: Engine, bench: Bench) -> None:
        made = bench.running("unhealthy")
        for probe in (HTTP, TCP):
            result = engine.probe(made, 8080, probe)
            assert result.healthy is None, result
            assert result.text
            assert result.milliseconds > 0
        assert engine.probe(made, 8080, IMAGE).healthy is False

    def test_what_ended_is_unhealthy_and_says_with_which_code(self, engine: Engine, bench: Bench) -> None:
        made = bench.running("crashing")

        def code() -> int | None:
            state = engine.inspect(made)
            return state.exit_code if state else None

        assert eventually(lambda: code() == 3)
        engine.stop(made, 1)
        state = engine.inspect(made)
        assert state
        assert state.ended
        result = engine.probe(made, 8080, TCP)
        assert result.healthy is False
        assert "code" in result.text
        assert eventually(lambda: engine.probe(made, 8080, RUNNING).healthy is False)

    def test_a_probe_must_be_decided(self, engine: Engine, bench: Bench) -> None:
        with pytest.raises(EngineError):
            engine.probe(bench.running(), 8080, Probe(kind=HealthKind.AUTO))

    def test_a_port_in_use_is_told(self, world: World, engine: Engine, bench: Bench) -> None:
        spec = bench.spec()
        made = engine.create(spec)
        with world.occupy(spec.publish), pytest.raises(EngineError) as error:
            engine.start(made)
        assert error.value.code == "port_taken"

    def test_a_port_of_another_instance_is_told(self, engine: Engine, bench: Bench) -> None:
        state = engine.inspect(bench.running())
        assert state
        made = engine.create(bench.spec(publish=state.published))
        with pytest.raises(EngineError) as error:
            engine.start(made)
        assert error.value.code == "port_taken"
        engine.remove(made)

    def test_it_stops_restarts_and_goes(self, engine: Engine, bench: Bench) -> None:
        made = bench.running()
        engine.stop(made, 5)
        engine.stop(made, 5)
        state = engine.inspect(made)
        assert state
        assert state.status == "exited"
        assert state.exit_code is not None
        engine.restart(made, 5)
        again = engine.inspect(made)
        assert again
        assert again.running
        engine.remove(made)
        engine.remove(made)
        assert engine.inspect(made) is None

    def test_what_is_gone_can_be_stopped_and_removed_but_not_started(self, engine: Engine, bench: Bench) -> None:
        made = engine.create(bench.spec())
        engine.remove(made)
        engine.stop(made, 1)
        engine.remove(made)
        assert engine.inspect(made) is None
        assert engine.probe(made, 8080, TCP).healthy is False
        for ask in (lambda: engine.start(made), lambda: engine.restart(made, 1), lambda: engine.logs(made).__enter__()):
            with pytest.raises(EngineError) as error:
                ask()
            assert error.value.code == "gone"

    def test_all_that_carry_the_labels_are_found_newest_first(self, engine: Engine, bench: Bench) -> None:
        first, second = engine.create(bench.spec()), bench.running()
        assert [state.id for state in engine.find(bench.labels)] == [second, first]
        assert [state.id for state in engine.find({**bench.labels, INSTANCE_LABEL: "a1"})] == [first]
        assert engine.find({HOME_LABEL: "another"}) == ()


class TestStats:
    def test_what_an_instance_uses_is_counted_from_its_start_on(self, engine: Engine, bench: Bench) -> None:
        made = bench.running()
        first = engine.stats(made)
        assert first
        assert first.cpu is not None
        assert first.memory
        assert abs(first.at - time.time()) < 5
        assert eventually(lambda: engine.probe(made, 8080, HTTP).healthy is True)
        later = engine.stats(made)
        assert later
        assert later.at > first.at
        assert (later.cpu or 0) >= first.cpu
        assert eventually(lambda: traffic(engine, made) > (first.received or 0))

    def test_asking_of_many_at_once_takes_no_longer_than_of_one(self, engine: Engine, bench: Bench) -> None:
        made = [bench.running() for _ in range(4)] * 2
        began = time.monotonic()
        assert all(map_parallel(8, engine.stats, made))
        assert time.monotonic() - began < 2.5  # Docker's own percentage takes it two seconds for each

    def test_what_does_not_run_uses_nothing_that_could_be_told(self, engine: Engine, bench: Bench) -> None:
        created = engine.create(bench.spec())
        assert engine.stats(created) is None
        stopped = bench.running()
        engine.stop(stopped, 0)
        assert engine.stats(stopped) is None
        engine.remove(stopped)
        assert engine.stats(stopped) is None


def traffic(engine: Engine, made: str) -> int:
    """Bytes that an instance received and sent."""
    usage = engine.stats(made)
    assert usage
    return (usage.received or 0) + (usage.sent or 0)
