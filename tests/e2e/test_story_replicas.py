"""Three instances of one digest behind one domain: people notice neither their replacement nor the end of one."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import stage
from tests.e2e.crowd import Crowd
from tests.e2e.live import until
from tests.parts import images

pytestmark = pytest.mark.real
ALL = [1, 2, 3]


def test_three_are_replaced_one_by_one_a_broken_tag_stops_at_the_first_and_one_that_ends_costs_nobody(
    house, record_property
):
    forge = house.forge
    house.project("several", stage("dev", replicas=3, drain=1))
    for tag, kind in (("dev-1", "slow_requests"), ("dev-2", "slow_requests"), ("dev-3", "crashing")):
        images.push(house.registry, "several", tag, kind=kind)
    assert forge.deploy("several/dev", "dev-1")["status"] == "succeeded"
    assert [one["replica"] for one in in_order(forge)] == ALL
    crowd = Crowd(house, "dev-several")
    try:
        second = forge.deploy("several/dev", "dev-2")
        three = containers(forge)
        broken = forge.deploy("several/dev", "dev-3")
        assert containers(forge) == three, "the broken one changed nothing"
    finally:
        rate = crowd.leave()
    record_property("requests", f"{len(crowd.answers)} at {rate:.0f}/s, {len(crowd.slow)} slow ones")
    assert (second["status"], second["measured"]["failed"]) == ("succeeded", 0)
    assert (broken["status"], broken["failed_step"]) == ("failed", "wait until healthy 1 of 3")
    assert crowd.faults == []
    assert [status for status, _ in crowd.slow] == [200] * len(crowd.slow)
    assert set(crowd.answers) == {"dev-1\n", "dev-2\n"}
    mixed = crowd.answers[crowd.answers.index("dev-2\n") :]
    assert "dev-1\n" in mixed, "old and new served side by side, one by one"

    crowd = Crowd(house, "dev-several")
    try:
        end(house, three[1])
        until(lambda: statuses(forge) == ["running", "stopped", "running"], "it is shown")
        until(lambda: len(upstreams(house, "dev-several")) == 2, "people are led past it")
        second_one = in_order(forge)[1]
        forge.do("POST", f"/api/instances/{second_one['id']}/start")
        until(lambda: len(upstreams(house, "dev-several")) == 3, "and to it again once it answers")
    finally:
        crowd.leave()
    assert crowd.faults == []
    inside = [body for status, body in crowd.slow if status != 200]
    assert len(inside) <= 4, "only those that were with it when it ended"


def end(house, container):
    """As if it had crashed, and stayed so."""
    client = house.engine.client()
    client.containers.get(container).kill()
    client.close()


def containers(forge):
    return [one["container"] for one in in_order(forge)]


def statuses(forge):
    return [one["status"] for one in in_order(forge)]


def in_order(forge):
    """Those that serve: what they replaced may be removed a moment later."""
    return sorted((one for one in forge.instances("several/dev") if one["serving"]), key=lambda one: one["replica"])


def upstreams(house, domain):
    """Where Caddy leads people of a domain to."""
    routes = house.caddy.config()["apps"]["http"]["servers"]["main"]["routes"]
    (route,) = [route for route in routes if route.get("match") == [{"host": [f"{domain}.localhost"]}]]
    return next(one for one in route["handle"] if one["handler"] == "reverse_proxy")["upstreams"]
