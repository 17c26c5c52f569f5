"""Backups: taken for somebody, or kept by Forge itself; what is there, and how it went."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forge.deploy.adapters import home_of
from forge.domain.errors import ForgeError
from forge.domain.events import Event
from forge.domain.secret import Secret
from forge.store import archive, backup, shelf
from forge.store.database import Change
from forge.store.shelf import Kept, Kind
from forge.store.store import Store
from forge.store.wrapping import check_passphrase

PASSPHRASE = "backup/passphrase"  # noqa: S105  a place in the vault
_STATE = "_backup"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How the daily backups go: `last` was made at (unix seconds; None: not yet), `fault` why the next could not be."""

    last: float | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class BackupService:
    """`data` is the data folder. Raises Unavailable where there is no room."""

    store: Store
    data: Path

    def take(self, passphrase: Secret | None = None) -> backup.Passing:
        """One to take away; `passphrase` wraps the key in. Raise Invalid for one that is too short."""
        return backup.Passing(self._take(passphrase))

    def keep(self, kind: Kind, *, actor: str) -> Kept:
        """One for the shelf, with the key in it if a passphrase for that was set; it is written down, either way. An
        older one goes only after this one was read again and is whole.
        """
        try:
            with self._taken() as taken:
                archive.prove(taken, self.store.secrets.vault)
                kept = shelf.put(self.data, taken, kind, self.store.database.clock())
        except ForgeError as error:
            self._failed(kind, error.message, actor)
            raise
        preferences = self.store.preferences.get()
        if kind is Kind.DAILY:
            shelf.thin(self.data, preferences.backup_days, preferences.backup_weeks)
        with self.store.database.change() as change:
            if kind is Kind.DAILY:
                self._note(change, State(last=change.now))
            _tell(change, actor, name=kept.name, kind=kind, what="made")
        return kept

    def all(self) -> list[Kept]:
        """The newest first."""
        return shelf.all_of(self.data)

    def find(self, name: str) -> Path:
        """The file; raise NotFound."""
        return shelf.find(self.data, name)

    def delete(self, name: str, *, actor: str) -> None:
        """Raise NotFound."""
        shelf.delete(self.data, name)
        with self.store.database.change() as change:
            _tell(change, actor, name=name, kind=shelf.kind_of(name) or Kind.HAND, what="deleted")

    def has_passphrase(self) -> bool:
        return self.store.secrets.get(PASSPHRASE) is not None

    def set_passphrase(self, passphrase: Secret | None, *, actor: str) -> None:
        """What wraps the key into those that Forge keeps from now on; None: the key is not in them. Raise Invalid."""
        if passphrase is not None:
            check_passphrase(passphrase)
        with self.store.database.change() as change:
            if passphrase is None:
                self.store.secrets.delete(change, PASSPHRASE)
            else:
                self.store.secrets.put(change, PASSPHRASE, passphrase)
            change.emit(
                Event(type="settings_changed", payload={"names": ["backup_passphrase"]}, at=change.now, actor=actor)
            )

    def state(self) -> State:
        found = self.store.preferences.own(_STATE)
        return State(**found) if isinstance(found, dict) else State()

    def count_from(self, now: float) -> None:
        """The next daily one is due after `now`: nothing was made yet, or the clock was put back."""
        with self.store.database.change() as change:
            self._note(change, State(last=now, fault=self.state().fault))

    def _take(self, passphrase: Secret | None) -> Path:
        return backup.take(self.store.database, self.store.secrets, home_of(self.store), passphrase)

    @contextlib.contextmanager
    def _taken(self) -> Iterator[Path]:
        path = self._take(self.store.secrets.get(PASSPHRASE))
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def _failed(self, kind: Kind, text: str, actor: str) -> None:
        """Told once, however often it is tried again."""
        before = self.state()
        if kind is not Kind.DAILY or before.fault == text:
            return
        with contextlib.suppress(ForgeError), self.store.database.change() as change:  # the disk may be full
            self._note(change, State(last=before.last, fault=text))
            if before.fault is None:
                _tell(change, actor, kind=kind, what="failed", text=text)

    def _note(self, change: Change, state: State) -> None:
        self.store.preferences.keep(change, _STATE, {"last": state.last, "fault": state.fault})


def _tell(change: Change, actor: str, *, kind: Kind, what: str, name: str = "", text: str = "") -> None:
    payload: dict[str, Any] = {"name": name, "kind": kind.value, "change": what, "text": text}
    change.emit(Event(type="backup", payload=payload, at=change.now, actor=actor))
