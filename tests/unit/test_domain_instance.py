"""Instances."""

from __future__ import annotations

from forge.domain.instance import Instance, InstanceStatus


def test_a_new_instance_is_starting_wanted_and_does_not_serve():
    new = Instance(id="a1b2c3", project="shop", stage="dev", deploy=1, tag="v1", digest="", engine="local", name="x")
    assert (new.status, new.serving, new.wanted, new.target) == (InstanceStatus.STARTING, False, True, None)


def test_the_words_are_those_that_are_stored():
    assert [*InstanceStatus] == ["starting", "running", "unhealthy", "stopped", "missing", "removed"]
