"""The pre-deploy command: run once from the new image, in a container of its own, before the new instance starts."""

from __future__ import annotations

from dataclasses import replace

from forge.deploy.candidate import wanted
from forge.deploy.health import Unhealthy
from forge.deploy.run import Run
from forge.domain.errors import EngineError
from forge.log import redact
from forge.ports import HOME_LABEL, INSTANCE_LABEL, ONCE_LABEL, InstanceState

_LOOK_EVERY = 0.5  # seconds


def run_pre_deploy(run: Run) -> str:
    """It has the environment, volumes, network and limits of the instance. A code other than 0 ends the deploy."""
    if not run.project.pre_deploy:
        return "not asked for"
    spec = wanted(run, 0)
    spec = replace(
        spec,
        name=f"{spec.name}-pre-deploy",
        labels={**spec.labels, ONCE_LABEL: "pre-deploy"},
        command=run.project.pre_deploy,
        once=True,
    )
    container = run.engine.create(spec)
    run.engine.start(container)
    state = _follow(run, container)
    if state.exit_code != 0:
        why = "it ran out of memory" if state.out_of_memory else f"it ended with {state.exit_code}"
        raise Unhealthy(f"The pre-deploy command failed: {why}")
    run.engine.remove(container)
    return f"“{' '.join(run.project.pre_deploy)[:80]}” ended well"


def remove_pre_deploy(run: Run) -> None:
    """By label. What the command did to a database is not taken back: nobody but its image knows how."""
    labels = {HOME_LABEL: run.home, INSTANCE_LABEL: run.deploy.instance or "", ONCE_LABEL: "pre-deploy"}
    for state in run.engine.find(labels):
        run.engine.remove(state.id)


def _follow(run: Run, container: str) -> InstanceState:
    """How it ended; what it writes goes into the deploy's log meanwhile."""
    end, told = run.monotonic() + run.project.pre_deploy_timeout, 0.0
    while True:
        state = run.engine.inspect(container)
        told = _tell(run, container, told)
        if state is None:
            raise EngineError("The container of the pre-deploy command is gone", code="gone")
        if state.status == "exited":
            return state
        if run.monotonic() >= end:
            raise Unhealthy(f"The pre-deploy command did not end within {run.project.pre_deploy_timeout:.0f} s")
        run.wait(_LOOK_EVERY)


def _tell(run: Run, container: str, after: float) -> float:
    """Log what was written after `after` (unix seconds); when the last of it was."""
    with run.engine.logs(container, since=after) as lines:
        new = [line for line in lines if line.at > after]
    if not new:
        return after
    with run.store.database.change() as change:
        for line in new:
            run.store.deploys.log(change, run.deploy, redact(line.text), "output")
    return new[-1].at
