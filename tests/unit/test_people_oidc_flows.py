"""Sign-ins that are under way."""

from forge.domain.oidc import Oidc
from forge.people.oidc import flows
from forge.people.oidc.flows import SECONDS, Flows
from tests.unit.storing import Clock

OIDC = Oidc(issuer="https://id.example.org", client_id="forge")


def test_a_flow_is_taken_once_by_the_browser_that_began_it():
    known = Flows(Clock())
    state, browser, flow = known.begin(OIDC, "https://forge.example.org/x", "/deploys")
    assert known.take(state, "another") is None
    assert known.take("another", browser) is None
    assert known.take(state, browser) == flow
    assert known.take(state, browser) is None


def test_it_is_over_after_ten_minutes():
    clock = Clock()
    known = Flows(clock)
    state, browser, _ = known.begin(OIDC, "https://forge.example.org/x", "/")
    clock.now += SECONDS
    assert known.take(state, browser) is None


def test_there_are_never_too_many_and_the_oldest_goes(monkeypatch):
    monkeypatch.setattr(flows, "_MOST", 3)
    known = Flows(Clock())
    begun = [known.begin(OIDC, "https://forge.example.org/x", "/") for _ in range(4)]
    assert [known.take(state, browser) is not None for state, browser, _ in begun] == [False, True, True, True]
