"""The daily backup: a real Forge makes it by itself, thins the older ones, and the newest brings everything back."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time

import pytest

from tests.e2e.forge_process import ForgeProcess
from tests.e2e.live import until
from tests.e2e.test_story_restore import command

pytestmark = pytest.mark.real


def test_the_daily_backup_comes_by_itself_older_ones_go_and_it_brings_everything_back(start_forge, tmp_path):
    forge = start_forge("daily")
    forge.do("POST", "/api/registries", {"name": "kept", "url": "http://127.0.0.1:5999", "interval": 0})
    forge.do("PUT", "/api/settings", {"backup_days": 2, "backup_weeks": 0})
    for day in (1, 2, 3):
        assert forge.stop()[0] == 0
        with contextlib.closing(sqlite3.connect(forge.data / "forge.db")) as database, database:
            yesterday = json.dumps({"last": time.time() - 2 * 86400, "fault": None})
            database.execute("INSERT OR REPLACE INTO preference (name, value) VALUES ('_backup', ?)", (yesterday,))
        forge.start()
        until(lambda d=day: dailies(forge)[:1] == [d], "it is made")
    until(lambda: dailies(forge) == [3, 2], "older ones go")
    newest = forge.get("/api/backups")["backups"][0]["name"]
    assert forge.stop()[0] == 0
    there = tmp_path / "there"
    (there / "data").mkdir(parents=True, mode=0o700)
    (there / "data" / "vault.key").write_bytes((forge.data / "vault.key").read_bytes())
    (there / "data" / "vault.key").chmod(0o600)
    command(forge, there / "data", "restore", str(forge.data / "backups" / newest), "--yes")
    moved = ForgeProcess(there / "data", FORGE_ENGINE=forge.environment["FORGE_ENGINE"])
    moved.start()
    assert [one["name"] for one in moved.get("/api/registries")] == ["kept"]
    assert moved.stop()[0] == 0


def dailies(forge) -> list[int]:
    """The numbers of those that are there, the newest first."""
    names = [one["name"] for one in forge.get("/api/backups")["backups"] if one["kind"] == "daily"]
    return [int(name.split("-")[1]) for name in names]
