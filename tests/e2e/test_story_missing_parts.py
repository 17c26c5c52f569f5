"""Docker, Caddy or a registry go away for a while; Forge says so, loses nothing, and goes on by itself."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.conftest import stage
from tests.e2e.live import until
from tests.parts import images
from tests.parts.caddy import STRANGER
from tests.small_server import SmallServer, Told

pytestmark = pytest.mark.real


def live_project(house, name, *stages, **more):
    """A project of which dev-1 serves."""
    house.project(name, *stages, **more)
    images.push(house.registry, name, "dev-1")
    assert house.forge.deploy(f"{name}/dev", "dev-1")["status"] == "succeeded"


def parts(house):
    return {part["name"]: part["ok"] for part in house.forge.get("/api/health")["parts"]}


def test_instances_come_back_when_docker_is_restarted_and_routes_still_lead_to_them(house):
    forge = house.forge
    live_project(house, "shop")
    before = forge.the_instance("shop/dev")
    with forge.live() as board:
        board.wait(lambda frame: frame.type == "hello", "hello")
        house.engine.restart()
        back = time.monotonic()
        until(lambda: house.page("dev-shop") == (200, "dev-1\n"), "people see it again")
        until(lambda: forge.the_instance("shop/dev")["status"] == "running", "the API says so")
        until(lambda: forge.get("/api/health")["status"] == "ok", "all is well")
        print(f"{time.monotonic() - back:.1f} s after Docker answered")
        told = [change["change"] for change in board.of("connection_changed") if change["kind"] == "engine"]
        assert told == ["down", "back"]
    after = forge.the_instance("shop/dev")
    assert (after["id"], after["target"]) == (before["id"], before["target"])


def test_what_happens_to_a_container_is_told_within_a_second(house):
    forge = house.forge
    live_project(house, "beheld")
    client = house.engine.client()
    try:
        container = client.containers.get(forge.the_instance("beheld/dev")["container"])
        with forge.live() as board:
            board.wait(lambda frame: frame.type == "hello", "hello")
            for act, status in (
                (container.kill, "stopped"),
                (container.start, "running"),
                (container.remove, "missing"),
            ):
                more = {"force": True} if act == container.remove else {}
                act(**more)
                done = time.monotonic()
                frame = board.wait(lambda f, s=status: f.type == "instance_status" and f.payload["status"] == s, status)
                assert frame.at - done < 1
                assert forge.the_instance("beheld/dev")["status"] == status
    finally:
        client.close()
    assert forge.deploy("beheld/dev", "dev-1")["status"] == "succeeded"  # a deploy mends it
    assert house.page("dev-beheld") == (200, "dev-1\n")


def test_while_docker_is_away_people_are_told_and_a_push_waits(house):
    forge = house.forge
    live_project(house, "waiting")
    images.push(house.registry, "waiting", "dev-2")
    house.engine.down()
    try:
        until(lambda: forge.get("/api/health")["status"] == "degraded", "it is said")
        assert not parts(house)["local"]
        status, sentence = forge.refused("POST", "/api/projects/waiting/stages/dev/deploys", {"tag": "dev-2"})
        assert status == 503
        assert "Docker" in sentence
        instance = forge.the_instance("waiting/dev")["id"]
        assert forge.refused("POST", f"/api/instances/{instance}/restart")[0] == 503
        body = json.dumps({"image": f"{house.registry.address}/waiting:dev-2"}).encode()
        assert forge.ask("POST", house.hook(), headers={"Content-Type": "application/json"}, data=body).status == 202
        until(lambda: [d["tag"] for d in forge.deploys("waiting/dev")][:1] == ["dev-2"], "it is queued")
        forge.restart()  # nothing queued is lost
        assert forge.deploys("waiting/dev")[0]["status"] == "queued"
    finally:
        house.engine.start()
    assert forge.next_deploy("waiting/dev", "dev-2")["status"] == "succeeded"
    assert house.page("dev-waiting") == (200, "dev-2\n")


@pytest.mark.parametrize("how", ["kill", "down"])
def test_docker_that_crashes_or_is_restarted_in_the_middle_of_a_deploy_leaves_one_that_serves(house, how):
    forge, name = house.forge, f"docker-{how}"
    live_project(house, name)
    images.push(house.registry, name, "dev-2", kind="slow", env={"START_AFTER": "2"})
    number = forge.do("POST", f"/api/projects/{name}/stages/dev/deploys", {"tag": "dev-2"})["id"]
    until(lambda: "start" in [s["name"] for s in forge.get(f"/api/deploys/{number}")["steps"]], "it has begun")
    getattr(house.engine, how)()
    time.sleep(0.5)
    house.engine.start()
    assert forge.wait(number)["status"] in {"failed", "succeeded"}
    until(lambda: house.page(f"dev-{name}")[1] in {"dev-1\n", "dev-2\n"}, "one serves")
    until(lambda: len(forge.instances(f"{name}/dev")) == 1, "one is there")


def test_caddy_restarted_without_its_routes_gets_them_back(house):
    forge = house.forge
    live_project(house, "routed")
    house.caddy.restart()
    assert house.page("dev-routed") != (200, "dev-1\n")
    until(lambda: house.page("dev-routed") == (200, "dev-1\n"), "the route is back", 45)
    assert house.caddy.get(STRANGER) == (200, "I am a stranger's page\n")
    assert forge.deploy("routed/dev", "dev-1")["status"] == "succeeded"


def test_while_caddy_is_away_a_deploy_fails_with_a_sentence_and_is_taken_back(house):
    forge = house.forge
    live_project(house, "unrouted")
    images.push(house.registry, "unrouted", "dev-2")
    house.caddy.stop()
    try:
        number = forge.do("POST", "/api/projects/unrouted/stages/dev/deploys", {"tag": "dev-2"})["id"]
        until(lambda: forge.get(f"/api/deploys/{number}")["status"] == "reverting", "it is taken back")
        assert "Caddy" in forge.get(f"/api/deploys/{number}")["failure"]
    finally:
        house.caddy.start()
    failed = forge.wait(number)
    assert (failed["status"], failed["failed_step"]) == ("failed", "switch route")
    assert failed["quarantine"] is None
    assert forge.serving("unrouted/dev") == ["dev-1"]
    until(lambda: house.page("dev-unrouted") == (200, "dev-1\n"), "the route is back", 45)
    assert forge.deploy("unrouted/dev", "dev-2")["status"] == "succeeded"


def test_caddy_cut_off_while_the_new_one_is_watched_leaves_one_that_serves_and_is_reached(house):
    forge = house.forge
    live_project(house, "cut", stage("dev", bake=4))
    images.push(house.registry, "cut", "dev-2")
    number = forge.do("POST", "/api/projects/cut/stages/dev/deploys", {"tag": "dev-2"})["id"]
    until(lambda: "bake" in [s["name"] for s in forge.get(f"/api/deploys/{number}")["steps"]], "it is watched")
    house.caddy.stop()
    time.sleep(0.5)
    house.caddy.start()  # without its routes
    ended = forge.wait(number)
    serving = ["dev-2"] if ended["status"] == "succeeded" else ["dev-1"]
    assert ended["status"] in {"succeeded", "failed"}
    assert forge.serving("cut/dev") == serving
    until(lambda: house.page("dev-cut") == (200, f"{serving[0]}\n"), "people reach what serves", 45)
    until(lambda: len(forge.instances("cut/dev")) == 1, "one is there")


def test_routes_of_strangers_outlive_everything(house):
    forge = house.forge
    before = strangers(house)
    assert len(before) == 1
    live_project(house, "guest")
    forge.do("DELETE", "/api/projects/guest")
    assert strangers(house) == before
    house.leads_nowhere("dev-guest")


def strangers(house):
    """The routes that nobody told Caddy about through Forge."""
    return [route for route in house.caddy.config()["apps"]["http"]["servers"]["main"]["routes"]
            if route.get("@id") == "stranger"]  # fmt: skip


def test_without_any_docker_forge_starts_and_stays_up(start_forge, tmp_path):
    forge = start_forge("no-docker", FORGE_ENGINE=f"unix://{tmp_path}/nothing.sock")
    until(lambda: forge.get("/api/health")["status"] == "degraded", "it is said")
    (engine,) = forge.get("/api/health")["parts"]
    assert engine["kind"] == "engine"
    assert "Docker" in engine["fault"]
    assert forge.ask("GET", "/").status in {200, 303, 302}
    assert forge.do("POST", "/api/engines/local/test")["ok"] is False


def test_a_registry_that_hangs_holds_up_who_asks_for_it_and_nobody_else(house):
    """More people ask for its tags than Forge has threads; the board answers before the first of them has an answer,
    which comes after fifteen seconds at the latest.
    """
    forge, goes_on = house.forge, threading.Event()

    def hang(_) -> Told:
        goes_on.wait(60)
        return Told(404)

    hanging = SmallServer(hang)
    forge.do("POST", "/api/registries", {"name": "hanging", "url": hanging.url, "interval": 0})
    try:
        with ThreadPoolExecutor(12) as people:
            tags = "/api/registries/hanging/tags?image=shop"
            asked = [people.submit(forge.ask, "GET", tags) for _ in range(12)]
            until(lambda: sum(one.done() for one in asked) >= 7, "those for whom no thread is left are told so")
            for path in ("/api/projects", "/api/health", "/api/deploys"):
                forge.get(path)
            assert sum(one.done() for one in asked) == 7  # the others wait on
            goes_on.set()
            answers = [one.result() for one in asked]
        refused = [answer for answer in answers if answer.status == 503]
        assert [(answer.json["code"], answer.headers["retry-after"]) for answer in refused] == [("busy", "5")] * 7
        assert {answer.status for answer in answers} == {422, 503}
        assert forge.ask("GET", tags).status == 422  # the places are free again
    finally:
        goes_on.set()
        hanging.close()
        forge.do("DELETE", "/api/registries/hanging")
