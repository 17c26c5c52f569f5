"""activity: what happened, and what happens."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import click

from forge.commands.client import Client, NotRunning, Refused
from forge.commands.output import count, line, plain, say_json, table, trying_again, when
from forge.commands.state import Command, State, pass_state

_PAGE = 200

Event = Mapping[str, Any]


@click.command("activity", cls=Command)
@click.option("--project", help="Only what concerns this project.")
@click.option("--follow", "-f", is_flag=True, help="Go on with what happens, the newest last.")
@click.option("--limit", type=click.IntRange(1, _PAGE), default=20, show_default=True, help="How many back.")
@pass_state
def activity(state: State, project: str | None, follow: bool, limit: int) -> None:
    """Show what happened and who caused it, the newest first."""
    client = state.client()
    found = client.get("activity", project=project, limit=limit)
    if follow:
        say = say_json if state.as_json else _say
        for event in found[::-1]:
            say(event)
        for event in _news(client, project, max((event["id"] for event in found), default=0)):
            say(event)
    elif state.as_json:
        say_json(found)
    else:
        rows = [(when(one["at"]), _where(one), told(one), one["actor"]) for one in found]
        table(("when", "where", "what", "by"), rows, "Nothing happened yet.")


def told(event: Event) -> str:
    """An event as a person says it."""
    payload = event["payload"]
    words = _WORDS.get(event["type"])
    return words(payload) if words else f"{event['type']}: {plain(payload)}"


def _say(event: Event) -> None:
    where = _where(event)
    line(f"{when(event['at'])} {where}{': ' if where else ''}{told(event)} ({event['actor']})")


def _where(event: Event) -> str:
    return "/".join(name for name in (event["project"], event["stage"]) if name)


def _news(client: Client, project: str | None, last: int) -> Iterator[Event]:
    """What is recorded after number `last`, without end. The stream only says when to look: the record says who."""
    from forge.commands.stream import follow  # noqa: PLC0415  slow to import

    for heard in follow(client, _topics(client), lost=trying_again):
        if heard["type"] in {"ping", "deploy_step"}:  # activity has no steps
            continue
        with contextlib.suppress(NotRunning, Refused):  # it is stopping: the next hello is a reason to look again
            for event in _after(client, project, last):
                last = event["id"]
                yield event


def _topics(client: Client) -> str:
    """Where to listen: an admin hears about people too, a token does not."""
    who = client.get("session")
    return "events?topics=state,people" if who["role"] == "admin" and who["token"] is None else "events"


def _after(client: Client, project: str | None, last: int) -> list[Event]:
    """All that is recorded after number `last`, the oldest first."""
    found: list[Event] = []
    before: int | None = None
    while True:
        page = client.get("activity", project=project, limit=_PAGE, before=before)
        fresh = [event for event in page if event["id"] > last]
        found += fresh
        if len(fresh) < _PAGE:
            return found[::-1]
        before = fresh[-1]["id"]


def _deploy(payload: Event) -> str:
    why = f": {payload['failure']}" if payload["failure"] else ""
    return f"deploy #{payload['id']} of {payload['tag']} {payload['status']}{why}"


def _instance(payload: Event) -> str:
    return (
        f"instance {payload['id']} of {payload['tag']} {payload['status']}{', serving' if payload['serving'] else ''}"
    )


def _connection(payload: Event) -> str:
    why = f": {payload['text']}" if payload.get("text") else ""
    return f"{payload['kind']} {payload['name']} {payload['change']}{why}"


_WORDS: Mapping[str, Callable[[Event], str]] = {
    "deploy_status": _deploy,
    "instance_status": _instance,
    "project_changed": lambda it: f"{'stage' if it['stage'] else 'project'} {it['change']}",
    "sighting": lambda it: f"{it['tag']} seen by {it['source']}, {it['decision']}: {it['reason']}",
    "receipt": lambda it: (
        f"delivery {it['id']} for {plain(it['images']) or 'no image'}, {it['decision']}: {it['reason']}"
    ),
    "connection_changed": _connection,
    "container_adopted": lambda it: f"made from the container {it['name']} on {it['engine']}",
    "container_stopped": lambda it: f"the container {it['name']} on {it['engine']} was stopped",
    "notification_failed": lambda it: f"{it['name']} was not told “{it['title']}”: {it['text']}",
    "oidc_changed": lambda it: (
        f"sign-in at {it['issuer']} was set up" if it["issuer"] else "sign-in at a provider was removed"
    ),
    "person_changed": lambda it: f"{it['name']}: {it['change'].replace('_', ' ')}",
    "signed_in": lambda it: f"{it['name']} signed in from {it['address'] or 'here'} by {it['how']}",
    "sign_in_failed": lambda it: f"{it['name'] or 'somebody'} did not get in from {it['address']}: wrong {it['why']}",
    "session_ended": lambda it: f"{count(it['many'], 'session', 'sessions')} of {it['name']} ended",
    "token_changed": lambda it: f"token {it['id']} “{it['name']}” of {it['person']} {it['change']}",
    "backup": lambda it: f"backup {it['change']}: {it['name'] or it['text']}",
    "settings_changed": lambda it: f"settings changed: {plain(it['names'])}",
}
