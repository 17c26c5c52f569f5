"""The kinds of proxy: what each needs, and what a project may ask of it."""

from __future__ import annotations

import pytest

from forge.domain.connection import ProxyConnection
from forge.domain.errors import Invalid
from forge.domain.proxykinds import PROXY_KINDS, check_route_options

WELL = {
    "caddy": {"url": "http://127.0.0.1:2019"},
    "npm": {"url": "http://127.0.0.1:81", "username": "bot@example.com"},
    "traefik": {"url": "http://127.0.0.1:8080", "options": {"directory": "/etc/traefik/forge"}},
    "published": {},
}


@pytest.mark.parametrize("kind", PROXY_KINDS)
def test_every_kind_can_be_had_and_says_what_it_lacks(kind):
    assert ProxyConnection(name="front", kind=kind, **WELL[kind]).kind == kind
    for needed, sentence in PROXY_KINDS[kind].needs.items():
        given = {**WELL[kind], "options" if needed == "directory" else needed: {} if needed == "directory" else None}
        with pytest.raises(Invalid) as error:
            ProxyConnection(name="front", kind=kind, **given)
        assert error.value.message == sentence


def test_a_tls_address_is_an_address():
    with pytest.raises(Invalid, match="write it as"):
        ProxyConnection(name="front", kind="npm", **WELL["npm"], options={"tls_address": "127.0.0.1"})


def test_where_the_proxy_sees_this_machine_is_its_option():
    assert ProxyConnection(name="front", kind="npm", **WELL["npm"]).reach is None
    connection = ProxyConnection(name="front", kind="npm", **WELL["npm"], options={"reach": "172.17.0.1"})
    assert connection.reach == "172.17.0.1"


@pytest.mark.parametrize(
    ("kind", "asked", "sentence"),
    [
        ("npm", {"htps": "true"}, "no route option “htps”: known are adopt, block_exploits"),
        ("npm", {"https": "yes"}, "“https” is false or true"),
        ("npm", {"certificate": "letsencrypt"}, "“certificate” is auto or dns or http or none"),
        ("caddy", {"https": "true"}, "known are none"),
        ("published", {"adopt": "true"}, "known are none"),
        ("traefik", {"adopt": "true"}, "no route option “adopt”"),
    ],
)
def test_what_cannot_be_asked_is_told_with_what_can(kind, asked, sentence):
    with pytest.raises(Invalid, match=sentence) as error:
        check_route_options(kind, asked)
    assert list(error.value.fields) == ["route"]


def test_what_can_be_asked_is_taken():
    check_route_options("npm", {"https": "true", "certificate": "dns", "adopt": "false"})
    check_route_options("traefik", {"certificate_resolver": "any text"})
    check_route_options("published", {})
