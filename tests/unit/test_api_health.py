"""Whether Forge and its parts are well."""

from __future__ import annotations

from forge import __version__
from tests.api_world import world_fixture  # noqa: F401


def test_anybody_hears_whether_forge_runs_and_no_more(world):
    world.runtime.parts.tell("engine", "local", "Docker does not answer: start it")
    answer = world.nobody.get("/api/health")
    assert (answer.status_code, answer.json) == (200, {"status": "degraded", "version": __version__, "parts": []})


def test_who_is_signed_in_hears_what_is_wrong_since_when(world):
    world.runtime.parts.tell("engine", "local", "Docker does not answer: start it")
    part = world.ask("GET", "/api/health").json["parts"][0]
    assert (part["kind"], part["name"], part["ok"]) == ("engine", "local", False)
    assert part["fault"] == "Docker does not answer: start it"
    world.runtime.parts.tell("engine", "local", None)
    assert world.ask("GET", "/api/health").json["status"] == "ok"
    assert world.ask("GET", "/api/health").json["parts"][0]["fault"] is None
