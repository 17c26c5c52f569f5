"""The log: lines for people and for programs, and never a secret in them."""

from __future__ import annotations

import base64
import io
import json
import logging
import re
import sys
import time
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge import log
from forge.domain.secret import Secret
from forge.log import HIDDEN, hide, redact, set_up

LOG = logging.getLogger("forge.test")


@pytest.fixture(autouse=True)
def _as_it_was(monkeypatch):
    """Leave logging as the test runner had it, and other tests without the secrets of these."""
    monkeypatch.setattr(log, "_hidden", log._Hidden())
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def _lines(format="text", level="info"):
    stream = io.StringIO()
    set_up(level, format, stream)
    return stream


def _fail(text):
    raise RuntimeError(text)


# ---- what a line looks like


def test_a_line_for_people_has_time_level_name_and_message():
    stream = _lines()
    LOG.warning("deploy #%d of %s", 42, "shop/dev")
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d warning forge\.test: deploy #42 of shop/dev\n", stream.getvalue()
    )


def test_a_line_for_programs_is_json():
    stream = _lines("json")
    LOG.error("“%s”\nfailed", "shop")
    line = json.loads(stream.getvalue())
    assert line.pop("at") > 1_600_000_000
    assert line == {"level": "error", "logger": "forge.test", "message": "“shop”\nfailed"}
    assert stream.getvalue().count("\n") == 1


@pytest.mark.parametrize("format", ["text", "json"])
def test_a_traceback_comes_with_the_line(format):
    stream = _lines(format)
    try:
        _fail("it broke")
    except RuntimeError:
        LOG.exception("deploy failed", stack_info=True)
    said = json.loads(stream.getvalue())["traceback"] if format == "json" else stream.getvalue()
    assert "RuntimeError: it broke" in said
    assert "Traceback (most recent call last)" in said
    assert "Stack (most recent call last)" in said


def test_nobody_can_forge_a_line_by_a_line_break():
    stream = _lines()
    LOG.info("tag %s", "v1\n2026-01-01 00:00:00 info forge.auth: all is well\r\x1b[2K")
    assert stream.getvalue().count("\n") == 1
    assert r"tag v1\n2026" in stream.getvalue()
    assert r"\r\x1b[2K" in stream.getvalue()


@pytest.mark.parametrize(("level", "shown"), [("debug", "diwe"), ("info", "iwe"), ("warning", "we"), ("error", "e")])
def test_the_level_says_what_is_shown(level, shown):
    stream = _lines(level=level)
    for word in ("debug", "info", "warning", "error"):
        getattr(LOG, word)(word[0])
    assert [line[-1] for line in stream.getvalue().splitlines()] == list(shown)


def test_libraries_are_quiet_below_a_warning():
    stream = _lines(level="debug")
    for name in ("urllib3.connectionpool", "waitress", "docker.utils.config", "requests"):
        logging.getLogger(name).info("chatter")
        logging.getLogger(name).warning("news of %s", name)
    assert "chatter" not in stream.getvalue()
    assert stream.getvalue().count("news") == 4


def test_setting_up_again_replaces_what_was_set_up():
    first, second = _lines(), _lines("json")
    LOG.info("once")
    assert first.getvalue() == ""
    assert second.getvalue().count("once") == 1


def test_it_goes_to_standard_error_or_nowhere_in_a_windowed_program(monkeypatch, capsys):
    set_up()
    LOG.info("here")
    assert "here" in capsys.readouterr().err
    monkeypatch.setattr(sys, "stderr", None)
    set_up()
    LOG.info("nobody listens")


def test_a_line_that_cannot_be_made_does_not_print_its_arguments(capsys):
    stream = _lines()
    LOG.info("deploy #%d", "hunter22-unregistered")
    assert re.fullmatch(r"forge\.test, test_log\.py:\d+: a line cannot be shown: TypeError\n", stream.getvalue())
    assert capsys.readouterr().err == ""
    stream.close()
    LOG.info("after the end")
    assert capsys.readouterr().err == ""


# ---- what no line shows


@pytest.mark.parametrize("format", ["text", "json"])
def test_a_hidden_secret_is_in_no_message_argument_or_traceback(format):
    stream = _lines(format)
    secret = f'planted-{format}-"quoted"\\ and\nbroken'
    hide(Secret(secret))
    LOG.info(f"plain {secret}")  # noqa: G004  on purpose
    LOG.info("argument %s and %r", secret, {"password": secret})
    LOG.info("as json %s, in a url %s %s", json.dumps(secret), quote(secret), quote(secret, safe=""))
    try:
        _fail(secret)
    except RuntimeError:
        LOG.exception("trouble")
    assert "planted" not in stream.getvalue()
    assert stream.getvalue().count(HIDDEN) == 7


def test_the_longer_of_two_secrets_is_hidden_whole():
    hide(Secret("abcdef-one"))
    hide(Secret("abcdef-one-and-more"))
    assert redact("abcdef-one-and-more, abcdef-one") == f"{HIDDEN}, {HIDDEN}"


@pytest.mark.parametrize("short", ["", "a", "admin", "  a  b  "])
def test_a_short_secret_does_not_eat_ordinary_words(short):
    hide(Secret(short))
    text = "the admin has  a  b  alarm"
    assert redact(text) == text


@given(st.text(min_size=6).filter(lambda text: len(text.strip()) >= 6), st.text(), st.text())
def test_any_secret_is_taken_out_of_any_text(secret, before, after):
    hide(Secret(secret))
    assert secret not in redact(f"{before}{secret}{after}").replace(HIDDEN, "")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Bearer abc.def", f"Authorization: {HIDDEN}"),
        ("authorization=token x y", f"authorization={HIDDEN}"),
        ("{'Authorization': 'Basic YTpi', 'Accept': '*/*'}", f"{{'Authorization': {HIDDEN}, 'Accept': '*/*'}}"),
        ('{"X-Registry-Auth": "eyJh", "a": 1}', f'{{"X-Registry-Auth": {HIDDEN}, "a": 1}}'),
        ("Set-Cookie: forge=abc; HttpOnly\nnext", f"Set-Cookie: {HIDDEN}\nnext"),
        ("sent Basic dXNlcjpwYXNz to it", f"sent Basic {HIDDEN} to it"),
        ("sent bearer eyJhbGciOi.x-y_z~+/= to it", f"sent bearer {HIDDEN} to it"),
        ("https://ann:pa@ss@ghcr.io/v2/", f"https://{HIDDEN}@ghcr.io/v2/"),
        ("git+ssh://token@host", f"git+ssh://{HIDDEN}@host"),
        ("POST /api/webhook/s3cr3t?x=1 404", f"POST /api/webhook/{HIDDEN}?x=1 404"),
        ("'/api/webhook/s3cr3t'", f"'/api/webhook/{HIDDEN}'"),
        ("GET /?token=s3cr3t&x=1", f"GET /?token={HIDDEN}&x=1"),
        ("scope=x&password=s3cr3t", f"scope=x&password={HIDDEN}"),
    ],
)
def test_what_looks_like_a_login_is_hidden_unregistered(text, shown):
    assert redact(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Basic authentication failed",
        'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"',
        "GET /api/webhook/receipts 200",
        "https://ghcr.io/org/shop@sha256:0123",
        "ann@example.org pushed shop:v1",
        "https://host/path?user=a@b",
    ],
)
def test_what_only_looks_alike_stays(text):
    assert redact(text) == text


@given(st.text(st.sampled_from("ab:/@'\"= \n\\?bBasic")), st.binary(min_size=8, max_size=40))
def test_a_basic_login_is_hidden_in_any_surroundings(around, login):
    token = base64.b64encode(login).decode()
    assert token not in redact(f"{around} Basic {token} {around}").replace(HIDDEN, "")


@pytest.mark.parametrize(
    "line",
    ["://" * 30_000, "a" * 100_000, "authorization" * 8_000 + " " * 20_000, "basic " + " " * 20_000, "token" * 20_000],
    ids=lambda line: line[:12],
)
def test_a_hostile_line_does_not_hold_up_the_log(line):
    began = time.perf_counter()
    redact(line)
    assert time.perf_counter() - began < 2  # quadratic would be minutes
