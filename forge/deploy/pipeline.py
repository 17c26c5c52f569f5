"""The pipeline: what a deploy does, read top to bottom, and how it is taken back."""

from __future__ import annotations

import logging

from forge.deploy import candidate, replaced, steps, switch
from forge.deploy.bake import bake
from forge.deploy.confirm import confirm
from forge.deploy.health import Unhealthy
from forge.deploy.predeploy import remove_pre_deploy, run_pre_deploy
from forge.deploy.run import Cancelled, Interrupted, Run
from forge.deploy.starts import WAIT_UNTIL_HEALTHY
from forge.deploy.steps import Step
from forge.deploy.undo import keep_last_words, undo_step
from forge.domain.deploy import DeployStatus, StepRecord, StepStatus
from forge.domain.errors import EngineUnavailable, ForgeError
from forge.domain.stage import Strategy
from forge.log import redact

_log = logging.getLogger(__name__)

GO_LIVE = "go live"

_FIND = (
    Step("resolve digest", steps.resolve_digest),
    Step("pull", steps.pull),
    Step("note what serves", steps.note_what_serves, steps.forget_candidate),
    Step("prepare the route", steps.prepare_route),
)
_CREATE = Step("create", candidate.create, candidate.remove_candidate)
_PRE_DEPLOY = Step("pre-deploy", run_pre_deploy, remove_pre_deploy)
_PROVE = (
    Step("start", candidate.start, candidate.stop_candidate),
    Step(WAIT_UNTIL_HEALTHY, candidate.wait_healthy),
    Step("switch route", switch.switch_route, switch.switch_back),
    Step("confirm through the route", confirm),
)
_BAKE = Step("bake", bake)
_STOP_OLD = Step("drain and stop the old", replaced.drain_and_stop_old, replaced.start_old_again)
_GO_LIVE = Step(GO_LIVE, steps.go_live)

PIPELINES: dict[Strategy, tuple[Step, ...]] = {  # of one instance
    Strategy.SIDE_BY_SIDE: (*_FIND, _CREATE, _PRE_DEPLOY, *_PROVE, _BAKE, _STOP_OLD, _GO_LIVE),
    Strategy.IN_PLACE: (
        *_FIND,
        _CREATE,  # what cannot be created must not cost the old one's time
        Step("stop the old", replaced.stop_old, replaced.start_old_again),
        _PRE_DEPLOY,
        *_PROVE,
        _BAKE,
        _GO_LIVE,
    ),
}


def pipeline_of(strategy: Strategy, replicas: int) -> tuple[Step, ...]:
    """The steps of a deploy. Several replicas are made and proven one after the other, each with the same steps; the
    old ones run until the bake of all has ended.
    """
    if replicas == 1 or strategy is Strategy.IN_PLACE:  # in place there is one: another is refused
        return PIPELINES[strategy]
    each = [step.of(number, replicas) for number in range(1, replicas + 1) for step in (_CREATE, *_PROVE)]
    return *_FIND, each[0], _PRE_DEPLOY, *each[1:], _BAKE, _STOP_OLD, _GO_LIVE


def execute(run: Run) -> None:
    """Run the pipeline to its end: the deploy is then succeeded, or was taken back.

    Interrupted leaves the journal as it is, for the next start of Forge.
    """
    pipeline = pipeline_of(run.deploy.strategy, run.stage.replicas)
    try:
        for position, step in enumerate(pipeline):
            run.check()
            _take(run, position, step)
    except Interrupted:
        raise
    except Exception as error:  # noqa: BLE001 whatever went wrong, what was done is taken back
        if run.store.deploys.get(run.deploy.id).ended_well:
            _log.warning("deploy #%d went live, then: %s", run.deploy.id, error)
            return
        if not isinstance(error, ForgeError):
            _log.exception("deploy #%d failed unexpectedly", run.deploy.id)
        run.engine_left = isinstance(error, EngineUnavailable)
        run.keep_measured()
        revert(run, error)
    finally:
        run.end_meter()


def _take(run: Run, position: int, step: Step) -> None:
    """One step: its name is written down before its effect."""
    record = StepRecord(
        deploy=run.deploy.id,
        position=position,
        name=step.name,
        status=StepStatus.RUNNING,
        started=run.store.database.clock(),
    )
    _write(run, record)
    run.replica = step.replica
    began = run.monotonic()
    note = step.do(run)
    run.checkpoint(step.name)
    # Not when the wall's clock says: what is learnt from how long a step took must not be how far that was set.
    _write(run, record, StepStatus.DONE, note, record.started + run.monotonic() - began)


def _write(
    run: Run, record: StepRecord, status: StepStatus = StepStatus.RUNNING, note: str = "", ended: float | None = None
) -> None:
    with run.store.database.change() as change:
        ended = None if status is StepStatus.RUNNING else ended or change.now
        written = StepRecord(
            deploy=record.deploy,
            position=record.position,
            name=record.name,
            status=status,
            started=record.started,
            ended=ended,
            note=note,
        )
        run.store.deploys.put_step(change, run.deploy, written)
        if note:
            level = "error" if status in {StepStatus.FAILED, StepStatus.UNDO_FAILED} else "info"
            run.store.deploys.log(change, run.deploy, f"{record.name}: {note}", level)


def revert(run: Run, error: Exception) -> None:
    """Take back what the journal names, the failing step included; the deploy ends failed, cancelled or stuck."""
    internal = f"Internal error ({type(error).__name__}): see the log"
    reason = redact(error.message) if isinstance(error, ForgeError) else internal
    if run.deploy.status is not DeployStatus.REVERTING:
        journal = run.store.deploys.steps(run.deploy.id)
        failed = next((record for record in journal if record.status is StepStatus.RUNNING), None)
        back = run.deploy.to(DeployStatus.REVERTING, failure=reason, failed_step=failed.name if failed else None)
        with run.store.database.change() as change:
            run.store.deploys.save(change, back)
            if isinstance(error, Unhealthy):
                run.store.deploys.quarantine(change, run.deploy, reason)
        run.deploy = back
        if failed is not None:
            _write(run, failed, StepStatus.FAILED, reason)
    run.checkpoint("reverting")
    _look_at_failed(run)
    keep_last_words(run, error.seen if isinstance(error, Unhealthy) else None)
    _end(run, cancelled=_was_cancelled(run, error), undone=_undo_all(run))


def _was_cancelled(run: Run, error: Exception) -> bool:
    """Also if Forge was stopped before the deploy could hear of it, or while it was taken back."""
    stopped = isinstance(error, Interrupted) and run.store.deploys.cancel_asked(run.deploy.id)
    return isinstance(error, Cancelled) or stopped


def _by_name(run: Run) -> dict[str, Step]:
    return {step.name: step for step in pipeline_of(run.deploy.strategy, run.stage.replicas)}


def _look_at_failed(run: Run) -> None:
    """Its last words are kept: a Forge that was started since knows the replica by the step's name."""
    if run.deploy.failed_step is not None:
        run.replica = max(run.replica, _by_name(run)[run.deploy.failed_step].replica)


def _undo_all(run: Run) -> bool:
    """Undo every step of the journal, the last one first; one that fails does not stop the others."""
    by_name = _by_name(run)
    well = True
    for record in reversed(run.store.deploys.steps(run.deploy.id)):
        if record.status in {StepStatus.UNDONE, StepStatus.UNDO_FAILED}:
            well = well and record.status is StepStatus.UNDONE
            continue
        step = by_name[record.name]
        if step.undo is steps.nothing:
            continue
        run.replica = step.replica
        fault = undo_step(run, step)
        run.checkpoint(f"undo {step.name}")
        well = well and fault is None
        if record.status is not StepStatus.FAILED or fault:
            _write(run, record, StepStatus.UNDO_FAILED if fault else StepStatus.UNDONE, fault or "")
    return well


def _end(run: Run, *, cancelled: bool, undone: bool) -> None:
    status = DeployStatus.STUCK if not undone else DeployStatus.CANCELLED if cancelled else DeployStatus.FAILED
    with run.store.database.change() as change:
        ended = run.deploy.to(status, ended=change.now)
        run.store.deploys.save(change, ended)
        # Not what it was to replace: a deploy may fail before it looks at what serves.
        serving = run.store.instances.serving(run.project.name, run.stage.name)
        left = "what served before still serves" if serving else "nothing of it is left"
        words = {
            DeployStatus.FAILED: f"Taken back: {left}",
            DeployStatus.CANCELLED: f"Cancelled and taken back: {left}",
            DeployStatus.STUCK: "Taking back failed: look at the steps marked so, mend their cause, then deploy again",
        }[status]
        run.store.deploys.log(change, ended, words, "error" if status is DeployStatus.STUCK else "info")
    run.deploy = ended
