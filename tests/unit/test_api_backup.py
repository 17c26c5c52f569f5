"""Backups over HTTP."""

from __future__ import annotations

import http.client
import re
import time
from urllib.parse import urlsplit

import pytest

from forge.domain.person import Principal, Role
from forge.domain.secret import Secret
from forge.server import Server
from forge.store import archive
from tests.api_world import world_fixture  # noqa: F401

MEDIA = "application/vnd.forge.backup"
WORDS = "correct horse battery"


def left(world):
    return list(world.runtime.settings.data.glob(".backup-*"))


def test_one_to_take_away_is_a_file_of_this_moment_with_secrets_sealed(world, tmp_path):
    world.make_shop(secrets={"KEY": "p1anted-s3cret"})
    with world.ask("POST", "/api/backup") as answer:
        taken = answer.data
    assert (answer.status_code, answer.mimetype) == (200, MEDIA)
    name = r"attachment; filename=forge-\d{4}-\d\d-\d\d-\d{6}\.backup"
    assert re.fullmatch(name, answer.headers["Content-Disposition"])
    assert answer.content_length == len(taken)
    path = tmp_path / "taken.backup"
    path.write_bytes(taken)
    assert archive.read_header(path).keys is None
    opened = archive.unseal(path, passphrase=None, own=world.runtime.store.secrets.vault)
    with (tmp_path / "taken.db").open("wb") as target:
        archive.unpack(opened, target)
    assert b"p1anted-s3cret" not in (tmp_path / "taken.db").read_bytes()
    assert left(world) == []


def test_a_passphrase_takes_the_key_along(world, tmp_path):
    with world.ask("POST", "/api/backup", {"passphrase": WORDS}) as answer:
        path = tmp_path / "taken.backup"
        path.write_bytes(answer.data)
    opened = archive.unseal(path, passphrase=Secret(WORDS), own=None)
    assert opened.vault.keys == world.runtime.store.secrets.vault.keys


def test_a_passphrase_in_the_address_is_none(world, tmp_path):
    with world.ask("POST", "/api/backup?passphrase=correct+horse+battery") as answer:
        (tmp_path / "taken.backup").write_bytes(answer.data)
    assert archive.read_header(tmp_path / "taken.backup").keys is None


def test_one_that_is_soon_guessed_is_refused(world):
    with world.ask("POST", "/api/backup", {"passphrase": "short"}) as answer:
        assert answer.status_code == 422
        assert answer.json["fields"] == {"passphrase": "12 characters or more"}


def test_nothing_is_left_after_the_real_server_sent_it(world):
    """waitress takes the file over, and closes it itself."""
    server = Server(world.runtime)
    server.start()
    try:
        connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
        connection.request("POST", "/api/backup", headers=world.bearer)
        answer = connection.getresponse()
        assert answer.status == 200
        assert answer.read(12) == b"FORGE-BACKUP"
        connection.close()  # gone in the middle
        end = time.monotonic() + 5
        while left(world) and time.monotonic() < end:
            time.sleep(0.02)
        assert left(world) == []
    finally:
        server.close()


def test_those_that_are_kept_are_listed_downloaded_and_deleted(world):
    made = world.ask("POST", "/api/backups")
    assert (made.status_code, made.json["kind"], made.json["keyed"]) == (201, "hand", False)
    place = made.headers["Location"]
    found = world.ask("GET", "/api/backups").json
    assert found["backups"] == [made.json]
    assert (found["fault"], found["passphrase"]) == (None, False)
    assert found["folder"] == str(world.runtime.settings.data / "backups")
    with world.ask("GET", place) as answer:
        assert (answer.mimetype, len(answer.data)) == (MEDIA, made.json["bytes"])
    assert world.ask("DELETE", place).status_code == 204
    assert world.ask("GET", "/api/backups").json["backups"] == []
    assert world.ask("GET", place).status_code == 404
    assert world.ask("DELETE", place).json["code"] == "no_backup"


def test_when_the_next_is_due_is_said_and_that_none_is(world):
    world.runtime.daily.look()
    assert world.ask("GET", "/api/backups").json["next"] > time.time()
    settings = world.ask("GET", "/api/settings").json
    world.ask("PUT", "/api/settings", {**settings, "backup_daily": False})
    assert world.ask("GET", "/api/backups").json["next"] is None


def test_the_passphrase_of_the_kept_ones_is_set_and_never_shown(world):
    assert world.ask("PUT", "/api/backups/passphrase", {"passphrase": WORDS}).status_code == 204
    found = world.ask("GET", "/api/backups")
    assert found.json["passphrase"] is True
    assert WORDS not in found.text
    assert world.ask("POST", "/api/backups").json["keyed"] is True
    assert world.ask("PUT", "/api/backups/passphrase", {"passphrase": None}).status_code == 204
    assert world.ask("GET", "/api/backups").json["passphrase"] is False


@pytest.mark.parametrize("name", ["..%2Fforge.db", "forge.db", "..", "%2Fetc%2Fpasswd", "hand-0001-2026-01-01.backup"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_name_leads_nowhere_else(world, method, name):
    assert world.ask(method, f"/api/backups/{name}").status_code in {404, 405}
    assert world.runtime.settings.database.exists()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/backup"),
        ("GET", "/api/backups"),
        ("POST", "/api/backups"),
        ("GET", "/api/backups/x"),
        ("DELETE", "/api/backups/x"),
        ("PUT", "/api/backups/passphrase"),
    ],
)
def test_only_an_admin_may(world, method, path):
    body = {"passphrase": None} if method == "PUT" else None
    assert world.nobody.open(path, method=method, json=body).status_code == 401
    deployer = world.browser(Principal(name="dora", role=Role.DEPLOYER))
    same = {"Origin": "http://localhost"}
    assert deployer.open(path, method=method, json=body, headers=same).status_code == 403
    assert left(world) == []
