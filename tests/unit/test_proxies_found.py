"""Proxies on this machine: found by how they answer, and taken for nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from forge.proxies import found
from forge.proxies.found import FoundProxy, proxies
from tests.small_server import SmallServer, Told

NOBODY = "http://127.0.0.1:1"


@pytest.fixture(autouse=True)
def nobody(monkeypatch):
    monkeypatch.setattr(found, "CADDY", NOBODY)
    monkeypatch.setattr(found, "NPM", NOBODY)


def at(monkeypatch, name: str, status: int, content: Any, **headers: str) -> Any:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    server = SmallServer(lambda _: Told(status, body, headers))
    monkeypatch.setattr(found, name, server.url)
    return server


def caddy(monkeypatch, servers: Any) -> Any:
    return at(monkeypatch, "CADDY", 200, servers, Etag='"/config abc"', **{"Content-Type": "application/json"})


def test_where_nobody_listens_nothing_is_found():
    assert proxies() == ()


@pytest.mark.parametrize(
    ("servers", "address"),
    [
        (None, "http://127.0.0.1:80"),
        ({"srv0": {"listen": [":443"]}}, "https://127.0.0.1:443"),
        ({"srv0": {"listen": [":443"]}, "srv1": {"listen": [":80"]}}, "http://127.0.0.1:80"),
        ({"srv0": {"listen": ["127.0.0.1:8081", "127.0.0.1:8080", 3, "x"]}}, "http://127.0.0.1:8080"),
        ({"srv0": 3, "srv1": {"listen": 4}}, "http://127.0.0.1:80"),
    ],
)
def test_caddy_is_found_with_the_address_it_listens_at(monkeypatch, servers, address):
    with caddy(monkeypatch, servers) as server:
        assert proxies() == (FoundProxy(kind="caddy", url=server.url, address=address),)


def test_a_caddy_that_lets_nobody_in_says_what_to_do(monkeypatch):
    with at(monkeypatch, "CADDY", 403, {"error": "host not allowed"}, **{"Content-Type": "application/json"}):
        (one,) = proxies()
    assert "admin.origins" in (one.fault or "")


def test_another_program_at_caddys_port_is_no_caddy(monkeypatch):
    with at(monkeypatch, "CADDY", 200, b"<html>", **{"Content-Type": "text/html"}):
        assert proxies() == ()


def test_nginx_proxy_manager_is_found_with_its_version(monkeypatch):
    said = {"status": "OK", "setup": True, "version": {"major": 2, "minor": 13, "revision": 7}}
    with at(monkeypatch, "NPM", 200, said) as server:
        assert proxies() == (FoundProxy(kind="npm", url=server.url, version="2.13.7"),)
        assert server.asked[-1].path == "/api/"


@pytest.mark.parametrize("said", [b"<html>", b"[]", {"status": "OK"}, {"status": "BAD", "version": {}}, {"version": 3}])
def test_another_program_at_its_port_is_none(monkeypatch, said):
    with at(monkeypatch, "NPM", 200, said):
        assert proxies() == ()
