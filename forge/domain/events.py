"""What happened: the activity feed, the audit trail and the live stream are one record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

STATE = "state"
PEOPLE = "people"  # for admins only: never a part of state
OF_ALL_PROJECTS = frozenset({"receipt"})

# Every type Forge sends, and what its payload says. Kept: stored, has a number, can be replayed.
TYPES: Mapping[str, str] = {
    "deploy_status": "a deploy changed its status; payload: the deploy as GET /api/deploys/{id} shows it",
    "deploy_step": "a step of a deploy began or ended; payload: the step as GET /api/deploys/{id} shows it",
    "deploy_log": "a line of a deploy's log; payload: deploy, at, level, text; of a probe: healthy",
    "deploy_progress": "layers of a pull; not kept; payload: deploy, layers",
    "instance_status": "an instance changed; payload: the instance, with its url on the stream",
    "instance_log": "a line an instance wrote; not kept; payload: instance, at, stream, text",
    "project_changed": "a project or one of its stages was made, changed or deleted; payload: project, change",
    "sighting": "a tag was seen and decided; payload: the sighting",
    "receipt": "a webhook delivery was received, or settled; not if it named nothing; payload: the receipt",
    "connection_changed": "a registry, proxy or engine was changed, or its health did; payload: kind, name, change",
    "settings_changed": "settings were changed; payload: the names",
    "backup": "a backup was kept, could not be, or was deleted; payload: name, kind, change, text",
    "notification_failed": "a message was given up; payload: name, title, text",
    "notification": "a message was sent to somebody, or was not; not kept; payload: name",
    "metrics": "what everything uses now; not kept; payload: as GET /api/metrics/now, without sparks and totals",
    "container_adopted": "a stage was made from a container; payload: engine, container, name",
    "container_stopped": "Forge stopped a container that it adopted; payload: engine, container, name",
    "person_changed": "a person was made, changed or removed, for admins; payload: name, change",
    "signed_in": "somebody signed in, for admins; payload: name, address, how",
    "sign_in_failed": "somebody did not get in, for admins; payload: name (null: of nobody here), address, why",
    "session_ended": "sessions were ended, for admins; payload: name, many",
    "token_changed": "a token was made or ended, for admins; payload: id, name, person, change, project, stage",
    "oidc_changed": "the provider that people sign in at was set up or removed, for admins; payload: change, issuer",
    "hello": "first frame of a stream; not kept; payload: version, epoch, cursors, reset",
    "ping": "the stream is alive; not kept; payload: at",
    "resync": "what was asked for is too old to replay: load the present; payload: topics",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened at `at` (unix seconds). `id` is its number in the store, 0 if it is not kept.

    `topic` is `state` for changes of state, `people` for what is about people, `deploy:42` for a deploy's log lines,
    `instance:a1b2c3` for an instance's, `metrics` for what everything uses. `actor` is who caused it: a person,
    `webhook`, `poller`, `forge`.
    """

    type: str
    payload: Mapping[str, Any]
    at: float
    topic: str = STATE
    id: int = 0
    project: str | None = None
    stage: str | None = None
    actor: str = "forge"


def part_of(event: Event) -> str:
    """What somebody who may see some projects only has to follow to hear of `event`: of `state` the part of a project
    (`state/shop`) or of none (`state/`). What tells of projects without being one's is in no part.
    """
    if event.topic != STATE or event.type in OF_ALL_PROJECTS:
        return event.topic
    return f"{STATE}/{event.project or ''}"


def parts_of_state(projects: frozenset[str]) -> frozenset[str]:
    """All of `state` that somebody who may see `projects` may hear."""
    return frozenset(f"{STATE}/{project}" for project in ("", *projects))


def deploy_topic(deploy: int) -> str:
    return f"deploy:{deploy}"


def instance_topic(instance: str) -> str:
    return f"instance:{instance}"
