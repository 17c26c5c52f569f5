"""Connections: what is refused, and by which field."""

from __future__ import annotations

import contextlib
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge.domain.connection import ConnectionKind, EngineConnection, ProxyConnection, RegistryConnection, check_url
from forge.domain.errors import Invalid
from tests.stub_server import make_certificate

GOOD = ["https://ghcr.io", "http://localhost:5000", "https://[::1]:5000/", "http://my_registry:80", "https://a"]
BAD = ["", "ghcr.io", "ftp://a", "https://", "https:///", "https://a/b", "https://u:p@a", "https://a?b", "https://a#b",
       "https://a b", "https://a\n", "https://a\r\nHost: b", "https://:443", "https://a:port", "https://é", "https://a\\b",
       "https://[::1", "HTTPS://a", "https://a:", "https://-a"]  # fmt: skip


@pytest.mark.parametrize("url", GOOD)
def test_an_address_is_given_back(url):
    assert check_url(url) == url


@pytest.mark.parametrize("url", BAD)
def test_what_is_no_address_is_refused_with_its_field(url):
    with pytest.raises(Invalid, match="write it as https://host:port") as caught:
        check_url(url, "address")
    assert list(caught.value.fields) == ["address"]


@given(st.text(st.sampled_from("ab.:/@?#[]\\ \n1é"), max_size=15))
def test_an_address_that_is_taken_has_a_host_and_nothing_more(rest):
    with contextlib.suppress(Invalid):
        parts = urlsplit(check_url(f"https://{rest}"))
        assert parts.hostname
        assert (parts.path.strip("/"), parts.query, parts.fragment, parts.username) == ("", "", "", None)


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("name", {"name": "GHCR"}),
        ("url", {"url": "ghcr.io"}),
        ("flavour", {"flavour": "quay"}),
        ("interval", {"interval": 0.5}),
        ("interval", {"interval": 7 * 86400 + 1}),
        ("interval", {"interval": float("nan")}),
        ("parallel", {"parallel": 0}),
        ("parallel", {"parallel": 33}),
    ],
)
def test_a_registry_that_cannot_be_names_its_field(field, given):
    with pytest.raises(Invalid) as caught:
        RegistryConnection(**{"name": "ghcr", "url": "https://ghcr.io", **given})
    assert list(caught.value.fields) == [field]


def test_a_registrys_host_is_as_it_stands_in_image_names():
    assert RegistryConnection(name="local", url="http://127.0.0.1:5000/", interval=0).host == "127.0.0.1:5000"


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("name", {"name": "a b"}),
        ("kind", {"kind": "nginx"}),
        ("url", {"url": None}),
        ("url", {"url": "127.0.0.1:2019"}),
        ("address", {"address": "127.0.0.1"}),
    ],
)
def test_a_proxy_that_cannot_be_names_its_field(field, given):
    with pytest.raises(Invalid) as caught:
        ProxyConnection(**{"name": "front", "kind": "caddy", "url": "http://127.0.0.1:2019", **given})
    assert list(caught.value.fields) == [field]


def test_publishing_needs_no_address():
    assert ProxyConnection(name="published", kind="published").options == {}


@pytest.mark.parametrize(("field", "given"), [("name", {"name": ""}), ("url", {"url": "/var/run/docker.sock"})])
def test_an_engine_that_cannot_be_names_its_field(field, given):
    with pytest.raises(Invalid) as caught:
        EngineConnection(**{"name": "local", **given})
    assert list(caught.value.fields) == [field]


def test_an_engine_is_where_the_environment_says_or_at_its_url():
    assert EngineConnection(name="local").url is None
    for url in ("unix:///var/run/docker.sock", "npipe:////./pipe/docker_engine", "https://host:2376", "ssh://host"):
        assert EngineConnection(name="local", url=url).url == url
    assert [*ConnectionKind] == ["registry", "proxy", "engine"]


def test_an_engine_elsewhere_is_reached_without_tls_only_if_that_is_meant():
    for url in ("tcp://host:2375", "http://host", "tcp://10.0.0.5"):
        with pytest.raises(Invalid, match="as root") as caught:
            EngineConnection(name="far", url=url)
        assert set(caught.value.fields) == {"url", "insecure"}
        assert EngineConnection(name="far", url=url, insecure=True).insecure
        assert EngineConnection(name="far", url=url, certs="/etc/certs").tls
    for url in ("tcp://127.0.0.1:2375", "tcp://localhost", "tcp://[::1]:2375", "tcp://127.0.0.2:2375"):
        assert not EngineConnection(name="here", url=url).tls


def test_what_proves_an_engine_is_one_of_two_and_only_with_tcp(tmp_path):
    certificate, key = (path.read_text() for path in make_certificate(tmp_path))
    url = "tcp://host:2376"
    assert EngineConnection(name="far", url=url, ca=certificate, certificate=certificate).takes_pem
    for more, field in (
        ({"ca": certificate, "certs": "/etc/certs"}, "certs"),
        ({"certs": "certs"}, "certs"),
        ({"certs": "/etc/\0"}, "certs"),
        ({"ca": "no pem"}, "ca"),
        ({"certificate": certificate + key}, "certificate"),
        ({"url": "ssh://host", "ca": certificate}, "ca"),
        ({"url": None, "certs": "/etc/certs"}, "certs"),
        ({"url": "unix:///run/docker.sock", "insecure": True}, "insecure"),
    ):
        with pytest.raises(Invalid) as caught:
            EngineConnection(**{"name": "far", "url": url, **more})
        assert list(caught.value.fields) == [field]
        assert key not in str(caught.value)


def test_where_instances_listen_is_an_address_and_is_everywhere_only_if_said():
    for listen in ("10.0.0.5", "0.0.0.0", "fd00::5"):
        assert EngineConnection(name="far", url="ssh://host", listen=listen).listen == listen
    for more, field in (({"listen": "host"}, "listen"), ({"address": "-x"}, "address"), ({"address": "::"}, "address")):
        with pytest.raises(Invalid) as caught:
            EngineConnection(name="far", url="ssh://host", **more)
        assert list(caught.value.fields) == [field]


def test_authorities_are_certificates_and_nothing_else(tmp_path):
    certificate, key = (path.read_text() for path in make_certificate(tmp_path))
    assert RegistryConnection(name="r", url="https://r.example", ca=certificate).ca == certificate
    for wrong in ("", "no pem", key, certificate + key, certificate.replace("M", "?"), certificate + "x" * 70_000):
        with pytest.raises(Invalid, match="without any key") as caught:
            RegistryConnection(name="r", url="https://r.example", ca=wrong)
        assert list(caught.value.fields) == ["ca"]
        assert key not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "more", "field"),
    [
        ("published", {"url": "http://a"}, "url"),
        ("published", {"address": "http://a"}, "address"),
        ("published", {"options": {"server": "x"}}, "options"),
        ("caddy", {"url": "http://a", "username": "joe"}, "username"),
        ("caddy", {"url": "http://a", "options": {"foo": "bar"}}, "options"),
        ("nginx", {}, "kind"),
    ],
)
def test_what_a_kind_of_proxy_would_do_nothing_with_is_refused(kind, more, field):
    """Pitfall 31."""
    with pytest.raises(Invalid) as caught:
        ProxyConnection(name="edge", kind=kind, **more)
    assert list(caught.value.fields) == [field]
