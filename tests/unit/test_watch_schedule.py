"""When each registry is asked again."""

import pytest

from forge.watch.schedule import Schedule, Wanted

ONE, TWO = frozenset({"acme/shop"}), frozenset({"acme/shop", "acme/blog"})


def want(interval=300.0, images=ONE, asked="as it is"):
    return {"main": Wanted(interval=interval, images=images, asked=asked)}


def schedule(chance=0.5, **more):
    made = Schedule(lambda: chance)
    made.plan(0, want(**more))
    return made


@pytest.mark.parametrize(("chance", "due"), [(0.0, 270), (0.5, 300), (1.0, 330)])
def test_the_interval_has_a_tenth_of_jitter(chance, due):
    plan = schedule(chance)
    assert plan.due(0) == ["main"]
    plan.went_well("main", 0)
    assert plan.next() == pytest.approx(due)
    assert plan.due(due - 1) == []
    assert plan.due(due + 1) == ["main"]


def test_an_interval_of_nothing_means_never():
    plan = schedule(interval=0)
    assert (plan.due(1e12), plan.next()) == ([], None)


def test_failures_wait_longer_and_longer_up_to_an_hour():
    plan = schedule()
    waits = []
    for _ in range(10):
        plan.failed("main", 0, "away", None)
        waits.append(plan.turns["main"].due)
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    plan.went_well("main", 0)
    assert (plan.turns["main"].due, plan.turns["main"].text) == (300, "")


def test_a_short_interval_begins_with_a_short_wait():
    plan = schedule(interval=5)
    plan.failed("main", 0, "away", None)
    assert plan.turns["main"].due == 5


def test_what_a_registry_asks_for_is_kept_even_if_it_is_long():
    plan = schedule()
    plan.failed("main", 0, "429", 7200)
    assert plan.turns["main"].due >= 7200


def test_a_new_image_is_looked_at_at_once_but_not_while_the_registry_is_in_trouble():
    plan = schedule()
    plan.went_well("main", 0)
    plan.plan(10, want())
    assert plan.due(10) == []
    plan.plan(10, want(images=TWO))
    assert plan.due(10) == ["main"]
    plan.failed("main", 10, "429", 600)
    plan.plan(20, want(images=TWO | {"acme/more"}))
    assert plan.due(20) == []


def test_a_changed_connection_is_tried_at_once_even_after_a_failure():
    plan = schedule()
    plan.failed("main", 0, "wrong login", None)
    plan.plan(1, want(asked="with another login"))
    assert plan.due(1) == ["main"]


def test_a_registry_that_nobody_needs_any_more_is_forgotten():
    plan = schedule()
    plan.plan(1, {})
    assert (plan.due(1e12), plan.next()) == ([], None)
    plan.went_well("main", 1)
    plan.failed("main", 1, "away", None)


def test_a_round_under_way_is_not_begun_again():
    plan = schedule()
    assert plan.begin(0) == ["main"]
    assert (plan.due(1e6), plan.begin(1e6), plan.next()) == ([], [], None)


@pytest.mark.parametrize(("interval", "due"), [(300, 30), (5, 5)])
def test_a_round_that_ends_without_a_word_comes_again_as_after_a_failure(interval, due):
    plan = schedule(interval=interval)
    plan.begin(0)
    plan.ended("main")
    assert (plan.due(due - 1), plan.due(due)) == ([], ["main"])
    assert plan.turns["main"].failures == 0
    plan.ended("gone meanwhile")
