"""Taking back: patience with parts that are away, and the last words of a failed candidate."""

from __future__ import annotations

import logging
from collections.abc import Callable

import msgspec

from forge.deploy.run import Interrupted, Run
from forge.deploy.steps import Step
from forge.domain.errors import EngineUnavailable, ForgeError, ProxyUnavailable
from forge.log import redact
from forge.ports import HOME_LABEL, INSTANCE_LABEL, InstanceState
from forge.store.database import StoreUnavailable

_log = logging.getLogger(__name__)
_LINES_KEPT = 200
_PAUSE = 1.0  # seconds between tries while a part is away
_LONGEST_PAUSE = 10.0
_PROXY_PATIENCE = 120.0  # seconds; the reconciler puts routes right when the proxy comes back later


def undo_step(run: Run, step: Step) -> str | None:
    """Undo `step`; the sentence of what went wrong, None if it is undone. Waits for an engine that is away.

    Raise Interrupted when Forge closes meanwhile, StoreUnavailable: nothing can be written down now.
    """
    try:
        _patiently(run, f"undo {step.name}", lambda: step.undo(run))
    except (Interrupted, StoreUnavailable):
        raise
    except ForgeError as error:
        return error.message
    except Exception as error:  # noqa: BLE001 the other steps must still be undone
        _log.exception("deploy #%d: undo of %s failed", run.deploy.id, step.name)
        return f"Internal error ({type(error).__name__}): see the log"
    else:
        return None


def _patiently(run: Run, what: str, act: Callable[[], None]) -> None:
    """`act`, again and again while the engine is away, or the proxy for a while."""
    pause, began = _PAUSE, run.monotonic()
    while True:
        try:
            return act()
        except (EngineUnavailable, ProxyUnavailable) as error:
            if isinstance(error, ProxyUnavailable) and run.monotonic() - began > _PROXY_PATIENCE:
                raise
            run.say(f"{what}: {error.message}; trying again in {pause:.0f} s", "warning")
            if run.closing.wait(pause):
                raise Interrupted("Forge is closing") from error
            pause = min(pause * 2, _LONGEST_PAUSE)


def keep_last_words(run: Run, seen: InstanceState | None = None) -> None:
    """Before the candidate is removed: keep its last lines, exit code and every probe with the deploy.

    `seen` is the candidate as it had ended, if the engine has started it again since. An engine that is away is
    waited for: once the candidate is removed, nobody will know why it failed.
    """
    if run.deploy.instance is None or run.store.deploys.last_words(run.deploy.id) is not None:
        return
    if not any(record.name.startswith("create") for record in run.store.deploys.steps(run.deploy.id)):
        return
    try:
        _patiently(run, "the candidate's last words", lambda: _keep(run, seen))
    except (Interrupted, StoreUnavailable):
        raise
    except ForgeError as error:
        run.say(f"The candidate's last words could not be read: {error.message}", "warning")


def _keep(run: Run, seen: InstanceState | None) -> None:
    found = run.engine.find({HOME_LABEL: run.home, INSTANCE_LABEL: run.candidate().id})
    if not found:
        return
    state = found[0]
    with run.engine.logs(state.id, tail=_LINES_KEPT) as lines:
        kept = [{**msgspec.to_builtins(line), "text": redact(line.text)} for line in lines]
    ended = seen if seen is not None and state.exit_code is None else state
    words = {
        "status": state.status,
        "exit_code": ended.exit_code,
        "out_of_memory": ended.out_of_memory,
        "restarts": state.restarts,
        "lines": kept,
        "probes": run.probes,
    }
    with run.store.database.change() as change:
        run.store.deploys.keep_last_words(change, run.deploy.id, words)
        for line in kept[-20:]:
            run.store.deploys.log(change, run.deploy, line["text"], "output")
