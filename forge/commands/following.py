"""A deploy, followed live: bars per layer on a terminal, plain lines in a pipe, JSON lines for programs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import click

from forge.commands.client import Client, NotRunning
from forge.commands.output import clean, line, on_terminal, say_json, short, trying_again
from forge.commands.stream import follow

if TYPE_CHECKING:
    from rich.progress import Progress

# How a deploy ended → exit code.
ENDS = {"succeeded": 0, "failed": 1, "cancelled": 1, "superseded": 1, "stuck": 4}
_GONE = "{} are gone: Forge keeps only the newest events, as many as `forge settings get events` says."
_MARKS = {"done": "✓", "failed": "✗", "undone": "↩", "undo_failed": "✗ could not take back"}


class Display(Protocol):
    """Shows the events of one deploy, as they come."""

    def show(self, event: Mapping[str, Any]) -> None: ...


def follow_deploy(client: Client, deploy: int, *, as_json: bool) -> int:
    """Show the deploy from its first line to its end, and return the exit code that says how it ended."""
    with _display(as_json=as_json) as display:
        end = _to_its_end(client, deploy, display.show)
    final = client.get(f"deploys/{deploy}")
    if not as_json:
        _say_end(client, final)
    return ENDS.get(str(end), 1)


def _to_its_end(client: Client, deploy: int, show: Callable[[Mapping[str, Any]], None]) -> str:
    """The status it ended with. Of an old deploy the record may be gone, and the word of its end with it."""
    begun, ended = False, ""
    for event in follow(client, f"deploys/{deploy}/logs", lost=trying_again):
        kind, payload = event["type"], event["payload"]
        if kind in {"hello", "ping"}:
            if ended and kind == "ping":
                return ended  # it had ended before this stream told the past: more does not come
            ended = _end(client, deploy)
            if ended and (payload.get("reset") or (not begun and say_if_gone(client, deploy))):
                return ended
            continue
        if not begun and not (kind == "deploy_status" and payload["status"] == "queued"):
            click.echo(_GONE.format(f"Lines of deploy #{deploy}"), err=True)
        begun = True
        show(event)
        if kind == "deploy_status" and payload["status"] in ENDS:
            return str(payload["status"])
    raise AssertionError("The stream has no end")


def say_if_gone(client: Client, deploy: int) -> bool:
    """Whether nothing of the deploy's log is kept any more, which is then said: one that ran has written lines."""
    found = client.get(f"deploys/{deploy}")
    ran = found["started"] and found["ended"]
    gone = bool(ran) and not client.get(f"deploys/{deploy}/logs", limit=1)
    if gone:
        click.echo(_GONE.format(f"The lines of deploy #{deploy}"), err=True)
    return gone


def _end(client: Client, deploy: int) -> str:
    """The status it has ended with by now, "" if it has not, or Forge is stopping and cannot say."""
    try:
        status = str(client.get(f"deploys/{deploy}")["status"])
    except NotRunning:
        return ""
    return status if status in ENDS else ""


@contextlib.contextmanager
def _display(*, as_json: bool) -> Iterator[Display]:
    if as_json:
        yield JsonLines()
    elif not on_terminal():
        yield PlainLines()
    else:
        from rich.console import Console  # noqa: PLC0415  slow to import
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn  # noqa: PLC0415

        columns = (TextColumn("  {task.description}"), BarColumn(), DownloadColumn())
        with Progress(*columns, console=Console(highlight=False), transient=True) as progress:
            yield Bars(progress)


class JsonLines:
    """Every event as it came, one a line."""

    def show(self, event: Mapping[str, Any]) -> None:
        if event["type"].startswith("deploy_"):
            say_json(event)


class PlainLines:
    """Steps and log lines. The beginning of a step is not told: the line that ends it says how long it took."""

    def __init__(self, say: Callable[[str], None] = line) -> None:
        self._say = say
        self._noted: set[str] = set()  # the log repeats what a step found

    def show(self, event: Mapping[str, Any]) -> None:
        payload = event["payload"]
        if event["type"] == "deploy_step" and payload["status"] in _MARKS:
            self._noted.add(f"{payload['name']}: {payload.get('note')}")
            self._say(step_line(payload))
        elif event["type"] == "deploy_log" and payload["text"] not in self._noted:
            self._say(f"    {payload['text']}")
        elif event["type"] == "deploy_status" and payload["status"] == "reverting":
            self._say(f"  taking it back: {payload.get('failure') or ''}")


class Bars(PlainLines):
    """The same above a bar for each layer of the pull."""

    def __init__(self, progress: Progress) -> None:
        super().__init__(self._above)
        self._progress = progress
        self._tasks: dict[str, Any] = {}

    def _above(self, text: str) -> None:
        from rich.text import Text  # noqa: PLC0415

        self._progress.console.print(Text(clean(text)))

    def show(self, event: Mapping[str, Any]) -> None:
        if event["type"] == "deploy_progress":
            for layer in event["payload"]["layers"]:
                self._layer(layer)
        elif event["type"] == "deploy_step" and event["payload"]["status"] != "running":
            for task in self._tasks.values():
                self._progress.remove_task(task)
            self._tasks.clear()
        super().show(event)

    def _layer(self, layer: Mapping[str, Any]) -> None:
        name, total = clean(str(layer["id"]))[:12], layer["total"] or None
        done = layer["status"] in {"done", "exists"}
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(name, total=total)
        self._progress.update(
            self._tasks[name],
            description=f"{name} {clean(layer['status']):<10}",
            total=total or (1 if done else None),
            completed=(total or 1) if done else layer["current"],
        )


def step_line(step: Mapping[str, Any]) -> str:
    """A step as it ended, or how far it is."""
    took = f" ({step['ended'] - step['started']:.1f} s)" if step.get("ended") else ""
    note = f": {step['note']}" if step.get("note") else ""
    return f"  {_MARKS.get(step['status'], '…')} {step['name']}{took}{note}"


def _say_end(client: Client, deploy: Mapping[str, Any]) -> None:
    name, status = f"#{deploy['id']} {deploy['project']}/{deploy['stage']} {deploy['tag']}", deploy["status"]
    if status == "succeeded":
        line(f"{name} ({short(deploy['digest'])}) succeeded{_where(client, deploy)}")
    else:
        line(f"{name} {status}{': ' if deploy['failure'] else ''}{deploy['failure'] or ''}")


def _where(client: Client, deploy: Mapping[str, Any]) -> str:
    stage = client.get(f"projects/{deploy['project']}/stages/{deploy['stage']}")
    urls = [one["url"] for one in stage["instances"] if one["id"] == deploy["instance"] and one["url"]]
    return f": {urls[0]}" if urls else ""
