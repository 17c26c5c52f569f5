"""Certificates in NPM: which of those there fits a domain, and how a new one is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from forge.domain.connection import ProxyConnection
from forge.domain.errors import ProxyError

CERTIFICATES = "/nginx/certificates"
ISSUE_TIMEOUT = 900.0  # seconds; NPM answers when the authority has, and gives up itself after these
_OWN_EMAIL_SINCE = (2, 13, 0)  # before, the request says whose address goes to the authority


def pick(certificates: Iterable[Mapping[str, Any]], domain: str, now: float) -> int | None:
    """The id of the certificate for `domain` that is good for longest; one by its own name before a wildcard."""
    fitting = [
        (_covers(one, domain), until, int(one["id"]))
        for one in certificates
        if (until := expires(one)) > now and _covers(one, domain)
    ]
    return max(fitting)[2] if fitting else None


def expires(certificate: Mapping[str, Any]) -> float:
    """Unix seconds; 0 if that cannot be read. NPM writes local time without a zone on SQLite, ISO elsewhere."""
    try:
        said = datetime.fromisoformat(str(certificate.get("expires_on")))
    except ValueError:
        return 0
    return (said if said.tzinfo else said.replace(tzinfo=UTC)).timestamp()


def request(
    connection: ProxyConnection,
    domain: str,
    challenge: str,
    version: tuple[int, int, int],
    environment: Mapping[str, str],
) -> dict[str, Any]:
    """What to POST for a certificate of Let's Encrypt; `challenge` is http or dns. Raise ProxyError."""
    meta: dict[str, Any] = {"dns_challenge": challenge == "dns"}
    if challenge == "dns":
        meta |= _dns(connection, environment)
    if version < _OWN_EMAIL_SINCE:
        meta |= {"letsencrypt_email": connection.options.get("email") or connection.username, "letsencrypt_agree": True}
    return {"provider": "letsencrypt", "domain_names": [domain], "meta": meta}


def missing(domain: str) -> ProxyError:
    """The project wants TLS and nothing fits."""
    return ProxyError(
        f"Nginx Proxy Manager has no certificate for {domain} that is still good: add one there, or let it ask "
        "Let's Encrypt with the project's route option certificate=http or certificate=dns",
        code="no_certificate",
    )


def _dns(connection: ProxyConnection, environment: Mapping[str, str]) -> dict[str, Any]:
    provider, variable = connection.options.get("dns_provider"), connection.options.get("dns_credentials")
    own = (variable or "").upper().startswith("FORGE_")  # Forge's own keys are sent to nobody
    credentials = None if own else environment.get(variable or "")
    if not provider or not credentials:
        what = f"the variable {variable}, which is empty here" if provider and variable else "the proxy's options"
        raise ProxyError(
            f"certificate=dns needs {what}: dns_provider names the provider as NPM does (cloudflare), "
            "dns_credentials the variable of Forge's own environment that holds its credentials",
            code="no_dns_credentials",
        )
    return {"dns_provider": provider, "dns_provider_credentials": credentials}


def _covers(certificate: Mapping[str, Any], domain: str) -> int:
    """2: by its own name; 1: by a wildcard, which stands for one label; 0: not."""
    names = {str(name).lower() for name in certificate.get("domain_names") or ()}
    if domain.lower() in names:
        return 2
    return int(f"*.{domain.lower().partition('.')[2]}" in names)
