"""People on the command line, with a Forge that runs and without one."""

from __future__ import annotations

import pytest

from tests.commanding import (
    run,
    shell_fixture,  # noqa: F401  asked for by its name
)

WORD = {"WORD": "correct horse battery"}
TYPED = "correct horse battery\ncorrect horse battery\n"


def test_the_first_admin_and_others_are_made_changed_and_removed(shell):
    assert "There is nobody yet" in shell.run("people", "list").stdout
    assert "ada can sign in as admin" in shell.run("people", "add", "ada", "--role", "admin", say=TYPED).stdout
    shell.world.project("shop")
    words = ("people", "add", "dora", "--role", "deployer", "--project", "shop", "--password", "WORD")
    shell.run(*words, **WORD)
    assert "shop" in shell.run("people", "list").stdout
    assert shell.json("people", "show", "dora")["projects"] == ["shop"]
    assert "dora" in shell.run("people", "show", "dora").stdout
    said = shell.run("people", "change", "dora", "--role", "viewer", "--all-projects").stdout
    assert said == "dora is viewer and sees all projects.\n"
    assert "only admin" in shell.run("people", "remove", "ada", "--yes", code=7).stderr
    shell.run("people", "remove", "dora", say="y\n")
    assert [one["name"] for one in shell.json("people", "list")] == ["ada"]


def test_a_password_is_set_and_codes_are_taken_off(shell):
    shell.run("people", "add", "ada", "--role", "admin", "--password", "WORD", **WORD)
    before = shell.world.forge.store.people.password("ada")
    assert "new password" in shell.run("people", "password", "ada", say=TYPED).stdout
    assert shell.world.forge.store.people.password("ada") != before
    assert "password alone" in shell.run("people", "no-codes", "ada").stdout
    assert "is not set" in shell.run("people", "password", "ada", "--password", "NOTHING", code=2).stderr


def test_it_works_on_the_data_folder_while_no_forge_runs(tmp_path):
    data = ("--data", str(tmp_path / "data"))
    run(*data, "people", "add", "ada", "--role", "admin", "--password", "WORD", **WORD)
    run(*data, "people", "password", "ada", "--password", "WORD", **WORD)
    run(*data, "people", "no-codes", "ada")
    assert "taken" in run(*data, "people", "add", "ada", "--role", "admin", "--password", "WORD", code=7, **WORD).stderr
    assert "10 to 200" in run(*data, "people", "password", "ada", "--password", "W", code=2, W="short").stderr
    run(*data, "people", "list", code=3)


def test_another_machines_forge_is_not_taken_for_a_folder(tmp_path):
    words = ("people", "add", "ada", "--role", "admin", "--password", "WORD")
    run("--data", str(tmp_path / "x"), "--url", "http://127.0.0.1:1", "--token", "t", *words, code=3, **WORD)
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("words", [("add", "ada"), ("add", "ada", "--role", "king")])
def test_a_role_is_said(tmp_path, words):
    assert "--role" in run("--data", str(tmp_path), "people", *words, code=2).stderr
