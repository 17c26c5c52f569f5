"""project and stage: list, show, create, set, delete; a project's tags, and what is not applied yet."""

from __future__ import annotations

from typing import Any

import click

from forge.commands import pairs
from forge.commands.client import Client, part
from forge.commands.deploys import stage_of, stage_path
from forge.commands.output import clean, fields, line, say_json, table
from forge.commands.state import Group, State, pass_state
from forge.config.shapes import PROJECT, STAGE, Shape

# A project waits until a person approves it: that is a verb of its own.
_PROJECT = {key: form for key, form in PROJECT.items() if key != "active"}

secret = click.option(
    "--secret", "secrets", multiple=True, metavar="NAME[=VARIABLE]",
    help="A secret variable: its value is read from VARIABLE (or NAME) of the environment, or asked for. NAME- "
    "takes it away.",
)  # fmt: skip
yes = click.option("--yes", is_flag=True, help="Do not ask.")
volumes = click.option("--volumes", is_flag=True, help="Remove named volumes too, with all that is in them.")


@click.group(cls=Group)
def project() -> None:
    """Projects: an image repository and how to run it."""


@project.command("list")
@pass_state
def list_projects(state: State) -> None:
    """List the projects."""
    found = state.client().get("projects")
    if state.as_json:
        say_json(found)
        return
    rows = [
        (one["name"], one["image"], one["port"], one["proxy"], ", ".join(stage["name"] for stage in one["stages"]))
        for one in found
    ]
    table(("project", "image", "port", "proxy", "stages"), rows, "There is no project yet: `forge project create`.")


@project.command("show")
@click.argument("name")
@pass_state
def show_project(state: State, name: str) -> None:
    """Show a project's configuration and its stages."""
    _show(state, state.client().get(f"projects/{part(name)}"))


@project.command("create", epilog=pairs.HELP)
@click.argument("name")
@click.argument("image")
@click.argument("values", nargs=-1, metavar="port=PORT [KEY=VALUE]...")
@click.option("--stage", "stages", multiple=True, metavar="NAME[=PATTERN]", help="With this stage, such as dev=dev-*.")
@secret
@pass_state
def create_project(
    state: State, *, name: str, image: str, values: tuple[str, ...], stages: tuple[str, ...], secrets: tuple[str, ...]
) -> None:
    """Make a project of an IMAGE (without tag)."""
    body = pairs.overlay({"name": name, "image": image}, values, _PROJECT)
    if "port" not in body:
        raise click.UsageError("Say which port the image listens on, such as port=8080.")
    body["secrets"] = pairs.secrets(secrets)
    body["stages"] = [_new_stage(one) for one in stages]
    made = state.client().post("projects", body)
    _told(state, made, f"Project {name} is made.")


@project.command("set", epilog=pairs.HELP)
@click.argument("name")
@click.argument("values", nargs=-1, metavar="[KEY=VALUE]...")
@secret
@pass_state
def set_project(state: State, name: str, values: tuple[str, ...], secrets: tuple[str, ...]) -> None:
    """Change a project; what runs is not touched until the next deploy."""
    path = f"projects/{part(name)}"
    client = state.client()
    changed = _change(client, path, values, secrets, _PROJECT)
    _told(state, changed, f"Project {name} is changed; what runs is as it was until the next deploy.")
    if doubt := client.get(f"{path}/starts")["doubt"]:
        click.echo(f"{doubt}.", err=True)


@project.command("tags")
@click.argument("name")
@click.option(
    "--pattern", help="Only those that a stage with this pattern would take: glob:dev-*, regex:…, semver:^1.2."
)
@pass_state
def project_tags(state: State, name: str, pattern: str | None) -> None:
    """List the tags that a project's image has at its registry, one a line."""
    client = state.client()
    found = client.get(f"projects/{part(name)}/tags")
    if pattern is not None:
        found = client.post("patterns/match", {"pattern": pattern, "tags": found})
    if state.as_json:
        say_json(found)
        return
    for tag in found:
        line(tag)


@project.command("unapplied")
@click.argument("name")
@pass_state
def project_unapplied(state: State, name: str) -> None:
    """Show what was changed since the instances that serve went live: it has effect with the next deploy."""
    found = state.client().get(f"projects/{part(name)}/unapplied")
    if state.as_json:
        say_json(found)
        return
    rows = [(one["stage"], one["instance"], text) for one in found for text in one["differences"]]
    table(("stage", "instance", "difference"), rows, "All that serves runs as it is configured.")


@project.command("starts")
@click.argument("name")
@pass_state
def project_starts(state: State, name: str) -> None:
    """Show how long its instances took to become healthy, and whether its time-out leaves them that."""
    found = state.client().get(f"projects/{part(name)}/starts")
    if state.as_json:
        say_json(found)
        return
    if not found["count"]:
        line("None of its instances has become healthy yet.")
        return
    limit = "worked out from that" if found["limit"] is None else f"{found['limit']:g} s"
    line(f"Of {found['count']} starts: typical {found['typical']:.1f} s, slowest {found['slowest']:.1f} s.")
    line(f"The limit: {limit}.")
    if found["doubt"]:
        line(f"{found['doubt']}.")


@project.command("delete")
@click.argument("name")
@yes
@volumes
@pass_state
def delete_project(state: State, name: str, yes: bool, volumes: bool) -> None:
    """Delete a project: stop and remove all of it."""
    _delete(state, f"projects/{part(name)}", f"project {name}", yes=yes, volumes=volumes)


@click.group(cls=Group)
def stage() -> None:
    """Stages: which tags belong there, and how they go live."""


@stage.command("list")
@click.argument("project")
@pass_state
def list_stages(state: State, project: str) -> None:
    """List a project's stages."""
    found = state.client().get(f"projects/{part(project)}")["stages"]
    if state.as_json:
        say_json(found)
        return
    rows = [
        (one["name"], one["pattern"], one["auto_deploy"], one["promote_from"], one["update"]["mode"], one["strategy"])
        for one in found
    ]
    table(("stage", "tags", "automatic", "promoted from", "update", "strategy"), rows, "It has no stage yet.")


@stage.command("show")
@click.argument("where", nargs=-1, required=True, metavar="PROJECT STAGE")
@pass_state
def show_stage(state: State, where: tuple[str, ...]) -> None:
    """Show a stage's configuration and what runs there."""
    _show(state, state.client().get(stage_path(where)))


@stage.command("create", epilog=pairs.HELP)
@click.argument("project")
@click.argument("name")
@click.argument("values", nargs=-1, metavar="[KEY=VALUE]...")
@secret
@pass_state
def create_stage(state: State, project: str, name: str, values: tuple[str, ...], secrets: tuple[str, ...]) -> None:
    """Add a stage to a project, such as `forge stage create shop dev pattern=dev-*`."""
    body = pairs.overlay({"name": name}, values, STAGE) | {"secrets": pairs.secrets(secrets)}
    made = state.client().post(f"projects/{part(project)}/stages", body)
    _told(state, made, f"Stage {project}/{name} is made.")


@stage.command("set", epilog=pairs.HELP)
@click.argument("project")
@click.argument("name")
@click.argument("values", nargs=-1, metavar="[KEY=VALUE]...")
@secret
@pass_state
def set_stage(state: State, project: str, name: str, values: tuple[str, ...], secrets: tuple[str, ...]) -> None:
    """Change a stage; what runs is not touched until the next deploy."""
    changed = _change(state.client(), stage_path((project, name)), values, secrets, STAGE)
    _told(state, changed, f"Stage {project}/{name} is changed; what runs is as it was until the next deploy.")


@stage.command("delete")
@click.argument("where", nargs=-1, required=True, metavar="PROJECT STAGE")
@yes
@volumes
@pass_state
def delete_stage(state: State, where: tuple[str, ...], yes: bool, volumes: bool) -> None:
    """Delete a stage: stop and remove what runs there."""
    _delete(state, stage_path(where), f"stage {'/'.join(stage_of(where))}", yes=yes, volumes=volumes)


def _new_stage(text: str) -> dict[str, Any]:
    name, equals, pattern = text.partition("=")
    return {"name": name, "pattern": pattern} if equals else {"name": name}


def _change(
    client: Client, path: str, values: tuple[str, ...], secrets: tuple[str, ...], shape: Shape
) -> dict[str, Any]:
    """What is kept with the changes over it; the API replaces the whole."""
    if not values and not secrets:
        raise click.UsageError("Say what to change: KEY=VALUE, or --secret.")
    if any(value.partition("=")[0] == "name" for value in values):
        what = "project" if shape is _PROJECT else "stage"
        raise click.UsageError(f"A {what} cannot be renamed: make another, and delete this one.")
    before = client.get(path)
    body = pairs.overlay({key: before[key] for key in shape}, values, shape)
    changed: dict[str, Any] = client.put(path, body | {"secrets": pairs.secrets(secrets)})
    return changed


def _delete(state: State, path: str, what: str, *, yes: bool, volumes: bool) -> None:
    client = state.client()
    found = client.get(f"{path}/deletion")
    if not yes:
        _say_what_goes(found, what, volumes=volumes)
        click.confirm(f"Delete {what}?", abort=True, err=True)
    done = client.delete(path, volumes=volumes)
    _told(state, done, f"{what[0].upper()}{what[1:]} is deleted.")
    for name in () if state.as_json else done["kept_volumes"]:
        line(f"The volume {name} is kept, and found again if the stage is made again; or: docker volume rm {name}")


def _say_what_goes(found: dict[str, Any], what: str, *, volumes: bool) -> None:
    click.echo(f"Deleting {what} stops and removes:", err=True)
    more = {"deploys": " (queued; cancelled)", "volumes": "" if volumes else " (kept, without --volumes)"}
    for kind in ("stages", "instances", "routes", "images", "deploys", "volumes"):
        for name in found[kind]:
            click.echo(clean(f"  {kind.removesuffix('s')} {name}{more.get(kind, '')}"), err=True)


def _show(state: State, found: dict[str, Any]) -> None:
    if state.as_json:
        say_json(found)
    else:
        flat = {name: value for name, value in found.items() if name not in {"stages", "instances", "last_deploy"}}
        fields(flat)
        for one in found.get("stages", []):
            line(f"stage {one['name']}: {one['pattern']}")
        for one in found.get("instances", []):
            line(f"instance {one['id']}: {one['tag']}, {one['status']}{', serving' if one['serving'] else ''}")


def _told(state: State, value: Any, sentence: str) -> None:
    if state.as_json:
        say_json(value)
    else:
        line(sentence)
