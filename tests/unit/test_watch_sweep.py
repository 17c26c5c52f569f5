"""Looking at all tags of a repository."""

import pytest

from forge.domain.errors import RegistryError, RegistryUnavailable
from forge.domain.image import parse_image
from forge.domain.sighting import Decision
from forge.domain.stage import Update, UpdateMode
from forge.watch.sweep import Sweeper
from tests.unit.watching import IMAGE, World


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.store.database.close()


def sweep(world, turn=0):
    (source,) = world.service.sources(world.store.projects.by_image(IMAGE))
    return Sweeper(world.service).sweep(source, parse_image(IMAGE), "poller", turn=turn)


def decisions(world, stage="dev"):
    return {tag: seen.decision.value for tag, seen in world.store.sightings.latest("shop", stage).items()}


def test_the_first_sweep_only_notes(world):
    world.shop()
    for tag in ("dev-1", "dev-2", "rel-1"):
        world.registry.push("acme/shop", tag)
    swept = sweep(world)
    assert (swept.tags, swept.asked) == (2, 2)
    assert decisions(world) == {"dev-1": "noted", "dev-2": "noted"}
    assert world.deploys() == []
    assert world.store.projects.noted("shop", "dev")


def test_what_comes_later_is_deployed_with_one_question_a_tag(world):
    world.shop()
    world.stage("test", "*-*")
    world.registry.push("acme/shop", "dev-1")
    sweep(world)
    world.registry.push("acme/shop", "dev-2")
    world.registry.calls.clear()
    sweep(world)
    assert [(deploy.stage, deploy.tag, deploy.actor) for deploy in world.deploys()] == [
        ("dev", "dev-2", "poller"),
        ("test", "dev-2", "poller"),
    ]
    assert sorted(world.registry.calls) == [
        ("digest", "acme/shop", "dev-1"),
        ("digest", "acme/shop", "dev-2"),
        ("tags", "acme/shop"),
    ]
    assert sweep(world).outcomes == ()


def test_a_repository_that_is_not_there_yet_is_an_empty_one(world):
    world.shop()
    assert sweep(world).tags == 0
    world.registry.push("acme/shop", "dev-1")
    sweep(world)
    assert decisions(world) == {"dev-1": "deploy"}


def test_a_webhook_before_the_first_sweep_is_decided_at_once_and_stays_decided(world):
    world.shop(pattern="latest")
    world.registry.push("acme/shop", "latest")
    world.service.look(parse_image(f"{IMAGE}:latest"))
    world.registry.push("acme/shop", "latest")
    sweep(world)
    assert [deploy.tag for deploy in world.deploys()] == ["latest", "latest"]
    assert world.deploys()[-1].digest == world.registry.digest("acme/shop", "latest")


def test_a_repushed_latest_is_deployed_again(world):
    stage = world.noted(world.shop(pattern="latest"))
    for _ in range(2):
        world.registry.push("acme/shop", "latest")
        sweep(world)
        world.live(world.deploys()[-1])
    assert [deploy.digest for deploy in world.deploys()][-1] == world.registry.digest("acme/shop", "latest")
    assert len(world.deploys(stage=stage.name)) == 2


def test_of_several_new_tags_only_the_newest_is_deployed_and_made_times_are_asked_only_then(world):
    world.noted(world.shop())
    world.registry.push("acme/shop", "dev-1", created=100)
    sweep(world)
    assert world.registry.count("created") == 0
    world.registry.push("acme/shop", "dev-9", created=300)
    world.registry.push("acme/shop", "dev-10", created=200)
    world.registry.push("acme/shop", "dev-11", created=250)
    sweep(world)
    assert decisions(world) == {"dev-1": "deploy", "dev-9": "deploy", "dev-10": "superseded", "dev-11": "superseded"}
    assert "dev-9 is newer" in world.store.sightings.latest("shop", "dev")["dev-10"].reason
    assert world.registry.count("created") == 3


def test_versions_are_ordered_without_asking_when_they_were_made(world):
    world.noted(world.shop(pattern="semver:1.x"))
    for tag in ("1.9.0", "1.10.0", "1.2.0"):
        world.registry.push("acme/shop", tag)
    sweep(world)
    assert [deploy.tag for deploy in world.deploys()] == ["1.10.0"]
    assert world.registry.count("created") == 0


def test_where_several_may_run_all_new_tags_are_deployed(world):
    world.noted(world.shop(max_instances=5))
    for tag in ("dev-1", "dev-2", "dev-3"):
        world.registry.push("acme/shop", tag)
    sweep(world)
    assert sorted(deploy.tag for deploy in world.deploys()) == ["dev-1", "dev-2", "dev-3"]


def test_the_newest_waits_and_the_others_do_not_where_a_person_is_asked(world):
    world.noted(world.shop(update=Update(mode=UpdateMode.ASK)))
    world.registry.push("acme/shop", "dev-1", created=1)
    world.registry.push("acme/shop", "dev-2", created=2)
    sweep(world)
    assert decisions(world) == {"dev-1": "superseded", "dev-2": "waiting"}


def test_an_image_whose_age_cannot_be_told_counts_as_oldest(world, monkeypatch):
    world.noted(world.shop())
    world.registry.push("acme/shop", "dev-1", created=1)
    unknown = world.registry.push("acme/shop", "dev-2", created=2)
    before = world.registry.created

    def created(repository, digest):
        if digest == unknown:
            raise RegistryError("no such blob")
        return before(repository, digest)

    monkeypatch.setattr(world.registry, "created", created)
    sweep(world)
    assert [deploy.tag for deploy in world.deploys()] == ["dev-1"]


def test_stages_that_only_take_promotions_and_inactive_projects_are_not_asked_for(world):
    world.project(active=False)
    world.stage()
    world.project("shop-two")
    world.stage("dev", "dev-*", project="shop-two")
    world.stage("rel", "*", project="shop-two", promote_from="dev")
    world.registry.push("acme/shop", "rel-1")
    world.registry.push("acme/shop", "dev-1")
    swept = sweep(world)
    assert swept.asked == 1
    assert [(seen.project, seen.stage) for seen in world.store.sightings.page()] == [("shop-two", "dev")]


def test_beyond_a_hundred_tags_the_first_look_notes_by_name(world):
    world.shop()
    for number in range(130):
        world.registry.push("acme/shop", f"dev-{number}", created=number)
    assert sweep(world).asked == 100
    assert set(decisions(world).values()) == {"noted"}
    stage = world.store.projects.stage("shop", "dev")
    assert world.service.facts.noted_names(stage) == {f"dev-{number}" for number in range(30)}
    for turn in (1, 2):
        assert sweep(world, turn).asked == 100
    assert world.service.facts.noted_names(stage) == frozenset()
    assert set(decisions(world).values()) == {"noted"}
    assert len(decisions(world)) == 130
    assert world.deploys() == []


def test_beyond_a_hundred_tags_a_new_one_is_asked_for_first_and_what_serves_every_time(world):
    world.shop()
    for number in range(250):
        world.registry.push("acme/shop", f"dev-{number:03}", created=number)
    sweep(world)
    world.registry.push("acme/shop", "dev-a")
    sweep(world, 1)
    assert [deploy.tag for deploy in world.deploys()] == ["dev-a"]
    world.live(world.deploys()[0])
    asked = set()
    for turn in range(2, 6):
        world.registry.calls.clear()
        sweep(world, turn)
        tags = {call[2] for call in world.registry.calls if call[0] == "digest"}
        assert "dev-a" in tags
        assert len(tags) == 100
        asked |= tags
    assert len(asked) == 251


def test_a_registry_that_goes_away_in_between_decides_nothing_wrong(world):
    world.noted(world.shop())
    world.registry.push("acme/shop", "dev-1", created=1)
    world.registry.push("acme/shop", "dev-2", created=2)

    def away(call):
        world.registry.down = call[0] == "created"

    world.registry.before_answer = away
    with pytest.raises(RegistryUnavailable):
        sweep(world)
    assert world.deploys() == []
    world.registry.down, world.registry.before_answer = False, lambda _: None
    sweep(world)
    assert [deploy.tag for deploy in world.deploys()] == ["dev-2"]


def test_an_answer_from_before_a_webhooks_decision_is_not_trusted(world):
    world.noted(world.shop(pattern="latest"))
    world.registry.push("acme/shop", "latest")
    (source,) = world.service.sources(world.store.projects.by_image(IMAGE))
    image = parse_image(f"{IMAGE}:latest")
    answer = world.service.ask(source.registry, image)
    new = world.registry.push("acme/shop", "latest")
    world.service.look(image)
    (outcome,) = world.service.settle(source, image, answer, "poller", {})
    assert not outcome.fresh
    assert [deploy.digest for deploy in world.deploys()] == [new]
    assert outcome.sighting.decision is Decision.DEPLOY
