"""People on a store of their own: cheap passwords, a clock that is set by hand, and what was told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from forge.bus import Bus
from forge.domain.events import Event
from forge.domain.person import Person, Role
from forge.domain.project import Project
from forge.domain.stage import Stage
from forge.people.passwords import Passwords
from forge.people.service import people_of
from forge.store.database import Database
from forge.store.store import make_store
from forge.vault import Vault
from tests.cheap import Counted

PASSWORD = "correct horse battery"


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Town:
    """`people` of `store`; `told` is what happened."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.hasher, self.told = Clock(), Counted(), list[Event]()
        bus = Bus()
        database = Database(folder / "forge.db", bus.publish, self.clock)
        database.open()
        self.store = make_store(database, Vault([b"k" * 32]))
        self.people = people_of(self.store, Passwords(self.hasher), self.clock)
        bus.subscribe(self.people.standings.hear)
        bus.subscribe(self.told.extend)

    def add(self, name: str = "ada", role: Role = Role.ADMIN, projects: frozenset[str] | None = None) -> Person:
        return self.people.accounts.add(Person(name=name, role=role, projects=projects), PASSWORD, "test")

    def project(self, name: str, *stages: str) -> None:
        with self.store.database.change() as change:
            self.store.projects.add(change, Project(name=name, image=f"registry.example/{name}", port=80), "test")
            for stage in stages:
                self.store.projects.add_stage(change, Stage(project=name, name=stage), "test")

    def types(self) -> list[str]:
        return [event.type for event in self.told]


@pytest.fixture(name="town")
def town_fixture(tmp_path: Path) -> Iterator[Town]:
    """Import it, and ask for `town`."""
    town = Town(tmp_path)
    yield town
    town.store.database.close()
