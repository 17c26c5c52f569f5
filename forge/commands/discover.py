"""discover: what is on this machine already, and taking a login or a context of Docker's over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click

from forge.commands.output import count, line, say_json
from forge.commands.state import Command, State, pass_state


@click.command("discover", cls=Command)
@click.option("--take-login", metavar="HOST", help="Keep Docker's login to this registry in Forge's vault.")
@click.option("--take-context", metavar="NAME", help="Make an engine of one of Docker's contexts.")
@pass_state
def discover(state: State, take_login: str | None, take_context: str | None) -> None:
    """Look for Docker, its contexts and logins, proxies, and containers that could be adopted."""
    client = state.client()
    if take_login is not None:
        taken = client.post("discovery/login", {"host": take_login})
        _taken(state, taken, f"The registry {taken['registry']} has Docker's login to {take_login} now.")
    if take_context is not None:
        taken = client.post("discovery/context", {"context": take_context})
        _taken(state, taken, f"The engine {taken['engine']} is Docker's {take_context}.")
    if take_login is not None or take_context is not None:
        return
    found = client.get("discovery")
    if state.as_json:
        say_json(found)
        return
    for said in (*_engines(found), *_contexts(found), *_logins(found), *_proxies(found)):
        line(said)


def _taken(state: State, taken: Any, sentence: str) -> None:
    if state.as_json:
        say_json(taken)
    else:
        line(sentence)


def _contexts(found: Mapping[str, Any]) -> Iterator[str]:
    for one in found["contexts"]:
        where = f"context {one['name']} at {one['url']}"
        if one["engine"] is not None:
            yield f"✓ {where}: Forge's engine {one['engine']}"
        elif one["fault"]:
            yield f"- {where}: {one['fault']}"
        else:
            yield f"- {where}: `forge discover --take-context {one['name']}`"


def _engines(found: Mapping[str, Any]) -> Iterator[str]:
    for one in found["engines"]:
        yield f"{'✓' if one['ok'] else '✗'} engine {one['name']}: {one['text']}"
        if one["strangers"]:
            many = count(one["strangers"], "container", "containers")
            yield f"  {many} could be adopted: `forge container list --engine {one['name']}`"


def _logins(found: Mapping[str, Any]) -> Iterator[str]:
    for one in found["logins"]:
        if one["has_password"]:
            yield f"✓ login {one['host']}: the registry {one['registry']} has one"
        elif one["usable"]:
            yield f"- login {one['host']}: Docker has one: `forge discover --take-login {one['host']}`"
        else:
            keeper = f"by {one['helper']}" if one["helper"] else "by Docker alone"
            yield f"- login {one['host']}: kept {keeper}: `forge registry add NAME url=… --password`"


def _proxies(found: Mapping[str, Any]) -> Iterator[str]:
    for one in found["proxies"]:
        if one["proxy"] is not None:
            yield f"✓ proxy {one['kind']} at {one['url']}: Forge's {one['proxy']}"
        else:
            yield f"- proxy {one['kind']} at {one['url']}{': ' + one['fault'] if one['fault'] else ''}"
