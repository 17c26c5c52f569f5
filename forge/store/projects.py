"""Projects and stages as they are kept."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

from forge import typed
from forge.domain.errors import Conflict, NotFound
from forge.domain.events import Event
from forge.domain.project import Project
from forge.domain.stage import Stage
from forge.store.adopted import forget_adopted
from forge.store.database import Change, Database, from_json, to_json


class Projects:
    """Read by any thread; written inside a change."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[Project]:
        return [_project(row) for row in self._database.rows("SELECT * FROM project ORDER BY name")]

    def get(self, name: str) -> Project:
        """The project; raise NotFound."""
        row = self._database.row("SELECT * FROM project WHERE name = ?", (name,))
        if row is None:
            raise NotFound(f"There is no project {name}", code="no_project")
        return _project(row)

    def by_image(self, image: str) -> list[Project]:
        """All projects of an image (registry/path)."""
        return [
            _project(row)
            for row in self._database.rows("SELECT * FROM project WHERE image = ? ORDER BY name", (image,))
        ]

    def stages(self, project: str) -> list[Stage]:
        """A project's stages in the order of the board."""
        rows = self._database.rows("SELECT * FROM stage WHERE project = ? ORDER BY position", (project,))
        return [_stage(row) for row in rows]

    def all_stages(self) -> dict[str, list[Stage]]:
        """Every project's stages: project → stages in order."""
        found: dict[str, list[Stage]] = {}
        for row in self._database.rows("SELECT * FROM stage ORDER BY project, position"):
            found.setdefault(row["project"], []).append(_stage(row))
        return found

    def stage(self, project: str, name: str) -> Stage:
        """The stage; raise NotFound."""
        row = self._database.row("SELECT * FROM stage WHERE project = ? AND name = ?", (project, name))
        if row is None:
            self.get(project)
            raise NotFound(f"Project {project} has no stage {name}", code="no_stage")
        return _stage(row)

    def add(self, change: Change, project: Project, actor: str) -> None:
        """Keep a new project; raise Conflict if the name is taken."""
        try:
            change.execute(
                "INSERT INTO project (name, image, configuration, active, created) VALUES (?, ?, ?, ?, ?)",
                (project.name, project.image, to_json(project), project.active, change.now),
            )
        except sqlite3.IntegrityError as error:
            raise Conflict(f"There is a project {project.name} already", code="project_exists") from error
        change.emit(_changed(change, project.name, None, "created", actor))

    def put(self, change: Change, project: Project, actor: str) -> None:
        """Replace a project's configuration; another image makes the next look a first look. Raise NotFound."""
        change.execute(
            "UPDATE stage SET noted = NULL WHERE project = (SELECT name FROM project WHERE name = ? AND image <> ?)",
            (project.name, project.image),
        )
        done = change.execute(
            "UPDATE project SET image = ?, configuration = ?, active = ? WHERE name = ?",
            (project.image, to_json(project), project.active, project.name),
        )
        if not done.rowcount:
            raise NotFound(f"There is no project {project.name}", code="no_project")
        change.emit(_changed(change, project.name, None, "changed", actor))

    def delete(self, change: Change, name: str, actor: str) -> None:
        """Forget a project and its stages; its history stays."""
        if not change.execute("DELETE FROM project WHERE name = ?", (name,)).rowcount:
            raise NotFound(f"There is no project {name}", code="no_project")
        _forget(change, name, None)
        change.emit(_changed(change, name, None, "deleted", actor))

    def add_stage(self, change: Change, stage: Stage, actor: str) -> None:
        """Keep a new stage after the project's others; raise Conflict or NotFound."""
        try:
            change.execute(
                "INSERT INTO stage (project, name, position, configuration) VALUES (?, ?, "
                "(SELECT coalesce(max(position), 0) + 1 FROM stage WHERE project = ?), ?)",
                (stage.project, stage.name, stage.project, to_json(stage)),
            )
        except sqlite3.IntegrityError as error:
            if "FOREIGN" in str(error):
                raise NotFound(f"There is no project {stage.project}", code="no_project") from error
            raise Conflict(f"Project {stage.project} has a stage {stage.name} already", code="stage_exists") from error
        change.emit(_changed(change, stage.project, stage.name, "created", actor))

    def put_stage(self, change: Change, stage: Stage, actor: str) -> None:
        """Replace a stage's configuration; a new pattern makes the next look a first look. Raise NotFound."""
        before = change.execute(
            "SELECT configuration FROM stage WHERE project = ? AND name = ?", (stage.project, stage.name)
        ).fetchone()
        if before is None:
            raise NotFound(f"Project {stage.project} has no stage {stage.name}", code="no_stage")
        other = from_json(before["configuration"])["pattern"] != from_json(to_json(stage))["pattern"]
        change.execute(
            "UPDATE stage SET configuration = ?, noted = CASE WHEN ? THEN NULL ELSE noted END "
            "WHERE project = ? AND name = ?",
            (to_json(stage), other, stage.project, stage.name),
        )
        change.emit(_changed(change, stage.project, stage.name, "changed", actor))

    def delete_stage(self, change: Change, project: str, name: str, actor: str) -> None:
        """Forget a stage; its history stays."""
        if not change.execute("DELETE FROM stage WHERE project = ? AND name = ?", (project, name)).rowcount:
            raise NotFound(f"Project {project} has no stage {name}", code="no_stage")
        _forget(change, project, name)
        change.emit(_changed(change, project, name, "deleted", actor))

    def noted(self, project: str, stage: str) -> bool:
        """Whether the first look at the stage's tags was done."""
        row = self._database.row("SELECT noted FROM stage WHERE project = ? AND name = ?", (project, stage))
        return row is not None and row["noted"] is not None

    def note(self, change: Change, project: str, stage: str) -> None:
        """The first look is done: what comes from now on is new."""
        change.execute(
            "UPDATE stage SET noted = ? WHERE project = ? AND name = ? AND noted IS NULL", (change.now, project, stage)
        )


def _project(row: sqlite3.Row) -> Project:
    return replace(typed.convert(from_json(row["configuration"]), Project), active=bool(row["active"]))


def _stage(row: sqlite3.Row) -> Stage:
    return typed.convert(from_json(row["configuration"]), Stage)


def _forget(change: Change, project: str, stage: str | None) -> None:
    """Nothing of a deleted stage may be inherited by a later one of the same name."""
    forget_adopted(change, project, stage)
    for table in ("quarantine", "sighting"):
        if stage is None:
            change.execute(f"DELETE FROM {table} WHERE project = ?", (project,))  # noqa: S608 our own table names
        else:
            change.execute(f"DELETE FROM {table} WHERE project = ? AND stage = ?", (project, stage))  # noqa: S608


def _changed(change: Change, project: str, stage: str | None, what: str, actor: str) -> Event:
    return Event(
        type="project_changed",
        payload={"project": project, "stage": stage, "change": what},
        at=change.now,
        project=project,
        stage=stage,
        actor=actor,
    )
