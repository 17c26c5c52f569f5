"""Registries tell of pushes in their own words; Forge looks for itself, and leaves a receipt of each."""

from __future__ import annotations

import hashlib
import hmac
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from forge.watch.vendors import read
from tests.canaries.kinds import canary
from tests.e2e.conftest import stage
from tests.e2e.live import until
from tests.parts import images
from tests.parts.registry import Registry

pytestmark = pytest.mark.real
FOLDER = Path(__file__).parents[1] / "fixtures" / "webhooks"
FIXTURES = {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))}
SHAPES = [name for name, fixture in FIXTURES.items() if fixture["images"] and fixture["vendor"] != "docker_hub"]
NAMELESS = [name for name, fixture in FIXTURES.items() if not fixture["images"]]
KEY = canary()


def adapted(house, name: str, project: str) -> tuple[dict[str, str], bytes]:
    """A vendor's delivery about an image of the registry at hand: (headers, body)."""
    fixture = FIXTURES[name]
    text = json.dumps(fixture["body"])
    for host in {image.partition("/")[0] for image in fixture["images"]}:
        text = text.replace(host, house.registry.address)
    for repository in ("AcmeOrg", "acme"):
        text = text.replace(f'"{repository}"', f'"{project}"').replace(f"{repository}/", f"{project}/")
    text = text.replace("https://127.", "http://127.")
    return fixture["headers"], text.encode()


def repository_and_tags(house, name: str, project: str) -> tuple[str, list[str]]:
    """What the delivery names, by what the fixture says it names."""
    named = [image.partition("/")[2].rpartition(":") for image in FIXTURES[name]["images"] if "@" not in image]
    first = named[0][0]  # some name images of other repositories too
    path = first.replace("acmeorg/", f"{project}/").replace("acme/", f"{project}/")
    return path, [tag for repository, _, tag in named if repository == first]


def receipt(house, number: int):
    """A receipt when it is settled."""
    path = f"/api/webhook/receipts/{number}"
    until(lambda: house.forge.get(path)["decision"] != "looking", "it is settled")
    return house.forge.get(path)


def deliver(house, headers, body: bytes, path: str | None = None):
    """Send a delivery as a registry does: without a login."""
    return house.forge.ask("POST", path or house.hook(), headers=headers, data=body)


def own(house, image: str) -> bytes:
    return json.dumps({"image": f"{house.registry.address}/{image}"}).encode()


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize("name", SHAPES)
def test_each_vendors_delivery_makes_the_right_tag_go_live(house, name):
    project = f"v-{name.replace('_', '-')}"[:40]
    repository, tags = repository_and_tags(house, name, project)
    house.project(
        project,
        {**stage("dev", max_instances=3), "pattern": "glob:*"},
        image=f"{house.registry.address}/{repository}",
        proxy="published",
    )
    digests = [images.push(house.registry, repository, tag) for tag in tags]
    headers, body = adapted(house, name, project)
    named = read(headers, json.loads(body)).digests
    for tag, digest in zip(tags, digests, strict=True):
        if said := named.get(f"{house.registry.address}/{repository}:{tag}"):
            body = body.replace(said.encode(), digest.encode())
    answer = deliver(house, headers, body)
    assert answer.status == 202, answer.body
    left = receipt(house, answer.json["receipt"])
    assert (left["vendor"], left["decision"]) == (FIXTURES[name]["vendor"], "deploy"), left
    for tag in tags:
        assert house.forge.next_deploy(f"{project}/dev", tag)["status"] == "succeeded"
    assert sorted(house.forge.serving(f"{project}/dev")) == sorted(tags)


@pytest.mark.parametrize("name", NAMELESS)
def test_a_delivery_that_names_no_pushed_tag_leaves_a_receipt_and_does_nothing(house, name):
    fixture = FIXTURES[name]
    answer = deliver(house, fixture["headers"], json.dumps(fixture["body"]).encode())
    assert answer.status == 202
    assert receipt(house, answer.json["receipt"])["decision"] in {"ignored", "ping"}


def test_a_delivery_that_nobody_understands_says_what_is_understood(house):
    answer = deliver(house, JSON, b'{"what": "is this"}')
    assert answer.status == 422
    assert "Harbor" in answer.json["detail"]
    assert house.forge.get("/api/webhook/receipts")[0]["decision"] == "invalid"


def test_a_wrong_secret_leads_nowhere_and_a_new_one_ends_the_old_at_once(house):
    old = house.hook()
    nowhere = deliver(house, JSON, b"{}", "/api/webhook/not-the-secret")
    assert nowhere.status == 404
    assert nowhere.json["detail"] == "There is nothing at this address."
    new = house.forge.do("POST", "/api/settings/webhook/regenerate")["path"]
    assert new != old
    assert deliver(house, JSON, own(house, "no/body:1"), old).status == 404
    assert deliver(house, JSON, own(house, "no/body:1"), new).status == 202


def test_where_a_signature_is_asked_for_an_unsigned_delivery_is_refused_with_a_receipt(house):
    forge = house.forge
    house.project("signed")
    images.push(house.registry, "signed", "dev-1")
    forge.do("PUT", "/api/settings/webhook/signing-key", {"signing_key": KEY})
    house.settings(webhook_signature=True)
    try:
        body = own(house, "signed:dev-1")
        right = hmac.new(KEY.encode(), body, hashlib.sha256).hexdigest()
        answers = [
            deliver(house, headers, body).status
            for headers in (
                JSON,
                {**JSON, "X-Hub-Signature-256": f"sha256={'0' * 64}"},
                {**JSON, "X-Hub-Signature-256": f"sha256={right}"},
                {**JSON, "X-Gitea-Signature": right},
            )
        ]
        assert answers == [403, 403, 202, 202]
        left = forge.get("/api/webhook/receipts?limit=4")
        assert [(r["signature"], r["decision"] == "refused") for r in left] == [
            ("valid", False),
            ("valid", False),
            ("invalid", True),
            ("none", True),
        ]
        assert forge.next_deploy("signed/dev", "dev-1")["status"] == "succeeded"
        assert len(forge.deploys("signed/dev")) == 1
    finally:
        house.settings()
        forge.do("PUT", "/api/settings/webhook/signing-key", {"signing_key": None})


def test_the_same_delivery_twenty_one_times_is_one_deploy(house):
    house.project("echo")
    images.push(house.registry, "echo", "dev-1")
    body, path = own(house, "echo:dev-1"), house.hook()
    with ThreadPoolExecutor(7) as senders:
        answers = list(senders.map(lambda _: deliver(house, JSON, body, path), range(21)))
    assert [answer.status for answer in answers] == [202] * 21
    left = [receipt(house, answer.json["receipt"]) for answer in answers]
    assert len(left) == 21
    assert house.forge.next_deploy("echo/dev", "dev-1")["status"] == "succeeded"
    assert len(house.forge.deploys("echo/dev")) == 1
    assert len(house.forge.get("/api/sightings?project=echo")) == 1


def test_a_receipt_can_be_replayed_when_the_stage_would_take_it_now(house):
    forge = house.forge
    house.project("late", {**stage("dev"), "pattern": "glob:other-*"})
    images.push(house.registry, "late", "dev-1")
    first = receipt(house, deliver(house, JSON, own(house, "late:dev-1")).json["receipt"])
    assert first["decision"] == "ignored"
    forge.do("PUT", "/api/projects/late/stages/dev", {"pattern": "glob:dev-*", "drain": 0})
    again = forge.do("POST", f"/api/webhook/receipts/{first['id']}/replay")
    assert (again["replay_of"], again["decision"]) == (first["id"], "deploy")
    assert forge.next_deploy("late/dev", "dev-1")["status"] == "succeeded"


def test_an_unknown_image_is_made_a_project_that_waits_for_a_person(house):
    forge = house.forge
    images.push(house.registry, "org/newcomer", "dev-1", kind="healthcheck", env={"PORT": "9001"})
    left = receipt(house, deliver(house, JSON, own(house, "org/newcomer:dev-1")).json["receipt"])
    assert left["decision"] == "waiting", left
    project = forge.get("/api/projects/newcomer")
    assert (project["active"], project["port"], project["stages"][0]["name"]) == (False, 9001, "dev")
    assert forge.get("/api/deploys?project=newcomer") == []
    status, sentence = forge.refused("POST", "/api/projects/newcomer/stages/dev/deploys", {"tag": "dev-1"})
    assert (status, sentence) == (409, "Project newcomer waits for a person: approve it first")
    (decided,) = forge.do("POST", "/api/projects/newcomer/approve")["decided"]
    assert (decided["tag"], decided["decision"]) == ("dev-1", "deploy")
    assert forge.next_deploy("newcomer/dev", "dev-1")["status"] == "succeeded"
    assert house.page("dev-newcomer") == (200, "dev-1\n")


def test_an_unknown_image_is_ignored_or_deployed_where_the_setting_says_so(house):
    forge = house.forge
    for choice, decision in (("ignore", "ignored"), ("deploy", "deploy")):
        house.settings(unknown_image=choice)
        images.push(house.registry, f"org/{choice}-it", "dev-1")
        left = receipt(house, deliver(house, JSON, own(house, f"org/{choice}-it:dev-1")).json["receipt"])
        assert left["decision"] == decision, left
    house.settings()
    assert forge.next_deploy("deploy-it/dev", "dev-1")["status"] == "succeeded"
    assert forge.ask("GET", "/api/projects/ignore-it").status == 404


def test_a_stage_that_asks_first_deploys_after_a_yes_and_not_after_a_no(house):
    forge = house.forge
    house.project("asks", stage("dev", update={"mode": "ask"}))
    for number in (1, 2):
        images.push(house.registry, "asks", f"dev-{number}")
        left = receipt(house, deliver(house, JSON, own(house, f"asks:dev-{number}")).json["receipt"])
        assert left["decision"] == "waiting"
        sighting = forge.get("/api/sightings?project=asks")[0]["id"]
        forge.do("POST", f"/api/sightings/{sighting}/{'dismiss' if number == 1 else 'approve'}")
    assert forge.next_deploy("asks/dev", "dev-2")["status"] == "succeeded"
    assert [deploy["tag"] for deploy in forge.deploys("asks/dev")] == ["dev-2"]


def test_explain_says_why_and_why_not(house):
    forge = house.forge
    house.project("why")
    images.push(house.registry, "why", "dev-1")
    images.push(house.registry, "why", "rel-1")
    path = "/api/projects/why/stages/dev/explain"
    assert forge.do("POST", path, {"tag": "dev-1"})["would"]
    told = forge.do("POST", path, {"tag": "rel-1"})
    assert (told["would"], told["decision"]) == (False, "ignored")
    assert told["reason"] == "rel-1 does not match glob:dev-*"
    assert forge.deploys("why/dev") == []


def test_a_delivery_about_a_registry_that_is_away_is_looked_at_again(house, tmp_path):
    registry = Registry(tmp_path / "away")
    registry.start()
    try:
        house.project("away", image=f"{registry.address}/away")
        images.push(registry, "away", "dev-1")
        registry.stop()
        body = json.dumps({"image": f"{registry.address}/away:dev-1"}).encode()
        number = deliver(house, JSON, body).json["receipt"]
        path = f"/api/webhook/receipts/{number}"
        until(lambda: "asks again" in house.forge.get(path)["reason"], "it will be asked again")
        registry.start()
        assert receipt(house, number)["decision"] == "deploy"
        assert house.forge.next_deploy("away/dev", "dev-1")["status"] == "succeeded"
    finally:
        registry.stop()
