"""The live stream: cut anywhere, broken off, refused, given up."""

from __future__ import annotations

import pytest

from forge.commands.client import Address, Client, NotRunning, Refused
from forge.commands.stream import follow, parse
from forge.domain.secret import Secret
from tests.commanding import shell_fixture  # noqa: F401  asked for by its name


def test_frames_are_read_however_they_are_cut():
    whole = b'data: {"type":"hello"}\n\nid: 7\ndata: {"type":"a: b"}\n\n: nothing\n\nid: 8\ndata: {"typ'
    expected = [("", {"type": "hello"}), ("7", {"type": "a: b"})]
    for size in (1, 2, 7, 1000):
        chunks = [whole[start : start + size] for start in range(0, len(whole), size)]
        assert list(parse(chunks)) == expected


def test_a_stream_is_taken_up_after_a_restart_of_forge(shell):
    shell.world.project("shop")
    client = Client(lambda: _address(shell))
    told, seen = [], []

    def restart(_: float) -> None:
        shell.again()

    for event in follow(client, "events", lost=told.append, sleep=restart):
        seen.append(event["type"])
        if seen.count("hello") == 1 and event["type"] == "hello":
            shell.run("settings", "set", "domain=example.org")
        elif event["type"] == "settings_changed" and not told:
            shell.server.close()
        elif seen.count("hello") == 2:
            break
    assert told
    assert seen[0] == "hello"


def test_who_has_no_token_is_refused(shell):
    client = Client(lambda: Address(url=shell.server.url, token=Secret("x"), data=""))
    with pytest.raises(Refused) as caught:
        next(follow(client, "events", lost=lambda _: None))
    assert caught.value.status == 401


def test_after_a_minute_without_forge_it_is_given_up():
    now = iter(range(0, 1000, 40))
    client = Client(lambda: Address(url="http://127.0.0.1:9", token=Secret("x"), data="/data"))
    told = []
    with pytest.raises(NotRunning, match="forge serve"):
        next(follow(client, "events", lost=told.append, sleep=lambda _: None, clock=lambda: next(now)))
    assert told


def _address(shell):
    return Address(url=shell.server.url, token=shell.world.forge.token, data=str(shell.folder))
