"""Cookies: what they are called, and what they say to browsers."""

from __future__ import annotations

import pytest
from flask import Flask, Response, request

from forge.api.cookies import COOKIE, cookie_of, give, take

pytestmark = pytest.mark.promise("sessions")


@pytest.mark.parametrize(("url", "called"), [("http://localhost", COOKIE), ("https://localhost", f"__Host-{COOKIE}")])
def test_by_tls_they_are_bound_to_the_host(url, called):
    with Flask("test").test_request_context(base_url=url, headers={"Cookie": f"{called}=mine"}):
        answer = Response()
        give(answer, "new", seconds=60)
        take(answer)
        given, taken = answer.headers.getlist("Set-Cookie")
        assert cookie_of(request) == "mine"
    assert given.startswith(f"{called}=new;")
    assert taken.startswith(f"{called}=;")
    assert {"HttpOnly", "Path=/", "SameSite=Strict", "Max-Age=60"} <= set(given.split("; "))
    for said in (given, taken):
        assert ("Secure" in said) is url.startswith("https")
        assert "Domain" not in said


def test_one_of_another_name_or_way_is_not_there():
    with Flask("test").test_request_context(base_url="https://localhost", headers={"Cookie": f"{COOKIE}=tossed"}):
        assert cookie_of(request) == ""
    with Flask("test").test_request_context(headers={"Cookie": f"{COOKIE}=mine; other=x"}):
        assert (cookie_of(request, "other"), cookie_of(request, "none")) == ("x", "")
