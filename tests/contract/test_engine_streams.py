"""The Engine port's contract, second part: logs, events, and an engine that goes away."""

from __future__ import annotations

import time

import pytest

from forge.domain.errors import EngineUnavailable
from forge.ports import (
    HOME_LABEL,
    INSTANCE_LABEL,
    Engine,
    EngineEvent,
)
from tests.contract.engine_worlds import (
    TCP,
    Bench,
    Reading,
    World,
    eventually,
    read,
)


class TestLogs:
    def test_lines_come_in_order_with_their_stream(self, engine: Engine, bench: Bench) -> None:
        made = bench.running("unhealthy")
        assert eventually(lambda: len(read(engine, made)) == 3)
        lines = read(engine, made)
        out = [line.text for line in lines if line.stream == "out"]
        assert out[0].startswith("starting")
        assert out[1] == "waiting for a database that is not there"
        assert [line.text for line in lines if line.stream == "err"] == ["error: no database at db:5432"]
        assert abs(lines[0].at - time.time()) < 60
        assert [line.text for line in read(engine, made, tail=1)] == [lines[-1].text]
        assert read(engine, made, tail=0) == []
        assert read(engine, made, since=lines[-1].at + 1) == []

    def test_a_follower_gets_what_comes_and_ends_with_the_instance(self, engine: Engine, bench: Bench) -> None:
        made = engine.create(bench.spec())
        engine.start(made)
        follower = Reading(engine.logs(made, follow=True))
        assert eventually(lambda: len(follower.items) == 2)
        engine.stop(made, 5)
        follower.join()
        assert follower.error is None

    def test_a_follower_is_closed_from_another_thread(self, engine: Engine, bench: Bench) -> None:
        made = bench.running()
        follower = Reading(engine.logs(made, follow=True, tail=0))
        begin = time.monotonic()
        follower.leave()
        follower.join()
        assert time.monotonic() - begin < 1
        assert follower.error is None
        follower.leave()


class TestEvents:
    def test_what_happens_to_an_instance_is_told(self, engine: Engine, bench: Bench) -> None:
        spec = bench.spec()
        events = Reading(engine.events())
        made = engine.create(spec)
        engine.start(made)
        engine.stop(made, 5)
        engine.remove(made)

        def mine() -> list[EngineEvent]:
            return [event for event in events.items if event.labels.get(HOME_LABEL) == bench.home]

        assert eventually(lambda: any(event.action == "destroy" for event in mine()))
        actions = [event.action for event in mine()]
        assert [a for a in actions if a in {"create", "start", "die", "destroy"}] == [
            "create",
            "start",
            "die",
            "destroy",
        ]
        assert {event.id for event in mine()} == {made}
        assert mine()[0].labels[INSTANCE_LABEL] == spec.labels[INSTANCE_LABEL]
        assert next(event for event in mine() if event.action == "die").exit_code is not None
        assert abs(mine()[0].at - time.time()) < 60
        events.leave()
        events.join()
        assert events.error is None

    def test_health_is_told(self, engine: Engine, bench: Bench) -> None:
        events = Reading(engine.events())
        made = bench.running("healthcheck")
        assert eventually(
            lambda: engine.inspect(made) is not None and any(e.action == "health_status: healthy" for e in events.items)
        )
        events.leave()

    def test_what_happened_before_can_be_asked_for(self, engine: Engine, bench: Bench) -> None:
        begin = time.time()
        made = engine.create(bench.spec())
        events = Reading(engine.events(since=begin))
        assert eventually(lambda: any(e.id == made and e.action == "create" for e in events.items))
        events.leave()


class TestDockerGone:
    def test_everything_says_so_and_works_again_afterwards(self, world: World, engine: Engine, bench: Bench) -> None:
        spec = bench.spec()
        made = engine.create(spec)
        engine.start(made)
        events, more = Reading(engine.events()), Reading(engine.events())
        world.docker_down()
        try:
            for ask in (
                engine.version,
                engine.ping,
                lambda: engine.inspect(made),
                lambda: engine.find(bench.labels),
                lambda: engine.create(spec),
                lambda: engine.stop(made, 1),
                lambda: engine.remove(made),
                lambda: engine.probe(made, 8080, TCP),
                lambda: engine.events().__enter__(),
                lambda: engine.free_port(frozenset()),
            ):
                with pytest.raises(EngineUnavailable) as error:
                    ask()
                assert error.value.retry_after
            for reading in (events, more):
                reading.join()
                assert isinstance(reading.error, EngineUnavailable)
        finally:
            world.docker_up()
        assert engine.version()
        assert engine.inspect(made)
        engine.remove(made)

    def test_closing_ends_what_is_open(self, engine: Engine, bench: Bench) -> None:
        readings = [Reading(engine.events()), Reading(engine.logs(bench.running(), follow=True))]
        engine.close()
        for reading in readings:
            reading.join()
            assert reading.error is None
