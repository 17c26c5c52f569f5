"""The way to the running Forge: found, refused, gone."""

from __future__ import annotations

import pytest

from forge.commands.client import Client, NotRunning, Refused, find, part
from forge.domain.errors import Invalid
from forge.settings import load
from tests.commanding import shell_fixture  # noqa: F401  asked for by its name


def test_a_running_forge_is_found_through_its_data_folder(shell):
    found = find(load({"data": str(shell.folder)}, {}))
    assert found.url == shell.server.url
    assert found.token == shell.world.forge.token
    assert Client(lambda: found).get("session")["name"] == "admin"


def test_without_a_forge_it_is_said_how_to_start_one(tmp_path):
    with pytest.raises(NotRunning, match=f"does not run on {tmp_path}: start it with `forge serve`"):
        find(load({"data": str(tmp_path)}, {}))


def test_another_address_needs_its_token(tmp_path):
    settings = load({"data": str(tmp_path)}, {})
    with pytest.raises(NotRunning, match="FORGE_TOKEN"):
        find(settings, "http://127.0.0.1:1")
    found = find(settings, "http://127.0.0.1:1/", "secret")
    assert (found.url, found.token.reveal()) == ("http://127.0.0.1:1", "secret")


def test_a_forge_that_was_killed_is_told_from_one_that_never_ran(tmp_path):
    (tmp_path / "address").write_text("http://127.0.0.1:9")
    (tmp_path / "token").write_text("x")
    client = Client(lambda: find(load({"data": str(tmp_path)}, {})))
    with pytest.raises(NotRunning, match=r"does not answer at http://127.0.0.1:9 .*forge serve"):
        client.get("session")


def test_a_problem_is_told_with_its_code_and_fields(shell):
    client = Client(lambda: find(load({"data": str(shell.folder)}, {})))
    with pytest.raises(Refused) as caught:
        client.put("settings", {"receipts": 0})
    assert (caught.value.status, caught.value.code, list(caught.value.fields)) == (422, "invalid", ["receipts"])


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_name_cannot_lead_to_another_address(name):
    with pytest.raises(Invalid):
        part(name)


def test_whatever_a_name_holds_it_stays_one_part():
    assert part("a/b?c#d", "ü") == "a%2Fb%3Fc%23d/%C3%BC"
