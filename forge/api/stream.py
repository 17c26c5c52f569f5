"""The live stream over HTTP: events of Forge, log lines of deploys and instances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

import msgspec
from flask import Blueprint, Response, request

from forge.api import topics
from forge.api.context import context, principal, runtime, sees_people, visible_deploy, visible_instance
from forge.api.contract import EVENTS, HIGHEST, JSON, Operation, operation
from forge.api.guard import allow, standing
from forge.api.hub import STREAM_HEADERS
from forge.domain.errors import Forbidden
from forge.domain.events import PEOPLE, STATE, deploy_topic, instance_topic
from forge.domain.metrics import TOPIC as METRICS
from forge.domain.person import Reach, Role
from forge.ports import LogLine

blueprint = Blueprint("stream", __name__)
_PAGE = 2000


class Topics(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """`state@17,metrics,deploy:42,instance:a1b2c3@5f-9`: what to follow, each from where on; without it, changes of
    state. `people` is for admins.
    """

    topics: str | None = None


class Since(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Lines numbered above `after`, as JSON only."""

    after: Annotated[int, msgspec.Meta(ge=0, le=HIGHEST)] = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=5000)] = 1000


class Tail(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The newest `tail` lines, as JSON only."""

    tail: Annotated[int, msgspec.Meta(ge=1, le=5000)] = 200


class DeployLine(msgspec.Struct, kw_only=True):
    """A line of a deploy's log. `level`: info, warning, error, probe, output (an instance's own words). `healthy`: what
    a probe found, null where it is none, or cannot tell yet.
    """

    id: int
    at: float
    level: str
    text: str
    healthy: bool | None = None


@blueprint.get("/api/events")
@allow(Role.VIEWER, Reach.STAGE)
@operation(Operation(query=Topics, media=(EVENTS,), refuses=(404,)))
def events(query: Topics) -> Response:
    """Follow what happens, as server-sent events."""
    return _stream(query.topics)


@blueprint.get("/api/deploys/<int(max=2147483647):deploy>/logs")
@allow(Role.VIEWER, Reach.STAGE)
@operation(Operation(query=Since, answer=list[DeployLine], media=(EVENTS, JSON), refuses=(404,)))
def deploy_logs(deploy: int, query: Since) -> Response | list[DeployLine]:
    """A deploy's log: followed as server-sent events, or the lines so far as JSON where Accept asks for it."""
    visible_deploy(deploy)
    return deploy_lines(deploy, query) if _wants_json() else _stream(deploy_topic(deploy))


@blueprint.get("/api/instances/<instance>/logs")
@allow(Role.VIEWER, Reach.STAGE)
@operation(Operation(query=Tail, answer=list[LogLine], media=(EVENTS, JSON), refuses=(404, 409, 502)))
def instance_logs(instance: str, query: Tail) -> Response | list[LogLine]:
    """What an instance writes: followed as server-sent events, or the newest lines as JSON where Accept asks for it."""
    visible_instance(instance)
    return runtime().instances.logs(instance, query.tail) if _wants_json() else _stream(instance_topic(instance))


def deploy_lines(deploy: int, query: Since) -> list[DeployLine]:
    """The kept lines of a deploy's log, in order."""
    lines: list[DeployLine] = []
    number = query.after
    while len(lines) < query.limit:
        page = runtime().store.events.after(deploy_topic(deploy), number, _PAGE)
        lines += [_line(event.id, event.payload) for event in page if event.type == "deploy_log"]
        if len(page) < _PAGE:
            break
        number = page[-1].id
    return lines[: query.limit]


def _line(id: int, payload: Mapping[str, Any]) -> DeployLine:
    return DeployLine(
        id=id, at=payload["at"], level=payload["level"], text=payload["text"], healthy=payload.get("healthy")
    )


def _check(topic: str) -> None:
    """Raise NotFound or Forbidden for what whoever asks may not hear."""
    asks, (kind, _, name) = principal(), topic.partition(":")
    if kind == PEOPLE and not sees_people():
        raise Forbidden("What is about people is for admins.")
    if kind == STATE and asks.reach < Reach.FORGE:
        raise Forbidden("This token is not for that: name the deploys or instances to follow.", code="token_scope")
    if kind == "deploy" and asks.projects is not None:
        visible_deploy(int(name))
    if kind == "instance" and asks.projects is not None:
        visible_instance(name)


def _wants_json() -> bool:
    return request.accept_mimetypes.best_match([EVENTS, JSON], default=EVENTS) == JSON


def _stream(wanted: str | None) -> Response:
    subscription = topics.parse(wanted, request.headers.get("Last-Event-ID"))
    projects = principal().projects
    if projects is not None:  # a frame of metrics is about all projects: who sees some has to ask
        subscription = topics.without(subscription, METRICS)
    for one in subscription.wanted:
        _check(one.topic)
    subscription = replace(subscription, projects=projects, stands=standing(request, context()))
    body = context().hub.response_body(request.environ, subscription)
    return Response(body, headers=dict(STREAM_HEADERS))
