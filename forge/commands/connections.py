"""registry, proxy and engine: list, show, add, set, remove, test; a registry's tags and polling."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TextIO

import click

from forge.commands import pairs
from forge.commands.client import part
from forge.commands.output import clean, count, fields, line, say_json, table, when
from forge.commands.state import Group, State, pass_state
from forge.config.shapes import ENGINE, PROXY, REGISTRY, Shape


@dataclass(frozen=True, slots=True)
class Noun:
    """One kind of connection: its word, its path in the API, its keys, the columns of its list."""

    word: str
    path: str
    shape: Shape
    columns: tuple[str, ...]
    example: str

    @property
    def has_password(self) -> bool:
        return self.shape is not ENGINE


def _group(noun: Noun, summary: str) -> click.Group:
    group = Group(noun.word, help=summary)
    _reading(group, noun)
    _adding(group, noun)
    _changing(group, noun)
    _removing(group, noun)
    _testing(group, noun)
    return group


def _reading(group: click.Group, noun: Noun) -> None:
    @group.command("list", help=f"List what Forge knows of {noun.path}.")
    @pass_state
    def list_all(state: State) -> None:
        found = state.client().get(noun.path)
        if state.as_json:
            say_json(found)
        else:
            rows = [[one.get(column) for column in noun.columns] for one in found]
            table(noun.columns, rows, f"There is none yet: `forge {noun.word} add {noun.example}`.")

    @group.command("show", help=f"Show one {noun.word}.")
    @click.argument("name")
    @pass_state
    def show(state: State, name: str) -> None:
        found = state.client().get(f"{noun.path}/{part(name)}")
        if state.as_json:
            say_json(found)
        else:
            fields(found)


def _secrets(noun: Noun) -> Callable[..., Any]:
    """--password, --ca, --cert and --key, for the kinds that have them; `_given` makes a body of them."""
    is_engine = noun.shape is ENGINE
    options = (
        click.option(
            "--password", "variable", is_flag=False, flag_value="", metavar="VARIABLE", hidden=is_engine,
            help="Read the password or token from VARIABLE of the environment; without VARIABLE it is asked for.",
        ),
        click.option(
            "--ca", type=click.File(), hidden="ca" not in noun.shape,
            help=f"A PEM file of authorities that are trusted here {'instead of' if is_engine else 'beside'} the "
            "usual ones; `set NAME ca=` drops them.",
        ),
        click.option(
            "--cert", type=click.File(), hidden=not is_engine,
            help="A PEM file: the certificate by which the engine knows Forge; `set NAME certificate=` drops it.",
        ),
        click.option(
            "--key", type=click.File(), hidden=not is_engine,
            help="A PEM file: the certificate's key, without a passphrase. Forge keeps it sealed, and never shows it.",
        ),
    )  # fmt: skip

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def _given(noun: Noun, variable: str | None, **files: TextIO | None) -> dict[str, str]:
    """What the options of `_secrets` add to a body."""
    names = {"ca": "ca", "cert": "certificate", "key": "key"}
    return _password(variable, noun) | {
        names[option]: _read(file, option, noun) for option, file in files.items() if file is not None
    }


def _read(file: TextIO, option: str, noun: Noun) -> str:
    known = {"cert": "certificate"}.get(option, option)
    if known not in noun.shape and not (option == "key" and noun.shape is ENGINE):
        raise click.UsageError(f"A {noun.word} takes no --{option}.")
    try:
        return file.read()
    except UnicodeDecodeError as error:
        raise click.UsageError(f"{file.name} is no PEM file.") from error


def _adding(group: click.Group, noun: Noun) -> None:
    @group.command("add", help=f"Tell Forge about a {noun.word}: {noun.example}", epilog=pairs.HELP)
    @click.argument("name")
    @click.argument("values", nargs=-1, metavar="[KEY=VALUE]...")
    @_secrets(noun)
    @pass_state
    def add(state: State, /, name: str, values: tuple[str, ...], **given: Any) -> None:
        body = pairs.overlay({"name": name}, values, noun.shape) | _given(noun, **given)
        _told(state, state.client().post(noun.path, body), f"The {noun.word} {name} is added.")


def _changing(group: click.Group, noun: Noun) -> None:
    @group.command("set", help=f"Change a {noun.word}.", epilog=pairs.HELP)
    @click.argument("name")
    @click.argument("values", nargs=-1, metavar="[KEY=VALUE]...")
    @_secrets(noun)
    @click.option("--no-password", is_flag=True, hidden=not noun.has_password, help="Forget the password or token.")
    @pass_state
    def set_(state: State, /, name: str, values: tuple[str, ...], *, no_password: bool, **given: Any) -> None:
        if no_password and given["variable"] is not None:
            raise click.UsageError("Say --password or --no-password, not both.")
        client, path = state.client(), f"{noun.path}/{part(name)}"
        before = client.get(path)
        body = pairs.overlay({key: before[key] for key in noun.shape}, values, noun.shape) | _given(noun, **given)
        body |= _no_password(noun) if no_password else {}
        _told(state, client.put(path, body), f"The {noun.word} {name} is changed.")


def _removing(group: click.Group, noun: Noun) -> None:
    @group.command("remove", help=f"Forget a {noun.word} that nothing uses.")
    @click.argument("name")
    @click.option("--yes", is_flag=True, help="Do not ask.")
    @pass_state
    def remove(state: State, name: str, yes: bool) -> None:
        client = state.client()
        client.get(f"{noun.path}/{part(name)}")
        if not yes:
            more = " and its password" if noun.has_password else " and its key"
            click.confirm(f"Forge forgets the {noun.word} {name}{more}. Remove it?", abort=True, err=True)
        client.delete(f"{noun.path}/{part(name)}")
        _told(state, {"removed": name}, f"The {noun.word} {name} is removed.")


def _testing(group: click.Group, noun: Noun) -> None:
    @group.command("test", help="Ask whether it answers, and say exactly what is wrong.")
    @click.argument("name")
    @click.option("--image", hidden=noun.shape is not REGISTRY, help="Ask also for this image.")
    @pass_state
    def test(state: State, name: str, image: str | None) -> None:
        found = state.client().post(f"{noun.path}/{part(name)}/test", {"image": image})
        _told(state, found, f"{'✓' if found['ok'] else '✗'} {found['text']}")
        click.get_current_context().exit(0 if found["ok"] else 8)


def _no_password(noun: Noun) -> dict[str, None]:
    _check_has_password(noun)
    return {"password": None}


def _password(variable: str | None, noun: Noun) -> dict[str, str]:
    if variable is None:
        return {}
    _check_has_password(noun)
    return {"password": pairs.secret_value(variable, "Password or token", ask=not variable)}


def _check_has_password(noun: Noun) -> None:
    if not noun.has_password:
        raise click.UsageError(f"{noun.word.capitalize()}s have no password.")


def _told(state: State, value: Any, sentence: str) -> None:
    if state.as_json:
        say_json(value)
    else:
        line(sentence)


registry = _group(
    Noun(
        "registry",
        "registries",
        REGISTRY,
        ("name", "url", "flavour", "username", "has_password", "interval"),
        "ghcr url=https://ghcr.io flavour=ghcr username=robot --password GHCR_TOKEN",
    ),
    "Registries: where images come from.",
)
proxy = _group(
    Noun(
        "proxy",
        "proxies",
        PROXY,
        ("name", "kind", "url", "address"),
        "edge kind=caddy url=http://127.0.0.1:2019 address=http://127.0.0.1:80",
    ),
    "Proxies: who leads people to what runs.",
)
engine = _group(
    Noun(
        "engine",
        "engines",
        ENGINE,
        ("name", "url", "listen"),
        "far url=tcp://10.0.0.5:2376 --ca ca.pem --cert cert.pem --key key.pem",
    ),
    "Engines: where containers run.",
)


@registry.command("tags")
@click.argument("name")
@click.argument("image")
@pass_state
def list_tags(state: State, name: str, image: str) -> None:
    """List all tags of an image, one a line. IMAGE is with or without the registry's host."""
    found = state.client().get(f"registries/{part(name)}/tags", image=image)
    if state.as_json:
        say_json(found)
        return
    for tag in found:
        line(tag)


@registry.command("poll")
@click.argument("name")
@pass_state
def poll(state: State, name: str) -> None:
    """Look at a registry now. One that Forge was not told about is called after its host."""
    found = state.client().post(f"registries/{part(name)}/poll")
    tags = count(found["tags"], "tag", "tags")
    repositories = count(found["repositories"], "repository", "repositories")
    _told(state, found, f"{tags} in {repositories}, {count(found['fresh'], 'new decision', 'new decisions')}.")
    for repository, sentence in found["troubles"].items():
        click.echo(clean(f"✗ {repository}: {sentence}"), err=True)
    click.get_current_context().exit(8 if found["troubles"] else 0)


@registry.command("polling")
@pass_state
def polling(state: State) -> None:
    """List what is polled, when, and whether it went well."""
    found = state.client().get("polling")
    if state.as_json:
        say_json(found)
        return
    rows = [
        (one["registry"], one["repositories"], when(one["last"]), when(one["next"]), one["text"] or "ok")
        for one in found
    ]
    table(("registry", "repositories", "last", "next", "how"), rows, "Nothing is polled: no project is active.")
