"""Asking one registry: tokens, logins, limits and many threads at once."""

from __future__ import annotations

import threading
import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest

from forge.domain.errors import RegistryError, RegistryUnavailable
from forge.http import HttpFault, Session
from forge.ports import Quota
from forge.registries.client import translated
from tests.stub_registry import DIGEST, PASSWORD, StubRegistry
from tests.stub_server import Sent, make_certificate

MANIFEST = "/v2/org/shop/manifests/v1"


def refusal(client, repository="org/shop", tag="v1"):
    with pytest.raises((RegistryError, RegistryUnavailable)) as caught:
        client.digest(repository, tag)
    client.close()
    return caught.value


def test_an_open_registry_is_asked_without_a_login_even_if_there_is_one():
    with StubRegistry() as stub:
        client = stub.client("ada", PASSWORD)
        assert client.digest("org/shop", "v1") == DIGEST
        client.close()
    assert [seen.header("Authorization") for seen in stub.stub.seen] == [None, None]


def test_basic_is_sent_from_the_first_request_for_an_image():
    with StubRegistry("basic") as stub:
        client = stub.client("ada", PASSWORD)
        assert client.digest("org/shop", "v1") == DIGEST
        assert client.digest("org/shop", "v1") == DIGEST
        client.close()
    assert stub.asked() == ["GET /v2/", f"HEAD {MANIFEST}", f"HEAD {MANIFEST}"]


@pytest.mark.parametrize("login", [(None, None), ("ada", PASSWORD)])
def test_one_token_per_repository_and_one_head_per_tag(login):
    with StubRegistry("bearer") as stub:
        stub.digests |= {(f"org/{name}", tag): DIGEST for name in "abc" for tag in ("v1", "v2", "v3")}
        client = stub.client(*login)
        for name in "abc":
            for tag in ("v1", "v2", "v3"):
                assert client.digest(f"org/{name}", tag) == DIGEST
        client.close()
    assert client.requests == {("GET", "base"): 1, ("GET", "token"): 3, ("HEAD", "manifest"): 9}
    assert sorted(stub.tokens.values()) == [f"repository:org/{name}:pull" for name in "abc"]
    assert [seen.query["service"] for seen in stub.stub.seen if seen.path == "/token"] == ["stub"] * 3


def test_an_expired_token_is_replaced_before_it_is_sent():
    now = [0.0]
    with StubRegistry("bearer") as stub:
        client = stub.client(monotonic=lambda: now[0])
        client.digest("org/shop", "v1")
        now[0] = 289
        client.digest("org/shop", "v1")
        assert client.requests["GET", "token"] == 1
        now[0] = 291
        client.digest("org/shop", "v1")
        client.close()
    assert client.requests == {("GET", "base"): 1, ("GET", "token"): 2, ("HEAD", "manifest"): 3}


def test_a_token_that_the_registry_no_longer_takes_is_replaced_once():
    with StubRegistry("bearer") as stub:
        client = stub.client()
        client.digest("org/shop", "v1")
        stub.tokens.clear()
        assert client.digest("org/shop", "v1") == DIGEST
        client.close()
    assert client.requests == {("GET", "base"): 1, ("GET", "token"): 2, ("HEAD", "manifest"): 3}


def test_a_wrong_login_is_told_apart_from_a_repository_that_is_not_shown():
    with StubRegistry("bearer") as stub:
        wrong = refusal(stub.client("ada", "wrong"))
    with StubRegistry("bearer") as stub:
        stub.override = lambda seen: Sent(status=403) if seen.path == MANIFEST else None
        hidden = refusal(stub.client("ada", PASSWORD))
    assert (wrong.code, hidden.code) == ("login", "login")
    assert "refuses the login of ada" in wrong.message
    assert "does not show org/shop to ada" in hidden.message


def test_a_wrong_basic_login_is_told_after_one_request():
    with StubRegistry("basic") as stub:
        assert "refuses the login of ada" in refusal(stub.client("ada", "wrong")).message
    assert stub.asked(of=MANIFEST) == [f"HEAD {MANIFEST}"]


def test_a_registry_that_asks_for_a_login_when_there_is_none_says_so():
    with StubRegistry("basic") as stub:
        error = refusal(stub.client())
    assert (error.code, error.message) == (
        "login",
        f"{stub.stub.host} asks for a login: add a name and a password or token",
    )


def test_a_login_service_that_refuses_strangers_asks_for_a_login():
    with StubRegistry("bearer") as stub:
        stub.public = False
        assert "does not exist, or" in refusal(stub.client()).message


def test_a_good_login_without_rights_to_a_package_is_not_called_wrong():
    with StubRegistry("bearer") as stub:
        stub.override = lambda seen: Sent(status=403) if seen.path == "/token" else None
        assert "does not show org/shop to ada" in refusal(stub.client("ada", PASSWORD, flavour="ghcr")).message


def test_insufficient_scope_is_final_and_costs_no_further_token():
    with StubRegistry("bearer") as stub:
        challenge = [("WWW-Authenticate", f'Bearer realm="{stub.stub.url}/token",error="insufficient_scope"')]
        stub.override = lambda seen: Sent(status=401, headers=challenge) if seen.header("Authorization") else None
        error = refusal(stub.client(flavour="docker_hub"))
    assert "Docker Hub does not tell a missing repository from a private one" in error.message
    assert stub.asked() == ["GET /v2/", "GET /token", f"HEAD {MANIFEST}"]


def test_a_registry_that_says_no_to_every_token_is_not_asked_for_ever():
    with StubRegistry("bearer") as stub:
        stub.override = lambda seen: Sent(status=401) if seen.path == MANIFEST else None
        assert refusal(stub.client()).code == "login"
    assert len(stub.asked(of=MANIFEST)) == 2


def test_a_registry_that_only_hides_some_repositories_is_understood_from_its_answer():
    with StubRegistry("bearer") as stub:
        stub.override = lambda seen: Sent() if seen.path == "/v2/" else None
        client = stub.client()
        assert client.digest("org/shop", "v1") == DIGEST
        client.close()
    assert client.requests == {("GET", "base"): 1, ("GET", "token"): 1, ("HEAD", "manifest"): 2}


@pytest.mark.parametrize("realm", ["http://auth.example/token", "ftp://auth.example/token", "/token", "https:///token"])
def test_a_login_is_never_sent_where_anybody_could_read_it(realm, tmp_path):
    certificate = make_certificate(tmp_path)
    session = Session(authorities=certificate[0].read_text())
    with StubRegistry("bearer", certificate) as stub:
        stub.challenge = f'Bearer realm="{realm}",service="stub"'
        error = refusal(stub.client("ada", PASSWORD, session=session))
        session.close()
    assert error.code == "answer"
    assert [seen for seen in stub.stub.seen if seen.header("Authorization")] == []


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Sent(status=404), "answer"),
        (Sent(body=b"<html>"), "answer"),
        (Sent(body=b"{}"), "answer"),
        (Sent(status=500), "answer"),
        (Sent(status=429), "limit"),
    ],
)
def test_a_broken_login_service_is_told(answer, code):
    with StubRegistry("bearer") as stub:
        stub.override = lambda seen: answer if seen.path == "/token" else None
        assert refusal(stub.client()).code == code


@pytest.mark.parametrize("when", ["120", "Mon, 21 Sep 2026 14:15:20 GMT"])
def test_after_a_429_nothing_is_sent_until_the_time_has_come(when):
    now = [1_790_000_000.0]  # Mon, 21 Sep 2026 14:13:20 GMT
    with StubRegistry() as stub:
        client = stub.client(clock=lambda: now[0])
        client.digest("org/shop", "v1")
        stub.override = lambda _: Sent(status=429, headers=[("Retry-After", when)])
        with pytest.raises(RegistryUnavailable) as first:
            client.digest("org/shop", "v1")
        sent = len(stub.stub.seen)
        now[0] += 60
        with pytest.raises(RegistryUnavailable, match=r"until 14:16 \(UTC\)") as second:
            client.tags("org/shop")
        assert (first.value.retry_after, second.value.retry_after) == (120, 60)
        assert client.quota() == Quota(until=1_790_000_120.0)
        assert len(stub.stub.seen) == sent
        now[0] += 60
        stub.override = lambda _: None
        assert client.digest("org/shop", "v1") == DIGEST
        client.close()


def test_a_registry_that_is_broken_is_unavailable_and_may_be_asked_again():
    with StubRegistry() as stub:
        stub.override = lambda _: Sent(status=502)
        client = stub.client()
        with pytest.raises(RegistryUnavailable, match="answered 502"):
            client.digest("org/shop", "v1")
        stub.override = lambda _: None
        assert client.digest("org/shop", "v1") == DIGEST
        client.close()


def test_quota_headers_of_every_answer_are_kept():
    with StubRegistry() as stub:
        client = stub.client()
        assert client.quota() is None
        stub.headers = [("ratelimit-limit", "100;w=21600"), ("ratelimit-remaining", "98;w=21600")]
        client.digest("org/shop", "v1")
        assert client.quota() == Quota(limit=100, remaining=98, window=21600)
        stub.headers = [("ratelimit-remaining", "97;w=21600")]
        client.digest("org/shop", "v1")
        assert client.quota().remaining == 97
        client.close()


def test_many_threads_share_one_token_and_never_exceed_the_limit_per_host():
    most, now, lock, opened = [0], [0], threading.Lock(), threading.Event()
    gate = threading.Timer(0.15, opened.set)  # time in which one too many would come

    def slow(seen):
        if seen.method != "HEAD":
            return
        with lock:
            now[0] += 1
            if now[0] == 3 > most[0]:
                gate.start()
            most[0] = max(most[0], now[0])
        opened.wait(20)  # held until all who may come at once are here
        with lock:
            now[0] -= 1

    with StubRegistry("bearer") as stub:
        stub.override = slow
        client = stub.client(parallel=3)
        with ThreadPoolExecutor(12) as pool:
            assert set(pool.map(lambda _: client.digest("org/shop", "v1"), range(24))) == {DIGEST}
        client.close()
    gate.join()
    assert most == [3]
    assert client.requests == {("GET", "base"): 1, ("GET", "token"): 1, ("HEAD", "manifest"): 24}


def test_no_secret_is_in_any_error():
    token_log = []
    with StubRegistry("bearer") as stub:
        stub.override = lambda seen: Sent(status=403) if seen.path == MANIFEST else None
        for password in (PASSWORD, PASSWORD + "x"):
            error = refusal(stub.client("ada", password))
            token_log.append("".join(traceback.format_exception(error)) + repr(error.__dict__))
        secrets = [PASSWORD, *stub.tokens]
    assert len(secrets) == 2
    assert not [secret for secret in secrets for text in token_log if secret in text]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("name", RegistryUnavailable),
        ("connect", RegistryUnavailable),
        ("timeout", RegistryUnavailable),
        ("certificate", RegistryError),
        ("answer", RegistryError),
    ],
)
def test_only_what_waiting_may_mend_is_called_unavailable(fault, kind):
    error = translated(HttpFault(fault, "A sentence"))
    assert (type(error), error.code, error.message) == (kind, fault, "A sentence")
