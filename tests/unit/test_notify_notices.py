"""What is worth a message, and its words."""

import pytest

from forge.domain.deploy import DeployStatus
from forge.domain.events import TYPES as ALL_TYPES
from forge.domain.events import Event
from forge.domain.instance import InstanceStatus
from forge.domain.notification import NoticeLevel, Occasion
from forge.notify.notices import TYPES, notice_of
from tests.unit.notifying import House
from tests.unit.storing import DIGEST


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path)
    yield made
    made.close()


def told(house, type_="deploy_status"):
    """What is told of the newest event of a type, as the store keeps it."""
    return notice_of(house.store.events.of_types([type_], 0, 1000)[-1])


def test_only_types_that_there_are_are_looked_at():
    assert set(TYPES) <= set(ALL_TYPES)


def test_a_failed_deploy_says_what_why_and_what_still_serves(house):
    deploy = house.deploy(digest=DIGEST, actor="webhook", replaces="a1b2c3")
    notice = told(house)
    assert notice.title == "shop/dev: v1 failed and was taken back"
    assert notice.text.splitlines() == [
        "It did not become healthy within 10 s.",
        "What served before still serves.",
        f"Deploy #{deploy.id}, v1 (aaaaaaaaaaaa), asked for by webhook.",
    ]
    assert (notice.occasion, notice.level) == (Occasion.DEPLOY_FAILED, NoticeLevel.BAD)
    assert (notice.project, notice.stage, notice.path) == ("shop", "dev", f"/deploys/{deploy.id}")
    assert notice.facts["deploy"]["digest"] == DIGEST


def test_the_first_deploy_that_fails_leaves_nothing_that_serves(house):
    house.deploy()
    assert "Nothing serves there" in told(house).text


@pytest.mark.parametrize(
    ("status", "kind", "occasion", "title"),
    [
        (DeployStatus.SUCCEEDED, "deploy", Occasion.DEPLOY_SUCCEEDED, "v1 is live"),
        (DeployStatus.SUCCEEDED, "promote", Occasion.DEPLOY_SUCCEEDED, "v1 is live"),
        (DeployStatus.SUCCEEDED, "rollback", Occasion.ROLLED_BACK, "rolled back to v1"),
        (DeployStatus.STUCK, "deploy", Occasion.DEPLOY_STUCK, "v1 is stuck"),
        (DeployStatus.FAILED, "rollback", Occasion.DEPLOY_FAILED, "v1 failed and was taken back"),
    ],
)
def test_the_end_of_a_deploy_is_told(house, status, kind, occasion, title):
    house.deploy(status, kind=kind)
    assert (told(house).occasion, told(house).title) == (occasion, f"shop/dev: {title}")


def test_a_deploy_on_its_way_or_cancelled_is_no_news(house):
    house.deploy(DeployStatus.CANCELLED)
    events = house.store.events.of_types(["deploy_status"], 0, 100)
    assert [event.payload["status"] for event in events] == ["queued", "running", "cancelled"]
    assert [notice_of(event) for event in events] == [None] * 3


@pytest.mark.parametrize(
    ("status", "more", "title", "why"),
    [
        (InstanceStatus.UNHEALTHY, {}, "v1 is unhealthy", ""),
        (InstanceStatus.MISSING, {}, "v1 is gone", ""),
        (InstanceStatus.STOPPED, {"exit_code": 3}, "v1 has stopped", "exit code 3"),
        (InstanceStatus.STOPPED, {"exit_code": 137, "out_of_memory": True}, "v1 has stopped", "want of memory"),
    ],
)
def test_an_instance_that_serves_and_is_in_trouble_is_told(house, status, more, title, why):
    house.instance(status, **more)
    notice = told(house, "instance_status")
    assert (notice.title, notice.recovery) == (f"shop/dev: {title}", False)
    assert why in notice.text


@pytest.mark.parametrize(
    ("status", "more"),
    [
        (InstanceStatus.UNHEALTHY, {"serving": False}),  # a candidate: its deploy tells
        (InstanceStatus.STOPPED, {"wanted": False}),  # a person stopped it
        (InstanceStatus.STARTING, {}),
        (InstanceStatus.REMOVED, {}),
    ],
)
def test_what_a_deploy_or_a_person_does_to_an_instance_is_no_trouble(house, status, more):
    house.instance(status, **more)
    assert told(house, "instance_status") is None


def test_a_part_is_told_when_it_goes_and_when_it_is_back(house):
    house.part("down")
    assert told(house, "connection_changed").title == "The registry ghcr does not answer"
    assert told(house, "connection_changed").text == "ghcr.io does not answer in time."
    house.part("back")
    assert (told(house, "connection_changed").recovery, told(house, "connection_changed").path) == (True, "/registries")
    house.part("changed")
    assert told(house, "connection_changed") is None


def event(type_, **payload):
    return Event(type=type_, payload=payload, at=0, project="shop", stage="dev")


def test_what_waits_for_a_person_is_told():
    given = {"id": 1, "tag": "v2", "digest": DIGEST, "reason": "shop/dev asks first: approve it", "source": "webhook"}
    notice = notice_of(event("sighting", decision="waiting", **given))
    assert notice.title == "shop/dev: v2 waits for a person"
    assert notice.text.splitlines()[0] == "shop/dev asks first: approve it."
    assert notice.path == "/sightings?project=shop&stage=dev"
    assert notice_of(event("sighting", decision="deploy", **given)) is None


@pytest.mark.parametrize(("decision", "is_told"), [("refused", True), ("invalid", True), ("looking", False)])
def test_a_delivery_that_was_refused_is_told(decision, is_told):
    given = {"id": 4, "vendor": "", "signature": "none", "reason": "Deliveries must be signed"}
    notice = notice_of(event("receipt", decision=decision, **given))
    assert (notice is not None) == is_told
    assert notice is None or (notice.text, notice.project) == ("Deliveries must be signed.", None)
