"""What a step of a deploy is, and those at the pipeline's two ends: finding what is to be, and going live.

A step reads what it needs from the run and the store, and finds things on the engine by label, so
that it can be taken back by a Forge that was started after the one that took it. `do` returns a
sentence for the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from forge.deploy.run import Run
from forge.deploy.spec import domain_of, slot_of
from forge.domain.connection import ProxyConnection
from forge.domain.deploy import DeployStatus
from forge.domain.errors import Conflict, EngineError, NotFound
from forge.domain.image import parse_image
from forge.domain.instance import Instance, InstanceStatus
from forge.domain.replicas import check_replicas
from forge.domain.route import Route, Target
from forge.domain.stage import strategy_of


def nothing(_: Run) -> None:
    """There is nothing to take back."""


@dataclass(frozen=True, slots=True)
class Step:
    """A named part of a deploy. `do` makes it so and says what it found; `undo` takes it back, also half done.
    `replica`: which of several instances it is about.
    """

    name: str
    do: Callable[[Run], str]
    undo: Callable[[Run], None] = nothing
    replica: int = 1

    def of(self, replica: int, replicas: int) -> Step:
        """The same for one of several instances: `create 2 of 3`."""
        return replace(self, name=f"{self.name} {replica} of {replicas}", replica=replica)


# ---- resolve, pull, note


def resolve_digest(run: Run) -> str:
    if run.deploy.digest:
        return f"{run.deploy.tag} is {run.deploy.digest[:19]}, as asked for"
    repository = parse_image(run.project.image).repository
    digest = run.registry.digest(repository, run.deploy.tag)
    if digest is None:
        raise NotFound(f"{run.project.image} has no tag {run.deploy.tag}", code="no_tag")
    run.keep(digest=digest)
    return f"{run.deploy.tag} is {digest[:19]}"


def pull(run: Run) -> str:
    image = parse_image(run.project.image).pinned(run.deploy.digest)
    run.image = run.engine.image(image)
    if run.image is not None:
        return "already there"
    _check_disk(run)
    try:
        run.engine.pull(image, run.registry.login(), run.progress, run.cancelled)
    except EngineError:
        run.check()  # the engine only knows that it was stopped, not why
        raise
    return f"{run.tell_layers()} layers"


def _check_disk(run: Run) -> None:
    free, floor = run.engine.free_disk(), run.store.preferences.get().free_disk
    if free is not None and free < floor:
        raise EngineError(
            f"Only {free >> 20} MiB are free where images are kept, {floor >> 20} MiB is the floor: "
            "remove what is not needed, or lower the setting free_disk",
            code="disk_full",
        )


def note_what_serves(run: Run) -> str:
    check_replicas(run.project, run.stage, run.store.connections.get(ProxyConnection, run.project.proxy).kind)
    slot = slot_of(run.stage, run.deploy.tag)
    old = [one for one in run.store.instances.serving(run.project.name, run.stage.name) if one.slot == slot]
    made = [_instance(run, slot, number) for number in range(1, run.stage.replicas + 1)]
    noted = replace(run.deploy, instance=made[0].id, replaces=old[0].id if old else None)
    with run.store.database.change() as change:  # at once: an instance nobody has in hand would be pruned
        for instance in made:
            _check_domain(run, instance)
            run.store.instances.put(change, instance)
        run.store.deploys.save(change, noted)
    run.deploy = noted
    if not old:
        return "nothing serves yet"
    run.say(_how(run))
    return f"{said(old)} serves"


def said(instances: Sequence[Instance]) -> str:
    """`v1 (a1b2c3)`, of several `v1 (a1b2c3, d4e5f6)`."""
    return f"{instances[0].tag} ({', '.join(one.id for one in instances)})"


def _instance(run: Run, slot: str, number: int) -> Instance:
    made, proxy = run.new_id(), run.proxy
    name = f"{run.project.name}-{run.stage.name}" + (f"-{number}" if run.stage.replicas > 1 else "")
    return Instance(
        id=made, project=run.project.name, stage=run.stage.name, slot=slot, replica=number, deploy=run.deploy.id,
        tag=run.deploy.tag, digest=run.deploy.digest, engine=run.project.engine, name=f"forge-{name}-{made}",
        domain=domain_of(run.project, run.stage, slot, run.store.preferences.get()) if proxy is not None else None,
        created=run.store.database.clock(),
    )  # fmt: skip


def _how(run: Run) -> str:
    """How the new one takes over, and why; what is rolled back to may have been set up otherwise then."""
    strategy, why = strategy_of(run.project, run.stage)
    own = strategy is run.deploy.strategy
    return f"{run.deploy.strategy.said}: {why if own else 'as the project is set up now'}"


def _check_domain(run: Run, candidate: Instance) -> None:
    """Raise Conflict if an instance elsewhere has the domain, or is about to: who comes second must not take it."""
    place = candidate.project, candidate.stage, candidate.slot
    in_hand = {deploy.instance for deploy in run.store.deploys.under_way()}
    for other in run.store.instances.present():
        has_it = candidate.domain is not None and other.domain == candidate.domain
        elsewhere = (other.project, other.stage, other.slot) != place
        if has_it and elsewhere and (other.serving or other.id in in_hand):
            raise Conflict(
                f"{candidate.domain} already leads to {other.project}/{other.stage} ({other.tag}): "
                "give one of them another domain pattern",
                code="domain_taken",
            )


def prepare_route(run: Run) -> str:
    """What the proxy needs before it can send people anywhere: a certificate, say, which may take minutes."""
    instance = run.candidate()
    if run.proxy is None or instance.domain is None:
        return "no proxy"
    route = Route(instance.domain, (Target("127.0.0.1", run.project.port),), run.project.route)
    return run.proxy.prepare(route) or "nothing is needed"


def forget_candidate(run: Run) -> None:
    for instance in run.candidates():
        run.put(replace(instance, status=InstanceStatus.REMOVED, serving=False, wanted=False))


# ---- the end


def go_live(run: Run) -> str:
    """One transaction: the new ones serve, the old ones do not, the deploy succeeded."""
    made, old = run.candidates(), run.replaced()
    with run.store.database.change() as change:
        for instance in old:
            stopped = replace(instance, serving=False, wanted=False, status=InstanceStatus.STOPPED)
            run.store.instances.put(change, stopped)
        for instance in made:
            run.store.instances.put(change, replace(instance, serving=True, status=InstanceStatus.RUNNING))
        live = run.deploy.to(DeployStatus.SUCCEEDED, ended=change.now)
        run.store.deploys.save(change, live)
        run.store.deploys.release(change, run.project.name, run.stage.name, run.deploy.digest)
    run.deploy = live  # not before the commit: what could not be written down is taken back
    return f"{said(made)} serves {run.stage.key}"
