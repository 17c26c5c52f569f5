"""A tag was seen: decided once, and queued with the decision."""

import random
import threading
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forge.domain.connection import RegistryConnection
from forge.domain.errors import Conflict, NotFound, RegistryUnavailable
from forge.domain.image import parse_image
from forge.domain.sighting import Decision, Sighting
from forge.domain.stage import Update, UpdateMode
from tests.unit.watching import HOST, IMAGE, World

ASK = Update(mode=UpdateMode.ASK)


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.store.database.close()


def look(world, tag="dev-1", image=IMAGE):
    return world.service.look(parse_image(f"{image}:{tag}"))


def test_a_pushed_tag_is_queued_with_the_digest_that_the_registry_tells(world):
    world.shop()
    digest = world.registry.push("acme/shop", "dev-1")
    (seen,) = look(world)
    (deploy,) = world.deploys()
    assert (deploy.tag, deploy.digest, deploy.actor, deploy.status) == ("dev-1", digest, "webhook", "queued")
    assert (seen.decision, seen.deploy, seen.digest) == (Decision.DEPLOY, deploy.id, digest)
    assert world.woken == 1
    assert [event.type for event in world.events[-3:]] == ["deploy_status", "deploy_status", "sighting"]


def test_what_a_tag_means_is_decided_once(world):
    world.shop()
    world.registry.push("acme/shop", "dev-1")
    first = look(world)
    assert [look(world) for _ in range(20)] == [first] * 20
    assert len(world.deploys()) == 1
    assert world.woken == 1


def test_a_repushed_tag_is_news_and_so_is_one_that_moves_back(world):
    world.shop(pattern="latest")
    old = world.registry.push("acme/shop", "latest")
    look(world, "latest")
    world.live(world.deploys()[-1])
    new = world.registry.push("acme/shop", "latest")
    look(world, "latest")
    world.registry.push("acme/shop", "latest", old)
    look(world, "latest")
    assert [(d.digest, d.status.value) for d in world.deploys()] == [
        (old, "succeeded"),
        (new, "superseded"),
        (old, "queued"),
    ]


def test_one_question_serves_all_stages_and_projects(world):
    world.shop()
    world.stage("test", "*")
    world.stage("prod", "rel-*")
    world.project("shop-two")
    world.stage(project="shop-two")
    world.registry.push("acme/shop", "dev-1")
    assert [(s.project, s.stage) for s in look(world)] == [("shop", "dev"), ("shop", "test"), ("shop-two", "dev")]
    assert world.registry.calls == [("digest", "acme/shop", "dev-1")]


def test_projects_with_logins_of_their_own_are_asked_for_each(world):
    world.shop()
    world.project("shop-two", registry="other")
    world.stage(project="shop-two")
    with world.store.database.change() as change:
        world.store.connections.put(change, RegistryConnection(name="other", url=f"https://{HOST}"), "test")
    world.registry.push("acme/shop", "dev-1")
    assert len(look(world)) == 2
    assert world.registry.count("digest") == 2


def test_a_tag_that_is_not_there_is_no_sighting(world):
    world.shop()
    assert look(world) == []
    assert look(world, image=f"{HOST}/acme/unknown") == []


def test_a_registry_that_is_away_is_the_callers_business(world):
    world.shop()
    world.registry.down = True
    with pytest.raises(RegistryUnavailable):
        look(world)
    assert world.store.sightings.page() == []


def test_a_failed_image_is_not_tried_again_by_itself(world):
    world.shop(pattern="latest")
    bad = world.registry.push("acme/shop", "latest")
    look(world, "latest")
    world.fail(world.deploys()[0])
    world.registry.push("acme/shop", "latest")
    look(world, "latest")
    world.live(world.deploys()[1])
    world.registry.push("acme/shop", "latest", bad)
    (seen,) = look(world, "latest")
    assert seen.decision is Decision.QUARANTINED
    assert "deploy #1: it never got healthy" in seen.reason
    assert len(world.deploys()) == 2


# ---- people


def test_approving_deploys_what_was_seen_and_only_once(world):
    world.shop(update=ASK)
    digest = world.registry.push("acme/shop", "dev-1")
    (waiting,) = look(world)
    assert world.deploys() == []
    deploy = world.service.approve(waiting.id, "ann")
    assert (deploy.digest, deploy.actor) == (digest, "ann")
    assert world.store.sightings.get(waiting.id).deploy == deploy.id
    assert world.woken == 1
    with pytest.raises(Conflict):
        world.service.approve(waiting.id, "bob")
    assert len(world.deploys()) == 1


def test_dismissing_is_for_good_until_the_tag_means_something_else(world):
    world.shop(update=ASK)
    world.registry.push("acme/shop", "dev-1")
    (waiting,) = look(world)
    assert world.service.dismiss(waiting.id, "ann").decision is Decision.REFUSED
    assert look(world)[0].decision is Decision.REFUSED
    with pytest.raises(Conflict):
        world.service.approve(waiting.id, "ann")
    world.registry.push("acme/shop", "dev-1")
    assert look(world)[0].decision is Decision.WAITING


def test_nothing_of_an_inactive_project_can_be_approved(world):
    world.project(active=False)
    world.stage()
    world.registry.push("acme/shop", "dev-1")
    (waiting,) = look(world)
    assert (waiting.decision, "approve the project first" in waiting.reason) == (Decision.WAITING, True)
    with pytest.raises(Conflict) as caught:
        world.service.approve(waiting.id, "ann")
    assert caught.value.code == "inactive"
    with pytest.raises(NotFound):
        world.service.approve(99, "ann")


def test_approving_a_project_decides_what_waited_for_it(world):
    world.project(active=False)
    world.stage()
    world.stage("asks", "asks-*", update=ASK)
    world.stage("young", "young-*", update=Update(minimum_age=600))
    world.stage("other", "other-*")
    digest = {tag: world.registry.push("acme/shop", tag) for tag in ("dev-1", "dev-2", "asks-1", "young-1", "other-1")}
    for tag in digest:
        look(world, tag)
    world.service.dismiss(look(world, "other-1")[0].id, "ann")
    assert world.deploys() == []
    decided = world.service.approve_project("shop", "ann")
    assert world.store.projects.get("shop").active
    assert [(one.tag, one.decision.value) for one in decided] == [
        ("dev-2", "deploy"), ("asks-1", "waiting"), ("young-1", "held"),
    ]  # fmt: skip
    assert "asks first" in decided[1].reason
    (deploy,) = world.deploys()
    assert (deploy.id, deploy.digest, deploy.actor) == (decided[0].deploy, digest["dev-2"], "ann")
    assert world.woken == 1
    assert world.service.approve(decided[1].id, "ann").tag == "asks-1"  # its stage's own question is another one


def test_approving_a_project_twice_deploys_nothing_twice(world):
    world.project(active=False)
    world.stage()
    world.registry.push("acme/shop", "dev-1")
    look(world)
    assert len(world.service.approve_project("shop", "ann")) == 1
    assert world.service.approve_project("shop", "bob") == []
    assert len(world.deploys()) == 1
    with pytest.raises(NotFound):
        world.service.approve_project("blog", "ann")


def test_a_newer_tag_supersedes_one_that_waits(world):
    world.shop(update=ASK)
    for tag in ("dev-1", "dev-2"):
        world.registry.push("acme/shop", tag)
        look(world, tag)
    latest = world.store.sightings.latest("shop", "dev")
    assert [latest[tag].decision.value for tag in ("dev-1", "dev-2")] == ["superseded", "waiting"]


# ---- time


def test_a_young_image_goes_live_when_it_is_old_enough(world):
    world.shop(update=Update(minimum_age=600))
    world.registry.push("acme/shop", "dev-1")
    (held,) = look(world)
    assert (held.decision, held.due) == (Decision.HELD, world.clock.now + 600)
    world.clock.now += 599
    assert world.service.decide_due(world.clock.now) == []
    world.clock.now += 1
    (decided,) = world.service.decide_due(world.clock.now)
    assert (decided.decision, decided.deploy) == (Decision.DEPLOY, 1)
    assert world.service.decide_due(world.clock.now) == []
    assert [deploy.actor for deploy in world.deploys()] == ["webhook"]


def test_of_several_held_ones_only_the_latest_goes_live(world):
    world.shop(update=Update(minimum_age=600))
    for tag in ("dev-1", "dev-2", "dev-3"):
        world.registry.push("acme/shop", tag)
        look(world, tag)
        world.clock.now += 1
    world.clock.now += 3600
    world.service.decide_due(world.clock.now)
    assert [deploy.tag for deploy in world.deploys()] == ["dev-3"]


def test_a_held_image_does_not_go_live_after_its_tag_moved_back(world):
    world.shop(pattern="latest")
    old = world.registry.push("acme/shop", "latest")
    look(world, "latest")
    world.live(world.deploys()[0])
    with world.store.database.change() as change:
        held = world.store.projects.stage("shop", "dev")
        world.store.projects.put_stage(change, replace(held, update=Update(minimum_age=600)), "test")
    world.registry.push("acme/shop", "latest")
    look(world, "latest")
    world.registry.push("acme/shop", "latest", old)
    assert look(world, "latest")[0].decision is Decision.CURRENT
    world.clock.now += 3600
    assert world.service.decide_due(world.clock.now) == []
    assert len(world.deploys()) == 1


def test_a_held_image_of_a_deleted_stage_is_forgotten(world):
    world.shop(update=Update(minimum_age=600))
    world.registry.push("acme/shop", "dev-1")
    look(world)
    due = world.store.sightings.due(world.clock.now + 600)
    with world.store.database.change() as change:
        world.store.projects.delete_stage(change, "shop", "dev", "test")
    assert world.service._decide_due(due[0]) == due[0]
    assert world.deploys() == []


# ---- explaining


def test_explaining_asks_the_registry_and_tells_every_check(world):
    world.shop()
    world.registry.push("acme/shop", "dev-1")
    told = world.service.explain("shop", "dev", "dev-1")
    assert (told.would, told.decision) == (True, Decision.DEPLOY)
    assert [name for name, _, _ in told.checks][:3] == ["registry", "pattern", "active"]
    name, _, how = told.checks[-1]
    assert (name, how.split(":")[0]) == ("strategy", "it is deployed side by side")
    assert world.deploys() == []
    assert world.store.sightings.page() == []


def test_explaining_says_why_not(world):
    world.shop()
    world.registry.push("acme/shop", "rel-1")
    assert world.service.explain("shop", "dev", "rel-1").reason == "rel-1 does not match glob:dev-*"
    assert "has no tag dev-9" in world.service.explain("shop", "dev", "dev-9").reason
    world.registry.push("acme/shop", "dev-1")
    look(world)
    told = world.service.explain("shop", "dev", "dev-1")
    assert (told.would, told.decision) == (False, Decision.CURRENT)


def test_what_comes_after_the_check_that_decided_is_said_to_be_not_asked(world):
    world.shop()
    told = world.service.explain("shop", "dev", "dev-9")
    assert [(name, ok) for name, ok, _ in told.checks[:2]] == [("registry", False), ("pattern", None)]
    assert {ok for _, ok, _ in told.checks[1:]} == {None}
    assert {text for _, _, text in told.checks[1:]} == {"Not asked: registry has decided"}
    world.registry.push("acme/shop", "rel-1")
    told = world.service.explain("shop", "dev", "rel-1")
    assert [ok for _, ok, _ in told.checks] == [True, False, *[None] * (len(told.checks) - 2)]
    assert told.reason == told.checks[1][2]


def test_explaining_works_while_the_registry_is_away(world):
    world.shop()
    world.registry.down = True
    told = world.service.explain("shop", "dev", "dev-1")
    assert not told.would
    assert "refuses the connection" in told.reason
    assert world.service.explain("shop", "dev", "dev-1", "sha256:" + "a" * 64).would
    with pytest.raises(NotFound):
        world.service.explain("shop", "prod", "dev-1")


def test_a_tag_that_was_only_noted_is_decided_when_it_is_pushed_again(world):
    world.shop()
    digest = world.registry.push("acme/shop", "dev-1")
    with world.store.database.change() as change:
        noted = Sighting(
            id=0, project="shop", stage="dev", tag="dev-1", digest=digest, source="poller",
            decision=Decision.NOTED, reason="first look", seen=0,
        )  # fmt: skip
        world.store.sightings.add(change, noted)
    assert world.service.explain("shop", "dev", "dev-1").would
    (seen,) = look(world)
    assert seen.decision is Decision.DEPLOY
    look(world)
    assert len(world.deploys()) == 1
    assert len(world.store.sightings.page()) == 1


# ---- order


def test_an_older_answer_never_overwrites_a_newer_one(world):
    """The first answer is held up until after the tag has moved and a second look was asked for."""
    world.shop(pattern="latest")
    old = world.registry.push("acme/shop", "latest")
    asking, go_on = threading.Event(), threading.Event()
    before = world.registry.digest

    def slow(repository, tag):
        answer = before(repository, tag)
        if not asking.is_set():
            asking.set()
            assert go_on.wait(5)
        return answer

    world.registry.digest = slow
    first = threading.Thread(target=look, args=(world, "latest"))
    first.start()
    assert asking.wait(5)
    new = world.registry.push("acme/shop", "latest")
    second = threading.Thread(target=look, args=(world, "latest"))
    second.start()
    second.join(0.2)
    assert second.is_alive()  # it waits for the first
    go_on.set()
    first.join(5)
    second.join(5)
    assert [deploy.digest for deploy in world.deploys()] == [old, new]


@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000))
def test_a_thousand_deliveries_shuffled_and_doubled_end_in_the_registrys_truth(tmp_path_factory, seed):
    chance = random.Random(seed)
    world = World(tmp_path_factory.mktemp("world"))
    world.shop(pattern="semver:1.x")
    world.stage("latest", "latest")
    world.stage("many", "pr-*", max_instances=5)
    tags = [f"1.{n}.0" for n in range(20)] + ["latest"] + [f"pr-{n}" for n in range(5)]
    meanings: dict[str, set[str]] = {tag: set() for tag in tags}
    pushes = tags + ["latest"] * 60 + [f"pr-{chance.randrange(5)}" for _ in range(60)]
    chance.shuffle(pushes)
    deliveries: list[str] = []
    for tag in pushes:
        meanings[tag].add(world.registry.push("acme/shop", tag))
        deliveries += [tag] * chance.randint(1, 13)
        chance.shuffle(deliveries)
        for _ in range(min(len(deliveries), chance.randint(0, 12))):
            look(world, deliveries.pop())
        if chance.random() < 0.2 and (queued := world.store.deploys.queued()):
            world.live(chance.choice(queued))
    for tag in [*deliveries, *tags]:
        look(world, tag)
    truth = {tag: world.registry.digest("acme/shop", tag) for tag in tags}
    seen = world.store.sightings.page(limit=5000)
    for tag in tags:
        here = [sighting.digest for sighting in seen if sighting.tag == tag]
        assert len(here) == len(set(here))
        assert set(here) <= meanings[tag]
        assert here[0] == truth[tag]
    assert world.deploys(stage="dev")[-1].digest == truth["1.19.0"]
    assert world.deploys(stage="latest")[-1].digest == truth["latest"]
    for number in range(5):
        slot = f"pr-{number}"
        assert [d for d in world.deploys(stage="many") if d.slot == slot][-1].digest == truth[slot]
    world.store.database.close()
