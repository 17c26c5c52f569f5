"""settings, as typed."""

from __future__ import annotations

from tests.commanding import shell_fixture  # noqa: F401  asked for by its name


def test_settings_are_shown_and_changed_as_people_write_them(shell):
    shell.run("settings", "set", "domain=example.org", "free_disk=2GiB", "host_paths=/srv,/data")
    found = shell.json("settings", "get")
    assert (found["domain"], found["free_disk"], found["host_paths"]) == ("example.org", 2 << 30, ["/srv", "/data"])
    assert "domain: example.org" in shell.run("settings", "get").stdout
    assert shell.run("settings", "get", "host_paths").stdout == "/srv, /data\n"


def test_a_setting_without_a_value_is_shown_too(shell):
    assert "host_paths: none\n" in shell.run("settings", "get").stdout
    assert shell.run("settings", "get", "host_paths").stdout == "none\n"
    assert shell.json("settings", "get", "host_paths") == []


def test_an_unknown_setting_is_told_with_the_nearest(shell):
    assert "did you mean “domain”" in shell.run("settings", "set", "domian=x", code=2).stderr
    assert "known are" in shell.run("settings", "get", "x", code=2).stderr


def test_an_empty_value_is_the_default(shell):
    shell.run("settings", "set", "domain=example.org")
    shell.run("settings", "set", "domain=")
    assert shell.json("settings", "get", "domain") == "localhost"
