"""What a provider has signed, read: by a key of its own, in a way that can be trusted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

# What signs with a key that Forge does not have: “none” signs nothing, and HS… would sign with what anybody can read.
ALGORITHMS = ("RS256", "ES256", "PS256", "EdDSA", "Ed25519", "RS384", "RS512", "ES384", "ES512", "PS384", "PS512")
LEEWAY = 60  # seconds that two clocks may differ
SUBJECT = 255  # characters; OpenID Connect Core, 2
_LONGEST = 64 * 1024  # characters


class TokenFault(Exception):
    """A token is not good: `why` is a clause for a person, `claim` says for programs what is wrong."""

    def __init__(self, why: str, claim: str) -> None:
        super().__init__(why)
        self.why, self.claim = why, claim


def signing(offered: Iterable[str]) -> tuple[str, ...]:
    """Those of the offered algorithms that are good enough."""
    return tuple(one for one in offered if one in ALGORITHMS)


def signed(text: str, keys: Iterable[Any], algorithms: tuple[str, ...]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims, if one of the keys signed them. Raise TokenFault."""
    from joserfc import jws, jwt  # noqa: PLC0415
    from joserfc.errors import JoseError  # noqa: PLC0415

    unsigned = TokenFault("it is not signed by a key of the provider's", "signature")
    try:
        header = jws.extract_compact(text[:_LONGEST].encode()).headers()
    except (JoseError, ValueError):
        raise unsigned from None
    if header.get("alg") not in algorithms:
        raise TokenFault("it is not signed in a way that can be trusted", "alg")
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
