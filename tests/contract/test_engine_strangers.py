"""The Engine port's contract about containers that are not Forge's, held by the fake and by Docker alike."""

from __future__ import annotations

import pytest

from forge.domain.errors import EngineError
from forge.domain.project import Limits, Volume, VolumeKind
from forge.ports import HOME_LABEL, Engine
from tests.contract.engine_worlds import STRANGE, Bench, World


def external(name: str) -> Volume:
    return Volume(kind=VolumeKind.EXTERNAL, path="/data", source=name)


class TestStrangers:
    def test_what_forge_made_is_no_stranger(self, world: World, engine: Engine, bench: Bench) -> None:
        own = bench.running()
        world.stranger(f"theirs-{bench.home}")
        names = {one.name for one in engine.strangers()}
        assert f"theirs-{bench.home}" in names
        assert not any(bench.home in name and name.startswith("shop-") for name in names)
        assert engine.describe(own) is None

    def test_a_stranger_is_listed_with_what_a_person_knows_it_by(
        self, world: World, engine: Engine, bench: Bench
    ) -> None:
        made = world.settled(f"old-{bench.home}")
        (found,) = [one for one in engine.strangers() if one.id == made]
        assert (found.name, found.running) == (f"old-{bench.home}", True)
        assert found.ports == STRANGE.ports
        assert found.networks == (f"old-{bench.home}-net",)
        assert found.created > 0

    def test_all_that_can_be_taken_over_is_described(self, world: World, engine: Engine, bench: Bench) -> None:
        name = f"old-{bench.home}"
        facts = engine.describe(world.settled(name))
        assert facts
        assert {variable: value.reveal() for variable, value in facts.environment.items()} == {"COLOUR": "green"}
        volume = Volume(kind=VolumeKind.EXTERNAL, path="/data", source=f"{name}-data", exclusive=True)
        assert facts.volumes == (volume,)
        assert facts.limits == Limits(memory=64 << 20, cpus=0.5)
        assert (facts.aliases, facts.restart) == (("kin",), "always")
        assert facts.stranger.ports == STRANGE.ports
        assert [one.what for one in facts.beyond] == ["user"]

    def test_its_image_is_found_by_its_id(self, world: World, engine: Engine, bench: Bench) -> None:
        facts = engine.describe(world.settled(f"old-{bench.home}"))
        assert facts
        image = engine.image(facts.image_id)
        assert image
        assert image.id == facts.image_id
        assert image.digests

    def test_what_is_gone_is_nobody(self, engine: Engine) -> None:
        assert engine.describe("0" * 64) is None


class TestVolumesFromBefore:
    def test_one_is_used_as_it_is_and_stays(self, world: World, engine: Engine, bench: Bench) -> None:
        name = f"theirs-{bench.home}"
        world.strange_volume(name)
        made = bench.running(volumes=(external(name),))
        engine.remove(made)
        engine.remove_volume(name)
        assert name in world.strange_volumes()

    def test_one_that_is_gone_is_not_made_up(self, world: World, engine: Engine, bench: Bench) -> None:
        with pytest.raises(EngineError) as error:
            engine.create(bench.spec(volumes=(external(f"gone-{bench.home}"),)))
        assert error.value.code == "no_volume"
        assert f"gone-{bench.home}" not in world.strange_volumes()

    def test_one_of_forges_own_is_not_given_to_another_stage(self, world: World, engine: Engine, bench: Bench) -> None:
        name = f"data-{bench.home}"
        engine.create(bench.spec(volumes=(Volume(kind=VolumeKind.NAMED, path="/data", source=name),)))
        assert name in engine.volumes({HOME_LABEL: bench.home})
        with pytest.raises(EngineError) as error:
            engine.create(bench.spec(volumes=(external(name),)))
        assert error.value.code == "name_taken"


class TestNetworksFromBefore:
    def test_they_are_joined_beside_its_own_and_once_is_enough(
        self, world: World, engine: Engine, bench: Bench
    ) -> None:
        theirs = f"theirs-{bench.home}"
        world.strange_network(theirs)
        spec = bench.spec(network=f"net-{bench.home}", networks=(theirs,))
        made = engine.create(spec)
        assert engine.create(spec) == made
        engine.start(made)
        assert theirs in world.networks_of(spec.name)
        engine.remove(made)
        engine.remove_network(theirs)
        assert theirs not in engine.networks({HOME_LABEL: ""})

    def test_one_that_is_gone_is_told(self, engine: Engine, bench: Bench) -> None:
        with pytest.raises(EngineError) as error:
            engine.create(bench.spec(networks=(f"gone-{bench.home}",)))
        assert error.value.code == "no_network"
