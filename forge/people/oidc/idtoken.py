"""An ID token, read: signed by the provider, for Forge, for this sign-in, and for now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from forge.domain.errors import Unauthorized
from forge.people.oidc.signature import LEEWAY, SUBJECT, TokenFault, signed

_WRONG = {
    "iss": "it is of another issuer",
    "aud": "it is for another client",
    "azp": "it is for another client",
    "nonce": "it belongs to another sign-in",
    "at_hash": "it does not belong to the access token that came with it",
    "iat": "it is of the future: compare the clocks of Forge's machine and of the provider's",
    "nbf": "it is of the future: compare the clocks of Forge's machine and of the provider's",
    "sub": "it says not whom it is about",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What an ID token has to be."""

    issuer: str
    client_id: str
    nonce: str
    access_token: str
    algorithms: tuple[str, ...]


def read_id_token(text: str, keys: Iterable[Any], wanted: Wanted, now: float) -> Mapping[str, Any]:
    """The claims of a token that is all that is wanted. Raise Unauthorized with what is wrong with it."""
    try:
        return _checked(*signed(text, keys, wanted.algorithms), wanted, now)
    except TokenFault as fault:
        raise Unauthorized(
            f"The provider's ID token is not good: {fault.why}. Nobody was signed in",
            code=f"oidc_token_{fault.claim[:40]}",
        ) from None


def _checked(header: dict[str, Any], claims: dict[str, Any], wanted: Wanted, now: float) -> Mapping[str, Any]:
    from authlib.oidc.core.claims import CodeIDToken  # noqa: PLC0415  slow to import
    from joserfc.errors import ClaimError, ExpiredTokenError  # noqa: PLC0415

    one: dict[str, Any] = {"iss": wanted.issuer, "aud": wanted.client_id}
    options: Any = {name: {"essential": True, "value": value} for name, value in one.items()}
    params = {"nonce": wanted.nonce, "client_id": wanted.client_id, "access_token": wanted.access_token}
    try:
        CodeIDToken(claims, header, options, params).validate(int(now), LEEWAY)
    except ExpiredTokenError:
        why = "it is over already: compare the clocks of Forge's machine and of the provider's"
        raise TokenFault(why, "exp") from None
    except ClaimError as error:
        why = _WRONG.get(error.claim, f"its {error.claim[:40]} is missing or wrong")
        raise TokenFault(why, error.claim) from None
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT:
        raise TokenFault(_WRONG["sub"], "sub")
    return claims
