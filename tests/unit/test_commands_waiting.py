"""sightings, approve, dismiss, as typed."""

from __future__ import annotations

from dataclasses import replace

from forge.domain.image import parse_image
from forge.domain.stage import Update, UpdateMode
from forge.domain.tags import parse_pattern
from tests.commanding import shell_fixture  # noqa: F401  asked for by its name
from tests.world import HOST, stage, until


def seen(shell, tag):
    shell.world.push(tag)
    return shell.world.forge.sightings.look(parse_image(f"{HOST}/shop:{tag}"))[0]


def test_what_waits_is_listed_approved_or_dismissed(shell):
    shell.world.project("shop", stage("shop", "dev", update=Update(mode=UpdateMode.ASK)))
    first = seen(shell, "dev-1")
    listed = shell.run("sightings", "shop").stdout
    assert "dev-1" in listed
    assert "waiting" in listed
    assert "dev-1 is not deployed to shop/dev" in shell.run("dismiss", str(first.id)).stdout
    second = seen(shell, "dev-2")
    assert "of dev-2 to shop/dev is queued" in shell.run("approve", str(second.id)).stdout
    until(lambda: shell.world.serving() == ["dev-2"], "dev-2 serves")


def test_a_project_that_waits_is_approved_by_its_name_and_what_waits_for_it_with_it(shell):
    asks = stage("shop", "asks", pattern=parse_pattern("asks-*"), update=Update(mode=UpdateMode.ASK))
    dev = stage("shop", "dev", pattern=parse_pattern("dev-*"))
    project = replace(shell.world.project("shop", dev, asks), active=False)
    with shell.world.forge.store.database.change() as change:
        shell.world.forge.store.projects.put(change, project, "test")
    for tag in ("dev-1", "asks-1"):
        shell.world.push(tag)
        shell.world.forge.sightings.look(parse_image(f"{HOST}/shop:{tag}"))
    assert shell.run("approve", "shop").stdout.splitlines() == [
        "Project shop may deploy.",
        "Deploy #1 of dev-1 to shop/dev is queued.",
        "asks-1 is waiting: shop/asks asks first: approve it.",
    ]
    until(lambda: shell.world.serving() == ["dev-1"], "dev-1 serves")


def test_there_is_no_such_sighting(shell):
    shell.run("approve", "99", code=6)
