"""The way to an engine: its address, what proves who speaks with whom, and what the environment says of both."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from forge.domain.connection import EngineConnection, check_secure
from forge.domain.endpoint import Endpoint, parse_endpoint
from forge.domain.errors import EngineError, Invalid
from forge.domain.secret import Secret
from forge.engines.contexts import DockerContexts, context_at
from forge.settings import docker_folder

TLS_PORT, PLAIN_PORT = 2376, 2375  # as registered for Docker


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """`url` as in EngineConnection; the rest as there, with its `key`."""

    url: str
    ca: str | None = None
    certificate: str | None = None
    key: Secret | None = None
    certs: Path | None = None
    insecure: bool = False
    listen: str | None = None
    address: str | None = None

    @property
    def endpoint(self) -> Endpoint:
        """Raise Invalid for what is no address."""
        return parse_endpoint(self.url)

    @property
    def tls(self) -> bool:
        return self.url.startswith("https://") or bool(self.ca or self.certificate or self.certs)

    def checked(self) -> Endpoint:
        """The endpoint; raise EngineError for one that nothing may be sent to."""
        try:
            endpoint = self.endpoint
            check_secure(endpoint, tls=self.tls, insecure=self.insecure)
        except Invalid as error:
            raise EngineError(error.message, code=error.code) from None
        return endpoint


def access_of(connection: EngineConnection, key: Secret | None, usual: Access | None = None) -> Access:
    """How a connection's engine is reached; one without a url as `usual` (None: the environment) says."""
    if connection.url is None:
        found = usual or from_environment(os.environ)
        return replace(found, listen=connection.listen, address=connection.address)
    return Access(
        url=connection.url, ca=connection.ca, certificate=connection.certificate,
        key=key if connection.certificate else None, certs=Path(connection.certs) if connection.certs else None,
        insecure=connection.insecure,
        listen=connection.listen, address=connection.address,
    )  # fmt: skip


def from_environment(environment: Mapping[str, str]) -> Access:
    """As Docker's command line does: DOCKER_HOST, else DOCKER_CONTEXT, else its current context, else the usual socket.

    The current context counts only while it is on this machine: `docker context use` in some terminal must not move
    what Forge deploys to another one.
    """
    folder = docker_folder(environment)
    if host := environment.get("DOCKER_HOST"):
        return Access(url=host, certs=_host_certs(environment, host, folder))
    contexts = DockerContexts(folder)
    named = environment.get("DOCKER_CONTEXT")
    found = contexts.get(named or contexts.current or "default")
    if found is not None and not found.fault and (named or found.on_this_machine):
        return Access(url=found.url, certs=found.tls)
    if named and named != "default":
        why = found.fault if found else "there is none of that name"
        raise EngineError(f"DOCKER_CONTEXT is {named[:80]}, but {why}", code="no_context")
    return Access(url=usual_socket())


def contexts_of(environment: Mapping[str, str]) -> DockerContexts:
    """The contexts of Docker's command line, and what DOCKER_HOST says as one more."""
    folder = docker_folder(environment)
    host = environment.get("DOCKER_HOST")
    beside = (context_at("DOCKER_HOST", host, _host_certs(environment, host, folder)),) if host else ()
    return DockerContexts(folder, beside)


def usual_url(environment: Mapping[str, str]) -> str | None:
    """The address that the environment leads to; None if it says something wrong."""
    try:
        return from_environment(environment).url
    except EngineError:
        return None


def usual_socket() -> str:
    """Where Docker listens on a machine where nobody changed it."""
    return "npipe:////./pipe/docker_engine" if os.name == "nt" else "unix:///var/run/docker.sock"


def _host_certs(environment: Mapping[str, str], host: str, folder: Path | None) -> Path | None:
    if not host.startswith(("tcp:", "http")):
        return None
    given = environment.get("DOCKER_CERT_PATH")
    if given:
        return Path(given)
    return folder if environment.get("DOCKER_TLS_VERIFY") else None
