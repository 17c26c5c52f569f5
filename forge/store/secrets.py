"""Secrets as they are kept: sealed, each bound to its place."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from forge import typed
from forge.domain.secret import Secret
from forge.log import hide
from forge.store.database import Change, Database
from forge.vault import Vault, VaultError, rotate

CHECK = "vault/check"


class Secrets:
    """Places are paths: `project/shop/environment/KEY`, `registry/ghcr/password`, `webhook/secret`."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    @property
    def vault(self) -> Vault:
        """What seals them now."""
        return self._vault

    def check(self) -> None:
        """Raise VaultError if the key is not the one this data folder was sealed with. Writes only at first start."""
        row = self._database.row("SELECT sealed FROM secret WHERE place = ?", (CHECK,))
        if row is not None:
            self._vault.check(row["sealed"])
            return
        if self._database.row("SELECT 1 FROM secret LIMIT 1") is not None:
            raise VaultError(
                "The database holds secrets but no check of its key: restore a backup. Nothing was changed."
            )
        with self._database.change() as change:
            self.put(change, CHECK, Secret("forge"))

    def get(self, place: str) -> Secret | None:
        """The secret at `place`, None if there is none; raise VaultError if it cannot be opened."""
        row = self._database.row("SELECT sealed FROM secret WHERE place = ?", (place,))
        return self._open(place, row["sealed"]) if row else None

    def put(self, change: Change, place: str, secret: Secret) -> None:
        change.execute(
            "INSERT INTO secret (place, sealed) VALUES (?, ?) "
            "ON CONFLICT (place) DO UPDATE SET sealed = excluded.sealed",
            (place, self._vault.seal(place, secret)),
        )

    def delete(self, change: Change, place: str) -> None:
        """Forget the secret at `place` and all below it."""
        change.execute(
            "DELETE FROM secret WHERE place = ? OR substr(place, 1, ?) = ?", (place, len(place) + 1, f"{place}/")
        )

    def get_all(self, folder: str) -> dict[str, Secret]:
        """All secrets right below `folder`: name → secret."""
        sql = "SELECT place, sealed FROM secret WHERE substr(place, 1, ?) = ?"
        rows = self._database.rows(sql, (len(folder) + 1, f"{folder}/"))
        return {row["place"][len(folder) + 1 :]: self._open(row["place"], row["sealed"]) for row in rows}

    def _open(self, place: str, sealed: bytes) -> Secret:
        """What is read may be used: no log line may show it."""
        secret = self._vault.open(place, sealed)
        hide(secret)
        return secret

    def put_bundle(self, change: Change, place: str, secrets: Mapping[str, Secret]) -> None:
        """Keep several named secrets as one sealed value."""
        text = msgspec.json.encode({name: secret.reveal() for name, secret in secrets.items()}).decode()
        self.put(change, place, Secret(text))

    def get_bundle(self, place: str) -> dict[str, Secret]:
        """What `put_bundle` kept; empty if nothing was."""
        found = self.get(place)
        values = typed.decode(found.reveal(), dict[str, str]) if found else {}
        secrets = {name: Secret(value) for name, value in values.items()}
        for secret in secrets.values():
            hide(secret)
        return secrets

    def rotate(self, new: Vault) -> int:
        """Seal everything anew with `new`, in one transaction; how many secrets that were."""
        with self._database.change() as change:
            rows = [(row["place"], row["sealed"]) for row in change.execute("SELECT place, sealed FROM secret")]
            for place, sealed in rotate(self._vault, new, rows):
                change.execute("UPDATE secret SET sealed = ? WHERE place = ?", (sealed, place))
        self._vault = new
        return len(rows)
