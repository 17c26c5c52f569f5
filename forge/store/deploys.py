"""Deploys as they are kept: the queue, the journal of steps, last words, quarantine."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from forge import typed
from forge.domain.deploy import Deploy, DeployStatus, StepRecord, StepStatus
from forge.domain.errors import NotFound
from forge.domain.events import STATE, Event, deploy_topic
from forge.domain.project import Project
from forge.domain.stage import Stage
from forge.store.database import Change, Database, from_json, to_json

_COLUMNS = (
    "project, stage, slot, image, tag, digest, kind, strategy, status, actor, source, instance, replaces, "
    "cancel_asked, failed_step, failure, measured, created, started, ended"
)
_NAMES = _COLUMNS.split(", ")
_LONGEST_STEP = 86400.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """A project and a stage as they were when a deploy was asked for."""

    project: Project
    stage: Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantine:
    """A digest that failed in a stage."""

    project: str
    stage: str
    digest: str
    deploy: int
    reason: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedImage:
    """An image that was asked for; `tag` is what it was asked for by last."""

    image: str
    digest: str
    tag: str


class Deploys:
    """Read by any thread; written inside a change."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # ---- reading

    def get(self, deploy: int) -> Deploy:
        """The deploy; raise NotFound."""
        row = self._database.row(f"SELECT id, {_COLUMNS} FROM deploy WHERE id = ?", (deploy,))  # noqa: S608
        if row is None:
            raise NotFound(f"There is no deploy #{deploy}", code="no_deploy")
        return _deploy(row)

    def page(
        self,
        *,
        project: str | None = None,
        stage: str | None = None,
        status: Sequence[DeployStatus] = (),
        projects: Collection[str] | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[Deploy]:
        """The newest first; `before` is a deploy's id, `projects` are those it may be of, None: all."""
        where, values = ["1"], list[Any]()
        for column, value in (("project", project), ("stage", stage)):
            if value is not None:
                where.append(f"{column} = ?")
                values.append(value)
        if status:
            where.append(f"status IN ({', '.join('?' * len(status))})")
            values.extend(status)
        if projects is not None:
            where.append(f"project IN ({', '.join('?' * len(projects))})")
            values.extend(projects)
        if before is not None:
            where.append("id < ?")
            values.append(before)
        sql = f"SELECT id, {_COLUMNS} FROM deploy WHERE {' AND '.join(where)} ORDER BY id DESC LIMIT ?"  # noqa: S608
        return [_deploy(row) for row in self._database.rows(sql, [*values, limit])]

    def newest(self, project: str | None = None) -> list[Deploy]:
        """The newest of each stage, of one project or of all."""
        where, values = ("WHERE project = ?", [project]) if project is not None else ("", [])
        sql = (
            f"SELECT id, {_COLUMNS} FROM deploy "  # noqa: S608
            f"WHERE id IN (SELECT max(id) FROM deploy {where} GROUP BY project, stage)"
        )
        return [_deploy(row) for row in self._database.rows(sql, values)]

    def queued(self) -> list[Deploy]:
        """What waits, in the order it was asked for."""
        sql = f"SELECT id, {_COLUMNS} FROM deploy WHERE status = 'queued' ORDER BY id"  # noqa: S608
        return [_deploy(row) for row in self._database.rows(sql)]

    def under_way(self) -> list[Deploy]:
        """Running and reverting deploys, the oldest first."""
        sql = f"SELECT id, {_COLUMNS} FROM deploy WHERE status IN ('running', 'reverting') ORDER BY id"  # noqa: S608
        return [_deploy(row) for row in self._database.rows(sql)]

    def cancel_asked(self, deploy: int) -> bool:
        row = self._database.row("SELECT cancel_asked FROM deploy WHERE id = ?", (deploy,))
        return row is not None and bool(row["cancel_asked"])

    def configuration(self, deploy: int) -> Configuration:
        """The project and stage as they were when it was asked for."""
        row = self._database.row("SELECT configuration FROM deploy WHERE id = ?", (deploy,))
        if row is None:
            raise NotFound(f"There is no deploy #{deploy}", code="no_deploy")
        return typed.decode(row["configuration"], Configuration)

    def steps(self, deploy: int) -> list[StepRecord]:
        """The journal, in order."""
        rows = self._database.rows("SELECT * FROM step WHERE deploy = ? ORDER BY position", (deploy,))
        return [StepRecord(**{**dict(row), "status": StepStatus(row["status"])}) for row in rows]

    def last_words(self, deploy: int) -> Any:
        """What was kept of a failed candidate (see deploy.run), None if nothing was."""
        row = self._database.row("SELECT last_words FROM deploy WHERE id = ?", (deploy,))
        return from_json(row["last_words"]) if row and row["last_words"] else None

    def quarantined(self, project: str, stage: str, digest: str) -> Quarantine | None:
        row = self._database.row(
            "SELECT * FROM quarantine WHERE project = ? AND stage = ? AND digest = ?", (project, stage, digest)
        )
        return Quarantine(**dict(row)) if row else None

    def succeeded(self, project: str, stage: str, limit: int) -> list[Deploy]:
        """The newest deploys of a stage that went live: what can be rolled back to."""
        return self.page(project=project, stage=stage, status=(DeployStatus.SUCCEEDED,), limit=limit)

    def digests(self, project: str) -> set[str]:
        """Every digest that was ever asked for."""
        rows = self._database.rows("SELECT DISTINCT digest FROM deploy WHERE project = ?", (project,))
        return {row["digest"] for row in rows if row["digest"]}

    def images(self, project: str, stage: str | None = None) -> list[DeployedImage]:
        """Every image that was ever asked for, the newest first; of one stage if it is said."""
        rows = self._database.rows(
            "SELECT image, digest, tag, max(id) AS newest FROM deploy "
            "WHERE project = ? AND stage = coalesce(?, stage) AND digest <> '' "
            "GROUP BY image, digest ORDER BY newest DESC",
            (project, stage),
        )
        return [DeployedImage(image=row["image"], digest=row["digest"], tag=row["tag"]) for row in rows]

    def ended_before(self, project: str, stage: str, deploy: int) -> list[int]:
        """Numbers of a stage's ended deploys below `deploy`."""
        rows = self._database.rows(
            "SELECT id FROM deploy WHERE project = ? AND stage = ? AND id < ? "
            "AND status NOT IN ('queued', 'running', 'reverting')",
            (project, stage, deploy),
        )
        return [row["id"] for row in rows]

    def durations(self, project: str, step: str, limit: int = 20) -> list[float]:
        """How many seconds a step took when it ended well, in the newest deploys of a project; with several replicas it
        is there for each. What an older Forge wrote while the clock was set is none.
        """
        rows = self._database.rows(
            "SELECT step.ended - step.started AS took FROM step JOIN deploy ON deploy.id = step.deploy "
            "WHERE deploy.project = ?1 AND (step.name = ?2 OR step.name LIKE ?2 || ' _% of _%') "
            "AND step.status = 'done' AND took BETWEEN 0 AND ?4 ORDER BY deploy.id DESC LIMIT ?3",
            (project, step, limit, _LONGEST_STEP),
        )
        return [row["took"] for row in rows]

    # ---- writing

    def add(self, change: Change, deploy: Deploy, configuration: Configuration) -> Deploy:
        """Queue `deploy` (its id is given here). An older one queued for the same slot is superseded."""
        older = change.execute(
            f"SELECT id, {_COLUMNS} FROM deploy WHERE status = 'queued' AND project = ? AND stage = ? AND slot = ?",  # noqa: S608
            (deploy.project, deploy.stage, deploy.slot),
        ).fetchall()
        marks = ", ".join("?" * (len(_NAMES) + 1))
        cursor = change.execute(
            f"INSERT INTO deploy ({_COLUMNS}, configuration) VALUES ({marks})",  # noqa: S608
            [*_values(replace(deploy, created=change.now)), to_json(configuration)],
        )
        kept = replace(deploy, id=int(cursor.lastrowid or 0), created=change.now)
        for row in older:
            gone = _deploy(row).to(
                DeployStatus.SUPERSEDED, ended=change.now, failure=f"Superseded by deploy #{kept.id}"
            )
            self.save(change, gone)
        self._tell(change, kept)
        return kept

    def note(self, change: Change, deploy: Deploy, configuration: Configuration, number: int) -> Deploy:
        """Write down one that ended before anybody could, as `number` if that is free (0: any)."""
        free = number > 0 and not change.execute("SELECT 1 FROM deploy WHERE id = ?", (number,)).fetchone()
        marks = ", ".join("?" * (len(_NAMES) + 2))
        cursor = change.execute(
            f"INSERT INTO deploy (id, {_COLUMNS}, configuration) VALUES ({marks})",  # noqa: S608
            [number if free else None, *_values(replace(deploy, created=deploy.started or 0)), to_json(configuration)],
        )
        kept = replace(deploy, id=int(cursor.lastrowid or 0))
        self._tell(change, kept)
        return kept

    def begin(self, change: Change, deploy: Deploy) -> Deploy | None:
        """Queued → running; None if its stage has a deploy under way, or it is no longer queued."""
        try:
            done = change.execute(
                "UPDATE deploy SET status = 'running', started = ? WHERE id = ? AND status = 'queued'",
                (change.now, deploy.id),
            )
        except sqlite3.IntegrityError:  # the index deploy_under_way
            return None
        if not done.rowcount:
            return None
        begun = deploy.to(DeployStatus.RUNNING, started=change.now)
        self._tell(change, begun)
        return begun

    def save(self, change: Change, deploy: Deploy) -> None:
        """Write all of `deploy`, but never take back that cancelling was asked for; tell if the status changed, and who
        follows it what was measured meanwhile.
        """
        before = change.execute("SELECT status, measured FROM deploy WHERE id = ?", (deploy.id,)).fetchone()
        assigned = ", ".join(f"{name} = ?" for name in _NAMES if name != "cancel_asked")
        values = [value for name, value in zip(_NAMES, _values(deploy), strict=True) if name != "cancel_asked"]
        change.execute(f"UPDATE deploy SET {assigned} WHERE id = ?", [*values, deploy.id])  # noqa: S608
        if before is None or before["status"] != deploy.status.value:
            self._tell(change, deploy)
        elif deploy.measured and before["measured"] != to_json(deploy.measured):
            told = msgspec.to_builtins(deploy)
            change.emit(_event(change, deploy, "deploy_status", told, deploy_topic(deploy.id)))

    def ask_cancel(self, change: Change, deploy: int) -> None:
        change.execute("UPDATE deploy SET cancel_asked = 1 WHERE id = ?", (deploy,))

    def keep_last_words(self, change: Change, deploy: int, words: Mapping[str, Any]) -> None:
        change.execute("UPDATE deploy SET last_words = ? WHERE id = ?", (to_json(words), deploy))

    def put_step(self, change: Change, deploy: Deploy, step: StepRecord) -> None:
        """Write a line of the journal and tell of it."""
        change.execute(
            "INSERT OR REPLACE INTO step (deploy, position, name, status, started, ended, note) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (step.deploy, step.position, step.name, step.status, step.started, step.ended, step.note),
        )
        self._emit(change, deploy, "deploy_step", msgspec.to_builtins(step))

    def log(self, change: Change, deploy: Deploy, text: str, level: str = "info", **more: Any) -> None:
        """A line of the deploy's log; `level`: info, warning, error, output (an instance's own words), probe."""
        payload = {"deploy": deploy.id, "at": change.now, "level": level, "text": text, **more}
        change.emit(_event(change, deploy, "deploy_log", payload, deploy_topic(deploy.id)))

    def quarantine(self, change: Change, deploy: Deploy, reason: str) -> None:
        """This digest is not tried again by itself in this stage."""
        change.execute(
            "INSERT OR REPLACE INTO quarantine (project, stage, digest, deploy, reason, at) VALUES (?, ?, ?, ?, ?, ?)",
            (deploy.project, deploy.stage, deploy.digest, deploy.id, reason, change.now),
        )

    def thin(self, change: Change, keep: int) -> list[int]:
        """Drop, with their steps, all of a stage but the newest `keep` that ended well and the newest `keep` others.
        What an instance that is there came from stays, as does what has not ended. Which ones went.
        """
        rows = change.execute(
            "DELETE FROM deploy WHERE id IN (SELECT id FROM (SELECT id, status, row_number() OVER (PARTITION BY "
            "project, stage, status = 'succeeded' ORDER BY id DESC) AS place FROM deploy) "
            "WHERE place > ? AND status NOT IN ('queued', 'running', 'reverting')) "
            "AND id NOT IN (SELECT deploy FROM instance WHERE status <> 'removed') RETURNING id",
            (keep,),
        )
        return [row["id"] for row in rows.fetchall()]

    def release(self, change: Change, project: str, stage: str, digest: str) -> None:
        """End the quarantine of a digest."""
        change.execute(
            "DELETE FROM quarantine WHERE project = ? AND stage = ? AND digest = ?", (project, stage, digest)
        )

    def _tell(self, change: Change, deploy: Deploy) -> None:
        self._emit(change, deploy, "deploy_status", msgspec.to_builtins(deploy))

    def _emit(self, change: Change, deploy: Deploy, type_: str, payload: Mapping[str, Any]) -> None:
        """On the board's topic and on the deploy's own, so that each can be followed alone."""
        for topic in (STATE, deploy_topic(deploy.id)):
            change.emit(_event(change, deploy, type_, payload, topic))


def _event(change: Change, deploy: Deploy, type_: str, payload: Mapping[str, Any], topic: str) -> Event:
    return Event(
        type=type_,
        payload=payload,
        at=change.now,
        topic=topic,
        project=deploy.project,
        stage=deploy.stage,
        actor=deploy.actor,
    )


def _values(deploy: Deploy) -> list[Any]:
    measured = to_json(deploy.measured) if deploy.measured else None
    return [measured if name == "measured" else getattr(deploy, name) for name in _NAMES]


def _deploy(row: sqlite3.Row) -> Deploy:
    measured = from_json(row["measured"]) if row["measured"] else None
    return typed.convert({**dict(row), "cancel_asked": bool(row["cancel_asked"]), "measured": measured}, Deploy)
