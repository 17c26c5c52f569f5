"""Registries, proxies and engines over HTTP."""

from __future__ import annotations

import pytest

from forge.domain.route import Reach
from tests.api_world import world_fixture  # noqa: F401
from tests.stub_server import make_certificate

NEW = {
    "registries": {"name": "ghcr", "url": "https://ghcr.io", "username": "ada", "password": "p1anted-s3cret"},
    "proxies": {"name": "outer", "kind": "caddy", "url": "http://127.0.0.1:2020"},
    "engines": {"name": "far", "url": "tcp://127.0.0.1:2375"},
}
nouns = pytest.mark.parametrize("noun", list(NEW))


@nouns
def test_a_connection_is_made_read_changed_and_deleted(world, noun):
    made = world.ask("POST", f"/api/{noun}", NEW[noun])
    path = f"/api/{noun}/{NEW[noun]['name']}"
    assert (made.status_code, made.headers["Location"]) == (201, path)
    assert "p1anted" not in made.text
    assert world.ask("GET", path).json == made.json
    assert made.json in world.ask("GET", f"/api/{noun}").json
    change = {name: value for name, value in NEW[noun].items() if name not in {"name", "password"}}
    changed = world.ask("PUT", path, change)
    assert (changed.status_code, changed.json) == (200, made.json)
    assert world.ask("DELETE", path).status_code == 204
    assert world.ask("GET", path).status_code == world.ask("DELETE", path).status_code == 404


@nouns
def test_the_same_name_twice_is_a_conflict_and_changing_nothing_a_404(world, noun):
    world.ask("POST", f"/api/{noun}", NEW[noun])
    assert world.ask("POST", f"/api/{noun}", NEW[noun]).json["code"] in {"connection_exists", "host_taken"}
    change = {name: value for name, value in NEW[noun].items() if name != "name"}
    assert world.ask("PUT", f"/api/{noun}/nowhere", change).status_code == 404


@nouns
def test_a_misspelt_setting_is_refused(world, noun):
    answer = world.ask("POST", f"/api/{noun}", {**NEW[noun], "intervall": 3})
    assert (answer.status_code, list(answer.json["fields"])) == (422, ["intervall"])


def test_a_password_goes_to_the_vault_and_stays_when_it_is_not_given(world):
    world.ask("POST", "/api/registries", NEW["registries"])
    assert world.ask("GET", "/api/registries/ghcr").json["has_password"] is True
    world.ask("PUT", "/api/registries/ghcr", {"url": "https://ghcr.io", "interval": 60})
    assert world.runtime.store.secrets.get("registry/ghcr/password").reveal() == "p1anted-s3cret"
    assert world.ask("GET", "/api/registries/main").json["has_password"] is False


def test_what_is_used_cannot_be_deleted(world):
    world.make_shop(registry="main")
    assert world.ask("DELETE", "/api/registries/main").json["code"] == "in_use"


@pytest.mark.parametrize("path", ["registries/main", "proxies/edge", "engines/local"])
def test_a_test_says_whether_it_answers(world, path):
    well = world.ask("POST", f"/api/{path}/test")
    assert (well.status_code, well.json["ok"]) == (200, True)
    world.registry.down = world.proxy.down = world.engine.down = True
    ill = world.ask("POST", f"/api/{path}/test").json
    assert ill["ok"] is False
    assert ill["text"]


def test_a_registry_is_tested_for_an_image(world):
    answer = world.ask("POST", "/api/registries/main/test", {"image": "org/nowhere"}).json
    assert (answer["ok"], answer["fault"]) == (False, "repository")


def test_tags_of_an_image_are_listed(world):
    world.registry.push("org/shop", "dev-1")
    assert world.ask("GET", "/api/registries/main/tags?image=org/shop").json == ["dev-1"]
    assert world.ask("GET", "/api/registries/main/tags").status_code == 422
    missing = world.ask("GET", "/api/registries/main/tags?image=org/nowhere")
    assert (missing.status_code, missing.json["code"]) == (422, "no_repository")


def test_a_registry_is_polled_now(world):
    assert world.ask("POST", "/api/registries/main/poll").status_code == 404
    world.make_shop()
    world.registry.push("org/shop", "dev-1")
    polled = world.ask("POST", "/api/registries/main/poll").json
    assert (polled["registry"], polled["repositories"], polled["troubles"]) == ("main", 1, {})
    assert [state["registry"] for state in world.ask("GET", "/api/polling").json] == ["main"]


def test_a_password_that_is_null_is_taken_away(world):
    world.ask("POST", "/api/registries", NEW["registries"])
    changed = world.ask("PUT", "/api/registries/ghcr", {"url": "https://ghcr.io", "password": None})
    assert changed.json["has_password"] is False
    assert world.runtime.store.secrets.get("registry/ghcr/password") is None


def test_the_default_proxy_cannot_be_deleted(world):
    world.ask("PUT", "/api/settings", {"default_proxy": "edge"})
    refused = world.ask("DELETE", "/api/proxies/edge")
    assert (refused.status_code, refused.json["code"]) == (409, "in_use")
    world.ask("PUT", "/api/settings", {})
    assert world.ask("DELETE", "/api/proxies/edge").status_code == 204


def test_an_engine_says_its_versions(world):
    engine = world.ask("POST", "/api/engines/local/test").json["engine"]
    assert set(engine) == {"version", "api", "api_min", "api_max", "system"}
    assert world.ask("POST", "/api/proxies/edge/test").json["engine"] is None


def test_an_engines_key_goes_to_the_vault_and_is_nowhere_else(world, tmp_path):
    certificate, key = (path.read_text() for path in make_certificate(tmp_path))
    engine = {"name": "far", "url": "tcp://10.0.0.5:2376", "ca": certificate, "certificate": certificate, "key": key}
    made = world.ask("POST", "/api/engines", engine)
    assert (made.status_code, made.json["has_key"]) == (201, True)
    assert "PRIVATE" not in made.text + world.ask("GET", "/api/config").text
    assert world.runtime.store.secrets.get("engine/far/key").reveal() == key
    change = {name: value for name, value in engine.items() if name not in {"name", "key"}}
    assert world.ask("PUT", "/api/engines/far", change).json["has_key"] is True
    assert world.ask("PUT", "/api/engines/far", {**change, "key": None}).json["has_key"] is False
    refused = world.ask("PUT", "/api/engines/far", {"url": "ssh://far", "key": key})
    assert (refused.status_code, list(refused.json["fields"])) == (422, ["key"])
    assert "PRIVATE" not in refused.text


def test_an_engine_elsewhere_says_where_instances_listen(world):
    world.engine.reached = Reach(local=False, host="10.0.0.5", listen="10.0.0.5", chosen="10.0.0.5")
    said = world.ask("POST", "/api/engines/local/test").json
    assert (said["ok"], said["listen"]) == (True, "10.0.0.5")
    assert said["text"].endswith("instances listen on 10.0.0.5 there")
