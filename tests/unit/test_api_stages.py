"""Stages over HTTP: configuration, and deploy, roll back, promote, explain."""

from __future__ import annotations

import pytest

from forge.api import stages
from tests.api_world import world_fixture  # noqa: F401

DEV = "/api/projects/shop/stages/dev"
REL = "/api/projects/shop/stages/rel"


@pytest.fixture
def shop(world):
    assert world.make_shop().status_code == 201
    world.digest = world.registry.push("org/shop", "dev-1")
    return world


def test_a_stage_is_made_read_changed_and_deleted(shop):
    body = {"name": "prod", "pattern": "semver:^1.2", "secrets": {"KEY": "p1anted"}, "update": {"mode": "ask"}}
    made = shop.ask("POST", "/api/projects/shop/stages", body)
    assert (made.status_code, made.headers["Location"]) == (201, "/api/projects/shop/stages/prod")
    assert (made.json["pattern"], made.json["secrets"], made.json["update"]["mode"]) == ("semver:^1.2", ["KEY"], "ask")
    path = made.headers["Location"]
    assert shop.ask("GET", path).json == made.json
    changed = shop.ask("PUT", path, {"pattern": "v*", "keep": 9})
    assert (changed.json["pattern"], changed.json["keep"], changed.json["secrets"]) == ("glob:v*", 9, ["KEY"])
    assert changed.json["update"]["mode"] == "auto"
    assert shop.ask("PUT", path, {"secrets": {"KEY": None}}).json["secrets"] == []
    assert shop.ask("GET", f"{path}/deletion").json["stages"] == ["shop/prod"]
    assert shop.ask("DELETE", path).status_code == 200
    assert shop.ask("GET", path).json["code"] == "no_stage"


def test_a_stage_that_another_is_promoted_from_stays(shop):
    for method, path in (("DELETE", DEV), ("GET", f"{DEV}/deletion")):
        refused = shop.ask(method, path)
        assert (refused.status_code, refused.json["code"]) == (409, "promoted_from")


def test_a_stage_says_how_deploys_run_and_what_is_there(shop):
    shop.add_instance()
    stage = shop.ask("GET", DEV).json
    assert (stage["strategy"], stage["last_deploy"]) == ("side_by_side", None)
    assert [(i["id"], i["url"]) for i in stage["instances"]] == [("a1b2c3", "http://127.0.0.1:20001")]
    assert shop.ask("GET", f"{DEV}/instances").json == stage["instances"]
    assert shop.ask("GET", f"{REL}/instances").json == []


def test_the_whole_path_is_checked(shop):
    shop.make_shop(name="blog", image="127.0.0.1:5000/org/blog", stages=[{"name": "only"}])
    for method, end in (("GET", ""), ("GET", "/instances"), ("GET", "/deletion"), ("DELETE", "")):
        assert shop.ask(method, f"/api/projects/blog/stages/dev{end}").json["code"] == "no_stage", end
    for end, body in (("deploys", {"tag": "dev-1"}), ("rollback", {}), ("promote", {}), ("explain", {"tag": "x"})):
        assert shop.ask("POST", f"/api/projects/blog/stages/dev/{end}", body).status_code == 404, end


def test_a_deploy_of_another_project_cannot_be_rolled_back_to(shop):
    shop.make_shop(name="blog", image="127.0.0.1:5000/org/shop", stages=[{"name": "dev"}])
    shop.ask("POST", f"{DEV}/deploys", {"tag": "dev-1"})
    assert shop.ask("POST", "/api/projects/blog/stages/dev/rollback", {"deploy": 1}).json["code"] == "no_deploy"


@pytest.mark.parametrize("by", ["tag", "digest"])
def test_a_deploy_is_queued_and_says_where_to_follow_it(shop, by):
    answer = shop.ask("POST", f"{DEV}/deploys", {"tag": "dev-1"} if by == "tag" else {"digest": shop.digest})
    assert (answer.status_code, answer.headers["Location"]) == (202, "/api/deploys/1")
    assert (answer.json["status"], answer.json["digest"], answer.json["actor"]) == ("queued", shop.digest, "admin")
    assert shop.ask("GET", DEV).json["last_deploy"]["id"] == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"tag": "a", "digest": "b"}, 422),
        ({"tag": "no-such"}, 404),
        ({"digest": "x"}, 422),
        ({"tag": 1}, 422),
    ],
)
def test_what_cannot_be_deployed_is_said(shop, body, status):
    assert shop.ask("POST", f"{DEV}/deploys", body).status_code == status


def test_without_an_engine_or_a_registry_it_is_a_503_with_a_sentence(shop):
    shop.registry.down = True
    answer = shop.ask("POST", f"{DEV}/deploys", {"tag": "dev-1"})
    assert (answer.status_code, answer.headers["Retry-After"].isdigit()) == (503, True)
    shop.engine.down = True
    assert shop.ask("POST", f"{DEV}/deploys", {"tag": "dev-1"}).json["code"] == "engine_unavailable"


def test_promoting_and_rolling_back_need_something_that_serves(shop):
    assert shop.ask("POST", f"{REL}/promote").json["code"] == "nothing_serves"
    assert shop.ask("POST", f"{DEV}/rollback").json["code"] == "nothing_serves"
    assert shop.ask("POST", f"{DEV}/promote").json["code"] == "no_promotion"
    shop.ask("POST", f"{DEV}/deploys", {"tag": "dev-1"})
    shop.add_instance()
    promoted = shop.ask("POST", f"{REL}/promote", {"tag": "dev-1"})
    assert (promoted.status_code, promoted.json["kind"]) == (202, "promote")


def test_explaining_says_would_it_be_deployed_and_why(shop):
    yes = shop.ask("POST", f"{DEV}/explain", {"tag": "dev-1"}).json
    assert (yes["would"], yes["decision"]) == (True, "deploy")
    assert all(set(check) == {"name", "ok", "text"} for check in yes["checks"])
    no = shop.ask("POST", f"{DEV}/explain", {"tag": "other"}).json
    assert no["would"] is False
    assert [check["ok"] for check in no["checks"]][:3] == [False, None, None]
    assert shop.ask("POST", f"{DEV}/explain", {"tag": "no tag"}).status_code == 422
    assert shop.ask("POST", f"{DEV}/explain", {"tag": "dev-1", "digest": "x"}).status_code == 422


def test_a_dry_run_checks_and_tells_but_keeps_nothing(shop):
    before = shop.ask("GET", DEV).json
    tried = shop.ask("PUT", f"{DEV}?dry_run=true", {"publish": 8080, "secrets": {"KEY": ""}})
    assert (tried.status_code, tried.json["strategy"], tried.json["secrets"]) == (200, "in_place", ["KEY"])
    assert shop.ask("PUT", f"{DEV}?dry_run=true", {"promote_from": "nowhere"}).json["fields"] == {
        "promote_from": "no such stage"
    }
    assert shop.ask("GET", DEV).json == before
    made = shop.ask("POST", "/api/projects/shop/stages?dry_run=true", {"name": "prod", "publish": 8081})
    assert (made.status_code, made.json["strategy"]) == (201, "in_place")
    assert shop.ask("GET", "/api/projects/shop/stages/prod").status_code == 404


def test_a_tag_is_tested_against_a_draft_of_the_stage(shop):
    draft = {"pattern": "glob:rel-*"}
    told = shop.ask("POST", f"{DEV}/explain", {"tag": "dev-1", "draft": draft}).json
    assert (told["would"], told["reason"]) == (False, "dev-1 does not match glob:rel-*")
    path = "/api/projects/shop/stages/not-made-yet/explain"
    assert shop.ask("POST", path, {"tag": "dev-1", "draft": {"pattern": "dev-*"}}).json["would"] is True
    assert shop.ask("POST", path, {"tag": "dev-1"}).status_code == 404
    wrong = shop.ask("POST", f"{DEV}/explain", {"tag": "dev-1", "draft": {"pattern": "regex:("}})
    assert list(wrong.json["fields"]) == ["pattern"]


@pytest.mark.parametrize(
    ("pattern", "matching"),
    [
        ("glob:dev-*", ["dev-10", "dev-9"]),
        (r"regex:dev-\d", ["dev-9"]),
        ("semver:^1", ["v1.10.0", "1.2.0"]),
        ("latest", ["latest"]),
    ],
)
def test_tags_are_matched_with_a_pattern_the_newest_first(shop, pattern, matching):
    tags = ["dev-9", "dev-10", "1.2.0", "v1.10.0", "latest"]
    assert shop.ask("POST", "/api/patterns/match", {"pattern": pattern, "tags": tags}).json == matching


@pytest.mark.parametrize("tag", ["1" * 5000, "1." + "2" * 5000 + ".3", "dev 1", "\0", "-"])
def test_what_is_no_tag_belongs_to_no_pattern(shop, tag):
    for pattern in ("*", "semver:>=0", "regex:.*"):
        answer = shop.ask("POST", "/api/patterns/match", {"pattern": pattern, "tags": [tag, "1.0.0"]})
        assert (answer.status_code, answer.json) == (200, ["1.0.0"])


def test_a_pattern_that_takes_its_time_is_not_waited_for(shop, monkeypatch):
    monkeypatch.setattr(stages, "_PATIENCE", -1)
    asked = {"pattern": "regex:.{0,180}.{0,180}.{0,180}", "tags": ["a" * 128] * 7000}
    answer = shop.ask("POST", "/api/patterns/match", asked)
    assert (answer.status_code, answer.json["fields"]) == (422, {"pattern": "takes too long"})


def test_a_pattern_that_cannot_be_read_is_told(shop):
    answer = shop.ask("POST", "/api/patterns/match", {"pattern": "regex:(", "tags": []})
    assert (answer.status_code, list(answer.json["fields"])) == (422, ["pattern"])
