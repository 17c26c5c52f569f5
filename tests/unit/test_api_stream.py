"""The live stream over HTTP, and logs as JSON."""

from __future__ import annotations

import json

import pytest

from forge.domain.events import Event
from forge.domain.person import Principal, Role
from tests.api_world import world_fixture  # noqa: F401

JSON = {"Accept": "application/json"}


@pytest.fixture
def shop(world):
    world.make_shop()
    world.registry.push("org/shop", "dev-1")
    world.ask("POST", "/api/projects/shop/stages/dev/deploys", {"tag": "dev-1"})
    store = world.runtime.store
    with store.database.change() as change:
        for number in range(3):
            store.deploys.log(change, store.deploys.get(1), f"line {number}")
    return world


def frames(answer, count: int) -> list[dict]:
    """The first `count` frames of a stream, which is then closed."""
    found, body = [], iter(answer.response)
    while len(found) < count:
        lines = next(body).decode().splitlines()
        found += [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    answer.close()
    return found


def test_events_begin_with_hello_and_go_on_with_what_happens(world):
    answer = world.ask("GET", "/api/events", buffered=False)
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    world.make_shop()
    found = frames(answer, 2)
    assert [frame["type"] for frame in found[:2]] == ["hello", "project_changed"]


def test_what_is_no_topic_is_a_422_and_nobody_hears_nothing(world):
    assert world.ask("GET", "/api/events?topics=weather").json["fields"]
    assert world.ask("GET", "/api/events?topics=weather").status_code == 422
    assert world.nobody.get("/api/events").status_code == 401


def test_over_the_cap_it_is_a_503_with_retry_after(world):
    world.context.hub.close()
    answer = world.ask("GET", "/api/events")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "15")


def test_a_deploys_log_is_followed_from_its_first_line(shop):
    found = frames(shop.ask("GET", "/api/deploys/1/logs", buffered=False), 5)
    assert [frame["payload"]["text"] for frame in found if frame["type"] == "deploy_log"][:3] == [
        "line 0", "line 1", "line 2",
    ]  # fmt: skip


def test_a_deploys_log_is_json_where_asked_for_by_pages(shop):
    lines = shop.ask("GET", "/api/deploys/1/logs", headers=JSON).json
    assert [line["text"] for line in lines][-3:] == ["line 0", "line 1", "line 2"]
    assert {line["level"] for line in lines} == {"info"}
    some = shop.ask("GET", f"/api/deploys/1/logs?after={lines[0]['id']}&limit=1", headers=JSON).json
    assert some == [lines[1]]


def test_a_log_longer_than_a_page_of_the_store_is_whole(shop):
    store = shop.runtime.store
    with store.database.change() as change:
        for number in range(1100):
            store.deploys.log(change, store.deploys.get(1), f"more {number}")
    lines = shop.ask("GET", "/api/deploys/1/logs?limit=5000", headers=JSON).json
    assert [line["text"] for line in lines][-1100:] == [f"more {number}" for number in range(1100)]
    assert len(shop.ask("GET", "/api/deploys/1/logs", headers=JSON).json) == 1000


def test_an_instances_last_lines_are_json_where_asked_for(shop):
    container = shop.add_instance().container
    for number in range(5):
        shop.engine.write(container, f"words {number}", "err")
    lines = shop.ask("GET", "/api/instances/a1b2c3/logs?tail=2", headers=JSON).json
    assert [(line["stream"], line["text"]) for line in lines] == [("err", "words 3"), ("err", "words 4")]
    assert shop.ask("GET", "/api/instances/a1b2c3/logs?tail=0", headers=JSON).status_code == 422
    assert shop.ask("GET", "/api/instances/zzzzzz/logs").status_code == 404


def test_an_instance_is_followed_while_somebody_looks(shop):
    container = shop.add_instance().container
    answer = shop.ask("GET", "/api/instances/a1b2c3/logs", buffered=False)
    body = iter(answer.response)
    assert b"hello" in next(body)
    shop.engine.write(container, "live words")
    assert any(b"live words" in part for part, _ in zip(body, range(20), strict=False))
    answer.close()
    assert shop.context.hub.stats().readers == 0


@pytest.mark.parametrize(
    ("accept", "type_"), [("*/*", "text/event-stream"), ("text/event-stream", "text/event-stream")]
)
def test_without_a_wish_it_is_a_stream(shop, accept, type_):
    answer = shop.ask("GET", "/api/deploys/1/logs", headers={"Accept": accept}, buffered=False)
    assert answer.headers["Content-Type"].startswith(type_)
    answer.close()


def test_a_stream_ends_with_its_session_and_others_go_on(world):
    def follow(name):
        browser = world.browser(Principal(name=name, role=Role.VIEWER))
        body = iter(browser.get("/api/events", buffered=False).response)
        assert b"hello" in next(body)
        return browser, body

    (ann, hers), (_, his) = follow("ann"), follow("bob")
    assert ann.delete("/api/session", headers={"Origin": "http://localhost"}).status_code == 204
    assert all(b"project" not in told for told in hers), "it ended"
    world.make_shop()
    assert any(b"project_changed" in told for told in his)
    assert world.context.hub.stats().ended["ended"] == 1


def test_who_may_see_some_projects_follows_those_only(shop):
    bob = shop.browser(Principal(name="bob", role=Role.ADMIN, projects=frozenset({"cart"})))
    for hidden in ("deploy:1", "state,deploy:1", "instance:nobody"):
        assert bob.get(f"/api/events?topics={hidden}").status_code == 404
    answer = bob.get("/api/events?topics=state@0", buffered=False)
    with shop.runtime.store.database.change() as change:
        for project in ("shop", "cart"):
            event = Event(type="project_changed", payload={"project": project}, at=1, project=project)
            change.emit(event)
    before, after = shop.runtime.store.events.bounds()
    of_nobody = len(bob.get("/api/activity?limit=200&type=connection_changed").json)
    found = frames(answer, 1 + of_nobody + 1)  # hello, what is nobody's, and cart's
    assert after - before > len(found), "there was more to hear"
    assert [frame["payload"]["project"] for frame in found if frame["type"] == "project_changed"] == ["cart"]
    assert not [frame for frame in found if frame["type"].startswith("deploy")]
    told = [event["project"] for event in bob.get("/api/activity").json]
    assert "cart" in told
    assert "shop" not in told


def test_a_page_for_who_may_see_some_projects_is_not_cut_short_by_the_others(shop):
    bob = shop.browser(Principal(name="bob", role=Role.VIEWER, projects=frozenset({"shop"})))
    for number in range(4):
        shop.make_shop(name=f"other-{number}")
        shop.registry.push("org/shop", "dev-1")
        shop.ask("POST", f"/api/projects/other-{number}/stages/dev/deploys", {"tag": "dev-1"})
    assert [one["project"] for one in bob.get("/api/deploys?limit=2").json] == ["shop"]
    assert [one["project"] for one in bob.get("/api/activity?limit=1&type=deploy_status").json] == ["shop"]
    nobody = shop.browser(Principal(name="eve", role=Role.VIEWER, projects=frozenset()))
    assert nobody.get("/api/deploys").json == nobody.get("/api/sightings").json == []
    assert not any(event["project"] for event in nobody.get("/api/activity").json)


@pytest.mark.parametrize("path", ["webhook/receipts", "webhook/receipts/1", "polling", "registries/parts/tags?image=x"])
def test_what_tells_of_all_projects_is_not_for_who_may_see_some(world, path):
    bob = world.browser(Principal(name="bob", role=Role.ADMIN, projects=frozenset({"cart"})))
    assert (answer := bob.get(f"/api/{path}")).status_code == 403
    assert answer.json["code"] == "some_projects"
