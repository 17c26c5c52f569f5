"""registry, proxy and engine, as typed."""

from __future__ import annotations

from forge.domain.errors import RegistryError
from forge.domain.secret import Secret
from tests.commanding import shell_fixture  # noqa: F401  asked for by its name
from tests.stub_server import make_certificate
from tests.world import HOST


def test_a_registry_is_added_listed_changed_and_removed(shell):
    added = shell.run("registry", "add", "r", "url=https://r.example", "username=u", "--password", "PW", PW="hunter2")
    assert added.stdout == "The registry r is added.\n"
    shell.run("registry", "set", "r", "interval=10m")
    store = shell.world.forge.store
    assert store.secrets.get("registry/r/password") == Secret("hunter2")
    assert "hunter2" not in shell.run("registry", "show", "r").output + shell.run("registry", "list", "--json").output
    assert shell.json("registry", "show", "r")["interval"] == 600
    assert "There" not in shell.run("registry", "list").stdout
    shell.run("registry", "remove", "r", say="n\n", code=1)
    shell.run("registry", "remove", "r", "--yes")
    assert store.secrets.get("registry/r/password") is None


def test_a_password_without_a_variable_is_asked_for(shell):
    shell.run("registry", "add", "r", "url=https://r.example", "--password", say="typed\n")
    assert shell.world.forge.store.secrets.get("registry/r/password") == Secret("typed")


def test_a_test_says_what_is_wrong_and_ends_with_eight(shell):
    assert shell.run("proxy", "test", "caddy").stdout == "✓ The fake proxy answers\n"
    shell.world.proxy.down = True
    assert shell.run("proxy", "test", "caddy", code=8).stdout.startswith("✗ The fake proxy is down")
    assert shell.json("engine", "test", "local")["ok"]


def test_what_is_in_use_is_not_removed(shell):
    shell.world.project("shop")
    assert "Project shop uses" in shell.run("proxy", "remove", "caddy", "--yes", code=7).stderr


def test_an_engine_elsewhere_has_certificates_and_a_key_that_is_never_shown(shell, tmp_path):
    certificate, key = make_certificate(tmp_path)
    url = "url=tcp://10.0.0.5:2376"
    assert "as root" in shell.run("engine", "add", "far", url, code=2).stderr
    shell.run("engine", "add", "far", url, "--ca", certificate, "--cert", certificate, "--key", key)
    said = shell.json("engine", "show", "far")
    assert (said["has_key"], said["certificate"]) == (True, certificate.read_text())
    shell.run("engine", "set", "far", "listen=10.0.0.5")
    assert shell.json("engine", "show", "far")["has_key"], "it stays"
    shell.run("engine", "set", "far", "certificate=")
    assert not shell.json("engine", "show", "far")["has_key"], "nothing would use it"
    assert "PRIVATE" not in shell.run("engine", "show", "far").stdout
    assert "takes no --key" in shell.run("registry", "add", "r", "url=https://r", "--key", key, code=2).stderr


def test_an_engine_has_no_password(shell):
    assert "no password" in shell.run("engine", "add", "far", "url=ssh://a", "--password", "X", code=2, X="x").stderr


def test_an_address_that_cannot_be_is_refused(shell):
    assert "https://host:port" in shell.run("registry", "add", "r", "url=r.example", code=2).stderr


def test_a_password_is_taken_away(shell):
    shell.run("registry", "add", "r", "url=https://r.example", "--password", "PW", PW="hunter2")
    assert "not both" in shell.run("registry", "set", "r", "--password", "PW", "--no-password", code=2, PW="x").stderr
    shell.run("registry", "set", "r", "--no-password")
    assert shell.world.forge.store.secrets.get("registry/r/password") is None
    assert "no password" in shell.run("engine", "set", "local", "--no-password", code=2).stderr


def test_an_authority_is_read_from_its_file_and_dropped_again(shell, tmp_path):
    certificate, _ = make_certificate(tmp_path)
    shell.run("registry", "add", "r", "url=https://r.example", "--ca", str(certificate))
    assert shell.json("registry", "show", "r")["ca"] == certificate.read_text()
    shell.run("registry", "set", "r", "interval=10m")
    assert shell.json("registry", "show", "r")["ca"] == certificate.read_text()
    shell.run("registry", "set", "r", "ca=")
    assert shell.json("registry", "show", "r")["ca"] is None
    (tmp_path / "der").write_bytes(b"\xff\xfe0")
    assert "no PEM file" in shell.run("registry", "set", "r", "--ca", str(tmp_path / "der"), code=2).stderr


def test_an_images_tags_are_listed_one_a_line(shell):
    for tag in ("dev-1", "dev-2"):
        shell.world.push(tag)
    assert shell.run("registry", "tags", "example", "shop").stdout == "dev-1\ndev-2\n"
    assert shell.json("registry", "tags", "example", f"{HOST}/shop") == ["dev-1", "dev-2"]
    assert "does not come from" in shell.run("registry", "tags", "example", "other.example/shop", code=2).stderr
    shell.run("registry", "tags", "nobody", "shop", code=6)
    shell.world.registry.down = True
    shell.run("registry", "tags", "example", "shop", code=8)


def test_a_registry_is_looked_at_at_once_and_what_is_polled_is_listed(shell, monkeypatch):
    assert shell.run("registry", "polling").stdout == "Nothing is polled: no project is active.\n"
    shell.run("registry", "poll", "example", code=6)
    shell.world.project("shop")
    shell.world.project("blog")
    shell.world.push("dev-1")
    said = shell.run("registry", "poll", "example").stdout
    assert said == "1 tag in 2 repositories, 1 new decision.\n"
    (row,) = shell.run("registry", "polling").stdout.splitlines()[1:]
    assert row.split()[0] == "example"
    assert row.endswith("ok")
    tags = shell.world.registry.tags

    def hidden(repository):
        if repository == "blog":
            raise RegistryError("The registry does not show blog", code="login")
        return tags(repository)

    monkeypatch.setattr(shell.world.registry, "tags", hidden)
    assert f"{HOST}/blog: The registry does not show blog" in shell.run("registry", "poll", "example", code=8).stderr
