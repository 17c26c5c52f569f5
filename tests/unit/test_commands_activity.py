"""activity, as typed."""

from __future__ import annotations

import json
import threading

import pytest

from forge.commands import activity
from forge.commands.client import Client, NotRunning
from forge.domain.events import TYPES
from forge.domain.image import parse_image
from tests.commanding import shell_fixture  # noqa: F401  asked for by its name
from tests.world import HOST, stage


@pytest.fixture
def busy(shell):
    """Two projects; shop/dev went live by a webhook's word."""
    shell.world.project("shop", stage("shop", "dev"))
    shell.world.project("blog")
    shell.world.push("dev-1")
    shell.world.forge.sightings.look(parse_image(f"{HOST}/shop:dev-1"))
    shell.world.wait(shell.world.forge.store.deploys.get(1))
    return shell


def test_what_happened_is_listed_the_newest_first_with_who_caused_it(busy):
    busy.run("settings", "set", "domain=example.org")
    lines = busy.run("activity", "--limit", "200").stdout.splitlines()
    assert lines[0].split() == ["WHEN", "WHERE", "WHAT", "BY"]
    assert "settings changed: domain" in lines[1]
    assert lines[1].endswith("admin")
    shown = "\n".join(lines)
    assert "shop/dev" in shown
    assert "deploy #1 of dev-1 succeeded" in shown
    assert "dev-1 seen by webhook, deploy: dev-1 belongs to shop/dev" in shown
    assert "project created" in shown
    assert ", serving" in shown


def test_one_project_and_so_many(busy):
    assert {event["project"] for event in busy.json("activity", "--project", "blog")} == {"blog"}
    assert len(busy.json("activity", "--limit", "2")) == 2
    assert busy.run("activity", "--project", "nobody").stdout == "Nothing happened yet.\n"


class Enough(Exception):
    """A person pressed Ctrl-C."""


@pytest.fixture
def happens(monkeypatch):
    """The live stream: at each `event` what the test makes happen; then it is enough."""

    def told_by(*acts):
        def follow(_client, path, **_more):
            assert path == "events?topics=state,people"
            yield {"type": "hello", "payload": {}}
            for type_, act in acts:
                act()
                yield {"type": type_, "payload": {}}
            raise KeyboardInterrupt

        monkeypatch.setattr("forge.commands.stream.follow", follow)

    return told_by


def test_what_happens_is_told_once_the_newest_last(busy, happens):
    def change(domain):
        return lambda: busy.run("settings", "set", f"domain={domain}")

    happens(
        ("settings_changed", change("one.org")),
        ("ping", change("two.org")),
        ("deploy_step", lambda: None),
        ("settings_changed", change("three.org")),
        ("settings_changed", lambda: None),
    )
    before = len(busy.json("activity", "--limit", "200"))
    lines = busy.run("activity", "-f", "--limit", "200", code=130).stdout.splitlines()
    assert len(lines) == before + 3
    assert [line.partition(" settings")[2] for line in lines[-3:]] == [" changed: domain (admin)"] * 3
    assert "connection" not in lines[0]


def test_more_than_a_page_at_once_is_told_whole_and_only_of_the_project(busy, happens, monkeypatch):
    monkeypatch.setattr(activity, "_PAGE", 2)

    def much():
        for drain in range(5):
            busy.run("stage", "set", "shop", "dev", f"drain={drain + 1}")
        busy.run("project", "set", "blog", "port=81")

    happens(("project_changed", much))
    shown = busy.run("activity", "-f", "--project", "shop", "--limit", "1", "--json", code=130).stdout.splitlines()
    ids = [json.loads(line)["id"] for line in shown]
    assert len(ids) == 6
    assert ids == sorted(set(ids))


def test_a_forge_that_is_stopping_ends_nothing(busy, happens, monkeypatch):
    before, gone = Client.get, threading.Event()

    def get(client, path, **query):
        if gone.is_set():
            raise NotRunning("It is stopping.")
        return before(client, path, **query)

    def back():
        gone.clear()
        busy.run("settings", "set", "domain=example.org")

    monkeypatch.setattr(Client, "get", get)
    happens(("deploy_status", gone.set), ("hello", back))
    lines = busy.run("activity", "-f", "--limit", "1", code=130).stdout.splitlines()
    assert len(lines) == 2


def test_it_is_followed_for_real(busy, monkeypatch):
    """Over HTTP; it ends with what it waited for."""

    def until_late(event):
        if event["project"] == "late":
            raise Enough

    monkeypatch.setattr(activity, "_say", until_late)
    threading.Timer(0.3, lambda: busy.world.project("late")).start()
    with pytest.raises(Enough):
        busy.run("activity", "-f")


def test_every_kind_of_event_that_is_kept_has_its_words():
    of_streams = {
        "deploy_step",
        "deploy_log",
        "deploy_progress",
        "instance_log",
        "metrics",
        "notification",
        "hello",
        "ping",
        "resync",
    }
    assert set(activity._WORDS) == TYPES.keys() - of_streams
    assert activity.told({"type": "news", "payload": {"a": 1}}) == "news: a=1"
