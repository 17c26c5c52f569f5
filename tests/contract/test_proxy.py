"""What every proxy must do: one set of stories for the fake, a real Caddy, NPM's stand-in in three releases over a real
nginx, and a real Traefik. None of their domains resolves here.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time

import pytest

from forge.domain.errors import ProxyError
from forge.domain.route import Route, Target
from tests.parts.caddy import STRANGER
from tests.parts.process import free_port

SHOP = "dev-shop.example.org"
BLOG = "dev-blog.example.org"


def until(holds, what):
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.01)


# ---- leading people


def test_a_new_domain_is_answered_by_its_target(place, targets):
    route = Route(SHOP, (targets[0].target,))
    place.proxy.point(route)
    answer = place.proxy.ask(route)
    assert (answer.status, answer.target) == (200, targets[0].target)
    assert answer.milliseconds > 0
    assert place.proxy.routes() == (route,)
    assert place.visit(SHOP).text == "one /"


def test_the_domain_need_not_resolve_here(place, targets):
    with pytest.raises(OSError, match=r".*"):
        socket.getaddrinfo(SHOP, 80)
    place.proxy.point(Route(SHOP, (targets[0].target,)))
    assert place.proxy.ask(Route(SHOP, (targets[0].target,))).target == targets[0].target


def test_a_switch_and_its_revert_are_seen_by_the_next_request(place, targets):
    one, two = (Route(SHOP, (server.target,)) for server in targets)
    for route, name in ((one, "one /"), (two, "two /"), (one, "one /")):
        place.proxy.point(route)
        assert place.proxy.ask(one).target == route.target
        assert place.proxy.routes() == (route,)
        assert place.visit(SHOP).text == name


def test_several_domains_lead_to_their_own_targets(place, targets):
    shop, blog = Route(SHOP, (targets[0].target,)), Route(BLOG, (targets[1].target,))
    place.proxy.point(shop)
    place.proxy.point(blog)
    assert place.proxy.ask(shop).target == targets[0].target
    assert place.proxy.ask(blog).target == targets[1].target
    assert set(place.proxy.routes()) == {shop, blog}


def test_two_domains_may_lead_to_one_target(place, targets):
    for domain in (SHOP, BLOG):
        place.proxy.point(Route(domain, (targets[0].target,)))
    assert [place.visit(domain).text for domain in (SHOP, BLOG)] == ["one /", "one /"]


def test_the_switch_of_one_domain_leaves_the_other_alone(place, targets):
    blog = Route(BLOG, (targets[1].target,))
    place.proxy.point(blog)
    for server in (targets[0], targets[1], targets[0]):
        place.proxy.point(Route(SHOP, (server.target,)))
        assert place.proxy.ask(blog).target == targets[1].target


def test_asking_for_what_holds_changes_nothing(place, targets):
    place.proxy.point(Route(SHOP, (targets[1].target,)))  # the first one may find out what an old Caddy cannot do
    route = Route(SHOP, (targets[0].target,))
    before = place.changes()
    place.proxy.point(route)
    assert place.changes() == before + 1
    place.proxy.point(route)
    assert place.changes() == before + 1


def test_what_holds_can_be_said_again_where_people_do_not_see_it(place, targets):
    """Proxies were seen to go on leading people to a dead address until they were told once more."""
    route = Route(SHOP, (targets[0].target,))
    place.proxy.point(route)
    before = place.changes()
    place.proxy.point(route, again=True)
    assert place.changes() == before + 1
    assert place.proxy.ask(route).target == route.target
    assert place.proxy.routes() == (route,)


def test_nothing_has_to_be_prepared_for_a_plain_route(place, targets):
    before = place.changes()
    assert place.proxy.prepare(Route(SHOP, (targets[0].target,))) == ""
    assert place.changes() == before


def test_an_adapter_that_is_made_anew_knows_the_routes_and_who_answers(place, targets):
    route = Route(SHOP, (targets[0].target,))
    place.proxy.point(route)
    fresh = place.another()
    assert fresh.ask(route).target == route.target
    assert fresh.routes() == (route,)
    fresh.point(Route(SHOP, (targets[1].target,)))
    assert place.proxy.ask(route).target == targets[1].target


def test_many_threads_pointing_at_once_lose_nothing(place, targets):
    routes = [Route(f"{number}-shop.example.org", (targets[number % 2].target,)) for number in range(8)]
    proxies = [place.another(), place.proxy]  # two of the same home share no lock
    threads = [threading.Thread(target=proxies[n % 2].point, args=(route,)) for n, route in enumerate(routes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(place.proxy.routes()) == set(routes)
    assert len(place.proxy.routes()) == len(routes)
    assert [place.proxy.ask(route).target for route in routes] == [route.target for route in routes]


# ---- taking away


def test_a_removed_domain_is_no_longer_answered_by_its_target(place, targets):
    route, other = Route(SHOP, (targets[0].target,)), Route(BLOG, (targets[1].target,))
    place.proxy.point(route)
    place.proxy.point(other)
    place.proxy.remove(SHOP)
    assert place.proxy.ask(route).target is None
    assert place.proxy.ask(other).target == targets[1].target
    assert place.proxy.routes() == (other,)


def test_a_visitor_of_a_removed_domain_sees_nothing_of_the_target(place, targets):
    place.proxy.point(Route(SHOP, (targets[0].target,)))
    place.proxy.remove(SHOP)
    asked = len(targets[0].asked)
    with contextlib.suppress(ConnectionRefusedError):
        assert "one" not in place.visit(SHOP).text
    assert len(targets[0].asked) == asked


def test_removing_twice_is_no_error_and_changes_once(place, targets):
    place.proxy.point(Route(SHOP, (targets[0].target,)))
    before = place.changes()
    place.proxy.remove(SHOP)
    place.proxy.remove(SHOP)
    assert place.changes() == before + 1


def test_removing_what_never_was_is_no_error(place):
    before = place.changes()
    place.proxy.remove(SHOP)
    assert place.changes() == before


def test_a_removed_domain_can_be_had_again(place, targets):
    route = Route(SHOP, (targets[0].target,))
    place.proxy.point(route)
    place.proxy.remove(SHOP)
    place.proxy.point(Route(SHOP, (targets[1].target,)))
    assert place.proxy.ask(route).target == targets[1].target


def test_a_domain_without_a_route_is_answered_by_nobody(place, targets):
    assert place.proxy.ask(Route(SHOP, (targets[0].target,))).target is None


# ---- strangers


def test_a_strangers_domain_is_taken_and_its_route_is_left_alone(place, targets):
    before = place.strangers()
    with pytest.raises(ProxyError) as error:
        place.proxy.point(Route(STRANGER, (targets[0].target,)))
    assert error.value.code == "domain_taken"
    assert STRANGER in error.value.message
    place.proxy.remove(STRANGER)
    assert place.strangers() == before
    assert place.proxy.routes() == ()


def test_a_stranger_that_comes_later_is_left_alone_too(place, targets):
    place.add_stranger(BLOG)
    before = place.strangers()
    place.proxy.point(Route(SHOP, (targets[0].target,)))
    place.proxy.point(Route(SHOP, (targets[1].target,)))
    with pytest.raises(ProxyError):
        place.proxy.point(Route(BLOG, (targets[1].target,)))
    place.proxy.remove(SHOP)
    assert place.strangers() == before


def test_another_forges_routes_are_strangers(place, targets):
    other = place.another(home="other")
    other.point(Route(SHOP, (targets[0].target,)))
    assert place.proxy.routes() == ()
    with pytest.raises(ProxyError) as error:
        place.proxy.point(Route(SHOP, (targets[1].target,)))
    assert error.value.code == "domain_taken"
    place.proxy.remove(SHOP)
    assert other.routes() == (Route(SHOP, (targets[0].target,)),)


def test_what_a_person_made_by_hand_is_taken_over_only_when_told_and_only_by_who_can(place, targets):
    place.add_stranger(BLOG, targets[0].target)
    before = place.strangers()
    asked = {"adopt": "true"} if place.adopts else {}
    with pytest.raises(ProxyError) as error:
        place.proxy.point(Route(BLOG, (targets[1].target,)))
    assert error.value.code == "domain_taken"
    if place.adopts:
        told = Route(BLOG, (targets[1].target,), asked)
        place.proxy.point(told)
        assert place.proxy.ask(told).target == targets[1].target
        assert place.proxy.routes() == (told,)
    else:
        assert place.strangers() == before
        assert place.visit(BLOG).text == "one /"


def test_what_was_taken_over_is_given_back_as_it_was(place, targets):
    place.add_stranger(BLOG, targets[0].target)
    if not place.adopts:  # what it never took it cannot lose
        place.proxy.remove(BLOG)
        assert place.visit(BLOG).text == "one /"
        return
    told = Route(BLOG, (targets[1].target,), {"adopt": "true"})
    place.proxy.point(told)
    place.proxy.point(Route(BLOG, (free_target(),), {"adopt": "true"}))
    place.proxy.point(told)
    place.proxy.remove(BLOG)
    assert place.visit(BLOG).text == "one /"
    assert place.proxy.routes() == ()
    with pytest.raises(ProxyError):
        place.proxy.point(Route(BLOG, (targets[1].target,)))


def free_target():
    return Target("127.0.0.1", free_port())


# ---- targets


def test_a_dead_target_is_answered_by_the_proxy_itself(place):
    route = Route(SHOP, (free_target(),))
    place.proxy.point(route)
    answer = place.proxy.ask(route)
    assert (answer.status, answer.target) == (502, None)


def test_a_switch_back_from_a_dead_target_is_seen_at_once(place, targets):
    good = Route(SHOP, (targets[0].target,))
    for route in (good, Route(SHOP, (free_target(),)), good):
        place.proxy.point(route)
    assert place.proxy.ask(good).target == targets[0].target
    assert place.visit(SHOP).text == "one /"


def test_a_target_that_answers_with_an_error_is_still_who_answered(place, targets, alive):
    alive[targets[0].target] = 418
    route = Route(SHOP, (targets[0].target,))
    place.proxy.point(route)
    answer = place.proxy.ask(route, "/teapot")
    assert (answer.status, answer.target) == (418, targets[0].target)


def test_a_redirect_is_told_and_not_followed(place, targets, alive):
    alive[targets[0].target] = 302
    route = Route(SHOP, (targets[0].target,))
    place.proxy.point(route)
    answer = place.proxy.ask(route, "/moved")
    assert (answer.status, answer.target) == (302, targets[0].target)


def test_a_target_that_claims_to_be_another_is_not_believed(place, targets):
    route = Route(SHOP, (targets[0].target,))  # it says 10.9.9.9:1 of itself
    place.proxy.point(route)
    assert place.proxy.ask(route).target == targets[0].target


def test_nobody_but_forge_is_told_who_answered(place, targets):
    place.proxy.point(Route(SHOP, (targets[0].target,)))
    for headers in ({}, {"X-Forge-Ask": "guessed"}):
        answer = place.visit(SHOP, **headers)
        assert answer.status == 200
        told = answer.getheader("X-Forge-Target")
        assert told != str(targets[0].target) or place.tells_who_asks


# ---- several targets


def test_several_targets_answer_in_turn_or_are_refused_in_a_sentence(place, targets):
    route = Route(SHOP, tuple(server.target for server in targets))
    if not place.balances:
        with pytest.raises(ProxyError, match="to one instance") as error:
            place.proxy.point(route)
        assert error.value.code == "one_target"
        assert place.proxy.routes() == ()
        return
    place.proxy.point(route)
    assert place.proxy.routes() == (route,)
    assert place.another().routes() == (route,)
    assert {place.visit(SHOP).text for _ in range(6)} == {"one /", "two /"}
    assert {place.proxy.ask(route).target for _ in range(6)} == set(route.targets)


def test_one_of_several_that_is_dead_costs_no_request(place, targets, alive):
    if not place.balances:
        return
    route = Route(SHOP, tuple(server.target for server in targets))
    place.proxy.point(route)
    targets[0].close()
    alive.pop(targets[0].target)
    assert {place.visit(SHOP).text for _ in range(12)} == {"two /"}
    assert place.visit(SHOP, method="POST", body=b"order").text == "two /"
    answers = {(answer.status, answer.target) for answer in (place.proxy.ask(route) for _ in range(6))}
    assert answers == {(200, targets[1].target)}


def test_several_targets_become_one_and_several_again(place, targets):
    if not place.balances:
        return
    one, two = (Route(SHOP, (server.target,)) for server in targets)
    both = Route(SHOP, one.targets + two.targets)
    for route, names in ((one, {"one /"}), (both, {"one /", "two /"}), (two, {"two /"}), (both, {"one /", "two /"})):
        place.proxy.point(route)
        assert place.proxy.routes() == (route,)
        assert {place.visit(SHOP).text for _ in range(6)} == names
    place.proxy.remove(SHOP)
    assert place.proxy.ask(both).target is None


def test_asking_for_several_that_hold_changes_nothing_whatever_their_order(place, targets):
    if not place.balances:
        return
    route = Route(SHOP, tuple(server.target for server in targets))
    place.proxy.point(Route(BLOG, route.targets))  # the first one may find out what an old Caddy cannot do
    place.proxy.point(route)
    before = place.changes()
    place.proxy.point(Route(SHOP, route.targets[::-1]))
    assert place.changes() == before
    place.proxy.point(route, again=True)
    assert place.changes() == before + 1


def test_where_none_of_several_answers_the_proxy_says_so_itself(place):
    if not place.balances:
        return
    route = Route(SHOP, (free_target(), free_target()))
    place.proxy.point(route)
    answer = place.proxy.ask(route, timeout=15)
    assert (answer.status >= 500, answer.target) == (True, None)
