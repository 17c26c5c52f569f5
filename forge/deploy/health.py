"""Proving an instance: what is asked, how often and for how long; then watching that it stays so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from forge.deploy.starts import starts_of
from forge.domain.errors import ForgeError, Invalid
from forge.domain.project import Health, HealthKind
from forge.ports import Engine, HealthCheck, ImageFacts, InstanceState, Probe, ProbeResult

FIRST_PAUSE = 0.2  # seconds between probes at first
LONGEST_PAUSE = 2.0
PATIENCE = 60.0  # seconds, when nothing better is known
_LOOKS, _LOOK_PAUSE = 10, 0.1  # how often, and how far apart in seconds, a crashed one is looked at
STAYS_UP = 5.0  # seconds an instance without any check must run
BAKE_PAUSE = 1.0  # seconds between looks at one that is watched; more in a long bake, whose every probe is kept
_LONGEST_BAKE_PAUSE, _BAKE_LOOKS = 5.0, 120
_MISSES = 3  # in a row: one answer that is late takes nothing back


class Unhealthy(ForgeError):
    """The candidate did not become healthy: the image's fault, so its digest is quarantined.

    `seen` is a candidate that had ended by itself: the engine forgets that when it starts it again. `container`: which
    one it was, where several are watched.
    """

    code = "unhealthy"
    container: str = ""
    seen: InstanceState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`probe` is asked until it says healthy, for `patience` seconds at most; `why` explains both. `doubt`: why that
    may be too short, "" if nothing says so.
    """

    probe: Probe
    patience: float
    why: str
    doubt: str = ""


def plan(health: Health, image: ImageFacts | None, past: Sequence[float]) -> Plan:
    """Choose the check and the time-out. `past`: seconds that starts of this project took, the newest first."""
    check = image.health_check if image else None
    probe, what = _probe(health, check)
    patience, because = _patience(health, probe, check, past)
    return Plan(
        probe=probe,
        patience=patience,
        why=f"{what}; up to {patience:g} s, {because}",
        doubt=starts_of(health, past).doubt,
    )


def answers(health: Health) -> Probe:
    """The plainest question: whether it answers at all, whatever the image's own check says."""
    kind = HealthKind.HTTP if health.path else HealthKind.TCP
    return Probe(kind=HealthKind.RUNNING if health.kind is HealthKind.RUNNING else kind, path=health.path)


def _probe(health: Health, check: HealthCheck | None) -> tuple[Probe, str]:
    kind = health.kind
    if kind is HealthKind.AUTO:
        kind = HealthKind.IMAGE if check else HealthKind.HTTP if health.path else HealthKind.TCP
    if kind is HealthKind.IMAGE and check is None:
        raise Invalid("The health check is the image's own, but this image has no HEALTHCHECK: choose HTTP or TCP")
    names = {
        HealthKind.IMAGE: "the image's own HEALTHCHECK",
        HealthKind.HTTP: f"GET {health.path}",
        HealthKind.TCP: "the port accepts connections",
        HealthKind.RUNNING: "it stays up",
    }
    return Probe(kind=kind, path=health.path), names[kind]


def _patience(health: Health, probe: Probe, check: HealthCheck | None, past: Sequence[float]) -> tuple[float, str]:
    if health.timeout is not None:
        return health.timeout, "as set"
    if probe.kind is HealthKind.RUNNING:
        return STAYS_UP, "without another check"
    known = 3 * max(past) if past else 0.0
    if probe.kind is HealthKind.IMAGE and check is not None:
        given = check.start_period + (check.interval + check.timeout) * (check.retries + 1)
        if given >= known:
            return given, f"from its HEALTHCHECK's own times ({_times(check)})"
    if known > PATIENCE:
        return known, f"three times the slowest of {len(past)} past starts ({max(past):.1f} s)"
    return PATIENCE, "the default"


def _times(check: HealthCheck) -> str:
    period = f"{check.start_period:g} s to start, then " if check.start_period else ""
    return f"{period}{check.retries + 1} times {check.interval:g} s and {check.timeout:g} s to answer"


def wait_until_healthy(
    engine: Engine,
    container: str,
    port: int,
    wanted: Plan,
    *,
    wait: Callable[[float], None],
    clock: Callable[[], float],
    tell: Callable[[ProbeResult], None],
) -> float:
    """Probe until healthy; the seconds it took. Raise Unhealthy with what was seen last.

    `wait` sleeps (and raises when the deploy is cancelled), `clock` is monotonic seconds, `tell` gets every probe.
    """
    began = clock()
    pause = FIRST_PAUSE
    while True:
        result = engine.probe(container, port, wanted.probe)
        tell(result)
        took = clock() - began
        _check_alive(engine, container, wait)
        if result.healthy and (wanted.probe.kind is not HealthKind.RUNNING or took >= wanted.patience):
            return took
        if result.healthy is False and wanted.probe.kind is HealthKind.IMAGE:
            raise Unhealthy(f"The image's HEALTHCHECK says unhealthy: {result.text}")
        if took >= wanted.patience and not result.healthy:
            raise Unhealthy(f"It did not become healthy within {wanted.patience:.0f} s ({wanted.why}): {result.text}")
        wait(pause if result.healthy else min(pause, max(0.05, wanted.patience - took)))
        pause = min(pause * 1.3, LONGEST_PAUSE)


def stay_healthy(
    engine: Engine,
    containers: Sequence[str],
    port: int,
    probe: Probe,
    *,
    seconds: float,
    wait: Callable[[float], None],
    clock: Callable[[], float],
    tell: Callable[[ProbeResult], None],
) -> None:
    """Probe for `seconds`, and on until the last answers are well or one misses too many; raise Unhealthy then.

    The rest is as in `wait_until_healthy`.
    """
    end, misses = clock() + seconds, dict.fromkeys(containers, 0)
    pause = min(max(BAKE_PAUSE, seconds / _BAKE_LOOKS), _LONGEST_BAKE_PAUSE)
    while True:
        for container in containers:
            result = engine.probe(container, port, probe)
            tell(result)
            misses[container] = 0 if result.healthy else misses[container] + 1
            _check_alive(engine, container, wait)
            if fault := _missed(probe, result, misses[container]):
                raise _unhealthy(fault, container)
        left = end - clock()
        if left <= 0 and not any(misses.values()):
            return
        _rest(engine, containers, wait, min(pause, left) if left > 0 else pause)


def _missed(probe: Probe, result: ProbeResult, misses: int) -> str:
    """The sentence if one that is watched has failed, "" if not."""
    if result.healthy is False and probe.kind is HealthKind.IMAGE:  # the engine has counted its misses already
        return f"Its HEALTHCHECK failed while it was watched: {result.text}"
    if misses == _MISSES:
        return f"It failed {misses} health checks in a row while it was watched: {result.text}"
    return ""


def _unhealthy(fault: str, container: str, seen: InstanceState | None = None) -> Unhealthy:
    error = Unhealthy(fault)
    error.container, error.seen = container, seen
    return error


def _rest(engine: Engine, containers: Sequence[str], wait: Callable[[float], None], seconds: float) -> None:
    """Wait for the next probe; that one has ended is seen sooner."""
    while seconds > BAKE_PAUSE:
        wait(BAKE_PAUSE)
        seconds -= BAKE_PAUSE
        for container in containers:
            _check_alive(engine, container, wait)
    wait(seconds)


def _state(engine: Engine, container: str, wait: Callable[[float], None]) -> InstanceState | None:
    """How it is; one that was started again is watched for a moment, as its exit code is only known once it ends."""
    state = engine.inspect(container)
    for _ in range(_LOOKS):
        if state is None or not state.restarts or state.exit_code is not None:
            break
        wait(_LOOK_PAUSE)
        state = engine.inspect(container)
    return state


def _check_alive(engine: Engine, container: str, wait: Callable[[float], None]) -> None:
    """Raise Unhealthy for a candidate that crashed, without waiting for the time-out."""
    state = _state(engine, container, wait)
    if fault := _fault(state):
        raise _unhealthy(fault, container, state)


def _fault(state: InstanceState | None) -> str:
    if state is None:
        return "The instance is gone: somebody removed it"
    if state.out_of_memory:
        return "It ran out of memory: raise the memory limit"
    if state.status in {"exited", "dead", "restarting"}:
        return f"It ended by itself with exit code {state.exit_code}"
    if state.restarts:
        return f"It ended by itself and was started again ({state.restarts} times)"
    return ""
