"""vault rotate|key: the key that seals the secrets; works on the data folder, while no Forge runs on it."""

from __future__ import annotations

from collections.abc import Iterable

import click

from forge.commands.output import line, say_json
from forge.commands.state import Group, State, pass_state
from forge.domain.errors import Conflict, Invalid, NotFound
from forge.settings import Settings
from forge.vault import KEY_VARIABLE, Vault, generate_key, parse_key, rotate_key_file

_HOW = f"""With {KEY_VARIABLE}, the key is yours to keep. To change it:
  1. stop Forge;
  2. `forge vault key` makes a new key;
  3. set {KEY_VARIABLE} to the new key, and {KEY_VARIABLE}_OLD to the one in use now;
  4. `forge vault rotate` seals every secret with the new key;
  5. start Forge with {KEY_VARIABLE} alone: {KEY_VARIABLE}_OLD is no longer needed."""


@click.group(cls=Group)
def vault() -> None:
    """The key that seals Forge's secrets."""


@vault.command("key")
def key() -> None:
    """Make a new key, as FORGE_ENCRYPTION_KEY takes it. Nothing is changed."""
    click.echo(generate_key())


@vault.command("rotate")
@pass_state
def rotate(state: State) -> None:
    """Seal every secret with a new key. Stop Forge first."""
    settings = state.settings()
    if not settings.database.exists():
        raise NotFound(f"There is no Forge in {settings.data}: say which folder with --data.")
    if settings.encryption_key is not None and settings.encryption_key_old is None:
        raise Invalid(_HOW)
    count = reseal(settings)
    if state.as_json:
        say_json({"secrets": count})
    else:
        where = f"the key in {KEY_VARIABLE}" if settings.encryption_key else f"a new key in {settings.key_file}"
        line(f"{count} secrets are sealed with {where} now.")
        if settings.encryption_key is not None:
            line(f"Start Forge with {KEY_VARIABLE} alone: {KEY_VARIABLE}_OLD is no longer needed.")


def reseal(settings: Settings) -> int:
    """How many secrets were sealed anew; raise Conflict while a Forge runs on the folder, VaultError."""
    from forge.compose import open_folder  # noqa: PLC0415  knows all of Forge

    try:
        lock, _, store, _ = open_folder(settings)
    except Conflict as error:
        raise Conflict(
            f"Forge runs on {settings.data}: stop it, rotate the key, and start it again.", code=error.code
        ) from error
    counted = []

    def with_new(new: Vault) -> Iterable[bytes]:
        counted.append(store.secrets.rotate(new))
        return [row["sealed"] for row in store.database.rows("SELECT sealed FROM secret")]

    try:
        if settings.encryption_key is not None:
            with_new(Vault([parse_key(settings.encryption_key.reveal())]))
        else:
            rotate_key_file(settings.key_file, with_new)
    finally:
        store.database.close()
        lock.release()
    return counted[0]
