"""What every command knows: where the data folder is, which Forge to ask, how to answer."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from forge.commands.client import Client
    from forge.settings import Settings

# What a program that runs `forge` can go by.
EXITS = {
    0: "done; the deploy succeeded",
    1: "the deploy failed, was cancelled or superseded; doctor found something wrong",
    2: "the command, or what it was given, is not acceptable",
    3: "no Forge can be reached",
    4: "the deploy is stuck: taking it back failed too, a person must look",
    5: "not allowed",
    6: "there is no such thing",
    7: "it cannot be done in the present state",
    8: "an engine, registry or proxy does not answer, or refused",
    20: "the address or port cannot be listened on: it is taken, or not to be had",
    21: "another Forge runs on the data folder",
    22: "the data folder cannot be used: not writable, or not Forge's",
    23: "the key is missing, unreadable, or another one than the secrets were sealed with",
    24: "the data folder was written by a newer Forge",
    25: "the database is damaged, or cannot be used",
    26: "others could reach it, and nobody can sign in yet: make an admin first",
    130: "ended by Ctrl-C",
    255: "the one file could not unpack itself: see TMPDIR in docs/install.md",
}


@dataclass(slots=True)
class State:
    """`data`, `url` and `token` as they were given, None: not."""

    data: str | None = None
    url: str | None = None
    token: str | None = None
    as_json: bool = False

    def settings(self, **flags: Any) -> Settings:
        """The settings with which a Forge would start here; raise Invalid."""
        from forge.settings import load  # noqa: PLC0415  `forge --version` needs none of it

        return load({"data": self.data, **flags}, os.environ)

    def client(self) -> Client:
        """The way to the running Forge; raise NotRunning."""
        from forge.commands.client import Client, find  # noqa: PLC0415  slow to import

        return Client(lambda: find(self.settings(), self.url, self.token))


def _as_json(context: click.Context, _: click.Parameter, given: bool) -> None:
    if given:
        context.ensure_object(State).as_json = True


def _data(context: click.Context, _: click.Parameter, given: str | None) -> None:
    if given is not None:
        context.ensure_object(State).data = given


def common() -> list[click.Parameter]:
    """The options that may stand before or after any command."""
    return [
        click.Option(["--json"], is_flag=True, expose_value=False, callback=_as_json, help="Answer for programs."),
        click.Option(["--data"], metavar="FOLDER", expose_value=False, callback=_data, help="Forge's data folder."),
    ]


class Command(click.Command):
    """A command that takes --json and --data."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.params += common()


class Group(click.Group):
    """A noun, with its verbs."""

    command_class = Command


pass_state = click.make_pass_decorator(State)
