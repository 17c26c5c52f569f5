"""Events about instances carry the address where people reach them, as the list of instances does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from forge import typed
from forge.api.present import url_of
from forge.domain.errors import ForgeError
from forge.domain.events import Event
from forge.domain.instance import Instance

if TYPE_CHECKING:
    from forge.runtime import Runtime


def addressed(runtime: Runtime, events: Sequence[Event]) -> list[Event]:
    """`events`; those of an instance with its `url`."""
    return [_with_url(runtime, event) if event.type == "instance_status" else event for event in events]


def _with_url(runtime: Runtime, event: Event) -> Event:
    instance = typed.convert(event.payload, Instance)
    try:
        url = url_of(runtime, runtime.store.projects.get(instance.project), instance) if instance.serving else None
    except ForgeError:  # its project was deleted, say: the event goes out nevertheless
        url = None
    return replace(event, payload={**event.payload, "url": url})
