"""What waits for a person: sightings, approve, dismiss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from forge.commands.client import part
from forge.commands.deploys import deploy_number
from forge.commands.output import line, say_json, short, table, when
from forge.commands.state import Command, State, pass_state


@click.command("sightings", cls=Command)
@click.argument("project", required=False)
@click.option("--stage")
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True)
@pass_state
def sightings(state: State, project: str | None, stage: str | None, limit: int) -> None:
    """List the tags that were seen and what was decided, the newest first."""
    found = state.client().get("sightings", project=project, stage=stage, limit=limit)
    if state.as_json:
        say_json(found)
        return
    table(
        ("sighting", "stage", "tag", "digest", "by", "when", "decision", "why"),
        [
            (
                one["id"], f"{one['project']}/{one['stage']}", one["tag"], short(one["digest"]), one["source"],
                when(one["seen"]), one["decision"], one["reason"],
            )
            for one in found
        ],
        "No tag was seen yet.",
    )  # fmt: skip


@click.command("approve", cls=Command)
@click.argument("what", metavar="SIGHTING|PROJECT")
@pass_state
def approve(state: State, what: str) -> None:
    """Say yes to a tag that waits, or to a project that was made from an unknown image and to what waits for it."""
    client = state.client()
    if what.removeprefix("#").isdecimal():
        found = client.post(f"sightings/{deploy_number(what)}/approve")
        said = [_queued(found, found["id"])]
    else:
        found = client.post(f"projects/{part(what)}/approve")
        said = [f"Project {found['name']} may deploy.", *(_decided(one) for one in found["decided"])]
    if state.as_json:
        say_json(found)
        return
    for sentence in said:
        line(sentence)


def _decided(sighting: Mapping[str, Any]) -> str:
    if sighting["deploy"] is not None:
        return _queued(sighting, sighting["deploy"])
    return f"{sighting['tag']} is {sighting['decision']}: {sighting['reason']}."


def _queued(tag: Mapping[str, Any], deploy: int) -> str:
    return f"Deploy #{deploy} of {tag['tag']} to {tag['project']}/{tag['stage']} is queued."


@click.command("dismiss", cls=Command)
@click.argument("sighting")
@pass_state
def dismiss(state: State, sighting: str) -> None:
    """Say no to a tag that waits."""
    found = state.client().post(f"sightings/{deploy_number(sighting)}/dismiss")
    if state.as_json:
        say_json(found)
    else:
        line(f"{found['tag']} is not deployed to {found['project']}/{found['stage']}.")
