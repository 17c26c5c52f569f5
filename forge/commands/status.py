"""status: what serves each stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click

from forge.commands.client import part
from forge.commands.output import line, say_json, short, table, when
from forge.commands.state import Command, State, pass_state


@click.command("status", cls=Command)
@click.argument("project", required=False)
@pass_state
def status(state: State, project: str | None) -> None:
    """Show what runs in each stage: tag, digest, since when, status, address."""
    client = state.client()
    found = [client.get(f"projects/{part(project)}")] if project else client.get("projects")
    if state.as_json:
        say_json(found)
        return
    rows = [row for one in found for stage in one["stages"] for row in _rows(one, stage)]
    columns = ("stage", "tag", "digest", "since", "status", "instance", "address")
    table(columns, rows, "There is no project with a stage yet: `forge deploy IMAGE` makes one.")
    for one in found:
        if not one["active"]:
            line(f"{one['name']} was made from an unknown image and waits: `forge approve {one['name']}`.")
    for part_ in client.get("health")["parts"]:
        if not part_["ok"]:
            line(f"The {part_['kind']} {part_['name']} does not answer: {part_['fault']}")


def _rows(project: Mapping[str, Any], stage: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    name = f"{project['name']}/{stage['name']}"
    last = stage["last_deploy"]
    for one in sorted(stage["instances"], key=lambda one: (-one["deploy"], one["replica"])):
        said = one["status"] if one["serving"] else f"{one['status']}, not serving"
        number = f" (#{one['replica']})" if stage["replicas"] > 1 else ""
        yield name, one["tag"], short(one["digest"]), when(one["since"]), said, f"{one['id']}{number}", one["url"]
    if last and last["status"] not in {"succeeded", "superseded", "cancelled"}:
        yield name, last["tag"], short(last["digest"]), when(last["created"]), last["status"], f"#{last['id']}", ""
    elif not stage["instances"]:
        yield name, "", "", "", "nothing runs", "", ""
