"""Projects over HTTP."""

from __future__ import annotations

import pytest

from forge.domain.image import parse_image
from forge.domain.person import Role, Token, owner
from tests.api_world import world_fixture  # noqa: F401

SHOP = "/api/projects/shop"


def test_a_project_is_made_with_its_stages_and_secrets_and_says_where_it_is(world):
    made = world.make_shop(secrets={"KEY": "p1anted"}, health={"kind": "http", "path": "/up"}, proxy="edge")
    assert (made.status_code, made.headers["Location"]) == (201, SHOP)
    assert [stage["name"] for stage in made.json["stages"]] == ["dev", "rel"]
    assert (made.json["secrets"], made.json["proxy"], made.json["active"]) == (["KEY"], "edge", True)
    assert made.json["health"] == {"kind": "http", "path": "/up", "timeout": None}
    assert world.ask("GET", SHOP).json == made.json
    assert world.ask("GET", "/api/projects").json == [made.json]


def test_the_board_says_from_which_place_of_the_stream_on_it_is_to_be_followed(world):
    world.make_shop()
    newest = world.runtime.store.events.bounds()[1]
    assert newest > 0
    for path in ("/api/projects", "/api/deploys?status=queued"):
        assert world.ask("GET", path).headers["Forge-Place"] == str(newest)


def test_secrets_go_to_the_vault_and_never_come_back(world):
    world.make_shop(secrets={"KEY": "p1anted-s3cret"})
    assert world.runtime.store.secrets.get("project/shop/environment/KEY").reveal() == "p1anted-s3cret"
    for path in ("/api/projects", SHOP, f"{SHOP}/stages/dev", "/api/activity", "/api/config", "/"):
        answer = world.ask("GET", path)
        assert answer.status_code == 200
        assert "p1anted" not in answer.text, path


def test_a_new_project_is_served_by_the_settings_proxy(world):
    world.ask("PUT", "/api/settings", {"default_proxy": "edge"})
    assert world.make_shop().json["proxy"] == "edge"


def test_the_same_name_twice_is_a_conflict(world):
    world.make_shop()
    again = world.make_shop()
    assert (again.status_code, again.json["code"]) == (409, "project_exists")


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"name": "Shop"}, "name"),
        ({"port": 0}, "port"),
        ({"image": "127.0.0.1:5000/org/shop:v1"}, "image"),
        ({"health": {"kind": "http"}}, "health.path"),
        ({"volumes": [{"kind": "tmpfs", "path": "relative"}]}, "volumes"),
        ({"limits": {"memory": 1}}, "limits.memory"),
        ({"stages": [{"name": "dev", "pattern": "regex:("}]}, "pattern"),
        ({"stages": [{"name": "dev", "promote_from": "nowhere"}]}, "promote_from"),
        ({"helth": {}}, "helth"),
        ({"limits": {"ram": 1}}, "limits.ram"),
    ],
)
def test_what_cannot_be_is_a_422_with_the_field_and_nothing_is_kept(world, more, field):
    answer = world.make_shop(**more)
    assert answer.status_code == 422, answer.text
    assert list(answer.json["fields"]) == [field]
    assert world.ask("GET", "/api/projects").json == []


def test_changing_replaces_all_but_keeps_secrets_that_are_not_named(world):
    world.make_shop(secrets={"A": "1", "B": "2"}, environment={"X": "y"})
    body = {"image": "127.0.0.1:5000/org/shop", "port": 9090, "secrets": {"B": None, "C": "3"}}
    changed = world.ask("PUT", SHOP, body)
    assert changed.status_code == 200, changed.text
    assert (changed.json["port"], changed.json["environment"], changed.json["secrets"]) == (9090, {}, ["A", "C"])
    kept = world.runtime.store.secrets.get_all("project/shop/environment")
    assert {name: secret.reveal() for name, secret in kept.items()} == {"A": "1", "C": "3"}


def test_deleting_says_beforehand_what_goes_and_then_does_it(world):
    world.make_shop()
    world.add_instance()
    before = world.ask("GET", f"{SHOP}/deletion")
    assert before.json["stages"] == ["shop/dev", "shop/rel"]
    assert before.json["instances"] == ["shop/dev dev-1 (a1b2c3)"]
    gone = world.ask("DELETE", SHOP)
    assert (gone.status_code, gone.json) == (200, before.json)
    assert world.ask("GET", SHOP).json["code"] == "no_project"
    assert world.ask("DELETE", SHOP).status_code == 404


def test_volumes_go_only_when_asked_for(world):
    asked = []
    world.make_shop()
    delete = world.runtime.projects.delete
    object.__setattr__(
        world.runtime, "projects", type("P", (), {"delete": lambda _, n, **k: asked.append(k) or delete(n, **k)})()
    )
    world.ask("DELETE", f"{SHOP}?volumes=true")
    assert asked == [{"actor": "admin", "volumes": True}]


def test_a_project_that_waits_is_approved(world):
    world.make_shop()
    with world.runtime.store.database.change() as change:
        change.execute("UPDATE project SET active = 0")
    assert world.ask("GET", SHOP).json["active"] is False
    world.registry.push("org/shop", "dev-1")
    world.runtime.sightings.look(parse_image("127.0.0.1:5000/org/shop:dev-1"))
    approved = world.ask("POST", f"{SHOP}/approve").json
    assert approved["active"] is True
    decided = {one["stage"]: (one["tag"], one["decision"], one["deploy"]) for one in approved["decided"]}
    assert decided == {"dev": ("dev-1", "deploy", 1), "rel": ("dev-1", "ignored", None)}  # it is promoted from dev
    assert [deploy["tag"] for deploy in world.ask("GET", "/api/deploys").json] == ["dev-1"]
    assert world.ask("POST", "/api/projects/blog/approve").status_code == 404


def test_a_dry_run_checks_and_tells_but_keeps_nothing(world):
    before = world.make_shop().json
    body = {"image": before["image"], "port": 81, "secrets": {"KEY": ""}}
    volume = {"kind": "named", "path": "/data", "source": "data", "exclusive": True}
    tried = world.ask("PUT", f"{SHOP}?dry_run=true", {**body, "volumes": [volume]})
    assert (tried.status_code, tried.json["port"], tried.json["secrets"]) == (200, 81, ["KEY"])
    assert [stage["strategy"] for stage in tried.json["stages"]] == ["in_place", "in_place"]
    host = {"kind": "host", "path": "/data", "source": "/etc"}
    assert world.ask("PUT", f"{SHOP}?dry_run=true", {**body, "volumes": [host]}).json["code"] == "host_path"
    assert world.ask("GET", SHOP).json == before


def test_the_tags_of_a_projects_image_are_listed(world):
    world.make_shop()
    world.registry.push("org/shop", "dev-1")
    assert world.ask("GET", f"{SHOP}/tags").json == ["dev-1"]
    world.registry.down = True
    assert world.ask("GET", f"{SHOP}/tags").status_code == 503


def test_what_is_not_applied_yet_is_told(world):
    world.make_shop()
    digest = world.registry.push("org/shop", "dev-1")
    world.ask("POST", f"{SHOP}/stages/dev/deploys", {"digest": digest})
    world.add_instance()
    assert world.ask("GET", f"{SHOP}/unapplied").json == []
    world.ask("PUT", SHOP, {"image": "127.0.0.1:5000/org/shop", "port": 81})
    expected = {"stage": "dev", "instance": "a1b2c3", "deploy": 1, "differences": ["port 8080 → 81"]}
    assert world.ask("GET", f"{SHOP}/unapplied").json == [expected]
    assert world.ask("GET", "/api/projects/gone/unapplied").status_code == 404


def test_what_starts_take_is_told_with_what_that_says_of_the_limit(world, monkeypatch):
    world.make_shop(health={"timeout": 10})
    assert world.ask("GET", f"{SHOP}/starts").json["count"] == 0
    monkeypatch.setattr(world.runtime.store.deploys, "durations", lambda *_: [14.0, 15.0])
    told = world.ask("GET", f"{SHOP}/starts").json
    assert (told["typical"], told["slowest"], told["limit"]) == (14.5, 15, 10)
    assert told["doubt"].startswith("Typical start 14.5 s")
    assert world.ask("GET", "/api/projects/gone/starts").status_code == 404


def test_what_is_where_and_what_may_go_on_is_told_per_stage(world):
    world.make_shop(stages=[{"name": "dev"}, {"name": "rel", "promote_from": "dev", "promote_after": 60}])
    told = world.ask("GET", f"{SHOP}/promotion").json
    assert [(place["stage"], place["promote_from"], place["promote_after"]) for place in told] == [
        ("dev", None, 0),
        ("rel", "dev", 60),
    ]
    assert world.ask("GET", "/api/projects/gone/promotion").status_code == 404


@pytest.mark.promise("roles")
@pytest.mark.parametrize(
    "more",
    [
        {"image": "127.0.0.1:5000/org/blog"},
        {"registry": "main"},
        {"proxy": "edge"},
        {"aliases": ["api.example.org"]},
        {"networks": ["theirs"]},
        {"labels": {"traefik.http.routers.x.rule": "Host(`example.org`)"}},
        {"volumes": [{"kind": "external", "path": "/data", "source": "theirs"}]},
        {"volumes": [{"kind": "host", "path": "/data", "source": "/srv"}]},
    ],
)
def test_a_token_of_one_project_reaches_for_nothing_of_others_though_its_role_is_admin(world, more):
    world.make_shop()
    place = Token(id=0, name="ci", person=None, role=Role.ADMIN, project="shop")
    headers = {"Authorization": f"Bearer {world.runtime.people.tokens.make(place, owner())[1].reveal()}"}
    own = {"image": "127.0.0.1:5000/org/shop", "port": 8081, "environment": {"A": "b"}}
    for dry in ("", "?dry_run=true"):
        refused = world.nobody.put(SHOP + dry, json={**own, **more}, headers=headers)
        assert (refused.status_code, refused.json["code"]) == (403, "token_scope")
    assert world.nobody.put(SHOP, json=own, headers=headers).json["port"] == 8081
