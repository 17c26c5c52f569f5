"""Backups over HTTP: one to take away, and those that Forge keeps."""

from __future__ import annotations

import time
from pathlib import Path

from flask import Blueprint, Response, send_file

from forge.api.context import actor, runtime
from forge.api.contract import BACKUP, At, Operation, operation
from forge.api.guard import allow
from forge.api.types import Wire
from forge.deploy.daily import next_due
from forge.domain.person import Role
from forge.domain.secret import Secret
from forge.store.shelf import Kept, Kind

blueprint = Blueprint("backup", __name__)


class WithKey(Wire, kw_only=True):
    """`passphrase` wraps the key in; null: it is not in the backup."""

    passphrase: str | None = None


class KeptBackup(Wire, kw_only=True):
    """A backup that Forge keeps: `at` in unix seconds; `keyed`: a passphrase opens the key in it; `fault`: what is
    wrong with it.
    """

    name: str
    kind: Kind
    at: float
    bytes: int
    keyed: bool
    fault: str | None


class Backups(Wire, kw_only=True):
    """The newest first. `next`: when the daily one is due, null: never; `fault`: why the last could not be made;
    `passphrase`: one is set, which wraps the key into them. `folder` is where they are.
    """

    backups: list[KeptBackup]
    next: float | None
    fault: str | None
    passphrase: bool
    folder: str


@blueprint.post("/api/backup")
@allow(Role.ADMIN)
@operation(Operation(body=WithKey, optional=True, media=(BACKUP,)))
def take_backup(body: WithKey) -> Response:
    """All that Forge knows, as one file of this moment. Secrets are sealed in it; a passphrase takes the key along."""
    taken = runtime().backups.take(_secret(body))
    name = time.strftime("forge-%Y-%m-%d-%H%M%S.backup", time.localtime(runtime().store.database.clock()))
    answer = send_file(taken, BACKUP, as_attachment=True, download_name=name, etag=False, conditional=False)
    answer.content_length = taken.size
    return answer


@blueprint.get("/api/backups")
@allow(Role.ADMIN)
@operation(Operation(answer=Backups))
def list_backups() -> Backups:
    """The backups that Forge keeps in its data folder."""
    service, preferences = runtime().backups, runtime().preferences.get()
    state = service.state()
    counting = preferences.backup_daily and state.last is not None
    return Backups(
        backups=[_kept(one) for one in service.all()],
        next=next_due(state.last, preferences.backup_hour) if counting and state.last is not None else None,
        fault=state.fault if preferences.backup_daily else None,
        passphrase=service.has_passphrase(),
        folder=str(runtime().settings.data / "backups"),
    )


@blueprint.post("/api/backups")
@allow(Role.ADMIN)
@operation(Operation(answer=KeptBackup, status=201))
def keep_backup() -> At:
    """Keep one more, now."""
    kept = runtime().backups.keep(Kind.HAND, actor=actor())
    return At(f"/api/backups/{kept.name}", _kept(kept))


@blueprint.put("/api/backups/passphrase")
@allow(Role.ADMIN)
@operation(Operation(body=WithKey, status=204))
def set_backup_passphrase(body: WithKey) -> None:
    """What wraps the key into the backups that Forge keeps from now on; null: the key is not in them. It is never
    shown again.
    """
    runtime().backups.set_passphrase(_secret(body), actor=actor())


@blueprint.get("/api/backups/<name>")
@allow(Role.ADMIN)
@operation(Operation(media=(BACKUP,), refuses=(404,)))
def download_backup(name: str) -> Response:
    """One of them, to take away."""
    path: Path = runtime().backups.find(name)
    return send_file(path.absolute(), BACKUP, as_attachment=True, download_name=name, etag=False, conditional=False)


@blueprint.delete("/api/backups/<name>")
@allow(Role.ADMIN)
@operation(Operation(status=204, refuses=(404,)))
def delete_backup(name: str) -> None:
    """Delete one of them. Gone for good."""
    runtime().backups.delete(name, actor=actor())


def _secret(body: WithKey) -> Secret | None:
    return Secret(body.passphrase) if body.passphrase is not None else None


def _kept(kept: Kept) -> KeptBackup:
    return KeptBackup(
        name=kept.name, kind=kept.kind, at=kept.at, bytes=kept.bytes, keyed=kept.keyed, fault=kept.fault
    )  # fmt: skip
