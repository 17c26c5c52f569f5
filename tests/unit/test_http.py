"""The shared HTTP session: limits, logins, and errors told apart."""

from __future__ import annotations

import gzip
import socket
import subprocess
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest

from forge import __version__
from forge.domain.secret import Secret
from forge.http import Basic, Bearer, HttpFault, Session, is_loopback
from tests.stub_server import Seen, Sent, Stub, make_certificate

PLANTED = "p1anted-s3cret"


@pytest.fixture
def session():
    session = Session(connect_timeout=2, read_timeout=2)
    yield session
    session.close()


def fault(session: Session, url: str, method: str = "GET", **more) -> HttpFault:
    with pytest.raises(HttpFault) as caught:
        session.request(method, url, **more)
    return caught.value


def moved(to: str) -> Sent:
    return Sent(status=307, headers=[("Location", to)])


def closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def test_importing_it_does_not_import_requests():
    subprocess.run([sys.executable, "-c", "import sys, forge.http; sys.exit('requests' in sys.modules)"], check=True)


def test_an_answer_of_any_status_is_an_answer(session):
    with Stub(lambda _: Sent(status=418, headers=[("X-Mood", "short")], body=b"stout")) as stub:
        reply = session.request("GET", stub.url + "/pot")
        session.close()
    assert (reply.status, reply.ok, reply.headers["x-mood"], reply.text) == (418, False, "short", "stout")
    assert reply.url == stub.url + "/pot"
    assert 0 < reply.milliseconds < 5000


def test_it_says_who_asks_and_wants_no_compression(session):
    with Stub(lambda _: Sent()) as stub:
        session.request("GET", stub.url, headers={"Accept": "text/plain"})
        session.close()
    assert stub.seen[0].header("User-Agent") == f"forge/{__version__}"
    assert stub.seen[0].header("Accept-Encoding") == "identity"
    assert [value for name, value in stub.seen[0].headers if name == "Accept"] == ["text/plain"]


def test_logins_are_sent_as_basic_in_utf8_and_as_bearer(session):
    with Stub(lambda _: Sent()) as stub:
        session.request("GET", stub.url, auth=Basic(username="ada", password=Secret("pü")))
        session.request("GET", stub.url, auth=Bearer(token=Secret("t0ken")))
        session.close()
    assert [seen.header("Authorization") for seen in stub.seen] == ["Basic YWRhOnDDvA==", "Bearer t0ken"]


def test_json_form_and_query_are_encoded(session):
    with Stub(lambda _: Sent(body=b'{"a": [1]}')) as stub:
        reply = session.request("POST", stub.url, json={"b": "ü"}, query={"q": "a b&c"})
        session.request("POST", stub.url, form={"x": "1 2"})
        session.request("PUT", stub.url, body=b"null")
        session.close()
    assert reply.json() == {"a": [1]}
    assert stub.seen[0].body == b'{"b": "\\u00fc"}'
    assert stub.seen[0].header("Content-Type") == "application/json"
    assert stub.seen[0].query == {"q": "a b&c"}
    assert [stub.seen[1].body, stub.seen[2].body] == [b"x=1+2", b"null"]


def test_what_is_no_json_is_a_wrong_answer(session):
    with Stub(lambda _: Sent(body=b"<html>")) as stub:
        reply = session.request("GET", stub.url)
        session.close()
    with pytest.raises(HttpFault) as caught:
        reply.json()
    assert caught.value.fault == "answer"


def test_a_name_that_does_not_resolve_is_told(session):
    found = fault(session, "https://ghcr.invalid/v2/")
    assert (found.fault, found.message) == ("name", "ghcr.invalid does not resolve: check the spelling")


@pytest.mark.parametrize("url", ["http://a..b/", f"http://{'a' * 70}.de/"])
def test_a_name_that_cannot_be_one_is_told(session, url):
    assert fault(session, url).fault == "name"


def test_a_refused_connection_is_told(session):
    found = fault(session, f"http://127.0.0.1:{closed_port()}")
    assert found.fault == "connect"
    assert "refuses the connection" in found.message


def test_an_answer_that_does_not_come_is_a_time_out():
    release = threading.Event()

    def late(_: Seen) -> Sent:
        release.wait(5)
        return Sent()

    session = Session(read_timeout=0.1)
    with Stub(late) as stub:
        assert fault(session, stub.url).fault == "timeout"
        assert fault(Session(), stub.url, timeout=0.1).fault == "timeout"
        release.set()
        session.close()


def test_an_answer_in_crumbs_does_not_take_for_ever(session):
    listener = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        with listener, listener.accept()[0] as client:
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            ended = threading.Event()
            try:
                while not ended.wait(0.02):
                    client.sendall(b".")
            except OSError:
                ended.set()

    thread = threading.Thread(target=drip)
    thread.start()
    found = fault(session, f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=0.3)
    thread.join()
    assert found.fault == "timeout"


def test_a_body_over_the_limit_is_refused(session):
    with Stub(lambda _: Sent(body=b"x" * 2000)) as stub:
        assert len(session.request("GET", stub.url, body_limit=2000).body) == 2000
        found = fault(session, stub.url, body_limit=1999)
        session.close()
    assert found.fault == "answer"
    assert "more than 1999 bytes" in found.message


def test_a_compressed_body_counts_as_it_unpacks(session):
    bomb = gzip.compress(b"0" * 300_000)
    with Stub(lambda _: Sent(body=bomb, headers=[("Content-Encoding", "gzip")])) as stub:
        assert len(session.request("GET", stub.url).body) == 300_000
        assert fault(session, stub.url, body_limit=100_000).fault == "answer"
        session.close()


def test_the_body_can_be_left_unread(session):
    with Stub(lambda _: Sent(body=b"x" * 100_000)) as stub:
        reply = session.request("GET", stub.url, read_body=False, body_limit=1)
        session.close()
    assert (reply.status, reply.body) == (200, b"")


def test_an_answer_that_breaks_off_is_a_fault_of_the_connection(session):
    with Stub(lambda _: Sent(body=b"half", length=8)) as stub:
        found = fault(session, stub.url)
        assert (found.fault, found.message) == ("connect", f"{stub.host} broke off in the middle: try again later")
        session.close()


def test_a_get_on_a_connection_that_was_just_closed_is_asked_again_and_a_post_never_is(session):
    answers = iter([Sent(), Sent(drop=True), Sent(body=b"again"), Sent(drop=True), Sent()])
    with Stub(lambda _: next(answers)) as stub:
        session.request("GET", stub.url)
        assert session.request("GET", stub.url).text == "again"
        assert fault(session, stub.url, "POST").fault == "connect"
        session.close()
    assert [seen.method for seen in stub.seen] == ["GET", "GET", "GET", "POST"]


def test_a_connection_is_kept_for_the_next_request(session):
    with Stub(lambda _: Sent(body=b"x" * 100_000)) as stub:
        for method in ("GET", "HEAD", "POST", "GET"):
            session.request(method, stub.url)
        session.close()
    assert len({seen.port for seen in stub.seen}) == 1


def test_threads_that_begin_together_share_one_session(session):
    with Stub(lambda _: Sent()) as stub, ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda _: session.request("GET", stub.url).ok, range(16)))
        session.close()


def test_redirects_are_followed_only_when_asked_for(session):
    with Stub(lambda seen: moved("/b?x=1") if seen.path == "/a" else Sent(body=b"there")) as stub:
        assert session.request("GET", stub.url + "/a").status == 307
        reply = session.request("GET", stub.url + "/a", redirects=1, query={"gone": "1"})
        session.close()
    assert (reply.text, reply.url) == ("there", stub.url + "/b?x=1")
    assert stub.seen[-1].query == {"x": "1"}


def test_a_post_is_never_redirected(session):
    with Stub(lambda _: moved("/b")) as stub:
        assert session.request("POST", stub.url, redirects=5).status == 307
        session.close()


def test_redirects_without_end_are_a_wrong_answer(session):
    with Stub(lambda _: moved("/a")) as stub:
        assert fault(session, stub.url, redirects=3).fault == "answer"
        session.close()
    assert len(stub.seen) == 4


def test_a_login_stays_with_the_host_it_is_for(session):
    with Stub(lambda _: Sent()) as other, Stub(lambda seen: moved("/b" if seen.path == "/a" else other.url)) as stub:
        session.request("GET", stub.url + "/a", redirects=2, auth=Bearer(token=Secret("t")))
        session.close()
    assert [seen.header("Authorization") for seen in stub.seen] == ["Bearer t", "Bearer t"]
    assert [seen.header("Authorization") for seen in other.seen] == [None]


@pytest.mark.parametrize("to", ["https://127.0.0.1:1/", "file:///etc/passwd", "gopher://x/"])
def test_a_redirect_to_another_scheme_is_refused(session, to):
    with Stub(lambda _: moved(to)) as stub:
        found = fault(session, stub.url, redirects=3)
        session.close()
    assert found.fault == "answer"
    assert f"to {to.partition(':')[0]}: write its address" in found.message


def test_a_certificate_that_nobody_vouches_for_is_told(session, tmp_path):
    with Stub(lambda _: Sent(), make_certificate(tmp_path)) as stub:
        found = fault(session, stub.url)
    assert found.fault == "certificate"
    assert found.message.startswith(f"The certificate of {stub.host} is not trusted (self-signed certificate)")
    assert stub.seen == []


def test_an_authority_of_ones_own_is_trusted_for_what_it_signed(tmp_path):
    certificate = make_certificate(tmp_path)
    session = Session(authorities=certificate[0].read_text())
    with Stub(lambda _: Sent(body=b"safe"), certificate) as stub:
        assert session.request("GET", stub.url).text == "safe"
        assert fault(session, stub.url.replace("127.0.0.1", "localhost")).fault == "certificate"
        session.close()


def test_tls_asked_of_a_server_that_speaks_none_is_told(session):
    with Stub(lambda _: Sent()) as stub:
        found = fault(session, stub.url.replace("http://", "https://"))
    assert found.fault == "certificate"
    assert "check http:// or https://" in found.message


def test_something_that_is_no_http_server_is_a_wrong_answer(session):
    listener = socket.create_server(("127.0.0.1", 0))

    def greet() -> None:
        with listener, listener.accept()[0] as client:
            client.sendall(b"220 mail.example ESMTP\r\n")
            client.recv(1000)

    thread = threading.Thread(target=greet)
    thread.start()
    assert fault(session, f"http://127.0.0.1:{listener.getsockname()[1]}").fault == "answer"
    thread.join()


def test_the_environment_has_no_say_on_loopback(session, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login eve password evil\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with Stub(lambda _: Sent(body=b"direct")) as stub:
        assert session.request("GET", stub.url).text == "direct"
        session.close()
    assert stub.seen[0].header("Authorization") is None


def test_a_proxy_of_the_environment_is_used_elsewhere_and_told_when_it_is_out_of_reach(session, monkeypatch):
    for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with Stub(lambda _: Sent(body=b"by proxy")) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        assert session.request("GET", "http://shop.invalid/").text == "by proxy"
        session.close()
    found = fault(session, "http://shop.invalid/")
    assert found.fault == "connect"
    assert "HTTPS_PROXY" in found.message


def test_cookies_are_not_kept(session):
    with Stub(lambda _: Sent(headers=[("Set-Cookie", "a=b; Path=/")])) as stub:
        session.request("GET", stub.url)
        session.request("GET", stub.url)
        session.close()
    assert stub.seen[1].header("Cookie") is None


def test_no_secret_is_in_an_error_or_its_causes(session):
    auth = Basic(username="ada", password=Secret(PLANTED))
    assert PLANTED not in repr(auth)
    for url in (f"http://ada:{PLANTED}@ghcr.invalid/?t={PLANTED}", f"http://127.0.0.1:{closed_port()}/{PLANTED}"):
        found = fault(session, url, auth=auth)
        assert PLANTED not in "".join(traceback.format_exception(found))


def test_a_session_can_be_used_again_after_it_was_closed(session):
    with Stub(lambda _: Sent(body=b"x")) as stub:
        session.request("GET", stub.url)
        session.close()
        assert session.request("GET", stub.url).text == "x"
        session.close()


@pytest.mark.parametrize(
    ("host", "expected"),
    [("localhost", True), ("a.localhost", True), ("127.8.9.1", True), ("::1", True), ("[::1]", True), ("", False)],
)
def test_this_machine_is_loopback(host, expected):
    assert is_loopback(host) is expected


@pytest.mark.parametrize("host", ["10.0.0.1", "localhost.example.org", "127.0.0.1.example.org", "[::2]"])
def test_elsewhere_is_not_loopback(host):
    assert not is_loopback(host)


def test_what_is_large_is_handed_on_in_pieces_past_any_limit():
    sent = b"x" * 300_000
    pieces: list[bytes] = []
    with Stub(lambda _: Sent(body=sent)) as stub:
        session = Session(body_limit=1000)
        reply = session.download(stub.url, pieces.append, timeout=10)
        session.close()
    assert (reply.status, reply.body, b"".join(pieces)) == (200, b"", sent)
    assert len(pieces) > 1


def test_a_refusal_is_no_download():
    pieces: list[bytes] = []
    with Stub(lambda _: Sent(status=403, body=b"no")) as stub:
        session = Session()
        reply = session.download(stub.url, pieces.append, timeout=10)
        session.close()
    assert (reply.status, reply.body, pieces) == (403, b"no", [])


def test_a_download_that_breaks_off_is_a_fault():
    with Stub(lambda _: Sent(headers=[("Content-Length", "1000")], body=b"half")) as stub:
        session = Session()
        with pytest.raises(HttpFault):
            session.download(stub.url, lambda _: None, timeout=2)
        session.close()
