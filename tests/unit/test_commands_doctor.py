"""doctor, with and without a running Forge."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from forge.commands.client import NotRunning
from forge.commands.doctor import examine
from forge.settings import load
from forge.store.lock import FolderLock
from tests.commanding import (
    Shell,
    run,
    shell_fixture,  # noqa: F401  asked for by its name
)
from tests.unit.test_engines_contexts import write

NO_ENGINE = {"FORGE_ENGINE": "unix:///nowhere/docker.sock"}


@pytest.fixture
def folder(tmp_path):
    """A data folder on which no Forge runs."""
    Shell(tmp_path / "data").close()
    return tmp_path / "data"


def not_running():
    raise NotRunning("No Forge runs here.")


def names(findings):
    return {found["name"]: found["ok"] for found in findings}


def test_a_running_forge_is_asked_for_each_part(shell):
    found = shell.json("doctor")
    assert found["ok"]
    assert names(found["findings"]) == {
        "server": True,
        "data folder": True,
        "database": True,
        "key": True,
        "engine local": True,
        "registry example": True,
        "proxy caddy": True,
        "proxy published": True,
    }


def test_one_part_that_does_not_answer_is_enough_to_end_with_one(shell):
    shell.world.proxy.down = True
    assert "✗ proxy caddy: The fake proxy is down" in shell.run("doctor", code=1).stdout


def test_what_is_away_and_no_connection_is_told_too(shell):
    shell.world.forge.parts.tell("engine", "elsewhere", "It refuses the connection")
    assert "✗ engine elsewhere: It refuses the connection" in shell.run("doctor", code=1).stdout


def test_without_a_running_forge_it_looks_itself(folder):
    found = run("--data", str(folder), "doctor", "--json", code=1, **NO_ENGINE).stdout
    assert '"engine local","ok":false' in found
    assert '"database","ok":true' in found
    assert '"key","ok":true' in found


def test_a_forge_may_start_while_it_looks(folder):
    findings = examine(load({"data": str(folder)}, NO_ENGINE), not_running)
    assert next(found for found in findings if found.name == "engine local").ok is False  # it asks the parts by now
    shell = Shell(folder)
    try:
        shell.run("status")
        assert [found.name for found in findings] == ["registry example", "proxy caddy", "proxy published"]
    finally:
        shell.close()


def test_a_forge_may_start_right_after_it_looked(folder):
    run("--data", str(folder), "doctor", code=1, **NO_ENGINE)
    lock = FolderLock(folder / "lock")
    lock.take()
    lock.release()


def test_it_changes_nothing_not_even_the_record(folder):
    def record():
        with closing(sqlite3.connect(folder / "forge.db")) as connection:
            return connection.execute("SELECT max(id) FROM event").fetchone()

    before = record()
    assert "✗ registry example" in run("--data", str(folder), "doctor", code=1, **NO_ENGINE).stdout
    assert record() == before


def test_before_the_first_start_nothing_is_made(tmp_path):
    data = tmp_path / "new"
    said = run("--data", str(data), "doctor", code=1, **NO_ENGINE).stdout
    assert "the first `forge serve` makes it" in said
    assert "✗ engine local" in said
    assert not data.exists()


def test_a_damaged_database_is_told_from_a_newer_one(folder):
    with sqlite3.connect(folder / "forge.db") as connection:
        connection.execute("PRAGMA user_version = 999")
    connection.close()
    assert "✗ database: its schema is 999" in run("--data", str(folder), "doctor", code=1).stdout
    for log in folder.glob("forge.db-*"):  # what lies there would be read in its place
        log.unlink()
    (folder / "forge.db").write_bytes(b"no database" * 1000)
    assert "cannot be read" in run("--data", str(folder), "doctor", code=1).stdout


def test_a_key_that_does_not_fit_is_found(folder):
    (folder / "vault.key").unlink()
    said = run("--data", str(folder), "doctor", code=1, **NO_ENGINE).stdout
    assert "✗ key: The key file" in said
    assert "✗ start:" in said


def test_a_forge_that_was_killed_is_noticed(folder):
    (folder / "address").write_text("http://127.0.0.1:9")
    (folder / "token").write_text("x")
    assert "✗ server: Forge does not answer" in run("--data", str(folder), "doctor", code=1, **NO_ENGINE).stdout


def test_a_context_of_dockers_is_told_until_forge_has_it(shell, tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    write(tmp_path, "prod")
    assert "✓ context prod: Docker knows an engine at ssh://ann@far.example" in shell.run("doctor").stdout
    shell.run("engine", "add", "prod", "url=ssh://ann@far.example")
    assert "context prod" not in shell.run("doctor").stdout
