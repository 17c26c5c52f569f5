"""A deploy on a terminal, in a pipe, and when it is over already."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console
from rich.progress import Progress

from forge.commands import following
from forge.commands.client import NotRunning
from forge.commands.following import Bars, PlainLines
from forge.domain.deploy import DeployStatus
from tests.commanding import shell_fixture  # noqa: F401  asked for by its name


def said(shell):
    """What is said of deploy 1 at its end."""
    url = next(one["url"] for one in shell.json("status", "shop")[0]["stages"][0]["instances"])
    digest = shell.world.forge.store.deploys.get(1).digest.removeprefix("sha256:")[:12]
    return f"#1 shop/dev dev-1 ({digest}) succeeded: {url}"


def step(status, **more):
    return {"type": "deploy_step", "payload": {"name": "pull", "status": status, "started": 1.0, "ended": 3.5, **more}}


def layers(*found):
    payload = {
        "layers": [{"id": name, "status": status, "current": done, "total": all_} for name, status, done, all_ in found]
    }
    return {"type": "deploy_progress", "payload": payload}


def test_plain_lines_say_how_long_a_step_took_and_what_it_found():
    said = []
    lines = PlainLines(said.append)
    lines.show(step("running", ended=None))
    lines.show(step("done", note="3 layers"))
    lines.show({"type": "deploy_log", "payload": {"text": "pull: 3 layers"}})
    lines.show({"type": "deploy_log", "payload": {"text": "GET /up: 200"}})
    lines.show({"type": "deploy_status", "payload": {"status": "reverting", "failure": "It died"}})
    lines.show({"type": "deploy_status", "payload": {"status": "running", "failure": None}})
    lines.show(layers(("abc", "pulling", 1, 2)))
    assert said == ["  ✓ pull (2.5 s): 3 layers", "    GET /up: 200", "  taking it back: It died"]


def test_a_terminal_has_a_bar_for_each_layer_until_the_step_ends():
    screen = StringIO()
    with Progress(console=Console(file=screen, force_terminal=True, width=100), auto_refresh=False) as progress:
        bars = Bars(progress)
        bars.show(layers(("aaa", "pulling", 50, 100), ("bbb", "waiting", 0, 0)))
        bars.show(layers(("aaa", "done", 100, 100), ("bbb", "exists", 0, 0)))
        tasks = {task.description.split()[0]: (task.completed, task.total) for task in progress.tasks}
        assert tasks == {"aaa": (100, 100), "bbb": (1, 1)}
        bars.show(step("done", note="\x1b[2Jtwo layers"))
        assert progress.tasks == []
    assert "two layers" in screen.getvalue()
    assert "\x1b[2Jtwo" not in screen.getvalue()


def test_a_deploy_that_ended_long_ago_is_followed_to_its_end(shell):
    shell.world.project("shop")
    shell.world.push("dev-1")
    shell.run("deploy", "shop", "dev", "dev-1")
    said = shell.run("logs", "-f", "1").stdout
    assert "✓ wait until healthy" in said
    assert "succeeded" in said.splitlines()[-1]


# ---- a record that was thinned


@pytest.fixture
def deployed(shell):
    """Deploy 1 went live; streams have a ping five times a second."""
    shell.server._app.extensions["hub"]._heartbeat = 0.2
    shell.world.project("shop")
    shell.world.push("dev-1")
    shell.run("deploy", "shop", "dev", "dev-1")
    return shell


def thin(shell, condition):
    with shell.world.forge.store.database.change() as change:
        change.execute(f"DELETE FROM event WHERE topic = 'deploy:1' AND {condition}")


def test_a_deploy_whose_record_is_gone_is_over_at_once(deployed):
    thin(deployed, "1")
    for words in (("logs", "-f", "1"), ("logs", "1")):
        assert "The lines of deploy #1 are gone" in deployed.run(*words).stderr
    assert deployed.run("logs", "-f", "1").stdout.splitlines() == [said(deployed)]
    assert deployed.run("logs", "-f", "1", "--json").stdout == ""


def test_where_only_the_beginning_is_gone_the_rest_is_told(deployed):
    thin(deployed, "id IN (SELECT id FROM event WHERE topic = 'deploy:1' ORDER BY id LIMIT 10)")
    shown = deployed.run("logs", "-f", "1")
    assert shown.stderr.startswith("Lines of deploy #1 are gone")
    assert "✓ create" in shown.stdout
    assert shown.stdout.splitlines()[-1] == said(deployed)


def test_where_the_word_of_its_end_is_gone_it_ends_with_the_next_ping(deployed):
    end = "(SELECT max(id) FROM event WHERE topic = 'deploy:1' AND type = 'deploy_status')"
    thin(deployed, f"id <= {end}")
    assert deployed.world.forge.store.events.after("deploy:1", 0, 10)  # what pruning said, after the end
    shown = deployed.run("logs", "-f", "1")
    assert "prune" in shown.stdout
    assert shown.stdout.splitlines()[-1] == said(deployed)


def test_a_ping_ends_nothing_that_is_not_over(deployed, monkeypatch):
    statuses = iter(["running", "running", "succeeded", "succeeded"])
    events = [
        {"type": "hello", "payload": {}},
        {"type": "deploy_status", "payload": {"status": "queued"}},
        {"type": "ping", "payload": {}},
        {"type": "ping", "payload": {}},
        {"type": "deploy_status", "payload": {"status": "succeeded"}},
    ]
    monkeypatch.setattr(following, "follow", lambda *_, **__: iter(events))
    monkeypatch.setattr(following, "_end", lambda *_: next(statuses).replace("running", ""))
    shown = []
    assert following._to_its_end(None, 1, shown.append) == "succeeded"
    assert shown == [events[1], events[4]]


def test_a_forge_that_is_stopping_is_no_end():
    class Stopping:
        def get(self, *_):
            raise NotRunning("It is stopping.")

    assert following._end(Stopping(), 1) == ""


def test_a_deploy_that_never_began_has_lost_nothing(deployed):
    store, queue = deployed.world.forge.store, deployed.world.forge.requests.queue
    stage, project = store.projects.stage("shop", "dev"), store.projects.get("shop")
    with store.database.change() as change:
        queued = queue.add(change, stage, project, tag="dev-1", digest="sha256:" + "0" * 64, actor="ann")
        store.deploys.save(change, queued.to(DeployStatus.CANCELLED, ended=change.now))
    assert deployed.run("logs", "2").output == ""
    assert deployed.run("logs", "-f", "2", code=1).output == "#2 shop/dev dev-1 cancelled\n"
