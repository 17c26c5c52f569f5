"""oidc show|set|test|remove: sign-in at a provider of OpenID Connect."""

from __future__ import annotations

from typing import Any

import click

from forge.commands import pairs
from forge.commands.output import fields, line, say_json
from forge.commands.state import Group, State, pass_state
from forge.config.shapes import OIDC
from forge.config.units import write_duration

_PATH = "oidc"
_SIMPLE = {key: form for key, form in OIDC.items() if key != "groups"}


@click.group(cls=Group)
def oidc() -> None:
    """Sign-in at a provider of OpenID Connect, whose groups say what people may."""


@oidc.command("show")
@pass_state
def show(state: State) -> None:
    """Show the provider that is set up, and where it has to send people back to."""
    found = state.client().get(_PATH)
    if state.as_json:
        say_json(found)
        return
    if found["oidc"] is None:
        line(
            "No provider is set up: `forge oidc set issuer=https://… client_id=… --secret VARIABLE --group ops=admin`."
        )
    else:
        said = {**found["oidc"], "groups": [_written(group) for group in found["oidc"]["groups"]]}
        fields({**said, "others": said["others"] or "refused", "session_lasts": write_duration(said["session_lasts"])})
    line(f"The provider has to send people back to {found['redirect_uri']}")
    line(f"It can say here whom it signed out:     {found['logout_uri']}")


@oidc.command("set", epilog=pairs.HELP)
@click.argument("values", nargs=-1, metavar="[KEY=VALUE]...")
@click.option(
    "--group", "groups", multiple=True, metavar="GROUP=ROLE[:PROJECT,…]",
    help="What the people of a group may; may be said more than once. GROUP= takes one away, the others stay.",
)  # fmt: skip
@click.option(
    "--secret", is_flag=False, flag_value="", metavar="VARIABLE",
    help="Read the client's secret from VARIABLE of the environment; without it, it is asked for.",
)  # fmt: skip
@pass_state
def set_(state: State, values: tuple[str, ...], groups: tuple[str, ...], secret: str | None) -> None:
    """Set the provider up, or change it: issuer=https://id.example.org client_id=forge."""
    client = state.client()
    before = client.get(_PATH)["oidc"] or {}
    body = pairs.overlay({key: before[key] for key in OIDC if key in before}, values, _SIMPLE)
    body["groups"] = _grouped(before.get("groups", []), groups)
    if missing := [key for key in ("issuer", "client_id") if not body.get(key)]:
        raise click.UsageError(f"Say also {missing[0]}=….")
    if secret is not None:
        body["secret"] = pairs.secret_value(secret, "Secret", ask=not secret)
    _told(state, client.put(_PATH, body), "The provider is set up. Try it: forge oidc test")


@oidc.command("test")
@pass_state
def test(state: State) -> None:
    """Ask the provider, and say exactly what is wrong."""
    found = state.client().post(f"{_PATH}/test")
    _told(state, found, f"{'✓' if found['ok'] else '✗'} {found['text']}")
    click.get_current_context().exit(0 if found["ok"] else 8)


@oidc.command("remove")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_state
def remove(state: State, *, yes: bool) -> None:
    """Let nobody sign in there any more; people, and who is signed in, stay."""
    client = state.client()
    if not yes:
        click.confirm(
            "Nobody can sign in at the provider any more, and Forge forgets the client's secret. Remove it?",
            abort=True, err=True,
        )  # fmt: skip
    client.delete(_PATH)
    _told(state, {"removed": _PATH}, "The provider is removed.")


def _grouped(before: list[dict[str, Any]], given: tuple[str, ...]) -> list[dict[str, Any]]:
    found = {group["group"]: group for group in before}
    for said in given:
        group, equals, right = said.rpartition("=")
        if not equals or not group:
            raise click.UsageError(f"“{said[:60]}” is no GROUP=ROLE.")
        role, colon, projects = right.partition(":")
        if not role:
            found.pop(group, None)
            continue
        names = [name.strip() for name in projects.split(",") if name.strip()]
        found[group] = {"group": group, "role": role, "projects": names if colon else None}
    return list(found.values())


def _written(group: dict[str, Any]) -> str:
    seen = "" if group["projects"] is None else f":{','.join(group['projects'])}"
    return f"{group['group']}={group['role']}{seen}"


def _told(state: State, value: Any, sentence: str) -> None:
    if state.as_json:
        say_json(value)
    else:
        line(sentence)
