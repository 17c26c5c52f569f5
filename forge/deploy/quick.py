"""Quick deploy: an image in; its port, health and stage found out; running."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from forge.deploy.adapters import Adapters
from forge.deploy.projects import ProjectService
from forge.deploy.requests import Requests
from forge.deploy.spec import aliases_of
from forge.domain import semver
from forge.domain.deploy import Deploy
from forge.domain.errors import Invalid, NotFound
from forge.domain.image import parse_image
from forge.domain.names import dns_label
from forge.domain.project import Health, HealthKind, Project
from forge.domain.secret import Secret
from forge.domain.stage import Stage
from forge.domain.tags import PatternKind, TagPattern
from forge.ports import ImageFacts
from forge.store.store import Store

_FAMILIES = {
    "dev": ("dev", "develop", "development", "main", "master", "edge", "nightly", "snapshot", "feature"),
    "rel": ("rel", "release", "rc", "staging", "beta", "test", "next"),
    "prod": ("prod", "production", "live", "stable", "latest"),
}
# What an image may say of itself in its labels.
_PORT_LABEL, _HEALTH_LABEL = "forge.port", "forge.health"
_USUAL_PORT = 8080


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """What Forge would make of an image; `why` explains each guess as a sentence."""

    image: str
    tag: str
    digest: str
    name: str
    port: int
    health: Health
    stage: str
    pattern: TagPattern
    why: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class QuickDeploy:
    """Inspection reads the image's configuration at the registry: no engine, no pull."""

    store: Store
    adapters: Adapters
    projects: ProjectService
    requests: Requests

    def inspect(self, image: str) -> Suggestion:
        """Look at an image; raise Invalid, NotFound, RegistryError or RegistryUnavailable."""
        wanted = parse_image(image)
        tag = wanted.tag or "latest"
        _, registry = self.adapters.registry_for(wanted)
        digest = wanted.digest or registry.digest(wanted.repository, tag)
        if digest is None:
            raise NotFound(f"{wanted.name} has no tag {tag}: check the name, or whether it was pushed", code="no_tag")
        facts = registry.inspect(wanted.repository, digest)
        port, port_why = _port(facts)
        health, health_why = _health(facts)
        stage, pattern, stage_why = suggest_stage(tag)
        return Suggestion(
            image=wanted.name, tag=tag, digest=digest, name=self._free_name(wanted.repository), port=port,
            health=health, stage=stage, pattern=pattern, why=(port_why, health_why, stage_why), labels=facts.labels,
        )  # fmt: skip

    def create(self, suggestion: Suggestion, *, active: bool, actor: str) -> tuple[Project, Stage]:
        """Make the project and its stage; nothing is deployed."""
        project = Project(
            name=suggestion.name,
            image=suggestion.image,
            port=suggestion.port,
            health=suggestion.health,
            proxy=self.store.preferences.get().default_proxy,
            active=active,
        )
        stage = Stage(project=project.name, name=suggestion.stage, pattern=suggestion.pattern)
        self.projects.create(project, {}, [(stage, {})], actor=actor)
        return project, stage

    def deploy(
        self,
        image: str,
        *,
        name: str | None = None,
        stage: str | None = None,
        port: int | None = None,
        health: Health | None = None,
        environment: Mapping[str, str] | None = None,
        secrets: Mapping[str, Secret] | None = None,
        proxy: str | None = None,
        actor: str,
    ) -> Deploy:
        """Inspect, make the project and its stage with what was given instead of guessed, deploy.

        A project of that image is used as it is (the one of that name, if one is given), a stage of it too.
        """
        found = self.inspect(image)
        there = self.store.projects.by_image(found.image)
        wanted = Project(
            name=name or (there[0].name if there else found.name),
            image=found.image,
            port=port or found.port,
            health=health or found.health,
            environment=environment or {},
            secrets=tuple(secrets or {}),
            proxy=proxy or self.store.preferences.get().default_proxy,
        )
        place = Stage(project=wanted.name, name=stage or found.stage, pattern=found.pattern)
        self._make(wanted, place, secrets or {}, actor)
        digest = parse_image(image).digest
        if digest is not None:  # asked for by digest: its tag may mean something else
            return self.requests.deploy(wanted.name, place.name, digest=digest, actor=actor)
        return self.requests.deploy(wanted.name, place.name, tag=found.tag, actor=actor)

    def _make(self, project: Project, stage: Stage, secrets: Mapping[str, Secret], actor: str) -> None:
        existing = {other.name: other for other in self.store.projects.all()}.get(project.name)
        if existing is None:
            self.projects.create(project, secrets, [(stage, {})], actor=actor)
            return
        if existing.image != project.image:
            raise Invalid(
                f"Project {project.name} is of another image ({existing.image}): give this one another name",
                fields={"name": "taken by another image"},
            )
        if stage.name not in {other.name for other in self.store.projects.stages(project.name)}:
            self.projects.create_stage(stage, {}, actor=actor)

    def _free_name(self, repository: str) -> str:
        """The last part of the repository, made a name; the part before it in front where that is taken."""
        parts = [dns_label(part)[:19].strip("-") for part in repository.split("/")]
        parts = [part if part[0].isalpha() else f"p{part}"[:19].strip("-") for part in parts]
        taken = {name for project in self.store.projects.all() for name in aliases_of(project)}
        names = [parts[-1], "-".join(parts[-2:]), *(f"{parts[-1]}-{number}" for number in range(2, 100))]
        return next(name for name in names if name not in taken)


def suggest_stage(tag: str) -> tuple[str, TagPattern, str]:
    """(stage, pattern, why) for a tag: `dev-12` → dev, `dev-*`; `1.4.2` → prod, any version; `latest` → prod."""
    if semver.parse_version(tag) is not None:
        return "prod", TagPattern(PatternKind.SEMVER, "*"), f"{tag} is a version: every version goes to prod"
    head = re.split(r"[-._0-9]", tag.lower(), maxsplit=1)[0]
    stage = next((stage for stage, words in _FAMILIES.items() if head in words), "dev")
    found = re.fullmatch(r"(.*?[-._])[^-._]+", tag)
    if found and tag != head:
        return stage, TagPattern(PatternKind.GLOB, f"{found[1]}*"), f"tags like {tag} go to {stage}"
    return stage, TagPattern(PatternKind.GLOB, tag), f"{tag} goes to {stage} whenever it is pushed again"


def _port(facts: ImageFacts) -> tuple[int, str]:
    label = facts.labels.get(_PORT_LABEL, "")
    if re.fullmatch(r"[0-9]{1,5}", label) and 1 <= int(label) <= 65535:
        return int(label), f"port {label}: its label {_PORT_LABEL} says so"
    if facts.ports:
        return facts.ports[0], f"port {facts.ports[0]}: the image exposes it"
    return _USUAL_PORT, f"port {_USUAL_PORT}: a guess, the image exposes none"


def _health(facts: ImageFacts) -> tuple[Health, str]:
    path = facts.labels.get(_HEALTH_LABEL)
    if path:
        with suppress(Invalid):  # nonsense in a stranger's label is no reason to refuse the image
            return Health(kind=HealthKind.HTTP, path=path), f"health: its label {_HEALTH_LABEL} names {path}"
    if facts.health_check is not None:
        return Health(kind=HealthKind.IMAGE), "health: the image's own HEALTHCHECK"
    return Health(), "health: the port accepts connections, as the image has no HEALTHCHECK"
