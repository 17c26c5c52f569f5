"""Where a message may go: judged by the address that is really connected to."""

import ipaddress
import os
import socket
import subprocess
import threading

import pytest

from forge.notify import reach
from forge.notify.reach import proxies_of, why_not, within


@pytest.fixture
def listening():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.8.9.1", "0.0.0.0", "::1", "::", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
     "169.254.1.1", "fe80::1"],
)  # fmt: skip
def test_this_machine_and_what_is_link_local_needs_leave(address):
    assert why_not(ipaddress.ip_address(address), local=False)
    assert why_not(ipaddress.ip_address(address), local=True) is None


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254", "100.100.100.200", "224.0.0.1", "255.255.255.255",
     "ff02::1"],
)  # fmt: skip
def test_secrets_of_a_cloud_and_many_machines_are_never_allowed(address):
    assert why_not(ipaddress.ip_address(address), local=True)


@pytest.mark.parametrize("address", ["10.0.0.4", "192.168.1.9", "172.16.3.3", "203.0.113.7", "2001:db8::1", "fd12::1"])
def test_other_machines_of_the_house_and_the_world_are_free(address):
    assert why_not(ipaddress.ip_address(address), local=False) is None


def test_a_connection_is_stopped_before_it_is_made(listening):
    with within(local=False) as bounds, pytest.raises(OSError, match="this machine itself"):
        socket.create_connection(("127.0.0.1", listening))
    assert bounds.refused.startswith("127.0.0.1 is this machine itself")


def test_with_leave_it_is_made_and_outside_nobody_is_judged(listening):
    with within(local=True) as bounds:
        socket.create_connection(("127.0.0.1", listening)).close()
        assert bounds.refused is None
    socket.create_connection(("127.0.0.1", listening)).close()


def test_a_name_is_judged_by_what_it_resolves_to_when_it_is_used(listening, monkeypatch):
    """The second answer counts, not the one that somebody looked at before (DNS rebinding)."""
    answers = iter(["203.0.113.7", "127.0.0.1"])

    def resolve(_host, port, *_more, **_kw):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert socket.getaddrinfo("hooks.example.org", listening)[0][4][0] == "203.0.113.7"
    with within(local=False) as bounds, pytest.raises(OSError):
        socket.create_connection(("hooks.example.org", listening))
    assert "127.0.0.1" in bounds.refused


def test_datagrams_local_sockets_names_and_programs_are_stopped_too(tmp_path):
    with within(local=False) as bounds:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender, pytest.raises(OSError):
            sender.sendto(b"x", ("127.0.0.1", 9))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender, pytest.raises(OSError):
            sender.sendmsg([b"x"], [], 0, ("127.0.0.1", 9))
        with socket.socket() as sender, pytest.raises(OSError, match="without looking it up"):
            sender.connect(("localhost", 9))
        with pytest.raises(OSError, match="start a program"):
            subprocess.run(["true"], check=False)
    if hasattr(socket, "AF_UNIX"):
        with within(local=True) as bounds, socket.socket(socket.AF_UNIX) as sender, pytest.raises(OSError):
            sender.connect(os.fspath(tmp_path / "engine.sock"))
        assert "a socket of this machine" in bounds.refused


def test_other_threads_are_free_meanwhile(listening):
    made = []
    with within(local=False):
        thread = threading.Thread(target=lambda: made.append(socket.create_connection(("127.0.0.1", listening))))
        thread.start()
        thread.join()
    made[0].close()


def test_a_proxy_that_the_environment_names_leads_out(listening):
    environment = {"HTTPS_PROXY": f"http://user:pw@127.0.0.1:{listening}", "http_proxy": "", "ALL_PROXY": "://"}
    through = proxies_of(environment)
    assert through == {("127.0.0.1", listening)}
    with within(local=False, through=through) as bounds:
        socket.create_connection(("127.0.0.1", listening)).close()
        assert bounds.refused is None


def test_a_proxy_that_nobody_knows_leads_nowhere(monkeypatch):
    def unknown(*_):
        raise socket.gaierror

    monkeypatch.setattr(reach.socket, "getaddrinfo", unknown)
    assert proxies_of({"HTTP_PROXY": "proxy.example:3128"}) == frozenset()
