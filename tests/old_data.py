"""Data folders as earlier schemas left them: tests/fixtures/schemas/NNNN.sql, written by `python -m tests.old_data`."""

from __future__ import annotations

import base64
import contextlib
import sqlite3
import tempfile
from pathlib import Path

from forge.domain.notification import Notification, NotificationKind
from forge.domain.secret import Secret
from forge.store.database import migrations
from tests.fake_engine import Behaviour
from tests.world import World, stage, until

FIXTURES = Path(__file__).parent / "fixtures/schemas"
KEY = base64.b64encode(b"the key of the old data folders!").decode()


def schemas() -> list[int]:
    """The numbers of those that are kept."""
    return sorted(int(path.stem) for path in FIXTURES.glob("*.sql"))


def lay_out(schema: int, data: Path) -> None:
    """A data folder as the Forge of that schema left it."""
    data.mkdir(mode=0o700, exist_ok=True)
    with contextlib.closing(sqlite3.connect(data / "forge.db")) as database:
        database.executescript((FIXTURES / f"{schema:04d}.sql").read_text("utf-8"))
        database.execute("PRAGMA journal_mode = WAL")


def write() -> None:
    """Keep the present schema with data in it; do so before the first migration after a release."""
    number = migrations()[-1][0]
    with tempfile.TemporaryDirectory() as folder:
        live_a_little(Path(folder) / "data")
        with contextlib.closing(sqlite3.connect(Path(folder) / "data/forge.db")) as database:
            text = "\n".join(database.iterdump())
    (FIXTURES / f"{number:04d}.sql").write_text(f"{text}\nPRAGMA user_version = {number};\n", "utf-8")


def live_a_little(data: Path) -> None:
    """A project with secrets, deploys that went well and one that did not, and a login."""
    world = World(data, encryption_key=Secret(KEY))
    world.forge.start()
    world.project("shop", stage("shop", "dev"), stage("shop", "rel", promote_from="dev"))
    with world.forge.store.database.change() as change:
        world.forge.store.secrets.put(change, "project/shop/environment/PASSWORD", Secret("kept over upgrades"))
    world.push("dev-1")
    world.push("dev-2", behaviour=Behaviour(exit_code=3, log=("error: no database",)))
    world.deploy("dev-1")
    world.wait(world.forge.requests.promote("shop", "rel", actor="test"))
    world.deploy("dev-2")
    until(lambda: bool(world.forge.store.database.rows("SELECT 1 FROM metric")), "the machine was measured")
    kept = Notification(name="ops", kind=NotificationKind.APPRISE)
    world.forge.notifications.put(kept, address=Secret("json://127.0.0.1:9/kept"), actor="test")
    world.forge.close()


if __name__ == "__main__":
    write()
