"""logs of instances, stages and deploys, as typed."""

from __future__ import annotations

import pytest

from tests.commanding import shell_fixture  # noqa: F401  asked for by its name
from tests.fake_engine import Behaviour


@pytest.fixture
def instance(shell):
    shell.world.project("shop")
    shell.world.push("dev-1", behaviour=Behaviour(log=("starting", "\x1b[31mready\x1b[0m"), errors=("oh",)))
    shell.run("deploy", "shop", "dev", "dev-1")
    return shell.world.forge.store.instances.serving("shop", "dev")[0].id


def test_what_an_instance_wrote_is_shown_where_it_wrote_it(shell, instance):
    for what in (instance, "shop/dev"):
        shown = shell.run("logs", what)
        assert shown.stdout == "starting\nready\n"
        assert shown.stderr == "oh\n"
    assert shell.run("logs", instance, "--tail", "1").output in {"ready\n", "oh\n"}


def test_a_program_gets_each_line_with_its_time(shell, instance):
    lines = shell.run("logs", instance, "--json").stdout.splitlines()
    assert len(lines) == 3
    assert '"stream":"out","text":"starting"' in lines[0]


def test_a_deploy_s_log_is_shown_by_its_number(shell, instance):
    assert shell.run("logs", "#1").stdout == shell.run("logs", "1").stdout
    assert "wait until healthy" in shell.run("logs", "1").stdout


def test_where_nothing_runs_there_is_nothing_to_show(shell):
    shell.world.project("shop")
    assert "Nothing runs in shop/dev" in shell.run("logs", "shop/dev", code=1).stderr
    shell.run("logs", "zzzzzz", code=6)


def test_new_lines_are_followed_and_old_ones_not_told_twice(shell, instance, monkeypatch):
    def events(*_args, **_more):
        for at, text in ((1.0, "starting"), (9e9, "later")):
            yield {"type": "instance_log", "payload": {"at": at, "stream": "out", "text": text}}

    monkeypatch.setattr("forge.commands.stream.follow", events)
    assert shell.run("logs", "-f", instance).stdout == "starting\nready\nlater\n"
