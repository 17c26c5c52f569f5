"""What a person may do to an instance: start, stop, restart, remove, read its log."""

from __future__ import annotations

from dataclasses import dataclass, replace

from forge.deploy.adapters import Adapters
from forge.deploy.prune import Pruner
from forge.deploy.reconcile import Reconciler
from forge.domain.errors import Conflict
from forge.domain.instance import Instance, InstanceStatus
from forge.ports import Engine, LogLine
from forge.store.store import Store

_STOP_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class InstanceService:
    """Each call raises NotFound, Conflict while a deploy of the stage is under way, or Unavailable."""

    store: Store
    adapters: Adapters
    pruner: Pruner
    reconciler: Reconciler

    def start(self, instance: str, *, actor: str) -> Instance:
        found, engine, container = self._there(instance)
        engine.start(container)
        return self._wanted(found, actor, wanted=True)

    def stop(self, instance: str, *, actor: str) -> Instance:
        """It stays stopped, also across restarts of the machine, until a person starts it or a deploy replaces it."""
        found, engine, container = self._ready(instance)
        self.reconciler.lead_past(found)  # other replicas answer before it ends
        engine.stop(container, self._stop_timeout(found))
        return self._wanted(found, actor, wanted=False)

    def restart(self, instance: str, *, actor: str) -> Instance:
        found, engine, container = self._there(instance)
        engine.restart(container, self._stop_timeout(found))
        return self._wanted(found, actor, wanted=True)

    def remove(self, instance: str, *, actor: str) -> None:
        """Stop it and take away its container and its route."""
        found = self._free(instance)
        self.pruner.remove(found, self._stop_timeout(found), actor)

    def logs(self, instance: str, tail: int) -> list[LogLine]:
        """The newest `tail` lines, oldest first; raise Conflict if it has no container any more."""
        engine, container = self.reach(self.store.instances.get(instance))
        with engine.logs(container, tail=tail) as lines:
            return list(lines)

    def reach(self, instance: Instance) -> tuple[Engine, str]:
        """The engine, and its id of the instance's container."""
        if instance.container is None or instance.status is InstanceStatus.REMOVED:
            raise Conflict(f"Instance {instance.id} was removed: it has no container", code="removed")
        return self.adapters.engine(instance.engine), instance.container

    def _ready(self, instance: str) -> tuple[Instance, Engine, str]:
        found = self._free(instance)
        return found, *self.reach(found)

    def _there(self, instance: str) -> tuple[Instance, Engine, str]:
        """The same; raise Conflict if somebody else removed its container."""
        found, engine, container = self._ready(instance)
        if engine.inspect(container) is None:
            raise Conflict(
                f"Instance {found.id} is missing, there is nothing to start: deploy it again", code="missing"
            )
        return found, engine, container

    def _free(self, instance: str) -> Instance:
        found = self.store.instances.get(instance)
        for deploy in self.store.deploys.under_way():
            if instance in self.store.instances.in_hand([deploy]):
                raise Conflict(
                    f"Deploy #{deploy.id} is at work on instance {instance}: wait for its end", code="under_way"
                )
        return found

    def _stop_timeout(self, instance: Instance) -> float:
        stages = {stage.name: stage for stage in self.store.projects.stages(instance.project)}
        return stages[instance.stage].stop_timeout if instance.stage in stages else _STOP_TIMEOUT

    def _wanted(self, instance: Instance, actor: str, *, wanted: bool) -> Instance:
        with self.store.database.change() as change:
            now = self.store.instances.get(instance.id)
            self.store.instances.put(change, replace(now, wanted=wanted), actor)
        self.reconciler.look(instance.id)
        return self.store.instances.get(instance.id)
