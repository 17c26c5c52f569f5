"""CaddyProxy: what it says to people, and what it does when somebody else changes Caddy at the same time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forge.domain.connection import ProxyConnection
from forge.domain.errors import ProxyError, ProxyUnavailable
from forge.domain.route import Route, Target
from forge.http import Session
from forge.proxies.caddy import ATTEMPTS, CaddyProxy
from forge.proxies.caddy_config import route_object
from tests.parts.process import free_port
from tests.small_server import Asked, SmallServer, Told

ROUTE = Route("dev-shop.example.org", (Target("127.0.0.1", 20001),))


@pytest.fixture
def http_session():
    session = Session()
    yield session
    session.close()


@pytest.fixture
def make(http_session, tmp_path):
    """A CaddyProxy with the connection's fields given."""

    def make(url: str = "http://127.0.0.1:1", **given: Any) -> CaddyProxy:
        parts = {key: given.pop(key) for key in ("sleep", "migrate") if key in given}
        connection = ProxyConnection(name="front", kind="caddy", url=url, **given)
        return CaddyProxy(connection, home="h1", http=http_session, **{"migrate": tmp_path / "none", **parts})

    return make


def caddy(servers: Any, changed: Callable[[Asked], Told] = lambda _asked: Told()) -> SmallServer:
    """An admin API that always has these servers, and answers changes as `changed` says."""

    def answer(asked: Asked) -> Told:
        if asked.method == "GET":
            return Told(200, json.dumps(servers).encode(), {"ETag": '"e"', "Server": "Caddy"})
        return changed(asked)

    return SmallServer(answer)


BARE = route_object("h1", ROUTE) | {"handle": [{"handler": "reverse_proxy"}]}
STALE = route_object("h1", Route(ROUTE.domain, (Target("127.0.0.1", 1),)))
LOST = STALE | {"handle": None}


@pytest.mark.parametrize(
    "servers",
    [None, *({"main": {"listen": [":80"], "routes": routes}} for routes in (None, [], [{}], [BARE], [STALE], [LOST]))],
)
def test_nothing_that_caddy_is_sent_flushes_at_once(make, servers):
    """Pitfall 25: Caddy 2.6 dies when it reloads with flush_interval -1 and requests in flight."""
    sent = []

    def changed(asked: Asked) -> Told:
        sent.append(asked)
        return Told()

    with caddy(servers, changed) as server:
        make(server.url, address="http://127.0.0.1:80").point(ROUTE)
    assert sent, "something had to be changed"
    assert not [asked for asked in sent if b"flush_interval" in asked.body or "flush_interval" in asked.path]


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("http://127.0.0.1:8080", "http://dev-shop.example.org:8080"),
        ("http://127.0.0.1:80", "http://dev-shop.example.org"),
        ("http://127.0.0.1", "http://dev-shop.example.org"),
        ("https://10.0.0.1:443", "https://dev-shop.example.org"),
        ("https://10.0.0.1:80", "https://dev-shop.example.org:80"),
        (None, "http://dev-shop.example.org"),
    ],
)
def test_a_person_is_told_the_domain_with_the_port_only_where_it_is_needed(make, address, url):
    assert make(address=address).url(ROUTE) == url


def test_testing_says_that_the_admin_api_is_out_of_reach(make):
    report = make(f"http://127.0.0.1:{free_port()}").test()
    assert not report.ok
    assert "does not answer" in report.text


def test_testing_says_that_something_else_answers(make):
    with SmallServer(lambda _asked: Told(body=b"hello")) as server:
        report = make(server.url).test()
    assert not report.ok
    assert "not as Caddy's admin API does" in report.text


@pytest.mark.parametrize("servers", [[], "x", {"main": 1}])
def test_a_list_of_servers_that_is_none_is_not_trusted(make, servers):
    with caddy(servers) as admin, pytest.raises(ProxyError) as error:
        make(admin.url).routes()
    assert error.value.code == "not_caddy"


def test_testing_asks_for_a_missing_address_or_server(make):
    with caddy({"a": {}, "b": {}}) as admin:
        assert "name one in the proxy's option “server”" in make(admin.url).test().text
        report = make(admin.url, options={"server": "a"}).test()
    assert not report.ok
    assert "has no address" in report.text


def test_testing_says_where_caddy_answers(make):
    with caddy(
        {"main": {"listen": [":1"]}}
    ) as admin:  # the address leads to it by another port, as from outside a container
        report = make(admin.url, address=admin.url).test()
    assert report.ok
    assert report.text == f"Caddy answers at {admin.url}"
    assert report.version == ""


@pytest.mark.parametrize(("setting", "hinted"), [("0\n", True), ("1\n", False)])
def test_testing_tells_how_linux_keeps_new_connections_at_a_switch(make, tmp_path, setting, hinted):
    migrate: Path = tmp_path / "tcp_migrate_req"
    migrate.write_text(setting)
    with caddy({"main": {"listen": [":1"]}}) as admin:
        report = make(admin.url, address=admin.url, migrate=migrate).test()
    assert report.ok
    assert ("tcp_migrate_req=1" in report.text) is hinted


def test_a_change_that_comes_too_late_is_decided_again_until_it_holds(make):
    told = [Told(412), Told(412), Told()]
    slept: list[float] = []
    with caddy({"main": {"routes": [{}]}}, lambda _asked: told.pop(0)) as admin:
        make(admin.url, sleep=slept.append).point(ROUTE)
        methods = [asked.method for asked in admin.asked]
    assert methods == ["GET", "PUT"] * 3
    assert len(slept) == 2


def test_a_caddy_that_somebody_keeps_changing_is_left_alone_in_the_end(make):
    with caddy({"main": {"routes": [{}]}}, lambda _asked: Told(412)) as admin:
        with pytest.raises(ProxyError) as error:
            make(admin.url, sleep=lambda _seconds: None).point(ROUTE)
        assert len(admin.asked) == 2 * ATTEMPTS
    assert error.value.code == "busy"


def test_asking_is_on_a_new_connection_with_the_domain_and_follows_no_redirect(make):
    told = Told(302, headers={"Location": "/login", "X-Forge-Target": "127.0.0.1:20001"})
    with SmallServer(lambda _asked: told) as front:
        answer = make(address=front.url).ask(ROUTE, "/a?b=c")
        (asked,) = front.asked
    assert (answer.status, answer.target) == (302, ROUTE.target)
    assert asked.path == "/a?b=c"
    assert asked.headers["host"] == ROUTE.domain
    assert asked.headers["connection"] == "close"


def test_asking_without_an_address_or_an_answer_says_so(make):
    with pytest.raises(ProxyError) as error:
        make().ask(ROUTE)
    assert error.value.code == "no_address"
    with pytest.raises(ProxyUnavailable, match=ROUTE.domain):
        make(address=f"http://127.0.0.1:{free_port()}").ask(ROUTE)


def test_every_double_of_a_route_is_removed(make):
    routes = [route_object("h1", ROUTE), {}, route_object("h1", ROUTE)]

    def delete(asked: Asked) -> Told:
        del routes[int(asked.path.rpartition("/")[2])]
        return Told()

    with caddy({"main": {"routes": routes}}, delete) as admin:
        make(admin.url).remove(ROUTE.domain)
    assert routes == [{}]


def test_a_caddy_that_cannot_keep_websockets_over_a_change_is_asked_once_and_gets_a_route_all_the_same(make):
    sent = []

    def changed(asked: Asked) -> Told:
        sent.append(b"stream_close_delay" in asked.body)
        refusal = {"error": 'decoding module config: json: unknown field "stream_close_delay"'}
        return Told(400, json.dumps(refusal).encode()) if sent[-1] else Told()

    with caddy({"main": {"listen": [":80"], "routes": []}}, changed) as server:
        proxy = make(server.url, address=server.url)
        assert "Websockets" not in proxy.test().text
        proxy.point(ROUTE)
        proxy.point(ROUTE)
        assert "Websockets are closed whenever a route changes: Caddy 2.7" in proxy.test().text
    assert sent == [True, False, False]
