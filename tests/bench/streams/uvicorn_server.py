"""The same with uvicorn and sse-starlette, a queue for each reader: PORT RATE."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

queues: set[asyncio.Queue[ServerSentEvent]] = set()


async def follow(queue: asyncio.Queue[ServerSentEvent]) -> AsyncIterator[ServerSentEvent]:
    try:
        yield ServerSentEvent(data=json.dumps({"type": "hello", "payload": {}}, separators=(",", ":")))
        while True:
            yield await queue.get()
    finally:
        queues.discard(queue)


async def events(request: Request) -> EventSourceResponse:
    queue: asyncio.Queue[ServerSentEvent] = asyncio.Queue(1000)
    queues.add(queue)
    return EventSourceResponse(follow(queue), ping=10)


async def health(request: Request) -> JSONResponse:
    return JSONResponse({"status": "ok"})


async def publish(rate: float) -> None:
    number, due = 0, time.monotonic()
    while True:
        number, due = number + 1, due + 1 / rate
        await asyncio.sleep(max(0, due - time.monotonic()))
        payload = {"deploy": 42, "level": "info", "text": "Pulling shop:dev-7, layer 3 of 9"}
        event = {"type": "deploy_status", "topic": "state", "at": time.time(), "payload": payload}
        sent = ServerSentEvent(data=json.dumps(event, separators=(",", ":")), id=str(number))
        for queue in queues:
            queue.put_nowait(sent)


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    task = asyncio.create_task(publish(float(sys.argv[2])))
    yield
    task.cancel()


app = Starlette(routes=[Route("/api/events", events), Route("/api/health", health)], lifespan=lifespan)

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", backlog=4096)
