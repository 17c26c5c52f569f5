"""The plain page, and the built board once it is there."""

from __future__ import annotations

import gzip
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import create_environ, run_wsgi_app

from tests.api_world import world_fixture  # noqa: F401


@pytest.fixture
def board(world, tmp_path):
    static = tmp_path / "static"
    (static / "_app/immutable").mkdir(parents=True)
    (static / "index.html").write_text("<title>The board</title>")
    (static / "_app/immutable/a1.js").write_text("export {}")
    (tmp_path / "secret.txt").write_text("secret")
    world.app.config["FORGE_STATIC"] = str(static)
    return world


@pytest.fixture(autouse=True)
def no_board(world, tmp_path):
    world.app.config["FORGE_STATIC"] = str(tmp_path / "nowhere")


def test_who_is_not_signed_in_is_told_how_and_nothing_else(world):
    world.make_shop()
    page = world.nobody.get("/")
    assert page.status_code == 200
    assert "Launch token" in page.text
    assert "shop" not in page.text


def test_the_page_says_what_runs_and_where(world):
    world.make_shop()
    world.add_instance()
    page = world.ask("GET", "/").text
    for part in ("shop", "glob:dev-*", "dev-1", 'href="http://localhost:20001"', 'href="/api/openapi.json"'):
        assert part in page, part


def test_the_page_says_what_does_not_answer_and_who_waits(world):
    world.runtime.parts.tell("engine", "local", "Docker does not answer: start it")
    world.make_shop()
    with world.runtime.store.database.change() as change:
        change.execute("UPDATE project SET active = 0")
    page = world.ask("GET", "/").text
    assert "Docker does not answer: start it" in page
    assert "waits for a person" in page


def test_what_others_wrote_is_text_and_never_markup(world):
    world.runtime.parts.tell("engine", "local", "<script>alert(1)</script>")
    page = world.ask("GET", "/").text
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_the_page_keeps_to_its_own_policy(world):
    world.make_shop()
    for page in (world.ask("GET", "/").text, world.nobody.get("/").text):
        assert "<script" not in page
        assert "style=" not in page
        assert "<style" not in page
    assert world.nobody.get("/plain.css").content_type.startswith("text/css")


def test_without_a_board_other_addresses_lead_nowhere(world):
    assert world.ask("GET", "/projects/shop").status_code == 404


def test_the_board_answers_for_every_address_that_is_no_file(board):
    for path in ("/", "/projects/shop", "/index.html", "/a/b/c"):
        answer = board.nobody.get(path, buffered=True)
        assert (answer.status_code, answer.text) == (200, "<title>The board</title>"), path
        assert answer.headers["Cache-Control"] == "no-cache"


def test_files_of_the_board_are_served_as_what_they_are(board):
    answer = board.nobody.get("/_app/immutable/a1.js", buffered=True)
    assert answer.content_type.startswith("text/javascript")
    assert "immutable" in answer.headers["Cache-Control"]


WAYS_OUT = [
    "/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/%252e%252e%252fsecret.txt", "/....//secret.txt",
    "/..\\secret.txt", "/..%5csecret.txt", "/%2e%2e%5csecret.txt", "/_app/../../secret.txt",
    "/_app/..%2f..%2fsecret.txt", "//etc/passwd", "/%2fetc/passwd", "//%2fetc%2fpasswd", "/C:%5cWindows%5cwin.ini",
    "/C:/Windows/win.ini", "/%5c%5chost%5cshare", "/secret.txt%00.js", "/%00", "/index.html%00", "/..%00/secret.txt",
    "/%ff%fe", "/..%c0%afsecret.txt", "/..;/secret.txt", "/./../secret.txt", "/CON", "/NUL.txt",
    "/" + "../" * 40 + "etc/passwd", "/" + "a/" * 3000, "/" + "a" * 5000,
]  # fmt: skip


def served(board, path, **headers):
    """Status and text of a path as a server hands it on: decoded, bytes as latin-1."""
    environ = {**create_environ("/", "http://localhost", headers=headers), "PATH_INFO": path}
    body, status, _ = run_wsgi_app(board.app, environ, buffered=True)
    return int(status.split()[0]), b"".join(body)


@pytest.mark.promise("files")
@pytest.mark.parametrize("packed", ["", "gzip"])
@pytest.mark.parametrize("path", WAYS_OUT)
def test_nothing_outside_of_the_board_is_served(board, tmp_path, path, packed):
    (tmp_path / "secret.txt.gz").write_bytes(b"secret")
    for way in (path, unquote(path, "latin-1")):
        status, text = served(board, way, **{"Accept-Encoding": packed})
        assert (status, text) == (200, b"<title>The board</title>") or (
            status in {308, 400, 404} and b"root:" not in text
        )
        assert b"secret" not in text or status == 308


@pytest.mark.promise("files")
@given(raw=st.text(alphabet=st.sampled_from("./\\%0acCeE2f5;: \x00secrt_p"), max_size=60))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_spelling_of_a_path_leads_out_of_the_board(board, raw):
    status, text = served(board, f"/{raw}")
    assert status < 500
    assert text != b"secret"


def test_the_api_never_answers_with_a_page(board):
    for path in ("/api/nothing", "/api/projects/x/y", "/api"):
        answer = board.ask("GET", path)
        assert (answer.status_code, answer.json["code"]) == (404, "not_found"), path
    assert board.ask("POST", "/projects").status_code == 404


def test_a_script_that_is_gone_is_not_answered_with_a_page(board):
    answer = board.nobody.get("/_app/immutable/of-the-version-before.js")
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


def test_what_the_build_packed_is_sent_packed_to_who_takes_it(board, tmp_path):
    packed = gzip.compress(b"export {}")
    (tmp_path / "static/_app/immutable/a1.js.gz").write_bytes(packed)
    answer = board.nobody.get("/_app/immutable/a1.js", headers={"Accept-Encoding": "br, gzip"}, buffered=True)
    assert (answer.data, answer.headers["Content-Encoding"]) == (packed, "gzip")
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert "immutable" in answer.headers["Cache-Control"]
    for other in ("", "br", "gzip;q=0"):
        plain = board.nobody.get("/_app/immutable/a1.js", headers={"Accept-Encoding": other}, buffered=True)
        assert plain.data == b"export {}"
        assert "Content-Encoding" not in plain.headers
    assert {"Accept-Encoding"} <= set(answer.vary) & set(plain.vary)
