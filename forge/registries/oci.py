"""Any registry that speaks the OCI Distribution API, Docker Hub, GHCR and Gitea among them."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin, urlsplit

from forge.clock import steady
from forge.domain.connection import RegistryConnection
from forge.domain.errors import ForgeError, Invalid, RegistryError
from forge.domain.image import is_digest, is_tag, parse_image
from forge.domain.secret import Secret
from forge.http import HttpFault, Reply, Session
from forge.ports import ImageFacts, Login, Quota, RegistryReport
from forge.registries.client import Client
from forge.registries.flavours import path_of
from forge.registries.manifests import ACCEPT, choose_manifest, config_of, facts_of, read_time, tags_of

_PAGE = 1000
_MOST_PAGES = 100
_NEXT = re.compile(r'<([^<>]*)>[^<>]*;\s*rel\s*=\s*"?next"?(?=[\s;,]|$)', re.IGNORECASE)
_FAULTS = {
    "name": "name",
    "connect": "connect",
    "timeout": "connect",
    "certificate": "certificate",
    "login": "login",
    "no_repository": "repository",
    "invalid": "repository",
    "limit": "limit",
}


class OciRegistry:
    """The port forge.ports.Registry on a real registry; for many threads.

    Errors' codes: RegistryUnavailable has name, connect, timeout, limit (with `retry_after`) or answer;
    RegistryError has login, no_repository, certificate or answer. `session` stays its owner's to close.
    `requests` counts what was sent, see Client.
    """

    def __init__(
        self,
        connection: RegistryConnection,
        password: Secret | None = None,
        *,
        session: Session | None = None,
        clock: Callable[[], float] = steady,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connection = connection
        self._clock = clock
        self._login = (
            Login(username=connection.username, password=password) if connection.username and password else None
        )
        self._own_session = session is None
        self._session = session or Session(pool=connection.parallel, authorities=connection.ca)
        self._client = Client(connection, self._login, self._session, clock=clock, monotonic=monotonic)

    @property
    def requests(self) -> Counter[tuple[str, str]]:
        return self._client.requests

    def login(self) -> Login | None:
        """What the engine needs to pull; None for anonymous."""
        return self._login

    def quota(self) -> Quota | None:
        """What the last answers said of limits."""
        return self._client.limits.quota(self._clock())

    def close(self) -> None:
        """Close the session if it is this registry's own."""
        if self._own_session:
            self._session.close()

    def digest(self, repository: str, tag: str) -> str | None:
        """What `tag` means now, by one HEAD (which counts against no quota); None if there is no such tag."""
        if not is_tag(tag) and not is_digest(tag):
            raise Invalid(f"“{tag[:60]}” is no tag", fields={"tag": "not a tag"})
        path = self._path(repository)
        reply = self._client.ask("HEAD", f"/v2/{path}/manifests/{tag}", "manifest", repository=path, accept=ACCEPT)
        if reply.status == 404:
            return None
        digest = reply.headers.get("Docker-Content-Digest", "").strip()
        if not is_digest(digest):
            raise RegistryError(
                f"{self._client.host} does not say the digest of {repository}:{tag} when asked by HEAD: Forge does not "
                "pull to find out; check that a proxy in between passes Docker-Content-Digest on",
                code="answer",
            )
        return digest

    def tags(self, repository: str) -> tuple[str, ...]:
        """All tags, all pages, in the registry's order; what is no tag is left out. Raise RegistryError."""
        path = self._path(repository)
        address, query = f"/v2/{path}/tags/list", {"n": str(_PAGE)}
        found: dict[str, None] = {}
        for _ in range(_MOST_PAGES):
            reply = self._client.ask("GET", address, "tags", repository=path, query=query)
            if reply.status == 404:
                raise self._no_repository(repository)
            found.update(dict.fromkeys(tags_of(self._json(reply))))
            following = self._next_page(reply)
            if following is None:
                return tuple(found)
            address, query = following, {}
        raise RegistryError(f"{repository} has more than {_PAGE * _MOST_PAGES} tags: delete old ones", code="answer")

    def created(self, repository: str, digest: str) -> float | None:
        """When the image was made (unix seconds); None if it is gone or does not say. Counted GETs."""
        facts = self._configuration(repository, digest)
        return read_time(facts.get("created")) if facts else None

    def inspect(self, repository: str, digest: str) -> ImageFacts:
        """What the image's configuration says; raise RegistryError (no_image) if it is gone. Counted GETs."""
        facts = self._configuration(repository, digest)
        if facts is None:
            raise RegistryError(f"{self._connection.host} has no image {repository}@{digest[:19]}", code="no_image")
        return facts_of(facts, f"{self._connection.host}/{repository}@{digest}")

    def _configuration(self, repository: str, digest: str) -> dict[str, Any] | None:
        """An image's configuration, of one platform if it has several; None if there is none. One or two GETs more."""
        path = self._path(repository)
        manifest = self._manifest(path, digest)
        if manifest is not None and "manifests" in manifest:
            chosen = choose_manifest(manifest)
            manifest = self._manifest(path, chosen) if chosen else None
        config = config_of(manifest)
        if config is None:
            return None
        reply = self._client.ask("GET", f"/v2/{path}/blobs/{config}", "blob", repository=path, accept="*/*")
        facts = self._json(reply) if reply.status == 200 else None
        return facts if isinstance(facts, dict) else None

    def test(self, repository: str | None = None) -> RegistryReport:
        """Ask GET /v2/, and for `repository` one page of one tag; never raises. See RegistryReport for the faults."""
        entered = False
        try:
            self._client.forget()
            text = self._enter()
            entered = self._login is not None
            if repository is not None:
                text = self._look(repository)
        except ForgeError as error:
            fault = _FAULTS.get(error.code, "answer")
            if entered and fault == "login":
                fault = "repository"  # the login was taken a moment ago: it is this repository that is not shown
            return RegistryReport(ok=False, text=error.message, fault=fault, quota=self.quota())
        return RegistryReport(ok=True, text=text, quota=self.quota())

    def _enter(self) -> str:
        reply = self._client.enter()
        host = self._client.host
        if reply.status == 401:
            if self._client.public_only:
                return f"{host} answers; without a login only public images can be read"
            raise self._client.refused(None)
        if reply.status != 200 or "html" in reply.headers.get("Content-Type", ""):
            raise self._client.no_sense(f"{reply.status} to GET /v2/")
        return f"{host} answers and takes the login" if self._login else f"{host} answers"

    def _look(self, repository: str) -> str:
        path = self._path(repository)
        reply = self._client.ask("GET", f"/v2/{path}/tags/list", "tags", repository=path, query={"n": "1"})
        if reply.status == 404:
            raise self._no_repository(repository)
        empty = "" if tags_of(self._json(reply)) else ", which has no tags"
        return f"{self._client.host} answers and shows {repository}{empty}"

    def _manifest(self, path: str, digest: str) -> dict[str, Any] | None:
        reply = self._client.ask("GET", f"/v2/{path}/manifests/{digest}", "manifest", repository=path, accept=ACCEPT)
        manifest = self._json(reply) if reply.status == 200 else None
        return manifest if isinstance(manifest, dict) else None

    def _path(self, repository: str) -> str:
        """Raise Invalid for what is no repository, so that no other address can be asked through it."""
        if parse_image(f"registry.invalid/{repository}").repository != repository:
            raise Invalid(
                f"“{repository[:80]}” is no repository: leave tag and digest out", fields={"repository": "a path"}
            )
        return path_of(self._connection, repository)

    def _json(self, reply: Reply) -> Any:
        try:
            return reply.json()
        except HttpFault as fault:
            raise RegistryError(fault.message, code="answer") from fault

    def _no_repository(self, repository: str) -> RegistryError:
        return RegistryError(
            f"{self._client.host} has no repository {repository}: check the spelling, or push a first image",
            code="no_repository",
        )

    def _next_page(self, reply: Reply) -> str | None:
        """Path and query of the page after `reply`; RegistryError if it would lead to another host."""
        link = _NEXT.search(reply.headers.get("Link", ""))
        if link is None:
            return None
        found, base = urlsplit(urljoin(reply.url, link[1])), urlsplit(self._client.base)
        if (found.scheme, found.netloc) != (base.scheme, base.netloc) or not found.path.startswith("/v2/"):
            raise RegistryError(
                f"{self._client.host} sends us to another address for the rest of its tags: Forge does not follow; "
                "check the forwarded host and scheme of the proxy before it",
                code="answer",
            )
        return f"{found.path}?{found.query}" if found.query else found.path
