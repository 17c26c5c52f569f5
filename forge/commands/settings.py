"""settings get|set."""

from __future__ import annotations

from typing import Any

import click

from forge.commands import pairs
from forge.commands.output import fields, line, plain, say_json
from forge.commands.state import Group, State, pass_state
from forge.config.shapes import PREFERENCES


@click.group(cls=Group)
def settings() -> None:
    """Settings that are changed while Forge runs."""


@settings.command("get")
@click.argument("name", required=False)
@pass_state
def get(state: State, name: str | None) -> None:
    """Show all settings, or one."""
    found = state.client().get("settings")
    if name is not None and name not in found:
        raise click.UsageError(f"There is no setting “{name[:60]}”: known are {', '.join(found)}.")
    if state.as_json:
        say_json(found if name is None else found[name])
    elif name is None:
        fields({one: _said(value) for one, value in found.items()})
    else:
        line(_said(found[name]))


@settings.command("set", epilog=pairs.HELP)
@click.argument("values", nargs=-1, required=True, metavar="KEY=VALUE...")
@pass_state
def set_(state: State, values: tuple[str, ...]) -> None:
    """Change settings, such as domain=example.org free_disk=2GiB."""
    client = state.client()
    found = client.put("settings", pairs.overlay(client.get("settings"), values, PREFERENCES))
    if state.as_json:
        say_json(found)
    else:
        line("The settings are changed.")


def _said(value: Any) -> str:
    """Also what has no value, such as host_paths: nobody would know that there is such a setting."""
    return plain(value) or "none"
