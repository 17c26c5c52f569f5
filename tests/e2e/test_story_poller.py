"""Forge looks at registries by itself: what was there is noted, what comes is deployed."""

from __future__ import annotations

import pytest

from tests.canaries.kinds import canary
from tests.e2e.conftest import stage
from tests.e2e.live import until
from tests.parts import images
from tests.parts.registry import Registry

pytestmark = pytest.mark.real
PASSWORD = canary()


@pytest.fixture
def polled(house, tmp_path):
    """A registry of its own with a login, looked at every second, and known to Forge as `polled`."""
    registry = Registry(tmp_path / "polled", login=("ada", PASSWORD))
    registry.start()
    login = {"username": "ada", "password": PASSWORD}
    house.forge.do("POST", "/api/registries", {"name": "polled", "url": registry.url, "interval": 1, **login})
    yield registry
    registry.stop()
    for project in house.forge.get("/api/projects"):
        if project["image"].startswith(registry.address):
            house.forge.do("DELETE", f"/api/projects/{project['name']}")
    house.forge.do("DELETE", "/api/registries/polled")


def decided(house, project: str) -> dict[str, str]:
    """What was decided last of each tag."""
    seen = house.forge.get(f"/api/sightings?project={project}")
    return {sighting["tag"]: sighting["decision"] for sighting in reversed(seen)}


def polling(house) -> dict[str, object]:
    (found,) = [each for each in house.forge.get("/api/polling") if each["registry"] == "polled"]
    return found


def test_what_was_there_is_noted_and_what_comes_is_deployed(house, polled):
    forge = house.forge
    for number in (1, 2):
        images.push(polled, "watched", f"dev-{number}")
    house.project("watched", stage("dev"), image=f"{polled.address}/watched")
    until(lambda: decided(house, "watched") == {"dev-1": "noted", "dev-2": "noted"}, "both are noted")
    images.push(polled, "watched", "dev-3")
    images.push(polled, "watched", "rel-1")
    deploy = forge.next_deploy("watched/dev", "dev-3")
    assert (deploy["status"], deploy["actor"]) == ("succeeded", "poller")
    assert house.page("dev-watched") == (200, "dev-3\n")
    assert [each["tag"] for each in forge.deploys("watched/dev")] == ["dev-3"]


def test_a_tag_that_is_pushed_again_is_deployed_again(house, polled):
    forge = house.forge
    images.push(polled, "rolling", "latest", created=1_000_000)
    house.project("rolling", {**stage("prod"), "pattern": "glob:latest"}, image=f"{polled.address}/rolling")
    until(lambda: decided(house, "rolling") == {"latest": "noted"}, "it is noted")
    for turn in (1, 2):
        digest = images.push(polled, "rolling", "latest", created=1_000_000 + turn)
        until(lambda digest=digest: [d["digest"] for d in forge.deploys("rolling/prod")][:1] == [digest], "it is seen")
        assert forge.wait(forge.deploys("rolling/prod")[0]["id"])["status"] == "succeeded"
    assert len(forge.deploys("rolling/prod")) == 2


def test_a_registry_that_is_away_is_told_and_looked_at_again_when_it_is_back(house, polled):
    forge = house.forge
    images.push(polled, "patient", "dev-1")
    house.project("patient", stage("dev"), image=f"{polled.address}/patient")
    until(lambda: decided(house, "patient") == {"dev-1": "noted"}, "it is noted")
    with forge.live() as board:
        polled.stop()
        told = board.wait(lambda f: f.type == "connection_changed" and f.payload["change"] == "down", "it is told")
        assert told.payload["name"] == "polled"
        until(lambda: polling(house)["failures"] >= 2, "it backs off")
        assert not polling(house)["healthy"]
        assert polling(house)["text"]
        health = forge.get("/api/health")
        assert health["status"] == "degraded"
        assert [part["name"] for part in health["parts"] if not part["ok"]] == ["polled"]
        status, sentence = forge.refused("POST", "/api/projects/patient/stages/dev/deploys", {"tag": "dev-1"})
        assert status == 503
        assert polled.address in sentence
        polled.start()
        images.push(polled, "patient", "dev-2")
        assert forge.next_deploy("patient/dev", "dev-2")["status"] == "succeeded"
        board.wait(lambda f: f.type == "connection_changed" and f.payload["change"] == "back", "it is back")
    assert forge.get("/api/health")["status"] == "ok"


def test_a_wrong_login_is_told_and_the_password_never(house, polled):
    forge = house.forge
    body = {"url": polled.url, "interval": 1, "username": "ada"}
    forge.do("PUT", "/api/registries/polled", {**body, "password": canary("wrong")})
    told = forge.do("POST", "/api/registries/polled/test")
    assert not told["ok"]
    assert "login" in told["text"] or "password" in told["text"]
    forge.do("PUT", "/api/registries/polled", {**body, "password": PASSWORD})
    assert forge.do("POST", "/api/registries/polled/test")["ok"]
    for path in ("/api/registries", "/api/config", "/api/activity"):
        forge.ask("GET", path)  # none of them tells it: its watch would find it
