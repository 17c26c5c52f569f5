"""The steps that make the candidate and prove it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from forge.deploy.health import Plan, plan, wait_until_healthy
from forge.deploy.hostpaths import host_paths_of
from forge.deploy.run import Run
from forge.deploy.spec import aliases_of, spec_of
from forge.deploy.starts import WAIT_UNTIL_HEALTHY
from forge.deploy.watching import watching
from forge.domain.connection import ProxyConnection
from forge.domain.errors import EngineError
from forge.domain.image import parse_image
from forge.domain.instance import InstanceStatus
from forge.domain.route import Target
from forge.ports import HOME_LABEL, INSTANCE_LABEL, InstanceSpec, InstanceState, ProbeResult

_PORT_TRIES = 5


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
    for state in found(run):
        run.engine.stop(state.id, min(run.stage.stop_timeout, 3))


def remove_candidate(run: Run) -> None:
    for state in found(run):
        run.engine.remove(state.id)


def found(run: Run) -> tuple[InstanceState, ...]:
    """Its container, by label, never by a noted id: creating may have worked and lost the answer."""
    if run.deploy.instance is None:
        return ()
    return run.engine.find({HOME_LABEL: run.home, INSTANCE_LABEL: run.candidate().id})


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
        wait=run.wait if run.replica == 1 else watching(run),
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
