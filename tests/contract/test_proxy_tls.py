"""TLS through the proxies that end it: by domains that do not resolve, with certificates that nobody trusts here."""

from __future__ import annotations

import pytest

from forge.domain.route import Route
from tests.contract.proxy_places import NpmPlace, TraefikPlace
from tests.npm.releases import RECORDED
from tests.parts.process import free_port
from tests.stub_server import make_certificate

pytestmark = pytest.mark.real
SHOP = "dev-shop.example.org"


@pytest.fixture(params=RECORDED, ids=str)
def npm(request, nginx_part, http_session, tmp_path):
    """NPM with a certificate for a wildcard, whose files nginx has."""
    place = NpmPlace(request.param, nginx_part, http_session)
    place.wildcard = place.npm.add_certificate(["*.example.org"])["id"]
    place.npm.carrying.certificates[place.wildcard] = make_certificate(tmp_path)
    yield place
    place.close()


def test_npm_is_asked_over_tls_where_it_sends_people_there(npm, targets):
    route = Route(SHOP, (targets[0].target,), {"https": "true", "hsts": "true"})
    npm.proxy.point(route)
    assert npm.host(SHOP)["certificate_id"] == npm.wildcard
    answer = npm.proxy.ask(route, "/healthz")
    assert (answer.status, answer.target) == (200, targets[0].target)
    visitor = npm.visit(SHOP)
    assert (visitor.status, visitor.getheader("Location")) == (301, f"https://{SHOP}/")
    assert npm.proxy.url(route) == f"https://{SHOP}:{npm.nginx.tls_port}"
    npm.proxy.point(Route(SHOP, (targets[1].target,), route.options))
    assert npm.proxy.ask(route).target == targets[1].target


def test_an_access_list_keeps_visitors_out_and_forge_still_sees_who_answers(npm, targets):
    guard = {"id": 3, "clients": [{"directive": "deny", "address": "127.0.0.1"}], "secret_items": [], "items": []}
    npm.npm.rows.access_lists[3] = guard
    npm.add_stranger(SHOP, targets[0].target, access_list_id=3)
    route = Route(SHOP, (targets[1].target,), {"adopt": "true"})
    npm.proxy.point(route)
    assert npm.visit(SHOP).status == 403
    assert npm.proxy.ask(route).target == targets[1].target
    npm.npm._switch(npm.host(SHOP), "disable")
    npm.proxy.point(route)  # and it comes back guarded
    assert npm.visit(SHOP).status == 403


def test_path_routes_of_a_host_made_by_hand_outlive_every_switch(npm, targets):
    place = {"path": "/api", "forward_scheme": "http", "forward_host": "127.0.0.1"}
    own = [{**place, "forward_port": targets[1].target.port}]
    npm.add_stranger(SHOP, targets[1].target, locations=own)
    for port in (free_port(), targets[0].target.port):
        npm.proxy.point(Route(SHOP, (type(targets[0].target)("127.0.0.1", port),), {"adopt": "true"}))
    assert npm.visit(SHOP, "/api/x").text == "two /api/x"
    assert npm.visit(SHOP, "/other").text == "one /other"


def test_traefik_is_asked_over_tls_where_it_sends_people_there(traefik_part, http_session, targets):
    place = TraefikPlace(traefik_part, http_session)
    proxy = place.another(options={"entrypoints": "web,websecure"})
    route = Route(SHOP, (targets[0].target,), {"https": "true", "hsts": "true"})
    proxy.point(route)
    answer = proxy.ask(route, "/healthz")
    assert (answer.status, answer.target) == (200, targets[0].target)
    visitor = place.visit(SHOP)
    assert visitor.status in {301, 308}
    assert visitor.getheader("Location").startswith(f"https://{SHOP}")
    assert proxy.url(route) == f"https://{SHOP}:{traefik_part.tls_port}"
    place.close()
