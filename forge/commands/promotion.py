"""promotion: which digest is where, since when, and what may go on to the next stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click

from forge.commands.client import part
from forge.commands.output import say_json, short, table, when
from forge.commands.state import Command, State, pass_state


@click.command("promotion", cls=Command)
@click.argument("project")
@pass_state
def promotion(state: State, project: str) -> None:
    """Show which digest serves which stage, since when, what may go on to the next stage, and why not yet."""
    found = state.client().get(f"projects/{part(project)}/promotion")
    if state.as_json:
        say_json(found)
        return
    rows = [row for place in found for row in _rows(place)]
    table(("stage", "tag", "digest", "since", "state"), rows, "It has no stage yet.")


def _rows(place: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    for one in place["serving"]:
        said = "serves" if one["healthy_since"] is not None else "serves, not well"
        yield place["stage"], one["tag"], short(one["digest"]), when(one["since"]), said
    for one in place["next"]:
        said = one["obstacle"] or f"may come from {place['promote_from']}"
        yield place["stage"], one["tag"], short(one["digest"]), "", said
    if not place["serving"] and not place["next"]:
        yield place["stage"], "", "", "", "nothing serves"
