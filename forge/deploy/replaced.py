"""The steps that stop what a deploy replaces, which may be on another engine than the new one, and start it again."""

from __future__ import annotations

from forge.deploy.adopted import start_adopted_again, stop_adopted
from forge.deploy.health import answers
from forge.deploy.run import Run
from forge.deploy.steps import said
from forge.domain.errors import EngineError, EngineUnavailable
from forge.domain.instance import Instance
from forge.ports import Engine

_OLD_IS_BACK = 30.0  # seconds the old instance has to answer again when it is started again


def drain_and_stop_old(run: Run) -> str:
    old = run.replaced()
    if not old:
        return "nothing to stop"
    if any(one.container is not None for one in old):
        run.wait(run.stage.drain)
    return "; ".join(stop_replaced(run, one) for one in old)


def stop_old(run: Run) -> str:
    old = run.replaced()
    if not old:
        return stop_adopted(run)
    return f"{'; '.join(stop_replaced(run, one) for one in old)}: it cannot run beside the new one"


def start_old_again(run: Run) -> None:
    old = run.replaced()
    if not old:
        start_adopted_again(run)
    down = [one for one in [one for one in old if _started(run, one)] if not _is_up(run, one)]
    if down:
        raise EngineError(f"{said(down)} was started again and did not stay up: see its log", code="old_is_down")


def _started(run: Run, old: Instance) -> bool:
    """Whether it had to be: what somebody stopped or removed is left so."""
    engine = run.engine_of(old)
    if not old.wanted or old.container is None or engine.inspect(old.container) is None:
        return False
    engine.start(old.container)
    return True


def _is_up(run: Run, old: Instance) -> bool:
    engine, container = run.engine_of(old), old.container or ""
    _wait_for_old(run, engine, container)
    state = engine.inspect(container)
    return state is not None and state.running


def _wait_for_old(run: Run, engine: Engine, container: str) -> None:
    """Until it answers, so that the route leads to something that serves; what it says then decides nothing more."""
    probe = answers(run.project.health)
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
