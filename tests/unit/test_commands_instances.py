"""instance, as typed."""

from __future__ import annotations

import re

import pytest

from tests.commanding import shell_fixture  # noqa: F401  asked for by its name


@pytest.fixture
def instance(shell):
    shell.world.project("shop")
    shell.world.push("dev-1")
    shell.run("deploy", "shop", "dev", "dev-1")
    return shell.world.forge.store.instances.serving("shop", "dev")[0].id


def test_an_instance_is_stopped_started_and_restarted(shell, instance):
    assert shell.run("instance", "stop", instance).stdout == f"Instance {instance} of shop/dev is stopped.\n"
    assert shell.json("instance", "start", instance)["status"] in {"starting", "running"}
    assert "of shop/dev is" in shell.run("instance", "restart", instance).stdout
    assert "tag: dev-1" in shell.run("instance", "show", instance).stdout


def test_times_are_shown_as_people_read_them(shell, instance):
    said = shell.run("instance", "show", instance).stdout
    for name in ("created", "since"):
        assert re.search(rf"^{name}: \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d$", said, re.MULTILINE), name


def test_one_that_is_missing_is_to_be_deployed_again(shell, instance):
    (state,) = shell.world.engine.find({})
    shell.world.engine.remove(state.id)
    assert "deploy it again" in shell.run("instance", "start", instance, code=7).stderr


def test_removing_says_what_goes_and_asks(shell, instance):
    asked = shell.run("instance", "remove", instance, say="n\n", code=1).output
    assert f"instance {instance} of shop/dev (dev-1, serves http://dev-shop.localhost)" in asked
    assert shell.world.serving() == ["dev-1"]
    shell.run("instance", "remove", instance, "--yes")
    assert shell.world.engine.find({}) == ()


def test_there_is_no_such_instance(shell):
    assert "There is no instance zzzzzz" in shell.run("instance", "stop", "zzzzzz", code=6).stderr
