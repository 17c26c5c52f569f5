"""Instances."""

from __future__ import annotations

from dataclasses import replace

from forge.domain.instance import Instance, InstanceStatus, who_answers
from forge.domain.route import Target

ONE = Instance(id="a1b2c3", project="shop", stage="dev", deploy=1, tag="v1", digest="", engine="local", name="x")


def test_a_new_instance_is_starting_wanted_and_does_not_serve():
    new = Instance(id="a1b2c3", project="shop", stage="dev", deploy=1, tag="v1", digest="", engine="local", name="x")
    assert (new.status, new.serving, new.wanted, new.target) == (InstanceStatus.STARTING, False, True, None)


def test_the_words_are_those_that_are_stored():
    assert [*InstanceStatus] == ["starting", "running", "unhealthy", "stopped", "missing", "removed"]


def at(port, status=InstanceStatus.RUNNING, **more):
    return replace(ONE, target=Target("127.0.0.1", port), status=status, **more)


def test_people_are_led_to_those_that_are_well():
    sick, stopped = at(2, InstanceStatus.UNHEALTHY), at(3, wanted=False)
    assert who_answers([at(1), sick, stopped, at(4), ONE]) == (Target("127.0.0.1", 1), Target("127.0.0.1", 4))


def test_where_none_is_well_they_are_led_to_all_that_can_be_reached():
    assert who_answers([at(1, InstanceStatus.MISSING), at(2, wanted=False), ONE]) == (
        Target("127.0.0.1", 1),
        Target("127.0.0.1", 2),
    )
    assert who_answers([ONE]) == ()
