"""Published: the target's own port, asked directly."""

from __future__ import annotations

import pytest

from forge.domain.connection import ProxyConnection
from forge.domain.errors import ProxyUnavailable
from forge.domain.route import Route, Target
from forge.http import Session
from forge.proxies.published import Published
from tests.parts.process import free_port
from tests.small_server import SmallServer, Told


@pytest.fixture
def proxy():
    session = Session()
    yield Published(ProxyConnection(name="ports", kind="published"), http=session)
    session.close()


def test_a_redirect_is_the_answer_and_the_connection_is_new(proxy):
    with SmallServer(lambda _asked: Told(302, headers={"Location": "/login"})) as server:
        answer = proxy.ask(Route("any.org", (server.target,)), "/x")
        assert (answer.status, answer.target) == (302, server.target)
        assert server.asked[0].headers["connection"] == "close"
        assert server.asked[0].headers["host"] == str(server.target)


def test_a_target_that_does_not_answer_is_named(proxy):
    target = Target("127.0.0.1", free_port())
    with pytest.raises(ProxyUnavailable, match=f"{target}"):
        proxy.ask(Route("any.org", (target,)))


def test_an_address_of_version_six_is_written_with_brackets(proxy):
    assert proxy.url(Route("any.org", (Target("::1", 80),))) == "http://[::1]:80"
