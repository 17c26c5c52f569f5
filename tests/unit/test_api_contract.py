"""A handler's contract: checked on the way in, encoded on the way out."""

from __future__ import annotations

import gzip
import json

import msgspec
import pytest
from flask import Flask, Response

from forge.api import errors
from forge.api.contract import AT_ONCE_ELSEWHERE, AsOf, At, Operation, Page, contract_of, domain, operation, wire
from forge.api.hub import WAITRESS_SETTINGS
from forge.domain.errors import Invalid
from forge.domain.project import Health


class Inner(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    number: int = 1


class Wish(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    name: str
    inner: Inner = msgspec.field(default_factory=Inner)


class Many(Page, kw_only=True):
    flag: bool = False
    status: list[str] | None = None


@pytest.fixture
def client():
    app = Flask("contract")
    errors.register(app)
    shown = operation(Operation(body=Wish))(lambda body: body)
    optional = operation(Operation(body=Inner, optional=True))(lambda body: body)
    asked = operation(Operation(query=Many))(lambda query: query)
    made = operation(Operation(status=201))(lambda: At("/api/x/1", {"a": 1}))
    nothing = operation(Operation(status=204))(lambda: None)
    placed = operation(Operation())(lambda: AsOf("7", ["line"] * 9000))
    raw = operation(Operation())(lambda: Response("as it is", 203))
    for path, view in {
        "/shown": shown, "/optional": optional, "/asked": asked, "/made": made, "/nothing": nothing, "/raw": raw,
        "/placed": placed,
    }.items():  # fmt: skip
        app.add_url_rule(path, path[1:], view, methods=["GET", "POST"])
    return app.test_client()


def test_a_body_becomes_its_type_and_the_answer_json(client):
    answer = client.post("/shown", json={"name": "x", "inner": {"number": 3}})
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert answer.json == {"name": "x", "inner": {"number": 3}}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": 1}, "name"),
        ({}, "name"),
        ({"name": "x", "inner": {"number": "1"}}, "inner.number"),
        ({"name": "x", "inner": {"nunber": 1}}, "inner.nunber"),
        ({"name": "x", "nome": 1}, "nome"),
        ([], "the body"),
        ({"name": "x", "inner": {"number": 1e400}}, "inner.number"),
    ],
)
def test_what_does_not_fit_is_a_422_that_names_the_field(client, body, field):
    text = json.dumps(body).replace("Infinity", "1e400")
    answer = client.post("/shown", data=text, content_type="application/json")
    assert answer.status_code == 422
    assert list(answer.json["fields"]) == [field]
    assert field in answer.json["detail"]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"name": "\xff"}', b'{"name": "\\ud800"}'])
def test_what_is_no_json_is_a_400(client, body):
    answer = client.post("/shown", data=body, content_type="application/json")
    assert (answer.status_code, answer.json["code"]) == (400, "unreadable")


@pytest.mark.promise("parsers")
@pytest.mark.parametrize("nest", ["[", '{"a":', '{"name":[', '{"name":{"name":'])
def test_a_nest_of_json_is_refused_and_costs_no_stack(client, nest):
    answer = client.post("/shown", data=nest * (900_000 // len(nest)), content_type="application/json")
    assert answer.status_code in {400, 422}


@pytest.mark.parametrize("type_", ["text/plain", "application/x-www-form-urlencoded", None])
def test_a_form_of_another_site_cannot_pass_for_json(client, type_):
    answer = client.post("/shown", data=b'{"name": "x"}', content_type=type_)
    assert (answer.status_code, answer.json["code"]) == (415, "unsupported_type")


def test_an_optional_body_may_be_left_out_but_not_be_wrong(client):
    assert client.post("/optional").json == {"number": 1}
    assert client.post("/optional", json={"number": 2}).json == {"number": 2}
    assert client.post("/optional", json={"x": 2}).status_code == 422


def test_a_query_is_read_with_numbers_flags_and_lists(client):
    found = client.get("/asked?limit=7&before=9&flag=true&status=a&status=b").json
    assert found == {"limit": 7, "before": 9, "flag": True, "status": ["a", "b"]}
    assert client.get("/asked?status=a").json["status"] == ["a"]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=201", "limit=x", "before=0", "before=99999999999999999999", "limit=1&limit=2", "x=1"]
)
def test_a_query_that_does_not_fit_is_a_422(client, query):
    assert client.get(f"/asked?{query}").status_code == 422


def test_what_was_made_says_where_it_is(client):
    answer = client.get("/made")
    assert (answer.status_code, answer.headers["Location"], answer.json) == (201, "/api/x/1", {"a": 1})


def test_an_answer_may_say_its_place_in_the_stream_and_a_large_one_is_packed_for_who_takes_it(client):
    answer = client.get("/placed")
    assert (answer.headers["Forge-Place"], answer.json) == ("7", ["line"] * 9000)
    packed = client.get("/placed", headers={"Accept-Encoding": "gzip"})
    assert (packed.headers["Content-Encoding"], packed.headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert gzip.decompress(packed.data) == answer.data
    assert "Content-Encoding" not in client.post("/made", headers={"Accept-Encoding": "gzip"}).headers


def test_nothing_is_an_empty_204_and_a_response_stays_as_it_is(client):
    assert (client.get("/nothing").status_code, client.get("/nothing").data) == (204, b"")
    assert (client.get("/raw").status_code, client.get("/raw").text) == (203, "as it is")


def test_the_contract_goes_with_the_handler():
    contract = Operation(status=204)
    assert contract_of(operation(contract)(lambda: None)) is contract
    assert contract_of(lambda: None) is None


def test_the_domains_own_checks_speak_for_themselves():
    class Given(msgspec.Struct):
        kind: str = "http"

    with pytest.raises(Invalid) as caught:
        domain(Health, Given())
    assert caught.value.fields == {"health.path": "missing"}
    assert domain(Health, Given(), path="/x").path == "/x"
    with pytest.raises(Invalid, match="kind"):
        domain(Health, Given(kind="prayer"))


def test_a_value_of_the_domain_goes_out_as_its_type():
    class Shown(msgspec.Struct):
        kind: str
        path: str | None

    assert wire(Shown, Health(path="/x")) == Shown(kind="auto", path="/x")


def test_what_waits_for_others_leaves_threads_to_what_does_not():
    assert WAITRESS_SETTINGS["threads"] - AT_ONCE_ELSEWHERE >= 3
