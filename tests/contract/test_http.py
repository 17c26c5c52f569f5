"""The HTTP contract, attacked from its own description: no 5xx, and every answer as described."""

from __future__ import annotations

import contextlib
import itertools
from typing import Any

import msgspec
import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.specs.openapi import checks as openapi_checks

from forge.api.hub import Hub
from forge.domain.person import Principal, Role, Token
from forge.domain.sighting import Decision, Sighting
from forge.store import wrapping
from tests.api_world import World, a_world

IMAGE = "127.0.0.1:5000/org/shop:dev-1"
NAMES = {"registries": "main", "proxies": "edge", "engines": "local", "people": "dora", "notifications": "ops"}
# Bodies that chance does not find.
BODIES = {
    "POST /api/images/inspect": {"image": IMAGE},
    "POST /api/deploy": {"image": IMAGE},
    "POST /api/registries": {"name": "other", "url": "https://registry.example.org"},
    "PUT /api/registries/{name}": {"url": "http://127.0.0.1:5000", "password": "p1anted"},
    "POST /api/proxies": {"name": "other", "kind": "published"},
    "PUT /api/proxies/{name}": {"kind": "caddy", "url": "http://127.0.0.1:2019"},
    "POST /api/engines": {"name": "far", "url": "tcp://127.0.0.1:2375"},
    "POST /api/webhook/{secret}": {"image": IMAGE},
    "POST /api/people": {"name": "vera", "role": "viewer", "password": "correct horse battery"},
    "PUT /api/people/{name}": {"role": "deployer", "projects": ["shop"]},
    "PUT /api/people/{name}/password": {"password": "correct horse battery"},
    "POST /api/tokens": {"name": "ci", "role": "deployer", "project": "shop", "stage": "dev"},
    "POST /api/session": {"name": "dora", "password": "correct horse battery"},
    "POST /api/notifications": {"name": "other", "kind": "nobody"},
    "PUT /api/notifications/{name}": {"kind": "nobody", "project": "shop"},
    "PUT /api/projects/{project}": {"image": "127.0.0.1:5000/org/shop", "port": 8081},
    "PUT /api/projects/{project}/stages/{stage}": {"pattern": "glob:dev-*", "secrets": {"KEY": "p1anted"}},
    "POST /api/projects/{project}/stages": {"name": "more"},
    "POST /api/patterns/match": {"pattern": "semver:>=1", "tags": ["1.2.3", "9" * 5000]},
}

EXPECTED = [
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_headers_conformance,
    openapi_checks.response_schema_conformance,
    openapi_checks.ignored_auth,
    openapi_checks.unsupported_method,
]
# The stream is described as text; each of its events would be held to that description.
WITHOUT = {"GET /api/events": (openapi_checks.response_schema_conformance,)}
OUR_LOGIN = schemathesis.Config.from_dict({"generation": {"with-security-parameters": False}})


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with a_world(tmp_path_factory.mktemp("http") / "data") as world, pytest.MonkeyPatch.context() as patched:
        patched.setattr(wrapping, "USUAL_COST", 1 << 4)  # what makes a passphrase hard to guess takes its time
        world.connect()
        world.registry.push("org/shop", "dev-1")
        world.context.wrong.clock = itertools.count(step=100).__next__  # wrong tokens are part of the attack
        end_streams_after_hello(world.context.hub)
        close_backups(world.app)
        yield world


def close_backups(app: Flask) -> None:
    """As a server does; the test's client leaves an answer that is a file to the collector."""
    whole = app.wsgi_app

    def answer(environ: Any, start: Any) -> Any:
        body = whole(environ, start)
        if not environ["PATH_INFO"].startswith("/api/backup"):
            return body
        with contextlib.closing(body):
            return list(body)

    app.wsgi_app = answer  # type: ignore[method-assign]


def end_streams_after_hello(hub: Hub) -> None:
    whole = hub.response_body
    hub.response_body = lambda *asked: itertools.islice(whole(*asked), 1)  # type: ignore[method-assign]


@pytest.fixture(scope="module")
def description(world):
    return schemathesis.openapi.from_wsgi("/api/openapi.json", world.app, config=OUR_LOGIN, base_url="http://localhost")


def make_sure(world: World) -> None:
    """What the paths of the second round name is there, whatever the attack deleted."""
    store = world.runtime.store
    world.connect()
    if not any(project.name == "shop" for project in store.projects.all()):
        assert world.make_shop().status_code == 201
    if not any(instance.id == "a1b2c3" for instance in store.instances.present()):
        world.add_instance()
    if not store.deploys.queued():
        made = world.ask("POST", "/api/projects/shop/stages/dev/deploys", {"tag": "dev-1"})
        assert made.status_code == 202, made.text
    digest = world.registry.push("org/shop", "dev-2")
    waiting = Sighting(
        id=0, project="shop", stage="dev", tag="dev-2", digest=digest, source="webhook", decision=Decision.WAITING,
        reason="A person must say yes", seen=0,
    )  # fmt: skip
    with store.database.change() as change:
        store.sightings.add(change, waiting)
    if not store.receipts.page(limit=1):
        world.runtime.webhook.deliver({}, msgspec.json.encode({"image": IMAGE}))


def make_sure_of_people(world: World) -> None:
    """Somebody, with a session and a token, and somebody to tell."""
    people, dora = world.runtime.people, Principal(name="dora", role=Role.VIEWER)
    world.session(dora)
    if not people.tokens.standing():
        people.tokens.make(Token(id=0, name="ci", person=None, role=Role.VIEWER), dora)
    if "ops" not in {one.name for one in world.runtime.notifications.all()}:
        assert world.ask("POST", "/api/notifications", {"name": "ops", "kind": "nobody"}).status_code == 201


def id_in(path: str, world: World) -> object:
    """Of a token, a session, or a stranger's container."""
    if "/containers/" in path:
        return world.engine.strangers()[0].id if world.engine.strangers() else world.engine.stranger("theirs")
    people = world.runtime.people
    return people.tokens.standing()[0].id if "/tokens/" in path else people.sessions.all()[0].id


def point_at_what_is_there(case: Any, world: World) -> None:
    """Names of things that are there in the path, and a body that can be."""
    store = world.runtime.store
    known = {
        "project": "shop",
        "stage": "dev",
        "instance": "a1b2c3",
        "deploy": store.deploys.queued()[0].id,
        "sighting": store.sightings.page(limit=1)[0].id,
        "receipt": store.receipts.page(limit=1)[0].id,
        "name": NAMES.get(case.path.split("/")[2], "main"),
        "secret": world.runtime.webhook.secret().reveal(),
        "id": id_in(case.path, world),
    }
    case.path_parameters = {name: known.get(name, value) for name, value in (case.path_parameters or {}).items()}
    case.body = BODIES.get(case.operation.label, case.body)
    if case.path.endswith("/tags"):
        case.query = {"image": "org/shop"}


def attack(operation: Any, mode: GenerationMode, world: World) -> None:
    """Requests as described (or just not so), to paths of nothing and of things that are there."""
    headers = {**world.bearer, "Accept": "application/json"}
    expected = [check for check in EXPECTED if check not in WITHOUT.get(operation.label, ())]

    def check(case: Any, checks: list[Any]) -> None:
        answer = case.call(headers=headers)
        assert answer.status_code < 500, answer.text  # every part answers here: nobody but Forge is to blame
        case.validate_response(answer, checks=checks, headers=headers)

    @settings(max_examples=8, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def every_answer(case: Any) -> None:
        check(case, [*expected, openapi_checks.negative_data_rejection])
        make_sure(world)
        make_sure_of_people(world)
        point_at_what_is_there(case, world)
        check(case, expected)

    if mode is GenerationMode.POSITIVE:
        every_answer()
    else:
        with contextlib.suppress(Unsatisfiable):  # where nothing is taken, nothing can be wrong
            every_answer()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_answer_is_as_described(mode, world, description, subtests):
    operations = [found.ok() for found in description.get_all_operations()]
    assert len(operations) > 60
    for operation in operations:
        with subtests.test(msg=operation.label):
            attack(operation, mode, world)
