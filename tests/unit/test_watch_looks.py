"""The looks that deliveries ask for."""

import threading

import pytest

from forge.domain.errors import RegistryUnavailable
from forge.domain.sighting import Receipt
from forge.store.database import StoreUnavailable
from forge.watch import looks as module
from forge.watch.looks import MOST_WAITING, RETRIES, Looks
from tests.unit.watching import Clock


def receipt(number, *images):
    return Receipt(
        id=number,
        at=0,
        vendor="forge",
        images=images or ("a",),
        signature="none",
        decision="looking",
        reason="",
        body="",
    )


class Desk:
    """Notes what is asked of it."""

    def __init__(self):
        self.clock = Clock(0)
        self.worked, self.told, self.given_up = [], [], []
        self.error = None
        self.again = {}
        self.looks = Looks(work=self.work, later=self.later, give_up=self.give_up, clock=self.clock)

    def work(self, receipts):
        self.worked.append([receipt.id for receipt in receipts])
        if self.error is not None:
            raise self.error
        return [(receipt, self.clock.now + self.again[receipt.id]) for receipt in receipts if receipt.id in self.again]

    def later(self, receipts, _error, wait):
        self.told.append(([receipt.id for receipt in receipts], wait))

    def give_up(self, receipts, _error):
        self.given_up.append([receipt.id for receipt in receipts])


def test_equal_deliveries_are_looked_at_together():
    desk = Desk()
    for number in range(21):
        assert desk.looks.submit(receipt(number))
    desk.looks.submit(receipt(21, "b"))
    assert desk.looks.run_due() == 2
    assert desk.worked == [list(range(21)), [21]]


def test_what_comes_while_a_look_is_under_way_gets_another_one():
    desk = Desk()
    begun, go_on = threading.Event(), threading.Event()
    before = desk.looks.work

    def slow(receipts):
        before(receipts)
        begun.set()
        assert go_on.wait(5)
        return []

    desk.looks.work = slow
    desk.looks.submit(receipt(1))
    first = threading.Thread(target=desk.looks.run_due)
    first.start()
    assert begun.wait(5)
    desk.looks.submit(receipt(2))
    desk.looks.submit(receipt(3))
    assert desk.looks.run_due() == 0  # the same images are being looked at
    go_on.set()
    first.join(5)
    desk.looks.run_due()
    assert desk.worked == [[1], [2, 3]]


def test_a_registry_that_is_away_is_asked_again_a_few_times_and_then_given_up():
    desk = Desk()
    desk.error = RegistryUnavailable("away")
    desk.looks.submit(receipt(1))
    for wait in RETRIES:
        assert desk.looks.run_due() == 1
        assert desk.looks.run_due() == 0
        desk.clock.now += wait
    assert desk.looks.run_due() == 1
    assert desk.given_up == [[1]]
    assert desk.told == [([1], wait) for wait in RETRIES]
    desk.clock.now += 1e6
    assert desk.looks.run_due() == 0


def test_it_waits_as_long_as_the_registry_asks_and_what_comes_meanwhile_joins():
    desk = Desk()
    desk.error = RegistryUnavailable("429", retry_after=60)
    desk.looks.submit(receipt(1))
    desk.looks.run_due()
    desk.looks.submit(receipt(2))
    desk.clock.now += 59
    assert desk.looks.run_due() == 0
    desk.clock.now += 1
    desk.error = None
    desk.looks.run_due()
    assert desk.worked == [[1], [1, 2]]


def test_what_is_given_back_is_looked_at_again_in_its_time_and_nobody_waits_for_it():
    desk = Desk()
    desk.again = {1: 5.0, 2: 2.0}
    for number in (1, 2, 3):
        desk.looks.submit(receipt(number))
    desk.looks.submit(receipt(4, "b"))
    assert desk.looks.run_due() == 2
    assert desk.worked == [[1, 2, 3], [4]]
    desk.clock.now += 1.9
    assert desk.looks.run_due() == 0
    desk.clock.now += 0.1
    desk.again = {}
    assert desk.looks.run_due() == 1
    assert desk.worked[2:] == [[1, 2]]


def test_a_new_delivery_does_not_wait_for_one_that_is_asked_again():
    desk = Desk()
    desk.again = {1: 5.0}
    desk.looks.submit(receipt(1))
    desk.looks.run_due()
    desk.looks.submit(receipt(2))
    assert desk.looks.run_due() == 1
    assert desk.worked == [[1], [1, 2]]
    assert desk.told == []


def test_one_that_came_while_the_look_was_under_way_does_not_wait_either():
    desk = Desk()
    work = desk.looks.work

    def busy(receipts):
        if receipts[0].id == 1 and len(desk.worked) == 0:
            desk.looks.submit(receipt(2))
        return work(receipts)

    desk.again, desk.looks.work = {1: 5.0}, busy
    desk.looks.submit(receipt(1))
    assert desk.looks.run_due() == 2
    assert desk.worked == [[1], [1, 2]]


def test_a_locked_database_is_a_reason_to_try_again():
    desk = Desk()
    desk.error = StoreUnavailable("locked", retry_after=5)
    desk.looks.submit(receipt(1))
    desk.looks.run_due()
    desk.error = None
    desk.clock.now += 5
    desk.looks.run_due()
    assert desk.worked == [[1], [1]]


def test_what_cannot_be_written_down_is_not_given_up():
    desk = Desk()
    desk.error = StoreUnavailable("locked")
    giving_up = desk.looks.give_up

    def locked(*_):
        raise desk.error

    desk.looks.give_up = locked
    desk.looks.submit(receipt(1))
    for wait in RETRIES:
        desk.looks.run_due()
        desk.clock.now += wait
    with pytest.raises(StoreUnavailable):
        desk.looks.run_due()
    desk.looks.give_up = giving_up
    assert desk.looks.run_due() == 0
    desk.clock.now += RETRIES[-1]
    assert desk.looks.run_due() == 1
    assert desk.given_up == [[1]]


@pytest.mark.parametrize("error", [StoreUnavailable("locked"), RuntimeError("a mistake")])
def test_a_worker_goes_on_whatever_a_look_ends_with(monkeypatch, error):
    monkeypatch.setattr(module, "RETRIES", (60.0,))
    desk = Desk()
    done = threading.Event()

    def work(receipts):
        if receipts[0].id == 1:
            raise error
        done.set()
        return []

    def locked(*_):
        raise StoreUnavailable("locked")

    desk.looks.threads, desk.looks.work, desk.looks.later = 1, work, locked
    desk.looks.submit(receipt(1, "first"))
    desk.looks.start()
    desk.looks.submit(receipt(2, "second"))
    assert done.wait(5)
    desk.looks.close()


def test_only_so_much_waits():
    desk = Desk()
    assert all(desk.looks.submit(receipt(n, f"image-{n}")) for n in range(MOST_WAITING))
    assert not desk.looks.submit(receipt(0, "one-more"))
    assert desk.looks.submit(receipt(0, "image-0"))


def test_looks_that_are_only_repeated_take_no_place_from_others():
    desk = Desk()
    for number in range(MOST_WAITING):
        desk.looks.submit(receipt(number, f"image-{number}"))
    desk.again = dict.fromkeys(range(MOST_WAITING), 5.0)
    assert desk.looks.run_due() == MOST_WAITING
    assert desk.looks.submit(receipt(MOST_WAITING, "one-more"))
    desk.clock.now += 5.0
    desk.again = {}
    assert desk.looks.run_due() == MOST_WAITING + 1


def test_with_threads_of_its_own_it_starts_works_and_ends():
    desk = Desk()
    done = threading.Event()
    desk.looks.work = lambda _: done.set() or []
    desk.looks.start()
    desk.looks.submit(receipt(1))
    assert done.wait(5)
    desk.looks.close()
    assert not any(worker.is_alive() for worker in desk.looks._workers)
