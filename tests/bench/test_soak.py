"""When what Forge holds counts as levelled off."""

from __future__ import annotations

from tests.bench.soak import WARM, judged


def samples(memory, rounds=12):
    flat = {"threads": 20.0, "descriptors": 30.0, "database": 1.0, "deploys": 9.0, "readers": 9.0, "events": 9.0}
    return [{"memory": memory(number), **flat} for number in range(rounds)]


def test_what_grows_only_while_it_warms_up_has_levelled_off():
    assert judged(samples(lambda number: 50.0 + 10 * min(number, WARM))).passed


def test_what_goes_on_growing_has_not():
    found = judged(samples(lambda number: 50.0 + 5 * number))
    assert not found.passed
    assert [figure.name for figure in found.figures if figure.met is False] == ["memory"]


def test_a_short_run_is_judged_too():
    assert judged(samples(lambda _: 50.0, rounds=3)).passed
