"""What only a real Caddy can show; and no proxy at all: what applies of the contract to it."""

from __future__ import annotations

import http.client
from typing import Any

import pytest

from forge.domain.connection import ProxyConnection
from forge.domain.errors import ProxyError, ProxyUnavailable
from forge.domain.route import Route, Target
from forge.proxies.published import Published
from tests.contract.proxy_places import CaddyPlace
from tests.parts.process import free_port

SHOP = "dev-shop.example.org"
BLOG = "dev-blog.example.org"


@pytest.fixture
def caddy_place(caddy_part, http_session) -> CaddyPlace:
    return CaddyPlace(caddy_part, http_session)


@pytest.mark.real
class TestCaddy:
    """What only a real Caddy can show."""

    def test_path_and_query_reach_the_target_and_people_are_not_told_who_answered(self, caddy_place, targets):
        caddy_place.proxy.point(Route(SHOP, (targets[0].target,)))
        assert caddy_place.caddy.get(SHOP, "/a/b?c=d&e=%20f") == (200, "one /a/b?c=d&e=%20f")
        caddy_place.proxy.ask(Route(SHOP, (targets[0].target,)), "/g?h=i")
        assert targets[0].asked[-1].path == "/g?h=i"
        assert targets[0].asked[-1].headers["host"] == SHOP
        connection = http.client.HTTPConnection("127.0.0.1", caddy_place.caddy.port, timeout=5)
        connection.request("GET", "/", headers={"Host": SHOP})
        assert connection.getresponse().getheader("X-Forge-Target") == "10.9.9.9:1"  # the target's own, untouched
        connection.close()

    def test_our_route_wins_over_a_catch_all_and_a_wildcard(self, caddy_place, targets):
        wildcard = {"match": [{"host": ["*.example.org"]}], "handle": [{"handler": "static_response", "body": "any"}]}
        caddy_place.edit("POST", wildcard)
        caddy_place.edit("POST", {"handle": [{"handler": "static_response", "body": "all"}]})
        before = caddy_place.strangers()
        caddy_place.proxy.point(Route(SHOP, (targets[0].target,)))
        assert caddy_place.caddy.get(SHOP) == (200, "one /")
        assert caddy_place.caddy.get("else.example.org") == (200, "any")
        assert caddy_place.strangers() == before

    def test_a_switch_sends_only_the_upstreams(self, caddy_place, targets):
        caddy_place.proxy.point(Route(SHOP, (targets[0].target,)))
        guarded = {"handler": "headers", "response": {"set": {"X-By-Hand": ["kept"]}}}
        caddy_place.edit("PUT", guarded, "/config/apps/http/servers/main/routes/0/handle/0")
        caddy_place.proxy.point(Route(SHOP, (targets[1].target,)))
        routes = caddy_place.caddy.config()["apps"]["http"]["servers"]["main"]["routes"]
        assert routes[0]["handle"][0] == guarded
        assert caddy_place.caddy.get(SHOP) == (200, "two /")

    def test_a_change_that_comes_in_between_is_noticed(self, caddy_place, targets, monkeypatch):
        caddy_place.proxy.point(Route(SHOP, (targets[0].target,)))
        admin, changed = caddy_place.proxy._admin, []
        real = admin.change

        def late(*args: Any) -> None:
            if not changed:  # a person puts a route first: Forge's is now one further down
                caddy_place.edit("PUT", {"match": [{"host": ["x.org"]}]}, "/config/apps/http/servers/main/routes/0")
            changed.append(args)
            real(*args)

        monkeypatch.setattr(admin, "change", late)
        caddy_place.proxy.point(Route(SHOP, (targets[1].target,)))
        assert [args[1].split("/")[7] for args in changed] == ["0", "1"]
        assert caddy_place.caddy.get(SHOP) == (200, "two /")

    def test_a_caddy_without_any_server_gets_one(self, caddy_place, targets):
        port = free_port()
        caddy_place.edit("DELETE", None, "/config/apps")
        proxy = caddy_place.another(address=f"http://127.0.0.1:{port}")
        assert proxy.routes() == ()
        assert proxy.test().ok
        assert "no server yet" in proxy.test().text
        route = Route(SHOP, (targets[0].target,))
        proxy.point(route)
        assert proxy.ask(route).target == route.target
        assert proxy.url(route) == f"http://{SHOP}:{port}"
        proxy.point(Route(SHOP, (targets[1].target,)))
        proxy.remove(SHOP)
        proxy.point(route)  # into an empty list
        assert proxy.routes() == (route,)

    def test_a_caddy_with_several_servers_is_asked_by_port_or_name(self, caddy_place, targets):
        port = free_port()
        second = {"listen": [f"127.0.0.1:{port}"], "automatic_https": {"disable": True}}
        caddy_place.edit("PUT", second, "/config/apps/http/servers/second")
        route = Route(SHOP, (targets[0].target,))
        by_port = caddy_place.another(address=f"http://127.0.0.1:{port}")
        by_port.point(route)  # into a server without routes
        assert by_port.ask(route).target == route.target
        by_port.remove(SHOP)
        caddy_place.another(address="http://127.0.0.1:1", options={"server": "second"}).point(route)
        assert by_port.ask(route).target == route.target
        assert caddy_place.caddy.get(SHOP) == (200, "")
        for connection in ({"address": "http://127.0.0.1:1"}, {"options": {"server": "third"}}):
            with pytest.raises(ProxyError) as error:
                caddy_place.another(**connection).point(route)
            assert error.value.code == "no_server"
            assert "second" in error.value.message

    def test_what_caddy_refuses_is_said_and_changes_nothing(self, caddy_place, targets):
        caddy_place.edit("DELETE", None, "/config/apps")
        before = caddy_place.caddy.config()
        proxy = caddy_place.another(address=targets[0].url)  # a port that is taken
        with pytest.raises(ProxyError, match=r"Caddy refused the change.*address already in use"):
            proxy.point(Route(SHOP, (targets[1].target,)))
        assert caddy_place.caddy.config() == before

    def test_it_says_when_the_address_leads_elsewhere(self, caddy_place, targets):
        nobody = caddy_place.another(address=f"http://127.0.0.1:{free_port()}").test()
        other = caddy_place.another(address=targets[0].url).test()
        assert not nobody.ok
        assert "nothing answers at" in nobody.text
        assert not other.ok
        assert "another program answers" in other.text
        assert "listens on 127.0.0.1" in other.text


class TestPublished:
    """No proxy: what applies of the same."""

    @pytest.fixture
    def proxy(self, http_session):
        return Published(ProxyConnection(name="ports", kind="published"), http=http_session)

    def test_the_target_itself_is_asked(self, proxy, targets):
        route = Route(SHOP, (targets[0].target,))
        proxy.point(route)
        proxy.point(route)
        answer = proxy.ask(route, "/teapot?x=y")
        assert (answer.status, answer.target) == (418, targets[0].target)
        assert targets[0].asked[-1].path == "/teapot?x=y"
        assert proxy.url(route) == targets[0].url

    def test_nothing_is_kept_and_nothing_needs_to_be_removed(self, proxy, targets):
        proxy.point(Route(SHOP, (targets[0].target,)))
        assert proxy.routes() == ()
        proxy.remove(SHOP)
        proxy.remove(SHOP)
        proxy.close()
        assert proxy.ask(Route(SHOP, (targets[0].target,))).status == 200

    def test_a_dead_target_does_not_answer(self, proxy):
        with pytest.raises(ProxyUnavailable, match="Nothing answers at"):
            proxy.ask(Route(SHOP, (Target("127.0.0.1", free_port()),)))

    def test_it_is_always_well_and_says_why(self, proxy):
        report = proxy.test()
        assert report.ok
        assert "port" in report.text
