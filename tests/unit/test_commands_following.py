"""A deploy on a terminal, in a pipe, and when it is over already."""

from __future__ import annotations

from io import StringIO

from rich.console import Console
from rich.progress import Progress

from forge.commands.following import Bars, PlainLines
from tests.commanding import shell_fixture  # noqa: F401  asked for by its name


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
