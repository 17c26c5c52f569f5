"""deploy, promote, rollback, retry, cancel, deploys, explain."""

from __future__ import annotations

from typing import Any

import click

from forge.commands.client import Client, Refused, part
from forge.commands.output import fields, line, say_json, short, table, when
from forge.commands.state import Command, State, pass_state

no_wait = click.option("--no-wait", is_flag=True, help="Only queue it; do not follow it.")


@click.command("deploy", cls=Command)
@click.argument("what", nargs=-1, required=True, metavar="PROJECT STAGE TAG | PROJECT/STAGE TAG | IMAGE")
@click.option("--digest", metavar="SHA256", help="Deploy this digest, instead of a tag.")
@click.option("--name", help="Quick deploy: the project's name.")
@click.option("--stage", "stage_name", help="Quick deploy: the stage's name.")
@click.option("--port", type=click.IntRange(1, 65535), help="Quick deploy: the port the image listens on.")
@click.option("--proxy", help="Quick deploy: the proxy that leads to it.")
@click.option("--health", metavar="PATH", help="Quick deploy: it is well when this path answers.")
@click.option("--env", "-e", "environment", multiple=True, metavar="NAME=VALUE", help="Quick deploy: a variable.")
@click.option(
    "--secret", multiple=True, metavar="NAME[=VARIABLE]",
    help="Quick deploy: a secret variable, read from VARIABLE (or NAME) of the environment, or asked for.",
)  # fmt: skip
@no_wait
@pass_state
def deploy(state: State, /, what: tuple[str, ...], digest: str | None, no_wait: bool, **quick: Any) -> None:
    """Deploy a tag (or --digest) to a stage, and follow it live.

    `forge deploy IMAGE` (a reference with / or :) inspects the image, makes project and stage where they are missing,
    and deploys it.
    """
    client = state.client()
    if len(what) == 1 and digest is None and _is_image(client, what[0]):
        queued = client.post("deploy", _quick(what[0], **quick))
    else:
        if given := [name for name, value in quick.items() if value]:
            raise click.UsageError(f"--{given[0].replace('_name', '')} goes with an image only.")
        project, stage, tag = _target(what, digest)
        body = {"digest": digest} if digest else {"tag": tag}
        queued = client.post(f"projects/{part(project)}/stages/{part(stage)}/deploys", body)
    go_on(state, client, queued, wait=not no_wait)


@click.command("promote", cls=Command)
@click.argument("where", nargs=-1, required=True, metavar="PROJECT STAGE")
@click.option("--tag", help="Which tag, where several serve the stage promoted from.")
@no_wait
@pass_state
def promote(state: State, where: tuple[str, ...], tag: str | None, no_wait: bool) -> None:
    """Deploy to STAGE what serves the stage that it is promoted from."""
    client = state.client()
    queued = client.post(f"{stage_path(where)}/promote", {"tag": tag})
    go_on(state, client, queued, wait=not no_wait)


@click.command("rollback", cls=Command)
@click.argument("where", nargs=-1, required=True, metavar="PROJECT STAGE")
@click.option("--to", "number", type=int, metavar="DEPLOY", help="To this deploy; else the one before what serves.")
@no_wait
@pass_state
def rollback(state: State, where: tuple[str, ...], number: int | None, no_wait: bool) -> None:
    """Deploy an earlier deploy's digest again, as it was configured."""
    client = state.client()
    queued = client.post(f"{stage_path(where)}/rollback", {"deploy": number})
    go_on(state, client, queued, wait=not no_wait)


@click.command("retry", cls=Command)
@click.argument("number", metavar="DEPLOY")
@no_wait
@pass_state
def retry(state: State, number: str, no_wait: bool) -> None:
    """Deploy the same tag and digest once more, quarantined or not."""
    client = state.client()
    go_on(state, client, client.post(f"deploys/{deploy_number(number)}/retry"), wait=not no_wait)


@click.command("cancel", cls=Command)
@click.argument("number", metavar="DEPLOY")
@pass_state
def cancel(state: State, number: str) -> None:
    """Cancel a deploy: a queued one ends at once, a running one is taken back."""
    found = state.client().post(f"deploys/{deploy_number(number)}/cancel")
    if state.as_json:
        say_json(found)
    else:
        asked = "is cancelled" if found["status"] == "cancelled" else "was told to stop: what it did is taken back"
        line(f"Deploy #{found['id']} {asked}.")


@click.command("deploys", cls=Command)
@click.argument("what", required=False, metavar="[PROJECT | DEPLOY]")
@click.option("--stage")
@click.option("--status", multiple=True, help="May be said several times.")
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True)
@pass_state
def deploys(state: State, what: str | None, stage: str | None, status: tuple[str, ...], limit: int) -> None:
    """List deploys, the newest first; or show one (42): its steps, and the last words of a failed candidate."""
    client = state.client()
    if what and what.removeprefix("#").isdecimal():
        _show(state, client.get(f"deploys/{deploy_number(what)}"))
        return
    found: list[dict[str, Any]] = []
    for one in status or (None,):
        found += client.get("deploys", project=what, stage=stage, status=one, limit=limit)
    found = sorted(found, key=lambda deploy: -deploy["id"])[:limit]
    if state.as_json:
        say_json(found)
        return
    table(
        ("deploy", "stage", "tag", "digest", "kind", "status", "by", "when", "failure"),
        [
            (
                f"#{one['id']}", f"{one['project']}/{one['stage']}", one["tag"], short(one["digest"]), one["kind"],
                one["status"], one["actor"], when(one["created"]), one["failure"],
            )
            for one in found
        ],
        "There is no such deploy." if what or stage or status else "There is no deploy yet.",
    )  # fmt: skip


_MARKS = {True: "✓", False: "✗", None: "·"}


@click.command("explain", cls=Command)
@click.argument("where", nargs=-1, required=True, metavar="PROJECT STAGE TAG")
@click.option("--digest", metavar="SHA256", help="What the tag is supposed to mean; else the registry is asked.")
@pass_state
def explain(state: State, where: tuple[str, ...], digest: str | None) -> None:
    """Say whether a tag would be deployed to a stage if it were pushed now, and why (not)."""
    project, stage, tag = _target(where, None)
    path = f"projects/{part(project)}/stages/{part(stage)}/explain"
    found = state.client().post(path, {"tag": tag, "digest": digest})
    if state.as_json:
        say_json(found)
        return
    line(f"{'Yes' if found['would'] else 'No'} ({found['decision']}): {found['reason']}")
    for check in found["checks"]:
        line(f"  {_MARKS[check['ok']]} {check['name']}: {check['text']}")


def stage_of(words: tuple[str, ...]) -> tuple[str, str]:
    """Read `shop dev` or `shop/dev`; raise UsageError."""
    said = words[0].split("/") if len(words) == 1 else list(words)
    if len(said) != 2 or not all(said):
        raise click.UsageError("Say which stage: PROJECT STAGE, or PROJECT/STAGE.")
    return said[0], said[1]


def stage_path(words: tuple[str, ...]) -> str:
    """Where the API has the stage that was said."""
    project, stage = stage_of(words)
    return f"projects/{part(project)}/stages/{part(stage)}"


def deploy_number(text: str) -> int:
    """Read `42` or `#42`; raise UsageError."""
    digits = text.removeprefix("#")
    if not digits.isascii() or not digits.isdecimal() or len(digits) > 9:
        raise click.UsageError(f"“{text[:40]}” is no deploy: say its number, such as 42.")
    return int(digits)


def _show(state: State, found: dict[str, Any]) -> None:
    from forge.commands.following import step_line  # noqa: PLC0415

    if state.as_json:
        say_json(found)
        return
    steps, words = found.pop("steps"), found.pop("last_words") or {}
    lines = words.pop("lines", [])
    found["switch"] = switch_line(found.pop("measured"))
    times = {name: when(found[name]) for name in ("created", "started", "ended")}
    fields({**found, **times, "last words": {name: value for name, value in words.items() if name != "probes"}})
    for one in steps:
        line(step_line(one))
    for one in lines:
        line(f"    {one['text']}")


def switch_line(measured: dict[str, Any] | None) -> str | None:
    """What the switch cost, as a sentence; None if it was not measured."""
    if measured is None:
        return None
    said = [f"{measured['failed']} of {measured['sent']} requests failed"]
    if measured["slowest"] is not None:
        said.append(f"the slowest took {measured['slowest']:.0f} ms")
    if measured["switch"] is not None:
        said.append(f"switched in {measured['switch']:.0f} ms")
    if measured["answered_by"] is not None:
        said.append(f"answered by {measured['answered_by']}")
    return ", ".join(said)


def go_on(state: State, client: Client, queued: dict[str, Any], *, wait: bool) -> None:
    """Follow a deploy to its end, or say that it is queued; ends the program with its exit code."""
    from forge.commands.following import follow_deploy  # noqa: PLC0415

    number, what = queued["id"], f"{queued['tag']} to {queued['project']}/{queued['stage']}"
    if queued["kind"] == "rollback":
        what += f" as in deploy #{queued['source']}"
    if not wait:
        if state.as_json:
            say_json(queued)
        else:
            line(f"Deploy #{number} of {what} is queued.")
        return
    if not state.as_json:
        line(f"Deploy #{number}: {what}")
    try:
        code = follow_deploy(client, number, as_json=state.as_json)
    except KeyboardInterrupt:
        click.echo(f"\nDeploy #{number} goes on: `forge logs -f {number}` follows it, `forge cancel {number}` ends it.")
        code = 130
    click.get_current_context().exit(code)


def _target(what: tuple[str, ...], digest: str | None) -> tuple[str, str, str]:
    *where, tag = what if digest is None else (*what, "")
    if not where or len(where) > 2:
        raise click.UsageError("Say PROJECT STAGE TAG, PROJECT/STAGE TAG, or an image such as ghcr.io/org/shop:v1.")
    project, stage = stage_of(tuple(where))
    return project, stage, tag


def _is_image(client: Client, text: str) -> bool:
    """`shop/dev` is a stage where there is one, else an image of Docker Hub."""
    if "/" not in text and ":" not in text:
        return False
    if text.count("/") == 1 and ":" not in text and "." not in text:
        try:
            client.get(stage_path((text,)))
        except Refused as error:
            return error.status == 404
        return False
    return True


def _quick(
    image: str,
    *,
    name: str | None,
    stage_name: str | None,
    port: int | None,
    proxy: str | None,
    health: str | None,
    environment: tuple[str, ...],
    secret: tuple[str, ...],
) -> dict[str, Any]:
    from forge.commands import pairs  # noqa: PLC0415  slow to import

    return {
        "image": image,
        "name": name,
        "stage": stage_name,
        "port": port,
        "proxy": proxy,
        "health": {"kind": "http", "path": health} if health else None,
        "environment": dict(one.partition("=")[::2] for one in environment),
        "secrets": pairs.secrets(secret),
    }
