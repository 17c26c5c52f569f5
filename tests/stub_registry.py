"""A scripted registry for tests of the adapter: logins, tokens and whatever a test wants to go wrong."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from forge.domain.connection import RegistryConnection
from forge.domain.secret import Secret
from forge.registries.oci import OciRegistry
from tests.stub_server import Seen, Sent, Stub

DIGEST = "sha256:" + "a" * 64
PASSWORD = "p1anted-s3cret"  # must be found nowhere


class StubRegistry:
    """`auth` is None, "basic" or "bearer". `override` may answer instead (None: as usual).

    `digests` (path, tag) → digest; `pages` path → answers of tags/list; `files` path → JSON or bytes.
    Who may: `login`, and anybody where `public`. `token_life` in seconds, None: not said.
    """

    def __init__(self, auth: str | None = None, certificate: tuple[Path, Path] | None = None) -> None:
        self.auth = auth
        self.login = ("ada", PASSWORD)
        self.public = True
        self.token_life: int | None = 300
        self.realm_path = "/token"
        self.challenge: str | None = None
        self.tokens: dict[str, str] = {}  # token → scope
        self.digests = {("org/shop", "v1"): DIGEST}
        self.files: dict[str, Any] = {}
        self.headers: list[tuple[str, str]] = []
        self.override: Callable[[Seen], Sent | None] = lambda _: None
        self.stub = Stub(self._answer, certificate)
        self._numbers = itertools.count(1)

    def __enter__(self) -> Self:
        self.stub.__enter__()
        return self

    def __exit__(self, *args: object) -> None:
        self.stub.__exit__(*args)

    def client(self, username: str | None = None, password: str | None = None, **more: Any) -> OciRegistry:
        fields = {name: more.pop(name) for name in ("flavour", "parallel") if name in more}
        connection = RegistryConnection(name="stub", url=self.stub.url, username=username, **fields)
        return OciRegistry(connection, Secret(password) if password else None, **more)

    def asked(self, *, of: str = "") -> list[str]:
        """`METHOD path` of the requests so far whose path begins with `of`."""
        return [f"{seen.method} {seen.path}" for seen in self.stub.seen if seen.path.startswith(of)]

    def _answer(self, seen: Seen) -> Sent:
        return self.override(seen) or self._usual(seen)

    def _usual(self, seen: Seen) -> Sent:
        if seen.path == self.realm_path:
            return self._token(seen)
        if not self._may(seen):
            return Sent(status=401, headers=[("WWW-Authenticate", self._challenge(seen))])
        found = self._found(seen)
        return Sent(status=found.status, headers=found.headers + self.headers, body=found.body)

    def _found(self, seen: Seen) -> Sent:
        if seen.path == "/v2/":
            return Sent(body=b"{}")
        if seen.path in self.files:
            kept = self.files[seen.path]
            return Sent(body=kept if isinstance(kept, bytes) else json.dumps(kept).encode())
        repository, _, tag = seen.path.removeprefix("/v2/").rpartition("/manifests/")
        digest = self.digests.get((repository, tag))
        return Sent(headers=[("Docker-Content-Digest", digest)]) if digest else Sent(status=404)

    def _token(self, seen: Seen) -> Sent:
        given = seen.header("Authorization")
        if given != self._basic() if given or not self.public else False:
            return Sent(status=401, body=b'{"details": "incorrect username or password"}')
        token = f"t0ken-{next(self._numbers)}"
        self.tokens[token] = seen.query.get("scope", "")
        body = {"token": token} | ({} if self.token_life is None else {"expires_in": self.token_life})
        return Sent(body=json.dumps(body).encode())

    def _may(self, seen: Seen) -> bool:
        given = seen.header("Authorization") or ""
        if self.auth == "basic":
            return given == self._basic()
        if self.auth == "bearer":
            scope = self.tokens.get(given.removeprefix("Bearer "))
            return scope is not None and (seen.path == "/v2/" or scope == self._scope(seen))
        return True

    def _challenge(self, seen: Seen) -> str:
        if self.challenge is not None:
            return self.challenge
        if self.auth == "basic":
            return 'Basic realm="stub"'
        return f'Bearer realm="{self.stub.url}{self.realm_path}",service="stub",scope="{self._scope(seen)}"'

    @staticmethod
    def _scope(seen: Seen) -> str:
        path = seen.path.removeprefix("/v2/")
        for what in ("/manifests/", "/tags/", "/blobs/"):
            path = path.rpartition(what)[0] if what in path else path
        return f"repository:{path}:pull"

    def _basic(self) -> str:
        return "Basic " + base64.b64encode(":".join(self.login).encode()).decode()
