"""A new tag replaces the old one, and nobody who visits meanwhile notices."""

from __future__ import annotations

import pytest

from tests.canaries.kinds import canary
from tests.e2e.conftest import stage
from tests.e2e.crowd import Crowd
from tests.e2e.live import until
from tests.parts import images

pytestmark = pytest.mark.real
OLD, NEW = canary("old"), canary("new")


def test_nobody_notices_that_a_new_tag_replaces_the_old_one(house, record_property):
    forge = house.forge
    house.project("busy", stage("dev", drain=1, stop_timeout=10))
    for tag in ("dev-1", "dev-2", "dev-3"):
        images.push(house.registry, "busy", tag, kind="slow_requests")
    assert forge.deploy("busy/dev", "dev-1")["status"] == "succeeded"
    crowd = Crowd(house, "dev-busy")
    try:
        for tag in ("dev-2", "dev-3"):
            until(lambda: crowd.slow[-1:], "slow visitors are served")
            assert forge.deploy("busy/dev", tag)["status"] == "succeeded"
    finally:
        rate = crowd.leave()
    record_property("requests", f"{len(crowd.answers)} at {rate:.0f}/s, {len(crowd.slow)} slow ones")
    print(
        f"{len(crowd.answers)} requests at {rate:.0f} a second, {len(crowd.slow)} slow ones, {len(crowd.faults)} failed"
    )
    assert crowd.faults == []
    assert [status for status, _ in crowd.slow] == [200] * len(crowd.slow)
    assert {"dev-1 was slow\n", "dev-3 was slow\n"} <= {body for _, body in crowd.slow}
    assert set(crowd.answers) == {"dev-1\n", "dev-2\n", "dev-3\n"}
    assert crowd.answers[-1] == "dev-3\n"
    assert len(crowd.answers) > 100


def test_several_tags_of_a_stage_run_at_once_and_the_oldest_goes(house):
    forge = house.forge
    house.project("many", stage("dev", max_instances=2))
    for tag in ("dev-1", "dev-2", "dev-3"):
        images.push(house.registry, "many", tag)
        assert forge.deploy("many/dev", tag)["status"] == "succeeded"
    until(lambda: len(forge.instances("many/dev")) == 2, "the oldest is gone")
    assert sorted(forge.serving("many/dev")) == ["dev-2", "dev-3"]
    assert [house.page(f"dev-many-{tag}")[1] for tag in ("dev-2", "dev-3")] == ["dev-2\n", "dev-3\n"]
    house.leads_nowhere("dev-many-dev-1")
    urls = {instance["tag"]: instance["url"] for instance in forge.instances("many/dev")}
    assert urls["dev-2"] == f"http://dev-many-dev-2.localhost:{house.caddy.port}"


def test_a_domain_that_is_taken_is_told_before_anything_is_made(house):
    house.project("first", stage("dev", domain="shared.{domain}"))
    body = {"name": "second", "image": f"{house.registry.address}/second", "port": 8080}
    more = {"stages": [stage("dev", domain="shared.{domain}")]}
    status, sentence = house.forge.refused("POST", "/api/projects", {**body, **more})
    assert status == 409
    assert sentence.startswith("shared.localhost already belongs to first/dev")
    assert house.forge.ask("GET", "/api/projects/second").status == 404


def test_a_stage_promoted_from_another_takes_the_digest_that_serves_there_without_a_pull(house):
    forge = house.forge
    house.project("shelf", stage("dev"), {**stage("rel", promote_from="dev"), "pattern": "glob:dev-*"})
    images.push(house.registry, "shelf", "dev-1")
    served = forge.deploy("shelf/dev", "dev-1")
    house.registry.stop()  # nothing can be pulled now
    try:
        queued = forge.do("POST", "/api/projects/shelf/stages/rel/promote")
        promoted = forge.wait(queued["id"])
    finally:
        house.registry.start()
    assert (promoted["status"], promoted["kind"], promoted["source"]) == ("succeeded", "promote", served["id"])
    assert promoted["digest"] == served["digest"]
    assert [step["note"] for step in promoted["steps"] if step["name"] == "pull"] == ["already there"]
    assert (house.page("rel-shelf"), house.page("dev-shelf")) == ((200, "dev-1\n"), (200, "dev-1\n"))


def test_a_promoted_stage_refuses_what_does_not_serve_the_other_one(house):
    forge = house.forge
    house.project("strict", stage("dev"), {**stage("rel", promote_from="dev"), "pattern": "glob:dev-*"})
    assert forge.refused("POST", "/api/projects/strict/stages/rel/promote") == (
        409,
        "nothing serves strict/dev: there is nothing to promote",
    )
    images.push(house.registry, "strict", "dev-1")
    images.push(house.registry, "strict", "dev-2")
    assert forge.deploy("strict/dev", "dev-1")["status"] == "succeeded"
    status, sentence = forge.refused("POST", "/api/projects/strict/stages/rel/deploys", {"tag": "dev-2"})
    assert status == 409
    assert sentence.startswith("strict/rel takes only what serves strict/dev")
    told = forge.do("POST", "/api/projects/strict/stages/rel/explain", {"tag": "dev-2"})
    assert not told["would"]


def test_rolling_back_brings_back_the_whole_configuration(house):
    forge = house.forge
    secret = {"PASSWORD": OLD}
    house.project("config", stage("rel", environment={"COLOUR": "green"}), secrets=secret)
    for number in (1, 2):
        images.push(house.registry, "config", f"rel-{number}", kind="echo_env")
    first = forge.deploy("config/rel", "rel-1")
    project = {"image": f"{house.registry.address}/config", "port": 8080, "proxy": "caddy"}
    forge.do("PUT", "/api/projects/config", {**project, "secrets": {"PASSWORD": NEW}})
    forge.do(
        "PUT", "/api/projects/config/stages/rel", {"pattern": "glob:rel-*", "bake": 0, "environment": {"COLOUR": "red"}}
    )
    assert forge.deploy("config/rel", "rel-2")["status"] == "succeeded"
    assert environment(house, "rel-config") == ("rel-2", "red", NEW)
    back = forge.wait(forge.do("POST", "/api/projects/config/stages/rel/rollback")["id"])
    assert (back["status"], back["kind"], back["source"]) == ("succeeded", "rollback", first["id"])
    assert environment(house, "rel-config") == ("rel-1", "green", OLD)
    forge.get("/api/projects/config")  # whatever it is asked, it does not tell them


def environment(house, domain):
    """What the instance was really given."""
    lines = dict(line.partition("=")[::2] for line in house.page(domain, "/env")[1].splitlines())
    return lines["VERSION"], lines["COLOUR"], lines["PASSWORD"]


def test_any_kept_deploy_can_be_rolled_back_to_though_its_tag_is_gone(house):
    forge = house.forge
    house.project("history", stage("dev", keep=3))
    done = []
    for number in range(1, 4):
        digest = images.push(house.registry, "history", f"dev-{number}")
        done.append(forge.deploy("history/dev", f"dev-{number}"))
        images.delete(house.registry, "history", digest)
    path = "/api/projects/history/stages/dev/rollback"
    back = forge.wait(forge.do("POST", path, {"deploy": done[0]["id"]})["id"])
    assert (back["status"], back["digest"]) == ("succeeded", done[0]["digest"])
    assert house.page("dev-history")[1] == "dev-1\n"
    assert forge.refused("POST", path, {"deploy": 10_000})[0] == 404
