"""The command line: finds the command, says errors as sentences, ends with a code that means something."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
import threading
from collections.abc import Mapping
from typing import Any, NoReturn

import click

from forge.commands.state import EXITS, State, common
from forge.domain.errors import Conflict, Forbidden, ForgeError, Invalid, NotFound, Unauthorized

# Command → (module, attribute, summary): a module is imported when its command is run.
_COMMANDS: Mapping[str, tuple[str, str, str]] = {
    "window": ("window", "window", "Open Forge in a window, as plain `forge` does."),
    "serve": ("serve", "serve", "Run Forge until Ctrl-C."),
    "service": ("service", "service", "The unit by which systemd runs Forge."),
    "open": ("shell", "open_board", "A link that signs a browser in, once."),
    "status": ("status", "status", "What runs in each stage."),
    "deploy": ("deploys", "deploy", "Deploy a tag or an image, and follow it live."),
    "promote": ("deploys", "promote", "Deploy what serves the stage before."),
    "promotion": ("promotion", "promotion", "Which digest is where, and what may go on."),
    "rollback": ("deploys", "rollback", "Deploy an earlier deploy's digest again."),
    "retry": ("deploys", "retry", "Deploy the same once more."),
    "cancel": ("deploys", "cancel", "Cancel a deploy."),
    "deploys": ("deploys", "deploys", "List deploys, or show one."),
    "logs": ("logs", "logs", "What an instance writes, or a deploy did."),
    "activity": ("activity", "activity", "What happened, and who caused it."),
    "inspect": ("images", "inspect", "What Forge would make of an image."),
    "explain": ("deploys", "explain", "Would this tag be deployed here, and why."),
    "stats": ("stats", "stats", "What instances and the machine use."),
    "sightings": ("waiting", "sightings", "Tags that were seen, and what was decided."),
    "approve": ("waiting", "approve", "Say yes to what waits."),
    "dismiss": ("waiting", "dismiss", "Say no to what waits."),
    "project": ("projects", "project", "Projects: list, show, create, set, delete."),
    "stage": ("projects", "stage", "Stages: list, show, create, set, delete."),
    "instance": ("instances", "instance", "Instances: show, start, stop, restart, remove."),
    "discover": ("discover", "discover", "What is on this machine already."),
    "container": ("containers", "container", "Containers of others: list, show, adopt, stop."),
    "registry": ("connections", "registry", "Registries: list, show, add, set, remove, test, tags, poll."),
    "proxy": ("connections", "proxy", "Proxies: list, show, add, set, remove, test."),
    "engine": ("connections", "engine", "Engines: the same."),
    "webhook": ("webhook", "webhook", "Webhook: address, receipts, replay."),
    "people": ("people", "people", "Who can sign in: list, show, add, change, remove, password, no-codes."),
    "sessions": ("sessions", "sessions", "Who is signed in where: list, end."),
    "token": ("tokens", "token", "What programs sign in with: list, add, remove."),
    "oidc": ("oidc", "oidc", "Sign-in at a provider of OpenID Connect: show, set, test, remove."),
    "notification": ("notifications", "notification", "Who is told elsewhere: list, add, set, remove, test."),
    "settings": ("settings", "settings", "Settings: get, set."),
    "config": ("config", "config", "The configuration as a file: export, import."),
    "backup": ("backup", "backup", "All that Forge knows as one file; and those that it keeps."),
    "restore": ("restore", "restore", "Put a backup in the place of what Forge knows."),
    "vault": ("vault", "vault", "The key of the secrets: rotate, key."),
    "doctor": ("doctor", "doctor", "What is wrong, and what to do about it."),
    "self-test": ("selftest", "self_test", "Whether this file has all that it needs."),
    "openapi": ("shell", "openapi", "The HTTP contract."),
    "completion": ("shell", "completion", "Completion for bash, zsh or fish."),
}
_EXIT_BY_TYPE: Mapping[type[ForgeError], int] = {
    Invalid: 2,
    Unauthorized: 5,
    Forbidden: 5,
    NotFound: 6,
    Conflict: 7,
}
# What keeps Forge from running on a data folder: each its own, so that a service manager can tell them apart.
_EXIT_BY_CODE: Mapping[str, int] = {
    "not_running": 3,
    "port_taken": 20,
    "cannot_listen": 20,
    "already_running": 21,
    "data_folder": 22,
    "vault": 23,
    "newer_database": 24,
    "store": 25,
    "damaged_database": 25,
    "store_unavailable": 25,
    "sign_in_not_set_up": 26,
    "passphrase": 23,
}
_EXIT_BY_STATUS: Mapping[int, int] = {400: 2, 413: 2, 415: 2, 422: 2, 401: 5, 403: 5, 404: 6, 409: 7, 502: 8, 503: 8}
_INTERRUPTED = 130  # as shells have it


class _Forge(click.Group):
    """Imports a command's module when it is needed, and turns errors into sentences and exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module, attribute, _ = _COMMANDS[cmd_name]
        found: click.Command = getattr(importlib.import_module(f"forge.commands.{module}"), attribute)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, _, summary) in _COMMANDS.items()])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, meaning in EXITS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ForgeError as error:
            _say_error(error, as_json=ctx.ensure_object(State).as_json)
            ctx.exit(exit_code(error))
        except KeyboardInterrupt:
            ctx.exit(_INTERRUPTED)


def _version(context: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked:
        from forge.release import said  # noqa: PLC0415  no other command asks

        click.echo(f"forge {said()}")
        context.exit()


@click.group(
    cls=_Forge,
    context_settings={"help_option_names": ["-h", "--help"]},
    params=common(),
    invoke_without_command=True,
)
@click.option("--url", envvar="FORGE_URL", help="Ask the Forge at this address, instead of the data folder's.")
@click.option("--token", envvar="FORGE_TOKEN", help="Its token; better given as the variable FORGE_TOKEN.")
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Say which Forge this is."
)
@click.pass_context
def cli(context: click.Context, url: str | None, token: str | None) -> None:
    """Forge watches registries, deploys what it finds on Docker, and leads people to it.

    Plain `forge` opens its window, `forge serve` runs it without one; every other command speaks with the Forge that
    runs on the data folder.
    """
    state = context.ensure_object(State)
    state.url, state.token = url, token
    if context.invoked_subcommand is None:
        from forge.commands.window import open_window  # noqa: PLC0415  no other command needs it

        open_window(state)


def exit_code(error: ForgeError) -> int:
    """The code for an error, of our own or of the running Forge."""
    status = getattr(error, "status", None)
    if status is not None:
        return _EXIT_BY_STATUS.get(status, 1)
    if error.code in _EXIT_BY_CODE:
        return _EXIT_BY_CODE[error.code]
    return next((code for type_, code in _EXIT_BY_TYPE.items() if isinstance(error, type_)), 1)


def main() -> None:
    """The program `forge`."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):  # a windowed program has none
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        cli(prog_name="forge")
    except SystemExit as end:
        if any(thread.daemon for thread in threading.enumerate()):
            _leave(end.code)
        raise


def _leave(code: object) -> NoReturn:
    """End though a thread is still at work: one that waits for a registry cannot be told to stop.

    The usual end frees under its hands what it uses: a thread in OpenSSL then crashes the process (SIGSEGV).
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError, OSError):  # a windowed program has none
            stream.flush()
    os._exit(code if isinstance(code, int) else code is not None)


def _say_error(error: ForgeError, *, as_json: bool) -> None:
    if as_json:
        said = {"code": error.code, "detail": error.message, "fields": error.fields}
        click.echo(json.dumps({"error": said}, ensure_ascii=False), err=True)
        return
    end = "" if error.message.endswith((".", "!", "?")) else "."
    click.echo(f"{error.message}{end}", err=True)
    for name, sentence in error.fields.items():
        if sentence not in error.message:
            click.echo(f"  {name}: {sentence}", err=True)
