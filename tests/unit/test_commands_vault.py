"""Changing the key: by file, by environment, and when it must not be."""

from __future__ import annotations

import pytest

from forge.domain.secret import Secret
from forge.settings import load
from forge.vault import generate_key, read_key_file
from tests.commanding import Shell, run


@pytest.fixture
def folder(tmp_path):
    """A data folder with a secret, and no Forge on it."""
    shell = Shell(tmp_path / "data")
    shell.run("registry", "add", "r", "url=https://r.example", "--password", "PW", PW="hunter2")
    shell.close()
    return tmp_path / "data"


def kept(folder, **environment):
    from forge.compose import open_folder  # noqa: PLC0415

    lock, _, store, _ = open_folder(load({"data": str(folder)}, environment))
    try:
        return store.secrets.get("registry/r/password")
    finally:
        store.database.close()
        lock.release()


def test_rotating_makes_a_new_key_that_opens_everything(folder):
    before = read_key_file(folder / "vault.key")
    assert "sealed with a new key" in run("--data", str(folder), "vault", "rotate").stdout
    after = read_key_file(folder / "vault.key")
    assert len(after) == 1
    assert after != before
    assert kept(folder) == Secret("hunter2")


def test_with_a_key_of_the_environment_the_way_is_explained(folder):
    said = run("--data", str(folder), "vault", "rotate", code=2, FORGE_ENCRYPTION_KEY=generate_key()).stderr
    assert "FORGE_ENCRYPTION_KEY_OLD to the one in use now" in said


def test_a_key_of_the_environment_takes_the_place_of_the_file(folder):
    old = (folder / "vault.key").read_text().splitlines()[-1]
    new = generate_key()
    run("--data", str(folder), "vault", "rotate", FORGE_ENCRYPTION_KEY=new, FORGE_ENCRYPTION_KEY_OLD=old)
    assert kept(folder, FORGE_ENCRYPTION_KEY=new) == Secret("hunter2")


def test_a_running_forge_must_be_stopped_first(tmp_path):
    shell = Shell(tmp_path / "data")
    try:
        assert "stop it" in shell.run("vault", "rotate", code=21).stderr
    finally:
        shell.close()


def test_where_nothing_is_nothing_is_made(tmp_path):
    assert "There is no Forge" in run("--data", str(tmp_path / "x"), "vault", "rotate", code=6).stderr
    assert not (tmp_path / "x").exists()


def test_a_key_is_made_for_a_person_to_keep():
    one, other = (run("vault", "key").stdout.strip() for _ in range(2))
    assert len(one) == 44
    assert one != other
