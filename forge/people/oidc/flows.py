"""Sign-ins that are under way: who went to the provider, and may come back once."""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from forge.domain.oidc import Oidc
from forge.people.standing import hash_of

SECONDS = 600.0
_MOST = 1000  # at a time: the oldest goes


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """What was sent along, and where to go afterwards. `browser` is the hash of what the browser's cookie says."""

    oidc: Oidc
    redirect_uri: str
    target: str
    nonce: str
    verifier: str
    browser: bytes
    until: float


class Flows:
    """In memory: a restart of Forge lets people begin anew."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._flows: dict[str, Flow] = {}
        self._lock = threading.Lock()

    def begin(self, oidc: Oidc, redirect_uri: str, target: str) -> tuple[str, str, Flow]:
        """The state that the provider gives back, what the browser's cookie is to say, and the flow."""
        state, browser = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        now = self._clock()
        flow = Flow(
            oidc=oidc, redirect_uri=redirect_uri, target=target, nonce=secrets.token_urlsafe(32),
            verifier=secrets.token_urlsafe(48), browser=hash_of(browser), until=now + SECONDS,
        )  # fmt: skip
        with self._lock:
            self._flows = {key: one for key, one in self._flows.items() if one.until > now}
            while len(self._flows) >= _MOST:
                del self._flows[next(iter(self._flows))]
            self._flows[state] = flow
        return state, browser, flow

    def take(self, state: str, browser: str) -> Flow | None:
        """The flow of a state, once, for the browser that began it; None for anybody else."""
        with self._lock:
            flow = self._flows.get(state)
            if flow is None or not hmac.compare_digest(flow.browser, hash_of(browser)):
                return None  # who only saw the state must not end it for whoever began it
            del self._flows[state]
        return flow if flow.until > self._clock() else None
