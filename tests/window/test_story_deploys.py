"""Deploys, as the window shows them, and as they are told of while it is closed."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import House, stage
from tests.e2e.forge_process import ROOT
from tests.e2e.live import until
from tests.parts import images
from tests.window.looks import blues, greens, shows_board

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]
PICTURES = ROOT / "build/window"


@pytest.fixture
def house(start_desktop, session, engine_part, registry_part, caddy_part):
    """A Forge on a dark desktop with a tray, a stage whose deploys take their time, and real parts."""
    caddy_part.reset()
    forge = start_desktop(FORGE_ENGINE=engine_part.url, GTK_THEME="Adwaita:dark", **session.environment)
    house = House(forge, engine_part, registry_part, caddy_part)
    house.furnish()
    house.project("shop", stage("dev", bake=6))
    for tag in ("dev-1", "dev-2", "dev-3"):
        images.push(house.registry, "shop", tag)
    yield house
    if forge.running():
        forge.stop()
    engine_part.clear()
    caddy_part.reset()


def begin(house, tag):
    """Ask for a deploy, and wait until it is under way."""
    asked = house.forge.do("POST", "/api/projects/shop/stages/dev/deploys", {"tag": tag})
    until(lambda: house.forge.get(f"/api/deploys/{asked['id']}")["status"] == "running", "it is under way")
    return asked["id"]


def test_a_deploy_streams_into_the_window(house, screen):
    until(lambda: shows_board(screen.picture(), dark=True), "the board is there")
    before = screen.picture()
    deploy = begin(house, "dev-1")
    until(lambda: blues(screen.picture()) > blues(before) + 50, "the window shows that it is under way")
    _keep(screen.picture(), "deploying")
    assert house.forge.wait(deploy)["status"] == "succeeded"
    until(lambda: greens(screen.picture()) > greens(before) + 50, "the window shows that it is live")
    _keep(screen.picture(), "live")


def test_closing_while_a_deploy_is_under_way_asks(house, screen):
    until(lambda: shows_board(screen.picture(), dark=True), "the board is there")
    house.forge.do(
        "PUT", "/api/projects/shop/stages/dev", {"pattern": "glob:dev-*", "bake": 30}
    )  # longer than all this
    begin(house, "dev-1")
    until(lambda: blues(screen.picture()) > 100, "the window knows of it")
    until(lambda: _asked(screen), "somebody is asked")
    _keep(screen.picture(), "asked")
    screen.press("Escape", screen.dialogs()[0])
    until(lambda: not screen.dialogs(), "the question is gone")
    assert house.forge.running()
    until(lambda: _asked(screen), "somebody is asked again")
    screen.press("Tab", screen.dialogs()[0])
    screen.press("Return", screen.dialogs()[0])
    assert house.forge.ended() == 0
    house.forge.start()
    until(lambda: house.forge.serving("shop/dev") == ["dev-1"], "it was taken up again", 120)


def test_closed_to_the_tray_it_tells_of_what_ends_and_comes_back(house, screen, session):
    until(lambda: shows_board(screen.picture(), dark=True), "the board is there")
    until(lambda: bool(session.given("RegisterStatusNotifierItem")), "it is in the tray")
    house.settings(close_to_tray=True)
    house.forge.restart()
    until(lambda: shows_board(screen.picture(), dark=True), "the board is there")
    screen.press("ctrl+w")
    until(lambda: not screen.windows(), "it hides")
    images.push(house.registry, "shop", "dev-4", kind="crashing")
    assert house.forge.deploy("shop/dev", "dev-1")["status"] == "succeeded"
    assert house.forge.deploy("shop/dev", "dev-4")["status"] == "failed"
    until(lambda: len(session.given("Notify")) == 2, "both ends are told")
    live, failed = session.given("Notify")
    assert live[3:5] == ["shop dev-1 is live", f"dev · deploy #{_number(house, 'dev-1')}"]
    assert failed[3] == "shop dev-4 did not go live"
    assert "exit code" in failed[4]
    assert house.forge.second() == (0, "")
    until(lambda: len(screen.windows()) == 1, "it comes back")
    screen.press("ctrl+q")
    assert house.forge.ended() == 0


def _asked(screen):
    """Close it, until the window knows that something is under way."""
    if not screen.dialogs():
        screen.press("ctrl+w")
    return bool(screen.dialogs())


def _number(house, tag):
    return next(deploy["id"] for deploy in house.forge.deploys("shop/dev") if deploy["tag"] == tag)


def _keep(picture, name):
    """To be looked at."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    picture.save(PICTURES / f"{name}.png")
