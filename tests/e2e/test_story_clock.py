"""The clock is set while Forge runs, and is wrong when it starts: what waits goes on."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import House, stage
from tests.e2e.live import until
from tests.parts import images
from tests.parts.clock import Clock

pytestmark = pytest.mark.real
HOUR, DAY, YEAR = 3600, 86_400, 365 * 86_400
SET = pytest.mark.parametrize("by", [HOUR, -HOUR, 10 * YEAR, -10 * YEAR], ids=["+1 h", "-1 h", "+10 a", "-10 a"])


@pytest.fixture(scope="module")
def clock(tmp_path_factory):
    return Clock(tmp_path_factory.mktemp("clock"))


@pytest.fixture(scope="module")
def house(clock, start_forge, engine_part, registry_part, caddy_part):
    """One whose Forge goes by that clock, and looks at the registry every second."""
    caddy_part.reset()
    forge = start_forge("clock", **clock.environment)
    house = House(forge, engine_part, registry_part, caddy_part)
    house.furnish_proxy()
    forge.do("POST", "/api/registries", {"name": "parts", "url": registry_part.url, "interval": 1})
    house.settings()
    yield house
    clock.set_by(0)
    engine_part.clear()
    caddy_part.reset()


@pytest.fixture(autouse=True)
def right(clock):
    clock.set_by(0)


@SET
def test_a_deploy_in_whose_middle_the_clock_is_set_goes_on_as_if_it_were_not(house, clock, by):
    forge, name = house.forge, f"set{by}".replace("-", "back")
    images.push(house.registry, name, "dev-1")
    images.push(house.registry, name, "dev-2", kind="slow", env={"START_AFTER": "2"})
    house.project(name, stage("dev", bake=2))
    assert forge.deploy(f"{name}/dev", "dev-1")["status"] == "succeeded"
    with forge.live() as board:
        number = forge.do("POST", f"/api/projects/{name}/stages/dev/deploys", {"tag": "dev-2"})["id"]
        steps = f"/api/deploys/{number}"
        until(lambda: "wait until healthy" in [one["name"] for one in forge.get(steps)["steps"]], "it waits")
        clock.set_by(by)
        until(lambda: "bake" in [one["name"] for one in forge.get(steps)["steps"]], "it is watched")
        clock.set_by(-by)
        assert forge.wait(number)["status"] == "succeeded"
        board.wait_deploy("succeeded", "dev-2")  # the stream goes on
    assert house.page(f"dev-{name}") == (200, "dev-2\n")
    assert all(0 <= step["ended"] - step["started"] < 30 for step in forge.get(steps)["steps"])


@SET
def test_what_is_pushed_after_the_clock_was_set_is_seen(house, clock, by):
    name = f"seen{by}".replace("-", "back")
    images.push(house.registry, name, "dev-1")
    house.project(name)
    sightings = f"/api/sightings?project={name}"
    until(lambda: [one["decision"] for one in house.forge.get(sightings)] == ["noted"], "what is there is noted")
    clock.set_by(by)
    images.push(house.registry, name, "dev-2")
    assert house.forge.next_deploy(f"{name}/dev", "dev-2")["status"] == "succeeded"


def test_a_session_past_its_date_opens_nothing_and_does_again_when_the_clock_is_right(house, clock):
    forge = house.forge
    made = forge.ask("POST", "/api/session", {"token": forge.token}, headers={}).headers["set-cookie"]
    cookie = {"Cookie": made.partition(";")[0]}

    def opens() -> bool:
        status = forge.ask("GET", "/api/projects", headers=cookie).status
        assert status in {200, 401}
        return status == 200

    assert opens()
    for by, so in ((-DAY, True), (2 * YEAR, False), (0, True)):
        clock.set_by(by)
        assert opens() is so, by
    assert forge.ask("GET", "/api/projects").status == 200  # the launch token is of this run, whatever the clock says


def test_it_starts_by_a_clock_that_is_years_behind_and_goes_on_when_that_is_set_right(house, clock):
    forge = house.forge
    images.push(house.registry, "behind", "dev-1")
    images.push(house.registry, "behind", "dev-2")
    house.project("behind")
    assert forge.deploy("behind/dev", "dev-1")["status"] == "succeeded"
    assert forge.stop()[0] == 0
    clock.set_by(-20 * YEAR)  # as of a machine whose battery is empty
    forge.start()
    assert forge.serving("behind/dev") == ["dev-1"]
    assert forge.deploy("behind/dev", "dev-2")["status"] == "succeeded"
    clock.set_by(0)
    assert house.page("dev-behind") == (200, "dev-2\n")
    assert [one["tag"] for one in forge.deploys("behind/dev")] == ["dev-2", "dev-1"]
    assert forge.deploy("behind/dev", "dev-1")["status"] == "succeeded"
    assert forge.serving("behind/dev") == ["dev-1"]
