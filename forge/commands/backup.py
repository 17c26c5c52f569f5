"""backup FILE|list|now|get|delete|passphrase: all that Forge knows, as one file."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from io import FileIO
from pathlib import Path
from typing import Any

import click

from forge.commands import passphrases
from forge.commands.client import part
from forge.commands.output import line, say_json, table
from forge.commands.state import Command, Group, State, pass_state
from forge.domain.errors import ForgeError, Invalid

_KINDS = {"daily": "daily", "hand": "by hand", "upgrade": "before an upgrade", "restore": "before a restore"}


class _Backup(Group):
    """`forge backup FILE` is the command `file`: what is no command is where to write."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, *ctx.help_option_names}:
            args = ["file", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Backup)
def backup() -> None:
    """All that Forge knows, as one file, while it runs on.

    `forge backup FILE` writes one; Forge also keeps one a day by itself, and the commands below are about those.
    `forge restore FILE` puts one back.
    """


@backup.command("file", cls=Command)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
@click.option("--without-key", is_flag=True, help="Ask for no passphrase: the key is then needed to restore it.")
@passphrases.options
@pass_state
def to_file(state: State, /, file: Path, force: bool, without_key: bool, **where: Any) -> None:
    """Write a backup to FILE.

    A passphrase takes the key of the secrets along. Without one they are sealed in it, and the key must be kept too, in
    another place.
    """
    _check_free(file, force=force)
    passphrase = passphrases.given(**where)
    if passphrase is None and not without_key:
        passphrase = passphrases.asked("Passphrase (empty: the key is not in it)", twice=True)
    client, said = state.client(), {"passphrase": passphrase.reveal() if passphrase else None}
    _download(file, lambda keep: client.download("backup", keep, said))
    _say_file(state, file, keyed=passphrase is not None)


@backup.command("list")
@pass_state
def list_(state: State) -> None:
    """List the backups that Forge keeps."""
    found = state.client().get("backups")
    if state.as_json:
        say_json(found)
        return
    table(
        ("NAME", "MADE", "SIZE", "WHY", "KEY"),
        [
            (one["name"], _when(one["at"]), _size(one["bytes"]), _KINDS[one["kind"]], _key(one))
            for one in found["backups"]
        ],
    )
    if found["fault"]:
        line(f"The last daily backup could not be made: {found['fault']}")
    line(f"The next is made at {_when(found['next'])}." if found["next"] else "None is made by itself.")
    line(f"They are in {found['folder']}.")


@backup.command("now")
@pass_state
def now(state: State) -> None:
    """Keep one more, now."""
    kept = state.client().post("backups")
    if state.as_json:
        say_json(kept)
    else:
        line(f"{kept['name']}: {_size(kept['bytes'])}.")


@backup.command("get")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
@pass_state
def get(state: State, name: str, file: Path | None, force: bool) -> None:
    """Write the kept backup NAME to FILE."""
    where = file or Path(Path(name).name)
    _check_free(where, force=force)
    client = state.client()
    _download(where, lambda keep: client.download(f"backups/{part(name)}", keep))
    _say_file(state, where, keyed=None)


@backup.command("delete")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_state
def delete(state: State, name: str, yes: bool) -> None:
    """Delete the kept backup NAME, for good."""
    if not yes:
        click.confirm(f"Delete the backup {name}? It is gone for good.", abort=True, err=True)
    state.client().delete(f"backups/{part(name)}")
    if state.as_json:
        say_json({"deleted": name})
    else:
        line(f"{name} is deleted.")


@backup.command("passphrase")
@click.option("--none", "nothing", is_flag=True, help="Take it away: the key is not in those made from now on.")
@passphrases.options
@pass_state
def passphrase(state: State, /, nothing: bool, **where: Any) -> None:
    """Set the passphrase that takes the key along in the backups that Forge keeps from now on."""
    said = None
    if not nothing:
        said = passphrases.given(**where) or passphrases.asked("Passphrase", twice=True)
        if said is None:
            raise Invalid("Say the passphrase with --passphrase-file or --passphrase-env, or --none to have none")
    state.client().put("backups/passphrase", {"passphrase": said.reveal() if said else None})
    if state.as_json:
        say_json({"passphrase": said is not None})
    else:
        line("The key is in them from now on." if said else "The key is not in them from now on: keep it, too.")


def _check_free(file: Path, *, force: bool) -> None:
    if file.exists() and (not force or not file.is_file()):
        raise Invalid(f"{file} is there already: name another file, or say --force to replace it")


def _download(file: Path, ask: Callable[[Callable[[bytes], object]], None]) -> None:
    """Whole, or not at all."""
    unfinished = file.with_name(file.name + ".part")
    try:
        with _writing(unfinished) as opened:
            ask(_keeper(opened, file))
            os.fsync(opened.fileno())
        unfinished.replace(file)
    except OSError as error:
        raise ForgeError(f"{file} cannot be written: {error.strerror}", code="file") from error
    finally:
        unfinished.unlink(missing_ok=True)


def _say_file(state: State, file: Path, *, keyed: bool | None) -> None:
    size = file.stat().st_size
    if state.as_json:
        say_json({"file": str(file), "bytes": size} | ({} if keyed is None else {"keyed": keyed}))
        return
    key = {
        None: "",
        True: " The key is in it, under the passphrase: without that nobody reads the secrets, not even you.",
        False: " The secrets in it are sealed: keep the key too, in another place.",
    }[keyed]
    line(f"{file}: {_size(size)}.{key}")


def _key(one: dict[str, Any]) -> str:
    return one["fault"] or ("under a passphrase" if one["keyed"] else "not in it")


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"


def _when(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))


def _writing(path: Path) -> FileIO:
    """An empty file that only its owner reads; raise Invalid."""
    try:
        path.unlink(missing_ok=True)
        return FileIO(path, "x", opener=lambda name, flags: os.open(name, flags, 0o600))
    except OSError as error:
        raise Invalid(f"{path} cannot be written: {error.strerror}") from error


def _keeper(opened: FileIO, file: Path) -> Callable[[bytes], None]:
    """Writes pieces; a full disk of ours must not be taken for a Forge that is gone."""

    def keep(piece: bytes) -> None:
        try:
            rest = memoryview(piece)
            while rest:
                rest = rest[opened.write(rest) :]
        except OSError as error:
            raise ForgeError(f"{file} cannot be written: {error.strerror}", code="file") from error

    return keep
