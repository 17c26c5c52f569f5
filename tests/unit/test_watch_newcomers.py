"""Images that no project watches yet."""

import threading

import pytest

from forge.domain.image import parse_image
from forge.domain.preferences import UnknownImage
from forge.domain.sighting import Decision
from forge.watch.newcomers import Newcomers
from tests.unit.watching import IMAGE, World

NEW = parse_image(f"{IMAGE}:dev-1")


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    made.registry.push("acme/shop", "dev-1")
    yield made
    made.store.database.close()


def meet(world, image=NEW):
    return Newcomers(world.store, world.service, world.quick).look(image)


def test_an_unknown_image_can_be_ignored(world):
    world.prefer(unknown_image=UnknownImage.IGNORE)
    found = meet(world)
    assert (found.seen.watched, found.made) == (False, None)
    assert world.store.projects.all() == []
    assert world.registry.calls == []


def test_an_unknown_image_becomes_a_project_that_waits_for_a_person(world):
    found = meet(world)
    (project,) = world.store.projects.all()
    assert (found.made, project.active, project.image) == (project.name, False, IMAGE)
    assert [outcome.sighting.decision for outcome in found.seen.outcomes] == [Decision.WAITING]
    assert world.store.deploys.page() == []


def test_an_unknown_image_can_be_deployed_at_once(world):
    world.prefer(unknown_image=UnknownImage.DEPLOY)
    found = meet(world)
    assert world.store.projects.all()[0].active
    assert [outcome.sighting.decision for outcome in found.seen.outcomes] == [Decision.DEPLOY]
    assert [deploy.tag for deploy in world.store.deploys.page()] == ["dev-1"]


def test_it_is_never_made_twice(world):
    world.prefer(unknown_image=UnknownImage.DEPLOY)
    newcomers = Newcomers(world.store, world.service, world.quick)
    together = threading.Barrier(7, timeout=5)
    made, errors = [], []

    def look():
        together.wait()
        try:
            made.append(newcomers.look(NEW).made)
        except Exception as error:
            errors.append(error)
            raise

    threads = [threading.Thread(target=look) for _ in range(7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert errors == []
    assert len([name for name in made if name]) == 1
    assert len(world.store.projects.all()) == 1
    assert len(world.store.deploys.page()) == 1


def test_a_tag_that_is_not_there_makes_no_project(world):
    found = meet(world, parse_image(f"{IMAGE}:dev-9"))
    assert (found.missing, found.made) == (True, None)
    assert world.store.projects.all() == []


def test_a_digest_alone_means_looking_at_all_tags_as_the_poller_would(world):
    world.noted(world.shop())
    found = meet(world, parse_image(f"{IMAGE}@sha256:{'a' * 64}"))
    assert [outcome.sighting.tag for outcome in found.seen.outcomes] == ["dev-1"]
    assert not meet(world, parse_image(f"registry.example.org/acme/else@sha256:{'a' * 64}")).seen.watched
