"""Which deploys are under way, and what is told when one ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from forge.desktop.words import Words
from forge.domain.deploy import UNDER_WAY

_TOLD = {"succeeded": "live", "failed": "not_live", "stuck": "stuck"}


@dataclass(frozen=True, slots=True)
class Notice:
    title: str
    text: str


@dataclass(slots=True)
class Deploys:
    """Kept up to date by `load` and `hear`; deploys as the API shows them."""

    words: Words
    _all: dict[int, str] = field(default_factory=dict)

    def load(self, found: list[dict[str, Any]]) -> None:
        """What is under way now."""
        self._all = {one["id"]: self._name(one) for one in found if one["status"] in UNDER_WAY}

    def hear(self, deploy: Mapping[str, Any]) -> Notice | None:
        """A deploy changed its status; what to tell of it, if it ended and had begun before our eyes."""
        status = deploy["status"]
        if status in UNDER_WAY:
            self._all[deploy["id"]] = self._name(deploy)
            return None
        known = self._all.pop(deploy["id"], None)
        if known is None or status not in _TOLD:
            return None
        title = getattr(self.words, _TOLD[status]).format(f"{deploy['project']} {deploy['tag']}".strip())
        where = self.words.of.format(stage=deploy["stage"], id=deploy["id"])
        return Notice(title, f"{where}\n{deploy['failure']}" if deploy.get("failure") else where)

    def named(self) -> list[str]:
        """`shop/dev 1.4.2 (#42)`, the oldest first."""
        return [name for _, name in sorted(self._all.items())]

    def _name(self, deploy: Mapping[str, Any]) -> str:
        return f"{deploy['project']}/{deploy['stage']} {deploy['tag']} (#{deploy['id']})".replace("  ", " ")
