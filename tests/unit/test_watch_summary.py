"""What came of a delivery, as one word and one sentence."""

import pytest

from forge.domain.image import parse_image
from forge.domain.sighting import Decision
from forge.domain.stage import Update, UpdateMode
from forge.watch.newcomers import Found
from forge.watch.summary import Summary, summarize
from tests.unit.watching import IMAGE, World


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path)
    yield made
    made.store.database.close()


def told(world, text, made=None, *, missing=False):
    found = summarize(Found(seen=world.service.see(parse_image(text)), made=made, missing=missing))
    return found.decision, found.text


def test_each_outcome_has_its_sentence(world):
    assert told(world, f"{IMAGE}:dev-1") == ("ignored", f"No project watches {IMAGE}: ignored")
    world.shop()
    world.stage("ask", "dev-*", update=Update(mode=UpdateMode.ASK))
    assert told(world, f"{IMAGE}:dev-1", missing=True) == ("ignored", f"{IMAGE} has no tag dev-1 at the registry")
    world.registry.push("acme/shop", "dev-1")
    world.registry.push("acme/shop", "rel-1")
    assert told(world, f"{IMAGE}:rel-1") == ("ignored", f"No stage takes the tag rel-1 of {IMAGE}: ignored")
    assert told(world, f"{IMAGE}:dev-1") == (
        "deploy",
        "deploy #1 of shop/dev queued; shop/ask: shop/ask asks first: approve it",
    )
    assert told(world, f"{IMAGE}:dev-1") == (
        "known",
        "shop/dev: known already (deploy #1); shop/ask: known already (waiting)",
    )


def test_another_host_and_a_new_project_are_told(world):
    world.shop()
    world.registry.push("acme/shop", "dev-1")
    decision, text = told(world, "inside:5000/acme/shop:dev-1")
    assert decision == "deploy"
    assert text.startswith(
        f"inside:5000/acme/shop is taken for {IMAGE}, the only image watched with this path. deploy #1"
    )
    assert told(world, f"{IMAGE}:dev-1", made="shop")[1].startswith(
        f"Project shop was made for {IMAGE}. shop/dev: known"
    )


@pytest.mark.parametrize("word", [*(decision.value for decision in Decision), "known", "failed"])
def test_every_word_has_a_rank(word):
    assert Summary(word, "").rank >= 0
