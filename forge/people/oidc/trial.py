"""A provider, tried without anybody signing in: exactly what is wrong, if something is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from forge.domain.errors import ForgeError
from forge.http import HttpFault, host_of
from forge.people.oidc.provider import Metadata, Provider
from forge.people.oidc.signature import LEEWAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Whether people can sign in there, the sentence that says what to do, and `fault` for programs: name, connect,
    certificate, timeout, answer, discovery, issuer, keys, clock, scopes, client; "": none.
    """

    ok: bool
    text: str
    fault: str = ""


def tried(provider: Provider, redirect_uri: str, clock: Callable[[], float] = time.time) -> Trial:
    """Discovery, issuer, keys, clock, scopes, and whether the provider takes client id and secret."""
    try:
        metadata = provider.metadata()
        keys = provider.keys(metadata)
    except HttpFault as error:
        return Trial(ok=False, text=error.message, fault=error.fault)
    for check in (_keys_fault(keys, metadata), _clock_fault(metadata, clock()), _scopes_fault(provider, metadata)):
        if check is not None:
            return check
    return _client(provider, metadata, redirect_uri)


def _keys_fault(keys: list[object], metadata: Metadata) -> Trial | None:
    if not metadata.algorithms:
        text = "The provider signs its ID tokens in no way that can be trusted: have it use RS256 or ES256 for Forge"
    elif not any(isinstance(key, dict) and key.get("kty") in {"RSA", "EC", "OKP"} for key in keys):
        text = "The provider shows no public key to check its ID tokens by: have it sign them with RS256 or ES256"
    else:
        return None
    return Trial(ok=False, text=text, fault="keys")


def _clock_fault(metadata: Metadata, now: float) -> Trial | None:
    try:
        differ = now - parsedate_to_datetime(metadata.date).timestamp()
    except (TypeError, ValueError):
        return None
    if -LEEWAY * 6 <= differ <= LEEWAY * 6:  # what it says of itself is up to five minutes old
        return None
    return Trial(
        ok=False, fault="clock",
        text=f"The clocks differ by {abs(differ) / 60:.0f} minutes: set Forge's machine or the provider's right",
    )  # fmt: skip


def _scopes_fault(provider: Provider, metadata: Metadata) -> Trial | None:
    missing = [one for one in provider.oidc.scopes if metadata.scopes is not None and one not in metadata.scopes]
    if not missing:
        return None
    return Trial(
        ok=False, fault="scopes",
        text=f"The provider does not know the scope {missing[0]}: it offers {', '.join(metadata.scopes or ())[:200]}",
    )  # fmt: skip


def _client(provider: Provider, metadata: Metadata, redirect_uri: str) -> Trial:
    """A code that is none is refused; how says whether the client is known."""
    try:
        provider.exchange(metadata, "a-code-that-is-none", redirect_uri, "v" * 64)
    except HttpFault as error:
        return Trial(ok=False, text=error.message, fault=error.fault)
    except ForgeError as error:
        if error.code == "oidc_client":
            text = "The provider does not take Forge's client id and secret: compare them with what it has"
            return Trial(ok=False, text=text, fault="client")
    host = host_of(provider.oidc.issuer)
    return Trial(ok=True, text=f"{host} answers, and knows Forge. It has to send people back to {redirect_uri}")
