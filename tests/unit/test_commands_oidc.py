"""oidc show|set|test|remove."""

from tests.commanding import shell_fixture  # noqa: F401  asked for by its name

SET = ("oidc", "set", "issuer=http://127.0.0.1:9", "client_id=forge")


def test_set_show_change_and_remove(shell):
    assert "No provider is set up" in shell.run("oidc", "show").stdout
    shell.run(*SET, "--group", "ops=admin", "--group", "a=b=viewer:", "--secret", "S", S="canary-secret")
    found = shell.json("oidc", "show")["oidc"]
    assert found["groups"] == [
        {"group": "ops", "role": "admin", "projects": None},
        {"group": "a=b", "role": "viewer", "projects": []},
    ]
    assert found["has_secret"] is True
    shell.run("oidc", "set", "others=viewer", "scopes=openid,groups", "session_lasts=90m", "--group", "a=b=")
    found = shell.json("oidc", "show")["oidc"]
    assert (found["others"], found["scopes"], len(found["groups"])) == ("viewer", ["openid", "groups"], 1)
    said = shell.run("oidc", "show").stdout
    assert "ops=admin" in said
    assert "session_lasts: 90m" in said
    assert "/api/oidc/logout" in said
    assert "/sign-in/oidc/callback" in said
    assert "canary-secret" not in said
    assert shell.run("oidc", "remove", say="n\n", code=1).stdout == ""
    shell.run("oidc", "remove", "--yes")
    shell.run("oidc", "remove", "--yes", code=6)


def test_a_secret_can_be_typed(shell):
    shell.run(*SET, "--secret", say="canary-secret\n")
    assert shell.json("oidc", "show")["oidc"]["has_secret"] is True


def test_the_test_ends_with_a_code_of_its_own(shell):
    shell.run("oidc", "test", code=6)
    shell.run(*SET)
    assert "✗ 127.0.0.1:9 refuses the connection" in shell.run("oidc", "test", code=8).stdout


def test_what_is_missing_or_is_none_is_told(shell):
    assert "issuer=" in shell.run("oidc", "set", "client_id=forge", code=2).stderr
    assert "GROUP=ROLE" in shell.run(*SET, "--group", "ops", code=2).stderr
    assert "no role" in shell.run(*SET, "--group", "ops=owner", code=2).stderr
