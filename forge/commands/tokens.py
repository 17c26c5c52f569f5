"""token list|add|remove: what programs sign in with."""

from __future__ import annotations

import re
import time
from typing import Any

import click

from forge.commands.output import line, say_json, table, when
from forge.commands.state import Group, State, pass_state

_PATH = "tokens"
_UNITS = {"h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}


@click.group(cls=Group)
def token() -> None:
    """API tokens: what programs such as CI sign in with."""


@token.command("list")
@pass_state
def list_all(state: State) -> None:
    """List them, the newest first."""
    found = state.client().get(_PATH)
    if state.as_json:
        say_json(found)
        return
    rows = [
        (one["id"], one["name"], one["person"] or "the machine's owner", one["role"], _place(one), when(one["used"]),
         _until(one))
        for one in found
    ]  # fmt: skip
    table(("token", "name", "of", "role", "for", "used", "until"), rows, "There is none yet: `forge token add NAME`.")


@token.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(["viewer", "deployer", "admin"]), default="deployer", show_default=True)
@click.option(
    "--for", "place", metavar="PROJECT[/STAGE]", help="It reaches this project only, and writes this stage only."
)
@click.option("--expires", metavar="TIME", help="When it is over: 12h, 90d, 8w from now.  [default: never]")
@pass_state
def add(state: State, name: str, role: str, place: str | None, expires: str | None) -> None:
    """Make one; it is printed this once."""
    project, _, stage = (place or "").partition("/")
    body = {
        "name": name, "role": role, "project": project or None, "stage": stage or None,
        "expires": None if expires is None else time.time() + _seconds(expires),
    }  # fmt: skip
    made = state.client().post(_PATH, body)
    if state.as_json:
        say_json(made)
        return
    line(
        f"Token {made['id']} is made. It is shown this once; a program sends it as “Authorization: Bearer …”:", err=True
    )
    line(made["secret"])


@token.command("remove")
@click.argument("number", type=click.IntRange(1))
@pass_state
def remove(state: State, number: int) -> None:
    """End one: it opens nothing from now on."""
    state.client().delete(f"{_PATH}/{number}")
    if state.as_json:
        say_json({"ended": number})
    else:
        line(f"Token {number} opens nothing any more.")


def _seconds(text: str) -> float:
    found = re.fullmatch(r"([1-9][0-9]{0,4})([hdw])", text)
    if found is None:
        raise click.UsageError(f"“{text}” is no time: say 12h, 90d or 8w.")
    return int(found[1]) * _UNITS[found[2]]


def _place(one: dict[str, Any]) -> str:
    return "/".join(part for part in (one["project"], one["stage"]) if part) or "everything"


def _until(one: dict[str, Any]) -> str:
    if one["ended"] is not None:
        return f"ended {when(one['ended'])}"
    return when(one["expires"]) if one["expires"] is not None else "removed"
