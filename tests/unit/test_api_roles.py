"""Who may what: every route of the map is walked as everybody, against a table that is written out here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NoReturn

import pytest
from flask.testing import FlaskClient

from forge.domain.person import Principal, Role, Token, owner
from forge.domain.sighting import Decision, Sighting
from forge.store.database import StoreUnavailable
from tests.api_world import World, a_world

# One sign for each: - may not (401, 403), 0 is told there is no such thing, y may.
EVERYBODY = (
    "nobody", "viewer", "stranger", "deployer", "project token", "stage token", "other token", "admin token", "admin",
)  # fmt: skip
ANYBODY, COMMON, FILTERED = "yyyyyyyyy", "-yyy---yy", "-yyyyyyyy"
READ, ASK, DEPLOY, OPERATE = "-y0yyyyyy", "-y0yyy-yy", "--0yyy-yy", "--0yy--yy"
OF_ALL, ADMIN, PEOPLE, OWN = "-y-----yy", "-------yy", "--------y", "-yyy----y"
TABLE: Mapping[str, str] = {
    "GET /": ANYBODY,
    "GET /api/activity": COMMON,
    "GET /api/applying-notifications": ADMIN,
    "POST /api/backup": ADMIN,
    "GET /api/backups": ADMIN,
    "POST /api/backups": ADMIN,
    "DELETE /api/backups/<name>": ADMIN,
    "GET /api/backups/<name>": ADMIN,
    "PUT /api/backups/passphrase": ADMIN,
    "GET /api/config": ADMIN,
    "POST /api/config": ADMIN,
    "POST /api/deploy": ADMIN,
    "GET /api/deploys": FILTERED,
    "GET /api/deploys/<int(max=2147483647):deploy>": READ,
    "POST /api/deploys/<int(max=2147483647):deploy>/cancel": DEPLOY,
    "GET /api/deploys/<int(max=2147483647):deploy>/log.txt": READ,
    "GET /api/deploys/<int(max=2147483647):deploy>/logs": READ,
    "POST /api/deploys/<int(max=2147483647):deploy>/retry": OPERATE,
    "GET /api/discovery": ADMIN,
    "POST /api/discovery/context": ADMIN,
    "GET /api/discovery/contexts": ADMIN,
    "POST /api/discovery/login": ADMIN,
    "GET /api/engines": COMMON,
    "POST /api/engines": ADMIN,
    "DELETE /api/engines/<name>": ADMIN,
    "GET /api/engines/<name>": COMMON,
    "PUT /api/engines/<name>": ADMIN,
    "GET /api/engines/<name>/containers": ADMIN,
    "GET /api/engines/<name>/containers/<id>": ADMIN,
    "POST /api/engines/<name>/containers/<id>/adopt": ADMIN,
    "POST /api/engines/<name>/containers/<id>/stop": ADMIN,
    "POST /api/engines/<name>/test": ADMIN,
    "GET /api/events": COMMON,
    "GET /api/health": ANYBODY,
    "POST /api/images/inspect": ADMIN,
    "DELETE /api/instances/<instance>": OPERATE,
    "GET /api/instances/<instance>": READ,
    "GET /api/instances/<instance>/log.txt": READ,
    "GET /api/instances/<instance>/logs": READ,
    "POST /api/instances/<instance>/restart": OPERATE,
    "POST /api/instances/<instance>/start": OPERATE,
    "POST /api/instances/<instance>/stop": OPERATE,
    "GET /api/me": OWN,
    "PUT /api/me/password": OWN,
    "POST /api/me/totp": OWN,
    "POST /api/me/totp/confirm": OWN,
    "POST /api/me/totp/remove": OWN,
    "GET /api/metrics": COMMON,
    "GET /api/metrics/now": COMMON,
    "GET /api/notifications": ADMIN,
    "POST /api/notifications": ADMIN,
    "DELETE /api/notifications/<name>": ADMIN,
    "GET /api/notifications/<name>": ADMIN,
    "PUT /api/notifications/<name>": ADMIN,
    "GET /api/notifications/<name>/deliveries": ADMIN,
    "POST /api/notifications/<name>/deliveries/<int(max=2147483647):delivery>/retry": ADMIN,
    "POST /api/notifications/<name>/test": ADMIN,
    "GET /api/openapi.json": ANYBODY,
    "POST /api/patterns/match": COMMON,
    "GET /api/oidc": PEOPLE,
    "PUT /api/oidc": PEOPLE,
    "DELETE /api/oidc": PEOPLE,
    "POST /api/oidc/test": PEOPLE,
    "POST /api/oidc/logout": ANYBODY,
    "GET /api/people": PEOPLE,
    "POST /api/people": PEOPLE,
    "DELETE /api/people/<name>": PEOPLE,
    "GET /api/people/<name>": PEOPLE,
    "PUT /api/people/<name>": PEOPLE,
    "PUT /api/people/<name>/password": PEOPLE,
    "DELETE /api/people/<name>/totp": PEOPLE,
    "GET /api/polling": OF_ALL,
    "GET /api/projects": FILTERED,
    "POST /api/projects": ADMIN,
    "DELETE /api/projects/<project>": ADMIN,
    "GET /api/projects/<project>": READ,
    "PUT /api/projects/<project>": ADMIN,
    "POST /api/projects/<project>/approve": OPERATE,
    "GET /api/projects/<project>/deletion": READ,
    "GET /api/projects/<project>/promotion": READ,
    "POST /api/projects/<project>/stages": ADMIN,
    "DELETE /api/projects/<project>/stages/<stage>": ADMIN,
    "GET /api/projects/<project>/stages/<stage>": READ,
    "PUT /api/projects/<project>/stages/<stage>": ADMIN,
    "GET /api/projects/<project>/stages/<stage>/deletion": READ,
    "POST /api/projects/<project>/stages/<stage>/deploys": DEPLOY,
    "POST /api/projects/<project>/stages/<stage>/explain": ASK,
    "GET /api/projects/<project>/stages/<stage>/instances": READ,
    "POST /api/projects/<project>/stages/<stage>/promote": DEPLOY,
    "POST /api/projects/<project>/stages/<stage>/rollback": DEPLOY,
    "GET /api/projects/<project>/starts": READ,
    "GET /api/projects/<project>/tags": READ,
    "GET /api/projects/<project>/unapplied": READ,
    "GET /api/proxies": COMMON,
    "POST /api/proxies": ADMIN,
    "DELETE /api/proxies/<name>": ADMIN,
    "GET /api/proxies/<name>": COMMON,
    "PUT /api/proxies/<name>": ADMIN,
    "POST /api/proxies/<name>/test": ADMIN,
    "GET /api/registries": COMMON,
    "POST /api/registries": ADMIN,
    "DELETE /api/registries/<name>": ADMIN,
    "GET /api/registries/<name>": COMMON,
    "PUT /api/registries/<name>": ADMIN,
    "POST /api/registries/<name>/poll": ADMIN,
    "GET /api/registries/<name>/tags": OF_ALL,
    "POST /api/registries/<name>/test": ADMIN,
    "DELETE /api/session": OWN,
    "GET /api/session": FILTERED,
    "POST /api/session": ANYBODY,
    "POST /api/session/ticket": OWN,
    "DELETE /api/sessions": OWN,
    "GET /api/sessions": OWN,
    "DELETE /api/sessions/<id>": OWN,
    "GET /api/settings": COMMON,
    "PUT /api/settings": ADMIN,
    "GET /api/settings/webhook": ADMIN,
    "POST /api/settings/webhook/regenerate": ADMIN,
    "PUT /api/settings/webhook/signing-key": ADMIN,
    "POST /api/setup": ANYBODY,
    "GET /api/sightings": FILTERED,
    "POST /api/sightings/<int(max=2147483647):sighting>/approve": OPERATE,
    "POST /api/sightings/<int(max=2147483647):sighting>/dismiss": OPERATE,
    "GET /api/sign-in": ANYBODY,
    "GET /api/tokens": OWN,
    "POST /api/tokens": OWN,
    "DELETE /api/tokens/<int(max=2147483647):id>": OWN,
    "POST /api/webhook/<secret>": ANYBODY,
    "GET /api/webhook/receipts": OF_ALL,
    "GET /api/webhook/receipts/<int(max=2147483647):receipt>": OF_ALL,
    "POST /api/webhook/receipts/<int(max=2147483647):receipt>/replay": ADMIN,
    "GET /plain.css": ANYBODY,
    "GET /setup": ANYBODY,
    "POST /setup": ANYBODY,
    "GET /sign-in": ANYBODY,
    "GET /sign-in/oidc": ANYBODY,
    "GET /sign-in/oidc/callback": ANYBODY,
    "POST /sign-in": ANYBODY,
    "POST /sign-out": ANYBODY,
}
PLACES = {
    "project": "shop", "stage": "dev", "deploy": 1, "instance": "canary", "sighting": 1, "receipt": 1, "delivery": 1,
    "secret": "wrong", "id": 1,
}  # fmt: skip
NAMES = {
    "backups": "none", "registries": "main", "proxies": "edge", "engines": "local", "people": "dora",
    "notifications": "ops",
}  # fmt: skip
QUERIES = {"/api/registries/<name>/tags": "?image=org/shop"}  # what is not whole is refused before who asks matters
HIDDEN = {"no_project", "no_deploy", "no_instance", "no_sighting"}


def refuse() -> NoReturn:
    raise StoreUnavailable("Nothing is written while routes are walked")


@pytest.fixture(scope="module")
def walked(tmp_path_factory) -> Iterator[dict[str, str]]:
    """Each route, and what everybody got there."""
    with a_world(tmp_path_factory.mktemp("roles")) as world:
        furnish(world)
        clients = everybody(world)
        world.runtime.store.database.change = refuse  # so that each finds what the one before found
        yield {
            f"{method} {rule}": "".join(ask(client, headers, method, path) for client, headers in clients)
            for method, rule, path in routes(world)
        }


def furnish(world: World) -> None:
    """A project shop whose every part holds a canary, and a project blog."""
    world.connect()
    assert world.make_shop(environment={"WHERE": "canary-here"}).status_code == 201
    blog = {"name": "blog", "image": "127.0.0.1:5000/org/blog", "port": 80, "stages": [{"name": "dev"}]}
    assert world.ask("POST", "/api/projects", blog).status_code == 201
    world.registry.push("org/shop", "dev-canary")
    assert world.ask("POST", "/api/projects/shop/stages/dev/deploys", {"tag": "dev-canary"}).status_code == 202
    world.add_instance("canary")
    secret = world.runtime.webhook.secret().reveal()
    delivery = {"image": "127.0.0.1:5000/org/shop:none"}
    assert world.nobody.post(f"/api/webhook/{secret}", json=delivery).status_code == 202
    seen = Sighting(
        id=0, project="shop", stage="dev", tag="dev-canary", digest="sha256:" + "1" * 64, source="poller",
        decision=Decision.WAITING, reason="canary", seen=1.0,
    )  # fmt: skip
    with world.runtime.store.database.change() as change:
        assert world.runtime.store.sightings.add(change, seen).id == PLACES["sighting"]


def everybody(world: World) -> list[tuple[FlaskClient, dict[str, str]]]:
    """A client, and what it sends, for each of EVERYBODY."""
    own = {"Origin": "http://localhost", "Accept": "application/json"}
    people = [
        Principal(name="vera", role=Role.VIEWER),
        Principal(name="sten", role=Role.DEPLOYER, projects=frozenset({"blog"})),
        Principal(name="dora", role=Role.DEPLOYER, projects=frozenset({"shop"})),
        Principal(name="ada", role=Role.ADMIN),
    ]
    browsers = [(world.browser(one), own) for one in people]
    places = [{"project": "shop"}, {"project": "shop", "stage": "dev"}, {"project": "shop", "stage": "rel"}]
    wanted = [Token(id=0, name="ci", person=None, role=Role.DEPLOYER, **place) for place in places]
    wanted.append(Token(id=0, name="all", person=None, role=Role.ADMIN))
    secrets = [world.runtime.people.tokens.make(one, owner())[1].reveal() for one in wanted]
    tokens = [(world.app.test_client(), {**own, "Authorization": f"Bearer {one}"}) for one in secrets]
    return [(world.app.test_client(), own), *browsers[:3], *tokens, browsers[3]]


def routes(world: World) -> Iterator[tuple[str, str, str]]:
    """(method, rule, a path for it) of all of the map."""
    for rule in world.app.url_map.iter_rules():
        names = {"name": NAMES.get(rule.rule.split("/")[2])} if "name" in rule.arguments else {}
        values = {name: {**PLACES, **names}[name] for name in rule.arguments}
        path = world.app.url_map.bind("localhost").build(rule.endpoint, values) + QUERIES.get(rule.rule, "")
        for method in sorted(rule.methods & {"GET", "POST", "PUT", "DELETE"}):
            yield method, rule.rule, path


def ask(client: FlaskClient, headers: dict[str, str], method: str, path: str) -> str:
    """How it went: see EVERYBODY."""
    answer = client.open(path, method=method, headers=headers, buffered=False)
    try:
        if answer.mimetype == "text/event-stream":
            return "y"
        code = (answer.json or {}).get("code", "") if answer.mimetype == "application/problem+json" else ""
        if answer.status_code in {401, 403} and code in {"unauthorized", "forbidden", "token_scope", "some_projects"}:
            return "-"
        assert answer.status_code != 500, f"{method} {path}"
        return "0" if code in HIDDEN else "y"
    finally:
        answer.close()


@pytest.mark.parametrize("route", TABLE)
def test_everybody_may_what_the_table_says(walked, route):
    got = dict(zip(EVERYBODY, walked.get(route, ""), strict=False))
    assert got == dict(zip(EVERYBODY, TABLE[route], strict=True))


def test_every_route_is_in_the_table(walked):
    assert walked.keys() == TABLE.keys()


@pytest.fixture
def furnished(tmp_path) -> Iterator[World]:
    with a_world(tmp_path / "data") as world:
        furnish(world)
        yield world


def test_nothing_of_another_project_is_in_any_answer(furnished):
    clients = dict(zip(EVERYBODY, everybody(furnished), strict=True))
    (stranger, headers), (deployer, own) = clients["stranger"], clients["deployer"]
    told = 0
    for method, rule, path in routes(furnished):
        if method == "GET" and rule != "/api/events":
            said = stranger.get(path, headers=headers).data.replace(b"no instance canary", b"")  # what was asked for
            assert b"canary" not in said, rule
            told += b"canary" in deployer.get(path, headers=own).data
    assert told >= 8  # so the canary sings where it may


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("/api/deploys?project=shop", []),
        ("/api/sightings?project=shop", []),
        ("/api/activity?project=shop", []),
        ("/api/metrics?instance=canary", 404),
        ("/api/events?topics=deploy:1", 404),
        ("/api/events?topics=instance:canary", 404),
        ("/api/events?topics=people", 403),
    ],
)
def test_a_stranger_asks_for_it_by_name_in_vain(furnished, asked, status):
    client, headers = everybody(furnished)[EVERYBODY.index("stranger")]
    answer = client.get(asked, headers=headers)
    assert answer.json == status if isinstance(status, list) else answer.status_code == status


def test_an_id_in_a_body_is_held_against_the_path_too(furnished):
    client, headers = everybody(furnished)[EVERYBODY.index("stranger")]
    path = "/api/projects/blog/stages/dev/rollback"
    said = {}
    for number in (1, 99):  # of another project, and of none
        answer = client.post(path, json={"deploy": number}, headers=headers)
        assert (answer.status_code, answer.json["code"]) == (404, "no_deploy")
        said[number] = answer.json["detail"].replace(str(number), "N")
    assert said[1] == said[99], "the answer does not tell one from the other"


@pytest.mark.parametrize(
    ("who", "topics", "status"),
    [
        ("stage token", "", 403),
        ("stage token", "state", 403),
        ("stage token", "deploy:1", 200),
        ("project token", "instance:canary", 200),
        ("admin token", "people", 403),
        ("admin", "people,state", 200),
    ],
)
def test_a_reader_of_the_stream_hears_what_it_may(furnished, who, topics, status):
    client, headers = everybody(furnished)[EVERYBODY.index(who)]
    answer = client.get(f"/api/events?topics={topics}" if topics else "/api/events", headers=headers, buffered=False)
    answer.close()
    assert answer.status_code == status


def test_what_is_about_people_is_in_the_admins_activity_only(furnished):
    def types(who: str) -> set[str]:
        client, headers = clients[EVERYBODY.index(who)]
        return {event["type"] for event in client.get("/api/activity?limit=200", headers=headers).json}

    clients = everybody(furnished)
    about = {"signed_in", "person_changed", "token_changed"}
    assert about <= types("admin")
    for who in ("viewer", "stranger", "deployer", "admin token"):
        assert not about & types(who), who
