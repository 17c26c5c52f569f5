"""The poller: asks each registry in its turn which tags there are and what they mean."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from forge.clock import steady
from forge.deploy.parts import Health
from forge.deploy.restored import is_pending
from forge.domain.connection import ConnectionKind, RegistryConnection
from forge.domain.errors import ForgeError, NotFound, Unavailable
from forge.domain.image import parse_image
from forge.domain.project import Project
from forge.pool import Pool
from forge.store.database import StoreUnavailable
from forge.watch.facts import POLLER
from forge.watch.flights import Stopped
from forge.watch.schedule import Schedule, Wanted
from forge.watch.sightings import SightingService, Source
from forge.watch.sweep import Sweeper

_log = logging.getLogger(__name__)
ANONYMOUS = "anonymous"  # as deploy.adapters names registries that nobody told Forge about
TICK = 2.0  # seconds: how soon changed connections, new projects and held sightings are seen
_ROUNDS = 4  # registries polled at the same time


@dataclass(frozen=True, slots=True, kw_only=True)
class PollReport:
    """What one round found. `heads`: requests for a digest. `fresh`: tags that meant something new, per stage.
    `troubles`: repository → sentence.
    """

    registry: str
    repositories: int
    tags: int
    heads: int
    fresh: int
    troubles: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PollStatus:
    """A registry as the poller sees it. Times are unix seconds; `next` None: never, or under way now. `text` says
    what is wrong, "" if nothing.
    """

    registry: str
    host: str
    repositories: int
    last: float | None
    next: float | None
    healthy: bool
    failures: int
    text: str


@dataclass(frozen=True, slots=True)
class _Round:
    """All that is asked of one registry: one source per image."""

    registry: str
    host: str
    sources: dict[str, Source]


@dataclass(slots=True)
class Poller:
    """One for a Forge. `health` is told when a registry is away or back. `submit` has a round done beside; None: a
    few threads of its own.
    """

    service: SightingService
    health: Health | None = None
    clock: Callable[[], float] = steady
    chance: Callable[[], float] = random.random
    submit: Callable[[Callable[[], None]], None] | None = None
    _health: Health = field(init=False)
    _schedule: Schedule = field(init=False)
    _sweeper: Sweeper = field(init=False)
    _pool: Pool | None = None
    _rounds: dict[str, _Round] = field(default_factory=dict)
    _guard: threading.RLock = field(default_factory=threading.RLock)  # the schedule and the rounds
    _busy: dict[str, threading.Lock] = field(default_factory=dict)
    _closing: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __post_init__(self) -> None:
        self._health = self.health or Health(self.service.store)
        self._schedule = Schedule(self.chance)
        self._sweeper = Sweeper(self.service)
        if self.submit is None:
            self._pool = Pool(_ROUNDS, "poll")
            self.submit = self._pool.submit

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="poller", daemon=True)
        self._thread.start()

    def close(self, timeout: float = 1) -> None:
        """End soon: a round under way ends after the request it waits for, and decides nothing more."""
        self._closing.set()
        self.service.stop()
        if self._thread is not None:
            self._thread.join(timeout)
        if self._pool is not None:
            self._pool.close(timeout)

    def _run(self) -> None:
        while not self._closing.is_set():
            following = self.clock() + TICK
            try:
                following = self.tick(self.clock())
            except ForgeError as error:
                _log.warning("the poller goes on after: %s", error.message)
            except Exception:  # noqa: BLE001 one mistake may not end the watching of everything
                _log.exception("the poller goes on")
            self._closing.wait(min(max(following - self.clock(), 0.05), TICK))

    def tick(self, now: float) -> float:
        """Decide held sightings that are due, see what has changed, begin the rounds that are due.

        Returns when the next turn is (unix seconds), at most a tick away.
        """
        if is_pending(self.service.store):
            return now + TICK / 2  # what serves is not known yet
        self._decide_due(self.service.clock())  # windows are on the wall's clock
        self._plan(now)
        with self._guard:
            begun = self._schedule.begin(now)
        for key in begun:
            self._begin(key)
        with self._guard:
            following = self._schedule.next()
        return min(now + TICK, following if following is not None else now + TICK)

    def _decide_due(self, now: float) -> None:
        try:
            self.service.decide_due(now)
        except ForgeError as error:
            _log.warning("held sightings could not be decided: %s", error.message)

    def poll_now(self, registry: str) -> PollReport:
        """Poll a registry at once, whatever its interval: by its name, or its host if it is anonymous.

        Raise NotFound if no project is watched there, and what the registry says if all of it is in trouble.
        """
        self._plan(self.clock())
        return self._poll(registry)

    def status(self) -> list[PollStatus]:
        """Every registry that is polled, by name."""
        with self._guard:
            found = [(self._rounds[key], turn) for key, turn in self._schedule.turns.items() if key in self._rounds]
            return sorted(
                (
                    PollStatus(
                        registry=each.registry,
                        host=each.host,
                        repositories=len(each.sources),
                        last=turn.last,
                        next=None if turn.under_way or not turn.interval else turn.due,
                        healthy=not turn.failures,
                        failures=turn.failures,
                        text=turn.text,
                    )
                    for each, turn in found
                ),
                key=lambda status: (status.registry, status.host),
            )

    # ---- what is to be polled

    def _plan(self, now: float) -> None:
        """Group all active projects by registry and image."""
        rounds: dict[str, _Round] = {}
        by_image: dict[str, list[Project]] = {}
        for project in self.service.store.projects.all():
            if project.active:
                by_image.setdefault(project.image, []).append(project)
        for image, projects in by_image.items():
            for source in self._sources(projects):
                connection = source.connection
                name = _name(connection)
                rounds.setdefault(name, _Round(name, connection.host, {})).sources[image] = source
        with self._guard:
            gone = set(self._rounds) - set(rounds)
            self._rounds = rounds
            self._schedule.plan(now, {key: _wanted(found) for key, found in rounds.items()})
        self._retire(set(rounds), gone)

    def _retire(self, used: set[str], gone: set[str]) -> None:
        """Registries without a turn. Those that nobody named are looked for each time: a round that was under way may
        have told of one since. A named one may be asked by a person, who wants to see the answer.
        """
        unused = [part for part in self._health.parts() if part.kind == "registry" and part.name not in used]
        if unused:
            named = set(self.service.store.connections.names(ConnectionKind.REGISTRY))
            for part in unused:
                if part.name in gone or part.name not in named:
                    self._health.retire(part.kind, part.name)

    def _sources(self, projects: list[Project]) -> list[Source]:
        try:
            return self.service.sources(projects)
        except ForgeError as error:
            _log.warning("%s cannot be polled: %s", projects[0].image, error.message)
            return []

    # ---- a round

    def _begin(self, key: str) -> None:
        def work() -> None:
            if self._closing.is_set():
                return
            try:
                self._poll(key)
            except ForgeError as error:
                _log.warning("polling %s: %s", key, error.message)
            finally:
                with self._guard:
                    self._schedule.ended(key)

        if self.submit is not None:
            self.submit(work)

    def _poll(self, key: str) -> PollReport:
        """One round at a time per registry. Raise what the registry says, after it was noted; StoreUnavailable."""
        with self._guard:
            lock = self._busy.setdefault(key, threading.Lock())
        with lock:
            with self._guard:
                found, turn = self._rounds.get(key), self._schedule.turns.get(key)
                rounds = turn.rounds if turn else 0
            if found is None:
                raise NotFound(f"No active project takes its image from registry {key}", code="nothing_watched")
            try:
                report = self._sweep(found, rounds)
                self.service.check()
            except (Stopped, StoreUnavailable):
                raise  # no word about the registry: it is Forge that cannot go on
            except ForgeError as error:
                self._failed(key, found, error)
                raise
            self._went_well(key, found)
            return report

    def _sweep(self, found: _Round, turn: int) -> PollReport:
        """A registry that is away ends the round; what is wrong with one repository does not, unless it is all."""
        tags = heads = fresh = 0
        troubles: dict[str, ForgeError] = {}
        for image, source in found.sources.items():
            try:
                swept = self._sweeper.sweep(source, parse_image(image), POLLER, turn=turn)
            except (Unavailable, Stopped):
                raise
            except ForgeError as error:
                troubles[image] = error
                continue
            tags, heads = tags + swept.tags, heads + swept.asked
            fresh += sum(outcome.fresh for outcome in swept.outcomes)
        if troubles and len(troubles) == len(found.sources):
            raise next(iter(troubles.values()))
        return PollReport(
            registry=found.registry,
            repositories=len(found.sources),
            tags=tags,
            heads=heads,
            fresh=fresh,
            troubles={image: error.message for image, error in troubles.items()},
        )

    def _went_well(self, key: str, found: _Round) -> None:
        with self._guard:
            self._schedule.went_well(key, self.clock())
        self._health.tell("registry", found.registry, None)

    def _failed(self, key: str, found: _Round, error: ForgeError) -> None:
        retry_after = error.retry_after if isinstance(error, Unavailable) else None
        with self._guard:
            self._schedule.failed(key, self.clock(), error.message, retry_after)
        self._health.tell("registry", found.registry, error.message)


def _name(connection: RegistryConnection) -> str:
    """What a registry is called: an anonymous one after its host."""
    return connection.name if connection.name != ANONYMOUS else connection.host


def _wanted(found: _Round) -> Wanted:
    source = next(iter(found.sources.values()))
    return Wanted(
        interval=source.connection.interval,
        images=frozenset(found.sources),
        asked=(source.connection, id(source.registry)),
    )
