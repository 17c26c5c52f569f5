"""The shelf: the folder of the backups that Forge keeps by itself, how many, and for how long."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from forge.domain.errors import ForgeError, NotFound, Unavailable
from forge.store import archive
from forge.vault import sync_folder

_NUMBERED = re.compile(r"(daily|hand)-(\d{4,9})-\d{4}-\d\d-\d\d\.backup")
_OTHER = re.compile(r"(schema|before-restore)-[\d-]{4,30}\.db")
_WEEK = 7


class Kind(StrEnum):
    DAILY = "daily"
    HAND = "hand"  # somebody took it
    UPGRADE = "upgrade"  # as the data was before an upgrade
    RESTORE = "restore"  # as the data was before something was restored


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A backup on the shelf: `at` in unix seconds, `keyed`: a passphrase opens the key in it. `fault` says what is
    wrong with it, None if it looks well.
    """

    name: str
    kind: Kind
    at: float
    bytes: int
    keyed: bool = False
    fault: str | None = None


def folder_of(data: Path) -> Path:
    return data / "backups"


def all_of(data: Path) -> list[Kept]:
    """The newest first, by when they say that they were made."""
    try:
        found = [_kept(path) for path in folder_of(data).iterdir() if kind_of(path.name) is not None]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise Unavailable(f"The backups in {folder_of(data)} cannot be read: {error.strerror}") from error
    return sorted((one for one in found if one is not None), key=lambda one: (one.at, one.name), reverse=True)


def find(data: Path, name: str) -> Path:
    """The file of a name that `all_of` gives; raise NotFound for anything else, whatever it leads to."""
    path = folder_of(data) / name
    if kind_of(name) is None or not path.is_file() or path.is_symlink():
        raise NotFound("There is no such backup: it was deleted, or is past keeping", code="no_backup")
    return path


def put(data: Path, taken: Path, kind: Kind, now: float) -> Kept:
    """Keep a backup that was just taken: whole, or not at all. Raise Unavailable."""
    folder = folder_of(data)
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        name = f"{kind.value}-{_next(folder):04d}-{time.strftime('%Y-%m-%d', time.localtime(now))}{archive.SUFFIX}"
        taken.replace(folder / name)
        sync_folder(folder)
    except OSError as error:
        raise Unavailable(f"The backup cannot be kept in {folder}: {error.strerror}") from error
    kept = _kept(folder / name)
    if kept is None or kept.fault:
        raise Unavailable(f"The backup cannot be read after it was written to {folder}: look at its disk")
    return kept


def delete(data: Path, name: str) -> None:
    """Raise NotFound."""
    path = find(data, name)
    path.unlink(missing_ok=True)
    path.with_name(f"{name}-wal").unlink(missing_ok=True)  # of a damaged database, kept with it


def thin(data: Path, days: int, weeks: int) -> list[str]:
    """Delete daily backups past keeping: all but the last `days`, and of the older ones but the last `weeks` sevenths.

    It counts backups, not dates: a clock that jumps deletes nothing. The newest always stays. Returns names.
    """
    older = sorted(_dailies(folder_of(data)), reverse=True)[max(1, days) :]
    weekly = [one for one in older if one[0] % _WEEK == 0][:weeks]
    gone = [path for number, path in older if (number, path) not in weekly]
    for path in gone:
        path.unlink(missing_ok=True)
    return [path.name for path in gone]


def last_good(data: Path) -> Path | None:
    """The newest backup that looks well, for somebody whose database is damaged: by their numbers where they have one,
    whatever the clock was.
    """
    found = [one for one in all_of(data) if one.fault is None and one.kind is not Kind.RESTORE]
    numbered = max((one for one in found if _number(one.name)), key=lambda one: _number(one.name), default=None)
    before_upgrades = [one for one in found if not _number(one.name)][:1]
    newest = max([*([numbered] if numbered else []), *before_upgrades], key=lambda one: one.at, default=None)
    return folder_of(data) / newest.name if newest else None


def _number(name: str) -> int:
    """0: it has none."""
    match = _NUMBERED.fullmatch(name)
    return int(match[2]) if match else 0


def _dailies(folder: Path) -> list[tuple[int, Path]]:
    found = ((_NUMBERED.fullmatch(path.name), path) for path in folder.glob(f"daily-*{archive.SUFFIX}"))
    return [(int(match[2]), path) for match, path in found if match is not None]


def _next(folder: Path) -> int:
    found = (_NUMBERED.fullmatch(path.name) for path in folder.iterdir())
    return max((int(match[2]) for match in found if match is not None), default=0) + 1


def kind_of(name: str) -> Kind | None:
    """Why there is a backup of that name; None if it is none."""
    if numbered := _NUMBERED.fullmatch(name):
        return Kind(numbered[1])
    other = _OTHER.fullmatch(name)
    return (Kind.UPGRADE if other[1] == "schema" else Kind.RESTORE) if other else None


def _kept(path: Path) -> Kept | None:
    """None if it went away meanwhile."""
    kind = kind_of(path.name) or Kind.HAND
    try:
        stat = path.stat()
        size, at, keyed = stat.st_size, stat.st_mtime, False
        if path.suffix == archive.SUFFIX:
            header = archive.read_header(path)
            at, keyed = header.made, header.keys is not None
    except FileNotFoundError:
        return None
    except (OSError, ForgeError) as error:
        return Kept(name=path.name, kind=kind, at=0, bytes=0, fault=str(error))
    return Kept(name=path.name, kind=kind, at=at, bytes=size, keyed=keyed)
