"""Apprise: what it takes, and that nothing of an address is ever said."""

import contextlib
import io
import logging
import socket
import subprocess
import sys
import threading

import pytest
import requests

from forge.domain.errors import Invalid
from forge.domain.secret import Secret
from forge.notify import services
from forge.notify.message import Message
from forge.notify.reach import within
from forge.notify.services import AppriseSender, check_address
from tests.stub_server import Sent, Stub
from tests.unit.notifying import TOKEN, notice
from tests.unit.storing import NOON


@pytest.fixture
def log():
    """All that reaches the program's log."""
    text, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(text), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield text
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.parametrize(
    "address", [f"json://127.0.0.1/{TOKEN}", "  ntfys://ntfy.example.org/topic ", "Mailto://a:b@example.org"]
)
def test_an_address_that_apprise_takes_is_shown_by_its_service(address):
    assert check_address(Secret(address)) == address.strip().partition("://")[0].lower()


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (TOKEN, "begins with its service"),
        (f"nosuch://{TOKEN}", "knows no service nosuch://"),
        (f"slack://{TOKEN}", "does not take this slack:// URL"),
        ("discord://", "discord://"),
        (f"syslog://{TOKEN}", "nobody looks there"),
        (f"mqtt://{TOKEN}/topic", "needs a library"),
    ],
)
def test_what_it_does_not_take_is_told_without_repeating_it(address, said, log):
    with pytest.raises(Invalid, match=said) as error:
        check_address(Secret(address))
    assert list(error.value.fields) == ["address"]
    assert TOKEN not in error.value.message + log.getvalue()


def test_a_plugin_that_breaks_is_an_answer(monkeypatch):
    def broken(*_):
        raise RuntimeError(f"cannot do {TOKEN}")

    monkeypatch.setattr(services, "_notify", broken)
    message = Message(key="k", notice=notice(), url=None, sent=NOON)
    answer = AppriseSender().send(Secret(f"json://x/{TOKEN}"), message, local=False)
    assert (answer.ok, answer.text) == (False, "RuntimeError: cannot do •••")


def test_it_is_not_loaded_before_it_is_used():
    code = "import sys, forge.compose; print('apprise' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_it_knows_over_a_hundred_services():
    assert len(services.services()) > 100


@pytest.mark.promise("limits")
def test_an_endless_answer_is_not_read_into_memory(monkeypatch):
    """A library that reads all of it would take all memory there is."""
    sent = 0

    def flood() -> None:
        nonlocal sent
        connection, _ = server.accept()
        with connection, contextlib.suppress(OSError):
            connection.recv(1 << 16)
            connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            while sent < 256 << 20:
                connection.sendall(b"x" * (1 << 16))
                sent += 1 << 16

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=flood)
        thread.start()
        address = Secret(f"json://127.0.0.1:{server.getsockname()[1]}/")
        answer = AppriseSender().send(address, Message(key="k", notice=notice(), url=None, sent=NOON), local=True)
        thread.join(60)
    assert (answer.ok, "more than 1 MiB" in answer.text) == (False, True)
    assert sent < 64 << 20


def test_elsewhere_answers_of_any_size_are_read():
    body = b"x" * (2 << 20)
    with Stub(lambda _: Sent(body=body)) as stub:
        with within(local=True), pytest.raises(ConnectionError, match="more than 1 MiB"):
            requests.get(stub.url, timeout=10)
        assert requests.get(stub.url, timeout=10).content == body
