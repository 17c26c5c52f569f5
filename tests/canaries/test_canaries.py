"""What watches can fail: a secret that leaks is found wherever it stands and in whichever form, and is not told on."""

from __future__ import annotations

import base64
import io
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest

from forge.store import archive
from forge.vault import Vault
from tests.canaries import kinds, plugin
from tests.canaries.kinds import canary
from tests.canaries.search import Pile, unpacked
from tests.canaries.watch import Watch, over, watches
from tests.e2e.forge_process import ROOT, ForgeProcess
from tests.e2e.live import until

SECRET = canary('odd "sign/ä+')
BEARER = {"content-type": "application/json"}

# A Forge that says whatever it is told, where it is told to.
LEAKY = """
import http.server, pathlib, secrets, sys
data = pathlib.Path(sys.argv[1])
class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("X-Said", self.server.said)
        self.end_headers()
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        where = self.path.rpartition("/")[2]
        if where == "log":
            sys.stderr.buffer.write(body)
            sys.stderr.flush()
        elif where == "file":
            (data / "left.txt").write_bytes(body)
        self.send_response(200)
        self.end_headers()
        if where == "answer":
            self.wfile.write(body)
    def log_message(self, *_): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Answers)
server.said = "well"
(data / "token").write_text(secrets.token_urlsafe())
(data / "token").chmod(0o600)
(data / "address").write_text(f"http://127.0.0.1:{server.server_port}")
server.serve_forever()
"""


class Leaky(ForgeProcess):
    def command(self) -> list[str]:
        return [sys.executable, "-c", LEAKY, str(self.data)]


@pytest.fixture
def watch(tmp_path):
    made = Watch(tmp_path, lambda: False)
    made.learn("password", SECRET)
    return made


@pytest.mark.parametrize("form", [
    lambda secret: secret,
    lambda secret: quote(secret, safe=""),
    lambda secret: json.dumps({"a": secret}),
    *(lambda secret, before=before: base64.b64encode(f"{before}{secret}".encode()).decode()
      for before in ("", "u", "us", "use", "user:")),
    lambda secret: base64.urlsafe_b64encode(secret.encode()).decode(),
])  # fmt: skip
def test_a_secret_is_found_in_each_form_and_the_hit_does_not_show_it(watch, form):
    watch.hears("a stream", b"all is well")
    watch.hears("log", f"before {form(SECRET)} after {SECRET} and {SECRET}")
    (hit,) = watch.verdict()
    assert hit.startswith("password stands in log: ")
    assert "•••" in hit
    assert SECRET not in hit


@pytest.mark.parametrize("length", range(8, 20))
def test_base64_of_short_ones_is_not_found_by_accident(length):
    pile = Pile()
    pile.add("log", base64.b64encode(bytes(range(256)) * 40))
    assert list(pile.hits({"x" * length: "password"})) == []


def test_what_is_too_short_to_be_looked_for_is_refused(watch):
    with pytest.raises(ValueError, match="canary"):
        watch.learn("password", "secret")


def test_where_it_belongs_it_may_stand_and_nowhere_else(watch):
    answer = [("Content-Type", "application/json")]
    watch.answered(
        "POST", "/api/tokens", answer, json.dumps({"name": "ci", "secret": "forge_" + SECRET[-20:]}).encode()
    )
    assert watch.verdict() == []
    watch.answered("GET", "/api/tokens", answer, json.dumps([{"name": f"forge_{SECRET[-20:]}"}]).encode())
    assert [hit.partition(":")[0] for hit in watch.verdict()] == ["tokens secret stands in answer of GET /api/tokens"]


def test_all_files_are_looked_at_and_a_database_as_sql_too(watch, tmp_path):
    long = "x" * 3000 + SECRET + "x" * 3000  # over the edge of a page, where no search of bytes finds it
    with closing(sqlite3.connect(tmp_path / "forge.db")) as database:
        database.execute("PRAGMA page_size = 512")
        database.execute("CREATE TABLE t (v)")
        for shift in range(40):
            database.execute("INSERT INTO t VALUES (?)", ("y" * 13 * shift + long,))
        database.commit()
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "page.html").write_text(SECRET)
    assert {hit.split(":")[0] for hit in watch.verdict()} >= {
        "password stands in dump of forge.db", "password stands in file deep/page.html",
    }  # fmt: skip
    assert {path.name for path in tmp_path.iterdir()} == {"forge.db", "deep"}


def test_a_backup_is_looked_into(tmp_path):
    database = tmp_path / "some.db"
    database.write_bytes(b"SQLite format 3\0" + SECRET.encode() * 3)
    about = archive.About(forge="1", made=0.0, home="h", schema=1)
    file = io.BytesIO()
    archive.write(file, database, about, Vault([os.urandom(32)]), None)
    assert SECRET.encode() not in file.getvalue()
    assert SECRET.encode() in unpacked(file.getvalue())


def test_a_file_for_its_owner_only_must_be_so(watch, tmp_path):
    (tmp_path / "token").write_text("a launch token")
    (tmp_path / "token").chmod(0o600)
    assert watch.verdict() == []
    (tmp_path / "token").chmod(0o640)
    watch.learn("another", canary())  # what changed is looked at anew
    assert watch.verdict() == ["launch token stands in file token: others may read it"]


@pytest.mark.parametrize("where", ["log", "file", "answer"])
def test_a_forge_that_leaks_fails_the_test_that_ran_it(tmp_path, where, monkeypatch):
    monkeypatch.setattr(plugin, "shown", lambda *_, holds: told.append(holds))
    told = []
    forge = Leaky(tmp_path / "data")
    forge.data.mkdir()
    forge.start()
    forge.ask("POST", f"/api/registries/{where}", {"password": SECRET})
    forge.stop()
    assert [watch for watch in watches() if watch is forge.watch], "its end is waited for"
    teardown = plugin.pytest_runtest_teardown()
    next(teardown)
    with pytest.raises(pytest.fail.Exception, match="registries password stands in"):
        next(teardown)
    assert forge.watch not in watches()
    assert told == [False]


def test_what_everybody_sees_of_its_processes_is_looked_at(tmp_path):
    forge = Leaky(tmp_path / "data")
    forge.data.mkdir()
    forge.watch.learn("password", "printed by ps: " + SECRET)
    forge.command = lambda: [sys.executable, "-c", LEAKY, str(forge.data), "printed by ps: " + SECRET]
    forge.start()
    forge.ask("GET", "/")
    forge.stop()
    assert [hit.partition(":")[0] for hit in forge.watch.verdict()] == ["password stands in the list of processes"]
    assert forge.watch in over()


def test_a_child_is_seen_too(tmp_path):
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()', sys.argv[1]])"
    watch = Watch(tmp_path, lambda: False)
    with subprocess.Popen([sys.executable, "-c", code, "x" + SECRET], stdin=subprocess.PIPE) as parent:
        until(lambda: bool(Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text()), "it has a child")
        watch.learn("password", SECRET)
        watch.sees(parent.pid)
        parent.communicate(b"\n")
    assert len(watch.verdict()) == 1


@pytest.mark.parametrize(("path", "body", "found"), [
    ("/api/registries", {"name": "r", "password": "p" * 9}, {"registries password"}),
    ("/api/projects", {"environment": {"A": "plain"}, "secrets": {"A": "s" * 9},
                       "stages": [{"secrets": {"B": "t" * 9, "C": None}}]}, {"projects secrets"}),
    ("/api/notifications", {"address": "json://ada:pppppppppppp@host.example/room"}, {"notifications address"}),
    ("/api/engines/x", {"key": "-----BEGIN K-----\naaaaaaaaaa\nbbbbbbbbbb\n"}, {"engines key"}),
    ("/api/me/password", {"old": "o" * 9, "new": "n" * 9}, {"me old", "me new"}),
    ("/api/webhook/x", {"secret": "of a stranger"}, set()),
    ("/api/engines/local/containers/x/adopt", {"secrets": ["DB_PASSWORD"]}, set()),
    ("/sign-in?ticket=tttttttttt", None, {"sign-in ticket"}),
])  # fmt: skip
def test_what_a_request_holds_is_learned(path, body, found):
    assert {kind for kind, _ in kinds.in_request(path, BEARER, json.dumps(body).encode())} == found


def test_every_field_of_the_contract_that_sounds_secret_is_known():
    """Who adds one says here whether it is."""
    schemas = json.loads((ROOT / "ui/openapi.json").read_text("utf-8"))["components"]["schemas"]
    known = kinds.ASKED | set().union(*kinds.ASKED_OF.values(), *kinds.ANSWERED_OF.values())
    sounds = ("pass", "secret", "token", "key", "ticket", "credential", "private")
    found = {
        (name, field)
        for name, schema in schemas.items()
        for field, about in schema.get("properties", {}).items()
        if any(word in field for word in sounds) and _may_be_text(about)
    }
    assert {one for one in found if one[1] not in known} == set()
    assert len(found) > 15


def _may_be_text(about: dict) -> bool:
    kinds_of = [about, *about.get("anyOf", [])]
    return any(one.get("type") in {"string", "object"} for one in kinds_of)
