"""Which containers stages were adopted from; kept until the stage is deleted."""

from __future__ import annotations

from dataclasses import dataclass

from forge import typed
from forge.store.connections import PreferenceStore
from forge.store.database import Change, Database, from_json

_PLACE = "_adopted/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """Stage `project`/`stage` was made from the container with this id and name. `stop_first`: the two cannot run at
    once, so a deploy stops it. `stopped`: Forge stopped it.
    """

    project: str
    stage: str
    engine: str
    container: str
    name: str
    stop_first: bool = False
    stopped: bool = False


class AdoptedStore:
    """Among Forge's own values, one for each stage."""

    def __init__(self, database: Database, preferences: PreferenceStore) -> None:
        self._database = database
        self._preferences = preferences

    def get(self, project: str, stage: str) -> Adopted | None:
        found = self._preferences.own(f"{_PLACE}{project}/{stage}")
        return typed.convert(found, Adopted) if found is not None else None

    def all(self) -> list[Adopted]:
        rows = self._database.rows("SELECT value FROM preference WHERE name GLOB ?", (f"{_PLACE}*",))
        return [typed.convert(from_json(row["value"]), Adopted) for row in rows]

    def keep(self, change: Change, adopted: Adopted) -> None:
        self._preferences.keep(change, f"{_PLACE}{adopted.project}/{adopted.stage}", adopted)


def forget_adopted(change: Change, project: str, stage: str | None) -> None:
    """A later stage of the same name must not stop a container that it was not made from."""
    change.execute("DELETE FROM preference WHERE name GLOB ?", (f"{_PLACE}{project}/{stage or '*'}",))
