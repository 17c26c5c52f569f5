"""notification list|show|add|set|remove|test|deliveries|retry: who is told of what, elsewhere."""

from __future__ import annotations

from typing import Any

import click

from forge.commands import pairs
from forge.commands.client import part
from forge.commands.deploys import deploy_number
from forge.commands.output import fields, line, say_json, table, when
from forge.commands.state import Group, State, pass_state
from forge.config.shapes import NOTIFICATION

_PATH = "notifications"
_EXAMPLE = "ops kind=apprise occasions=deploy_failed,deploy_stuck --address OPS_URL"

_address = click.option(
    "--address", is_flag=False, flag_value="", metavar="VARIABLE",
    help="Read the Apprise URL or the webhook's URL from VARIABLE of the environment; without it, it is asked for.",
)  # fmt: skip
_key = click.option(
    "--key", is_flag=False, flag_value="", metavar="VARIABLE",
    help="Read the key that a webhook is signed with, in the same way.",
)  # fmt: skip


@click.group(cls=Group)
def notification() -> None:
    """Who is told of what elsewhere: by any service that Apprise knows, or by a signed webhook."""


@notification.command("list")
@click.option("--for", "place", metavar="PROJECT[/STAGE]", help="Say who is told of what happens there.")
@pass_state
def list_all(state: State, place: str | None) -> None:
    """List all notifications, and how the last message of each went."""
    if place is not None:
        _applying(state, place)
        return
    found = state.client().get(_PATH)
    if state.as_json:
        say_json(found)
        return
    rows = [
        (one["name"], one["address"] or one["kind"], _place(one), one["occasions"], one["active"], _last(one["last"]))
        for one in found
    ]
    columns = ("name", "to", "of", "occasions", "active", "last")
    table(columns, rows, f"There is none yet: `forge notification add {_EXAMPLE}`.")


@notification.command("show")
@click.argument("name")
@pass_state
def show(state: State, name: str) -> None:
    """Show one. Its address is never shown again."""
    found = state.client().get(f"{_PATH}/{part(name)}")
    if state.as_json:
        say_json(found)
    else:
        fields({**found, "last": _last(found["last"])})


@notification.command("add", epilog=pairs.HELP)
@click.argument("name")
@click.argument("values", nargs=-1, metavar="[KEY=VALUE]...")
@_address
@_key
@pass_state
def add(state: State, name: str, values: tuple[str, ...], address: str | None, key: str | None) -> None:
    """Have somebody told: NAME kind=apprise|webhook|nobody [project=P stage=S occasions=A,B] --address VARIABLE."""
    body = pairs.overlay({"name": name}, values, NOTIFICATION) | _secrets(address, key)
    _told(state, state.client().post(_PATH, body), f"The notification {name} is added. Try it: test {name}")


@notification.command("set", epilog=pairs.HELP)
@click.argument("name")
@click.argument("values", nargs=-1, metavar="[KEY=VALUE]...")
@_address
@_key
@pass_state
def set_(state: State, name: str, values: tuple[str, ...], address: str | None, key: str | None) -> None:
    """Change one; an address or a key that is not given stays."""
    client, path = state.client(), f"{_PATH}/{part(name)}"
    before = client.get(path)
    body = pairs.overlay({key: before[key] for key in NOTIFICATION}, values, NOTIFICATION)
    _told(state, client.put(path, body | _secrets(address, key)), f"The notification {name} is changed.")


@notification.command("remove")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_state
def remove(state: State, name: str, *, yes: bool) -> None:
    """Forget one, with its address and what waits for it."""
    client, path = state.client(), f"{_PATH}/{part(name)}"
    waiting = client.get(path)["waiting"]
    if not yes:
        more = f", and {waiting} that wait are not sent" if waiting else ""
        click.confirm(f"Forge forgets the notification {name} and its address{more}. Remove it?", abort=True, err=True)
    client.delete(path)
    _told(state, {"removed": name}, f"The notification {name} is removed.")


@notification.command("test")
@click.argument("name")
@pass_state
def test(state: State, name: str) -> None:
    """Send a message now, and say what the other side answered."""
    found = state.client().post(f"{_PATH}/{part(name)}/test")
    mark = "✓" if found["ok"] else "✗"
    _told(state, found, f"{mark} {found['text']} ({found['milliseconds']:.0f} ms)")
    click.get_current_context().exit(0 if found["ok"] else 8)


@notification.command("deliveries")
@click.argument("name")
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True)
@pass_state
def deliveries(state: State, name: str, limit: int) -> None:
    """List what was sent to one, what waits and what failed, the newest first."""
    found = state.client().get(f"{_PATH}/{part(name)}/deliveries", limit=limit)
    if state.as_json:
        say_json(found)
        return
    rows = [
        (one["id"], when(one["at"]), one["status"], one["attempts"], one["title"], one["answer"], _again(one))
        for one in found
    ]
    columns = ("delivery", "when", "status", "tries", "title", "answer", "again")
    table(columns, rows, "Nothing was sent yet.")


@notification.command("retry")
@click.argument("name")
@click.argument("number")
@pass_state
def retry(state: State, name: str, number: str) -> None:
    """Send one now that was not sent."""
    found = state.client().post(f"{_PATH}/{part(name)}/deliveries/{deploy_number(number)}/retry")
    _told(state, found, f"Delivery {number} is sent again.")


def _applying(state: State, place: str) -> None:
    project, _, stage = place.partition("/")
    found = state.client().get("applying-notifications", project=project, stage=stage or None)
    if state.as_json:
        say_json(found)
    else:
        table(("occasion", "told"), [(one["occasion"], one["names"] or "nobody") for one in found])


def _secrets(address: str | None, key: str | None) -> dict[str, str]:
    given = (("address", address, "Address"), ("key", key, "Key"))
    return {
        name: pairs.secret_value(variable, what, ask=not variable)
        for name, variable, what in given
        if variable is not None
    }


def _place(one: dict[str, Any]) -> str:
    return "/".join(part for part in (one["project"], one["stage"]) if part) or "everywhere"


def _last(delivery: dict[str, Any] | None) -> str:
    if delivery is None:
        return ""
    why = f": {delivery['answer']}" if delivery["status"] != "sent" else ""
    return f"{delivery['status']} {when(delivery['ended'] or delivery['due'])}{why}"


def _again(delivery: dict[str, Any]) -> str:
    return when(delivery["due"]) if delivery["status"] == "waiting" else ""


def _told(state: State, value: Any, sentence: str) -> None:
    if state.as_json:
        say_json(value)
    else:
        line(sentence)
