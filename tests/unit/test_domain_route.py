"""Routes and targets."""

from __future__ import annotations

import pytest

from forge.domain.route import Route, Target


@pytest.mark.parametrize(("host", "text"), [("127.0.0.1", "127.0.0.1:80"), ("::1", "[::1]:80"), ("shop", "shop:80")])
def test_a_target_is_written_as_in_a_url(host, text):
    assert str(Target(host, 80)) == text


def test_a_route_can_be_compared_and_kept_in_a_set():
    assert len({Route("a.example", (Target("h", 1),)), Route("a.example", (Target("h", 1),))}) == 1


def test_the_order_of_targets_says_nothing():
    one, two = Target("127.0.0.1", 20002), Target("127.0.0.1", 20001)
    assert Route("shop.net", (one, two)) == Route("shop.net", (two, one, two))
    assert Route("shop.net", (one, two)).said == "127.0.0.1:20001 and 127.0.0.1:20002"
    assert Route("shop.net", (one, two, Target("h", 1))).said == "127.0.0.1:20001, 127.0.0.1:20002 and h:1"
    assert Route("shop.net", (one,)) != Route("shop.net", (one, two))
