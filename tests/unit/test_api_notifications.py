"""Notifications over HTTP: only admins, addresses go in and never come out."""

import json

import pytest

from forge.api.guard import declaration
from forge.domain.deploy import Deploy, DeployStatus
from forge.domain.person import Principal, Role
from forge.store.deploys import Configuration
from tests.api_world import world_fixture  # noqa: F401
from tests.small_server import SmallServer, Told
from tests.unit.notifying import KEY, TOKEN

HOOK = {"name": "hook", "kind": "webhook", "address": f"https://hooks.example.org/{TOKEN}", "key": KEY}


@pytest.fixture
def receiver():
    with SmallServer(lambda _: Told(200, b"thanks")) as server:
        yield server


def test_only_admins_may_do_anything_here(world):
    rules = [rule for rule in world.app.url_map.iter_rules() if "notification" in rule.rule]
    assert len(rules) == 9
    assert {declaration(world.app.view_functions[rule.endpoint]).role for rule in rules} == {Role.ADMIN}
    deployer = world.browser(Principal(name="dora", role=Role.DEPLOYER))
    assert deployer.get("/api/notifications").status_code == 403


def test_an_address_goes_in_and_never_comes_out(world):
    made = world.ask("POST", "/api/notifications", HOOK)
    assert (made.status_code, made.headers["Location"]) == (201, "/api/notifications/hook")
    assert made.json["address"] == "hooks.example.org/•••"
    assert (made.json["has_key"], made.json["last"], made.json["waiting"]) == (True, None, 0)
    apprise = {"name": "chat", "kind": "apprise", "address": f"json://10.0.0.1/{TOKEN}"}
    assert world.ask("POST", "/api/notifications", apprise).json["address"] == "json://•••"
    said = "".join(
        world.ask("GET", path).get_data(as_text=True)
        for path in ("/api/notifications", "/api/notifications/hook", "/api/activity", "/api/config")
    )
    assert "hook" in said
    assert not [secret for secret in (TOKEN, KEY) if secret in said]


def test_what_is_left_out_stays_when_it_is_changed(world):
    world.ask("POST", "/api/notifications", HOOK)
    body = {"kind": "webhook", "occasions": ["waiting"], "quiet": 60, "active": False}
    changed = world.ask("PUT", "/api/notifications/hook", body).json
    assert (changed["occasions"], changed["active"], changed["has_key"]) == (["waiting"], False, True)
    assert world.ask("PUT", "/api/notifications/moon", body).status_code == 404


@pytest.mark.parametrize(
    ("more", "status", "field"),
    [
        ({"address": f"ftp://{TOKEN}"}, 422, "address"),
        ({"key": "short"}, 422, "key"),
        ({"project": "moon"}, 404, "project"),
        ({"occasions": ["sunrise"]}, 422, "occasions[0]"),
        ({"occasions": []}, 422, "occasions"),
        ({"kind": "apprise", "key": None, "address": f"nosuch://{TOKEN}"}, 422, "address"),
        ({"token": "x"}, 422, "token"),
    ],
)
def test_a_mistake_is_told_with_its_field_and_without_the_address(world, more, status, field):
    answer = world.ask("POST", "/api/notifications", {**HOOK, **more})
    assert answer.status_code == status
    assert list(answer.json["fields"]) == [field]
    assert TOKEN not in json.dumps(answer.json)
    assert world.ask("GET", "/api/notifications").json == []


def test_a_name_is_taken_once(world):
    world.ask("POST", "/api/notifications", HOOK)
    assert world.ask("POST", "/api/notifications", HOOK).json["code"] == "notification_exists"


def test_a_test_says_how_it_went_and_what_was_answered(world, receiver):
    world.ask("POST", "/api/notifications", {**HOOK, "address": f"{receiver.url}/{TOKEN}"})
    refused = world.ask("POST", "/api/notifications/hook/test").json
    assert (refused["ok"], refused["code"], "this machine itself" in refused["text"]) == (False, None, True)
    world.ask("PUT", "/api/notifications/hook", {"kind": "webhook", "local": True})
    told = world.ask("POST", "/api/notifications/hook/test").json
    assert (told["ok"], told["code"], told["text"]) == (True, 200, "200: thanks")
    assert told["milliseconds"] > 0
    assert json.loads(receiver.asked[0].body)["title"] == "Forge: a test"
    assert world.ask("POST", "/api/notifications/moon/test").status_code == 404


def test_deliveries_say_what_became_of_them_and_can_be_tried_again(world):
    for name in ("hook", "other"):
        world.ask("POST", "/api/notifications", {**HOOK, "name": name, "address": f"http://127.0.0.1:9/{TOKEN}"})
    deploy_failed(world)
    outbox = world.runtime.courier.outbox
    outbox.fill()
    (waits,) = world.ask("GET", "/api/notifications/hook/deliveries").json
    assert (waits["status"], waits["title"]) == ("waiting", "shop/dev: dev-1 failed and was taken back")
    world.runtime.courier.deliver(world.runtime.store.deliveries.get(waits["id"]))
    view = world.ask("GET", "/api/notifications/hook").json
    assert (view["waiting"], view["last"]["attempts"]) == (1, 1)
    assert "this machine itself" in view["last"]["answer"]
    path = f"deliveries/{waits['id']}/retry"
    assert world.ask("POST", f"/api/notifications/hook/{path}").json["attempts"] == 0
    assert world.ask("POST", f"/api/notifications/other/{path}").status_code == 404
    assert world.ask("GET", "/api/notifications/moon/deliveries").status_code == 404
    assert world.ask("DELETE", "/api/notifications/hook").status_code == 204
    assert world.ask("GET", "/api/notifications/hook").status_code == 404


def deploy_failed(world):
    """A deploy of shop/dev that failed, as the store has it."""
    world.make_shop()
    store = world.runtime.store
    project, stage = store.projects.get("shop"), store.projects.stage("shop", "dev")
    with store.database.change() as change:
        wanted = Deploy(id=0, project="shop", stage="dev", image=project.image, tag="dev-1")
        made = store.deploys.add(change, wanted, Configuration(project=project, stage=stage))
        begun = store.deploys.begin(change, made).to(DeployStatus.REVERTING, failure="It broke")
        store.deploys.save(change, begun.to(DeployStatus.FAILED, ended=change.now))


def test_who_is_told_at_a_place_is_asked_by_the_place(world):
    world.make_shop()
    world.ask("POST", "/api/notifications", HOOK)
    world.ask("POST", "/api/notifications", {"name": "hush", "kind": "nobody", "project": "shop", "stage": "dev"})
    found = world.ask("GET", "/api/applying-notifications?project=shop&stage=rel").json
    assert {one["occasion"]: one["names"] for one in found}["deploy_failed"] == ["hook"]
    found = world.ask("GET", "/api/applying-notifications?project=shop&stage=dev").json
    assert {one["occasion"]: one["names"] for one in found}["deploy_failed"] == ["hush"]
