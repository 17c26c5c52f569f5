"""The measured switch, asked by a thread of the meter's that a test feeds with answers."""

import queue

import pytest

from forge.deploy import measure
from forge.deploy.measure import Meter
from forge.domain.deploy import Measured
from forge.domain.errors import ProxyUnavailable
from forge.domain.route import Target
from forge.domain.stage import LATEST, Tolerance
from forge.ports import Answer
from tests.world import until

OLD, NEW, STRANGE = Target("127.0.0.1", 1), Target("127.0.0.1", 2), Target("127.0.0.1", 3)
ANY = Tolerance(share=0, least=1)


class Asked:
    """A meter whose requests wait for `hears`."""

    def __init__(self, monkeypatch, *, lenient=False):
        monkeypatch.setattr(measure, "EVERY", 0)
        self.now, self.heard = 10.0, 0
        self._answers = queue.Queue()
        self.meter = Meter(
            ask=self._ask, clock=lambda: self.now, new=NEW, known={OLD: "old", NEW: "new"}, lenient=lenient
        )
        self._asks = 0

    def _ask(self):
        self._asks += 1
        answer = self._answers.get(timeout=20)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def start(self):
        self.meter.start()
        until(lambda: self._asks == 1, "it asks")

    def hears(self, *answers):
        """One after the other, each counted before this returns."""
        for answer in answers:
            asked = self._asks
            self._answers.put(answer)
            until(lambda asked=asked: self._asks > asked, "it asks again")

    def end(self):
        self.meter.end()
        self._answers.put(says(200))
        return self.meter.found


def says(status, target=NEW, milliseconds=3):
    return Answer(status=status, target=target, milliseconds=milliseconds)


@pytest.fixture
def asked(monkeypatch):
    made = Asked(monkeypatch)
    made.start()
    yield made
    made.end()


def test_what_is_met_from_before_the_switch_on_is_counted(asked):
    asked.hears(says(200, OLD), says(200, OLD, 70))
    asked.meter.order(NEW, "new")
    asked.now += 0.084
    asked.hears(says(200), says(503), says(200))
    asked.now += 5
    found = asked.end()
    assert found == Measured(sent=5, failed=1, slowest=70, switch=pytest.approx(84), answered_by="new")
    assert found.said == "1 of 5 requests failed, switched in 84 ms"


def test_what_fails_before_the_switch_or_by_the_old_ones_fault_is_not_held_against_the_new_one(asked):
    asked.hears(says(502, None), ProxyUnavailable("no answer"), says(500, OLD))
    asked.meter.order(NEW, "new")
    asked.hears(says(500, OLD))
    found = asked.end()
    assert (found.failed, found.switch, found.answered_by) == (0, None, "old")
    assert found.said == "0 of 2 requests failed, not seen to switch"


def test_every_failure_is_told_once_and_says_who_failed(asked):
    asked.meter.order(NEW, "new")
    asked.hears(says(502, None), says(404, None), says(500), says(503, STRANGE), ProxyUnavailable("Nobody is there"))
    told = ["502 from the proxy itself", "404 from the proxy itself", "500 from the new instance"]
    assert asked.meter.news() == [*told, "503 from 127.0.0.1:3", "Nobody is there"]
    assert asked.meter.news() == []


def test_only_what_fails_after_the_confirmation_takes_it_back(asked):
    asked.meter.order(NEW, "new")
    asked.hears(says(502, None), says(502, None))
    assert asked.meter.excess(ANY) == ""
    asked.meter.confirm(says(200))
    asked.hears(says(200), says(502, None))
    assert asked.meter.excess(ANY) == "1 of the latest 2 requests through the proxy failed: 502 from the proxy itself"


def test_a_tolerance_needs_both_its_share_and_its_number(asked):
    asked.meter.order(NEW, "new")
    asked.meter.confirm(says(200))
    asked.hears(*[says(200)] * 38, says(500), says(500))
    assert asked.meter.excess(Tolerance(share=4, least=3)) == "", "two are too few"
    assert asked.meter.excess(Tolerance(share=5, least=2)) == "", "five percent is not more than five"
    assert asked.meter.excess(Tolerance(share=4, least=2)) != ""
    assert asked.meter.excess(Tolerance(share=100, least=1)) == ""


def test_the_share_is_of_the_latest_so_that_an_hour_of_well_being_hides_nothing(asked):
    asked.meter.order(NEW, "new")
    asked.meter.confirm(says(200))
    asked.hears(*[says(200)] * 3 * LATEST, *[says(500)] * 3)
    assert asked.meter.excess(Tolerance()).startswith(f"3 of the latest {LATEST} requests")


def test_where_nobody_knows_what_the_path_says_an_error_counts_if_it_was_none_at_the_switch(monkeypatch):
    for status, failed in ((200, 1), (500, 0)):
        asked = Asked(monkeypatch, lenient=True)
        asked.start()
        asked.meter.order(NEW, "new")
        asked.hears(says(500))
        asked.meter.confirm(says(status))
        asked.hears(says(500))
        assert asked.end().failed == failed


def test_who_gives_no_answer_is_judged_only_if_it_took_long_else_the_proxy_is_away(asked):
    asked.meter.order(NEW, "new")
    asked.meter.confirm(says(200))
    asked.hears(ProxyUnavailable("connection refused"))
    assert asked.meter.excess(ANY) == ""
    asked.now += 5  # while it waits
    asked.hears(ProxyUnavailable("no answer within 5 s"))
    assert asked.meter.excess(ANY) == "1 of the latest 1 requests through the proxy failed: no answer within 5 s"


def test_a_proxy_that_knows_no_such_route_is_told_apart_from_one_that_cannot_reach_it(asked):
    asked.meter.order(NEW, "new")
    for answer, lost in ((says(404, None), True), (says(502, None), False), (says(404), False)):
        asked.hears(answer)
        assert asked.meter.lost is lost
