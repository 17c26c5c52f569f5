"""promotion, as typed."""

from __future__ import annotations

import pytest

from tests.commanding import shell_fixture  # noqa: F401  asked for by its name
from tests.world import stage


@pytest.fixture
def shop(shell):
    rel = stage("shop", "rel", promote_from="dev", promote_after=3600)
    shell.world.project("shop", stage("shop", "dev"), rel, stage("shop", "qa", promote_from="dev"))
    return shell


def test_what_is_where_and_what_may_go_on_is_shown(shop):
    digest = shop.world.push("dev-1")
    assert shop.run("promotion", "shop").stdout.count("nothing serves") == 3
    shop.world.deploy("dev-1")
    dev, rel, qa = shop.run("promotion", "shop").stdout.splitlines()[-3:]
    assert digest[7:19] in dev
    assert dev.rstrip().endswith("serves")
    assert "healthily for 1 h: dev-1 has for" in rel
    assert qa.rstrip().endswith("may come from dev")
    told = shop.json("promotion", "shop")
    assert [place["stage"] for place in told] == ["dev", "rel", "qa"]
    assert (told[0]["serving"][0]["digest"], told[1]["next"][0]["digest"]) == (digest, digest)


def test_a_promotion_that_is_too_early_says_so_with_its_code(shop):
    shop.world.push("dev-1")
    shop.world.deploy("dev-1")
    assert "may go on at" in shop.run("promote", "shop", "rel", code=7).stderr


def test_the_time_is_set_like_any_other(shop):
    shop.run("stage", "set", "shop", "qa", "promote_after=30m")
    assert shop.json("stage", "show", "shop", "qa")["promote_after"] == 1800
