"""A backup over HTTP."""

from __future__ import annotations

import http.client
import re
import shutil
import time
from urllib.parse import urlsplit

from forge.compose import compose
from forge.domain.person import Principal, Role
from forge.server import Server
from forge.settings import Settings
from tests.api_world import world_fixture  # noqa: F401


def left(world):
    return list(world.runtime.settings.data.glob(".backup-*"))


def test_a_forge_started_on_a_backup_and_its_key_knows_all(world, tmp_path):
    world.make_shop(secrets={"KEY": "p1anted-s3cret"})
    with world.ask("GET", "/api/backup") as answer:
        taken = answer.data
    assert (answer.status_code, answer.mimetype) == (200, "application/vnd.sqlite3")
    assert re.fullmatch(r"attachment; filename=forge-\d{4}-\d\d-\d\d-\d{6}\.db", answer.headers["Content-Disposition"])
    assert answer.content_length == len(taken)
    assert b"p1anted-s3cret" not in taken

    data = tmp_path / "restored"
    data.mkdir(mode=0o700)
    (data / "forge.db").write_bytes(taken)
    shutil.copy(world.runtime.settings.key_file, data)
    restored = compose(Settings(data=data))
    try:
        assert [project.name for project in restored.store.projects.all()] == ["shop"]
        assert restored.store.secrets.get("project/shop/environment/KEY").reveal() == "p1anted-s3cret"
    finally:
        restored.close()


def test_nothing_is_left_after_it_was_sent(world):
    world.ask("GET", "/api/backup").close()
    assert left(world) == []


def test_nothing_is_left_after_the_real_server_sent_it(world):
    """waitress takes the file over, and closes it itself."""
    server = Server(world.runtime)
    server.start()
    try:
        connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
        connection.request("GET", "/api/backup", headers=world.bearer)
        answer = connection.getresponse()
        assert answer.status == 200
        assert answer.read(15) == b"SQLite format 3"
        connection.close()  # gone in the middle
        end = time.monotonic() + 5
        while left(world) and time.monotonic() < end:
            time.sleep(0.02)
        assert left(world) == []
    finally:
        server.close()


def test_only_an_admin_takes_one(world):
    assert world.nobody.get("/api/backup").status_code == 401
    deployer = world.browser(Principal(name="dora", role=Role.DEPLOYER))
    assert deployer.get("/api/backup").status_code == 403
    assert left(world) == []
