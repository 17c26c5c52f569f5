"""The provider of OpenID Connect, and whose account there is whose here."""

from __future__ import annotations

from forge import typed
from forge.domain.errors import NotFound
from forge.domain.oidc import Oidc
from forge.store.database import Change, Database, from_json, to_json
from forge.store.people import told

SECRET_PLACE = "oidc/secret"  # noqa: S105  where it is in the vault


class OidcStore:
    """Read by any thread; written inside a change."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self) -> Oidc | None:
        """The provider, if there is one."""
        row = self._database.row("SELECT configuration FROM oidc")
        return typed.convert(from_json(row["configuration"]), Oidc) if row else None

    def account(self, issuer: str, subject: str) -> str | None:
        """The name of the person who has an account there."""
        row = self._database.row("SELECT person FROM account WHERE issuer = ? AND subject = ?", (issuer, subject))
        return str(row["person"]) if row else None

    # ---- writing

    def put(self, change: Change, oidc: Oidc, actor: str) -> None:
        change.execute("INSERT OR REPLACE INTO oidc (one, configuration) VALUES (1, ?)", (to_json(oidc),))
        told("oidc_changed", change, actor, change="changed", issuer=oidc.issuer)

    def delete(self, change: Change, actor: str) -> None:
        """Forget the provider; people and their accounts stay. Raise NotFound."""
        if not change.execute("DELETE FROM oidc").rowcount:
            raise NotFound("No provider is set up", code="no_oidc")
        told("oidc_changed", change, actor, change="deleted", issuer=None)

    def link(self, change: Change, issuer: str, subject: str, person: str) -> None:
        """This account is that person's."""
        change.execute("INSERT INTO account (issuer, subject, person) VALUES (?, ?, ?)", (issuer, subject, person))
