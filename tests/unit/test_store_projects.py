"""Projects and stages as they are kept."""

from dataclasses import replace

import pytest

from forge.domain.errors import Conflict, NotFound
from forge.domain.project import Health, HealthKind, Limits, Volume, VolumeKind
from forge.domain.sighting import Decision, Sighting
from forge.domain.stage import Tolerance, Update
from forge.domain.tags import parse_pattern
from tests.unit.storing import DIGEST, add_deploy, dev, open_store, shop

FULL = shop(
    registry="ghcr", engine="local", proxy="caddy", domain="shops.net",
    health=Health(kind=HealthKind.HTTP, path="/up", timeout=2.5), environment={"A": "ü\n"}, secrets=("KEY",),
    volumes=(
        Volume(kind=VolumeKind.NAMED, path="/data", source="data", exclusive=True),
        Volume(kind=VolumeKind.TMPFS, path="/tmp", size=1024),
    ),
    limits=Limits(memory=64 << 20, cpus=0.5, pids=9), aliases=("store",), labels={"team": "a"}, active=False,
)  # fmt: skip
STAGE = dev(
    pattern=parse_pattern(r"regex:dev-\d+"), auto_deploy=False, max_instances=3, promote_from="rel",
    environment={"B": "1"}, secrets=("KEY",), domain="{tag}.{domain}", update=Update(minimum_age=60), keep=2, bake=1,
    drain=3, stop_timeout=4,
)  # fmt: skip


@pytest.fixture
def heard():
    return []


@pytest.fixture
def store(tmp_path, heard):
    made = open_store(tmp_path, heard)
    yield made
    made.database.close()


def do(store, name, *values):
    with store.database.change() as change:
        return getattr(store.projects, name)(change, *values)


def test_projects_and_stages_come_back_as_they_were(store):
    """Pitfall 31: every field."""
    do(store, "add", FULL, "ann")
    do(store, "add_stage", STAGE, "ann")
    assert store.projects.get("shop") == FULL
    assert store.projects.stage("shop", "dev") == STAGE
    assert store.projects.all() == [FULL]
    assert store.projects.all_stages() == {"shop": [STAGE]}


def test_stages_are_in_the_order_of_the_board(store):
    do(store, "add", shop(), "ann")
    for name in ("rel", "dev", "prod"):
        do(store, "add_stage", dev(name=name), "ann")
    do(store, "delete_stage", "shop", "dev", "ann")
    do(store, "add_stage", dev(), "ann")
    assert [s.name for s in store.projects.stages("shop")] == ["rel", "prod", "dev"]


def test_projects_are_found_by_their_image(store):
    do(store, "add", shop(), "ann")
    do(store, "add", shop(name="twin"), "ann")
    do(store, "add", shop(name="cart", image="r.example/acme/cart"), "ann")
    assert [p.name for p in store.projects.by_image("r.example/acme/shop")] == ["shop", "twin"]
    do(store, "put", shop(name="twin", image="r.example/acme/cart"), "ann")
    assert [p.name for p in store.projects.by_image("r.example/acme/cart")] == ["cart", "twin"]


def test_names_that_are_taken_are_said(store):
    do(store, "add", shop(), "ann")
    do(store, "add_stage", dev(), "ann")
    with pytest.raises(Conflict) as raised:
        do(store, "add", shop(port=99), "ann")
    assert raised.value.code == "project_exists"
    with pytest.raises(Conflict) as raised:
        do(store, "add_stage", dev(keep=9), "ann")
    assert raised.value.code == "stage_exists"
    assert store.projects.get("shop").port == 80


@pytest.mark.parametrize(
    ("name", "values", "code"),
    [
        ("put", (shop(),), "no_project"),
        ("delete", ("shop",), "no_project"),
        ("add_stage", (dev(),), "no_project"),
        ("put_stage", (dev(),), "no_stage"),
        ("delete_stage", ("shop", "dev"), "no_stage"),
    ],
)
def test_what_is_not_there_is_said(store, heard, name, values, code):
    with pytest.raises(NotFound) as raised:
        do(store, name, *values, "ann")
    assert raised.value.code == code
    assert heard == []


def test_a_stage_of_no_project_and_no_stage_of_a_project_are_told_apart(store):
    with pytest.raises(NotFound, match="no project shop"):
        store.projects.stage("shop", "dev")
    do(store, "add", shop(), "ann")
    with pytest.raises(NotFound, match="has no stage dev"):
        store.projects.stage("shop", "dev")


def test_the_first_look_is_noted_once_and_anew_after_another_pattern_or_image(store):
    do(store, "add", shop(), "ann")
    do(store, "add_stage", dev(), "ann")
    assert not store.projects.noted("shop", "dev")
    do(store, "note", "shop", "dev")
    do(store, "put_stage", dev(keep=9), "ann")
    do(store, "put", shop(port=99), "ann")
    assert store.projects.noted("shop", "dev")
    do(store, "put_stage", dev(pattern=parse_pattern("v*")), "ann")
    assert not store.projects.noted("shop", "dev")
    do(store, "note", "shop", "dev")
    do(store, "put", shop(image="r.example/acme/other"), "ann")
    assert not store.projects.noted("shop", "dev")
    assert not store.projects.noted("cart", "dev")


def sighting(store, stage="dev", project="shop"):
    seen = Sighting(
        id=0, project=project, stage=stage, tag="v1", digest=DIGEST, source="poller", decision=Decision.NOTED,
        reason="first look", seen=0,
    )  # fmt: skip
    with store.database.change() as change:
        store.sightings.add(change, seen)
        store.deploys.quarantine(change, add_deploy_in(store, stage, project), "It crashed")


def add_deploy_in(store, stage, project):
    return replace(store.deploys.get(1), project=project, stage=stage, digest=DIGEST)


def test_a_later_stage_of_the_same_name_inherits_nothing(store):
    add_deploy(store)
    do(store, "add", shop(), "ann")
    for name in ("dev", "rel"):
        do(store, "add_stage", dev(name=name), "ann")
        sighting(store, name)
    do(store, "delete_stage", "shop", "dev", "ann")
    assert store.sightings.last("shop", "dev", "v1") is None
    assert store.deploys.quarantined("shop", "dev", DIGEST) is None
    assert store.sightings.last("shop", "rel", "v1") is not None
    do(store, "delete", "shop", "ann")
    assert store.sightings.last("shop", "rel", "v1") is None
    assert store.deploys.quarantined("shop", "rel", DIGEST) is None
    assert store.projects.stages("shop") == []
    assert store.deploys.get(1).project == "shop"


def test_every_change_is_told_with_its_actor(store, heard):
    do(store, "add", shop(), "ann")
    do(store, "add_stage", dev(), "ann")
    do(store, "put_stage", dev(keep=9), "bob")
    do(store, "delete_stage", "shop", "dev", "bob")
    do(store, "delete", "shop", "eve")
    assert [(e.payload["stage"], e.payload["change"], e.actor) for e in heard] == [
        (None, "created", "ann"),
        ("dev", "created", "ann"),
        ("dev", "changed", "bob"),
        ("dev", "deleted", "bob"),
        (None, "deleted", "eve"),
    ]


def test_a_stage_that_was_kept_before_bakes_had_a_default_keeps_what_it_had(store):
    with store.database.change() as change:
        store.projects.add(change, shop(), "ann")
        store.projects.add_stage(change, dev(name="prod", bake=0), "ann")
        change.execute("UPDATE stage SET configuration = json_remove(configuration, '$.tolerance')")
    assert store.projects.stage("shop", "prod").bake == 0
    assert store.projects.stage("shop", "prod").tolerance == Tolerance()
