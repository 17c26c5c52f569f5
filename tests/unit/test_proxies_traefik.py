"""TraefikProxy: what it says to people when Traefik is not as it should be."""

from __future__ import annotations

import json

import pytest

from forge.domain.connection import ProxyConnection
from forge.domain.errors import ProxyError
from forge.domain.route import Route, Target
from forge.http import Session
from forge.proxies.traefik import SEEN_WITHIN, TraefikProxy
from tests.parts.process import free_port
from tests.small_server import SmallServer, Told

ROUTE = Route("shop.example.org", (Target("127.0.0.1", 20001),))
WELL = {"/api/version": {"Version": "3.7.15"}, "/api/overview": {"providers": ["File"]}, "/api/http/routers": []}


@pytest.fixture
def make(tmp_path):
    """A TraefikProxy on an API with these answers."""
    session, servers, now = Session(), [], [0.0]

    def sleep(seconds):
        now[0] += seconds

    def make(answers=None, *, directory=tmp_path, headers=None, **given):
        said = WELL | (answers or {})

        def answer(asked):
            path = asked.path.partition("?")[0]
            found = said.get(asked.path, said.get(path))
            return Told(200, json.dumps(found).encode(), headers or {}) if found is not None else Told(404)

        servers.append(SmallServer(answer))
        about = {"url": servers[-1].url, "address": servers[-1].url, **given}
        connection = ProxyConnection(name="t", kind="traefik", options={"directory": str(directory)}, **about)
        return TraefikProxy(connection, home="h1", http=session, clock=lambda: now[0], sleep=sleep)

    yield make
    for server in servers:
        server.close()
    session.close()


def test_one_that_is_well_tells_its_version(make):
    report = make().test()
    assert (report.ok, report.version) == (True, "3.7.15")


@pytest.mark.parametrize(
    ("answers", "given", "says"),
    [
        ({"/api/overview": {"providers": ["Docker"]}}, {}, "no file provider: add providers.file"),
        ({"/api/overview": {}}, {}, "no file provider"),
        ({"/api/version": None}, {}, "not as Traefik's API does"),
        ({}, {"directory": "/nonexistent/forge"}, "There is no folder"),
        ({}, {"address": None}, "has no address"),
        ({}, {"address": "http://127.0.0.1:1"}, "Correct the proxy's address"),
        ({}, {"url": f"http://127.0.0.1:{free_port()}"}, "Traefik's API does not answer"),
    ],
)
def test_what_is_wrong_is_told_with_what_to_do(make, answers, given, says):
    report = make(answers, **given).test()
    assert not report.ok
    assert says in report.text


def test_one_that_does_not_read_the_folder_is_told(make):
    with pytest.raises(ProxyError, match=rf"within {SEEN_WITHIN:.0f} s: let its file provider watch") as error:
        make().point(ROUTE)
    assert error.value.code == "traefik_deaf"


def test_a_route_that_traefik_refuses_is_told_in_its_words(make):
    router = {"/api/http/routers/forge-h1-shop.example.org@file": {"error": ["the service does not exist"]}}
    with pytest.raises(ProxyError, match="does not take the route: the service does not exist"):
        make(router).point(ROUTE)


def test_a_domain_is_looked_for_on_every_page_of_routers(make):
    second = {"/api/http/routers?per_page=100&page=2": [{"name": "x@docker", "rule": "Host(`shop.example.org`)"}]}

    proxy = make(second, headers={"X-Next-Page": "2"})
    with pytest.raises(ProxyError, match="router x@docker in Traefik already answers") as error:
        proxy.point(ROUTE)
    assert error.value.code == "domain_taken"


def test_a_route_over_tls_is_told_with_https(make):
    proxy = make(address="http://127.0.0.1:80")
    assert proxy.url(ROUTE) == "http://shop.example.org"
    assert proxy.url(Route(ROUTE.domain, (ROUTE.target,), {"https": "true"})) == "https://shop.example.org"
    assert proxy.prepare(ROUTE) == ""
