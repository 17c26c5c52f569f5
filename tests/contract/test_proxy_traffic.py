"""The contract of every proxy, second part: what passes through it, and the proxy itself coming and going."""

from __future__ import annotations

import threading
import time

import pytest

from forge.domain.errors import ProxyError, ProxyUnavailable
from forge.domain.route import Route

SHOP = "dev-shop.example.org"


def until(holds, what):
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.01)


# ---- what passes through


def test_path_and_query_reach_the_target_as_they_are(place, targets):
    place.proxy.point(Route(SHOP, (targets[0].target,)))
    assert place.visit(SHOP, "/a/b?c=d&e=%20f").text == "one /a/b?c=d&e=%20f"
    assert place.visit(SHOP, "/a%20b/x%2Fy").text == "one /a%20b/x%2Fy"


def test_forge_asks_for_the_very_path(place, targets):
    route = Route(SHOP, (targets[0].target,))
    place.proxy.point(route)
    place.proxy.ask(route, "/healthz?deep=1")
    if place.carries_nothing:
        assert place.proxy.calls[-1] == ("ask", SHOP, "/healthz?deep=1")
        return
    assert targets[0].asked[-1].path == "/healthz?deep=1"
    assert targets[0].asked[-1].headers["host"] == SHOP


def test_the_target_is_told_the_domain(place, targets):
    place.proxy.point(Route(SHOP, (targets[0].target,)))
    place.visit(SHOP)
    assert targets[0].asked[-1].headers["host"] == SHOP


def test_a_body_reaches_the_target(place, targets):
    place.proxy.point(Route(SHOP, (targets[0].target,)))
    place.visit(SHOP, "/orders", "POST", b"x" * 200_000)
    assert (targets[0].asked[-1].method, len(targets[0].asked[-1].body)) == ("POST", 200_000)


def test_a_long_answer_comes_whole(place, targets):
    place.proxy.point(Route(SHOP, (targets[0].target,)))
    assert len(place.visit(SHOP, "/long").text) == 1_000_000


def test_a_websocket_reaches_the_target(place, targets):
    place.proxy.point(Route(SHOP, (targets[0].target,)))
    greeting = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    answer = place.visit(SHOP, "/socket", **greeting, **{"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="})
    assert answer.status == 101
    assert targets[0].asked[-1].headers["upgrade"] == "websocket"


def test_requests_under_way_survive_a_switch(place, targets):
    place.proxy.point(Route(SHOP, (targets[0].target,)))
    answers: list[tuple[int, str]] = []

    def visit() -> None:
        answer = place.visit(SHOP, "/slow")
        answers.append((answer.status, answer.text))

    threads = [threading.Thread(target=visit) for _ in range(4)]
    for thread in threads:
        thread.start()
    until(lambda: sum(a.path == "/slow" for a in targets[0].asked) == len(threads), "all are inside")
    place.proxy.point(Route(SHOP, (targets[1].target,)))
    assert place.visit(SHOP).text == "two /"
    for thread in threads:
        thread.join()
    assert answers == [(200, "one /slow")] * 4


def test_nobody_is_refused_while_it_is_switched(place, targets):
    place.proxy.point(Route(SHOP, (targets[0].target,)))
    answers, leaving = [], threading.Event()

    def visit() -> None:
        while not leaving.is_set():
            try:
                answers.append(place.visit(SHOP).text)
            except OSError as error:
                answers.append(repr(error))

    threads = [threading.Thread(target=visit) for _ in range(2)]
    for thread in threads:
        thread.start()
    for number in range(6):
        before = len(answers)
        place.proxy.point(Route(SHOP, (targets[(number + 1) % 2].target,)))
        until(lambda: len(answers) > before + 4, "somebody visits between two switches")  # noqa: B023  called at once
    leaving.set()
    for thread in threads:
        thread.join()
    assert set(answers) == {"one /", "two /"}


# ---- the proxy itself


def test_a_restart_is_seen_and_mended(place, targets):
    route = Route(SHOP, (targets[0].target,))
    place.proxy.point(route)
    place.restart()
    assert place.proxy.routes() == (() if place.forgets else (route,))
    place.proxy.point(route)
    assert place.proxy.ask(route).target == route.target


def test_a_proxy_that_is_down_is_told_apart_from_one_that_refuses(place, targets):
    route = Route(SHOP, (targets[0].target,))
    assert place.proxy.test().ok
    place.take_down()
    calls = (place.proxy.routes, lambda: place.proxy.point(route), lambda: place.proxy.remove(SHOP))
    for call in (*calls, lambda: place.proxy.ask(route)):
        with pytest.raises(ProxyUnavailable) as error:
            call()
        assert error.value.code == "proxy_unavailable"
    report = place.proxy.test()
    assert not report.ok
    assert ":" in report.text


def test_a_wrong_login_or_address_is_a_refusal_and_the_test_says_which(place, targets):
    wrong = place.misled()
    before = place.strangers()
    with pytest.raises(ProxyError) as error:
        wrong.point(Route(SHOP, (targets[0].target,)))
    report = wrong.test()
    assert not report.ok
    assert report.text == error.value.message
    assert "correct" in report.text
    assert place.strangers() == before


def test_a_person_is_told_the_domain(place, targets):
    assert SHOP in place.proxy.url(Route(SHOP, (targets[0].target,)))


def test_closing_ends_nothing_for_people(place, targets):
    place.proxy.point(Route(SHOP, (targets[0].target,)))
    place.proxy.close()
    assert place.visit(SHOP).text == "one /"
