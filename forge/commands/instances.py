"""instance start|stop|restart|remove|show."""

from __future__ import annotations

import click

from forge.commands.client import part
from forge.commands.output import fields, line, say_json, when
from forge.commands.state import Group, State, pass_state


@click.group(cls=Group)
def instance() -> None:
    """What runs: start, stop, restart, remove."""


@instance.command("show")
@click.argument("id")
@pass_state
def show(state: State, id: str) -> None:
    """Show an instance."""
    found = state.client().get(f"instances/{part(id)}")
    if state.as_json:
        say_json(found)
    else:
        fields({**found, "created": when(found["created"]), "since": when(found["since"])})


def _verb(verb: str, summary: str) -> None:
    @instance.command(verb, help=summary)
    @click.argument("id")
    @pass_state
    def do(state: State, id: str) -> None:
        found = state.client().post(f"instances/{part(id)}/{verb}")
        if state.as_json:
            say_json(found)
        else:
            line(f"Instance {found['id']} of {found['project']}/{found['stage']} is {found['status']}.")


_verb("start", "Start an instance that was stopped, or that ended.")
_verb("stop", "Stop an instance; it stays stopped until it is started or replaced.")
_verb("restart", "Stop and start an instance.")


@instance.command("remove")
@click.argument("id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_state
def remove(state: State, id: str, yes: bool) -> None:
    """Stop an instance and take its container away; what serves takes its route along."""
    client = state.client()
    found = client.get(f"instances/{part(id)}")
    if not yes:
        what = f"instance {found['id']} of {found['project']}/{found['stage']} ({found['tag']}"
        serves = f", serves {found['url']})" if found["url"] else ")"
        click.confirm(f"This stops and removes {what}{serves}. Remove it?", abort=True, err=True)
    client.delete(f"instances/{part(id)}")
    if state.as_json:
        say_json({"removed": found["id"]})
    else:
        line(f"Instance {found['id']} is removed.")
