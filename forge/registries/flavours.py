"""What Docker Hub, GHCR and Gitea do differently from the Distribution specification."""

from __future__ import annotations

from dataclasses import dataclass

from forge.domain.connection import RegistryConnection

_HUB_API = "https://registry-1.docker.io"
_HUB_HOSTS = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Flavour:
    """Hints for people: `login` says what to use as password, `hidden` why a repository may not be seen."""

    login: str
    hidden: str


_OCI = Flavour(
    login="check the name and the password",
    hidden="check the spelling, and that the login may pull it",
)
_FLAVOURS = {
    "oci": _OCI,
    # docs.docker.com/security/access-tokens; the Hub answers 401 for a repository that is missing, too
    "docker_hub": Flavour(
        login="use an access token with the right to read as the password",
        hidden="Docker Hub does not tell a missing repository from a private one: check the spelling and the login",
    ),
    # docs.github.com, “Working with the Container registry”
    "ghcr": Flavour(
        login="use a personal access token (classic) with read:packages as the password",
        hidden="check the spelling; a private package needs a token with read:packages",
    ),
    # docs.gitea.com/usage/packages/container; Gitea writes its realm from ROOT_URL
    "gitea": Flavour(
        login="use a token with read:package as the password, and check ROOT_URL in Gitea",
        hidden="check the spelling of owner and package, and that the token has read:package",
    ),
}


def _is_hub(connection: RegistryConnection) -> bool:
    return connection.host.lower() in _HUB_HOSTS


def flavour_of(connection: RegistryConnection) -> Flavour:
    """The flavour a person chose; Docker Hub is known by its host too."""
    if connection.flavour == "oci" and _is_hub(connection):
        return _FLAVOURS["docker_hub"]
    return _FLAVOURS.get(connection.flavour, _OCI)


def api_url(connection: RegistryConnection) -> str:
    """Where the Distribution API is, without a slash at the end: Docker Hub's is not at docker.io."""
    return _HUB_API if _is_hub(connection) else connection.url.rstrip("/")


def path_of(connection: RegistryConnection, repository: str) -> str:
    """The repository's path in the API: Docker Hub's official images are `library/NAME`."""
    official = _is_hub(connection) and "/" not in repository
    return f"library/{repository}" if official else repository
