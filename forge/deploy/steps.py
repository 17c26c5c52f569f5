"""The steps of a deploy, each with how to take it back.

A step reads what it needs from the run and the store, and finds things on the engine by label, so
that it can be taken back by a Forge that was started after the one that took it. `do` returns a
sentence for the journal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from forge.deploy.adopted import start_adopted_again, stop_adopted
from forge.deploy.health import Plan, plan, wait_until_healthy
from forge.deploy.hostpaths import host_paths_of
from forge.deploy.replaced import stop_replaced
from forge.deploy.run import Run
from forge.deploy.spec import aliases_of, domain_of, labels_of, names_of, slot_of, spec_of
from forge.deploy.starts import WAIT_UNTIL_HEALTHY
from forge.domain.connection import ProxyConnection
from forge.domain.deploy import DeployStatus
from forge.domain.errors import Conflict, EngineError, NotFound
from forge.domain.image import parse_image
from forge.domain.instance import Instance, InstanceStatus
from forge.domain.project import HealthKind
from forge.domain.route import Route, Target
from forge.domain.stage import strategy_of
from forge.ports import HOME_LABEL, INSTANCE_LABEL, Engine, InstanceSpec, InstanceState, Probe, ProbeResult

_PORT_TRIES = 5
_OLD_IS_BACK = 30.0  # seconds the old instance has to answer again when it is started again


def nothing(_: Run) -> None:
    """There is nothing to take back."""


@dataclass(frozen=True, slots=True)
class Step:
    """A named part of a deploy. `do` makes it so and says what it found; `undo` takes it back, also half done."""

    name: str
    do: Callable[[Run], str]
    undo: Callable[[Run], None] = nothing


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
    slot = slot_of(run.stage, run.deploy.tag)
    serving = {instance.slot: instance for instance in run.store.instances.serving(run.project.name, run.stage.name)}
    old = serving.get(slot)
    domain = domain_of(run.project, run.stage, slot, run.store.preferences.get()) if run.proxy is not None else None
    instance = Instance(
        id=run.new_id(), project=run.project.name, stage=run.stage.name, slot=slot, deploy=run.deploy.id,
        tag=run.deploy.tag, digest=run.deploy.digest, engine=run.project.engine, name="", domain=domain,
        created=run.store.database.clock(),
    )  # fmt: skip
    instance = replace(instance, name=f"forge-{instance.project}-{instance.stage}-{instance.id}")
    noted = replace(run.deploy, instance=instance.id, replaces=old.id if old else None)
    with run.store.database.change() as change:  # at once: an instance nobody has in hand would be pruned
        _check_domain(run, instance)
        run.store.instances.put(change, instance)
        run.store.deploys.save(change, noted)
    run.deploy = noted
    if old is None:
        return "nothing serves yet"
    run.say(_how(run))
    return f"{old.tag} ({old.id}) serves"


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
    route = Route(instance.domain, Target("127.0.0.1", run.project.port), run.project.route)
    return run.proxy.prepare(route) or "nothing is needed"


def forget_candidate(run: Run) -> None:
    if run.deploy.instance is not None:
        run.put(replace(run.candidate(), status=InstanceStatus.REMOVED, serving=False, wanted=False))


# ---- the candidate


def create(run: Run) -> str:
    instance, port = run.candidate(), _port(run)
    spec, target = wanted(run, port), Target(run.engine.reach().host, port)
    run.put(replace(instance, container=run.engine.create(spec), target=target))
    return f"{spec.name}, at {target}"


def wanted(run: Run, port: int) -> InstanceSpec:
    """All that is wanted of the candidate's container, reached at `port` of the engine's machine."""
    reach = run.engine.reach()
    return spec_of(
        run.project,
        run.stage,
        run.candidate(),
        home=run.home,
        secrets=run.secrets,
        publish=port,
        reach=reach,
        links=_links(run),
        host_paths=host_paths_of(run.store, run.project.engine, local=reach.local),
        seen_as=run.store.connections.get(ProxyConnection, run.project.proxy).reach if reach.local else None,
    )


def _links(run: Run) -> dict[str, str]:
    """How the candidate finds what serves in its stage: the names' network it joins only once it is proven."""
    serving = [i for i in run.store.instances.present() if i.serving]
    peers = [i for i in serving if (i.stage, i.engine) == (run.stage.name, run.project.engine)]
    return {
        alias: peer.name
        for peer in sorted(peers, key=lambda peer: peer.created)
        for alias in aliases_of(run.store.deploys.configuration(peer.deploy).project)
    }


def _port(run: Run) -> int:
    if run.stage.publish is not None:
        return run.stage.publish
    return run.engine.free_port(frozenset(i.target.port for i in run.store.instances.present() if i.target))


def start(run: Run) -> str:
    for left in reversed(range(_PORT_TRIES)):
        try:
            run.engine.start(run.candidate().container or "")
        except EngineError as error:
            if error.code != "port_taken" or run.stage.publish is not None or not left:
                raise
            remove_candidate(run)  # somebody took the port between our look and the start
            create(run)
        else:
            return _as_asked(run)
    raise EngineError("No free port could be had", code="port_taken")


def _as_asked(run: Run) -> str:
    """An engine leaves out in silence what it cannot do: what runs is held against what was asked for."""
    candidate = run.candidate()
    if candidate.container is None or candidate.target is None:
        raise EngineError("The candidate is gone", code="gone")
    differences = run.engine.differences(candidate.container, wanted(run, candidate.target.port))
    if differences:
        raise EngineError(
            f"The engine did not make {candidate.name} as asked: {'; '.join(differences)}. "
            "Take that out of the project, or let the engine's machine be able to do it",
            code="not_as_asked",
        )
    return "started, and as it was asked for"


def stop_candidate(run: Run) -> None:
    for state in _candidates(run):
        run.engine.stop(state.id, min(run.stage.stop_timeout, 3))


def remove_candidate(run: Run) -> None:
    for state in _candidates(run):
        run.engine.remove(state.id)


def _candidates(run: Run) -> tuple[InstanceState, ...]:
    """By label, never by a noted id: creating may have worked and lost the answer."""
    if run.deploy.instance is None:
        return ()
    return run.engine.find({HOME_LABEL: run.home, INSTANCE_LABEL: run.deploy.instance})


def wait_healthy(run: Run) -> str:
    wanted = health_plan(run)
    run.say(wanted.why)
    if wanted.doubt:
        run.say(wanted.doubt, "warning")
    took = wait_until_healthy(
        run.engine,
        run.candidate().container or "",
        run.project.port,
        wanted,
        wait=run.wait,
        clock=run.monotonic,
        tell=tell_probe(run),
    )
    run.put(replace(run.candidate(), status=InstanceStatus.RUNNING))
    return f"healthy after {took:.1f} s"


def health_plan(run: Run) -> Plan:
    """What the candidate is asked, how long, and why."""
    image = run.image or run.engine.image(parse_image(run.project.image).pinned(run.deploy.digest))
    return plan(run.project.health, image, run.store.deploys.durations(run.project.name, WAIT_UNTIL_HEALTHY))


def tell_probe(run: Run) -> Callable[[ProbeResult], None]:
    """Each probe is kept with the deploy and told in its log."""
    return lambda result: run.probed(result.text, result.healthy)


# ---- the switch


def switch_route(run: Run) -> str:
    """People by the proxy, the other instances of the stage by its names: from now on they get the new one."""
    candidate = run.candidate()
    run.start_meter()
    run.engine.join(
        candidate.container or "",
        names_of(run.home, run.stage.name),
        aliases_of(run.project),
        labels_of(run.home, candidate),
    )
    route = run.route_to(candidate)
    if run.proxy is None or route is None:
        return f"no proxy: people reach it at {run.candidate().target}"
    if run.meter is not None:
        run.meter.order()
    run.proxy.point(route)
    return f"{route.domain} leads to {route.target}"


def switch_back(run: Run) -> None:
    """People first: the engine may take its time."""
    _route_back(run)
    for state in _candidates(run):
        run.engine.leave(state.id, names_of(run.home, run.stage.name))


def _route_back(run: Run) -> None:
    candidate = run.candidate() if run.deploy.instance else None
    if run.proxy is None or candidate is None or candidate.domain is None:
        return
    old = run.replaced()
    back = run.route_to(old) if old else None
    if back is None or back.domain != candidate.domain:
        run.proxy.remove(candidate.domain)
    if back is not None:
        run.proxy.point(back)


# ---- the old one


def drain_and_stop_old(run: Run) -> str:
    old = run.replaced()
    if old is None:
        return "nothing to stop"
    if old.container is not None:
        run.wait(run.stage.drain)
    return stop_replaced(run, old)


def stop_old(run: Run) -> str:
    old = run.replaced()
    if old is None:
        return stop_adopted(run)
    return f"{stop_replaced(run, old)}: it cannot run beside the new one"


def start_old_again(run: Run) -> None:
    old = run.replaced()
    if old is None:
        start_adopted_again(run)
        return
    engine = run.engine_of(old)
    if not old.wanted or old.container is None or engine.inspect(old.container) is None:
        return
    engine.start(old.container)
    _wait_for_old(run, engine, old.container)
    state = engine.inspect(old.container)
    if state is None or not state.running:
        raise EngineError(
            f"{old.tag} ({old.id}) was started again and did not stay up: see its log", code="old_is_down"
        )


def _wait_for_old(run: Run, engine: Engine, container: str) -> None:
    """Until it answers, so that the route leads to something that serves; what it says then decides nothing more."""
    health = run.project.health
    kind = HealthKind.HTTP if health.path else HealthKind.TCP
    if health.kind is HealthKind.RUNNING:
        kind = HealthKind.RUNNING
    probe = Probe(kind=kind, path=health.path)
    end = run.monotonic() + _OLD_IS_BACK
    while run.monotonic() < end and not engine.probe(container, run.project.port, probe).healthy:
        if run.closing.wait(0.2):
            return


# ---- the end


def go_live(run: Run) -> str:
    """One transaction: the new instance serves, the old one does not, the deploy succeeded."""
    candidate, old = run.candidate(), run.replaced()
    with run.store.database.change() as change:
        if old is not None:
            stopped = replace(old, serving=False, wanted=False, status=InstanceStatus.STOPPED)
            run.store.instances.put(change, stopped)
        run.store.instances.put(change, replace(candidate, serving=True, status=InstanceStatus.RUNNING))
        live = run.deploy.to(DeployStatus.SUCCEEDED, ended=change.now)
        run.store.deploys.save(change, live)
        run.store.deploys.release(change, run.project.name, run.stage.name, run.deploy.digest)
    run.deploy = live  # not before the commit: what could not be written down is taken back
    return f"{run.deploy.tag} ({candidate.id}) serves {run.stage.key}"
