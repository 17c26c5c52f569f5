"""Adopting: a project and its stage made from a container that somebody else runs. Forge never removes that one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from forge.deploy.adapters import Adapters
from forge.deploy.adoption import Plan, can_be_named, looks_secret, make_plan
from forge.deploy.hostpaths import HostPaths, host_paths_of
from forge.deploy.projects import ProjectService
from forge.deploy.queue import Queue
from forge.deploy.quick import free_name, project_name
from forge.domain.deploy import Deploy
from forge.domain.errors import Conflict, Invalid, NotFound
from forge.domain.events import Event
from forge.domain.instance import InstanceStatus
from forge.domain.project import Health, Project, VolumeKind
from forge.domain.secret import Secret
from forge.domain.stage import Stage, Strategy, strategy_of
from forge.domain.stranger import Stranger, StrangerFacts
from forge.domain.tags import TagPattern
from forge.log import hide
from forge.store.adopted import Adopted
from forge.store.database import Change
from forge.store.store import Store

_STOP_TIMEOUT = 10.0
_FLEETING = (
    "{name} was started with --rm: Docker removes it as soon as it stops, and Forge removes nothing of others. "
    "Stop it yourself (docker stop {name}) when you do not need it any more"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person decided about a plan. `keep_port`: the stage publishes the port that the container has now.
    `share`: two may use its volumes at once. `secrets`: more variables to keep as secrets. `host_paths`: folders that
    may be used from now on. `stop_first`: the container may be stopped before Forge's instance starts.
    """

    name: str
    stage: str
    pattern: TagPattern
    port: int
    health: Health
    auto_deploy: bool = True
    keep_port: bool = False
    share: bool = False
    secrets: tuple[str, ...] = ()
    host_paths: tuple[str, ...] = ()
    stop_first: bool = False


@dataclass(frozen=True, slots=True)
class AdoptService:
    """Raises NotFound for what is no stranger, and EngineUnavailable."""

    store: Store
    adapters: Adapters
    projects: ProjectService
    queue: Queue
    wake: Callable[[], None]

    def strangers(self, engine: str) -> tuple[Stranger, ...]:
        """The engine's containers that no Forge made."""
        return self.adapters.engine(engine).strangers()

    def adopted(self, engine: str) -> dict[str, Adopted]:
        """By the container's id, what was made of it."""
        return {one.container: one for one in self.store.adopted.all() if one.engine == engine}

    def serves(self, adopted: Adopted) -> bool:
        """Whether an instance of Forge's runs in its place."""
        serving = self.store.instances.serving(adopted.project, adopted.stage)
        return any(instance.status is InstanceStatus.RUNNING for instance in serving)

    def plan(self, engine: str, id: str) -> Plan:
        """What Forge would take over."""
        return self._plan(engine, self._facts(engine, id))

    def adopt(self, engine: str, id: str, wish: Wish, *, actor: str) -> Deploy:
        """Make the project and deploy the same digest, all in one change. Raise Conflict if it cannot be adopted, was
        already, or must be stopped first and nobody said so; Invalid with the field at fault.
        """
        facts = self._facts(engine, id)
        plan = self._plan(engine, facts)
        if plan.obstacle is not None:
            raise Conflict(plan.obstacle, code="not_adoptable")
        project, stage, secrets = self._made(engine, facts, plan, wish)
        strategy, reason = strategy_of(project, stage)
        stop_first = strategy is Strategy.IN_PLACE
        if stop_first and facts.stranger.running:
            _check_may_stop(facts, wish, reason)
        mark = Adopted(
            project=project.name, stage=stage.name, engine=engine, container=facts.stranger.id,
            name=facts.stranger.name, stop_first=stop_first and wish.stop_first,
        )  # fmt: skip
        with self.store.database.change() as change:
            self._check_first(mark)
            self._allow(change, [path for path in plan.host_paths if path in wish.host_paths], actor)
            self.projects.create_in(change, project, secrets, [(stage, {})], actor=actor)
            self.projects.check(project, [stage])
            self._tell(change, "container_adopted", mark, actor)
            queued = self.queue.add(change, stage, project, tag=plan.tag, digest=plan.digest, actor=actor)
        self.wake()
        return queued

    def stop_old(self, engine: str, id: str, *, actor: str) -> Adopted:
        """Stop a container once its stage serves; raise Conflict before. It stays, and can be started again."""
        facts = self._facts(engine, id)
        found = self.adopted(engine).get(facts.stranger.id)
        if found is None:
            raise Conflict("Forge stops only what it has adopted: adopt it first", code="not_adopted")
        if not self.serves(found):
            raise Conflict(
                f"Nothing of Forge's serves {found.project}/{found.stage} yet: the old one stays until then",
                code="nothing_serves",
            )
        if facts.fleeting:
            raise Conflict(_FLEETING.format(name=found.name), code="fleeting")
        self.adapters.engine(engine).stop(found.container, _STOP_TIMEOUT)
        stopped = replace(found, stopped=True)
        with self.store.database.change() as change:
            self._tell(change, "container_stopped", stopped, actor)
        return stopped

    # ---- parts

    def _facts(self, engine: str, id: str) -> StrangerFacts:
        facts = self.adapters.engine(engine).describe(id)
        if facts is None:
            raise NotFound(f"There is no container {id[:12]} to adopt: it is gone, or is Forge's", code="no_container")
        return facts

    def _plan(self, engine: str, facts: StrangerFacts) -> Plan:
        adapter = self.adapters.engine(engine)
        theirs = facts.stranger.name
        usual = theirs.removesuffix("-1") if facts.stranger.group else theirs  # Compose counts its containers
        name = free_name(self.store, project_name(usual))
        plan = make_plan(facts, adapter.image(facts.image_id), adapter.strangers(), name)
        folders = host_paths_of(self.store, engine, local=adapter.reach().local)
        wanted = [volume.source or "" for volume in plan.volumes if volume.kind is VolumeKind.HOST]
        return replace(plan, host_paths=tuple(path for path in wanted if not is_allowed(path, folders)))

    def _made(
        self, engine: str, facts: StrangerFacts, plan: Plan, wish: Wish
    ) -> tuple[Project, Stage, dict[str, Secret | None]]:
        plain, secrets = _environment(facts, wish.secrets)
        volumes = tuple(replace(volume, exclusive=volume.exclusive and not wish.share) for volume in plan.volumes)
        project = Project(
            name=wish.name,
            image=plan.image,
            port=wish.port,
            engine=engine,
            proxy="published" if wish.keep_port else self.store.preferences.get().default_proxy,
            health=wish.health,
            environment=plain,
            secrets=tuple(sorted(secrets)),
            volumes=volumes,
            limits=plan.limits,
            capabilities=plan.capabilities,
            networks=plan.networks,
            aliases=tuple(alias for alias in plan.aliases if alias != wish.name),
        )
        if wish.keep_port and plan.publish is None:
            raise Invalid("It publishes no port that could be kept", fields={"keep_port": "publishes none"})
        stage = Stage(
            project=wish.name,
            name=wish.stage,
            pattern=wish.pattern,
            auto_deploy=wish.auto_deploy,
            publish=plan.publish if wish.keep_port else None,
        )
        return project, stage, dict(secrets)

    def _check_first(self, mark: Adopted) -> None:
        already = self.adopted(mark.engine).get(mark.container)
        if already is not None:
            raise Conflict(f"It was adopted as {already.project}/{already.stage} already", code="adopted")

    def _allow(self, change: Change, paths: list[str], actor: str) -> None:
        before = self.store.preferences.get()
        if paths:
            self.store.preferences.put(change, replace(before, host_paths=(*before.host_paths, *paths)), actor)

    def _tell(self, change: Change, what: str, mark: Adopted, actor: str) -> None:
        self.store.adopted.keep(change, mark)
        payload = {"engine": mark.engine, "container": mark.container, "name": mark.name}
        change.emit(
            Event(
                type=what, payload=payload, at=change.now, project=mark.project, stage=mark.stage, actor=actor
            )
        )  # fmt: skip


def _check_may_stop(facts: StrangerFacts, wish: Wish, reason: str) -> None:
    name = facts.stranger.name
    if facts.fleeting:
        raise Conflict(
            f"{name} and Forge's instance cannot run at once ({reason}), and it cannot be stopped: it was started with "
            "--rm, so that Docker would remove it. Start it without --rm first",
            code="fleeting",
        )
    if not wish.stop_first:
        raise Conflict(
            f"{name} and Forge's instance cannot run at once ({reason}): say that it may be stopped",
            code="stop_first",
            fields={"stop_first": "must be said"},
        )


def is_allowed(path: str, folders: HostPaths) -> bool:
    """Whether an instance may have a host path as things are."""
    try:
        folders.lead(path)
    except Invalid:
        return False
    return True


def _environment(facts: StrangerFacts, more: tuple[str, ...]) -> tuple[dict[str, str], dict[str, Secret]]:
    """(plain, secret) variables. What looks secret cannot be made plain: its value would go out."""
    named = {name: value for name, value in facts.environment.items() if can_be_named(name)}
    secrets = {name: value for name, value in named.items() if name in more or looks_secret(name, value)}
    for value in secrets.values():
        hide(value)
    return {name: value.reveal() for name, value in named.items() if name not in secrets}, secrets
