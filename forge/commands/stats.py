"""stats: what instances and the machine use, now or over a window."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from forge.commands.client import Client
from forge.commands.output import line, say_json, table
from forge.commands.state import Command, State, pass_state

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


@click.command("stats", cls=Command)
@click.option(
    "--window", type=click.Choice(["30m", "2h", "24h", "7d"]), help="Averages and peaks of this long, up to now."
)
@click.option("--project", help="Of this project only.")
@pass_state
def stats(state: State, window: str | None, project: str | None) -> None:
    """Show what every instance and the machine use: processors, memory, network."""
    client = state.client()
    if window is not None:
        _over(state, client.get("metrics", window=window, project=project))
        return
    found = client.get("metrics/now")
    if state.as_json:
        say_json(found)
        return
    rows = [(*names, *_used(found["instances"].get(names[-1], {}))) for names in _instances(client, project)]
    table(("stage", "tag", "instance", "cpu", "memory", "in", "out"), rows, "Nothing runs yet.")
    machine = found["machine"]
    cpu = "?" if machine["cpu"] is None else f"{machine['cpu']:.0%} of {machine['processors']}"
    total = f" of {size(machine['memory_total'])}" if machine["memory_total"] else ""
    line(f"{machine['name']}: processors {cpu}, memory {size(machine['memory'])}{total}")


def _instances(client: Client, project: str | None) -> Iterator[tuple[str, str, str]]:
    """Stage, tag and identifier of each."""
    for one in client.get("projects"):
        if project in (None, one["name"]):
            for stage in one["stages"]:
                for instance in stage["instances"]:
                    yield f"{one['name']}/{stage['name']}", instance["tag"], instance["id"]


def _used(one: Mapping[str, Any]) -> tuple[str, ...]:
    cpu = "?" if one.get("cpu") is None else f"{one['cpu']:.2f}"
    return cpu, size(one.get("memory")), *(f"{size(one.get(way))}/s" for way in ("received", "sent"))


def _over(state: State, found: Mapping[str, Any]) -> None:
    if state.as_json:
        say_json(found)
        return
    rows = [
        (f"{one['project']}/{one['stage']}", one["tag"], one["instance"], *_summary(one["lines"]))
        for one in found["instances"]
    ]
    columns = ("stage", "tag", "instance", "cpu", "cpu peak", "memory", "memory peak")
    table(columns, rows, "Nothing was measured in that time.")
    if found["left_out"]:
        line(f"{found['left_out']} more: name a project with --project.")


def _summary(lines: Mapping[str, Sequence[float | None]]) -> tuple[str, ...]:
    """Average and peak of processors and memory."""
    cpu, memory = ([value for value in lines[name] if value is not None] for name in ("cpu", "memory"))
    said = (f"{sum(cpu) / len(cpu):.2f}", f"{max(cpu):.2f}") if cpu else ("?", "?")
    return (*said, size(sum(memory) / len(memory)), size(max(memory))) if memory else (*said, "?", "?")


def size(bytes_: float | None) -> str:
    """`512 MiB`; `?` if it is not known."""
    if bytes_ is None:
        return "?"
    for unit in _UNITS[:-1]:
        if bytes_ < 1024:
            return f"{bytes_:.0f} {unit}" if bytes_ >= 10 or unit == "B" else f"{bytes_:.1f} {unit}"
        bytes_ /= 1024
    return f"{bytes_:.1f} {_UNITS[-1]}"
