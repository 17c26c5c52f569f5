"""Threads that work beside."""

import threading

import pytest

from forge.domain.errors import RegistryUnavailable
from forge.pool import Pool, map_parallel


def test_no_more_are_asked_at_a_time_than_allowed_and_answers_keep_their_order():
    guard, now, most = threading.Lock(), 0, 0
    together = threading.Barrier(3, timeout=5)

    def ask(item):
        nonlocal now, most
        with guard:
            now += 1
            most = max(most, now)
        together.wait()
        with guard:
            now -= 1
        return item * 10

    assert map_parallel(3, ask, range(9)) == [item * 10 for item in range(9)]
    assert most == 3
    assert map_parallel(3, ask, []) == []


def test_the_first_error_ends_it():
    asked = []

    def ask(item):
        asked.append(item)
        raise RegistryUnavailable("away")

    with pytest.raises(RegistryUnavailable):
        map_parallel(1, ask, range(100))
    assert asked == [0]


def test_a_pool_does_its_work_and_ends():
    pool = Pool(2, "test-pool")
    done = [threading.Event() for _ in range(5)]
    for event in done:
        pool.submit(event.set)
    assert all(event.wait(5) for event in done)
    threads = [thread for thread in threading.enumerate() if thread.name == "test-pool"]
    assert 1 <= len(threads) <= 2
    pool.close()
    for thread in threads:
        thread.join(5)
        assert not thread.is_alive()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_work_that_breaks_does_not_cost_the_pool_a_thread():
    pool = Pool(1, "broken-pool")

    def broken():
        raise ValueError("broken")

    pool.submit(broken)
    for thread in [thread for thread in threading.enumerate() if thread.name == "broken-pool"]:
        thread.join(5)
    done = threading.Event()
    pool.submit(done.set)
    assert done.wait(5)
    pool.close()
