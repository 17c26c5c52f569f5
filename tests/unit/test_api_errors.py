"""Errors as problem+json."""

from __future__ import annotations

import logging
import sqlite3

import pytest

from forge.api.errors import PROBLEM_JSON, STATUS, Unreadable, from_forge, status_of
from forge.domain import errors
from forge.domain.errors import Conflict, ForgeError, Invalid, RegistryError, RegistryUnavailable
from forge.domain.secret import Secret
from forge.log import hide
from forge.store.database import StoreError
from forge.vault import VaultError
from tests.api_world import world_fixture  # noqa: F401


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Invalid("x"), 422),
        (Unreadable("x"), 400),
        (errors.NotFound("x"), 404),
        (Conflict("x"), 409),
        (errors.Unauthorized("x"), 401),
        (errors.Forbidden("x"), 403),
        (errors.Unavailable("x"), 503),
        (errors.EngineUnavailable("x"), 503),
        (RegistryUnavailable("x"), 503),
        (RegistryError("x"), 502),
        (RegistryError("x", code="no_repository"), 422),
        (errors.EngineError("x"), 502),
        (errors.EngineError("x", code="port_taken"), 409),
        (errors.ProxyError("x", code="domain_taken"), 409),
        (Invalid("x", code="too_large"), 413),
        (StoreError("x"), 500),
        (VaultError("x"), 500),
    ],
)
def test_each_error_has_its_status(error, status):
    answer = from_forge(error)
    assert (answer.status_code, answer.content_type) == (status, PROBLEM_JSON)
    assert answer.json["status"] == status
    assert answer.json["code"] == error.code
    assert answer.json["detail"] == "x"


def test_every_class_of_error_in_the_domain_is_in_the_table():
    classes = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, ForgeError)]
    assert len(classes) > 10
    for class_ in classes:
        assert status_of(class_("x")) in STATUS.values()


def test_a_problem_names_the_fields_at_fault():
    assert from_forge(Invalid("No.", fields={"port": "1 to 65535"})).json == {
        "type": "about:blank",
        "title": "Unprocessable Entity",
        "status": 422,
        "code": "invalid",
        "detail": "No.",
        "fields": {"port": "1 to 65535"},
        "id": None,
    }


def test_who_has_to_wait_is_told_how_long():
    assert from_forge(RegistryUnavailable("x", retry_after=12.2)).headers["Retry-After"] == "13"
    assert int(from_forge(RegistryUnavailable("x")).headers["Retry-After"]) > 0


def test_a_hidden_secret_is_in_no_problem():
    hide(Secret("p1anted-s3cret-in-problem"))
    answer = from_forge(Invalid("login p1anted-s3cret-in-problem", fields={"url": "p1anted-s3cret-in-problem"}))
    assert "p1anted" not in answer.get_data(as_text=True)


def test_a_database_locked_for_real_is_a_503(world):
    world.runtime.store.database.rows("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(world.runtime.store.database.path)
    other.execute("BEGIN IMMEDIATE")
    try:
        answer = world.ask("PUT", "/api/settings", {"domain": "example.org"})
        assert (answer.status_code, answer.json["code"]) == (503, "store_unavailable")
    finally:
        other.rollback()
        other.close()
    assert world.ask("PUT", "/api/settings", {"domain": "example.org"}).status_code == 200


def test_what_nobody_expected_says_only_an_id_that_the_log_has(world, monkeypatch, caplog):
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the innermost secret")

    monkeypatch.setattr(world.runtime.store.preferences, "get", broken)
    with caplog.at_level(logging.ERROR):
        answer = world.ask("GET", "/api/settings")
    assert (answer.status_code, answer.content_type, answer.json["code"]) == (500, PROBLEM_JSON, "internal")
    assert "innermost" not in answer.text
    assert "Traceback" not in answer.text
    assert len(answer.json["id"]) == 12
    record = next(record for record in caplog.records if answer.json["id"] in record.getMessage())
    assert "innermost" in str(record.exc_info[1])


def test_an_address_that_leads_nowhere_is_a_404_and_a_wrong_method_a_405(world):
    assert world.ask("GET", "/api/nothing").json["code"] == "not_found"
    answer = world.ask("PATCH", "/api/settings")
    assert (answer.status_code, answer.json["code"], answer.content_type) == (405, "method_not_allowed", PROBLEM_JSON)
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "PUT"}
    assert world.ask("GET", "/api/projects/").status_code == 404
