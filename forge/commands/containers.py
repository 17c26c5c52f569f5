"""container list|show|adopt|stop."""

from __future__ import annotations

from typing import Any

import click

from forge.commands.client import Client, part
from forge.commands.deploys import go_on, no_wait
from forge.commands.output import fields, line, say_json, table, when
from forge.commands.state import Group, State, pass_state

_engine = click.option("--engine", default="local", show_default=True, help="The engine that it runs on.")


@click.group(cls=Group)
def container() -> None:
    """Containers that Forge did not make: list, show, adopt, stop. Forge never removes one."""


@container.command("list")
@_engine
@pass_state
def list_all(state: State, engine: str) -> None:
    """List the engine's containers that could be adopted."""
    found = state.client().get(_path(engine))
    if state.as_json:
        say_json(found)
        return
    rows = [
        (one["name"], one["image"], one["status"], _ports(one), when(one["created"]), _place(one["adopted"]))
        for one in found
    ]
    table(("container", "image", "status", "ports", "made", "adopted as"), rows, "There is no other container.")


@container.command("show")
@click.argument("name")
@_engine
@pass_state
def show(state: State, name: str, engine: str) -> None:
    """Show what Forge would take over, and what it cannot."""
    client = state.client()
    plan = client.get(_path(engine, _find(client, engine, name)))
    if state.as_json:
        say_json(plan)
    else:
        _say(plan)


@container.command("adopt")
@click.argument("name")
@_engine
@click.option("--name", "project", help="The project's name; else one made of the container's.")
@click.option("--stage", help="The stage's name; else guessed from the tag.")
@click.option("--pattern", help="Which tags belong there, such as glob:dev-*.")
@click.option("--port", type=click.IntRange(1, 65535), help="The port it listens on inside.")
@click.option("--manual", is_flag=True, help="New tags do not go live by themselves.")
@click.option("--keep-port", is_flag=True, help="People keep reaching it at the port of this machine that it has now.")
@click.option("--share", is_flag=True, help="Two may use its volumes at once.")
@click.option("--secret", "secrets", multiple=True, metavar="NAME", help="Keep this variable as a secret too.")
@click.option("--allow", "host_paths", multiple=True, metavar="FOLDER", help="Forge may use this folder from now on.")
@click.option("--stop-first", is_flag=True, help="It may be stopped before Forge's instance starts.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@no_wait
@pass_state
def adopt(state: State, /, name: str, engine: str, yes: bool, no_wait: bool, **wish: Any) -> None:
    """Make a project of a container, and deploy the same digest. The container itself is never removed."""
    client = state.client()
    path = _path(engine, _find(client, engine, name))
    plan = client.get(path)
    if not yes:
        _say(plan, err=True)
        click.confirm("Adopt it?", abort=True, err=True)
    queued = client.post(f"{path}/adopt", _wish(plan, **wish))
    go_on(state, client, queued, wait=not no_wait)


@container.command("stop")
@click.argument("name")
@_engine
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_state
def stop(state: State, name: str, engine: str, yes: bool) -> None:
    """Stop a container whose adopted stage serves. It stays there, with all that it wrote."""
    client = state.client()
    path = _path(engine, _find(client, engine, name))
    if not yes:
        click.confirm(f"This stops {name}; it is not removed, and can be started again. Stop it?", abort=True, err=True)
    stopped = client.post(f"{path}/stop")
    if state.as_json:
        say_json(stopped)
    else:
        line(f"{name} is stopped: {_place(stopped)} serves.")


def _path(engine: str, id: str | None = None) -> str:
    path = f"engines/{part(engine)}/containers"
    return path if id is None else f"{path}/{part(id)}"


def _find(client: Client, engine: str, name: str) -> str:
    """The id of the container of that name; what is no name may be an id, or the beginning of one."""
    return next((one["id"] for one in client.get(_path(engine)) if one["name"] == name), name)


def _wish(plan: dict[str, Any], *, project: str | None, manual: bool, **wish: Any) -> dict[str, Any]:
    """What was said, and what the plan says where nothing was."""
    guessed = {key: wish.pop(key) or plan[key] for key in ("stage", "pattern", "port")}
    lists = {key: list(wish.pop(key)) for key in ("secrets", "host_paths")}
    named = {"name": project or plan["name"], "health": plan["health"], "auto_deploy": not manual}
    return {**named, **guessed, **lists, **wish}


def _say(plan: dict[str, Any], *, err: bool = False) -> None:
    """The plan as a person reads it."""
    if plan["obstacle"]:
        click.echo(plan["obstacle"], err=err)
        return
    variables = [f"{one['name']} (secret)" if one["secret"] else one["name"] for one in plan["variables"]]
    shown = {
        "project": plan["name"],
        "stage": plan["stage"],
        "tags": plan["pattern"],
        "image": f"{plan['image']}:{plan['tag']}",
        "port": plan["port"],
        "variables": variables,
        "volumes": [f"{one['source'] or one['kind']} at {one['path']}" for one in plan["volumes"]],
        "cannot run beside it": [one["path"] for one in plan["volumes"] if one["exclusive"]],
        "to be allowed": plan["host_paths"],
        "networks": plan["networks"],
        "reaches by name": plan["neighbours"],
    }
    fields(shown, err=err)
    for one in plan["beyond"]:
        line(f"not taken over: {one['text']}", err=err)


def _ports(one: dict[str, Any]) -> list[str]:
    return [f"{port['publish']}:{port['port']}" for port in one["ports"]]


def _place(adopted: dict[str, Any] | None) -> str:
    return f"{adopted['project']}/{adopted['stage']}" if adopted else ""
