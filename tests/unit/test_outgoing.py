"""Where Forge's own requests may go, by the address that is really connected to."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import socket
import threading

import pytest

from forge import outgoing
from forge.domain import addresses
from forge.domain.errors import EngineUnavailable, ProxyUnavailable
from forge.domain.oidc import Oidc
from forge.domain.project import HealthKind
from forge.engines import probe as probes
from forge.engines.access import Access, from_environment
from forge.engines.docker import DockerEngine
from forge.http import HttpFault, Session
from forge.people.oidc.provider import Provider
from forge.ports import Probe
from forge.proxies.asking import ask
from forge.proxies.caddy_admin import Admin
from tests.stub_server import Sent, Stub
from tests.unit.test_engines_contexts import write
from tests.unit.test_engines_probe import container

pytestmark = pytest.mark.promise("outgoing")
SECRETS = "127.0.0.3"  # where these tests' cloud keeps its secrets


class Metadata:
    """Somebody who listens where nothing may be sent, and remembers what came."""

    def __init__(self):
        self.came = b""
        self._listening = socket.create_server((SECRETS, 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        with contextlib.suppress(OSError):
            while True:
                line, _ = self._listening.accept()
                with line:
                    line.settimeout(5)
                    self.came += line.recv(1000)
                    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret")

    def close(self):
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


@pytest.fixture
def metadata(monkeypatch):
    monkeypatch.setattr(addresses, "METADATA", frozenset({ipaddress.ip_address(SECRETS)}))
    made = Metadata()
    yield made
    made.close()


@pytest.fixture
def session():
    made = Session(connect_timeout=2, read_timeout=2)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def usual_policy():
    yield
    outgoing.allow(link_local=False)


def resolving(monkeypatch, name):
    """From now on `name` means the address of secrets, as a rebinding name server says the second time."""
    usual = socket.getaddrinfo

    def look_up(host, *more, **named):
        return usual(SECRETS if host == name else host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


def test_a_literal_address_is_refused_before_anything_is_sent(session, metadata):
    with pytest.raises(HttpFault, match="keeps a machine's secrets") as caught:
        session.request("GET", f"http://{SECRETS}:{metadata.port}/latest/meta-data")
    assert caught.value.fault == "connect"
    assert metadata.came == b""


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_name_that_leads_there_is_refused_by_where_it_leads(session, metadata, monkeypatch, scheme):
    resolving(monkeypatch, "innocent.example")
    with pytest.raises(HttpFault, match="keeps a machine's secrets"):
        session.request("GET", f"{scheme}://innocent.example:{metadata.port}/")
    assert metadata.came == b""


def test_a_redirect_that_leads_there_is_not_followed(session, metadata):
    away = Sent(status=302, headers=[("Location", f"http://{SECRETS}:{metadata.port}/")])
    with Stub(lambda _: away) as stub, pytest.raises(HttpFault, match="keeps a machine's secrets"):
        session.request("GET", stub.url + "/", redirects=3)
    session.close()
    assert metadata.came == b""


def test_a_proxys_own_address_is_judged_too(metadata, monkeypatch):
    resolving(monkeypatch, "edge.example")
    for scheme in ("http", "https"):
        with pytest.raises(ProxyUnavailable, match="keeps a machine's secrets"):
            ask(f"{scheme}://edge.example:{metadata.port}", "shop.example", "/", timeout=2)
        with pytest.raises(ProxyUnavailable, match="keeps a machine's secrets"):
            Admin(f"{scheme}://edge.example:{metadata.port}", timeout=2).read("/config/")
    assert metadata.came == b""


@pytest.mark.parametrize("scheme", ["tcp", "http", "https"])
@pytest.mark.parametrize("host", [SECRETS, "engine.example"])
def test_an_engine_is_not_asked_there_by_any_spelling(metadata, monkeypatch, scheme, host):
    resolving(monkeypatch, "engine.example")
    engine = DockerEngine("far", lambda: Access(url=f"{scheme}://{host}:{metadata.port}", insecure=True))
    with pytest.raises(EngineUnavailable, match="keeps a machine's secrets") as caught:
        engine.ping()
    assert (caught.value.fault, metadata.came) == ("connect", b"")


@pytest.mark.parametrize("host", [SECRETS, "engine.example", "127.3", "2130706435", "0x7f000003"])
def test_ssh_is_not_even_started_for_an_engine_there(monkeypatch, tmp_path, metadata, host):
    del metadata
    started = tmp_path / "started"
    (tmp_path / "ssh").write_text(f"#!/bin/sh\necho x > {started}\n")
    (tmp_path / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    resolving(monkeypatch, "engine.example")
    with pytest.raises(EngineUnavailable, match="keeps a machine's secrets"):
        DockerEngine("far", lambda: Access(url=f"ssh://ann@{host}")).ping()
    assert not started.exists()
    with pytest.raises(EngineUnavailable, match="without a word"):
        DockerEngine("far", lambda: Access(url="ssh://ann@127.0.0.1")).ping()
    assert started.exists(), "otherwise this test sees nothing"


def test_a_context_of_dockers_command_line_is_judged_as_any_engine(metadata, tmp_path):
    write(tmp_path, "cloud", f"http://{SECRETS}:{metadata.port}")
    access = from_environment({"DOCKER_CONFIG": str(tmp_path), "DOCKER_CONTEXT": "cloud"})
    with pytest.raises(EngineUnavailable, match="keeps a machine's secrets"):
        DockerEngine("cloud", lambda: access).ping()
    assert metadata.came == b""


def test_an_engine_at_a_link_local_address_needs_the_setting():
    engine = DockerEngine("near", lambda: Access(url="tcp://169.254.0.9:1", insecure=True))
    with pytest.raises(EngineUnavailable, match="start Forge with the setting link_local"):
        engine.ping()
    outgoing.allow(link_local=True)
    with pytest.raises(EngineUnavailable) as caught:
        engine.ping()
    assert "link_local" not in caught.value.message


@pytest.mark.parametrize("kind", [HealthKind.HTTP, HealthKind.TCP])
def test_an_instance_is_not_probed_there(metadata, kind):
    """The address of an engine's instances is entered by people, and so is the port."""
    found = probes.ask(container(), (SECRETS, metadata.port), Probe(kind=kind, path="/latest/meta-data", timeout=1))
    assert found.healthy is False
    assert "keeps a machine's secrets" in found.text
    assert metadata.came == b""


@pytest.mark.parametrize("path", ["//{}/", "/@{}/", "/..//{}/", "/redirect?to=http://{}/", "/%2F{}/"])
def test_no_health_path_leads_away_from_the_instance(metadata, path):
    """Neither to another host by its spelling, nor by the redirect that the instance answers with."""
    where = path.format(f"{SECRETS}:{metadata.port}")
    away = Sent(status=302, headers=[("Location", f"http://{SECRETS}:{metadata.port}/")])
    with Stub(lambda _: away) as stub:
        host, _, port = stub.host.partition(":")
        probe = Probe(kind=HealthKind.HTTP, path=where, timeout=1)
        assert probes.ask(container(), (host, int(port)), probe).text.startswith("302 in ")
        assert ask(stub.url, "shop.example", where, timeout=1).status == 302
        assert len(stub.seen) == 2
    assert metadata.came == b""


def test_a_provider_of_openid_connect_is_judged_with_all_that_it_names(metadata):
    there = f"http://{SECRETS}:{metadata.port}"
    elsewhere = ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint")
    with Stub(
        lambda _: Sent(body=json.dumps({"issuer": stub.url, **dict.fromkeys(elsewhere, there)}).encode())
    ) as stub:
        for issuer in (there, stub.url):
            provider = Provider(Oidc(issuer=issuer, client_id="forge"), None)
            with pytest.raises(HttpFault, match="keeps a machine's secrets"):
                provider.keys(provider.metadata())
            provider.close()
    assert metadata.came == b""


def test_a_provider_that_redirects_there_is_not_followed(metadata):
    away = Sent(status=302, headers=[("Location", f"http://{SECRETS}:{metadata.port}/")])
    with Stub(lambda _: away) as stub:
        provider = Provider(Oidc(issuer=stub.url, client_id="forge"), None)
        with pytest.raises(HttpFault, match="keeps a machine's secrets"):
            provider.metadata()
        provider.close()
    assert metadata.came == b""


@pytest.mark.parametrize("host", ["169.254.0.9", "fe80::1", "[fe80::1%eth0]", "::ffff:169.254.3.4"])
def test_link_local_addresses_need_a_setting(host):
    assert "link_local" in outgoing.why_not(host)
    outgoing.allow(link_local=True)
    assert outgoing.why_not(host) is None


def test_no_setting_opens_the_way_to_metadata():
    outgoing.allow(link_local=True)
    assert outgoing.why_not("169.254.169.254")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "10.1.2.3", "192.168.0.1", "172.17.0.2", "fd12::1", "registry.example", "8.8.8.8"]
)
def test_this_machine_and_private_networks_are_where_peoples_services_are(host):
    assert outgoing.why_not(host) is None


class Keeping:
    """A server that never closes a connection, whatever it is told, and counts them."""

    def __init__(self):
        self.connections = 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        with contextlib.suppress(OSError):
            while True:
                line, _ = self._listening.accept()
                self.connections += 1
                threading.Thread(target=self._answer, args=(line,), daemon=True).start()

    def _answer(self, line):
        with line, contextlib.suppress(OSError):
            while line.recv(4000):
                line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")

    def close(self):
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


def test_a_connection_that_was_to_be_closed_is_not_used_again(session):
    """Also where the answer does not repeat it: who closes it then, does so under the next request."""
    server = Keeping()
    for headers in ({}, {}, {"Connection": "close"}, {}, {"connection": "close"}):
        assert session.request("GET", server.url, headers=headers).body == b"x"
    assert server.connections == 2
    server.close()
