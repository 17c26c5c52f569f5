"""People, sessions and tokens as they are kept. What signs somebody in is kept as a hash only."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping
from typing import Any

from forge.domain.errors import Conflict, NotFound
from forge.domain.events import PEOPLE, Event
from forge.domain.person import Person, Role, Session, Token, role_of
from forge.store.database import Change, Database, from_json, to_json

_ENDED_KEPT = 90 * 86400.0  # seconds a token that is over is still listed


def person_place(name: str) -> str:
    """Below it is what the vault has of a person."""
    return f"person/{name}"


def totp_place(name: str) -> str:
    """Where the secret of a person's one-time codes is in the vault."""
    return f"{person_place(name)}/totp"


def new_totp_place(name: str) -> str:
    """Where it waits until it is confirmed."""
    return f"{person_place(name)}/totp-new"


def told(type: str, change: Change, actor: str, /, **payload: Any) -> None:
    """Write down what happened about people: for admins only."""
    change.emit(Event(type=type, topic=PEOPLE, at=change.now, actor=actor, payload=payload))


class People:
    """Read by any thread; written inside a change."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # ---- reading

    def all(self) -> list[Person]:
        return [_person(row) for row in self._database.rows("SELECT * FROM person ORDER BY name")]

    def get(self, name: str) -> Person:
        """The person; raise NotFound."""
        row = self._database.row("SELECT * FROM person WHERE name = ?", (name,))
        if row is None:
            raise NotFound(f"There is no person {name[:64]}", code="no_person")
        return _person(row)

    def password(self, name: str) -> str | None:
        """The hash of a person's password; None: no such person, or none that signs in here."""
        row = self._database.row("SELECT password FROM person WHERE name = ?", (name,))
        return row["password"] if row else None

    def recovery_codes(self, name: str) -> int:
        """How many are left."""
        row = self._database.row("SELECT count(*) AS many FROM recovery_code WHERE person = ?", (name,))
        return int(row["many"]) if row else 0

    # ---- writing

    def add(self, change: Change, person: Person, password: str | None) -> None:
        """Keep somebody new; raise Conflict if there is one of that name."""
        try:
            change.execute(
                "INSERT INTO person (name, role, projects, password, created) VALUES (?, ?, ?, ?, ?)",
                (person.name, person.role.word, _projects(person), password, change.now),
            )
        except sqlite3.IntegrityError as error:
            raise Conflict(
                f"There is somebody named {person.name}: choose another name",
                code="name_taken",
                fields={"name": "taken"},
            ) from error

    def change(self, change: Change, person: Person) -> None:
        """Keep role and projects; raise NotFound."""
        done = change.execute(
            "UPDATE person SET role = ?, projects = ? WHERE name = ?",
            (person.role.word, _projects(person), person.name),
        )
        _there(done, person.name)

    def remove(self, change: Change, name: str) -> None:
        """Forget somebody, with all that signs them in; raise NotFound."""
        _there(change.execute("DELETE FROM person WHERE name = ?", (name,)), name)

    def set_password(self, change: Change, name: str, password: str) -> None:
        """Raise NotFound."""
        _there(change.execute("UPDATE person SET password = ? WHERE name = ?", (password, name)), name)

    def signed_in(self, change: Change, name: str) -> None:
        change.execute("UPDATE person SET signed_in = ? WHERE name = ?", (change.now, name))

    def admins(self, change: Change, besides: str) -> int:
        """How many admins there are besides somebody."""
        found = change.execute(
            "SELECT count(*) FROM person WHERE role = ? AND name <> ?", (Role.ADMIN.word, besides)
        ).fetchone()
        return int(found[0])

    def empty(self, change: Change) -> bool:
        return change.execute("SELECT 1 FROM person LIMIT 1").fetchone() is None

    def set_counter(self, change: Change, name: str, counter: int | None) -> None:
        """Codes are asked for from now on, those after `counter`; None: none are."""
        change.execute("UPDATE person SET counter = ? WHERE name = ?", (counter, name))

    def use_counter(self, change: Change, name: str, counter: int, latest: int) -> bool:
        """Use the code of `counter` up; False if that one, or a later one, was used. One after `latest` was used when
        the clock was wrong: it counts no more.
        """
        sql = "UPDATE person SET counter = ?2 WHERE name = ?1 AND (counter < ?2 OR counter > ?3)"
        return bool(change.execute(sql, (name, counter, latest)).rowcount)

    def set_recovery_codes(self, change: Change, name: str, hashes: Collection[bytes]) -> None:
        """In the place of those before."""
        change.execute("DELETE FROM recovery_code WHERE person = ?", (name,))
        for one in hashes:
            change.execute("INSERT INTO recovery_code (person, hash) VALUES (?, ?)", (name, one))

    def use_recovery_code(self, change: Change, name: str, hash: bytes) -> bool:
        """Use one up; False if there is none like it."""
        done = change.execute("DELETE FROM recovery_code WHERE person = ? AND hash = ?", (name, hash))
        return bool(done.rowcount)


class Sessions:
    """Read by any thread; written inside a change."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> dict[bytes, Session]:
        """By hash."""
        return {row["hash"]: _session(row) for row in self._database.rows("SELECT * FROM session ORDER BY made")}

    def add(self, change: Change, hash: bytes, session: Session) -> None:
        change.execute(
            "INSERT INTO session (hash, person, made, seen, ends, address, agent) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (hash, session.person, session.made, session.seen, session.ends, session.address, session.agent),
        )

    def seen(self, change: Change, hash: bytes) -> None:
        change.execute("UPDATE session SET seen = ? WHERE hash = ?", (change.now, hash))

    def end(self, change: Change, hash: bytes) -> bool:
        """False if there was none."""
        return bool(change.execute("DELETE FROM session WHERE hash = ?", (hash,)).rowcount)

    def end_all(self, change: Change, person: str | None, besides: bytes | None = None) -> int:
        """All of a person's; how many that were."""
        sql = "DELETE FROM session WHERE person IS ? AND hash IS NOT ?"
        return change.execute(sql, (person, besides)).rowcount

    def thin(self, change: Change, idle: float) -> None:
        """Forget those that are over, or were not used for `idle` seconds, also where the clock was put back so far."""
        sql = "DELETE FROM session WHERE ends <= ?1 OR abs(?1 - seen) >= ?2"
        change.execute(sql, (change.now, idle))


class Tokens:
    """Read by any thread; written inside a change."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[Token]:
        return list(self.by_hash().values())

    def by_hash(self) -> Mapping[bytes, Token]:
        return {row["hash"]: _token(row) for row in self._database.rows("SELECT * FROM token ORDER BY id")}

    def get(self, id: int) -> Token:
        """The token; raise NotFound."""
        row = self._database.row("SELECT * FROM token WHERE id = ?", (id,))
        if row is None:
            raise NotFound(f"There is no token {id}", code="no_token")
        return _token(row)

    def add(self, change: Change, hash: bytes, token: Token) -> int:
        """Keep a new one; its id. Raise NotFound if there is no such project or stage."""
        try:
            done = change.execute(
                "INSERT INTO token (hash, name, person, role, project, stage, made, expires) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    hash,
                    token.name,
                    token.person,
                    token.role.word,
                    token.project,
                    token.stage,
                    change.now,
                    token.expires,
                ),
            )
        except sqlite3.IntegrityError as error:
            where = "/".join(part for part in (token.project, token.stage) if part)
            fields = {"stage" if token.stage else "project": "there is none"}
            raise NotFound(f"There is no {where}", code="no_place", fields=fields) from error
        return int(done.lastrowid or 0)

    def used(self, change: Change, id: int) -> None:
        change.execute("UPDATE token SET used = ? WHERE id = ?", (change.now, id))

    def end(self, change: Change, id: int) -> bool:
        """False if it was over."""
        return bool(
            change.execute("UPDATE token SET ended = ? WHERE id = ? AND ended IS NULL", (change.now, id)).rowcount
        )

    def thin(self, change: Change) -> None:
        """Forget those that were over long ago."""
        change.execute("DELETE FROM token WHERE coalesce(ended, expires) <= ?", (change.now - _ENDED_KEPT,))


def _there(done: sqlite3.Cursor, name: str) -> None:
    if not done.rowcount:
        raise NotFound(f"There is no person {name[:64]}", code="no_person")


def _projects(person: Person) -> str | None:
    return None if person.projects is None else to_json(sorted(person.projects))


def _person(row: sqlite3.Row) -> Person:
    projects = row["projects"]
    return Person(
        name=row["name"], role=role_of(row["role"]),
        projects=None if projects is None else frozenset(from_json(projects)),
        password=row["password"] is not None, totp=row["counter"] is not None,
        created=row["created"], signed_in=row["signed_in"],
    )  # fmt: skip


def _session(row: sqlite3.Row) -> Session:
    kept = dict(row)
    return Session(id=kept.pop("hash").hex()[:16], **kept)


def _token(row: sqlite3.Row) -> Token:
    kept = dict(row)
    del kept["hash"]
    return Token(**{**kept, "role": role_of(kept["role"])})
