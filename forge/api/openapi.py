"""The contract in OpenAPI 3.1: read off the handlers' types by SpecTree, at /api/openapi.json."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any, Final, cast, get_args, get_origin

import msgspec
from flask import Blueprint, Flask, Response, current_app
from werkzeug.routing import Rule

from forge import __version__
from forge.api.contract import BACKUP, EVENTS, JSON, TEXT, YAML, Operation, contract_of, operation
from forge.api.cookies import COOKIE
from forge.api.errors import PROBLEM_JSON, Problem
from forge.api.guard import allow_anyone, declaration

blueprint = Blueprint("openapi", __name__)
_METHODS: Final = frozenset({"GET", "POST", "PUT", "DELETE"})
_CACHE: Final = "forge.openapi"
_TEXT: Final = {"schema": {"type": "string"}}
_ANY_TEXT: Final = {EVENTS: _TEXT, TEXT: _TEXT, YAML: {"schema": {}}, BACKUP: {"schema": {}}}
_SCHEMES: Final = {
    "token": {"type": "http", "scheme": "bearer"},
    "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
}


@blueprint.get("/api/openapi.json")
@allow_anyone("the contract is no secret")
@operation(Operation(answer=dict[str, Any]))
def openapi() -> Response:
    """This document."""
    if _CACHE not in current_app.extensions:
        current_app.extensions[_CACHE] = msgspec.json.encode(describe(current_app))
    return Response(current_app.extensions[_CACHE], content_type=JSON)


def describe(app: Flask) -> dict[str, Any]:
    """The OpenAPI 3.1 document of all operations of `app`."""
    from spectree import SpecTree  # noqa: PLC0415 only who asks for the document waits for this
    from spectree.model_adapter.msgspec_adapter import MsgspecModelAdapter  # noqa: PLC0415

    tree = SpecTree(
        "flask", model_adapter=cast("Any", MsgspecModelAdapter()), annotations=False, mode="strict", title="Forge",
        version=__version__, naming_strategy=_name, nested_naming_strategy=lambda _parent, child: child,
        validation_error_model=Problem,
    )  # fmt: skip
    described = Flask("forge.api.described", static_folder=None)  # the served handlers stay as they are
    for rule, view, contract in operations(app):
        endpoint = f"forge_{rule.endpoint}".replace(".", "_")
        validate = tree.validate(**_metadata(rule, view, contract))
        described.add_url_rule(rule.rule, endpoint, validate(_plain(view)), methods=_METHODS & (rule.methods or set()))
    tree.app = described
    with described.app_context():
        document: dict[str, Any] = tree.spec
    return _finish(document, app)


def operations(app: Flask) -> Iterator[tuple[Rule, Callable[..., Any], Operation]]:
    """Every route of `app` that has a contract."""
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        contract = contract_of(view)
        if contract is not None:
            yield rule, view, contract


def statuses(view: Callable[..., Any], contract: Operation) -> set[int]:
    """All statuses that an operation can refuse with: its own, and what any request can meet."""
    declared = declaration(view)
    found = {403, 500, 503, *contract.refuses}
    if declared is not None and declared.role is not None:
        found |= {401, 429}
    if contract.query is not None:
        found |= {422}
    if contract.body is not None:
        found |= {400, 413, 415, 422}
    if contract.text_body is not None:
        found |= {400, 413, 422}
    return found | ({422} if 409 in contract.refuses or 502 in contract.refuses else set())


def _metadata(rule: Rule, view: Callable[..., Any], contract: Operation) -> dict[str, Any]:
    from spectree import Response as Responses  # noqa: PLC0415

    answer = {f"HTTP_{contract.status}": contract.answer}
    problems = {f"HTTP_{status}": Problem for status in sorted(statuses(view, contract))}
    public = (declared := declaration(view)) is not None and declared.role is None
    return {
        "query": contract.query,
        "json": contract.body or contract.text_or,
        "resp": Responses(**answer, **problems),
        "tags": (rule.endpoint.split(".")[0],),
        "operation_id": rule.endpoint.split(".")[-1],
        "security": [] if public else [{"token": []}, {"session": []}],
        "skip_validation": True,
    }


def _plain(view: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(view)
    def described() -> None:
        """Only its docstring is read."""

    described.__dict__.pop("__wrapped__", None)
    return described


def _name(model: Any) -> str:
    """A type's own name: `Deploy`; a list's: `DeployList`."""
    if isinstance(title := getattr((get_args(model) or (None,))[-1], "title", None), str):
        return title
    if get_origin(model) is dict:
        return "AnyObject"
    return str(getattr(model, "__name__", model))


def _finish(document: dict[str, Any], app: Flask) -> dict[str, Any]:
    """What SpecTree cannot know: problems, streams and texts have media types of their own, bodies may be optional."""
    contracts = {rule.endpoint.split(".")[-1]: contract for rule, _, contract in operations(app)}
    for methods in document["paths"].values():
        for one in methods.values():
            _finish_one(one, contracts[one["operationId"]])
    document["components"]["securitySchemes"] = _SCHEMES
    _require_answers(document)
    return document


def _finish_one(one: dict[str, Any], contract: Operation) -> None:
    answers = one["responses"]
    for status, answer in answers.items():
        content = answer.get("content", {})
        if int(status) >= 400 and JSON in content:
            answer["content"] = {PROBLEM_JSON: content[JSON]}
    schema = answers[str(contract.status)].get("content", {}).get(JSON)
    if contract.media != (JSON,):
        answers[str(contract.status)]["content"] = {
            media: schema if media == JSON else _ANY_TEXT[media] for media in contract.media
        }
    if contract.text_body is not None:
        body = one.setdefault("requestBody", {"content": {}, "required": True})
        body["content"][contract.text_body] = {"schema": {}}
    elif contract.optional:
        one["requestBody"]["required"] = False


def _require_answers(document: dict[str, Any]) -> None:
    """Whatever is only sent, never taken, is always whole: all of its fields are there."""
    schemas = document["components"]["schemas"]
    taken: set[str] = set()
    todo = [one.get("requestBody", {}) for methods in document["paths"].values() for one in methods.values()]
    while todo:
        for name in _references(todo.pop()):
            if name not in taken:
                taken.add(name)
                todo.append(schemas[name])
    for name, schema in schemas.items():
        if name not in taken and "properties" in schema:
            schema["required"] = sorted(schema["properties"])


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(found := value.get("$ref"), str):
            yield found.rpartition("/")[2]
        for part in value.values():
            yield from _references(part)
    elif isinstance(value, list):
        for part in value:
            yield from _references(part)
