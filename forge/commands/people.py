"""people list|show|add|change|remove|password|no-codes: who can sign in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from forge.commands import pairs
from forge.commands.client import Client, NotRunning, part
from forge.commands.output import fields, line, say_json, table, when
from forge.commands.state import Group, State, pass_state

if TYPE_CHECKING:
    from forge.people.service import People

_PATH = "people"
_ON_MACHINE = "the machine"  # who did it, where no Forge runs that could say

_role = click.Choice(["viewer", "deployer", "admin"])
_projects = click.option(
    "--project",
    "projects",
    multiple=True,
    metavar="PROJECT",
    help="They see only this one; may be said more than once.",
)
_password = click.option(
    "--password", metavar="VARIABLE", help="Read the password from VARIABLE of the environment; else it is asked for."
)


@click.group(cls=Group)
def people() -> None:
    """Who can sign in, and what each may."""


@people.command("list")
@pass_state
def list_all(state: State) -> None:
    """List everybody who can sign in."""
    found = state.client().get(_PATH)
    if state.as_json:
        say_json(found)
        return
    rows = [
        (one["name"], one["role"], _seen(one), "yes" if one["totp"] else "no", one["sessions"], one["tokens"],
         when(one["signed_in"]))
        for one in found
    ]  # fmt: skip
    columns = ("name", "role", "sees", "codes", "sessions", "tokens", "signed in")
    table(columns, rows, "There is nobody yet: `forge people add NAME --role admin`.")


@people.command("show")
@click.argument("name")
@pass_state
def show(state: State, name: str) -> None:
    """Show one of them."""
    found = state.client().get(f"{_PATH}/{part(name)}")
    if state.as_json:
        say_json(found)
    else:
        fields({**found, "created": when(found["created"]), "signed_in": when(found["signed_in"])})


@people.command("add")
@click.argument("name")
@click.option("--role", type=_role, required=True)
@_projects
@_password
@pass_state
def add(state: State, name: str, role: str, projects: tuple[str, ...], password: str | None) -> None:
    """Have somebody sign in; the first one is an admin. Works also while no Forge runs on the data folder."""
    given = _new_password(password)
    body = {"name": name, "role": role, "projects": list(projects) or None}

    def offline(people: People) -> None:
        from forge.domain.person import Person, role_of  # noqa: PLC0415  slow to import

        seen = frozenset(projects) or None
        people.accounts.add(Person(name=name, role=role_of(role), projects=seen), given, _ON_MACHINE)

    _do(state, lambda client: client.post(_PATH, {**body, "password": given}), offline)
    _told(state, body, f"{name} can sign in as {role}.")


@people.command("change")
@click.argument("name")
@click.option("--role", type=_role, help="What they may.")
@_projects
@click.option("--all-projects", is_flag=True, help="They see every project.")
@pass_state
def change(state: State, name: str, role: str | None, projects: tuple[str, ...], all_projects: bool) -> None:
    """Change what somebody may, at once; what is not given stays."""
    client, path = state.client(), f"{_PATH}/{part(name)}"
    before = client.get(path)
    seen = None if all_projects or role == "admin" else list(projects) or before["projects"]
    found = client.put(path, {"role": role or before["role"], "projects": seen})
    _told(state, found, f"{name} is {found['role']} and sees {_seen(found)}.")


@people.command("remove")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_state
def remove(state: State, name: str, *, yes: bool) -> None:
    """Forget somebody; their sessions and tokens are over at once."""
    client, path = state.client(), f"{_PATH}/{part(name)}"
    found = client.get(path)
    if not yes:
        lost = f"{found['sessions']} sessions and {found['tokens']} tokens end"
        click.confirm(f"{name} cannot sign in any more; {lost}. Remove them?", abort=True, err=True)
    client.delete(path)
    _told(state, {"removed": name}, f"{name} is removed.")


@people.command("password")
@click.argument("name")
@_password
@pass_state
def set_password(state: State, name: str, password: str | None) -> None:
    """Give somebody a new password; their sessions end. Works also while no Forge runs on the data folder."""
    given = _new_password(password)
    _do(
        state,
        lambda client: client.put(f"{_PATH}/{part(name)}/password", {"password": given}),
        lambda people: people.accounts.set_password(name, given, _ON_MACHINE),
    )
    _told(state, {"name": name}, f"{name} has a new password; their sessions are over.")


@people.command("no-codes")
@click.argument("name")
@pass_state
def no_codes(state: State, name: str) -> None:
    """Ask somebody for no one-time codes: they lost their phone. Works also while no Forge runs."""
    _do(
        state,
        lambda client: client.delete(f"{_PATH}/{part(name)}/totp"),
        lambda people: people.codes.remove(name, _ON_MACHINE),
    )
    _told(state, {"name": name}, f"{name} signs in by password alone, until they turn codes on again.")


def _do(state: State, online: Callable[[Client], Any], offline: Callable[[People], Any]) -> None:
    """By the Forge that runs, else on its data folder: who can write there may do all anyway."""
    try:
        online(state.client())
    except NotRunning:
        if state.url is not None:
            raise
        with _opened(state) as people:
            offline(people)


@contextmanager
def _opened(state: State) -> Iterator[People]:
    """The people of a data folder that no Forge runs on; raise Conflict if one does."""
    from forge.compose import open_folder  # noqa: PLC0415  slow to import
    from forge.people.service import people_of  # noqa: PLC0415

    folder = open_folder(state.settings())
    try:
        yield people_of(folder.store)
    finally:
        folder.store.database.close()
        folder.lock.release()


def _new_password(variable: str | None) -> str:
    if variable is not None:
        return pairs.secret_value(variable, "Password", ask=False)
    return str(click.prompt("Password", hide_input=True, confirmation_prompt="Once more", err=True))


def _seen(one: dict[str, Any]) -> str:
    return "all projects" if one["projects"] is None else ", ".join(one["projects"]) or "no project"


def _told(state: State, value: Any, sentence: str) -> None:
    if state.as_json:
        say_json(value)
    else:
        line(sentence)
