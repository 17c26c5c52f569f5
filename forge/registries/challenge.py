"""What a registry asks for before it answers: WWW-Authenticate read, and tokens kept until they expire."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from forge.domain.errors import RegistryError
from forge.domain.secret import Secret

DEFAULT_LIFE = 60.0  # seconds; distribution spec/auth/token: “if omitted, this defaults to 60 seconds”
_LONGEST_LIFE = 24 * 3600.0
_MANY = 1000

_SCHEME = re.compile(r"\s*,*\s*([A-Za-z][A-Za-z0-9_-]*)(?=\s+[A-Za-z]|\s*(?:,|$))")
_PARAMETER = re.compile(r'[\s,]*([A-Za-z][A-Za-z0-9_-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """One way to say who is asking. `scheme` is in lower case: basic, bearer."""

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def realm(self) -> str:
        return self.parameters.get("realm", "")

    @property
    def service(self) -> str:
        return self.parameters.get("service", "")


def parse_challenges(header: str) -> tuple[Challenge, ...]:
    """Read a WWW-Authenticate header (RFC 9110 §11.6.1), several challenges in one line too, as Gitea sends them.

    What cannot be read ends the reading; what came before it counts.
    """
    found, position = [], 0
    while scheme := _SCHEME.match(header, position):
        parameters, position = _parameters(header, scheme.end())
        found.append(Challenge(scheme=scheme[1].lower(), parameters=parameters))
    return tuple(found)


def _parameters(header: str, position: int) -> tuple[dict[str, str], int]:
    parameters: dict[str, str] = {}
    while parameter := _PARAMETER.match(header, position):
        name, quoted, plain = parameter.groups()
        value = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        parameters.setdefault(name.lower(), value)
        position = parameter.end()
    return parameters, position


def choose(header: str) -> Challenge | None:
    """The challenge to answer: Bearer with a realm before Basic; None if neither is offered."""
    challenges = parse_challenges(header)
    bearer = (c for c in challenges if c.scheme == "bearer" and c.realm)
    basic = (c for c in challenges if c.scheme == "basic")
    return next(bearer, None) or next(basic, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a token endpoint gave; `life` in seconds."""

    value: Secret
    life: float = DEFAULT_LIFE


def read_token(answer: Any) -> Token:
    """Read a token endpoint's JSON: `token` or `access_token`, `expires_in` seconds. Raise RegistryError.

    Source: distribution.github.io/distribution/spec/auth/token. GHCR gives no expiry.
    """
    value = (answer.get("token") or answer.get("access_token")) if isinstance(answer, dict) else None
    if not isinstance(value, str) or not value or not value.isascii() or not value.isprintable():
        raise RegistryError("The registry's login service gave no token: check the registry's address", code="answer")
    life = answer.get("expires_in")
    if isinstance(life, bool) or not isinstance(life, int | float) or not 0 < life <= _LONGEST_LIFE:
        life = DEFAULT_LIFE
    return Token(value=Secret(value), life=float(life))


class TokenCache:
    """Tokens by (realm, service, scope) until shortly before they expire, for many threads.

    Threads that want the same one wait for a single fetch. `clock` is monotonic, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens: dict[tuple[str, str, str], tuple[Secret, float]] = {}
        self._fetching: dict[tuple[str, str, str], threading.Lock] = {}

    def get(self, key: tuple[str, str, str], fetch: Callable[[], Token], rejected: Secret | None = None) -> Secret:
        """The token for `key`, fetched if there is none, or if the kept one is the `rejected` one."""
        with self._lock:
            flight = self._fetching.setdefault(key, threading.Lock())
        with flight:
            kept = self._kept(key)
            if kept is not None and kept != rejected:
                return kept
            asked = self._clock()
            token = fetch()
            self._keep(key, token, asked)
            return token.value

    def _kept(self, key: tuple[str, str, str]) -> Secret | None:
        with self._lock:
            value, expiry = self._tokens.get(key, (None, 0.0))
            return value if self._clock() < expiry else None

    def _keep(self, key: tuple[str, str, str], token: Token, asked: float) -> None:
        margin = min(10.0, token.life / 5)  # so that it does not expire on its way to the registry
        with self._lock:
            self._tokens[key] = (token.value, asked + token.life - margin)
            if len(self._tokens) > _MANY:
                now = self._clock()
                self._tokens = {k: kept for k, kept in self._tokens.items() if now < kept[1]}
                self._fetching = {k: flight for k, flight in self._fetching.items() if k in self._tokens}
