"""What one address may hold of what everybody shares."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import logging
import socket
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import pytest

from forge import crowd as crowds
from forge import server as server_module
from forge.api.cookies import COOKIE
from forge.crowd import Crowd, Door, share_of
from forge.server import Server
from tests.unit.test_tls import authority, pair  # noqa: F401  fixtures
from tests.world import World, until

pytestmark = pytest.mark.promise("limits")
FLOODING = "127.0.0.9"  # in these tests it is not this machine, but somebody elsewhere


@pytest.fixture
def elsewhere(monkeypatch):
    """127.0.0.9 counts as an address of another machine."""
    usual = ipaddress.IPv4Address.is_loopback.fget
    monkeypatch.setattr(ipaddress.IPv4Address, "is_loopback", property(lambda one: str(one) != FLOODING and usual(one)))


def test_one_address_gets_as_many_as_one_may_and_then_as_many_as_it_gives_back():
    crowd = Crowd(2)
    assert [crowd.enter("198.51.100.7") for _ in range(3)] == [True, True, False]
    assert crowd.is_full("198.51.100.7")
    assert crowd.enter("198.51.100.8"), "nobody else is kept out"
    crowd.leave("198.51.100.7")
    assert crowd.enter("198.51.100.7")


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.0.0.2", "172.18.3.4", "", "unix"])
def test_this_machine_and_trusted_proxies_stand_for_many_people(address):
    crowd = Crowd(1, ("10.0.0.2", "172.18.0.0/16"))
    assert all(crowd.enter(address) for _ in range(10))
    assert not crowd.is_full(address)
    crowd.leave(address)
    assert not crowd._held


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:198.51.100.7", "198.51.100.7", True),
        ("fe80::1%eth0", "fe80::2%eth1", True),
    ],
)
def test_who_has_a_network_of_ipv6_is_one(one, other, same):
    crowd = Crowd(1)
    assert crowd.enter(one)
    assert crowd.enter(other) is not same


def test_nothing_is_remembered_of_who_left_and_a_flood_does_not_fill_the_log(caplog):
    crowd = Crowd(1)
    with caplog.at_level(logging.WARNING, logger=crowds.__name__):
        for number in range(300):
            address = f"198.51.100.{number % 250}"
            assert crowd.enter(address)
            assert not crowd.enter(address)
            crowd.leave(address)
    assert not crowd._held
    assert len(caplog.records) == 1


@pytest.mark.parametrize(("all", "one"), [(5000, 1250), (4, 1), (1, 1)])
def test_a_quarter_is_what_one_may_hold(all, one):
    assert share_of(all) == one


def test_a_connection_is_counted_until_it_is_closed_and_what_dup_makes_of_it_is_not(elsewhere):
    crowd = Crowd(1)
    listening = Door.at(socket.create_server(("127.0.0.1", 0)), crowd)
    with contextlib.closing(listening), contextlib.ExitStack() as opened:

        def come():
            return opened.enter_context(socket.create_connection(listening.getsockname(), 5, (FLOODING, 0)))

        come()
        taken, address = listening.accept()
        assert address[0] == FLOODING
        stream = taken.dup()
        assert crowd.is_full(FLOODING)
        turned_away = come()
        with pytest.raises(ConnectionAbortedError):
            listening.accept()
        assert turned_away.recv(1) == b""
        taken.close()
        taken.close()
        stream.close()
        assert not crowd._held
        come()
        listening.accept()[0].close()


@pytest.fixture(params=["plain", "tls"])
def flooded(request, tmp_path, monkeypatch, pair, elsewhere):  # noqa: F811
    """A server where one address may hold four connections."""
    monkeypatch.setattr(server_module, "share_of", lambda _: 4)
    world = World(tmp_path, **(pair if request.param == "tls" else {}))
    server = Server(world.forge)
    server.start()
    yield server
    server.close()
    world.forge.close()


def come(server):
    where = urlsplit(server.url)
    return socket.create_connection((where.hostname, where.port), 10, (FLOODING, 0))


def is_over(line):
    line.settimeout(0.05)
    try:
        return line.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def test_a_flood_from_one_address_is_hung_up_on_and_everybody_else_is_served(flooded):
    with contextlib.ExitStack() as opened:
        lines = [opened.enter_context(come(flooded)) for _ in range(40)]
        until(lambda: sum(map(is_over, lines)) == 36, "all but four are hung up on")
        assert flooded.answers()

    def may_come():
        with come(flooded) as line:
            return not is_over(line)

    until(may_come, "it may come again once they ended")


def test_streams_are_counted_by_who_reads_also_behind_a_proxy(tmp_path):
    world = World(tmp_path, max_streams=8, trusted_proxies=("127.0.0.1",))
    server = Server(world.forge)
    server.start()
    cookie = f"{COOKIE}={world.forge.people.sessions.begin(None)}"

    def read(address=None):
        headers = {"Cookie": cookie, **({"X-Forwarded-For": address} if address else {})}
        return urllib.request.urlopen(urllib.request.Request(f"{server.url}/api/events", headers=headers), timeout=10)

    try:
        with contextlib.ExitStack() as opened:
            streams = [opened.enter_context(read("198.51.100.7")) for _ in range(2)]
            with pytest.raises(urllib.error.HTTPError, match="503") as refused:
                read("198.51.100.7")
            assert "from your address" in json.load(refused.value)["detail"]
            for others in ("198.51.100.8", None, None, None):
                assert opened.enter_context(read(others)).status == 200
            streams[0].close()
            until(lambda: not world_crowd(server).is_full("198.51.100.7"), "it may read again")
            assert opened.enter_context(read("198.51.100.7")).status == 200
    finally:
        server.close()
        world.forge.close()


def world_crowd(server):
    return server._app.extensions["hub"]._crowd
