"""Whose a connection's other end is, by the kernel's own tables."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import contextmanager

import pytest

from forge.api import peer
from forge.api.peer import of_another_user

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


@pytest.fixture
def table(tmp_path, monkeypatch):
    """The kernel's tables say what they are given: (local, remote, state, user)."""

    def say(*rows):
        lines = [f"   0: {local} {remote} {state} 0:0 00:0 0 {user} 0 1 1\n" for local, remote, state, user in rows]
        (tmp_path / "tcp").write_text(HEAD + "".join(lines))
        monkeypatch.setattr(peer, "_TABLES", (tmp_path / "no-such-table", tmp_path / "tcp"))

    return say


OURS, THEIRS = os.getuid(), os.getuid() + 1
AT, FORGE = "0100007F:9C40", "0100007F:1F90"  # 127.0.0.1, ports 40000 and 8080


@pytest.mark.parametrize(("row", "expected"), [
    ((AT, FORGE, "01", THEIRS), True),
    ((AT, FORGE, "01", OURS), False),
    (("0000000000000000FFFF00000100007F:9C40", FORGE, "01", THEIRS), True),  # by IPv6, as browsers do
    ((AT, FORGE, "06", THEIRS), False),  # it is over
    ((AT, "0100007F:1F91", "01", THEIRS), False),  # to somebody else
    ((FORGE, AT, "01", THEIRS), False),  # our own end
])  # fmt: skip
def test_who_asks_is_found_in_the_table(table, row, expected):
    table(row)
    assert of_another_user("127.0.0.1", 40000, 8080) is expected


def test_by_ipv6_too(table):
    table(("00000000000000000000000001000000:9C40", "00000000000000000000000001000000:1F90", "01", THEIRS))
    assert of_another_user("::1", 40000, 8080)


def test_where_nothing_is_told_nobody_is_suspected(monkeypatch, tmp_path):
    monkeypatch.setattr(peer, "_TABLES", (tmp_path / "none",))
    assert not of_another_user("127.0.0.1", 40000, 8080)


@contextmanager
def asking():
    """A connection on loopback; from where it asks, and whom."""
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
        server.accept()[0],
    ):
        yield (*client.getsockname(), server.getsockname()[1])


@pytest.mark.skipif(sys.platform != "linux", reason="the table is Linux's")
def test_a_real_connection_is_told_apart_by_its_user(monkeypatch):
    with asking() as way:
        assert not of_another_user(*way)
        monkeypatch.setattr(os, "getuid", lambda: THEIRS)
        assert of_another_user(*way)
