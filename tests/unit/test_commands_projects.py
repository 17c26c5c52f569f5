"""project and stage, as typed."""

from __future__ import annotations

import pytest

from forge.domain.secret import Secret
from tests.commanding import shell_fixture  # noqa: F401  asked for by its name
from tests.world import HOST

IMAGE = f"{HOST}/shop"


@pytest.fixture
def shop(shell):
    shell.run(
        "project",
        "create",
        "shop",
        IMAGE,
        "port=8080",
        "--stage",
        "dev=dev-*",
        "--stage",
        "rel",
        "--secret",
        "DB",
        DB="hunter2",
    )
    return shell


def test_a_project_is_made_with_stages_and_secrets(shop):
    store = shop.world.forge.store
    assert [str(stage.pattern) for stage in store.projects.stages("shop")] == ["glob:dev-*", "glob:*"]
    assert store.secrets.get_all("project/shop/environment") == {"DB": Secret("hunter2")}
    assert "shop" in shop.run("project", "list").stdout
    assert "hunter2" not in shop.run("project", "show", "shop").output + shop.run("project", "list", "--json").output


def test_a_secret_that_stands_nowhere_is_asked_for_and_not_shown(shop):
    shop.run("project", "set", "shop", "--secret", "KEY", say="s3cret\n", KEY="")
    kept = shop.world.forge.store.secrets.get_all("project/shop/environment")
    assert kept == {"DB": Secret("hunter2"), "KEY": Secret("s3cret")}


def test_setting_changes_what_is_named_and_nothing_else(shop):
    shop.run("project", "set", "shop", "health.path=/up", "environment.A=1")
    shop.run("project", "set", "shop", "port=9000", "environment.A-", "--secret", "DB-")
    found = shop.json("project", "show", "shop")
    assert (found["port"], found["health"]["path"], found["environment"], found["secrets"]) == (9000, "/up", {}, [])


def test_a_stage_is_made_changed_shown_and_listed(shop):
    shop.run("stage", "create", "shop", "prod", "promote_from=rel", "update.mode=ask", "drain=5s")
    shop.run("stage", "set", "shop", "prod", "keep=9", "--secret", "K", K="v")
    found = shop.json("stage", "show", "shop/prod")
    assert (found["promote_from"], found["update"]["mode"], found["drain"], found["keep"]) == ("rel", "ask", 5, 9)
    assert found["secrets"] == ["K"]
    assert "keep: 9" in shop.run("stage", "show", "shop", "prod").stdout
    assert len(shop.run("stage", "list", "shop").stdout.splitlines()) == 4


def test_deleting_says_what_goes_and_asks(shop):
    shop.world.push("dev-1")
    shop.run("deploy", "shop", "dev", "dev-1")
    asked = shop.run("project", "delete", "shop", say="n\n", code=1)
    assert "instance shop/dev dev-1" in asked.output
    assert "stage shop/rel" in asked.output
    assert f"image {IMAGE}:dev-1 (sha256:" in asked.output
    assert shop.json("project", "list")
    assert shop.run("stage", "delete", "shop/rel", "--yes").stdout == "Stage shop/rel is deleted.\n"
    assert shop.run("project", "delete", "shop", say="y\n").stdout == "Project shop is deleted.\n"
    assert shop.json("project", "list") == []
    assert shop.world.engine.find({}) == ()


def test_a_stage_that_another_is_promoted_from_is_refused_before_it_is_asked_about(shop):
    shop.run("stage", "create", "shop", "prod", "promote_from=rel")
    refused = shop.run("stage", "delete", "shop", "rel", code=7)
    assert "shop/prod is promoted from shop/rel" in refused.stderr
    assert "Deleting" not in refused.output


def test_a_volume_that_is_kept_is_named_when_its_project_is_gone(shop):
    shop.run("project", "set", "shop", "volumes=[{kind: named, path: /data, source: data}]")
    shop.world.push("dev-1")
    shop.run("deploy", "shop", "dev", "dev-1")
    (name,) = shop.world.engine.volumes({})
    said = shop.run("project", "delete", "shop", "--yes").stdout
    assert said.startswith(f"Project shop is deleted.\nThe volume {name} is kept")
    assert shop.world.engine.volumes({}) == (name,)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("project", "create", "web", IMAGE), 2, "port=8080"),
        (("project", "create", "shop", IMAGE, "port=1"), 7, "There is a project shop already"),
        (("project", "create", "web", f"{IMAGE}:v1", "port=1"), 2, "no tag"),
        (("project", "set", "shop"), 2, "Say what to change"),
        (("project", "set", "shop", "name=c"), 2, "A project cannot be renamed: make another, and delete this one"),
        (("stage", "set", "shop", "dev", "name=c"), 2, "A stage cannot be renamed: make another, and delete this one"),
        (("project", "set", "shop", "active=no"), 2, "There is no “active”"),
        (("project", "set", "nope", "port=1"), 6, "There is no project nope"),
        (("stage", "set", "shop", "dev", "patern=x"), 2, "did you mean “pattern”"),
        (("stage", "show", "shop"), 2, "PROJECT STAGE"),
        (("project", "show", ".."), 2, "name is missing"),
    ],
)
def test_what_cannot_be_is_said_with_its_code(shop, words, code, said):
    assert said in shop.run(*words, code=code).stderr


def test_the_tags_of_a_projects_image_are_listed_all_or_those_of_a_pattern(shop):
    for tag in ("dev-1", "dev-2", "rel-1"):
        shop.world.push(tag)
    assert shop.run("project", "tags", "shop").stdout.split() == ["dev-1", "dev-2", "rel-1"]
    assert shop.json("project", "tags", "shop", "--pattern", "glob:dev-*") == ["dev-2", "dev-1"]
    assert "pattern" in shop.run("project", "tags", "shop", "--pattern", "regex:(", code=2).output


def test_what_is_not_applied_yet_is_shown(shop):
    assert "runs as it is configured" in shop.run("project", "unapplied", "shop").stdout
    shop.world.push("dev-1")
    shop.world.deploy("dev-1")
    shop.run("project", "set", "shop", "environment.LEVEL=debug")
    assert "environment.LEVEL nothing → debug" in shop.run("project", "unapplied", "shop").stdout
    assert shop.json("project", "unapplied", "shop")[0]["stage"] == "dev"


def test_a_limit_that_takes_back_good_images_is_said_when_it_is_set_and_when_it_is_asked_for(shop, monkeypatch):
    assert "become healthy yet" in shop.run("project", "starts", "shop").stdout
    monkeypatch.setattr(shop.world.forge.store.deploys, "durations", lambda *_: [14.0])
    assert "worked out" in shop.run("project", "starts", "shop").stdout
    assert "Typical start 14.0 s" in shop.run("project", "set", "shop", "health.timeout=10").stderr
    told = shop.run("project", "starts", "shop").stdout
    assert "Of 1 starts: typical 14.0 s, slowest 14.0 s." in told
    assert "will take back good images" in told
    assert shop.json("project", "starts", "shop")["limit"] == 10
