"""What only one stage may have: a domain, a published port, its volumes, a name that the others of its stage know."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from forge.deploy.spec import aliases_of, domain_of, volume_name
from forge.domain.errors import Conflict
from forge.domain.preferences import Preferences
from forge.domain.project import Project, VolumeKind
from forge.domain.stage import Stage

Place = tuple[Project, Stage]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """`what` is claimed, by the setting `field`; two claims with one `key` cannot be."""

    key: tuple[object, ...]
    what: str
    field: str
    code: str = "domain_taken"


def check_claims(wanted: Iterable[Place], others: Iterable[Place], preferences: Preferences) -> None:
    """Raise Conflict if a stage of `wanted` would have what another of them, or one of `others`, has."""
    _check(wanted, others, lambda project, stage: (*_domain(project, stage, preferences), *_own(project, stage)))


def check_domains(places: Iterable[Place], preferences: Preferences) -> None:
    """Raise Conflict if two stages would have one domain."""
    _check(places, (), lambda project, stage: _domain(project, stage, preferences))


def _check(
    wanted: Iterable[Place], others: Iterable[Place], claims: Callable[[Project, Stage], Iterable[Claim]]
) -> None:
    owners: dict[tuple[object, ...], str] = {}
    for project, stage in others:
        for claim in claims(project, stage):
            owners.setdefault(claim.key, stage.key)
    for project, stage in wanted:
        for claim in claims(project, stage):
            owner = owners.setdefault(claim.key, stage.key)
            if owner != stage.key:
                raise Conflict(
                    f"{claim.what} already belongs to {owner}: choose another for {stage.key}",
                    code=claim.code,
                    fields={claim.field: f"belongs to {owner}"},
                )


def _domain(project: Project, stage: Stage, preferences: Preferences) -> Iterator[Claim]:
    if project.proxy != "published":
        domain = domain_of(project, stage, "tag" if stage.max_instances > 1 else "", preferences)
        yield Claim(key=("domain", domain), what=domain, field="domain")


def _own(project: Project, stage: Stage) -> Iterator[Claim]:
    if stage.publish is not None:
        yield Claim(key=("port", stage.publish), what=str(stage.publish), field="publish")
    for volume in project.volumes:
        if volume.kind is VolumeKind.NAMED:  # shop-x/dev and shop/x-dev would have one, each by a name of its own
            name = volume_name("", project.name, stage.name, volume.source or "")
            yield Claim(
                key=("volume", project.engine, name), what=f"The volume {volume.source} by its whole name",
                field="volumes", code="volume_taken",
            )  # fmt: skip
    for name in aliases_of(project):
        yield Claim(
            key=("name", project.engine, stage.name, name.lower()),
            what=f"Among stages named {stage.name}, the name {name}",
            field="name" if name == project.name else "aliases",
            code="alias_taken",
        )
