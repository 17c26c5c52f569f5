"""A delivery's bytes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge.domain.errors import Invalid
from forge.watch.bodies import LARGEST, kept_headers, kept_text, parse

FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}


def test_json_is_read_also_from_a_form():
    assert parse({}, b'{"image": "a"}') == {"image": "a"}
    assert parse(FORM, b"payload=%7B%22image%22%3A+%22a%22%7D") == {"image": "a"}


@pytest.mark.parametrize(
    ("headers", "body", "code"),
    [
        ({}, b"", "not_json"),
        ({}, b"{", "not_json"),
        ({}, b"\xff", "not_json"),
        ({}, b"[" * 100_000, "not_json"),
        (FORM, b"image=a", "not_json"),
        (FORM, "payload=é".encode(), "not_json"),
        (FORM, b"&".join(b"a=1" for _ in range(50)), "not_json"),
        ({}, b" " * (LARGEST + 1), "too_large"),
    ],
)
def test_what_cannot_be_read_is_said(headers, body, code):
    with pytest.raises(Invalid) as caught:
        parse(headers, body)
    assert caught.value.code == code
    assert kept_text(headers, body) == ""


def test_the_text_that_is_kept_holds_no_secret():
    kept = kept_text({}, b'{"secret": "hunter2hunter2", "image": "a"}')
    assert json.loads(kept) == {"secret": "•••", "image": "a"}


def test_only_headers_that_say_what_a_delivery_is_are_kept():
    headers = {
        "X-GitHub-Event": "package", "Authorization": "Bearer secret", "Cookie": "a=b",
        "X-Hub-Signature-256": "sha256=1", "User-Agent": "x" * 1000,
    }  # fmt: skip
    assert kept_headers(headers) == (("user-agent", "x" * 200), ("x-github-event", "package"))


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_json_or_refused(body, form):
    headers = FORM if form else {}
    try:
        parse(headers, body)
    except Invalid:
        assert kept_text(headers, body) == ""
    else:
        assert kept_text(headers, body)
