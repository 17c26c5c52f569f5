"""API tokens on the command line, and the command line with one."""

from __future__ import annotations

from tests.commanding import (
    run,
    shell_fixture,  # noqa: F401  asked for by its name
)


def test_one_is_made_used_listed_and_ended(shell):
    shell.world.project("shop")
    assert "none yet" in shell.run("token", "list").stdout
    made = shell.run("token", "add", "ci", "--for", "shop/dev", "--expires", "90d")
    secret = made.stdout.strip()
    assert secret.startswith("forge_")
    assert secret not in made.stderr
    shell.world.push("dev-1")
    there = {"FORGE_URL": shell.server.url, "FORGE_TOKEN": secret}
    assert run("deploy", "shop/dev", "dev-1", **there).exit_code == 0
    assert "not for that" in run("settings", "get", code=5, **there).stderr
    listed = shell.run("token", "list").stdout
    assert "shop/dev" in listed
    assert secret not in listed
    assert "nothing any more" in shell.run("token", "remove", "1").stdout
    assert run("project", "list", code=5, **there).stdout == ""
    assert "ended" in shell.run("token", "list").stdout
    assert shell.json("token", "list")[0]["ended"] is not None


def test_a_time_is_said_with_its_unit(shell):
    for text in ("90", "0d", "d", "1y", "-1d"):
        assert "is no time" in shell.run("token", "add", "ci", f"--expires={text}", code=2).stderr
