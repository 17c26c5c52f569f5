"""TLS in front of a server that has none."""

from __future__ import annotations

import contextlib
import http.client
import json
import logging
import os
import socket
import ssl
import time
from urllib.parse import urlsplit

import flask
import pytest

from forge.domain.errors import Invalid
from forge.domain.events import Event
from forge.server import Server
from forge.tls import Certificate
from tests.parts.certificates import Authority
from tests.world import World, until

pytestmark = pytest.mark.promise("tls")


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def pair(authority):
    folder = authority.server("127.0.0.1", "localhost")
    return {"tls_cert": folder / "cert.pem", "tls_key": folder / "key.pem"}


@pytest.fixture
def server(tmp_path, pair):
    world = World(tmp_path, **pair)
    made = Server(world.forge)
    made.start()
    yield made
    made.close()
    world.forge.close()


def trusting(authority):
    return ssl.create_default_context(cafile=str(authority.folder / "ca.pem"))


@contextlib.contextmanager
def line(server, context):
    where = urlsplit(server.url)
    made = http.client.HTTPSConnection(where.hostname, where.port, timeout=10, context=context)
    try:
        yield made
    finally:
        made.close()


def test_requests_are_answered_over_tls_with_the_clients_address(server, authority):
    assert server.url.startswith("https://")
    bearer = {"Authorization": f"Bearer {server.runtime.token.reveal()}"}
    with line(server, trusting(authority)) as asking:
        for _ in range(2):  # the same connection, kept
            asking.request("GET", "/api/projects", headers=bearer)
            answer = asking.getresponse()
            assert (answer.status, json.load(answer)) == (200, [])
            assert answer.getheader("Strict-Transport-Security")
        assert asking.sock.version() in {"TLSv1.2", "TLSv1.3"}


def test_the_throttle_sees_who_really_asks(server, authority):
    seen = []
    server._app.before_request(lambda: seen.append(flask.request.remote_addr))
    with line(server, trusting(authority)) as asking:
        asking.request("GET", "/api/health")
        asking.getresponse().read()
    assert seen == ["127.0.0.1"]


def test_a_stream_goes_on_over_tls_after_it_left_waitress(server, authority):
    bearer = {"Authorization": f"Bearer {server.runtime.token.reveal()}"}
    hub = server._app.extensions["hub"]
    with line(server, trusting(authority)) as asking:
        asking.request("GET", "/api/events", headers=bearer)
        stream = asking.getresponse()
        assert stream.readline()
        until(lambda: hub.stats().readers == 1 and hub.stats().generators == 0, "the writer has it")
        hub.publish([Event(type="sighting", at=1.0, payload={"told": "live"})])
        until(lambda: b'"told"' in stream.readline(), "it is told")
        stream.close()
    until(lambda: hub.stats().readers == 0, "it is noticed that the reader left")


def test_this_machine_goes_on_in_the_clear_on_loopback_only(server):
    told = server.runtime.settings.address_file.read_text()
    assert told == server.local
    assert told.startswith("http://127.0.0.1:")
    assert server.answers()


def test_what_is_no_tls_gets_nothing_and_disturbs_nobody(server, authority):
    where = urlsplit(server.url)
    with socket.create_connection((where.hostname, where.port), timeout=10) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert not plain.recv(100).startswith(b"HTTP")
    with line(server, ssl.create_default_context()) as asking, pytest.raises(ssl.SSLCertVerificationError):
        asking.request("GET", "/api/health")
    with line(server, trusting(authority)) as asking:
        asking.request("GET", "/api/health")
        assert asking.getresponse().status == 200


def test_nothing_older_than_tls_1_2_is_spoken(pair):
    made = Certificate(pair["tls_cert"], pair["tls_key"])
    assert made.context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_renewed_files_are_taken_up_and_a_half_replaced_pair_is_not(tmp_path, caplog):
    first, second = (Authority(tmp_path / name).server("localhost") for name in ("a", "b"))
    made = Certificate(first / "cert.pem", first / "key.pem")
    for number, (name, used) in enumerate((("cert.pem", False), ("key.pem", True))):
        (first / name).write_bytes((second / name).read_bytes())
        os.utime(first / name, (time.time(), time.time() + 10 + number))
        with caplog.at_level(logging.WARNING):
            made.renew()
        assert ("no pair" in caplog.text) is not used
        caplog.clear()


@pytest.mark.parametrize("broken", ["missing", "no pem", "other key", "password"])
def test_files_that_cannot_be_used_are_told_with_what_to_do(tmp_path, broken):
    folder = Authority(tmp_path).server("localhost")
    key = folder / "key.pem"
    if broken == "missing":
        key.unlink()
    elif broken == "no pem":
        key.write_text("nonsense")
    elif broken == "other key":
        key.write_bytes((Authority(tmp_path / "other").server("localhost") / "key.pem").read_bytes())
    else:
        lock(key)
    with pytest.raises(Invalid) as caught:
        Certificate(folder / "cert.pem", key)
    assert caught.value.code == "tls"


def lock(key):
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    found = serialization.load_pem_private_key(key.read_bytes(), None)
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    key.write_bytes(found.private_bytes(pem, form, serialization.BestAvailableEncryption(b"x")))


def test_half_of_a_pair_is_refused(tmp_path, pair):
    world = World(tmp_path, tls_cert=pair["tls_cert"])
    with pytest.raises(Invalid, match="both"):
        Server(world.forge).start()
    world.forge.close()
