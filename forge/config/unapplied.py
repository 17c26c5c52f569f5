"""What was changed since something went live: it has effect with the next deploy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from forge.config.difference import differences
from forge.config.shapes import PROJECT, STAGE
from forge.deploy.queue import Queue, environment_place
from forge.domain.instance import Instance
from forge.domain.project import Project
from forge.domain.secret import Secret
from forge.domain.stage import Stage
from forge.store.store import Store

# What an instance is made of; the rest has effect at once.
_OF_PROJECT = {name: form for name, form in PROJECT.items() if name not in {"registry", "active"}}
_OF_STAGE = {name: STAGE[name] for name in ("replicas", "environment", "domain", "publish", "stop_timeout")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unapplied:
    """`differences` between what `instance` runs with and what a deploy would make now, a line each."""

    stage: str
    instance: str
    deploy: int
    differences: tuple[str, ...]


def unapplied(store: Store, project: str) -> list[Unapplied]:
    """Of each instance of `project` that serves and would be made differently today. Secrets are named, not shown."""
    now = store.projects.get(project)
    return [
        Unapplied(stage=stage.name, instance=one.id, deploy=one.deploy, differences=lines)
        for stage in store.projects.stages(project)
        for one in store.instances.serving(project, stage.name)
        if (lines := _lines(store, one, now, stage))
    ]


def _lines(store: Store, instance: Instance, project: Project, stage: Stage) -> tuple[str, ...]:
    then = store.deploys.configuration(instance.deploy)
    return (
        *differences(then.project, project, _OF_PROJECT),
        *(f"{stage.name}: {line}" for line in differences(then.stage, stage, _OF_STAGE)),
        *_secrets(store, instance.deploy, Queue(store).environment(project, stage)),
    )


def _secrets(store: Store, deploy: int, now: Mapping[str, Secret]) -> list[str]:
    """By name: which are new, changed, gone; nothing where those of the deploy are past keeping."""
    if store.secrets.get(environment_place(deploy)) is None:
        return []
    was = store.secrets.get_bundle(environment_place(deploy))
    said = [f"secret {name} is {'changed' if name in was else 'new'}" for name in now if was.get(name) != now[name]]
    return said + [f"secret {name} is gone" for name in was if name not in now]
