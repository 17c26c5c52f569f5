"""NPM's API: what its answers mean, whatever release gave them."""

from __future__ import annotations

import json

import pytest

from forge.domain.errors import ProxyError, ProxyUnavailable
from forge.domain.secret import Secret
from forge.http import Session
from forge.proxies.npm_api import BACK, NpmApi, NpmBroke, NpmGone
from tests.small_server import SmallServer, Told

TOKEN = {"token": "t0ken", "expires": "2099-01-01T00:00:00.000Z"}


@pytest.fixture
def http_session():
    session = Session()
    yield session
    session.close()


@pytest.fixture
def api(http_session):
    """An API that gives a login, and answers all else as a test says; `asked` is what came."""
    servers = []

    def make(answer, **more):
        def told(asked):
            body = TOKEN if asked.path == "/api/tokens" else None
            return Told(200, json.dumps(body).encode()) if body else answer(asked)

        servers.append(SmallServer(told))
        made = NpmApi(servers[-1].url, "bot@example.com", Secret("pw"), http=http_session, **more)
        made.asked = servers[-1].asked
        return made

    yield make
    for server in servers:
        server.close()


def said(status, message, **more):
    return Told(status, json.dumps({"error": {"code": status, "message": message, **more}}).encode())


@pytest.mark.parametrize(
    "answer",
    [
        said(401, "Token has expired"), said(400, "Token has expired", message_i18n={"name": "TokenExpiredError"}),
        said(403, "Permission Denied"), said(404, "Not Found - /nginx/proxy-hosts/5"), said(500, "Internal Error"),
    ],
)  # fmt: skip
def test_what_may_mean_that_the_login_ended_is_tried_once_more_with_a_new_one(api, answer):
    made = api(lambda asked: answer if sum("hosts" in a.path for a in made.asked) < 2 else Told(200, b'{"id": 5}'))
    assert made.call("GET", "/nginx/proxy-hosts/5") == {"id": 5}
    assert [a.path for a in made.asked].count("/api/tokens") == 2


def test_what_is_not_allowed_also_with_a_new_login_is_told_as_rights(api):
    made = api(lambda _: said(404, "Not Found - /nginx/proxy-hosts"))
    with pytest.raises(ProxyError, match=r"may not do this .*GET /nginx/proxy-hosts") as error:
        made.call("GET", "/nginx/proxy-hosts")
    assert error.value.code == "proxy_rights"


def test_a_row_that_is_missing_is_told_from_what_is_not_allowed(api):
    made = api(lambda _: said(404, "Not Found - 5"))
    with pytest.raises(NpmGone):
        made.call("GET", "/nginx/proxy-hosts/5")
    assert [a.path for a in made.asked].count("/api/tokens") == 1


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_change_that_broke_is_never_sent_twice_by_itself(api, method):
    made = api(lambda _: Told(500, b'{"error":{"message":"Internal Error"}}'))
    with pytest.raises(NpmBroke, match="look at its log"):
        made.call(method, "/nginx/proxy-hosts", {})
    assert sum("hosts" in a.path for a in made.asked) == 1


def test_a_refusal_is_told_in_npms_words(api):
    made = api(lambda _: said(400, "data/forward_port must be <= 65535"))
    with pytest.raises(ProxyError, match="refused: data/forward_port must be <= 65535") as error:
        made.call("POST", "/nginx/proxy-hosts", {})
    assert error.value.code == "npm_refused"


def test_a_page_of_the_server_before_it_means_that_npm_is_away(api):
    made = api(lambda _: Told(502, b"<html>", {"Content-Type": "text/html"}))
    with pytest.raises(ProxyUnavailable, match="what is behind its pages is not"):
        made.call("GET", "/nginx/proxy-hosts")


def test_it_is_waited_for_as_long_as_it_may_take(api):
    now, slept = [0.0], []

    def sleep(seconds):
        slept.append(seconds)
        now[0] += seconds

    made = api(lambda _: Told(502, b"<html>"), clock=lambda: now[0], sleep=sleep)
    with pytest.raises(ProxyUnavailable):
        made.wait_until_back()
    assert sum(slept) == pytest.approx(BACK)


def test_the_token_goes_to_npm_only_as_a_bearer_and_the_password_only_to_the_login(api):
    made = api(lambda _: Told(200, b"[]"))
    made.call("GET", "/nginx/proxy-hosts")
    login, asked = made.asked
    assert json.loads(login.body) == {"identity": "bot@example.com", "secret": "pw"}
    assert asked.headers["authorization"] == "Bearer t0ken"
    assert b"pw" not in asked.body


def test_a_login_that_is_no_npms_is_told(http_session):
    with SmallServer(lambda _: Told(200, b"[]")) as server:
        made = NpmApi(server.url, "bot@example.com", Secret("pw"), http=http_session)
        with pytest.raises(ProxyError, match="does not answer a login as Nginx Proxy Manager does"):
            made.call("GET", "/x")


def test_an_end_that_cannot_be_read_counts_as_soon(api):
    now = [0.0]
    made = api(lambda _: Told(200, b"1"), clock=lambda: now[0])
    made._keep({"token": "x", "expires": "soon"})
    assert made._until == 7200
    assert made._keep({"requires": "more"}) is None


def test_no_connection_is_kept_though_the_other_side_would(api, http_session):
    """The one that was kept ends with NPM's backend, and what is sent by it then is lost."""
    made = api(lambda _: Told(200, b"[]"))
    made.call("GET", "/nginx/proxy-hosts")
    pools = [adapter.poolmanager.pools for adapter in http_session._session.adapters.values()]
    assert [len(pool) for pool in pools] == [0] * len(pools)
