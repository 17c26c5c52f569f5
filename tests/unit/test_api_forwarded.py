"""Who really asked, when a proxy stands in between."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge.api.forwarded import trusting

pytestmark = pytest.mark.promise("proxies")
TRUSTED = ("10.0.0.1", "172.18.0.0/16", "2001:db8::/64")
FOR, PROTO, HOST = "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST"


def seen(peer, proxies=TRUSTED, **headers):
    """What Forge is told of a request that `peer` sent."""
    found = {}
    app = trusting(lambda environ, _: found.update(environ) or [], proxies)
    app({"REMOTE_ADDR": peer, "HTTP_HOST": "forge.example", "wsgi.url_scheme": "http", **headers}, lambda *_: None)
    return found


def told(peer, proxies=TRUSTED, **headers):
    found = seen(peer, proxies, **headers)
    return found["REMOTE_ADDR"], found["wsgi.url_scheme"], found["HTTP_HOST"]


SAID = {FOR: "203.0.113.9", PROTO: "https", HOST: "evil.example"}


@pytest.mark.parametrize("peer", ["203.0.113.1", "10.0.0.2", "::1", "127.0.0.1", "", "localhost"])
def test_nobody_is_believed_who_is_not_trusted(peer):
    assert told(peer, **SAID) == (peer, "http", "forge.example")
    assert told(peer, (), **SAID) == (peer, "http", "forge.example")


@pytest.mark.parametrize("peer", ["10.0.0.1", "172.18.5.5", "2001:db8::7", "::ffff:10.0.0.1"])
def test_a_trusted_proxy_is_believed(peer):
    assert told(peer, **SAID) == ("203.0.113.9", "https", "evil.example")


@pytest.mark.parametrize(
    ("chain", "client"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("198.51.100.66, 203.0.113.9", "203.0.113.9"),  # what stands before it was written by anybody
        ("198.51.100.66, 203.0.113.9, 172.18.0.4", "203.0.113.9"),
        ("172.18.0.9, 172.18.0.4", "172.18.0.9"),  # somebody on the proxies' own network
        ("203.0.113.9:4711", "203.0.113.9"),
        ("[2001:db8:1::9]:4711", "2001:db8:1::9"),
        ("2001:db8:1::9", "2001:db8:1::9"),
        ("nonsense", "10.0.0.1"),
        ("203.0.113.9, nonsense", "10.0.0.1"),
        ("", "10.0.0.1"),
        (" , ", "10.0.0.1"),
    ],
)
def test_the_nearest_hop_that_is_no_proxy_is_who_asked(chain, client):
    assert told("10.0.0.1", **{FOR: chain})[0] == client


def test_a_scheme_that_is_none_changes_nothing_and_the_last_proxy_has_the_word():
    assert told("10.0.0.1", **{PROTO: "javascript"})[1] == "http"
    assert told("10.0.0.1", **{PROTO: "http, https"})[1] == "https"


@pytest.mark.parametrize("peer", ["10.0.0.1", "203.0.113.1"])
def test_nothing_of_what_was_said_reaches_the_application(peer):
    more = {"HTTP_FORWARDED": "for=1.1.1.1", "HTTP_X_FORWARDED_PREFIX": "/x", "HTTP_X_FORWARDED_PORT": "1", **SAID}
    assert [name for name in seen(peer, **more) if "FORWARDED" in name] == []


@given(st.text(max_size=60))
def test_whatever_is_said_the_address_stays_an_address(chain):
    address = told("10.0.0.1", **{FOR: chain})[0]
    assert address == "10.0.0.1" or address in chain.replace(" ", "") or ":" in address
