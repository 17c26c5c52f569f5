"""What the tests of forge.metrics share: a Forge on fakes whose clock is turned by hand, and instances that run."""

from __future__ import annotations

from forge.domain.instance import InstanceStatus
from forge.metrics.machine import Machine
from tests.fake_engine import Behaviour
from tests.unit.storing import Clock, instance
from tests.world import World


class Measured(World):
    """`clock` is everybody's; the machine tells nothing of itself unless `proc` is there."""

    def __init__(self, folder):
        super().__init__(folder / "data")
        self.clock = Clock()
        self.engine._clock = self.engine._machine._clock = self.clock
        self.engine.known["stranger@sha256:0"] = Behaviour(cpu=0.25, memory=1000, traffic=10)
        self.sampler = self.forge.sampler
        self.sampler.clock = self.forge.store.database.clock = self.clock
        self.sampler.readings.machine = Machine(folder=folder, proc=folder / "proc")

    def run(self, id="a1b2c3", **more):
        """An instance of shop/dev whose container runs, unless another `status` is said."""
        container = self.engine.stranger(f"shop-dev-{id}")
        made = instance(id, **{"container": container, "status": InstanceStatus.RUNNING, **more})
        with self.forge.store.database.change() as change:
            return self.forge.store.instances.put(change, made)
