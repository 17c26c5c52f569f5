"""inspect, as typed."""

from __future__ import annotations

from tests.commanding import shell_fixture  # noqa: F401  asked for by its name
from tests.world import HOST


def test_what_forge_would_make_of_an_image_is_said_and_nothing_made(shell):
    digest = shell.world.push("dev-1")
    said = shell.run("inspect", f"{HOST}/shop:dev-1").stdout.splitlines()
    assert said[:4] == ["project: shop", f"image: {HOST}/shop", "tag: dev-1", f"digest: {digest}"]
    assert "stage: dev" in said
    found = shell.json("inspect", f"{HOST}/shop:dev-1")
    assert found["name"] == "shop"
    assert said[-len(found["why"]) :] == [f"  {sentence}" for sentence in found["why"]]
    assert shell.world.forge.store.projects.all() == []


def test_an_image_that_is_not_there_is_told(shell):
    shell.run("inspect", f"{HOST}/shop:none", code=6)
    shell.world.registry.down = True
    shell.run("inspect", f"{HOST}/shop:dev-1", code=8)
