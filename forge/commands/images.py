"""inspect: what Forge would make of an image."""

from __future__ import annotations

import click

from forge.commands.output import fields, line, say_json
from forge.commands.state import Command, State, pass_state


@click.command("inspect", cls=Command)
@click.argument("image")
@pass_state
def inspect(state: State, image: str) -> None:
    """Look at an IMAGE at its registry, and say what `forge deploy IMAGE` would make of it, and why."""
    found = state.client().post("images/inspect", {"image": image})
    if state.as_json:
        say_json(found)
        return
    why = found.pop("why")
    fields({"project": found.pop("name"), **found})
    for sentence in why:
        line(f"  {sentence}")
