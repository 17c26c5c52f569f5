"""restore, as typed."""

from __future__ import annotations

import json

import pytest

from tests.commanding import run, shell_fixture  # noqa: F401  asked for by its name
from tests.unit.restoring import WORDS, knows, lay_out, take


@pytest.fixture
def taken(tmp_path):
    return take(lay_out(tmp_path / "made", "new"), tmp_path / "taken.backup")


def restore(data, *words, **more):
    return run("--data", str(data), "restore", *words, "--passphrase-env", "WORDS", WORDS=WORDS.reveal(), **more)


def test_on_a_new_folder_it_says_what_came_and_what_to_do(taken, tmp_path):
    said = restore(tmp_path / "there", str(taken)).stdout
    assert "0 projects, 1 secret that can be read" in said
    assert "must not run any more" in said
    assert "is kept" not in said


def test_what_is_there_is_asked_about_and_kept(taken, tmp_path):
    there = lay_out(tmp_path / "there", "old")
    assert "Replace what Forge knows" in restore(there.data, str(taken), say="n\n", code=1).stderr
    assert knows(there) == ("old", "old")
    done = json.loads(run(
        "--data", str(there.data), "--json", "restore", str(taken), "--yes", "--passphrase-env", "WORDS",
        WORDS=WORDS.reveal(),
    ).stdout)  # fmt: skip
    assert done["safety"].startswith(str(there.data / "backups" / "before-restore-"))
    assert knows(there) == ("new", "new")


def test_without_the_passphrase_it_says_what_is_missing(taken, tmp_path):
    said = run("--data", str(tmp_path / "there"), "restore", str(taken), code=2).stderr
    assert "say the passphrase" in said


def test_somebody_who_sits_there_is_asked_for_it(taken, tmp_path, monkeypatch):
    monkeypatch.setattr("forge.commands.passphrases.asked", lambda *_, **__: WORDS)
    run("--data", str(tmp_path / "there"), "restore", str(taken))


def test_a_wrong_passphrase_and_a_file_that_is_none_have_their_codes(taken, tmp_path):
    there = tmp_path / "there"
    run("--data", str(there), "restore", str(taken), "--passphrase-env", "WORDS", WORDS="wrong horse battery", code=23)
    taken.write_bytes(b"hello")
    assert "no backup of Forge" in restore(there, str(taken), code=2).stderr
    assert "There is no file" in restore(there, str(tmp_path / "nowhere"), code=2).stderr


def test_while_forge_runs_it_says_so(shell, taken):
    said = run("--data", str(shell.folder), "restore", str(taken), "--yes", code=21).stderr
    assert "stop it, restore, and start it again" in said


def test_a_kept_one_goes_by_its_name(shell):
    name = shell.json("backup", "now")["name"]
    shell.world.project("later")
    shell.server.close()
    shell.world.forge.close()
    assert "0 projects" in run("--data", str(shell.folder), "restore", name, "--yes").stdout
    shell.world.forge = shell.world.compose()
    assert shell.world.forge.store.projects.all() == []
