"""Looking at all tags of a repository: which are worth asking for, and which of several new ones is the newest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from forge.domain.errors import RegistryError
from forge.domain.image import Image, is_tag, parse_image
from forge.domain.project import Project
from forge.domain.sighting import Sighting
from forge.domain.stage import Stage
from forge.domain.tags import PatternKind, newest_first
from forge.pool import map_parallel
from forge.ports import Registry
from forge.watch.sightings import Answer, Outcome, SightingService, Source

MOST_HEADS = 100  # for one repository and sweep


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A stage before a sweep. `tags` match its pattern. `latest`: what was seen of each tag last. `first`: nobody
    has looked at its tags yet. `names`: tags noted by name only. `serving`: tags that serve.
    """

    project: Project
    stage: Stage
    tags: frozenset[str]
    latest: Mapping[str, Sighting]
    first: bool
    names: frozenset[str]
    serving: frozenset[str]

    @property
    def key(self) -> tuple[str, str]:
        return self.project.name, self.stage.name

    @property
    def new(self) -> frozenset[str]:
        """Tags that nobody has seen or noted."""
        return self.tags - self.latest.keys() - self.names

    def changed(self, digests: Mapping[str, str]) -> list[str]:
        """The tags that mean something else than when they were seen last."""
        return [tag for tag in digests if tag in self.tags and self._last(tag) != digests[tag]]

    def _last(self, tag: str) -> str | None:
        seen = self.latest.get(tag)
        return seen.digest if seen else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What a sweep did: tags listed, tags asked for, and what was decided."""

    tags: int
    asked: int
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Sweeper:
    """One for a Forge."""

    service: SightingService

    def sweep(self, asked: Source, image: Image, source: str, *, turn: int = 0) -> Swept:
        """List the tags of `image`'s repository, ask for at most 100 of them, and decide what has changed.

        `turn` counts the sweeps: tags that there is no room for have theirs in a later one. A repository that is
        not there is an empty one. Raise RegistryError, RegistryUnavailable.
        """
        listed = _tags(asked.registry, image.repository)
        self.service.check()
        views = self._views(asked, listed)
        tags = choose(views, turn)
        answers = self._ask(asked, image, tags)
        digests = {tag: answer.digest for tag, answer in answers.items() if answer.digest is not None}
        changed, newest = self._changed(asked.registry, image, views, digests)
        self.service.check()
        outcomes: list[Outcome] = []
        for tag in changed:
            outcomes += self.service.settle(asked, replace(image, tag=tag), answers[tag], source, newest)
        self._note(views, tags)
        return Swept(tags=len({tag for view in views for tag in view.tags}), asked=len(tags), outcomes=tuple(outcomes))

    def _views(self, asked: Source, tags: Iterable[str]) -> list[View]:
        """Inactive projects and stages that only take what is promoted have nothing to see in the registry."""
        store, listed = self.service.store, list(tags)
        views = []
        for project in asked.projects:
            for stage in store.projects.stages(project.name) if project.active else ():
                if stage.promote_from is None:
                    matches = stage.pattern.matcher()
                    views.append(self._view(project, stage, frozenset(filter(matches, listed))))
        return views

    def _view(self, project: Project, stage: Stage, tags: frozenset[str]) -> View:
        store = self.service.store
        first = not store.projects.noted(project.name, stage.name)
        return View(
            project=project,
            stage=stage,
            tags=tags,
            latest=store.sightings.latest(project.name, stage.name),
            first=first,
            names=frozenset() if first else self.service.facts.noted_names(stage),
            serving=frozenset(serving.tag for serving in store.instances.serving(project.name, stage.name)),
        )

    def _ask(self, asked: Source, image: Image, tags: list[str]) -> dict[str, Answer]:
        def ask(tag: str) -> Answer:
            return self.service.ask(asked.registry, replace(image, tag=tag))

        return dict(zip(tags, map_parallel(asked.connection.parallel, ask, tags), strict=True))

    def _changed(
        self, registry: Registry, image: Image, views: list[View], digests: Mapping[str, str]
    ) -> tuple[list[str], dict[tuple[str, str], str]]:
        """The tags to decide, and for each stage that runs one the newest of several.

        When an image was made is asked for only if that decides.
        """
        changed = {view.key: view.changed(digests) for view in views}
        rivals = [view for view in views if _has_rivals(view, changed[view.key])]
        by_time = {
            tag for view in rivals if view.stage.pattern.kind is not PatternKind.SEMVER for tag in changed[view.key]
        }
        created = {tag: _created(registry, image.repository, digests[tag]) for tag in sorted(by_time)}
        newest = {view.key: newest_first(view.stage.pattern, changed[view.key], created)[0] for view in rivals}
        return list(dict.fromkeys(tag for tags in changed.values() for tag in tags)), newest

    def _note(self, views: list[View], asked: Iterable[str]) -> None:
        """The first look is done; tags that were not asked for are noted by name."""
        seen = frozenset(asked)
        facts, projects = self.service.facts, self.service.store.projects
        for view in views:
            names = (view.names & view.tags) - seen | (view.new - seen)
            if view.first or names != view.names:
                with self.service.store.database.change() as change:
                    facts.note_names(change, view.stage, names)
                    projects.note(change, *view.key)


def choose(views: list[View], turn: int) -> list[str]:
    """The tags to ask for, at most 100: new ones, then those that serve or were seen last, then the rest in turn."""
    new: dict[str, None] = {}
    known: dict[str, None] = {}
    rest: set[str] = set()
    for view in views:
        new |= dict.fromkeys(newest_first(view.stage.pattern, view.new, {}))
        latest = max(view.latest.values(), key=lambda seen: seen.id, default=None)
        shown = {latest.tag, *view.serving} if latest else view.serving
        known |= dict.fromkeys(sorted(shown & view.tags))
        rest |= view.tags
    first = list(new | known)[:MOST_HEADS]
    others = sorted(rest - set(first))
    room = min(MOST_HEADS - len(first), len(others))
    start = turn * room % len(others) if others else 0
    return first + [*others, *others][start : start + room]


def _has_rivals(view: View, changed: list[str]) -> bool:
    return len(changed) > 1 and view.stage.max_instances == 1 and view.stage.auto_deploy and not view.first


def _tags(registry: Registry, repository: str) -> list[str]:
    try:
        return [tag for tag in registry.tags(repository) if is_tag(tag)]
    except RegistryError as error:
        if error.code == "no_repository":
            return []
        raise


def _created(registry: Registry, repository: str, digest: str) -> float:
    """Unknown is oldest, as domain.tags has it."""
    try:
        return registry.created(repository, digest) or 0.0
    except RegistryError:
        return 0.0


def sources(service: SightingService, image: Image) -> list[tuple[Source, Image]]:
    """Where a whole repository that `image` names can be swept: by the name that its projects know it by."""
    name, projects = service.facts.watchers(image)
    return [(source, parse_image(name)) for source in service.sources(projects)]
