"""Who may do what: people, their sessions, the tokens of their programs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum

from forge.domain.errors import Invalid

OWNER = "admin"  # whoever holds the launch token, as it is written down
PASSWORD_LENGTH = (10, 200)
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._@+-]{0,62}[a-z0-9])?")
_TAKEN = frozenset({OWNER, "forge", "poller", "seed", "webhook"})  # who else things are written down for
_TOKEN_NAME_LENGTH = 60


class Role(IntEnum):
    """What somebody may do; each includes those below."""

    VIEWER = 1  # see everything but secrets
    DEPLOYER = 2  # deploy, roll back, promote, start and stop
    ADMIN = 3  # change projects, connections, settings and people

    @property
    def word(self) -> str:
        return self.name.lower()


class Reach(IntEnum):
    """How far somebody's rights go; each includes those before."""

    STAGE = 1  # a token of one stage: read its project, write that stage
    PROJECT = 2  # a token of one project
    FORGE = 3  # any other token
    PERSON = 4  # a person, or the machine's owner: what people are and may


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who is asking. `projects` are those they may see, None: all. `person`: whose account it is, None: the machine's
    owner. `token`: the name of the token by which a program asks, `stage`: the only one where it may write.
    """

    name: str
    role: Role
    projects: frozenset[str] | None = None
    stage: str | None = None
    person: str | None = None
    token: str | None = None
    reach: Reach = Reach.PERSON

    def sees(self, project: str) -> bool:
        return self.projects is None or project in self.projects

    def writes(self, stage: str) -> bool:
        """Whether it may change a stage of a project that it sees."""
        return self.stage is None or self.stage == stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who can sign in. `totp`: a one-time code is asked for beside the password."""

    name: str
    role: Role
    projects: frozenset[str] | None = None
    password: bool = True
    totp: bool = False
    created: float = 0
    signed_in: float | None = None

    @property
    def principal(self) -> Principal:
        return Principal(name=self.name, role=self.role, projects=self.projects, person=self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A browser that is signed in. `id` names it and opens nothing; `person` None: the machine's owner."""

    id: str
    person: str | None
    made: float
    seen: float
    ends: float
    address: str
    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a program signs in with, on behalf of `person` (None: the machine's owner)."""

    id: int
    name: str
    person: str | None
    role: Role
    project: str | None = None
    stage: str | None = None
    made: float = 0
    expires: float | None = None
    used: float | None = None
    ended: float | None = None

    def __post_init__(self) -> None:
        if not self.name.strip() or len(self.name) > _TOKEN_NAME_LENGTH or not self.name.isprintable():
            raise Invalid(
                "A token needs a name of up to 60 characters that says what uses it",
                fields={"name": "up to 60 characters"},
            )
        if self.stage is not None and self.project is None:
            raise Invalid("A stage is one of a project: say which", fields={"project": "missing"})

    def stands(self, now: float) -> bool:
        return self.ended is None and (self.expires is None or now < self.expires)

    def principal(self, of: Principal) -> Principal | None:
        """What it may of what `of` may, now; None: nothing any more."""
        if self.project is not None and not of.sees(self.project):
            return None
        return Principal(
            name=f"{of.name}/{self.name}",
            role=min(self.role, of.role),
            projects=of.projects if self.project is None else frozenset({self.project}),
            stage=self.stage,
            person=of.person,
            token=self.name,
            reach=Reach.FORGE if self.project is None else Reach.PROJECT if self.stage is None else Reach.STAGE,
        )


def owner() -> Principal:
    """Whoever holds the launch token: the person who started Forge on this machine."""
    return Principal(name=OWNER, role=Role.ADMIN)


def role_of(word: str) -> Role:
    """The role that is called `word`; raise Invalid."""
    try:
        return Role[word.upper()]
    except KeyError:
        raise Invalid(
            f"“{word[:40]}” is no role: viewer, deployer or admin", fields={"role": "viewer, deployer or admin"}
        ) from None


def check_person(name: str) -> str:
    """Return `name` if it can name a person; raise Invalid otherwise."""
    if not _NAME.fullmatch(name):
        raise Invalid(
            f"“{name[:64]}” cannot name a person: use up to 64 lower-case letters, digits and . _ @ + -",
            fields={"name": "lower-case letters, digits and . _ @ + -, at most 64"},
        )
    if name in _TAKEN:
        raise Invalid(
            f"“{name}” is what Forge calls itself in what it writes down: choose another name",
            fields={"name": "Forge's own"},
        )
    return name


def check_password(password: str, name: str, field: str = "password") -> None:
    """Raise Invalid for a password that can be guessed."""
    least, most = PASSWORD_LENGTH
    if not least <= len(password) <= most:
        sentence = f"A password has {least} to {most} characters"
        raise Invalid(f"{sentence}: a few words are easy to keep in mind", code="weak", fields={field: sentence})
    if len(set(password)) < least // 2 or (name in password.lower() and len(password) < len(name) + least):
        raise Invalid("This password is easily guessed: take a few words", code="weak", fields={field: "too easy"})
