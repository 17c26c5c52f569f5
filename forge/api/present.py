"""Making what goes out of what is kept: a project with its stages, an instance with its address, a deploy in full."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from forge import typed
from forge.api.types import DeployView, InstanceView, ProjectView, StageView
from forge.deploy.spec import domain_of, slot_of
from forge.domain.deploy import Deploy
from forge.domain.errors import ForgeError
from forge.domain.instance import Instance
from forge.domain.preferences import Preferences
from forge.domain.project import Project
from forge.domain.route import Route
from forge.domain.stage import Stage, strategy_of
from forge.ports import LayerProgress

if TYPE_CHECKING:
    from forge.runtime import Runtime

V = TypeVar("V")
_HERE = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What stages are shown with, by (project, stage): asked for once, not for each of hundreds of stages."""

    present: Mapping[tuple[str, str], Sequence[Instance]]
    newest: Mapping[tuple[str, str], Deploy]
    preferences: Preferences


def project_views(runtime: Runtime, projects: Sequence[Project]) -> list[ProjectView]:
    """Projects with their stages, what runs there, and each stage's newest deploy."""
    stages, around = runtime.store.projects.all_stages(), _around(runtime)
    return [_project(runtime, project, stages.get(project.name, []), around) for project in projects]


def project_view(runtime: Runtime, project: Project) -> ProjectView:
    """One project with its stages."""
    stages = runtime.store.projects.stages(project.name)
    return _project(runtime, project, stages, _around(runtime, project.name))


def stage_view(runtime: Runtime, project: Project, stage: Stage, around: Around | None = None) -> StageView:
    """A stage with what runs there and its newest deploy; they are looked up if not given."""
    around, key = around or _around(runtime, stage.project), (stage.project, stage.name)
    strategy, why = strategy_of(project, stage)
    more = {
        "pattern": str(stage.pattern),
        "strategy": strategy,
        "strategy_reason": why,
        "address": address_of(project, stage, around.preferences),
        "instances": instance_views(runtime, project, around.present.get(key, ())),
        "last_deploy": around.newest.get(key),
    }
    return typed.convert({**msgspec.to_builtins(stage), **more}, StageView, from_attributes=True)


def address_of(project: Project, stage: Stage, preferences: Preferences) -> str | None:
    """The domain that a stage gets; None without a proxy, or where the settings' pattern makes no domain of it."""
    if project.proxy == "published":
        return None
    try:
        return domain_of(project, stage, slot_of(stage, "tag"), preferences)
    except ForgeError:  # said when it is changed or deployed
        return None


def instance_views(runtime: Runtime, project: Project, instances: Iterable[Instance]) -> list[InstanceView]:
    """A project's instances, with addresses."""
    return [_wider(InstanceView, instance, url=url_of(runtime, project, instance)) for instance in instances]


def instance_view(runtime: Runtime, instance: Instance) -> InstanceView:
    """An instance, with its address."""
    project = runtime.store.projects.get(instance.project)
    return _wider(InstanceView, instance, url=url_of(runtime, project, instance))


def url_of(runtime: Runtime, project: Project, instance: Instance) -> str | None:
    """Where a person reaches an instance; None while it does not serve."""
    if not instance.serving or instance.target is None:
        return None
    if instance.domain is None:
        here = instance.target.host == _HERE  # by another name than the board's, whose cookie is not for it then
        return f"http://{replace(instance.target, host='localhost') if here else instance.target}"
    try:
        return runtime.adapters.proxy(project.proxy).url(Route(instance.domain, (instance.target,), project.route))
    except ForgeError:  # the list of what runs is not to fail because of one proxy
        return None


def deploy_view(runtime: Runtime, deploy: Deploy, layers: Sequence[LayerProgress] = ()) -> DeployView:
    """A deploy with its journal, and why it went as it did."""
    store = runtime.store
    then = store.deploys.configuration(deploy.id)
    quarantine = store.deploys.quarantined(deploy.project, deploy.stage, deploy.digest)
    return _wider(
        DeployView,
        deploy,
        strategy_reason=strategy_of(then.project, then.stage)[1],
        replicas=then.stage.replicas,
        steps=store.deploys.steps(deploy.id),
        layers=list(layers),
        last_words=store.deploys.last_words(deploy.id),
        quarantine=quarantine.reason if quarantine else None,
    )


def _around(runtime: Runtime, project: str | None = None) -> Around:
    present: dict[tuple[str, str], list[Instance]] = {}
    for instance in runtime.store.instances.present(project):
        present.setdefault((instance.project, instance.stage), []).append(instance)
    newest = {(deploy.project, deploy.stage): deploy for deploy in runtime.store.deploys.newest(project)}
    return Around(present=present, newest=newest, preferences=runtime.store.preferences.get())


def _project(runtime: Runtime, project: Project, stages: Iterable[Stage], around: Around) -> ProjectView:
    views = [stage_view(runtime, project, stage, around) for stage in stages]
    return typed.convert({**msgspec.to_builtins(project), "stages": views}, ProjectView, from_attributes=True)


def _wider(type_: type[V], value: Any, **more: Any) -> V:
    """`value` as a type that has its fields, and more."""
    return type_(**{field.name: getattr(value, field.name) for field in fields(value)}, **more)
