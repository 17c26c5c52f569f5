"""Instances over HTTP."""

from __future__ import annotations

import pytest

from forge.domain.errors import EngineError
from tests.api_world import world_fixture  # noqa: F401

ONE = "/api/instances/a1b2c3"


@pytest.fixture
def running(world):
    world.make_shop()
    world.container = world.add_instance().container
    return world


def test_an_instance_is_stopped_and_started_and_restarted(running):
    assert running.ask("GET", ONE).json["wanted"] is True
    assert running.ask("POST", f"{ONE}/stop").json["wanted"] is False
    assert running.engine.inspect(running.container).running is False
    started = running.ask("POST", f"{ONE}/start")
    assert (started.status_code, started.json["wanted"]) == (200, True)
    assert running.engine.inspect(running.container).running is True
    assert running.ask("POST", f"{ONE}/restart").status_code == 200
    assert "restart" in running.engine.calls


def test_an_instance_is_removed(running):
    gone = running.ask("DELETE", ONE)
    assert (gone.status_code, gone.data) == (204, b"")
    assert running.ask("GET", "/api/projects/shop/stages/dev/instances").json == []


@pytest.mark.parametrize(("method", "end"), [("GET", ""), ("POST", "/start"), ("POST", "/stop"), ("DELETE", "")])
def test_an_instance_that_never_was_is_a_404(running, method, end):
    answer = running.ask(method, f"/api/instances/zzzzzz{end}")
    assert (answer.status_code, answer.json["code"]) == (404, "no_instance")


def test_a_port_that_is_taken_is_a_conflict_and_a_dead_engine_a_503(running):
    running.ask("POST", f"{ONE}/stop")
    running.engine.raises_before["start"] = EngineError("Port 20001 is taken", code="port_taken")
    assert running.ask("POST", f"{ONE}/start").status_code == 409
    running.engine.down = True
    assert running.ask("POST", f"{ONE}/start").json["code"] == "engine_unavailable"
