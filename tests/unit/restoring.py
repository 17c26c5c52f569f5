"""What the tests of restoring share: a data folder with things in it, and backups of it; run as a program, one restore
that is killed at a step: `python -m tests.unit.restoring FILE DATA PASSPHRASE STEP`.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from forge.compose import open_folder
from forge.domain.secret import Secret
from forge.settings import Settings
from forge.store import backup
from forge.store.restore import restore

WORDS = Secret("correct horse battery")
STEPS = ("unpacked", "checked", "key", "folded", "linked", "kept", "swapped")


def lay_out(data: Path, value: str, **settings: object) -> Settings:
    """A data folder that knows `value`, in its database and as a secret."""
    made = Settings(data=data, **settings)  # type: ignore[arg-type]
    folder = open_folder(made)
    with folder.store.database.change() as change:
        folder.store.preferences.keep(change, "_value", value)
        folder.store.secrets.put(change, "registry/main/password", Secret(value))
    folder.store.database.close()
    folder.lock.release()
    return made


def take(settings: Settings, file: Path, passphrase: Secret | None = WORDS) -> Path:
    """A backup of what a data folder knows."""
    folder = open_folder(settings)
    try:
        return backup.take(folder.store.database, folder.store.secrets, folder.home, passphrase).rename(file)
    finally:
        folder.store.database.close()
        folder.lock.release()


def knows(settings: Settings) -> tuple[str, str]:
    """What a Forge that is started there knows: the value, and the secret."""
    folder = open_folder(settings)
    try:
        found = folder.store.secrets.get("registry/main/password")
        assert folder.store.database.row("PRAGMA integrity_check")[0] == "ok"
        return folder.store.preferences.own("_value"), found.reveal() if found else ""
    finally:
        folder.store.database.close()
        folder.lock.release()


def value_in(database: Path) -> str:
    """What a bare database knows."""
    with closing(sqlite3.connect(database)) as opened:
        return opened.execute("SELECT value FROM preference WHERE name = '_value'").fetchone()[0].strip('"')


def main(file: str, data: str, passphrase: str, step: str) -> None:
    def kill(here: str) -> None:
        if here == step:
            os.kill(os.getpid(), signal.SIGKILL)

    restore(Path(file), Settings(data=Path(data)), Secret(passphrase), checkpoint=kill)


if __name__ == "__main__":
    main(*sys.argv[1:5])
