"""A logout token (OpenID Connect Back-Channel Logout 1.0), read: who was signed out at the provider."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from forge.domain.errors import Invalid
from forge.people.oidc.signature import LEEWAY, SUBJECT, TokenFault, signed

EVENT = "http://schemas.openid.net/event/backchannel-logout"
_LASTS = 300.0  # seconds after it was made; what is older was kept by somebody
_JTI = 255  # characters


class BadLogout(Invalid):
    """It ends no session; the sentence is for the provider's log."""

    code = "oidc_logout"

    def __init__(self, why: str) -> None:
        super().__init__(f"The logout token is not good: {why}. Nobody was signed out", fields={"logout_token": why})


@dataclass(frozen=True, slots=True)
class Logout:
    """Somebody was signed out; `jti` names the token."""

    subject: str
    jti: str


def read_logout_token(
    text: str, keys: Iterable[Any], *, issuer: str, client_id: str, algorithms: tuple[str, ...], now: float
) -> Logout:
    """Whom a token signs out that is for Forge and for now. Raise BadLogout with what is wrong with it (2.6)."""
    try:
        _, claims = signed(text, keys, algorithms)
        _check_origin(claims, issuer, client_id)
        _check_time(claims, now)
        return _logout(claims)
    except TokenFault as fault:
        raise BadLogout(fault.why) from None


def _check_origin(claims: Mapping[str, Any], issuer: str, client_id: str) -> None:
    if claims.get("iss") != issuer:
        raise TokenFault("it is of another issuer", "iss")
    audience = claims.get("aud")
    if client_id not in (audience if isinstance(audience, list) else [audience]):
        raise TokenFault("it is for another client", "aud")


def _check_time(claims: Mapping[str, Any], now: float) -> None:
    made, ends = claims.get("iat"), claims.get("exp")
    if not _is_number(made):
        raise TokenFault("it says not when it was made", "iat")
    if not now - _LASTS - LEEWAY <= made <= now + LEEWAY:
        raise TokenFault("it is not of the last minutes: compare the clocks of both machines", "iat")
    if ends is not None and not (_is_number(ends) and now < ends + LEEWAY):  # the first providers sent none
        raise TokenFault("it is over already: compare the clocks of both machines", "exp")


def _logout(claims: Mapping[str, Any]) -> Logout:
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict):
        raise TokenFault("it tells of no logout", "events")
    if "nonce" in claims:
        raise TokenFault("it has a nonce, as ID tokens have", "nonce")
    subject, jti = claims.get("sub"), claims.get("jti")
    if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT:
        raise TokenFault("it says not whom it is about: have the provider send sub, a sid is not enough", "sub")
    if not isinstance(jti, str) or not 0 < len(jti) <= _JTI:
        raise TokenFault("it has no name of its own (jti)", "jti")
    return Logout(subject, jti)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


class Used:
    """Tokens that were used, as long as they could be used again. In memory: who replays one after a restart of Forge
    signs somebody out who was signed out before.
    """

    def __init__(self, passed: Callable[[], float] = time.monotonic) -> None:
        self._passed = passed
        self._until: dict[str, float] = {}
        self._lock = threading.Lock()

    def take(self, jti: str) -> None:
        """It is used from now on. Raise BadLogout if it was."""
        now = self._passed()
        with self._lock:
            self._until = {one: until for one, until in self._until.items() if until > now}
            if jti in self._until:
                raise BadLogout("it was used already")
            self._until[jti] = now + _LASTS + 2 * LEEWAY

    def give_back(self, jti: str) -> None:
        """It did not come to that: it may be sent again."""
        with self._lock:
            self._until.pop(jti, None)
