"""A registry in memory behind the port; trusted because it passes tests/contract/test_registry.py."""

from __future__ import annotations

import hashlib
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from forge.domain.errors import ForgeError, Invalid, RegistryError, RegistryUnavailable
from forge.domain.image import is_digest, is_tag, parse_image
from forge.domain.secret import Secret
from forge.ports import ImageFacts, Login, Quota, RegistryReport

_FAULTS = {
    "login": "login",
    "no_repository": "repository",
    "invalid": "repository",
    "connect": "connect",
    "limit": "limit",
}


class FakeRegistry:
    """For many threads. Set `down` to take it away, `limited_until` (unix seconds) to have it say 429.

    `calls` are the questions so far: ("digest", repository, tag), ("tags", repository),
    ("created", repository, digest), ("inspect", repository, digest), ("test", repository).
    `facts`: digest → what inspect says. `wanted` is the login it asks for (None: open), `given` the
    one this client has. `before_answer` runs before each answer, to hold it up or to break it.
    """

    def __init__(
        self,
        *,
        wanted: tuple[str, str] | None = None,
        given: tuple[str, str] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.down = False
        self.limited_until: float | None = None
        self.calls: list[tuple[str, ...]] = []
        self.before_answer: Callable[[tuple[str, ...]], None] = lambda _: None
        self.limits = Quota()
        self.facts: dict[str, ImageFacts] = {}
        self.wanted = wanted
        self.given = given
        self.closed = False
        self._clock = clock
        self._lock = threading.RLock()
        self._tags: dict[str, dict[str, str]] = {}
        self._created: dict[tuple[str, str], float | None] = {}
        self._numbers = itertools.count(1)

    # ---- what a test does

    def push(self, repository: str, tag: str, digest: str | None = None, created: float | None = None) -> str:
        """Point `tag` at `digest` (None: a new one), made at `created` (None: now); return the digest."""
        with self._lock:
            made = (
                digest or "sha256:" + hashlib.sha256(f"{repository}:{tag}:{next(self._numbers)}".encode()).hexdigest()
            )
            self._tags.setdefault(repository, {})[tag] = made
            self._created[repository, made] = self._clock() if created is None else created
            return made

    def remove(self, repository: str, tag: str) -> None:
        """Take a tag away; the image stays."""
        with self._lock:
            del self._tags[repository][tag]

    def count(self, what: str) -> int:
        """How many calls of that name there were."""
        with self._lock:
            return sum(call[0] == what for call in self.calls)

    # ---- the port

    def digest(self, repository: str, tag: str) -> str | None:
        if not is_tag(tag) and not is_digest(tag):
            raise Invalid(f"“{tag[:60]}” is no tag", fields={"tag": "not a tag"})
        self._ask("digest", repository, tag)
        with self._lock:
            if is_digest(tag):
                return tag if (repository, tag) in self._created else None
            return self._tags.get(repository, {}).get(tag)

    def tags(self, repository: str) -> tuple[str, ...]:
        self._ask("tags", repository)
        return self._listed(repository)

    def created(self, repository: str, digest: str) -> float | None:
        self._ask("created", repository, digest)
        with self._lock:
            return self._created.get((repository, digest))

    def inspect(self, repository: str, digest: str) -> ImageFacts:
        self._ask("inspect", repository, digest)
        with self._lock:
            if (repository, digest) not in self._created:
                raise RegistryError(f"There is no image {repository}@{digest[:19]}", code="no_image")
            made = ImageFacts(id=digest, digests=(f"registry.example/{repository}@{digest}",), ports=(8080,))
            return self.facts.get(digest, replace(made, created=self._created[repository, digest]))

    def test(self, repository: str | None = None) -> RegistryReport:
        try:
            self._ask("test", repository or "any")
            if repository is not None:
                self._listed(repository)
        except ForgeError as error:
            return RegistryReport(ok=False, text=error.message, fault=_FAULTS[error.code], quota=self.quota())
        return RegistryReport(ok=True, text="The registry answers", quota=self.quota())

    def quota(self) -> Quota | None:
        until = self.limited_until
        ahead = until if until is not None and self._clock() < until else None
        known = Quota(limit=self.limits.limit, remaining=self.limits.remaining, window=self.limits.window, until=ahead)
        return known if known != Quota() else None

    def login(self) -> Login | None:
        return Login(username=self.given[0], password=Secret(self.given[1])) if self.given else None

    def close(self) -> None:
        self.closed = True

    def _listed(self, repository: str) -> tuple[str, ...]:
        with self._lock:
            if repository not in self._tags:
                raise RegistryError(f"The registry has no repository {repository}", code="no_repository")
            return tuple(sorted(self._tags[repository]))

    def _ask(self, *call: str) -> None:
        if parse_image(f"registry.invalid/{call[1]}").repository != call[1]:
            raise Invalid(f"“{call[1]}” is no repository", fields={"repository": "a path"})
        with self._lock:
            self.calls.append(call)
        self.before_answer(call)
        now = self._clock()
        if self.down:
            raise RegistryUnavailable("The registry refuses the connection: check whether it runs", code="connect")
        if self.limited_until is not None and now < self.limited_until:
            wait = self.limited_until - now
            raise RegistryUnavailable("The registry asks not to be asked again yet", code="limit", retry_after=wait)
        if self.wanted not in {None, self.given}:
            raise RegistryError("The registry asks for a login", code="login")
