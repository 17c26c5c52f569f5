"""Quick deploy: an image in; its port, health and stage found out; running."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from forge.deploy.adapters import Adapters
from forge.deploy.projects import ProjectService
from forge.deploy.queue import project_place
from forge.deploy.requests import Requests
from forge.deploy.spec import aliases_of
from forge.domain import semver
from forge.domain.deploy import Deploy
from forge.domain.errors import Conflict, Invalid, NotFound
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
_SET = {"port": "port=…", "health": "health.path=…", "proxy": "proxy=…"}  # on the command line


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
        port, port_why = suggest_port(facts)
        health, health_why = suggest_health(facts)
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
        """Inspect, make the project and its stage with what was given instead of guessed, deploy; all of it or nothing.

        A project of that image is used as it is (the one of that name, if one is given), a stage of it too. Raise
        Conflict where it is not as it was given here, or several could be meant.
        """
        found, secrets = self.inspect(image), secrets or {}
        there = self._there(found.image, name)
        if there is not None:
            self._check_same(there, {"port": port, "health": health, "proxy": proxy}, environment or {}, secrets)
        project = there or Project(
            name=name or found.name,
            image=found.image,
            port=port or found.port,
            health=health or found.health,
            environment=environment or {},
            secrets=tuple(secrets),
            proxy=proxy or self.store.preferences.get().default_proxy,
        )
        place = Stage(project=project.name, name=stage or found.stage, pattern=found.pattern)
        tag = None if parse_image(image).digest else found.tag  # asked for by digest: the tag may mean something else
        new = secrets if there is None else None
        return self._queue(project, place, new, tag=tag, digest=found.digest, actor=actor)

    def _queue(
        self,
        project: Project,
        stage: Stage,
        secrets: Mapping[str, Secret] | None,
        *,
        tag: str | None,
        digest: str,
        actor: str,
    ) -> Deploy:
        """Make what is missing and deploy to it, in one transaction; `secrets` None: the project is there."""
        its = {other.name: other for other in self.store.projects.stages(project.name)} if secrets is None else {}
        place = its.setdefault(stage.name, stage)
        self.projects.check(project, list(its.values()))
        self.requests.check_ready(project)
        with self.store.database.change() as change:
            if secrets is not None:
                self.projects.create_in(change, project, secrets, [(place, {})], actor=actor)
            elif place is stage:
                self.projects.create_stage_in(change, place, {}, actor=actor)
            queued = self.requests.add_in(change, project, place, tag=tag, digest=digest, actor=actor)
        self.requests.wake()
        return queued

    def _there(self, image: str, name: str | None) -> Project | None:
        """The project to use; None if one is to be made."""
        if name is None:
            alike = self.store.projects.by_image(image)
            if len(alike) > 1:
                names = ", ".join(project.name for project in alike)
                raise Conflict(
                    f"Several projects are of {image}: say which by its name ({names})",
                    code="several_projects",
                    fields={"name": f"one of {names}"},
                )
            return alike[0] if alike else None
        there = {other.name: other for other in self.store.projects.all()}.get(name)
        if there is not None and there.image != image:
            raise Invalid(
                f"Project {name} is of another image ({there.image}): give this one another name",
                fields={"name": "taken by another image"},
            )
        return there

    def _check_same(
        self,
        there: Project,
        given: Mapping[str, object],
        environment: Mapping[str, str],
        secrets: Mapping[str, Secret],
    ) -> None:
        """Raise Conflict, with the command that changes it, if a project is not as it was given here."""
        kept = self.store.secrets.get_all(project_place(there.name))
        other = {key: _SET[key] for key, value in given.items() if value not in {None, getattr(there, key)}}
        other |= {
            f"environment.{key}": f"environment.{key}=…"
            for key, value in environment.items()
            if there.environment.get(key) != value
        }
        other |= {f"secrets.{key}": f"--secret {key}" for key, value in secrets.items() if kept.get(key) != value}
        if other:
            raise Conflict(
                f"Project {there.name} is there already, with another {next(iter(other))}, and a quick deploy changes "
                f"no project: `forge project set {there.name} {' '.join(other.values())}` does; or give another name, "
                "to make a project beside it",
                code="project_differs",
                fields=dict.fromkeys(other, f"not what {there.name} has"),
            )

    def _free_name(self, repository: str) -> str:
        """The last part of the repository, made a name; the part before it in front where that is taken."""
        parts = [project_name(part)[:19].strip("-") for part in repository.split("/")]
        return free_name(self.store, parts[-1], "-".join(parts[-2:]))


def project_name(text: str) -> str:
    """`text` as a project's name: `2048_game` → `p2048-game`."""
    name = dns_label(text)
    return (name if name[0].isalpha() else f"p{name}")[:40].strip("-")


def free_name(store: Store, name: str, *others: str) -> str:
    """The first of the names by which no project is found; else the first one with a number."""
    taken = {alias for project in store.projects.all() for alias in aliases_of(project)}
    numbered = (f"{name[:36]}-{number}" for number in range(2, 1000))
    return next(one for one in (name, *others, *numbered) if one not in taken)


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


def suggest_port(facts: ImageFacts) -> tuple[int, str]:
    """(port, why) of an image."""
    label = facts.labels.get(_PORT_LABEL, "")
    if re.fullmatch(r"[0-9]{1,5}", label) and 1 <= int(label) <= 65535:
        return int(label), f"port {label}: its label {_PORT_LABEL} says so"
    if facts.ports:
        return facts.ports[0], f"port {facts.ports[0]}: the image exposes it"
    return _USUAL_PORT, f"port {_USUAL_PORT}: a guess, the image exposes none"


def suggest_health(facts: ImageFacts) -> tuple[Health, str]:
    """(health, why) of an image."""
    path = facts.labels.get(_HEALTH_LABEL)
    if path:
        with suppress(Invalid):  # nonsense in a stranger's label is no reason to refuse the image
            return Health(kind=HealthKind.HTTP, path=path), f"health: its label {_HEALTH_LABEL} names {path}"
    if facts.health_check is not None:
        return Health(kind=HealthKind.IMAGE), "health: the image's own HEALTHCHECK"
    return Health(), "health: the port accepts connections, as the image has no HEALTHCHECK"
