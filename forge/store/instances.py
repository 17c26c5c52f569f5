"""Instances as they are kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import msgspec

from forge import typed
from forge.domain.deploy import Deploy
from forge.domain.errors import NotFound
from forge.domain.events import Event
from forge.domain.instance import Instance, InstanceStatus
from forge.domain.route import Target
from forge.store.database import Change, Database

_NAMES = (
    "id", "project", "stage", "slot", "replica", "deploy", "tag", "digest", "engine", "name", "container", "status",
    "serving", "wanted", "target_host", "target_port", "domain", "exit_code", "out_of_memory", "restarts",
    "created", "since",
)  # fmt: skip
_FLAGS = ("serving", "wanted", "out_of_memory")


class Instances:
    """Read by any thread; written inside a change. Removed instances are kept for the history."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, instance: str) -> Instance:
        """The instance; raise NotFound."""
        row = self._database.row("SELECT * FROM instance WHERE id = ?", (instance,))
        if row is None:
            raise NotFound(f"There is no instance {instance}", code="no_instance")
        return _instance(row)

    def present(self, project: str | None = None, stage: str | None = None) -> list[Instance]:
        """All that are not removed, of a project or a stage if given; the newest first."""
        where, values = ["status <> 'removed'"], list[Any]()
        for column, value in (("project", project), ("stage", stage)):
            if value is not None:
                where.append(f"{column} = ?")
                values.append(value)
        sql = f"SELECT * FROM instance WHERE {' AND '.join(where)} ORDER BY created DESC, id"  # noqa: S608
        return [_instance(row) for row in self._database.rows(sql, values)]

    def since(self, since: float, project: str | None = None, stage: str | None = None) -> list[Instance]:
        """All that were there at some time from `since` (unix seconds) on, removed or not; the newest first."""
        rows = self._database.rows(
            "SELECT * FROM instance WHERE (status <> 'removed' OR since >= ?1) AND (?2 IS NULL OR project = ?2) "
            "AND (?3 IS NULL OR stage = ?3) ORDER BY created DESC, id",
            (since, project, stage),
        )
        return [_instance(row) for row in rows]

    def serving(self, project: str, stage: str) -> list[Instance]:
        """Those that the stage's routes lead to, the oldest first, replicas in their order."""
        sql = "SELECT * FROM instance WHERE project = ? AND stage = ? AND serving ORDER BY created, replica"
        return [_instance(row) for row in self._database.rows(sql, (project, stage))]

    def of_deploy(self, deploy: int) -> list[Instance]:
        """Those that a deploy made, or is about to, by replica; removed ones too."""
        sql = "SELECT * FROM instance WHERE deploy = ? ORDER BY replica"
        return [_instance(row) for row in self._database.rows(sql, (deploy,))]

    def in_hand(self, under_way: Iterable[Deploy]) -> set[str]:
        """The ids of the instances that deploys under way work on: what they make, and what they replace."""
        found = set[str]()
        for deploy in under_way:
            if deploy.instance is not None:
                found |= {one.id for one in self.of_deploy(deploy.id)}
            if deploy.replaces is not None:
                found |= {one.id for one in self.serving(deploy.project, deploy.stage) if one.slot == deploy.slot}
        return found

    def put(self, change: Change, instance: Instance, actor: str = "forge") -> Instance:
        """Write all of `instance`; tell of it if anything changed; `since` is when its status last changed, or
        it was last started again by itself.
        """
        row = change.execute("SELECT * FROM instance WHERE id = ?", (instance.id,)).fetchone()
        before = _instance(row) if row else None
        if before == instance:
            return instance
        if before is None or before.status is not instance.status or instance.restarts > before.restarts:
            instance = replace(instance, since=change.now)
        marks = ", ".join("?" * len(_NAMES))
        updates = ", ".join(f"{name} = excluded.{name}" for name in _NAMES[1:])
        change.execute(
            f"INSERT INTO instance ({', '.join(_NAMES)}) VALUES ({marks}) ON CONFLICT (id) DO UPDATE SET {updates}",  # noqa: S608
            _values(instance),
        )
        change.emit(
            Event(
                type="instance_status",
                payload=msgspec.to_builtins(instance),
                at=change.now,
                project=instance.project,
                stage=instance.stage,
                actor=actor,
            )
        )
        return instance

    def thin(self, change: Change, keep: int, before: float) -> None:
        """Drop the rows of instances removed before `before` (unix seconds); of each stage's removed ones the newest
        `keep` stay.
        """
        change.execute(
            "DELETE FROM instance WHERE status = ?1 AND (since < ?2 OR id IN (SELECT id FROM (SELECT id, row_number() "
            "OVER (PARTITION BY project, stage ORDER BY since DESC) AS place FROM instance WHERE status = ?1) "
            "WHERE place > ?3))",
            (InstanceStatus.REMOVED, before, keep),
        )


def _values(instance: Instance) -> list[Any]:
    target = instance.target
    own = {"target_host": target.host if target else None, "target_port": target.port if target else None}
    return [own[name] if name in own else getattr(instance, name) for name in _NAMES]


def _instance(row: sqlite3.Row) -> Instance:
    values = dict(row)
    host, port = values.pop("target_host"), values.pop("target_port")
    for flag in _FLAGS:
        values[flag] = bool(values[flag])
    return replace(typed.convert(values, Instance), target=Target(host, port) if host else None)
