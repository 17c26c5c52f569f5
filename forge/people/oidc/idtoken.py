"""An ID token, read: signed by the provider, for Forge, for this sign-in, and for now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from forge.domain.errors import Unauthorized

# What signs with a key that Forge does not have: “none” signs nothing, and HS… would sign with what anybody can read.
ALGORITHMS = ("RS256", "ES256", "PS256", "EdDSA", "Ed25519", "RS384", "RS512", "ES384", "ES512", "PS384", "PS512")
LEEWAY = 60  # seconds that two clocks may differ
_LONGEST = 64 * 1024  # characters
_SUBJECT = 255  # OpenID Connect Core, 2
_WRONG = {
    "iss": "It is of another issuer",
    "aud": "It is for another client",
    "azp": "It is for another client",
    "nonce": "It belongs to another sign-in",
    "at_hash": "It does not belong to the access token that came with it",
    "iat": "It is of the future: compare the clocks of Forge's machine and of the provider's",
    "nbf": "It is of the future: compare the clocks of Forge's machine and of the provider's",
    "sub": "It says not whom it is about",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What an ID token has to be."""

    issuer: str
    client_id: str
    nonce: str
    access_token: str
    algorithms: tuple[str, ...]


def signing(offered: Iterable[str]) -> tuple[str, ...]:
    """Those of the offered algorithms that are good enough."""
    return tuple(one for one in offered if one in ALGORITHMS)


def read_id_token(text: str, keys: Iterable[Any], wanted: Wanted, now: float) -> Mapping[str, Any]:
    """The claims of a token that is all that is wanted. Raise Unauthorized with what is wrong with it."""
    from authlib.oidc.core.claims import CodeIDToken  # noqa: PLC0415  slow to import
    from joserfc.errors import ClaimError, ExpiredTokenError  # noqa: PLC0415

    header, claims = _signed(text, keys, wanted.algorithms)
    one: dict[str, Any] = {"iss": wanted.issuer, "aud": wanted.client_id}
    options: Any = {name: {"essential": True, "value": value} for name, value in one.items()}
    params = {"nonce": wanted.nonce, "client_id": wanted.client_id, "access_token": wanted.access_token}
    try:
        CodeIDToken(claims, header, options, params).validate(int(now), LEEWAY)
    except ExpiredTokenError:
        raise _refused(
            "It is over already: compare the clocks of Forge's machine and of the provider's", "exp"
        ) from None
    except ClaimError as error:
        raise _refused(_WRONG.get(error.claim, f"Its {error.claim[:40]} is missing or wrong"), error.claim) from None
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _SUBJECT:
        raise _refused(_WRONG["sub"], "sub")
    return claims


def _signed(text: str, keys: Iterable[Any], algorithms: tuple[str, ...]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, if one of the keys signed them."""
    from joserfc import jws, jwt  # noqa: PLC0415
    from joserfc.errors import JoseError  # noqa: PLC0415

    unsigned = _refused("It is not signed by a key of the provider's", "signature")
    try:
        header = jws.extract_compact(text[:_LONGEST].encode()).headers()
    except (JoseError, ValueError):
        raise unsigned from None
    if header.get("alg") not in algorithms:
        raise _refused("It is not signed in a way that can be trusted", "alg")
    for key in _keys(keys, header):
        with suppress(JoseError, ValueError):
            found = jwt.decode(text, key, algorithms=list(algorithms))
            return dict(found.header), dict(found.claims)
    raise unsigned


def _keys(keys: Iterable[Any], header: Mapping[str, Any]) -> list[Any]:
    """Those that may have signed it: of its name, else all that are for signing."""
    from joserfc.errors import JoseError  # noqa: PLC0415
    from joserfc.jwk import import_key  # noqa: PLC0415

    name, found = header.get("kid"), []
    for key in keys:
        if not isinstance(key, dict) or key.get("kty") not in {"RSA", "EC", "OKP"} or key.get("use", "sig") != "sig":
            continue
        if name is None or key.get("kid") in {None, name}:
            with suppress(JoseError, ValueError, TypeError, KeyError):
                found.append(import_key(key))
    return found


def _refused(why: str, claim: str) -> Unauthorized:
    return Unauthorized(
        f"The provider's ID token is not good: {why[0].lower()}{why[1:]}. Nobody was signed in",
        code=f"oidc_token_{claim[:40]}",
    )
