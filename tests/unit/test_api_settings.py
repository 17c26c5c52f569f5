"""Settings and the whole configuration over HTTP."""

from __future__ import annotations

import pytest

from forge.api.types import Settings
from forge.domain.preferences import PREFERENCE_NAMES
from tests.api_world import world_fixture  # noqa: F401

TEXT = {"Content-Type": "application/yaml"}


def test_the_wire_has_every_preference():
    assert set(Settings.__struct_fields__) == set(PREFERENCE_NAMES)


def test_settings_are_replaced_as_a_whole(world):
    changed = world.ask("PUT", "/api/settings", {"domain": "example.org", "host_paths": ["/srv"]})
    assert (changed.json["domain"], changed.json["host_paths"]) == ("example.org", ["/srv"])
    assert world.ask("GET", "/api/settings").json == changed.json
    assert world.ask("PUT", "/api/settings", {}).json["domain"] == "localhost"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"domain": "no domain"}, "domain"),
        ({"default_proxy": "nowhere"}, "default_proxy"),
        ({"host_paths": ["srv"]}, "host_paths"),
        ({"recepts": 3}, "recepts"),
        ({"free_disk": -1}, "free_disk"),
    ],
)
def test_settings_that_cannot_be_are_refused(world, body, field):
    answer = world.ask("PUT", "/api/settings", body)
    assert (answer.status_code, list(answer.json["fields"])) == (422, [field])


def test_the_configuration_goes_out_and_in_again_as_yaml(world):
    world.make_shop()
    text = world.ask("GET", "/api/config")
    assert text.content_type == "application/yaml; charset=utf-8"
    world.ask("DELETE", "/api/projects/shop")
    dry = world.ask("POST", "/api/config?dry_run=true", data=text.data, headers=TEXT)
    assert (dry.status_code, dry.json["applied"]) == (200, False)
    assert any("shop" in line for line in dry.json["differences"])
    assert world.ask("GET", "/api/projects").json == []
    done = world.ask("POST", "/api/config", data=text.data, headers=TEXT)
    assert (done.status_code, done.json["applied"], done.json["differences"]) == (200, True, dry.json["differences"])
    assert [project["name"] for project in world.ask("GET", "/api/projects").json] == ["shop"]


def test_secrets_come_from_the_senders_variables(world):
    world.make_shop(secrets={"KEY": "old"})
    text = world.ask("GET", "/api/config").text
    answer = world.ask("POST", "/api/config", {"yaml": text, "environment": {"SHOP_KEY": "p1anted-new"}})
    assert answer.status_code == 200, answer.text
    assert "p1anted" not in answer.text
    assert world.runtime.store.secrets.get("project/shop/environment/KEY").reveal() == "p1anted-new"


def test_yaml_that_cannot_be_read_says_where(world):
    answer = world.ask("POST", "/api/config", data=b"settings:\n  domian: x\n", headers=TEXT)
    assert answer.status_code == 422
    assert "Line 2" in answer.json["detail"]
    assert world.ask("POST", "/api/config", data=b"\xff", headers=TEXT).json["code"] == "unreadable"


def test_forges_own_variables_are_in_no_secrets_reach(world, monkeypatch):
    monkeypatch.setenv("FORGE_ENCRYPTION_KEY_OLD", "p1anted")
    project = "image: 127.0.0.1:5000/org/shop, port: 80, secrets: {KEY: {env: FORGE_ENCRYPTION_KEY_OLD}}"
    yaml = f"projects: {{shop: {{{project}}}}}"
    answer = world.ask("POST", "/api/config", data=yaml.encode(), headers=TEXT)
    assert answer.status_code == 422, answer.text
    assert "p1anted" not in answer.text
