"""A migration that is killed: `python -m tests.unit.migrating DATABASE N` dies before its Nth statement, or COMMIT."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from pathlib import Path

from forge.store import database


class Killed(sqlite3.Connection):
    """Counts what it is told to do."""

    left = 0

    def execute(self, sql, values=()):
        if not sql.startswith(("PRAGMA journal", "PRAGMA sync", "PRAGMA foreign")):
            Killed.left -= 1
            if Killed.left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return super().execute(sql, values)


def main(path: str, number: str) -> None:
    Killed.left = int(number)
    connection = sqlite3.connect(path, isolation_level=None, factory=Killed)
    sqlite3.Connection.execute(connection, "PRAGMA journal_mode = WAL")
    database.migrate(connection)
    connection.close()


if __name__ == "__main__":
    main(str(Path(sys.argv[1])), sys.argv[2])
