"""The container that a stage was adopted from, as the stage's first deploy in place meets it."""

from __future__ import annotations

from dataclasses import replace

from forge.deploy.run import Run
from forge.domain.errors import EngineError
from forge.store.adopted import Adopted


def stop_adopted(run: Run) -> str:
    """Stop it, if it cannot run beside Forge's instance and somebody said that it may be stopped."""
    old = run.store.adopted.get(run.project.name, run.stage.name)
    state = run.engine.inspect(old.container) if old else None
    if old is None or not old.stop_first:
        return "nothing to stop"
    running = state is not None and state.running
    _keep(run, old, stopped=running)  # before it is: a Forge that is killed here must start it again
    if not running:
        return f"{old.name}, which it was adopted from, does not run"
    run.engine.stop(old.container, run.stage.stop_timeout)
    return f"{old.name}, which it was adopted from, stopped: it cannot run beside the new one"


def start_adopted_again(run: Run) -> None:
    """Only what `stop_adopted` stopped, and is still there."""
    old = run.store.adopted.get(run.project.name, run.stage.name)
    if old is None or not (old.stop_first and old.stopped) or run.engine.inspect(old.container) is None:
        return
    run.engine.start(old.container)
    state = run.engine.inspect(old.container)
    if state is None or not state.running:
        raise EngineError(f"{old.name} was started again and did not stay up: see its log", code="old_is_down")
    _keep(run, old, stopped=False)


def _keep(run: Run, old: Adopted, *, stopped: bool) -> None:
    with run.store.database.change() as change:
        run.store.adopted.keep(change, replace(old, stopped=stopped))
