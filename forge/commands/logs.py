"""logs: what an instance writes, or what a deploy did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from forge.commands.client import Client, part
from forge.commands.deploys import deploy_number, stage_path
from forge.commands.output import clean, line, say_json, trying_again, when
from forge.commands.state import Command, State, pass_state

_TAIL = 200


@click.command("logs", cls=Command)
@click.argument("what", metavar="INSTANCE | PROJECT/STAGE | DEPLOY")
@click.option("--follow", "-f", is_flag=True, help="Go on with new lines as they are written.")
@click.option("--tail", type=click.IntRange(1, 5000), default=_TAIL, show_default=True, help="How many lines back.")
@pass_state
def logs(state: State, what: str, follow: bool, tail: int) -> None:
    """Show the log of an instance (a1b2c3), of what serves a stage (shop/dev), or of a deploy (42)."""
    client = state.client()
    if what.startswith("#") or (what.isdecimal() and len(what) != 6):
        _deploy(state, client, deploy_number(what), follow=follow, tail=tail)
        return
    instance = part(_serving(client, what) if "/" in what else what)
    # first the newest lines, then the live ones: a line between the two is told twice rather than not at all
    lines = client.get(f"instances/{instance}/logs", tail=tail)
    for one in lines:
        _say(state, one)
    if follow:
        _live(state, client, instance, after=lines[-1]["at"] if lines else 0)


def _deploy(state: State, client: Client, number: int, *, follow: bool, tail: int) -> None:
    from forge.commands.following import follow_deploy, say_if_gone  # noqa: PLC0415

    if follow:
        click.get_current_context().exit(follow_deploy(client, number, as_json=state.as_json))
    lines = client.get(f"deploys/{number}/logs", limit=5000)
    if not lines:
        say_if_gone(client, number)
    for one in lines[-tail:]:
        if state.as_json:
            say_json(one)
        else:
            line(f"{when(one['at'])} {one['level']:<7} {one['text']}")


def _serving(client: Client, where: str) -> str:
    instances = client.get(f"{stage_path((where,))}/instances")
    if not instances:
        raise click.ClickException(f"Nothing runs in {where}.")
    return str(max(instances, key=lambda one: (one["serving"], one["created"]))["id"])


def _live(state: State, client: Client, instance: str, after: float) -> None:
    from forge.commands.stream import follow  # noqa: PLC0415

    for event in follow(client, f"instances/{instance}/logs", lost=trying_again):
        if event["type"] == "instance_log" and event["payload"]["at"] > after:
            _say(state, event["payload"])


def _say(state: State, one: Mapping[str, Any]) -> None:
    if state.as_json:
        say_json(one)
    else:
        click.echo(clean(one["text"]), err=one["stream"] == "err")
