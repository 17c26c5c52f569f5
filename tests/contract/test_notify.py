"""Both senders against a real server on this machine: what arrives, what is refused, and that nothing is given away."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import logging
import socket
import threading
import time
from contextlib import contextmanager

import pytest

from forge.domain.notification import NotificationKind
from forge.domain.secret import Secret
from forge.http import Session
from forge.notify.message import Message
from forge.notify.services import AppriseSender
from forge.notify.webhook import WebhookSender
from tests.small_server import SmallServer, Told
from tests.unit.notifying import KEY, TOKEN, notice
from tests.unit.storing import NOON

MESSAGE = Message(key="0f1e-key", notice=notice(title="shop/dev: ünïcode <b>", more=2), url=None, sent=NOON + 1.5)


@pytest.fixture(params=[NotificationKind.WEBHOOK, NotificationKind.APPRISE])
def kind(request):
    return request.param


@pytest.fixture
def log():
    """All that reaches the program's log, at its most talkative."""
    text, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(text), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield text
    root.removeHandler(handler)
    root.setLevel(level)


@contextmanager
def answering(*answers):
    """A server that gives these answers, one after the other, the last one on and on."""
    left = list(answers)
    with SmallServer(lambda _: left.pop(0) if len(left) > 1 else left[0]) as server:
        yield server


def send(kind, url, *, local=True):
    """Send MESSAGE to a server's url by one of the two."""
    if kind is NotificationKind.WEBHOOK:
        sender = WebhookSender(session=lambda: Session(connect_timeout=1, read_timeout=0.5, pool=1))
        return sender.send(Secret(f"{url}/hook?token={TOKEN}"), Secret(KEY), MESSAGE, local=local)
    address = Secret(f"{url.replace('http://', f'json://user:{TOKEN}@')}/{TOKEN}?rto=0.5&cto=1")
    return AppriseSender().send(address, MESSAGE, local=local)


def test_what_was_taken_is_told_with_what_was_answered(kind):
    with answering(Told(202, b"thank you")) as server:
        answer = send(kind, server.url)
    assert (answer.ok, answer.milliseconds > 0, len(server.asked)) == (True, True, 1)
    assert kind is NotificationKind.APPRISE or (answer.code, answer.text) == (202, "202: thank you")


def test_a_receiver_can_check_the_signature_by_what_it_got_alone():
    with answering(Told(200)) as server:
        send(NotificationKind.WEBHOOK, server.url)
    (asked,) = server.asked
    expected = hmac.new(KEY.encode(), asked.body, hashlib.sha256).hexdigest()
    assert asked.headers["x-hub-signature-256"] == f"sha256={expected}"
    body = json.loads(asked.body)
    assert (asked.headers["x-forge-delivery"], body["delivery"]) == (MESSAGE.key, MESSAGE.key)
    assert (asked.headers["x-forge-timestamp"], body["sent"]) == (str(int(NOON + 1)), int(NOON + 1))
    assert (asked.headers["x-forge-event"], body["event"]) == ("deploy_failed", "deploy_failed")
    assert (body["title"], body["project"], body["more"]) == ("shop/dev: ünïcode <b>", "shop", 2)
    assert asked.headers["content-type"] == "application/json"


def test_apprise_carries_the_same_words():
    with answering(Told(200)) as server:
        send(NotificationKind.APPRISE, server.url)
    body = json.loads(server.asked[0].body)
    assert (body["title"], body["type"]) == (MESSAGE.notice.title, "failure")
    assert body["message"].splitlines() == MESSAGE.text.splitlines()


def test_a_notice_without_a_text_is_told_by_its_title():
    bare = Message(key="k", notice=notice(text=""), url=None, sent=NOON)
    with answering(Told(200)) as server:
        address = Secret(server.url.replace("http", "json"))
        assert AppriseSender().send(address, bare, local=True).ok
    assert json.loads(server.asked[0].body)["message"] == "shop/dev: v1 failed"


@pytest.mark.parametrize("status", [400, 401, 404, 410, 429, 500, 503])
def test_a_status_that_is_no_success_is_told(kind, status):
    with answering(Told(status, b"no", {"Retry-After": "77"})) as server:
        answer = send(kind, server.url)
    assert (answer.ok, answer.code) == (False, status)
    assert kind is NotificationKind.APPRISE or answer.retry_after == 77


def test_this_machine_is_refused_unless_it_is_allowed(kind):
    with answering(Told(200)) as server:
        answer = send(kind, server.url, local=False)
        assert not answer.ok
        assert "is this machine itself: allow it for this notification" in answer.text
        assert server.asked == []
        assert send(kind, server.url).ok


def test_a_name_that_resolves_to_this_machine_is_refused(kind, monkeypatch):
    def resolve(host, port, *_more, **_kw):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", int(port)))]

    with answering(Told(200)) as server:
        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        answer = send(kind, server.url.replace("127.0.0.1", "hooks.example.org"), local=False)
    assert (answer.ok, server.asked) == (False, [])
    assert "127.0.0.1 is this machine itself" in answer.text


def test_a_redirect_is_not_followed_by_a_webhook():
    with answering(Told(200)) as there, answering(Told(307, headers={"Location": there.url})) as server:
        answer = send(NotificationKind.WEBHOOK, server.url)
    assert (answer.ok, answer.code, there.asked) == (False, 307, [])
    assert "enter the address it leads to" in answer.text


def test_a_redirect_to_this_machine_is_refused_where_a_service_follows_it(monkeypatch):
    """The first address is taken for one in the world: what it leads to is judged anew."""
    from forge.notify import reach  # noqa: PLC0415

    real = reach.why_not
    world = reach.ipaddress.ip_address("127.0.0.1")
    monkeypatch.setattr(
        reach, "why_not", lambda address, *, local: None if address == world else real(address, local=local)
    )
    with answering(Told(307, headers={"Location": "http://127.9.9.9:9/"})) as server:
        sender = AppriseSender()
        address = Secret(f"{server.url.replace('http', 'json')}/?redirect=yes&rto=0.5&cto=1")
        answer = sender.send(address, MESSAGE, local=False)
    assert not answer.ok
    assert "127.9.9.9 is this machine itself" in answer.text


def test_a_receiver_that_is_slow_is_not_waited_for(kind):
    release = threading.Event()

    def slow(_asked):
        release.wait(20)
        return Told(200)

    with SmallServer(slow) as server:
        began = time.monotonic()
        answer = send(kind, server.url)
        assert time.monotonic() - began < 15
        release.set()
    assert not answer.ok
    assert answer.text


def test_one_that_answers_on_and_on_is_cut_off():
    with answering(Told(200, b"x" * (1 << 20))) as server:
        answer = send(NotificationKind.WEBHOOK, server.url)
    assert not answer.ok
    assert len(answer.text) < 300


def _hang_up(server):
    server.accept()[0].close()


@pytest.mark.parametrize("how", ["refuses", "breaks off"])
def test_a_connection_that_fails_is_a_sentence(kind, how):
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        if how == "breaks off":
            thread = threading.Thread(target=_hang_up, args=(server,))
            thread.start()
            answer = send(kind, url)
            thread.join()
    if how == "refuses":
        answer = send(kind, url)
    assert not answer.ok
    assert answer.text
    assert answer.code is None


@pytest.mark.parametrize("told", [Told(200, b"ok"), Told(403, f"bad {TOKEN}".encode()), Told(307)])
def test_no_part_of_an_address_or_key_is_said_or_logged(kind, told, log):
    with answering(told) as server:
        allowed, refused = send(kind, server.url), send(kind, server.url, local=False)
    assert TOKEN not in allowed.text + refused.text
    assert KEY not in allowed.text + refused.text + log.getvalue()
    assert "apprise" not in log.getvalue().lower()
