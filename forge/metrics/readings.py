"""Reading what everything that runs has used, and what that makes since the reading before."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from forge.deploy.adapters import Adapters
from forge.deploy.parts import Health
from forge.domain.connection import EngineConnection
from forge.domain.errors import EngineError, ForgeError
from forge.domain.instance import Instance, InstanceStatus
from forge.domain.metrics import MACHINE, Sample, Usage, between
from forge.metrics.machine import Machine
from forge.pool import map_parallel
from forge.store.database import StoreUnavailable
from forge.store.store import Store

_log = logging.getLogger(__name__)
_AT_ONCE = 16  # Docker 20.10 answers at its next full second: the more are asked together, the sooner all is told
_RUN = frozenset({InstanceStatus.STARTING, InstanceStatus.RUNNING, InstanceStatus.UNHEALTHY})


@dataclass(slots=True)
class Readings:
    """For one thread. An engine that is known to be away is not asked: to find out when it is back is others' work.

    `versions`: of the engines that answered, by name.
    """

    store: Store
    adapters: Adapters
    health: Health
    machine: Machine
    versions: dict[str, str] = field(default_factory=dict)
    _before: dict[str, Usage] = field(default_factory=dict)

    def take(self) -> list[Sample]:
        """A sample of the machine and of each instance that ran at the reading before, too; raise StoreUnavailable."""
        at = self.store.database.clock()
        usages = {MACHINE: self.machine.usage(at), **self._instances()}
        found = [
            sample
            for subject, usage in usages.items()
            if subject in self._before and (sample := between(subject, self._before[subject], usage, at))
        ]
        self._before = usages
        return found

    def _instances(self) -> dict[str, Usage]:
        running = [one for one in self.store.instances.present() if one.status in _RUN and one.container is not None]
        away = {part.name for part in self.health.parts() if part.kind == "engine" and part.fault is not None}
        found: dict[str, Usage] = {}
        for connection in self.store.connections.all(EngineConnection):
            name = connection.name
            try:
                if name in away:
                    self.versions.pop(name, None)  # it may come back as another one
                else:
                    found |= self._engine(name, [one for one in running if one.engine == name])
            except StoreUnavailable:
                raise
            except ForgeError as error:
                self.versions.pop(name, None)
                _log.info("engine %s could not be measured: %s", name, error.message)
        return found

    def _engine(self, name: str, instances: list[Instance]) -> dict[str, Usage]:
        engine = self.adapters.engine(name)
        if name not in self.versions:
            self.versions[name] = engine.version().version

        def ask(instance: Instance) -> tuple[str, Usage | None]:
            try:
                return instance.id, engine.stats(instance.container or "")
            except EngineError as error:  # of this one alone
                _log.info("instance %s could not be measured: %s", instance.id, error.message)
                return instance.id, None

        return {one: usage for one, usage in map_parallel(_AT_ONCE, ask, instances) if usage is not None}
