"""The HTTP application of one running Forge."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.exceptions import NotFound

from forge.api import (
    activity,
    backup,
    connections,
    containers,
    context,
    deploys,
    discovery,
    errors,
    guard,
    headers,
    health,
    images,
    instances,
    logfiles,
    me,
    metrics,
    notifications,
    oidc,
    openapi,
    people,
    projects,
    session,
    sessions,
    settings,
    stages,
    stream,
    tokens,
    ui,
    webhook,
)
from forge.api.addresses import addressed
from forge.api.forwarded import trusting
from forge.api.hub import Hub, Topics
from forge.crowd import Crowd, share_of
from forge.people.standing import changes_standing

if TYPE_CHECKING:
    from forge.runtime import Runtime

_NOUNS = (
    projects, stages, instances, deploys, activity, metrics, stream, logfiles, images, containers, discovery,
    notifications, webhook, settings, session, sessions, people, me, oidc, tokens, health, openapi, ui, backup,
)  # fmt: skip


def make_app(runtime: Runtime) -> Flask:
    """The application. Its live stream is `app.extensions["hub"]`: close it before the server."""
    app = Flask("forge.api", static_folder=None)
    app.url_map.strict_slashes = True
    app.url_map.redirect_defaults = False
    hub = Hub(
        replay=lambda *place: addressed(runtime, runtime.store.events.after(*place)),
        bounds=runtime.store.events.bounds,
        on_open=_both(runtime.logs.opened, runtime.sampler.opened),
        on_close=_both(runtime.logs.closed, runtime.sampler.closed),
        max_readers=runtime.settings.max_streams,
        crowd=Crowd(share_of(runtime.settings.max_streams), runtime.settings.trusted_proxies),
    )
    runtime.bus.subscribe(lambda events: hub.publish(addressed(runtime, events)))
    app.extensions["hub"] = hub
    runtime.bus.subscribe(lambda events: hub.review() if any(map(changes_standing, events)) else None)
    own = context.Context(runtime=runtime, hub=hub)
    runtime.bus.subscribe(own.progress.hear)
    context.attach(app, own)
    guard.register(app)
    headers.register(app)
    app.wsgi_app = trusting(app.wsgi_app, runtime.settings.trusted_proxies)  # type: ignore[method-assign,assignment]
    errors.register(app)
    app.register_error_handler(NotFound, ui.fallback)
    for noun in _NOUNS:
        app.register_blueprint(noun.blueprint)
    for blueprint in connections.blueprints():
        app.register_blueprint(blueprint)
    return app


def _both(one: Callable[[Topics], None], other: Callable[[Topics], None]) -> Callable[[Topics], None]:
    """What calls both."""

    def call(topics: Topics) -> None:
        one(topics)
        other(topics)

    return call
