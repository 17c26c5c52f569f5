"""The clock that does not jump."""

from __future__ import annotations

import time

from forge.clock import steady


def test_it_begins_as_the_machines_clock_and_goes_on_when_that_jumps(monkeypatch):
    assert abs(steady() - time.time()) < 60
    before = steady()
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert 0 <= steady() - before < 60
