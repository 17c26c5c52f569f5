"""From a project, a stage and a digest to what is wanted of a container; pure but for where host paths lead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from forge.deploy.hostpaths import HostPaths
from forge.domain.image import parse_image
from forge.domain.instance import Instance
from forge.domain.names import domain_name
from forge.domain.preferences import Preferences
from forge.domain.project import Project, Volume, VolumeKind
from forge.domain.route import Reach
from forge.domain.secret import Secret
from forge.domain.stage import Stage
from forge.ports import (
    DEPLOY_LABEL,
    HOME_LABEL,
    INSTANCE_LABEL,
    PROJECT_LABEL,
    STAGE_LABEL,
    InstanceSpec,
)


def slot_of(stage: Stage, tag: str) -> str:
    """Which of a stage's places a tag takes: the only one, or its own."""
    return "" if stage.max_instances == 1 else tag


def domain_of(project: Project, stage: Stage, slot: str, preferences: Preferences) -> str:
    """Where people reach an instance: from the stage's pattern, else the settings'."""
    values = {"stage": stage.name, "project": project.name, "domain": project.domain or preferences.domain}
    return domain_name(stage.domain or preferences.domain_pattern, values, tag=slot or None)


def network_of(home: str, stage: str) -> str:
    """The network that the instances of one stage name share."""
    return f"forge-{home}-{stage}"


def names_of(home: str, stage: str) -> str:
    """The network whose names lead to what serves, so that `http://shop` in dev is shop/dev and no candidate of it.

    A network of its own, because Docker gives a container its names on a network when it joins, once.
    """
    return f"forge-{home}-{stage}.names"


def aliases_of(project: Project) -> tuple[str, ...]:
    """The names that lead to an instance of `project` within its stage's network."""
    return project.name, *project.aliases


def labels_of(home: str, instance: Instance) -> dict[str, str]:
    """What marks a container as Forge's, and as this instance."""
    return {
        HOME_LABEL: home,
        PROJECT_LABEL: instance.project,
        STAGE_LABEL: instance.stage,
        INSTANCE_LABEL: instance.id,
        DEPLOY_LABEL: str(instance.deploy),
    }


def spec_of(
    project: Project,
    stage: Stage,
    instance: Instance,
    *,
    home: str,
    secrets: Mapping[str, Secret],
    publish: int,
    reach: Reach,
    links: Mapping[str, str],
    host_paths: HostPaths,
    seen_as: str | None = None,
) -> InstanceSpec:
    """All that is wanted of the instance's container; raise Invalid for a host path that is not allowed.

    `seen_as`: this machine's address as the proxy sees it, if that is not 127.0.0.1.
    """
    return InstanceSpec(
        name=instance.name,
        image=parse_image(project.image).pinned(instance.digest),
        port=project.port,
        publish=publish,
        publish_host=reach.listen if stage.publish is None else reach.chosen,
        publish_also=(seen_as,) if seen_as is not None and stage.publish is None else (),
        labels={**project.labels, **labels_of(home, instance)},
        environment={**project.environment, **stage.environment, **secrets},
        network=network_of(home, stage.name),
        links=links,
        networks=project.networks,
        volumes=tuple(_volume(v, project, stage, home, host_paths) for v in project.volumes),
        limits=project.limits,
        capabilities=project.capabilities,
        stop_timeout=stage.stop_timeout,
    )


def _volume(volume: Volume, project: Project, stage: Stage, home: str, host_paths: HostPaths) -> Volume:
    if volume.kind is VolumeKind.NAMED:
        return replace(volume, source=volume_name(home, project.name, stage.name, volume.source or ""))
    if volume.kind is VolumeKind.HOST:
        return replace(volume, source=host_paths.lead(volume.source or ""))
    return volume


def volume_name(home: str, project: str, stage: str, name: str) -> str:
    """The engine's name for a named volume of a stage."""
    return f"forge-{home}-{project}-{stage}-{name}"
