"""sessions list|end: who is signed in where."""

from __future__ import annotations

import click

from forge.commands.client import part
from forge.commands.output import line, say_json, table, when
from forge.commands.state import Group, State, pass_state

_PATH = "sessions"


@click.group(cls=Group)
def sessions() -> None:
    """Browsers that are signed in."""


@sessions.command("list")
@pass_state
def list_all(state: State) -> None:
    """List them, the latest used first."""
    found = state.client().get(_PATH)
    if state.as_json:
        say_json(found)
        return
    rows = [
        (one["id"], one["name"], when(one["made"]), when(one["seen"]), one["address"], one["agent"][:60])
        for one in found
    ]
    table(("session", "who", "since", "used", "from", "by"), rows, "Nobody is signed in.")


@sessions.command("end")
@click.argument("session", required=False)
@click.option("--own", is_flag=True, help="All of your own; with the launch token those of the machine's owner.")
@pass_state
def end(state: State, session: str | None, *, own: bool) -> None:
    """End a session: the browser has to sign in again."""
    if (session is None) != own:
        raise click.UsageError("Say a session, as `forge sessions list` has it, or --own.")
    state.client().delete(_PATH if session is None else f"{_PATH}/{part(session)}")
    if state.as_json:
        say_json({"ended": session or "own"})
    else:
        line("Your sessions are over." if session is None else f"The session {session} is over.")
