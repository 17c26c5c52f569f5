"""Forge's hub in the smallest app there is, with ten events a second: PORT RATE."""

from __future__ import annotations

import logging
import sys
import threading
import time

from flask import Flask, Response, request
from waitress import create_server

from forge.api import topics
from forge.api.hub import STREAM_HEADERS, WAITRESS_SETTINGS, Hub
from forge.domain.events import Event


def main(port: int, rate: float) -> None:
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    hub = Hub(replay=lambda topic, number, limit: [], bounds=lambda: (1, 0), max_readers=10_000)
    app = Flask("bench")

    @app.get("/api/events")
    def events() -> Response:
        body = hub.response_body(request.environ, topics.parse(request.args.get("topics")))
        return Response(body, headers=dict(STREAM_HEADERS))

    @app.get("/api/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    threading.Thread(target=publish, args=(hub, rate), daemon=True).start()
    create_server(app, host="127.0.0.1", port=port, **WAITRESS_SETTINGS).run()


def publish(hub: Hub, rate: float) -> None:
    number, due = 0, time.monotonic()
    while True:
        number, due = number + 1, due + 1 / rate
        time.sleep(max(0, due - time.monotonic()))
        payload = {"deploy": 42, "level": "info", "text": "Pulling shop:dev-7, layer 3 of 9"}
        hub.publish([Event(type="deploy_status", payload=payload, at=time.time(), id=number)])


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
