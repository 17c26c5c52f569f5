"""The HTTP application of one running Forge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.exceptions import NotFound

from forge.api import (
    activity,
    connections,
    context,
    deploys,
    errors,
    guard,
    health,
    images,
    instances,
    openapi,
    projects,
    session,
    settings,
    stages,
    stream,
    ui,
    webhook,
)
from forge.api.hub import Hub
from forge.api.sessions import sessions_of

if TYPE_CHECKING:
    from forge.runtime import Runtime

_NOUNS = (
    projects, stages, instances, deploys, activity, stream, images, webhook, settings, session, health, openapi, ui,
)  # fmt: skip


def make_app(runtime: Runtime) -> Flask:
    """The application. Its live stream is `app.extensions["hub"]`: close it before the server."""
    app = Flask("forge.api", static_folder=None)
    app.url_map.strict_slashes = True
    app.url_map.redirect_defaults = False
    hub = Hub(
        replay=runtime.store.events.after,
        bounds=runtime.store.events.bounds,
        on_open=runtime.logs.opened,
        on_close=runtime.logs.closed,
        max_readers=runtime.settings.max_streams,
    )
    runtime.bus.subscribe(hub.publish)
    app.extensions["hub"] = hub
    context.attach(app, context.Context(runtime=runtime, hub=hub, sessions=sessions_of(runtime.store)))
    guard.register(app)
    errors.register(app)
    app.register_error_handler(NotFound, ui.fallback)
    for noun in _NOUNS:
        app.register_blueprint(noun.blueprint)
    for blueprint in connections.blueprints():
        app.register_blueprint(blueprint)
    return app
