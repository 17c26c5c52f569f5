"""webhook show|regenerate|signing-key|receipts|receipt|replay."""

from __future__ import annotations

from typing import Any

import click

from forge.commands import pairs
from forge.commands.deploys import deploy_number
from forge.commands.output import fields, line, say_json, table, when
from forge.commands.state import Group, State, pass_state


@click.group(cls=Group)
def webhook() -> None:
    """The address where registries tell of new tags, and what became of each delivery."""


@webhook.command("show")
@pass_state
def show(state: State) -> None:
    """Show the address to enter at a registry. It holds a secret: whoever has it can make Forge look."""
    _address(state, state.client().get("settings/webhook"))


@webhook.command("regenerate")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_state
def regenerate(state: State, yes: bool) -> None:
    """Make the address anew; the old one is dead at once."""
    if not yes:
        click.confirm("Every registry that has the old address must be told the new one. Go on?", abort=True, err=True)
    _address(state, state.client().post("settings/webhook/regenerate"))


@webhook.command("signing-key")
@click.argument("variable", required=False)
@click.option("--none", "none", is_flag=True, help="Deliveries are no longer signed.")
@pass_state
def signing_key(state: State, variable: str | None, none: bool) -> None:
    """Set the key that deliveries are signed with, from VARIABLE of the environment; without it, it is asked for."""
    key = None if none else pairs.secret_value(variable or "", "Signing key", ask=variable is None)
    state.client().put("settings/webhook/signing-key", {"signing_key": key})
    if not state.as_json:
        line("Deliveries are no longer signed." if none else "The signing key is set.")


@webhook.command("receipts")
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True)
@pass_state
def receipts(state: State, limit: int) -> None:
    """List what became of each delivery, the newest first."""
    found = state.client().get("webhook/receipts", limit=limit)
    if state.as_json:
        say_json(found)
        return
    rows = [
        (one["id"], when(one["at"]), one["vendor"], ", ".join(one["images"]), one["signature"], one["decision"],
         one["reason"])
        for one in found
    ]  # fmt: skip
    columns = ("receipt", "when", "vendor", "images", "signature", "decision", "why")
    table(columns, rows, "No delivery came yet.")


@webhook.command("receipt")
@click.argument("number")
@pass_state
def receipt(state: State, number: str) -> None:
    """Show one delivery, with its body."""
    _receipt(state, state.client().get(f"webhook/receipts/{deploy_number(number)}"))


@webhook.command("replay")
@click.argument("number")
@pass_state
def replay(state: State, number: str) -> None:
    """Look again at what a delivery named."""
    _receipt(state, state.client().post(f"webhook/receipts/{deploy_number(number)}/replay"))


def _address(state: State, found: dict[str, Any]) -> None:
    if state.as_json:
        say_json(found)
    else:
        line(found["url"])


def _receipt(state: State, found: dict[str, Any]) -> None:
    if state.as_json:
        say_json(found)
    else:
        fields({**found, "at": when(found["at"])})
