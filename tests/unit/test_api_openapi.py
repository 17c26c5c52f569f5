"""The description of the contract."""

from __future__ import annotations

import pytest

from forge.api.openapi import operations, statuses
from tests.api_world import world_fixture  # noqa: F401


@pytest.fixture
def document(world):
    answer = world.nobody.get("/api/openapi.json")
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    return answer.json


def each(document):
    for path, methods in document["paths"].items():
        for method, one in methods.items():
            yield f"{method.upper()} {path}", one


def test_it_is_made_once(world, document):
    assert world.nobody.get("/api/openapi.json").json == document


def test_every_route_of_the_api_is_described_and_no_other(world, document):
    routes = set()
    for rule in world.app.url_map.iter_rules():
        if rule.rule.startswith("/api/"):
            path = "/".join("{" + p.strip("<>").split(":")[-1] + "}" if "<" in p else p for p in rule.rule.split("/"))
            routes |= {f"{method} {path}" for method in rule.methods & {"GET", "POST", "PUT", "DELETE"}}
    assert {name for name, _ in each(document)} == routes


def test_every_operation_has_a_summary_a_tag_and_a_name_of_its_own(document):
    names = [one["operationId"] for _, one in each(document)]
    assert len(names) == len(set(names))
    for name, one in each(document):
        assert one["summary"].endswith("."), name
        assert len(one["tags"]) == 1, name


def test_every_refusal_is_a_problem(document):
    for name, one in each(document):
        refusals = {status: answer for status, answer in one["responses"].items() if int(status) >= 400}
        assert {"403", "500", "503"} <= set(refusals), name
        for answer in refusals.values():
            assert answer["content"] == {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
            }


def test_what_needs_a_login_says_so(document):
    for name, one in each(document):
        assert bool(one["security"]) == ("401" in one["responses"]) or name in {
            "POST /api/session",
            "POST /api/setup",
        }, name
    assert set(document["components"]["securitySchemes"]) == {"token", "session"}


def test_every_reference_leads_somewhere(document):
    def references(value):
        if isinstance(value, dict):
            if "$ref" in value:
                yield value["$ref"]
            for part in value.values():
                yield from references(part)
        elif isinstance(value, list):
            for part in value:
                yield from references(part)

    found = set(references(document))
    assert len(found) > 50
    for reference in found:
        assert reference.removeprefix("#/components/schemas/") in document["components"]["schemas"], reference


def test_answers_are_whole_and_requests_may_leave_out_what_has_a_default(document):
    schemas = document["components"]["schemas"]
    assert set(schemas["Deploy"]["required"]) == set(schemas["Deploy"]["properties"])
    assert set(schemas["NewProject"]["required"]) == {"name", "image", "port"}
    assert schemas["NewProject"]["additionalProperties"] is False


def test_streams_texts_and_optional_bodies_are_said(document):
    paths = document["paths"]
    logs = paths["/api/deploys/{deploy}/logs"]["get"]["responses"]["200"]["content"]
    assert set(logs) == {"text/event-stream", "application/json"}
    assert set(paths["/api/events"]["get"]["responses"]["200"]["content"]) == {"text/event-stream"}
    assert paths["/api/projects/{project}/stages/{stage}/promote"]["post"]["requestBody"]["required"] is False
    assert set(paths["/api/config"]["post"]["requestBody"]["content"]) == {"application/yaml", "application/json"}


def test_no_two_types_share_a_name(world):
    by_name = {}
    for _, _, contract in operations(world.app):
        for type_ in (contract.query, contract.body, contract.answer, contract.text_or):
            if isinstance(type_, type) and type_ is not dict:
                assert by_name.setdefault(type_.__name__, type_) is type_


def test_a_refusal_of_its_own_is_listed_with_those_of_any_request(world):
    for rule, view, contract in operations(world.app):
        assert set(contract.refuses) <= statuses(view, contract), rule
