"""What Forge reads in Caddy's configuration, and the one change it asks for: as equality, without a Caddy."""

from __future__ import annotations

from typing import Any

import pytest

from forge.domain.connection import ProxyConnection
from forge.domain.errors import ProxyError
from forge.domain.route import Route, Target
from forge.proxies import caddy_config as config
from forge.proxies.caddy_config import Change

HOME = "h1"
SHOP = Route("dev-shop.example.org", (Target("127.0.0.1", 20001),))
NEXT = Route("dev-shop.example.org", (Target("127.0.0.1", 20002),))
MINE = config.route_object(HOME, SHOP)
ROUTES = "/config/apps/http/servers/main/routes"


def front(address: str | None = "http://127.0.0.1:8080", **options: str) -> ProxyConnection:
    return ProxyConnection(name="front", kind="caddy", url="http://127.0.0.1:2019", address=address, options=options)


def main(*routes: Any, listen: str = ":8080") -> dict[str, Any]:
    return {"main": {"listen": [listen], "routes": list(routes)}}


def plan(servers: Any, route: Route = SHOP, connection: ProxyConnection | None = None) -> Change | None:
    return config.plan_point(servers, connection or front(), HOME, route)


def test_a_new_route_goes_first_so_that_no_catch_all_hides_it():
    assert plan(main({"handle": []})) == Change(method="PUT", path=f"{ROUTES}/0", value=MINE)


def test_a_new_route_is_appended_to_an_empty_list_and_begins_a_missing_one():
    assert plan(main()) == Change(method="POST", path=ROUTES, value=MINE)
    for server in ({"listen": [":8080"]}, {"listen": [":8080"], "routes": None}):
        assert plan({"main": server}) == Change(method="POST", path=ROUTES, value=[MINE])


def test_a_route_that_holds_needs_no_change():
    assert plan(main({"handle": []}, MINE)) is None


def test_a_switch_replaces_the_upstreams_alone():
    wanted = Change(method="PATCH", path=f"{ROUTES}/1/handle/1/upstreams", value=[{"dial": "127.0.0.1:20002"}])
    assert plan(main({"handle": []}, MINE), NEXT) == wanted


def test_upstreams_that_somebody_took_away_are_set_again():
    bare = MINE | {"handle": [{"handler": "reverse_proxy"}]}
    wanted = Change(method="POST", path=f"{ROUTES}/0/handle/0/upstreams", value=[{"dial": "127.0.0.1:20001"}])
    assert plan(main(bare)) == wanted


def test_a_route_of_ours_that_leads_nowhere_is_made_anew():
    assert plan(main(MINE | {"handle": None})) == Change(method="PATCH", path=f"{ROUTES}/0", value=MINE)


def test_a_server_name_is_quoted_in_the_path():
    servers = {"a b/c": {"listen": [":8080"], "routes": []}}
    assert plan(servers).path == "/config/apps/http/servers/a%20b%2Fc/routes"


@pytest.mark.parametrize(
    "stranger",
    [
        {"match": [{"host": ["dev-shop.example.org"]}]},
        {"match": [{"path": ["/x"]}, {"host": ["other.org", "DEV-Shop.example.org"]}]},
        {"handle": [{"handler": "subroute", "routes": [{"match": [{"host": ["dev-shop.example.org"]}]}]}]},
        config.route_object("another-home", SHOP),
        {"@id": "forge-h1-else.org", "match": [{"host": ["dev-shop.example.org"]}]},
    ],
)
def test_a_domain_that_a_stranger_names_is_taken(stranger):
    with pytest.raises(ProxyError) as error:
        plan(main(stranger, MINE))
    assert error.value.code == "domain_taken"


@pytest.mark.parametrize("stranger", [{"match": [{"host": ["*.example.org"]}]}, {"match": None}, {"handle": None}, {}])
def test_a_wildcard_or_a_catch_all_takes_no_domain(stranger):
    assert plan(main(stranger)) is not None


def test_without_any_server_one_is_made_on_the_address_port():
    made = {"listen": [":8080"], "routes": [MINE], "automatic_https": {"disable": True}}
    assert plan({}) == Change(method="PUT", path="/config/apps/http/servers/forge", value=made)


def test_a_server_made_for_https_keeps_caddys_certificates():
    assert plan({}, connection=front("https://127.0.0.1")).value == {"listen": [":443"], "routes": [MINE]}


def test_without_any_server_and_address_the_address_is_asked_for():
    with pytest.raises(ProxyError) as error:
        plan({}, connection=front(None))
    assert error.value.code == "no_address"


def test_the_server_is_the_named_one_else_the_one_on_the_port_else_the_only_one():
    two = {"a": {"listen": [":80"]}, "b": {"listen": ["127.0.0.1:8080"]}}
    assert config.choose_server(two, front(server="a")) == "a"
    assert config.choose_server(two, front()) == "b"
    assert config.choose_server(two, front("http://10.0.0.1")) == "a"
    assert config.choose_server(main(listen=":81"), front()) == "main"
    assert config.choose_server(main(listen=":81"), front(None)) == "main"
    assert config.choose_server({}, front()) is None


@pytest.mark.parametrize(
    ("servers", "connection"),
    [
        ({"a": {}, "b": {}}, front()),
        ({"a": {"listen": [":8080"]}, "b": {"listen": ["[::1]:8080"]}}, front()),
        ({"a": {"listen": [":80"]}, "b": {"listen": [":443"]}}, front(None)),
        ({"a": {}, "b": {}}, front(server="c")),
        ({}, front(server="c")),
    ],
)
def test_a_server_that_cannot_be_told_is_asked_for(servers, connection):
    with pytest.raises(ProxyError, match="option “server”") as error:
        config.choose_server(servers, connection)
    assert error.value.code == "no_server"
    assert all(name in error.value.message for name in servers)


@pytest.mark.parametrize(
    ("listen", "port", "wanted"),
    [
        (":80", 80, True),
        (":80", 8080, False),
        ("127.0.0.1:80", 80, True),
        ("[::1]:80", 80, True),
        ("tcp/:80", 80, True),
        (":8000-8010", 8010, True),
        (":8000-8010", 8011, False),
        (":8000-8010", 7999, False),
        ("unix//run/caddy.sock", 80, False),
        (":{env.PORT}", 80, False),
    ],
)
def test_where_a_server_listens(listen, port, wanted):
    assert config.listens({"listen": [listen]}, port) is wanted


def test_removing_takes_ours_alone_from_whichever_server_has_it():
    stranger = {"match": [{"host": [SHOP.domain]}]}
    servers = {"a": {"routes": None}, "main": {"routes": [stranger, MINE]}}
    assert config.plan_remove(servers, HOME, SHOP.domain) == Change(method="DELETE", path=f"{ROUTES}/1")
    assert config.plan_remove(servers, "h2", SHOP.domain) is None
    assert config.plan_remove(main(stranger), HOME, SHOP.domain) is None


def test_our_routes_are_those_with_our_mark_and_their_own_domain():
    blog = Route("blog.example.org", (Target("::1", 20003),))
    stolen = MINE | {"match": [{"host": ["else.org"]}]}
    bare = config.route_object(HOME, Route("bare.org", (SHOP.target,))) | {"handle": []}
    servers = main(MINE, config.route_object(HOME, blog), config.route_object("h2", SHOP), stolen, bare, {"@id": 7})
    assert config.own_routes(servers | {"other": {}}, HOME) == (SHOP, blog)


def test_a_home_that_begins_like_another_does_not_see_its_routes():
    longer = config.route_object(f"{HOME}-x", SHOP)
    assert config.own_routes(main(longer), HOME) == ()
    assert config.plan_remove(main(longer), HOME, f"x-{SHOP.domain}") is None


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("127.0.0.1:80", Target("127.0.0.1", 80)),
        ("[::1]:80", Target("::1", 80)),
        ("shop:8080", Target("shop", 8080)),
        ("", None),
        (":80", None),
        ("unix//x", None),
        ("host", None),
    ],
)
def test_targets_are_read_as_caddy_writes_them(text, target):
    assert config.parse_target(text) == target


def test_a_route_that_was_made_without_keeping_websockets_gets_that_with_its_next_target():
    made = config.route_object(HOME, SHOP)
    made["handle"][1]["health_checks"] = {"passive": {}}  # a person's
    moved = Route(SHOP.domain, (Target("127.0.0.1", 9),))
    change = config.plan_point(main(made), front(), HOME, moved, streams=True)
    assert (change.method, change.path) == ("PATCH", f"{config.SERVERS}/main/routes/0/handle/1")
    assert change.value == {
        **made["handle"][1],
        "upstreams": [{"dial": "127.0.0.1:9"}],
        "stream_close_delay": "24h",
    }
    assert config.plan_point(main(made), front(), HOME, SHOP, streams=True) is None, "no change for that alone"


# ---- several targets

BOTH = Route("dev-shop.example.org", SHOP.targets + NEXT.targets)


def handler(change: Change) -> dict[str, Any]:
    assert (change.method, change.path) == ("PATCH", f"{ROUTES}/0/handle/1")
    return change.value


def test_several_are_led_to_in_turn_and_who_does_not_answer_is_passed_over():
    value = handler(plan(main(MINE), BOTH))
    assert value["upstreams"] == [{"dial": "127.0.0.1:20001"}, {"dial": "127.0.0.1:20002"}]
    assert value["load_balancing"]["selection_policy"] == {"policy": "round_robin"}
    assert value["load_balancing"]["try_duration"], "a request that one does not take is given to the next"
    assert value["health_checks"]["passive"]["max_fails"] == 1


def test_among_several_only_the_upstreams_change_and_one_alone_is_plain_again():
    both = config.route_object(HOME, BOTH)
    third = Route(BOTH.domain, (*SHOP.targets, Target("127.0.0.1", 20003)))
    assert plan(main(both), BOTH) is None
    assert plan(main(both), third).path == f"{ROUTES}/0/handle/1/upstreams"
    assert handler(plan(main(both))) == MINE["handle"][1]


def test_how_a_person_balances_there_stays():
    theirs = {"selection_policy": {"policy": "ip_hash"}}
    mine = MINE | {"handle": [MINE["handle"][0], {**MINE["handle"][1], "load_balancing": theirs}]}
    assert plan(main(mine)) is None, "nothing of theirs is a difference"
    assert handler(plan(main(mine), BOTH))["load_balancing"] == theirs
    assert plan(main(mine), NEXT).path.endswith("/upstreams")
