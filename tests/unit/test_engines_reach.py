"""Where what an engine runs listens, and where it is reached."""

from __future__ import annotations

import pytest

from forge.domain.errors import EngineError
from forge.domain.route import Reach
from forge.engines.access import Access
from forge.engines.reach import is_local, reach_of


def far(listen, host=None):
    return Reach(local=False, host=host or listen, listen=listen, chosen=listen)


@pytest.mark.parametrize(
    ("access", "reach"),
    [
        ({"url": "unix:///run/docker.sock"}, Reach()),
        ({"url": "tcp://localhost:2375"}, Reach()),
        (
            {"url": "unix:///run/docker.sock", "listen": "10.0.0.2"},
            Reach(host="10.0.0.2", listen="10.0.0.2", chosen="10.0.0.2"),
        ),
        (
            {"url": "unix:///run/docker.sock", "listen": "0.0.0.0"},
            Reach(host="127.0.0.1", listen="0.0.0.0", chosen="0.0.0.0"),
        ),
        ({"url": "tcp://10.0.0.5:2376"}, far("10.0.0.5")),
        ({"url": "tcp://[fd00::5]:2376"}, far("fd00::5")),
        ({"url": "ssh://ann@10.0.0.5"}, far("10.0.0.5")),
        ({"url": "ssh://ann@far.example"}, far("10.9.9.9")),
        ({"url": "ssh://far.example", "listen": "10.0.0.5"}, far("10.0.0.5")),
        ({"url": "ssh://far.example", "listen": "0.0.0.0"}, far("0.0.0.0", "far.example")),
        ({"url": "ssh://far.example", "listen": "127.0.0.1"}, far("127.0.0.1")),
        ({"url": "ssh://far.example", "listen": "10.0.0.5", "address": "vpn.example"}, far("10.0.0.5", "vpn.example")),
    ],
)
def test_it_listens_where_the_engine_is_reached_and_everywhere_only_if_said(access, reach, monkeypatch):
    found = [(2, 1, 6, "", (address, 0)) for address in ("127.0.1.1", "10.9.9.9")]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: [*found, (10, 1, 6, "", ("fd00::9", 0, 0, 0))])
    assert reach_of(Access(**access)) == reach


def test_a_name_that_only_ssh_knows_needs_an_address(monkeypatch):
    def unknown(*_, **__):
        raise OSError("no such name")

    monkeypatch.setattr("socket.getaddrinfo", unknown)
    with pytest.raises(EngineError, match="`listen`") as caught:
        reach_of(Access(url="ssh://an_alias"))
    assert caught.value.code == "no_address"


def test_an_address_that_cannot_be_read_is_not_here():
    assert not is_local(Access(url="nonsense"))
    with pytest.raises(EngineError):
        reach_of(Access(url="nonsense"))
