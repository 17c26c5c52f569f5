"""NpmProxy: hosts that a person made, certificates and switches, in each recorded release of the stand-in."""

from __future__ import annotations

import json

import pytest

from forge.domain.errors import ProxyError
from forge.domain.route import Route, Target
from forge.http import Session
from tests.npm.releases import RECORDED
from tests.unit.npm_world import DOMAIN, ROUTE, World, code


@pytest.fixture
def http_session():
    session = Session()
    yield session
    session.close()


@pytest.fixture(params=RECORDED, ids=str)
def world(request, http_session):
    world = World(request.param, http_session)
    yield world
    world.npm.close()


# ---- a person's own hosts


def test_an_adopted_host_keeps_all_that_is_a_persons_and_gets_it_back(world):
    own = {
        "domain_names": [DOMAIN, "www.example.org"], "access_list_id": 7, "advanced_config": "client_max_body_size 1g;",
        "locations": [{"path": "/api", "forward_scheme": "http", "forward_host": "10.0.0.8", "forward_port": 81}],
        "meta": {"letsencrypt_agree": False}, "forward_scheme": "https", "block_exploits": True,
    }  # fmt: skip
    row = world.by_hand(**own)
    was = json.loads(json.dumps(row))
    told = Route(DOMAIN, (ROUTE.target,), {"adopt": "true", "websockets": "true"})
    assert code(lambda: world.proxy.point(ROUTE)) == "domain_taken"
    world.proxy.point(told)
    world.proxy.point(Route(DOMAIN, (Target("127.0.0.1", 20002),), told.options))
    for kept in ("domain_names", "access_list_id", "locations", "block_exploits"):
        assert row[kept] == was[kept]
    assert row["advanced_config"].startswith("client_max_body_size 1g;")
    assert row["allow_websocket_upgrade"]
    assert world.proxy.routes() == (Route(DOMAIN, (Target("127.0.0.1", 20002),)),)
    world.proxy.remove(DOMAIN)
    same = {name: row[name] for name in was if name != "modified_on"}
    assert same == {name: was[name] for name in same}


def test_an_adopted_host_that_was_off_is_off_again(world):
    row = world.by_hand(enabled=False)
    world.proxy.point(Route(DOMAIN, (ROUTE.target,), {"adopt": "true"}))
    assert row["enabled"]
    world.proxy.remove(DOMAIN)
    assert not row["enabled"]
    assert any(path.endswith("/disable") for _, path, _ in world.npm.asked)


def test_nobody_adopts_what_is_another_forges_or_ours_for_another_domain(world):
    world.by_hand(meta={"forge": {"home": "other", "domain": DOMAIN}})
    told = Route(DOMAIN, (ROUTE.target,), {"adopt": "true"})
    assert code(lambda: world.proxy.point(told)) == "domain_taken"
    world.host()["meta"]["forge"] = {"home": "h1", "domain": "www.example.org"}
    assert code(lambda: world.proxy.point(told)) == "domain_taken"


# ---- certificates and flags


def test_a_certificate_by_its_own_name_comes_before_a_wildcard_of_one_label(world):
    wildcard = world.npm.add_certificate(["*.example.org"])["id"]
    world.npm.add_certificate([DOMAIN], days=-1)  # no longer good
    world.npm.add_certificate(["*.org"])  # two labels
    world.proxy.point(ROUTE)
    assert world.host()["certificate_id"] == wildcard
    exact = world.npm.add_certificate([DOMAIN])["id"]
    world.proxy.remove(DOMAIN)
    world.proxy.point(ROUTE)
    assert world.host()["certificate_id"] == exact


def test_a_missing_certificate_is_told_before_anything_is_made(world):
    with pytest.raises(ProxyError, match="certificate=http or certificate=dns") as error:
        world.proxy.point(Route(DOMAIN, (ROUTE.target,), {"https": "true"}))
    assert error.value.code == "no_certificate"
    assert world.npm.rows.hosts == {}


def test_the_flags_of_a_project_are_set_and_what_it_does_not_speak_of_stays(world):
    world.npm.add_certificate([DOMAIN])
    asked = {"https": "true", "hsts": "true", "http2": "true", "websockets": "false", "block_exploits": "true"}
    world.proxy.point(Route(DOMAIN, (ROUTE.target,), asked))
    host = world.host()
    flags = ("ssl_forced", "hsts_enabled", "http2_support", "allow_websocket_upgrade", "block_exploits")
    assert [bool(host[flag]) for flag in flags] == [True, True, True, False, True]
    assert world.proxy.url(ROUTE).startswith("https://")
    host["caching_enabled"] = True  # a person, in NPM's pages
    before = len(world.sent("PUT"))
    world.proxy.point(Route(DOMAIN, (ROUTE.target,), asked))
    assert len(world.sent("PUT")) == before
    world.proxy.point(Route(DOMAIN, (ROUTE.target,), {"certificate": "none"}))
    assert (host["certificate_id"], host["ssl_forced"], host["hsts_enabled"], host["caching_enabled"]) == (0, 0, 0, 1)


@pytest.mark.parametrize("challenge", ["http", "dns"])
def test_lets_encrypt_is_asked_when_told_to_once_and_in_the_releases_own_way(world, challenge):
    options = {} if challenge == "http" else {"dns_provider": "cloudflare", "dns_credentials": "CLOUDFLARE"}
    proxy = world.make(options=options, environment={"CLOUDFLARE": "dns_cloudflare_api_token=s3cret"})
    told = Route(DOMAIN, (ROUTE.target,), {"certificate": challenge, "https": "true"})
    assert "Let's Encrypt gave a certificate" in proxy.prepare(told)
    assert proxy.prepare(told) == ""
    (asked,) = world.sent("POST")
    assert (asked["provider"], asked["domain_names"]) == ("letsencrypt", [DOMAIN])
    assert asked["meta"]["dns_challenge"] is (challenge == "dns")
    assert ("letsencrypt_email" in asked["meta"]) is not world.npm.release.since(2, 13)
    assert ("dns_provider_credentials" in asked["meta"]) is (challenge == "dns")
    proxy.point(told)
    assert world.host()["certificate_id"] == 1
    assert "s3cret" not in json.dumps(world.host())


def test_a_host_that_shares_the_name_is_written_again_after_a_certificate_was_made(world):
    """NPM takes it out of nginx for the challenge, and puts it back without what guards it."""
    world.proxy.point(ROUTE)
    world.proxy.prepare(Route(DOMAIN, (ROUTE.target,), {"certificate": "http"}))
    assert world.sent("PUT") == [{"certificate_id": 1}]


def test_what_keeps_lets_encrypt_from_it_is_told(world):
    world.npm.troubles.certbot = True
    asked = Route(DOMAIN, (ROUTE.target,), {"certificate": "http"})
    assert code(lambda: world.proxy.prepare(asked)) == "npm_broke"
    dns = Route(DOMAIN, (ROUTE.target,), {"certificate": "dns"})
    assert code(lambda: world.proxy.prepare(dns)) == "no_dns_credentials"
