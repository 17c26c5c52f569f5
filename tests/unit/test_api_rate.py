"""How often somebody may ask."""

from __future__ import annotations

import pytest

from forge.api import rate
from forge.api.rate import Rate

pytestmark = pytest.mark.promise("throttle")


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_a_burst_goes_and_then_as_many_as_the_rate_allows():
    clock = Clock()
    limit = Rate(burst=3, per_minute=60, clock=clock)
    assert [limit.take("a") for _ in range(4)] == [0, 0, 0, 1]
    clock.now = 0.5
    assert limit.take("a") == 0.5
    clock.now = 1.0
    assert [limit.take("a"), limit.take("a")] == [0, 1]
    clock.now = 1000.0
    assert [limit.take("a") for _ in range(4)] == [0, 0, 0, 1]


def test_one_does_not_use_up_what_is_anothers():
    limit = Rate(burst=1, per_minute=1, clock=Clock())
    assert limit.take("a") == 0
    assert limit.take("a") > 0
    assert limit.take("b") == 0


def test_many_names_do_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(rate, "_MOST", 3)
    limit = Rate(burst=1, per_minute=1, clock=Clock())
    for name in "abcdef":
        limit.take(name)
    assert list(limit._left) == ["d", "e", "f"]
