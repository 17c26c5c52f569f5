"""Caddy's admin API: what its answers mean, told by a server that says what the test wants."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from forge.domain.errors import ProxyError, ProxyUnavailable
from forge.proxies.caddy_admin import Admin, Moved, Part
from tests.parts.process import free_port
from tests.small_server import SmallServer, Told

CHUNKED = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTrailer: ETag\r\nTransfer-Encoding: chunked\r\n\r\n"
    b'7\r\n{"a":1}\r\n0\r\nEtag: "/config/ 54441df7"\r\n\r\n'
)


@contextmanager
def answering(*answers: bytes) -> Iterator[str]:
    """The URL of a server that gives these bytes, one connection each, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def run() -> None:
            for answer in answers:
                try:
                    peer, _ = server.accept()
                except OSError:  # nobody asked so often: the test fails on what it expects
                    return
                with peer:
                    peer.recv(65536)
                    peer.sendall(answer)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_the_etag_is_read_from_the_trailer_as_caddy_2_6_sends_it():
    with answering(CHUNKED) as url:
        assert Admin(url).read("/config/") == Part({"a": 1}, '"/config/ 54441df7"')


def test_the_etag_is_read_from_the_header_as_newer_ones_send_it():
    with SmallServer(lambda _asked: Told(body=b"null\n", headers={"ETag": '"x 1"'})) as server:
        assert Admin(server.url).read("/config/") == Part(None, '"x 1"')


def test_a_part_that_is_not_there_is_none():
    error = b'{"error":"invalid traversal path at: config/apps/http"}'
    with SmallServer(lambda _asked: Told(400, error)) as server:
        assert Admin(server.url).read("/config/apps/http/servers") == Part(None, "")


def test_a_reading_that_is_cut_off_is_tried_again():
    with answering(b"", CHUNKED.partition(b"{")[0], CHUNKED) as url:
        assert Admin(url).read("/config/").value == {"a": 1}


def test_a_server_that_always_hangs_up_is_unavailable():
    with answering(b"", b"", b"") as url, pytest.raises(ProxyUnavailable, match="without an answer"):
        Admin(url).read("/config/")


def test_nothing_there_says_what_to_do():
    with pytest.raises(ProxyUnavailable, match=r"connection refused.*start Caddy, or correct the proxy's url"):
        Admin(f"http://127.0.0.1:{free_port()}").read("/config/")


def test_no_answer_in_time_is_unavailable():
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(ProxyUnavailable, match="no answer in time"):
            Admin(url, timeout=0.05).read("/config/")


@pytest.mark.parametrize(
    ("told", "code"),
    [
        (Told(404, b"404 page not found\n"), "not_caddy"),
        (Told(200, b"<html>"), "not_caddy"),
        (Told(500, b"{}"), "not_caddy"),
        (Told(400, b'{"error":"something else"}'), "not_caddy"),
        (Told(400, b'["invalid traversal path"]'), "not_caddy"),
        (Told(200, b"{}"), "too_old"),
        (Told(403, b'{"error":"host not allowed: x"}'), "forbidden"),
    ],
)
def test_what_is_no_usable_caddy_is_told_apart(told, code):
    with SmallServer(lambda _asked: told) as server, pytest.raises(ProxyError) as error:
        Admin(server.url).read("/config/")
    assert error.value.code == code


def test_what_does_not_speak_http_is_not_caddy():
    with answering(b"SSH-2.0-OpenSSH\r\n") as url, pytest.raises(ProxyError) as error:
        Admin(url).read("/config/")
    assert error.value.code == "not_caddy"


def test_a_change_is_sent_with_the_etag_and_without_one_where_nothing_was():
    with SmallServer(lambda _asked: Told()) as server:
        Admin(server.url).change("PATCH", "/config/a", [{"dial": "x:1"}], '"/config 1"')
        Admin(server.url).change("DELETE", "/config/a", None, "")
    first, second = server.asked
    assert (first.method, first.path, json.loads(first.body)) == ("PATCH", "/config/a", [{"dial": "x:1"}])
    assert first.headers["if-match"] == '"/config 1"'
    assert first.headers["content-type"] == "application/json"
    assert (second.method, second.body) == ("DELETE", b"")
    assert "if-match" not in second.headers


@pytest.mark.parametrize(
    "told", [Told(412, b'{"error":"If-Match"}'), Told(500, b'{"error":"[/config/x] key already exists: forge"}')]
)
def test_a_change_that_comes_too_late_is_decided_again(told):
    with SmallServer(lambda _asked: told) as server, pytest.raises(Moved):
        Admin(server.url).change("PUT", "/config/x", {}, '"e"')


def test_a_change_whose_answer_got_lost_is_decided_again():
    with answering(b"") as url, pytest.raises(Moved):
        Admin(url).change("PUT", "/config/x", {}, '"e"')


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (Told(500, b'{"error":"listening on :80: address in use"}'), "refused the change: listening on :80"),
        (Told(500, b"oops"), "refused the change: status 500"),
        (Told(403, b'{"error":"host not allowed: x"}'), "admin.origins"),
    ],
)
def test_a_refused_change_says_what_caddy_said(told, sentence):
    with SmallServer(lambda _asked: told) as server, pytest.raises(ProxyError, match=sentence):
        Admin(server.url).change("PUT", "/config/x", {}, '"e"')
