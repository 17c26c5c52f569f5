"""What was asked of an engine and what it made; and the names by which instances find one another: fake and Docker."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from forge.domain.errors import EngineError
from forge.domain.project import Limits, Volume, VolumeKind
from forge.domain.secret import Secret
from forge.ports import HOME_LABEL, Engine
from tests.contract.engine_worlds import HTTP, Bench, World, eventually, read


class TestAsAsked:
    def test_what_was_made_as_asked_has_no_differences(self, engine: Engine, bench: Bench) -> None:
        volumes = (Volume(kind=VolumeKind.TMPFS, path="/fast"), Volume(kind=VolumeKind.INSTANCE, path="/own"))
        spec = bench.spec(
            network=f"net-{bench.home}", volumes=volumes, limits=Limits(memory=64 << 20, cpus=0.5, pids=50),
            environment={"A": "b=c", "SECRET": Secret("p1anted")},
        )  # fmt: skip
        made = engine.create(spec)
        engine.start(made)
        assert engine.differences(made, spec) == ()
        other = replace(spec, environment={"A": "b=c", "SECRET": Secret("p1anted-too")}, limits=Limits(memory=32 << 20))
        said = engine.differences(made, other)
        assert len(said) == 2
        assert "p1anted" not in "".join(said)
        engine.remove(made)
        with pytest.raises(EngineError) as error:
            engine.differences(made, spec)
        assert error.value.code == "gone"

    def test_what_runs_once_ends_and_stays_ended(self, engine: Engine, bench: Bench) -> None:
        spec = bench.spec(command=("migrate",), once=True, publish=0)
        made = engine.create(spec)
        engine.start(made)

        def ended() -> bool:
            state = engine.inspect(made)
            return state is not None and state.status == "exited"

        assert eventually(ended)
        state = engine.inspect(made)
        assert state
        assert (state.exit_code, state.restarts, state.published) == (0, 0, None)
        assert any("migrat" in line.text for line in read(engine, made))


class TestNames:
    def test_a_name_leads_to_who_joined_and_to_nobody_else(self, world: World, engine: Engine, bench: Bench) -> None:
        network, names = f"net-{bench.home}", f"net-{bench.home}.names"
        old, new = bench.running(network=network), bench.running(network=network)
        assert world.led_to("shop", names) == set()
        for _ in range(2):
            engine.join(old, names, ("shop", "store"), bench.labels)
        assert world.led_to("shop", names) == world.led_to("store", names) == {old}
        engine.join(new, names, ("shop",), bench.labels)
        assert world.led_to("shop", names) == {old, new}
        engine.stop(old, 1)
        assert world.led_to("shop", names) == {new}
        engine.start(old)
        for _ in range(2):
            engine.leave(new, names)
        assert world.led_to("shop", names) == {old}
        assert engine.networks({HOME_LABEL: bench.home}) == (network, names)
        engine.remove_network(names)
        assert names in engine.networks({HOME_LABEL: bench.home}), "it is in use"
        for made in (old, new):
            engine.remove(made)
            engine.leave(made, names)
        engine.remove_network(names)
        assert engine.networks({HOME_LABEL: bench.home}) == (network,)

    def test_joining_disturbs_nobody_who_asks_it(self, engine: Engine, bench: Bench) -> None:
        made = bench.running(network=f"net-{bench.home}")
        assert eventually(lambda: engine.probe(made, 8080, HTTP).healthy is True)
        joining = threading.Thread(target=engine.join, args=(made, f"n-{bench.home}", ("shop",), bench.labels))
        joining.start()
        answers = []
        while joining.is_alive():
            answers.append(engine.probe(made, 8080, HTTP).healthy)
        joining.join()
        assert all(answers)
        assert engine.probe(made, 8080, HTTP).healthy is True

    def test_who_is_gone_cannot_join(self, engine: Engine, bench: Bench) -> None:
        made = engine.create(bench.spec())
        engine.remove(made)
        with pytest.raises(EngineError) as error:
            engine.join(made, f"n-{bench.home}", ("shop",), bench.labels)
        assert error.value.code == "gone"
