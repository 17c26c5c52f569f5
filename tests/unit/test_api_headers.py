"""What every answer says to browsers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from forge.api.headers import HEADERS
from tests.api_world import world_fixture  # noqa: F401

pytestmark = pytest.mark.promise("browser")
TEMPLATES = Path(__file__).parents[2] / "forge" / "api" / "templates"
INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", re.IGNORECASE)


@pytest.mark.parametrize("path", ["/", "/sign-in", "/plain.css", "/api/health", "/api/projects", "/api/nothing", "/no"])
def test_every_answer_carries_all_of_them_whatever_it_is(world, path):
    headers = world.nobody.get(path).headers
    assert {name: headers.get(name) for name in HEADERS} == HEADERS
    assert not path.startswith("/api/") or headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/sign-in", "/sign-in?ticket=x", "/setup?token=x", "/sign-in/oidc", "/api/sign-in"])
def test_what_signs_in_is_kept_nowhere(world, path):
    assert world.nobody.get(path).headers["Cache-Control"] == "no-store"


def test_the_policy_allows_no_script_or_style_that_is_not_a_file_of_forges(world):
    policy = dict(part.strip().split(" ", 1) for part in HEADERS["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'self'"  # scripts, styles, pictures, connections, frames
    assert {"script-src", "style-src"} & set(policy) == set()
    for name in ("object-src", "base-uri", "frame-ancestors"):
        assert policy[name] == "'none'"
    assert not re.search(r"unsafe|data:|\*|https?:", HEADERS["Content-Security-Policy"])


@pytest.mark.parametrize("page", sorted(TEMPLATES.glob("*.html")), ids=lambda page: page.name)
def test_no_page_of_ours_needs_anything_inline(page):
    assert INLINE.search("<p onclick=x>")
    assert not INLINE.search(page.read_text("utf-8"))


def test_only_by_tls_browsers_are_told_to_stay_with_it(world):
    assert "Strict-Transport-Security" not in world.nobody.get("/").headers
    answer = world.nobody.get("/", base_url="https://localhost")
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")


def test_no_answer_tells_which_server_it_is(world):
    assert "Server" not in world.nobody.get("/").headers
