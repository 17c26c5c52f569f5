"""Waiting until an instance is proven, by a clock that a test turns."""

from dataclasses import replace

import pytest

from forge.deploy.health import PATIENCE, STAYS_UP, Unhealthy, plan, stay_healthy, wait_until_healthy
from forge.domain.errors import Invalid
from forge.domain.project import Health, HealthKind
from forge.ports import HealthCheck, ImageFacts, InstanceState, Probe, ProbeResult

SLOW = HealthCheck(command=("check",), interval=30, timeout=30, start_period=120, retries=3)
RUNNING = InstanceState(id="c", name="n", labels={}, image="i", status="running")


def image(check=None):
    return ImageFacts(id="sha256:1", digests=(), health_check=check)


class Patient:
    """An engine with one container; `answers(seconds)` is what a probe says then, `states` what it is."""

    def __init__(self, answers, state=lambda _: RUNNING):
        self.now, self.answers, self.state, self.asked, self.told = 0.0, answers, state, [], []

    def probe(self, container, port, probe):
        self.asked.append(self.now)
        return ProbeResult(healthy=self.answers(self.now), text=f"at {self.now:.1f}", milliseconds=1)

    def inspect(self, container):
        return self.state(self.now)

    def pass_by(self, seconds):
        self.now += seconds

    def wait(self, wanted):
        return wait_until_healthy(
            self, "c", 80, wanted, wait=self.pass_by, clock=lambda: self.now, tell=self.told.append
        )

    def watch(self, seconds, kind=HealthKind.TCP):
        stay_healthy(
            self, ["c"], 80, Probe(kind=kind), seconds=seconds, wait=self.pass_by, clock=lambda: self.now,
            tell=self.told.append,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("health", "check", "kind"),
    [
        (Health(), SLOW, HealthKind.IMAGE),
        (Health(path="/up"), SLOW, HealthKind.IMAGE),
        (Health(path="/up"), None, HealthKind.HTTP),
        (Health(), None, HealthKind.TCP),
        (Health(kind=HealthKind.TCP), SLOW, HealthKind.TCP),
        (Health(kind=HealthKind.HTTP, path="/up"), SLOW, HealthKind.HTTP),
        (Health(kind=HealthKind.RUNNING), SLOW, HealthKind.RUNNING),
    ],
)
def test_the_images_own_check_goes_first_then_http_then_tcp(health, check, kind):
    wanted = plan(health, image(check), [])
    assert (wanted.probe.kind, wanted.probe.path) == (kind, health.path)


def test_a_check_of_the_image_that_it_does_not_have_is_said():
    with pytest.raises(Invalid, match="no HEALTHCHECK"):  # a setting's fault: its digest is not quarantined
        plan(Health(kind=HealthKind.IMAGE), image(), [])


@pytest.mark.parametrize(
    ("health", "check", "past", "patience"),
    [
        (Health(timeout=7), SLOW, [100.0], 7),
        (Health(), SLOW, [], 120 + 60 * 4),
        (Health(), SLOW, [200.0, 3.0], 600),
        (Health(), None, [], PATIENCE),
        (Health(), None, [3.0], PATIENCE),
        (Health(), None, [30.0, 90.0], 270),
        (Health(kind=HealthKind.RUNNING), None, [90.0], STAYS_UP),
    ],
)
def test_a_slow_image_has_the_time_that_its_check_or_its_past_says(health, check, past, patience):
    """Pitfall 6."""
    assert plan(health, image(check), past).patience == patience


def test_it_is_asked_often_at_first_then_less_and_every_answer_is_told():
    engine = Patient(lambda now: now >= 10 or None)
    assert engine.wait(plan(Health(), image(), [])) >= 10
    pauses = [b - a for a, b in zip(engine.asked, engine.asked[1:], strict=False)]
    assert pauses == sorted(pauses)
    assert pauses[0] == pytest.approx(0.2)
    assert pauses[-1] <= 2
    assert len(engine.told) == len(engine.asked)


def test_what_is_healthy_at_once_is_not_waited_for():
    assert Patient(lambda _: True).wait(plan(Health(), image(), [])) == 0


def test_patience_ends_with_what_was_seen_last():
    engine = Patient(lambda _: None)
    with pytest.raises(Unhealthy, match=r"within 60 s .*at 60\.0"):
        engine.wait(plan(Health(), image(), []))


def test_an_image_that_says_unhealthy_is_not_waited_for():
    engine = Patient(lambda now: False if now > 3 else None)
    with pytest.raises(Unhealthy, match="HEALTHCHECK says unhealthy"):
        engine.wait(plan(Health(), image(SLOW), []))
    assert engine.now < 6


def test_a_port_that_refuses_for_a_while_is_waited_for():
    assert Patient(lambda now: now > 5).wait(plan(Health(), image(), [])) > 5


def test_what_only_must_stay_up_is_watched_for_all_of_its_time():
    took = Patient(lambda _: True).wait(plan(Health(kind=HealthKind.RUNNING, timeout=9), image(), []))
    assert took >= 9


def state(**more):
    return InstanceState(**{"id": "c", "name": "n", "labels": {}, "image": "i", "status": "running", **more})


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        (None, "somebody removed it"),
        (state(status="exited", exit_code=4), "exit code 4"),
        (state(status="dead", exit_code=4), "exit code 4"),
        (state(status="restarting", exit_code=4), "exit code 4"),
        (state(restarts=2), "2 times"),
        (state(out_of_memory=True, status="exited"), "out of memory"),
    ],
)
def test_a_candidate_that_crashed_is_not_waited_for(gone, said):
    engine = Patient(lambda _: None, lambda now: gone if now > 1 else RUNNING)
    with pytest.raises(Unhealthy, match=said):
        engine.wait(plan(Health(), image(), []))
    assert engine.now < 3


def test_a_candidate_that_answers_and_is_restarted_meanwhile_is_not_healthy():
    with pytest.raises(Unhealthy):
        Patient(lambda _: True, lambda _: state(restarts=1)).wait(plan(Health(), image(), []))


def test_the_probe_is_asked_from_outside():
    """Pitfall 7: nothing in the image is needed."""
    assert plan(Health(path="/up"), image(), []).probe == Probe(kind=HealthKind.HTTP, path="/up")


def test_the_exit_code_of_a_candidate_that_was_started_again_is_known_when_it_ends_again():
    def crashing(now):
        return state(status="restarting", exit_code=3, restarts=1) if now >= 0.5 else state(restarts=1)

    engine = Patient(lambda _: None, crashing)
    with pytest.raises(Unhealthy, match="exit code 3") as raised:
        engine.wait(plan(Health(), image(), []))
    assert raised.value.seen.exit_code == 3


# ---- while it is watched


@pytest.mark.parametrize(("seconds", "looks"), [(0.5, 2), (10, 11), (3600, 721)])
def test_what_is_watched_is_asked_until_the_time_is_over_and_every_answer_is_told(seconds, looks):
    engine = Patient(lambda _: True)
    engine.watch(seconds)
    assert (engine.now, len(engine.asked)) == (seconds, looks)
    assert len(engine.told) == looks


@pytest.mark.parametrize("answer", [None, False])
def test_three_misses_in_a_row_end_the_watch(answer):
    engine = Patient(lambda now: True if now < 2 else answer)
    with pytest.raises(Unhealthy, match="failed 3 health checks in a row while it was watched: at 4"):
        engine.watch(60)
    assert [result.healthy for result in engine.told] == [True, True, answer, answer, answer]


def test_two_misses_and_an_answer_are_no_fault():
    engine = Patient(lambda now: now % 3 == 0)
    engine.watch(12)
    assert engine.now == 12


def test_a_watch_does_not_end_on_a_miss():
    engine = Patient(lambda now: True if now < 10 else None)
    with pytest.raises(Unhealthy, match="at 12"):
        engine.watch(10)
    engine = Patient(lambda now: now != 10)
    engine.watch(10)
    assert engine.now == 11


def test_a_healthcheck_that_fails_while_it_is_watched_ends_the_watch_at_once():
    """The engine counts an image's own misses; a project that chose another check does not ask for it."""
    engine = Patient(lambda now: now < 2)
    with pytest.raises(Unhealthy, match="Its HEALTHCHECK failed while it was watched: at 2"):
        engine.watch(60, HealthKind.IMAGE)


def test_one_that_crashes_while_it_is_watched_is_not_waited_for():
    engine = Patient(lambda _: True, lambda now: RUNNING if now < 2 else state(status="exited", exit_code=4))
    with pytest.raises(Unhealthy, match="exit code 4") as raised:
        engine.watch(60)
    assert raised.value.seen.exit_code == 4


def test_one_that_ends_in_a_long_watch_is_seen_within_a_second_though_probes_are_seldom():
    def state(now):
        return RUNNING if now < 1801.5 else replace(RUNNING, status="exited", exit_code=3)

    one = Patient(lambda _: True, state)
    with pytest.raises(Unhealthy, match="exit code 3"):
        one.watch(3600)
    assert one.now - 1801.5 <= 1
    assert len(one.told) < 400, "each of its probes is kept"


@pytest.mark.parametrize(
    ("health", "check", "past", "why"),
    [
        (Health(timeout=7), SLOW, [], "the image's own HEALTHCHECK; up to 7 s, as set"),
        (Health(), SLOW, [], "up to 360 s, from its HEALTHCHECK's own times (120 s to start, then 4 times 30 s and"),
        (Health(path="/up"), None, [9.0, 30.0], "GET /up; up to 90 s, three times the slowest of 2 past starts (30.0"),
        (Health(), None, [], "the port accepts connections; up to 60 s, the default"),
    ],
)
def test_the_time_it_has_is_given_with_the_reasoning(health, check, past, why):
    assert why in plan(health, image(check), past).why
