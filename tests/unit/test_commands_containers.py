"""container, as typed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.commanding import shell_fixture  # noqa: F401  asked for by its name
from tests.unit.adopting import DATA, move_in


@pytest.fixture
def old(shell):
    shell.world.engine.strange_volume("shop-data")
    return move_in(shell.world.engine, volumes=(DATA,))


def test_there_may_be_none(shell):
    assert shell.run("container", "list").stdout == "There is no other container.\n"


def test_strangers_are_listed(shell, old):
    listed = shell.run("container", "list").stdout
    assert "old-shop" in listed
    assert "8099:8080" in listed
    assert shell.json("container", "list")[0]["id"] == old


def test_what_would_be_taken_over_is_shown_without_values(shell, old):
    said = shell.run("container", "show", "old-shop").stdout
    assert "variables: DB_PASSWORD (secret), LOG_LEVEL" in said
    assert "volumes: shop-data at /data" in said
    assert "cannot run beside it: /data" in said
    assert "p1anted" not in said
    assert shell.json("container", "show", old)["tag"] == "1.2.0"


def test_one_that_cannot_be_adopted_says_why(shell):
    shell.world.engine.stranger("local-build")
    assert "in no registry" in shell.run("container", "show", "local-build").stdout


def test_adopting_asks_and_follows_the_deploy(shell, old):
    assert "Adopt it?" in shell.run("container", "adopt", "old-shop", say="n\n", code=1).output
    assert shell.world.forge.store.projects.all() == []
    refused = shell.run("container", "adopt", "old-shop", "--yes", code=7).stderr
    assert "say that it may be stopped" in refused
    words = ("container", "adopt", "old-shop", "--name", "shop", "--stage", "live", "--secret", "LOG_LEVEL", "--manual")
    shell.run(*words, "--stop-first", "--yes")
    project = shell.world.forge.store.projects.get("shop")
    stage = shell.world.forge.store.projects.stage("shop", "live")
    assert (project.secrets, stage.auto_deploy, str(stage.pattern)) == (("DB_PASSWORD", "LOG_LEVEL"), False, "semver:*")
    assert shell.world.serving("live") == ["1.2.0"]
    assert "shop/live" in shell.run("container", "list").stdout


def test_beside_the_old_one_which_is_stopped_afterwards(shell, old):
    facts = shell.world.engine.facts
    facts[old] = replace(facts[old], volumes=())
    shell.run("container", "adopt", "old-shop", "--yes")
    assert shell.world.engine.inspect(old).running
    assert "not removed" in shell.run("container", "stop", "old-shop", say="n\n", code=1).output
    assert shell.run("container", "stop", "old-shop", "--yes").stdout == "old-shop is stopped: old-shop/prod serves.\n"
    assert shell.world.engine.inspect(old).status == "exited"


def test_what_is_not_there_is_said(shell):
    assert "no container nowhere" in shell.run("container", "show", "nowhere", code=6).stderr
