"""Asking a proxy at its own address, by names that do not resolve, also over TLS."""

from __future__ import annotations

import pytest

from forge.domain.errors import ProxyError, ProxyUnavailable
from forge.domain.route import Target
from forge.proxies.asking import address_of, ask, parse_target
from tests.parts.process import free_port
from tests.stub_server import Sent, Stub, make_certificate

NAME = "nowhere.example.org"


def answer(_seen):
    return Sent(status=418, headers=[("X-Forge-Target", "10.0.0.1:80")], body=b"tea")


def test_the_domains_name_is_sent_and_the_head_comes_back():
    with Stub(answer) as stub:
        heard = ask(stub.url, NAME, "/a?b=c", timeout=5, headers={"X-Forge-Ask": "1"})
    assert (heard.status, heard.headers["x-forge-target"]) == (418, "10.0.0.1:80")
    assert heard.milliseconds > 0
    (seen,) = stub.seen
    assert (seen.path, seen.query) == ("/a", {"b": "c"})
    assert (seen.header("Host"), seen.header("X-Forge-Ask"), seen.header("Connection")) == (NAME, "1", "close")


def test_over_tls_the_name_need_neither_resolve_nor_be_the_certificates(tmp_path):
    with Stub(answer, make_certificate(tmp_path)) as stub:
        assert ask(stub.url, NAME, "/", timeout=5).status == 418
    assert stub.seen[0].header("Host") == NAME


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_nobody_there_is_told_with_the_domain_and_the_address(scheme):
    port = free_port()
    with pytest.raises(ProxyUnavailable, match=rf"{NAME}: 127.0.0.1:{port} refuses the connection"):
        ask(f"{scheme}://127.0.0.1:{port}", NAME, "/", timeout=5)


def test_what_speaks_no_http_or_breaks_off_is_told():
    with Stub(lambda _: Sent(drop=True)) as stub, pytest.raises(ProxyUnavailable, match="does not answer for"):
        ask(stub.url, NAME, "/", timeout=5)


def test_without_an_address_nothing_can_be_asked():
    with pytest.raises(ProxyError, match="give the one on which people reach it") as error:
        ask(None, NAME, "/", timeout=5)
    assert error.value.code == "no_address"


@pytest.mark.parametrize(
    ("text", "target"),
    [("127.0.0.1:80", Target("127.0.0.1", 80)), ("[::1]:81", Target("::1", 81)), ("", None), ("a", None), (":1", None),
     ("a:b", None)],
)  # fmt: skip
def test_a_target_is_read_as_it_is_written(text, target):
    assert parse_target(text) == target


def test_the_usual_port_of_a_scheme_is_left_out():
    addresses = [
        address_of(url, "a.org") for url in ("http://x", "http://x:80", "https://x:443", "http://x:443", "https://x:1")
    ]
    assert addresses == ["http://a.org", "http://a.org", "https://a.org", "http://a.org:443", "https://a.org:1"]
