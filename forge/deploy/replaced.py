"""The steps that stop what a deploy replaces, which may be on another engine than the new one, and start it again."""

from __future__ import annotations

from forge.deploy.adopted import start_adopted_again, stop_adopted
from forge.deploy.run import Run
from forge.domain.errors import EngineError, EngineUnavailable
from forge.domain.instance import Instance
from forge.domain.project import HealthKind
from forge.ports import Engine, Probe

_OLD_IS_BACK = 30.0  # seconds the old instance has to answer again when it is started again


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


def stop_replaced(run: Run, old: Instance) -> str:
    """Stop it. An engine that a project has left may be gone for good: what is there is removed once it is back."""
    if old.container is None:
        return "nothing to stop"
    try:
        run.engine_of(old).stop(old.container, run.stage.stop_timeout)
    except EngineUnavailable:
        if old.engine == run.project.engine:
            raise
        run.say(f"{old.tag} ({old.id}) is removed when the engine {old.engine} answers again", "warning")
        return f"{old.tag} ({old.id}) is on {old.engine}, which does not answer"
    return f"{old.tag} ({old.id}) stopped"
