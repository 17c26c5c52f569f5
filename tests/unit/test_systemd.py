"""What systemd hears, on real sockets as systemd has them."""

from __future__ import annotations

import contextlib
import os
import socket
import threading

import pytest

from forge.systemd import Notifier


@contextlib.contextmanager
def manager(address):
    """A socket on which a service manager listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.settimeout(5)
        listening.bind("\0" + address[1:] if address.startswith("@") else address)
        yield lambda: listening.recv(4096).decode()


@pytest.fixture(params=["a path", "an abstract name"])
def address(request, tmp_path):
    return str(tmp_path / "notify") if request.param == "a path" else f"@forge-test-{os.getpid()}-{id(request)}"


def test_what_is_told_is_heard_at_a_path_and_at_an_abstract_name(address):
    with manager(address) as heard:
        Notifier({"NOTIFY_SOCKET": address}).tell(READY=1, STATUS="Answers at http://127.0.0.1:8400")
        assert heard() == "READY=1\nSTATUS=Answers at http://127.0.0.1:8400"


def test_without_a_manager_nothing_is_said():
    Notifier({}).tell(READY=1)
    Notifier({"NOTIFY_SOCKET": "vsock:2:1234"}).tell(READY=1)


def test_a_manager_that_is_gone_is_no_reason_to_stop(tmp_path, caplog):
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).tell(READY=1, STATUS="x")
    assert "READY/STATUS" in caplog.text


def test_programs_that_forge_starts_do_not_inherit_the_right_to_speak():
    environment = {"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "1", "WATCHDOG_PID": "1", "PATH": "/bin"}
    Notifier(environment)
    assert environment == {"PATH": "/bin"}


@pytest.mark.parametrize("pid", ["", str(os.getpid()), str(os.getppid())], ids=["nobody named", "ours", "our parent's"])
def test_signs_of_life_come_as_long_as_it_lives(address, pid):
    alive = threading.Event()
    alive.set()
    with manager(address) as heard:
        told = Notifier({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "20000", "WATCHDOG_PID": pid})
        told.watch(alive.is_set)
        assert [heard(), heard()] == ["WATCHDOG=1", "WATCHDOG=1"]
        told.close()


def test_what_does_not_answer_itself_gives_no_sign_of_life(address):
    asked = threading.Semaphore(0)

    def dead():
        asked.release()
        return False

    with manager(address) as heard:
        told = Notifier({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "20000"})
        told.watch(dead)
        assert asked.acquire(timeout=5)
        assert asked.acquire(timeout=5)
        told.close()
        told.tell(STOPPING=1)
        assert heard() == "STOPPING=1"


@pytest.mark.parametrize(
    "more",
    [{}, {"WATCHDOG_USEC": "x"}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "20000", "WATCHDOG_PID": "1000000000"}],
)
def test_where_nobody_watches_no_thread_is_started(more):
    before = threading.active_count()
    Notifier({"NOTIFY_SOCKET": "@nobody", **more}).watch(lambda: True)
    assert threading.active_count() == before
