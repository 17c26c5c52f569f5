"""What is learned elsewhere is not asked for with each request of anybody's."""

import pytest

from forge.domain.errors import Unauthorized
from forge.http import HttpFault
from forge.people.oidc import kept as kept_module
from forge.people.oidc.kept import FAULT_KEPT, Kept
from tests.unit.storing import Clock


def test_it_is_learned_once_and_again_when_its_time_is_over():
    clock, learned = Clock(), []
    kept = Kept(lambda: learned.append(1) or len(learned), 300, clock)
    assert [kept.get(), kept.get()] == [1, 1]
    clock.now += 300
    assert kept.get() == 2


@pytest.mark.parametrize("error", [HttpFault("connect", "x refuses"), Unauthorized("no", code="oidc_client")])
def test_an_error_is_kept_for_a_moment_and_raised_anew_each_time(error):
    clock, asked = Clock(), []

    def learn():
        asked.append(1)
        raise error

    kept, seen = Kept(learn, 300, clock), []
    for _ in range(3):
        with pytest.raises(type(error)) as caught:
            kept.get()
        seen.append(caught.value)
    assert len(asked) == 1
    assert all((one.message, one.code) == (error.message, error.code) and one is not error for one in seen)
    clock.now += FAULT_KEPT
    with pytest.raises(type(error)):
        kept.get()
    assert len(asked) == 2


def test_while_one_asks_others_wait_a_moment_only(monkeypatch):
    monkeypatch.setattr(kept_module, "_TURN", 0.01)
    kept = Kept(lambda: 1, 300)
    with kept._lock, pytest.raises(HttpFault, match="keeps others waiting"):
        kept.get()
    assert kept.get() == 1
