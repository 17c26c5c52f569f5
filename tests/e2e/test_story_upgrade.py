"""A new version is started on the data of an older one, and an older one on the data of a newer."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from forge.store.database import migrations
from tests import old_data
from tests.e2e.live import until

pytestmark = pytest.mark.real
NEWEST = migrations()[-1][0]
OLDER = [schema for schema in old_data.schemas() if schema < NEWEST]


@pytest.fixture
def forge(start_forge):
    """One that was ended: what it is started on is laid out by the test."""
    made = start_forge("upgraded", FORGE_ENCRYPTION_KEY=old_data.KEY)
    assert made.stop()[0] == 0
    yield made
    if made.running():
        assert made.stop()[0] == 0


def lay_out(forge, schema: int) -> None:
    for name in ("forge.db", "forge.db-wal", "forge.db-shm"):
        (forge.data / name).unlink(missing_ok=True)
    old_data.lay_out(schema, forge.data)


def schema_of(file: Path) -> int:
    with closing(sqlite3.connect(file)) as opened:
        return int(opened.execute("PRAGMA user_version").fetchone()[0])


@pytest.mark.parametrize("schema", OLDER)
def test_a_new_version_goes_on_with_the_data_of_an_older_one(forge, schema):
    lay_out(forge, schema)
    forge.start()
    assert [one["name"] for one in forge.get("/api/projects")] == ["shop"]
    assert [one["status"] for one in forge.deploys("shop/dev")] == ["failed", "succeeded"]
    assert "kept over upgrades" not in forge.tail()
    (copy,) = forge.data.glob(f"backups/schema-{schema:04d}-*.db")
    assert schema_of(copy) == schema
    assert copy.name in forge.log.read_text("utf-8")


def test_an_older_version_leaves_a_newer_ones_data_alone_and_goes_back_with_the_copy_it_names(forge):
    lay_out(forge, OLDER[-1])
    forge.start()  # the copy of before the upgrade is made
    assert forge.stop()[0] == 0
    with closing(sqlite3.connect(forge.data / "forge.db")) as newer:
        newer.execute("PRAGMA user_version = 9999")
    before = (forge.data / "forge.db").read_bytes()
    code, said = forge.again()
    (copy,) = forge.data.glob("backups/schema-*.db")
    assert code == 24
    assert "schema 9999" in said
    assert f"forge restore {copy.name}" in said
    assert "Traceback" not in said
    assert (forge.data / "forge.db").read_bytes() == before
    back = forge.type("restore", copy.name, "--yes")
    assert back.returncode == 0, back.stdout + back.stderr
    forge.start()
    until(lambda: [one["name"] for one in forge.get("/api/projects")] == ["shop"], "the project is there")
