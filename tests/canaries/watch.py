"""Hears all that a Forge says and keeps, learns its secrets by the way, and says at its end where one leaked."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import urlsplit

from tests.canaries import kinds
from tests.canaries.search import Hit, Pile

SHORTEST = 8  # characters: what is shorter stands anywhere by accident
_PAUSE = 0.25  # seconds between two looks at the processes
_OWN = {"token": "launch token", "vault.key": "vault key"}  # files that hold a secret for their owner


class Watch:
    """Of the Forge on `data`; `alive` says whether it runs. What is written about it goes to `log`, called `terminal`
    where a person sees it.
    """

    def __init__(self, data: Path, alive: Callable[[], bool], *, log: str = "log") -> None:
        self.data, self.alive = data, alive
        self.secrets: dict[str, str] = {}  # secret → kind
        self.hits: dict[tuple[str, str], Hit] = {}
        self.searched = 0  # bytes
        self._log, self._logs = log, set[Path]()
        self._said = Pile()
        self._looked_at_processes = 0.0
        self._looked_for: int | None = None  # how many secrets, in the files as they are now

    # ---- learning

    def learn(self, kind: str, secret: str) -> None:
        """From now on, and in all that was heard before, it must not stand where it does not belong."""
        if len(secret) < SHORTEST:
            raise ValueError(f"The {kind} of a test is found anywhere, being so short: make it with canary()")
        self.secrets.setdefault(secret, kind)

    def begins(self, log: Path, environment: Mapping[str, str]) -> None:
        """It is started, and writes to `log`."""
        self._logs.add(log)
        self._looked_for = None
        self.uses(environment)
        _watches.add(self)

    def uses(self, environment: Mapping[str, str]) -> None:
        """A command is given these variables."""
        for kind, secret in kinds.in_environment(environment):
            self.learn(kind, secret)

    # ---- hearing

    def hears(self, place: str, said: bytes | str) -> None:
        self._said.add(place, said if isinstance(said, bytes) else said.encode())

    def asked(self, path: str, headers: Mapping[str, str], data: bytes | None) -> None:
        """A request is made."""
        for kind, secret in kinds.in_request(path, headers, data):
            self.learn(kind, secret)

    def answered(self, method: str, path: str, headers: Iterable[tuple[str, str]], body: bytes) -> None:
        """It was answered."""
        told = [(name.lower(), value) for name, value in headers]
        for kind, secret in kinds.in_answer(path, told, body):
            self.learn(kind, secret)
        shown = f"{method} {_shown(path)}"
        self.hears(f"answer of {shown}", body)
        for name, value in told:
            if name != "date":
                self.hears(f"header {name} of {shown}", value)

    def sees(self, pid: int) -> None:
        """What anybody on the machine sees of its processes, if nobody looked just now."""
        if time.monotonic() - self._looked_at_processes > _PAUSE:
            self._looked_at_processes = time.monotonic()
            for process in _family(pid):
                for name in ("cmdline", "comm"):
                    with suppress(OSError):
                        self.hears("the list of processes", Path(f"/proc/{process}/{name}").read_bytes())

    # ---- searching

    def looks(self) -> None:
        """At all that is in its folder now."""
        for kind, secret in self._owns():
            self.secrets.setdefault(secret, kind)
        files = Pile()
        for path in sorted(self.data.rglob("*")):
            with suppress(OSError):
                if path.is_file() and not path.is_symlink():
                    files.add(f"file {path.relative_to(self.data)}", path.read_bytes())
        for path in sorted(self.data.rglob("*.db")):
            files.add(f"dump of {path.name}", dump(path))
        self._search(files)
        self._looked_for = len(self.secrets)

    def verdict(self) -> list[str]:
        """Where a secret stands that does not belong there."""
        for log in self._logs:
            with suppress(OSError):
                self.hears(self._log, log.read_bytes())
        if self._looked_for != len(self.secrets):
            self.looks()
        self._search(self._said)
        return sorted(map(str, self.hits.values()))

    def _owns(self) -> Iterator[tuple[str, str]]:
        for name, kind in _OWN.items():
            path = self.data / name
            if path.is_file():
                lines = path.read_text("utf-8").splitlines()
                yield from ((kind, line) for line in lines if len(line) >= SHORTEST and not line.startswith("#"))
                if path.stat().st_mode & 0o077:
                    self.hits[kind, name] = Hit(kind, f"file {name}", "others may read it")

    def _search(self, pile: Pile) -> None:
        self.searched += pile.bytes
        for hit in pile.hits(dict(self.secrets)):
            self.hits.setdefault((hit.kind, hit.place), hit)


_watches: set[Watch] = set()


def watches() -> list[Watch]:
    """Of all that were begun and are not yet over."""
    return list(_watches)


def over() -> list[Watch]:
    """Those whose Forge has ended; each is given once."""
    ended = [watch for watch in _watches if not watch.alive()]
    _watches.difference_update(ended)
    return ended


def dump(database: Path) -> bytes:
    """All of a database as SQL, by a copy: who looks leaves nothing behind. Nothing if it is damaged."""
    with tempfile.TemporaryDirectory() as folder:
        for path in database.parent.glob(f"{database.name}*"):
            with suppress(OSError):  # gone meanwhile
                shutil.copy(path, folder)
        with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(Path(folder) / database.name)) as copy:
            return "\n".join(copy.iterdump()).encode("utf-8", "replace")
    return b""


def _family(pid: int) -> Iterator[int]:
    """A process and those that it started."""
    yield pid
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in tasks.read_text().split():
                yield from _family(int(child))


def _shown(path: str) -> str:
    """A path without what may be secret in it."""
    found = urlsplit(path).path
    return "/api/webhook/…" if found.startswith("/api/webhook/") and "receipts" not in found else found
