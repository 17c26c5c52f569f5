"""status, as typed."""

from __future__ import annotations

from dataclasses import replace

from tests.commanding import shell_fixture  # noqa: F401  asked for by its name
from tests.fake_engine import Behaviour
from tests.world import stage, until


def test_what_serves_and_what_failed_since_is_shown(shell):
    shell.world.project("shop", stage("shop", "dev"), stage("shop", "rel"))
    digest = shell.world.push("dev-1")
    shell.run("deploy", "shop", "dev", "dev-1")
    shell.world.push("dev-2", behaviour=Behaviour(exit_code=1))
    shell.run("deploy", "shop", "dev", "dev-2", code=1)
    lines = [line.split() for line in shell.run("status", "shop").stdout.splitlines()]
    assert lines[1][:3] == ["shop/dev", "dev-1", digest[7:19]]
    assert lines[1][5] == "running"
    assert lines[1][-1] == "http://dev-shop.localhost"
    assert lines[2][:2] == ["shop/dev", "dev-2"]
    assert lines[2][5:] == ["failed", "#2"]
    assert lines[3] == ["shop/rel", "nothing", "runs"]
    assert shell.json("status")[0]["name"] == "shop"


def test_a_project_that_waits_for_a_person_is_said(shell):
    project = replace(shell.world.project("shop"), active=False)
    with shell.world.forge.store.database.change() as change:
        shell.world.forge.store.projects.put(change, project, "test")
    assert "`forge approve shop`" in shell.run("status").stdout


def test_a_part_that_does_not_answer_is_said(shell):
    shell.world.engine.down = True
    until(shell.world.forge.faults, "the engine is missed")
    assert "The engine local does not answer: " in shell.run("status").stdout


def test_there_is_no_such_project(shell):
    shell.run("status", "nope", code=6)
