"""Certificates in NPM: which fits, and how a new one is asked for."""

from __future__ import annotations

import pytest

from forge.domain.connection import ProxyConnection
from forge.domain.errors import ProxyError
from forge.proxies import npm_certificates
from forge.proxies.npm_certificates import expires, pick

NOW = 1_800_000_000.0  # 2027-01-15
GOOD, LONGER, PAST = "2027-03-01 00:00:00", "2027-04-01T00:00:00.000Z", "2026-12-01 00:00:00"


def certificate(id, *names, until=GOOD):
    return {"id": id, "domain_names": list(names), "expires_on": until}


@pytest.mark.parametrize(
    ("there", "picked"),
    [
        ([], None),
        ([certificate(1, "shop.example.org")], 1),
        ([certificate(1, "SHOP.example.org")], 1),
        ([certificate(1, "shop.example.org", until=PAST)], None),
        ([certificate(1, "*.example.org")], 1),
        ([certificate(1, "*.org"), certificate(2, "example.org"), certificate(3, "*.shop.example.org")], None),
        ([certificate(1, "*.example.org", until=LONGER), certificate(2, "shop.example.org")], 2),
        ([certificate(1, "*.example.org"), certificate(2, "a.org", "*.example.org", until=LONGER)], 2),
        ([certificate(1, "shop.example.org", until=None)], None),
        ([certificate(1)], None),
    ],
)
def test_the_one_that_fits_best_is_picked(there, picked):
    assert pick(there, "shop.example.org", NOW) == picked


def test_both_ways_of_writing_a_time_are_read_and_others_are_past():
    assert expires(certificate(1, until="1970-01-01 00:01:00")) == 60
    assert expires(certificate(1, until="1970-01-01T00:01:00.000Z")) == 60
    assert expires(certificate(1, until="never")) == 0


def connection(**options):
    return ProxyConnection(name="n", kind="npm", url="http://npm:81", username="bot@example.com", options=options)


def test_up_to_2_12_the_address_for_the_authority_is_in_the_request_and_later_it_is_refused():
    old = npm_certificates.request(connection(email="me@example.com"), "a.org", "http", (2, 12, 6), {})
    new = npm_certificates.request(connection(), "a.org", "http", (2, 13, 0), {})
    assert old["meta"] == {
        "dns_challenge": False, "letsencrypt_email": "me@example.com", "letsencrypt_agree": True,
    }  # fmt: skip
    assert new == {"provider": "letsencrypt", "domain_names": ["a.org"], "meta": {"dns_challenge": False}}


@pytest.mark.parametrize(
    ("options", "environment", "says"),
    [
        ({}, {}, "the proxy's options"),
        ({"dns_provider": "cloudflare"}, {}, "the proxy's options"),
        ({"dns_provider": "cloudflare", "dns_credentials": "CF"}, {}, "the variable CF, which is empty here"),
        (
            {"dns_provider": "cloudflare", "dns_credentials": "FORGE_ENCRYPTION_KEY"},
            {"FORGE_ENCRYPTION_KEY": "a key"},
            "the variable FORGE_ENCRYPTION_KEY, which",
        ),
    ],
)
def test_what_the_dns_challenge_lacks_is_told(options, environment, says):
    with pytest.raises(ProxyError, match=says) as error:
        npm_certificates.request(connection(**options), "a.org", "dns", (2, 15, 1), environment)
    assert error.value.code == "no_dns_credentials"


def test_the_dns_challenge_takes_its_credentials_from_forges_environment():
    options = {"dns_provider": "cloudflare", "dns_credentials": "CF"}
    made = npm_certificates.request(connection(**options), "a.org", "dns", (2, 15, 1), {"CF": "token=1"})
    assert made["meta"] == {
        "dns_challenge": True, "dns_provider": "cloudflare", "dns_provider_credentials": "token=1",
    }  # fmt: skip
    assert npm_certificates.missing("a.org").code == "no_certificate"
