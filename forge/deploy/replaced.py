"""Stopping the instance that a deploy replaces, which may be on another engine than the new one."""

from __future__ import annotations

from forge.deploy.run import Run
from forge.domain.errors import EngineUnavailable
from forge.domain.instance import Instance


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
